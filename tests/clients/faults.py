"""As Faults.java, by confluent-kafka (librdkafka): provokes the errors a broker can answer with and tells the name
and the code that the library gives each."""
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic

LIMIT_S = 45
HOUR_MS = 3_600_000
job = json.loads(sys.stdin.readline())
names = job["names"]

def own(stem):
    return f"{stem}-{names['run']}"

def produce(topic, value=b"v", key=b"k", timestamp=0, **more):
    config = {key.replace("_", "."): value for key, value in more.items()}
    producer = Producer(job["config"] | {"message.timeout.ms": 40000} | config)
    told = []
    producer.produce(topic, value, key, timestamp=timestamp, on_delivery=lambda error, _: told.append(error))
    producer.flush(LIMIT_S)
    raise KafkaException(told[0])

def transaction(identity, **more):
    config = {key.replace("_", "."): value for key, value in more.items()}
    producer = Producer(job["config"] | {"transactional.id": identity} | config)
    producer.init_transactions(LIMIT_S)
    producer.begin_transaction()
    return producer

def fenced():
    first = transaction(own("fenced"))
    first.produce(names["plain"], b"v")
    first.flush(LIMIT_S)
    transaction(own("fenced"))
    first.commit_transaction(LIMIT_S)

def consume(group, topic, other=None, offset=None, **more):
    config = {"group.id": group, "enable.auto.commit": False, "enable.partition.eof": False}
    config |= {key.replace("_", "."): value for key, value in more.items()}
    consumer = Consumer(job["config"] | config)
    if offset is None:
        consumer.subscribe([topic])
    else:
        consumer.assign([TopicPartition(topic, 0, offset)])
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        for polled in [consumer] + ([other] if other else []):
            message = polled.poll(0.1)
            if message is not None and message.error():
                raise KafkaException(message.error())

def member(group, **more):
    config = {"group.id": group, "enable.auto.commit": False} | {k.replace("_", "."): v for k, v in more.items()}
    consumer = Consumer(job["config"] | config)
    consumer.subscribe([names["plain"]])
    end = time.monotonic() + LIMIT_S
    while not consumer.assignment() and time.monotonic() < end:
        consumer.poll(0.1)
    return consumer

def inconsistent():
    group = own("inconsistent")
    first = member(group, partition_assignment_strategy="range")
    consume(group, names["plain"], first, partition_assignment_strategy="roundrobin")

def fenced_instance():
    first = member(own("instance"), group_instance_id="one")
    consume(own("instance"), names["plain"], first, group_instance_id="one")

def foreign_commit():
    first = member(own("foreign"))
    other = Consumer(job["config"] | {"group.id": own("foreign")})
    other.commit(offsets=[TopicPartition(names["plain"], 0, 0)], asynchronous=False)
    first.close()

def delete_members_group():
    first = member(own("members"))
    admin().delete_consumer_groups([own("members")])[own("members")].result(LIMIT_S)
    first.close()

ADMIN = AdminClient(job["config"])


def admin():
    return ADMIN

def create(name, **more):
    admin().create_topics([NewTopic(name, **({"num_partitions": 1, "replication_factor": 1} | more))])[name].result(LIMIT_S)

def grow(name, to):
    admin().create_partitions([NewPartitions(name, to)])[name].result(LIMIT_S)

def configs(name):
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    admin().describe_configs([resource])[resource].result(LIMIT_S)

def alter(name, key, value):
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[entry])
    admin().incremental_alter_configs([resource])[resource].result(LIMIT_S)

LARGE = b"x" * 5_000
CASES = {
    "produce: too large": lambda: produce(names["small"], LARGE),
    "produce: too large, acks=1": lambda: produce(names["small"], LARGE, acks=1),
    "produce: acks nobody knows": lambda: produce(names["plain"], acks=5),
    "produce: not allowed": lambda: produce(names["denied"]),
    "produce: no key in a compacted topic": lambda: produce(names["compacted"], key=None),
    "produce: from the future": lambda: produce(names["punctual"], timestamp=int(time.time() * 1000) + HOUR_MS),
    "produce: from the past": lambda: produce(names["punctual"], timestamp=int(time.time() * 1000) - HOUR_MS),
    "produce: no such topic": lambda: produce(own("missing"), topic_metadata_propagation_max_ms=1000),
    "produce: a name no topic can have": lambda: produce("a b"),
    "transaction: id not allowed": lambda: transaction(names["denied"]),
    "transaction: longer than brokers allow": lambda: transaction(own("long"), transaction_timeout_ms=3_600_000),
    "transaction: fenced": fenced,
    "consume: offset out of range": lambda: consume(own("range"), names["plain"], offset=1_000_000, auto_offset_reset="error"),
    "consume: topic not allowed": lambda: consume(own("denied-topic"), names["denied"]),
    "group: not allowed": lambda: consume(names["denied"], names["plain"]),
    "group: session too short": lambda: consume(own("short"), names["plain"], session_timeout_ms=1000),
    "group: no protocol in common": inconsistent,
    "group: instance fenced": fenced_instance,
    "group: commit without being in it": foreign_commit,
    "topic: exists": lambda: create(names["plain"]),
    "topic: more replicas than brokers": lambda: create(own("b"), replication_factor=9),
    "topic: a name it cannot have": lambda: create("a b"),
    "topic: a setting it cannot have": lambda: create(own("c"), config={"retention.ms": "soon"}),
    "topic: against the broker's policy": lambda: create("against-" + own("policy")),
    "topic: fewer partitions": lambda: grow(names["wide"], 1),
    "topic: partitions of a missing one": lambda: grow(own("missing"), 3),
    "topic: delete a missing one": lambda: admin().delete_topics([own("missing")])[own("missing")].result(LIMIT_S),
    "config: describe of a missing topic": lambda: configs(own("missing")),
    "config: a value it cannot have": lambda: alter(names["plain"], "retention.ms", "soon"),
    "groups: delete a missing one": lambda: admin().delete_consumer_groups([own("nobody")])[own("nobody")].result(LIMIT_S),
    "groups: delete one with members": delete_members_group,
}

def tell(name):
    started = time.monotonic()
    try:
        CASES[name]()
        told = {"class": "none"}
    except KafkaException as error:
        first = error.args[0]
        told = {"class": first.name(), "code": first.code(), "message": first.str()}
    except TimeoutError:
        told = {"class": "none"}
    return {"case": name, "ms": int(1000 * (time.monotonic() - started))} | told

def wanted():
    administers = ("topic:", "config:", "groups:")
    for name in CASES:
        if (job["part"] == "admin") == name.startswith(administers):
            yield name

with ThreadPoolExecutor(8) as pool:
    for told in pool.map(tell, wanted()):
        print(json.dumps(told), flush=True)
sys.stdout.flush()

os._exit(0)  # consumers that were fenced leave threads behind
