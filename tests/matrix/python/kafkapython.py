"""kafka-python."""
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.structs import OffsetAndMetadata

import contract

LARGE = 16 << 20


def settings(job):
    config = {"bootstrap_servers": job["bootstrap"], "request_timeout_ms": 20000}
    if job["login"]:
        config |= {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "token",
            "sasl_plain_password": job["login"]["token"],
        }
    return config


def produce(job, step):
    transaction = step["transaction"]
    config = settings(job) | {
        "acks": "all" if step["acks"] == -1 else step["acks"],
        "compression_type": None if step["codec"] == "none" else step["codec"],
        "enable_idempotence": step["idempotent"],
        "max_request_size": LARGE,
        "max_block_ms": 20000,
        "linger_ms": 20,
    }
    if transaction:
        config["transactional_id"] = transaction["id"]
    producer = KafkaProducer(**config)
    try:
        if transaction:
            producer.init_transactions()
            producer.begin_transaction()
        sent = [
            producer.send(
                step["topic"],
                key=contract.raw(record["key"]),
                value=contract.raw(record["value"]),
                headers=contract.headers_of(record),
            )
            for record in step["records"]
        ]
        producer.flush(25)
        for future in sent:
            future.get(25)
        if transaction and transaction["commit"]:
            producer.commit_transaction()
        elif transaction:
            producer.abort_transaction()
    finally:
        producer.close(timeout=5)


def consumer(job, step):
    return KafkaConsumer(
        **settings(job),
        group_id=step["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        check_crcs=True,
        session_timeout_ms=10000,
        heartbeat_interval_ms=300,
        max_poll_records=1,
    )


def consume(job, step):
    records, read, end = [], {}, contract.deadline(step)
    member = consumer(job, step)
    try:
        member.subscribe(step["topics"])
        while len(records) < step["count"] and time.monotonic() < end:
            for partition, messages in member.poll(timeout_ms=200).items():
                for message in messages:
                    records.append(contract.shown(message.topic, message.key, message.value, message.headers))
                    read[partition] = OffsetAndMetadata(message.offset + 1)
        if read:
            member.commit(read)
    finally:
        member.close(autocommit=False)
    return {"records": records}


def rebalance(job, step):
    end, every, history = contract.deadline(step), step["partitions"], []

    def until(*members_and_sizes):
        while time.monotonic() < end:
            for member, _ in members_and_sizes:
                member.poll(timeout_ms=300)
            if all(len(member.assignment()) == size for member, size in members_and_sizes):
                break
        history.append([sorted(p.partition for p in member.assignment()) for member, _ in members_and_sizes])

    first, second = consumer(job, step), consumer(job, step)
    try:
        first.subscribe([step["topic"]])
        until((first, every))
        second.subscribe([step["topic"]])
        until((first, every // 2), (second, every // 2))
        second.close(autocommit=False)
        until((first, every))
    finally:
        first.close(autocommit=False)
    return {"history": history}


def create(job, step):
    client = KafkaAdminClient(**settings(job))
    topic = NewTopic(step["topic"], step["partitions"], 1, topic_configs={"retention.ms": step["retention"]})
    client.create_topics([topic])
    client.close()


def describe(job, step):
    client, topic = KafkaAdminClient(**settings(job)), step["topic"]
    described = client.describe_topics([topic])
    configs = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    client.close()
    retention = configs["topic"][topic]["retention.ms"]["value"]
    return {"partitions": len(described[0]["partitions"]), "retention": retention}


def delete(job, step):
    client = KafkaAdminClient(**settings(job))
    client.delete_topics([step["topic"]])
    client.close()


contract.carry_out(contract.first_line(), {
    "produce": produce,
    "consume": consume,
    "rebalance": rebalance,
    "create": create,
    "describe": describe,
    "delete": delete,
})
