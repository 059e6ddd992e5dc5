"""Confluent's own serialisers, told on standard input what to do: one JSON object; answers with one JSON
line. `write` registers the schema and makes bytes of a value, `read` makes a value of bytes; both in hex."""
import json
import sys
import warnings

warnings.simplefilter("ignore")

import httpx
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

AVRO = json.dumps({
    "type": "record",
    "name": "Customer",
    "fields": [
        {"name": "name", "type": "string"},
        {"name": "ssn", "type": "long"},
        {"name": "cards", "type": {"type": "array", "items": "string"}},
    ],
})
PROTO = """syntax = "proto3";
message Customer { string name = 1; int64 ssn = 2; repeated string cards = 3; }
"""


def message_class():
    file = descriptor_pb2.FileDescriptorProto(name="customer.proto", syntax="proto3")
    message = file.message_type.add(name="Customer")
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, number, kind, label in (
        ("name", 1, kinds.TYPE_STRING, kinds.LABEL_OPTIONAL),
        ("ssn", 2, kinds.TYPE_INT64, kinds.LABEL_OPTIONAL),
        ("cards", 3, kinds.TYPE_STRING, kinds.LABEL_REPEATED),
    ):
        message.field.add(name=name, number=number, type=kind, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Customer"))


def register(job, subject):
    kind, text = ("AVRO", AVRO) if job["format"] == "avro" else ("PROTOBUF", PROTO)
    answer = httpx.post(
        f"{job['registry']}/subjects/{subject}/versions",
        json={"schema": text, "schemaType": kind},
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
    )
    answer.raise_for_status()


def main():
    job = json.load(sys.stdin)
    client = SchemaRegistryClient({"url": job["registry"]})
    context = SerializationContext(job["topic"], MessageField.VALUE)
    latest = {"auto.register.schemas": False, "use.latest.version": True}
    if job["do"] == "write":
        register(job, job["topic"] + "-value")
        if job["format"] == "avro":
            made = AvroSerializer(client, AVRO, conf=latest)(job["value"], context)
        else:
            # Confluent's serialiser for Python reads no schema as text: the framing is made here.
            message = json_format.ParseDict(job["value"], message_class()())
            number = client.get_latest_version(job["topic"] + "-value").schema_id
            made = b"\0" + number.to_bytes(4, "big") + b"\0" + message.SerializeToString()
        print(json.dumps({"bytes": made.hex()}))
        return
    data = bytes.fromhex(job["bytes"])
    if job["format"] == "avro":
        value = AvroDeserializer(client)(data, context)
    else:
        read = ProtobufDeserializer(message_class(), {"use.deprecated.format": False})
        value = json_format.MessageToDict(read(data, context))
        value["ssn"] = int(value["ssn"])
    print(json.dumps({"value": value}))


main()
