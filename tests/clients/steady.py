"""confluent-kafka (librdkafka) as Steady.java: an idempotent producer that sends numbered values to every
partition of a topic until its standard input ends, and then tells which were acknowledged, in order."""
import json
import sys
import threading

from confluent_kafka import Producer

job = json.loads(sys.stdin.readline())
acked = {str(p): [] for p in range(job["partitions"])}
errors = []
producer = Producer(job["config"] | {"acks": "all", "enable.idempotence": True, "linger.ms": 5, "retry.backoff.ms": 50})


def delivered(error, message):
    if error:
        errors.append(f"{error.name()} {error.str()}")
    else:
        acked[str(message.partition())].append(message.value().decode())


end = threading.Thread(target=sys.stdin.read)
end.start()
number = 0
while end.is_alive():
    for partition in range(job["partitions"]):
        producer.produce(job["topic"], f"{partition}-{number}".encode(), partition=partition, on_delivery=delivered)
    if number == 0:
        producer.flush()
        print("begun", flush=True)
    producer.poll(0.005)
    number += 1
left = producer.flush(60)
if left:
    errors.append(f"{left} records were never answered")
print(json.dumps({"acked": acked, "errors": errors}))
