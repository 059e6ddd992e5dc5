//! What a reviewer is shown is enough to judge by, and never a value.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::requests::produce_one;
use lockgate_tests::scene::{CLEAN, Scene};
use serde_json::Value;

/// A card in a JSON value, one in a header, and names that stay.
fn records() -> Vec<Record> {
    let value = r#"{"order": 7, "customer": {"name": "Ann", "cards": [{"credit card": "4111 1111 1111 1111"}]}}"#;
    let flagged = Record {
        headers: vec![("card".into(), Some("5500 0055 5555 5559".into()))],
        ..Record::of(value)
    };
    vec![Record::of(CLEAN), flagged, Record::of(CLEAN)]
}

fn summary(scene: &Scene, batch: Batch) -> anyhow::Result<Value> {
    let topic = scene.broker.topic("hold", 1)?;
    produce_one(&mut scene.wire()?, &topic, 0, batch.encode()?)?;
    let hold = scene.reviewer()?.await_pending(&topic)?;
    Ok(hold.all["summary"].clone())
}

#[test]
fn the_shape_the_place_the_rule_and_the_words() -> Outcome {
    let scene = Scene::start()?;
    let summary = summary(&scene, Batch::of(records()))?;
    ensure!(summary["which"] == serde_json::json!([1]), "{summary}");
    let shapes = summary["shapes"].to_string();
    for part in [
        r#"\"order\": number"#,
        r#"\"name\": string(3)"#,
        r#"\"credit card\": <payment_card>"#,
    ] {
        ensure!(shapes.contains(part), "{part} in {shapes}");
    }
    let findings = summary["findings"].as_array().context("no findings")?;
    let of = |place: &str| findings.iter().find(|finding| finding["where"] == place);
    let value = of("value").with_context(|| format!("nothing in the value: {summary}"))?;
    ensure!(
        value["record"] == 1 && value["detector"] == "payment_card",
        "{value}"
    );
    ensure!(
        value["path"] == r#"customer.cards[0]["credit card"]"#,
        "{value}"
    );
    ensure!(
        value["likelihood"] == "certain" && value["form"] == "plain",
        "{value}"
    );
    ensure!(
        value["rule"] == "issuer prefix, length and Luhn check digit",
        "{value}"
    );
    let words = value["words"].as_array().context("no words")?;
    ensure!(words.iter().any(|word| word == "credit card"), "{value}");
    of("header").with_context(|| format!("nothing in the header: {summary}"))?;
    scene.end()
}

#[test]
fn no_value_whatever_the_codec() -> Outcome {
    let scene = Scene::start()?;
    for codec in CODECS {
        let shown = summary(&scene, Batch::of(records()).codec(codec))?.to_string();
        ensure!(shown.contains("payment_card"), "{codec:?}: {shown}");
        for raw in ["4111", "1111", "5500", "5555", "5559"] {
            ensure!(!shown.contains(raw), "{codec:?}: {raw} is shown: {shown}");
        }
    }
    scene.end()
}
