"""aiokafka."""
import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

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


async def produce(job, step):
    transaction = step["transaction"]
    config = settings(job) | {
        "acks": "all" if step["acks"] == -1 else step["acks"],
        "compression_type": None if step["codec"] == "none" else step["codec"],
        "enable_idempotence": step["idempotent"],
        "max_request_size": LARGE,
        "linger_ms": 20,
    }
    if transaction:
        config["transactional_id"] = transaction["id"]
    producer = AIOKafkaProducer(**config)
    await producer.start()
    try:
        if transaction:
            await producer.begin_transaction()
        sent = [
            await producer.send(
                step["topic"],
                key=contract.raw(record["key"]),
                value=contract.raw(record["value"]),
                headers=contract.headers_of(record),
            )
            for record in step["records"]
        ]
        await asyncio.wait_for(asyncio.gather(*sent), 25)
        if transaction and transaction["commit"]:
            await producer.commit_transaction()
        elif transaction:
            await producer.abort_transaction()
    finally:
        await producer.stop()


def consumer(job, step):
    return AIOKafkaConsumer(
        **settings(job),
        group_id=step["group"],
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        check_crcs=True,
        session_timeout_ms=10000,
        heartbeat_interval_ms=300,
        metadata_max_age_ms=5000,
    )


async def consume(job, step):
    records, read, end = [], {}, contract.deadline(step)
    member = consumer(job, step)
    member.subscribe(step["topics"])
    await member.start()
    try:
        while len(records) < step["count"] and time.monotonic() < end:
            for partition, messages in (await member.getmany(timeout_ms=200, max_records=1)).items():
                for message in messages:
                    records.append(contract.shown(message.topic, message.key, message.value, message.headers))
                    read[partition] = message.offset + 1
        if read:
            await member.commit(read)
    finally:
        await member.stop()
    return {"records": records}


async def rebalance(job, step):
    end, every, history = contract.deadline(step), step["partitions"], []

    async def until(*members_and_sizes):
        while time.monotonic() < end:
            for member, _ in members_and_sizes:
                await member.getmany(timeout_ms=50)
            if all(len(member.assignment()) == size for member, size in members_and_sizes):
                break
        history.append([sorted(p.partition for p in member.assignment()) for member, _ in members_and_sizes])

    first, second = consumer(job, step), consumer(job, step)
    first.subscribe([step["topic"]])
    second.subscribe([step["topic"]])
    await first.start()
    try:
        await until((first, every))
        await second.start()
        try:
            await until((first, every // 2), (second, every // 2))
        finally:
            await second.stop()
        await until((first, every))
    finally:
        await first.stop()
    return {"history": history}


async def with_admin(job, act):
    client = AIOKafkaAdminClient(**settings(job))
    await client.start()
    try:
        return await act(client)
    finally:
        await client.close()


def must(response):
    for told in response.topic_errors if hasattr(response, "topic_errors") else response.topic_error_codes:
        if told[1]:
            raise RuntimeError(f"{told}")


def create(job, step):
    topic = NewTopic(step["topic"], step["partitions"], 1, topic_configs={"retention.ms": step["retention"]})

    async def act(client):
        must(await client.create_topics([topic]))

    return with_admin(job, act)


def describe(job, step):
    async def act(client):
        topics = await client.describe_topics([step["topic"]])
        resource = ConfigResource(ConfigResourceType.TOPIC, step["topic"])
        told = await client.describe_configs([resource])
        return {"partitions": len(topics[0]["partitions"]), "retention": retention(told)}

    return with_admin(job, act)


def retention(told):
    for response in told:
        for resource in response.resources:
            for entry in resource[4]:
                if entry[0] == "retention.ms":
                    return entry[1]
    return ""


def delete(job, step):
    async def act(client):
        must(await client.delete_topics([step["topic"]]))

    return with_admin(job, act)


contract.carry_out(contract.first_line(), {
    "produce": produce,
    "consume": consume,
    "rebalance": rebalance,
    "create": create,
    "describe": describe,
    "delete": delete,
})
