"""confluent-kafka (librdkafka), told on standard input what to do: one JSON object; answers with
one JSON line. The words are those of kafkajs.mjs; any codec, and `config` adds settings."""
import json
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer


def settings(job):
    config = {
        "bootstrap.servers": job["bootstrap"],
        "client.id": "lockgate-test-confluent",
        "socket.timeout.ms": 20000,
        "security.protocol": job.get("protocol") or "PLAINTEXT",
    }
    if job.get("authority"):
        config["ssl.ca.location"] = job["authority"]
    login = job.get("login")
    if login:
        config["sasl.mechanisms"] = login["mechanism"]
        if login["mechanism"] == "OAUTHBEARER":
            config["oauth_cb"] = lambda _: (login["token"], time.time() + 3600)
        else:
            config["sasl.username"] = login.get("username", "token")
            config["sasl.password"] = login["token"]
    config.update(job.get("config") or {})
    return config


def produce(job):
    errors, delivered = [], 0

    def report(error, _message):
        nonlocal delivered
        if error:
            errors.append(f"{error.name()} {error.str()}")
        else:
            delivered += 1

    config = settings(job) | {
        "error_cb": lambda error: errors.append(f"{error.name()} {error.str()}"),
        "acks": job["acks"],
        "compression.type": job["codec"],
        "enable.idempotence": job["idempotent"],
        "message.timeout.ms": job["seconds"] * 1000,
        "linger.ms": 50,
    }
    producer = Producer(config)
    for line in job["lines"]:
        producer.produce(job["topic"], value=line.encode(), on_delivery=report)
    left = producer.flush(job["seconds"])
    if left:
        errors.append(f"{left} records were never answered")
    return {"delivered": delivered, "errors": errors}


def consume(job):
    errors, values = [], []
    config = settings(job) | {
        "error_cb": lambda error: errors.append(f"{error.name()} {error.str()}"),
        "group.id": job["group"],
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "check.crcs": True,
        "session.timeout.ms": 10000,
    }
    consumer = Consumer(config)
    consumer.subscribe(job["topics"])
    end = time.monotonic() + job["seconds"]
    while len(values) < job["count"] and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            errors.append(f"{message.error().name()} {message.error().str()}")
        else:
            values.append((message.value() or b"").decode())
            consumer.commit(message=message, asynchronous=False)
    consumer.close()
    return {"values": values, "errors": errors}


def main():
    job = json.load(sys.stdin)
    try:
        answer = produce(job) if job["do"] == "produce" else consume(job)
    except KafkaException as error:
        answer = {"delivered": 0, "values": [], "errors": [str(error)]}
    print(json.dumps(answer))


main()
