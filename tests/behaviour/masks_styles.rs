//! Each style of mask, through real Kafka: what is stored, and what stock clients read.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::clients::{Client, Consume};
use lockgate_tests::requests::{code, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use serde_json::{Value, json};

/// A number in text, as a string and as a JSON number.
const RECORD: &str = r#"{"name": "Ann", "ssn": "536-22-8145", "taxes": {"ssn": 536228145, "sum": -1.5}, "note": "536-22-8145?"}"#;

/// One rule a style: topics named `token…`, `remove…` and so on get what their name says.
const RULES: &str = r#"
  tokens:
    when: {operations: [produce], topics: ["token*"]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: token}
  removed:
    when: {operations: [produce], topics: ["remove*"]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: remove}
  replaced:
    when: {operations: [produce], topics: ["replace*"]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: {replace: "withheld by the policy of team-privacy, see SEC-12"}, json_number: string}
  encrypted:
    when: {operations: [produce], topics: ["encrypt*"]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: format_preserving}
  tokens-for-analysts:
    when: {operations: [fetch], topics: ["plain*"], groups: [analysts]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: token}
"#;

const REPLACED: &str = "withheld by the policy of team-privacy, see SEC-12";

fn scene() -> anyhow::Result<Scene> {
    Scene::with(|settings| settings.rules(RULES).masking())
}

/// What the broker has stored of one record produced between two clean ones, for every codec.
fn stored(scene: &Scene, name: &str) -> anyhow::Result<Vec<Value>> {
    let topic = scene.broker.topic(name, 1)?;
    let mut wire = scene.wire()?;
    let mut all = Vec::new();
    for codec in CODECS {
        let records = [CLEAN, RECORD, CLEAN].map(Record::of);
        let sent = Batch::of(records.to_vec()).codec(codec);
        let landed = produce_one(&mut wire, &topic, 0, sent.encode()?)?;
        ensure!(landed.code == code::NONE, "{codec:?}: {landed:?}");
        let batches = scene.broker.batches(&topic, 0)?;
        let stored = batches.last().context("nothing stored")?.decode()?;
        ensure!(stored.codec == codec, "{codec:?} became {:?}", stored.codec);
        ensure!(
            stored.records.len() == 3,
            "{} records",
            stored.records.len()
        );
        for clean in [0, 2] {
            ensure!(
                stored.records[clean] == records[clean],
                "a clean record was changed"
            );
        }
        let text = stored.records[1].text();
        all.push(serde_json::from_str(&text).with_context(|| format!("{codec:?}: {text}"))?);
    }
    Ok(all)
}

#[test]
fn a_removed_member_leaves_json_for_every_codec() -> Outcome {
    let scene = scene()?;
    for value in stored(&scene, "remove")? {
        ensure!(
            value == json!({"name": "Ann", "taxes": {"sum": -1.5}}),
            "{value}"
        );
    }
    scene.end()
}

#[test]
fn a_replaced_value_is_a_string_even_where_it_was_a_number() -> Outcome {
    let scene = scene()?;
    let expected = json!({
        "name": "Ann", "ssn": REPLACED, "taxes": {"ssn": REPLACED, "sum": -1.5},
        "note": format!("{REPLACED}?"),
    });
    for value in stored(&scene, "replace")? {
        ensure!(value == expected, "{value}");
    }
    scene.end()
}

#[test]
fn an_encrypted_value_has_the_form_it_had() -> Outcome {
    let scene = scene()?;
    let values = stored(&scene, "encrypt")?;
    for value in &values {
        ensure!(value == &values[0], "{value} is not {}", values[0]);
    }
    let text = values[0]["ssn"].as_str().context("no string")?;
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    ensure!(shape == "000-00-0000" && text != "536-22-8145", "{text}");
    ensure!(values[0]["note"] == format!("{text}?"), "{}", values[0]);
    let number = values[0]["taxes"]["ssn"].as_u64().context("no number")?;
    ensure!((100_000_000..1_000_000_000).contains(&number), "{number}");
    scene.end()
}

#[test]
fn a_token_is_the_same_on_every_gateway_with_the_key() -> Outcome {
    let (one, other) = (scene()?, scene()?);
    let (here, there) = (stored(&one, "token")?, stored(&other, "token")?);
    ensure!(here == there, "{here:?} is not {there:?}");
    let token = here[0]["ssn"].as_str().context("no string")?;
    ensure!(token.len() == 24 && token.starts_with("XT"), "{token}");
    ensure!(here[0]["note"] == format!("{token}?"), "{}", here[0]);
    let number = here[0]["taxes"]["ssn"].as_u64().context("no number")?;
    ensure!((900_000_000..1_000_000_000).contains(&number), "{number}");
    one.end()?;
    other.end()
}

#[test]
fn stock_clients_read_batches_that_grew_on_their_way_out() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut direct = lockgate_tests::wire::Wire::connect(&scene.broker.plain())?;
    for codec in CODECS {
        let sent = Batch::of(vec![Record::of(RECORD); 20]).codec(codec);
        produce_one(&mut direct, &topic, 0, sent.encode()?)?;
    }
    let analyst = scene.target("ana", &["analysts"])?;
    let count = 20 * CODECS.len();
    for client in [Client::Console, Client::Confluent, Client::Kcat] {
        let (values, errors) = client.consume(&analyst, &Consume::new(&topic, count))?;
        ensure!(
            values.len() == count,
            "{client:?} read {}: {errors}",
            values.len()
        );
        for text in values {
            let value: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
            let token = value["ssn"].as_str().context("no string")?;
            ensure!(
                token.len() == 24 && !text.contains("536"),
                "{client:?}: {text}"
            );
        }
    }
    scene.end()
}

/// The topic's own bound holds for what is written, not for what was sent.
#[test]
fn what_is_too_large_once_it_is_masked_is_refused_by_the_broker() -> Outcome {
    let scene = scene()?;
    let topic = scene.broker.topic("replace", 1)?;
    let records = vec![Record::of(RECORD); 8_000]; // 900 KB, and 1.7 MB with the text instead
    let sent = Batch::of(records).encode()?;
    ensure!(sent.len() < 1_000_000, "{} bytes", sent.len());
    let landed = produce_one(&mut scene.wire()?, &topic, 0, sent)?;
    ensure!(landed.code == code::MESSAGE_TOO_LARGE, "{landed:?}");
    ensure!(
        scene.broker.batches(&topic, 0)?.is_empty(),
        "something was stored"
    );
    scene.end()
}
