"""confluent-kafka (librdkafka)."""
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

import contract

LARGE = 16 << 20


def settings(job):
    config = {"bootstrap.servers": job["bootstrap"], "message.max.bytes": LARGE}
    if job["login"]:
        config |= {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "PLAIN",
            "sasl.username": "token",
            "sasl.password": job["login"]["token"],
        }
    return config


def produce(job, step):
    failed = []

    def report(error, _message):
        if error:
            failed.append(KafkaException(error))

    config = settings(job) | {
        "acks": step["acks"],
        "compression.type": step["codec"],
        "enable.idempotence": step["idempotent"],
        "message.timeout.ms": 20000,
        "linger.ms": 20,
    }
    transaction = step["transaction"]
    if transaction:
        config["transactional.id"] = transaction["id"]
        config["transaction.timeout.ms"] = 30000
    producer = Producer(config)
    if transaction:
        producer.init_transactions(20)
        producer.begin_transaction()
    for record in step["records"]:
        producer.produce(
            step["topic"],
            key=contract.raw(record["key"]),
            value=contract.raw(record["value"]),
            headers=contract.headers_of(record),
            on_delivery=report,
        )
    left = producer.flush(25)
    if failed:
        raise failed[0]
    if left:
        raise TimeoutError(f"{left} records were never answered")
    if transaction and transaction["commit"]:
        producer.commit_transaction(20)
    elif transaction:
        producer.abort_transaction(20)


def consumer(job, step):
    config = settings(job) | {
        "group.id": step["group"],
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "check.crcs": True,
        "session.timeout.ms": 10000,
        "heartbeat.interval.ms": 300,
    }
    config.pop("message.max.bytes")
    return Consumer(config | {"fetch.message.max.bytes": LARGE, "receive.message.max.bytes": 4 * LARGE})


def consume(job, step):
    records, read, end = [], {}, contract.deadline(step)
    member = consumer(job, step)
    try:
        member.subscribe(step["topics"])
        while len(records) < step["count"] and time.monotonic() < end:
            message = member.poll(0.2)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            records.append(contract.shown(message.topic(), message.key(), message.value(), message.headers()))
            read[(message.topic(), message.partition())] = message.offset() + 1
        if read:
            offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in read.items()]
            member.commit(offsets=offsets, asynchronous=False)
    finally:
        member.close()
    return {"records": records}


def rebalance(job, step):
    end, every, history = contract.deadline(step), step["partitions"], []

    def until(*members_and_sizes):
        while time.monotonic() < end:
            for member, _ in members_and_sizes:
                member.poll(0.05)
            if all(len(member.assignment()) == size for member, size in members_and_sizes):
                break
        history.append([sorted(p.partition for p in member.assignment()) for member, _ in members_and_sizes])

    first, second = consumer(job, step), consumer(job, step)
    try:
        first.subscribe([step["topic"]])
        until((first, every))
        second.subscribe([step["topic"]])
        until((first, every // 2), (second, every // 2))
        second.close()
        until((first, every))
    finally:
        first.close()
    return {"history": history}


def admin(job):
    config = settings(job)
    config.pop("message.max.bytes")
    return AdminClient(config)


def create(job, step):
    topic = NewTopic(step["topic"], step["partitions"], config={"retention.ms": step["retention"]})
    client = admin(job)  # its futures live as long as it does
    client.create_topics([topic], request_timeout=20)[step["topic"]].result()


def describe(job, step):
    client, topic = admin(job), step["topic"]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    configs = client.describe_configs([resource], request_timeout=20)[resource].result()
    partitions = client.list_topics(topic, timeout=20).topics[topic].partitions
    return {"partitions": len(partitions), "retention": configs["retention.ms"].value}


def delete(job, step):
    client = admin(job)
    client.delete_topics([step["topic"]], request_timeout=20)[step["topic"]].result()


contract.carry_out(contract.first_line(), {
    "produce": produce,
    "consume": consume,
    "rebalance": rebalance,
    "create": create,
    "describe": describe,
    "delete": delete,
})
