//! Avro and Protobuf, written and read by Confluent's own serialisers, with a real registry beside.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::apicurio::Apicurio;
use lockgate_tests::batch::{Batch, Record};
use lockgate_tests::requests::{code, fetch_all, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::wire::Wire;
use serde_json::{Value, json};

/// Somebody whose number is a number, not text.
fn customer() -> Value {
    json!({"name": "Ann", "ssn": 536228145, "cards": ["none", "two boxes of apples"]})
}

fn record(value: Vec<u8>) -> Record {
    Record {
        value: Some(value.into()),
        ..Record::default()
    }
}

/// Everything in a topic, as somebody gets it.
fn read(wire: &mut Wire, topic: &str) -> anyhow::Result<Vec<Record>> {
    let batches = fetch_all(wire, topic, 0)?;
    let batches = batches.map_err(|code| anyhow::anyhow!("refused with {code}"))?;
    let mut records = Vec::new();
    for batch in batches {
        records.extend(batch.decode()?.records);
    }
    Ok(records)
}

/// The gateway, with this registry.
fn scene(words: &str) -> anyhow::Result<Scene> {
    Scene::with(|settings| settings.registry(words))
}

fn by_format(format: &str) -> Outcome {
    let registry = Apicurio::shared()?;
    let scene = scene(&format!("url: \"{}\"", registry.url()))?;
    let topic = scene.broker.topic("mask", 1)?;
    let sent = registry.write(format, &topic, &customer())?;
    let batch = Batch::of(vec![record(sent.clone()), Record::of(CLEAN)]);
    let landed = produce_one(&mut scene.wire()?, &topic, 0, batch.encode()?)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    let mut direct = Wire::connect(&scene.broker.plain())?;
    let stored = read(&mut direct, &topic)?;
    ensure!(stored.len() == 2 && stored[1].text() == CLEAN, "{stored:?}");
    let value = stored[0].value.clone().context("no value")?;
    ensure!(value != sent, "nothing was masked");
    let told = registry.read(format, &topic, &value)?;
    let mut wanted = customer();
    wanted["ssn"] = json!(900_008_145);
    ensure!(told == wanted, "the deserialiser reads {told}");
    scene.end()
}

#[test]
fn a_number_of_avro_is_masked_and_the_deserialiser_reads_a_number() -> Outcome {
    by_format("avro")
}

#[test]
fn a_number_of_protobuf_is_masked_and_the_deserialiser_reads_a_number() -> Outcome {
    by_format("protobuf")
}

#[test]
fn on_the_way_to_a_consumer_too() -> Outcome {
    let registry = Apicurio::shared()?;
    let scene = scene(&format!("url: \"{}\"", registry.url()))?;
    let topic = scene.broker.topic("plain", 1)?;
    let sent = registry.write("avro", &topic, &customer())?;
    let mut direct = Wire::connect(&scene.broker.plain())?;
    let batch = Batch::of(vec![record(sent)]).encode()?;
    produce_one(&mut direct, &topic, 0, batch)?;
    let analyst = scene.target("svc-analytics", &["analysts"])?;
    let got = read(&mut scene.wire_as(&analyst)?, &topic)?;
    let value = got
        .first()
        .and_then(|record| record.value.clone())
        .context("no value")?;
    let told = registry.read("avro", &topic, &value)?;
    ensure!(told["ssn"] == json!(900_008_145), "{told}");
    scene.end()
}

/// Framed by an id that no registry has.
fn unknown() -> Vec<u8> {
    [
        b"\0\x7f\xff\xff\x07".as_slice(),
        b"\x06Ann\xe2\xfb\xf2\xff\x03\0",
    ]
    .concat()
}

#[test]
fn a_schema_that_the_registry_does_not_have_is_read_by_its_look() -> Outcome {
    let registry = Apicurio::shared()?;
    lands_by_its_look(&format!("url: \"{}\"", registry.url()))
}

/// A record of an unknown schema lands, with this registry.
fn lands_by_its_look(registry: &str) -> Outcome {
    let scene = scene(registry)?;
    let topic = scene.broker.topic("mask", 1)?;
    let batch = Batch::of(vec![record(unknown())]).encode()?;
    let landed = produce_one(&mut scene.wire()?, &topic, 0, batch)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    scene.end()
}

#[test]
fn while_the_registry_is_down_senders_are_told_to_try_again() -> Outcome {
    let scene = scene("url: \"http://127.0.0.1:1\", timeout: 500ms")?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    let batch = Batch::of(vec![record(unknown())]).encode()?;
    let landed = produce_one(&mut wire, &topic, 0, batch)?;
    ensure!(landed.code == code::NOT_LEADER_OR_FOLLOWER, "{landed:?}");
    let json = Batch::of(vec![Record::of(CLEAN)]).encode()?;
    let landed = produce_one(&mut wire, &topic, 0, json)?;
    ensure!(
        landed.code == code::NONE,
        "what needs no schema goes on: {landed:?}"
    );
    scene.end()
}

#[test]
fn while_the_registry_is_down_records_may_be_read_by_their_look() -> Outcome {
    lands_by_its_look("url: \"http://127.0.0.1:1\", unavailable: scan_by_shape")
}

#[test]
fn a_value_that_claims_to_be_gzip_and_is_not_is_a_violation_of_policy() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut damaged = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    damaged.extend([0xff; 60]);
    let batch = Batch::of(vec![record(damaged)]).encode()?;
    let landed = produce_one(&mut scene.wire()?, &topic, 0, batch)?;
    ensure!(landed.code == code::POLICY_VIOLATION, "{landed:?}");
    scene.end()
}
