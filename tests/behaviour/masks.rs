//! A social security number goes in, and asterisks come out, under a CRC that fits.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::clients::{Client, Consume, Produce};
use lockgate_tests::requests::{code, fetch_all, produce_one, producer_id};
use lockgate_tests::scene::{CLEAN, SSN, SSN_DIGITS, SSN_KEPT, Scene};
use lockgate_tests::wire::Wire;

/// Nothing of the number is left but its last four, and nothing else has changed.
fn masked(before: &str, after: &str) -> Outcome {
    let (head, tail) = before
        .split_once(SSN_DIGITS)
        .context("no number to begin with")?;
    ensure!(after.len() == before.len(), "the length changed: {after}");
    ensure!(
        after.starts_with(head) && after.ends_with(tail),
        "the rest changed: {after}"
    );
    let middle = &after[head.len()..after.len() - tail.len()];
    ensure!(
        middle.ends_with(SSN_KEPT),
        "the last four are gone: {after}"
    );
    let digits = middle.bytes().filter(u8::is_ascii_digit).count();
    ensure!(
        digits == SSN_KEPT.len(),
        "{digits} digits are left: {after}"
    );
    Ok(())
}

/// The number in key, value and a header, among records that are clean.
fn records() -> Vec<Record> {
    let everywhere = Record {
        key: Some(format!("ssn {SSN_DIGITS}").into()),
        headers: vec![
            ("ssn".into(), Some(SSN_DIGITS.into())),
            ("other".into(), Some("kept".into())),
        ],
        ..Record::of(SSN)
    };
    vec![
        Record::of(CLEAN),
        everywhere,
        Record::of("x".repeat(5_000)),
        Record::of(CLEAN),
    ]
}

fn check(read: &[Record]) -> Outcome {
    let sent = records();
    ensure!(read.len() == sent.len(), "{} records", read.len());
    for clean in [0, 2, 3] {
        ensure!(
            read[clean] == sent[clean],
            "a clean record was changed: {:?}",
            read[clean]
        );
    }
    let text = |bytes: &Option<bytes::Bytes>| {
        String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
    };
    masked(SSN, &read[1].text())?;
    masked(&text(&sent[1].key), &text(&read[1].key))?;
    masked(SSN_DIGITS, &text(&read[1].headers[0].1))?;
    ensure!(
        read[1].headers[1] == sent[1].headers[1],
        "another header was changed"
    );
    Ok(())
}

#[test]
fn on_produce_for_every_codec() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    for (i, codec) in CODECS.into_iter().enumerate() {
        let sequence = (i * records().len()) as i32;
        let sent = Batch::of(records())
            .codec(codec)
            .producer(producer, epoch, sequence);
        let landed = produce_one(&mut wire, &topic, 0, sent.encode()?)?;
        ensure!(landed.code == code::NONE, "{codec:?}: {landed:?}");
        let stored = scene
            .broker
            .batches(&topic, 0)?
            .pop()
            .context("nothing stored")?
            .decode()?;
        ensure!(stored.codec == codec, "{codec:?} became {:?}", stored.codec);
        ensure!(
            stored.timestamp == sent.timestamp && stored.base_sequence == sequence,
            "the header changed"
        );
        check(&stored.records).with_context(|| format!("{codec:?}"))?;
    }
    scene.end()
}

#[test]
fn on_fetch_for_every_codec_and_only_for_those_it_is_hidden_from() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut direct = Wire::connect(&scene.broker.plain())?;
    for codec in CODECS {
        produce_one(
            &mut direct,
            &topic,
            0,
            Batch::of(records()).codec(codec).encode()?,
        )?;
    }
    let mut analyst = scene.wire_as(&scene.target("ana", &["analysts"])?)?;
    let mut other = scene.wire_as(&scene.target("bob", &["staff"])?)?;
    let read =
        fetch_all(&mut analyst, &topic, 0)?.map_err(|c| anyhow::anyhow!("Fetch says {c}"))?;
    ensure!(read.len() == CODECS.len(), "{} batches", read.len());
    for (batch, codec) in read.iter().zip(CODECS) {
        check(&batch.decode()?.records).with_context(|| format!("{codec:?}"))?;
    }
    let raw = fetch_all(&mut other, &topic, 0)?.map_err(|c| anyhow::anyhow!("Fetch says {c}"))?;
    let stored = scene.broker.batches(&topic, 0)?;
    ensure!(
        raw.iter()
            .map(|b| &b.bytes)
            .eq(stored.iter().map(|b| &b.bytes)),
        "bob's bytes were changed"
    );
    scene.end()
}

/// Java and librdkafka check the CRC of what they read.
#[test]
fn for_stock_clients_that_check_the_crc() -> Outcome {
    let scene = Scene::start()?;
    let target = scene.producer()?;
    let topic = scene.broker.topic("mask", 1)?;
    for codec in Client::Confluent.codecs() {
        let report =
            Client::Confluent.produce(&target, &Produce::new(&topic, &[SSN]).codec(codec))?;
        ensure!(report.clean, "{codec}: {}", report.said);
    }
    for client in [Client::Console, Client::Confluent, Client::Kcat] {
        let (values, errors) = client.consume(&target, &Consume::new(&topic, 5))?;
        ensure!(values.len() == 5, "{client:?} read {values:?}: {errors}");
        values.iter().try_for_each(|value| masked(SSN, value))?;
    }
    scene.end()
}

#[test]
fn of_what_stock_clients_read_on_fetch() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let direct = lockgate_tests::target::Target::open(&scene.broker.plain());
    for codec in Client::Confluent.codecs() {
        Client::Confluent.produce(&direct, &Produce::new(&topic, &[SSN]).codec(codec))?;
    }
    let analyst = scene.target("ana", &["analysts"])?;
    for client in [Client::Console, Client::Confluent, Client::Kcat] {
        let (values, errors) = client.consume(&analyst, &Consume::new(&topic, 5))?;
        ensure!(values.len() == 5, "{client:?} read {values:?}: {errors}");
        values.iter().try_for_each(|value| masked(SSN, value))?;
    }
    scene.end()
}

#[test]
fn and_the_audit_knows_without_knowing_the_number() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    produce_one(
        &mut scene.wire()?,
        &topic,
        0,
        Batch::values(&[SSN]).encode()?,
    )?;
    lockgate_tests::audit::await_entries(&scene.gateway, &["ssn-is-masked", &topic, "svc-orders"])?;
    for (file, _) in lockgate_tests::audit::segments(&scene.gateway.audit_dir())? {
        let bytes = std::fs::read(&file)?;
        let found = bytes
            .windows(SSN_DIGITS.len())
            .any(|w| w == SSN_DIGITS.as_bytes());
        ensure!(!found, "the number lies in {}", file.display());
    }
    ensure!(
        !scene.gateway.logged().contains(SSN_DIGITS),
        "the number lies in the log"
    );
    scene.end()
}
