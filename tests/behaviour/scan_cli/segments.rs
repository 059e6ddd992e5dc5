//! Kafka's own log segments: read record by record, whatever their codec, and whatever their end.

use super::ended;
use crate::Outcome;
use anyhow::ensure;
use bytes::Bytes;
use lockgate_tests::batch::{Batch, CODECS, Codec, Record};
use lockgate_tests::broker::Broker;
use lockgate_tests::by_id::{self, Id};
use lockgate_tests::gateway::lockgate;
use lockgate_tests::requests::{self, Send, code, produce_one, producer_id};
use lockgate_tests::scanning::{Place, files, findings, places, scan};
use lockgate_tests::wire::Wire;
use lockgate_tests::{names, wait};
use std::path::Path;
use std::time::Duration;

/// A record with a number in its key, its value and two of its headers, and one without.
fn records() -> Vec<Record> {
    let text = |text: &'static str| Bytes::from_static(text.as_bytes());
    let full = Record {
        key: Some(text("ssn 536-90-4399")),
        value: Some(text("{\"card\": \"4111 1111 1111 1111\"}")),
        headers: vec![
            (text("trace"), Some(text("no ssn"))),
            (text("ssn"), Some(text("of 536-90-4398"))),
            (text("card 5500005555555559"), None),
        ],
    };
    vec![Record::of("nothing"), full]
}

/// The finds in [`records`], whose first record has this number.
fn expected(first: u64) -> Vec<Place<'static>> {
    let record = first + 1;
    vec![
        (record, (4, 15), "us_ssn", "key"),
        (record, (10, 29), "payment_card", "value"),
        (record, (3, 14), "us_ssn", "header"),
        (record, (5, 21), "payment_card", "header"),
    ]
}

/// A partition's log, in Kafka's own directory.
fn segment(broker: &Broker, topic: &str) -> String {
    let file = broker.log_dir(topic, 0).join("00000000000000000000.log");
    file.display().to_string()
}

#[test]
fn a_log_segment_of_kafka_is_read_record_by_record_in_every_codec() -> Outcome {
    let broker = Broker::shared()?;
    let topic = broker.topic("plain", 1)?;
    let mut wire = Wire::connect(&broker.plain())?;
    for codec in CODECS {
        let batch = Batch::of(records()).codec(codec).encode()?;
        let landed = produce_one(&mut wire, &topic, 0, batch)?;
        ensure!(landed.code == code::NONE, "{codec:?}: {landed:?}");
    }
    let path = segment(broker, &topic);
    let output = scan(Path::new("."), &["--json", &path], b"")?;
    ended(&output, 1)?;
    let found = findings(&output)?;
    let all: Vec<_> = (0..CODECS.len())
        .flat_map(|n| expected(2 * n as u64))
        .collect();
    ensure!(places(&found) == all, "{}", output.out);
    let table = scan(Path::new("."), &[&path], b"")?;
    ensure!(table.out.contains("segment, 10 records"), "{}", table.out);
    ensure!(table.out.contains("(key)"), "{}", table.out);
    ended(&scan(Path::new("."), &["--mask", &path], b"")?, 2)
}

#[test]
fn markers_of_transactions_are_told_and_numbered() -> Outcome {
    let broker = Broker::shared()?;
    let (topic, transaction) = (broker.topic("plain", 1)?, names::unique("txn"));
    let mut wire = Wire::connect(&broker.plain())?;
    let id = Id::of(&mut wire, &topic)?;
    requests::await_coordinator(&mut wire, &transaction)?;
    let producer = producer_id(&mut wire, Some(&transaction))?;
    let mut batch = Batch::of(records()).producer(producer.0, producer.1, 0);
    batch.transactional = true;
    let send = Send {
        transactional_id: Some(transaction.clone()),
        ..Send::one(&topic, 0, batch.encode()?)
    };
    wait::until_ok("the transaction to begin", Duration::from_secs(15), || {
        let landed = by_id::produce(&mut wire, &send, &[id])?;
        ensure!(landed.iter().all(|l| l.code == code::NONE), "{landed:?}");
        Ok(())
    })?;
    by_id::end_transaction(&mut wire, &transaction, producer, true)?;
    wait::until_ok("the marker", Duration::from_secs(15), || {
        ensure!(broker.end_offset(&topic, 0)? == 3, "it is not there");
        Ok(())
    })?;
    produce_one(&mut wire, &topic, 0, Batch::of(records()).encode()?)?;
    let output = scan(Path::new("."), &["--json", &segment(broker, &topic)], b"")?;
    ended(&output, 1)?;
    let found = findings(&output)?;
    let all = [expected(0), expected(3)].concat();
    ensure!(places(&found) == all, "{}", output.out);
    ensure!(output.err.contains("1 control batch"), "{}", output.err);
    // The cluster that holds it says the same, without the marker.
    let at = broker.plain();
    let output = lockgate(&["scan", "--json", "--bootstrap", &at, "--topics", &topic])?;
    ended(&output, 1)?;
    let told: serde_json::Value = serde_json::from_str(&output.out)?;
    ensure!(told["records"] == 4 && told["whole"] == 1, "{told}");
    Ok(())
}

/// Two batches as they lie in a log.
fn two_batches() -> anyhow::Result<(Bytes, Bytes)> {
    let batch = |codec| Batch::of(records()).codec(codec).encode();
    Ok((batch(Codec::None)?, batch(Codec::Lz4)?))
}

#[test]
fn a_torn_end_of_a_segment_is_told_and_no_fault() -> Outcome {
    let (one, two) = two_batches()?;
    let torn = [&one[..], &two[..two.len() - 9]].concat();
    let zeros = [&one[..], &[0; 100_000]].concat();
    let dir = files(&[("torn.log", &torn), ("zeros.log", &zeros)])?;
    for (name, said) in [
        ("torn.log", "incomplete batch"),
        ("zeros.log", "never written"),
    ] {
        let output = scan(&dir, &["--json", name], b"")?;
        ended(&output, 1)?;
        let found = findings(&output)?;
        ensure!(places(&found) == expected(0), "{name}: {}", output.out);
        ensure!(output.err.contains(said), "{name}: {}", output.err);
    }
    Ok(())
}

#[test]
fn a_batch_that_cannot_be_read_is_told_and_the_next_one_is_read() -> Outcome {
    let (one, two) = two_batches()?;
    let mut flipped = two.to_vec();
    flipped[70] ^= 1;
    let bytes = [&one[..], &flipped, &one].concat();
    let dir = files(&[("broken.log", &bytes)])?;
    let output = scan(&dir, &["--json", "broken.log"], b"")?;
    ended(&output, 2)?;
    let found = findings(&output)?;
    let all = [expected(0), expected(4)].concat();
    ensure!(places(&found) == all, "{}", output.out);
    let said = format!(
        "at byte {} was not read: the record batch's checksum",
        one.len()
    );
    ensure!(output.err.contains(&said), "{}", output.err);
    Ok(())
}
