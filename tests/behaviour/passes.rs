//! Clean records pass: stock clients produce, consume, commit and resume, and bytes stay bytes.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::clients::{CLIENTS, Client, Consume, Produce};
use lockgate_tests::login;
use lockgate_tests::requests::{Part, Send, code, fetch_all, produce, produce_one, producer_id};
use lockgate_tests::scene::Scene;
use lockgate_tests::target::Target;

/// Produces with every codec, consumes in a group, then resumes where the group committed.
fn serves(scene: &Scene, client: Client, target: &Target) -> Outcome {
    let topic = scene.broker.topic("plain", 1)?;
    let group = lockgate_tests::names::unique("group");
    for round in 0..2 {
        let mut wanted = Vec::new();
        // Each codec once: the JVM's starts are what costs.
        let codecs = client
            .codecs()
            .iter()
            .enumerate()
            .filter(|(i, _)| i % 2 == round);
        for (i, codec) in codecs {
            let line = format!("{client:?} {codec} {round}");
            let acks = if i == 0 { 1 } else { -1 };
            let mut job = Produce::new(&topic, &[&line]).codec(codec).acks(acks);
            job.idempotent = acks == -1;
            let report = client.produce(target, &job)?;
            ensure!(report.clean, "{client:?} {codec}: {}", report.said);
            wanted.push(line);
        }
        let (values, errors) =
            client.consume(target, &Consume::new(&topic, wanted.len()).group(&group))?;
        ensure!(
            values == wanted,
            "{client:?} read {values:?}, round {round}: {errors}"
        );
    }
    let stored = scene.broker.values(&topic, 0)?.len();
    ensure!(
        stored == client.codecs().len(),
        "{client:?}: the broker has {stored} records"
    );
    Ok(())
}

#[test]
fn kafkas_console_tools_by_plain() -> Outcome {
    let scene = Scene::start()?;
    serves(&scene, Client::Console, &scene.producer()?)?;
    scene.end()
}

#[test]
fn kcat_confluent_and_kafkajs_by_plain() -> Outcome {
    let scene = Scene::start()?;
    let target = scene.producer()?;
    CLIENTS
        .into_iter()
        .filter(|c| *c != Client::Console)
        .try_for_each(|c| serves(&scene, c, &target))?;
    scene.end()
}

#[test]
fn every_client_that_has_it_logs_in_by_oauthbearer() -> Outcome {
    let scene = Scene::start()?;
    let target = scene.bearer("svc-bearer", &["producers"])?;
    for client in CLIENTS.into_iter().filter(|c| c.has_bearer()) {
        let topic = scene.broker.topic("plain", 1)?;
        let report = client.produce(&target, &Produce::new(&topic, &["by token"]))?;
        ensure!(report.clean, "{client:?}: {}", report.said);
        let (values, errors) = client.consume(&target, &Consume::new(&topic, 1))?;
        ensure!(
            values == ["by token"],
            "{client:?} read {values:?}: {errors}"
        );
    }
    scene.end()
}

#[test]
fn the_gateway_logs_in_to_the_broker_by_scram() -> Outcome {
    let settings = lockgate_tests::settings::Settings::new()?.by_scram()?;
    let scene = Scene::with(|_| settings)?;
    let topic = scene.broker.topic("plain", 1)?;
    let landed = produce_one(
        &mut scene.wire()?,
        &topic,
        0,
        Batch::values(&["over scram"]).encode()?,
    )?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(
        scene.broker.values(&topic, 0)? == ["over scram"],
        "it did not land"
    );
    scene.end()
}

#[test]
fn acks_0_1_and_all_land() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    for acks in [1, -1] {
        let parts = vec![Part::new(&topic, 0, Batch::values(&["kept"]).encode()?)];
        let landed = produce(
            &mut wire,
            &Send {
                acks,
                ..Send::all(parts)
            },
        )?;
        ensure!(landed[0].code == code::NONE, "acks={acks}: {landed:?}");
    }
    let parts = vec![Part::new(&topic, 0, Batch::values(&["unasked"]).encode()?)];
    let unanswered = Send {
        acks: 0,
        ..Send::all(parts)
    };
    let _no_reply = lockgate_tests::requests::produce_later(&mut wire, &unanswered)?;
    // Nothing answers acks=0: the next reply belongs to the next request, and comes after it.
    let landed = produce_one(&mut wire, &topic, 0, Batch::values(&["after"]).encode()?)?;
    ensure!(
        landed.code == code::NONE && landed.offset == 3,
        "{landed:?}"
    );
    ensure!(
        scene.broker.values(&topic, 0)? == ["kept", "kept", "unasked", "after"],
        "the log differs"
    );
    scene.end()
}

#[test]
fn clean_batches_reach_the_broker_and_the_consumer_byte_for_byte() -> Outcome {
    let scene = Scene::start()?;
    // `mask` topics are scanned on the way in, `plain` ones on an analyst's way out.
    let (scanned_in, scanned_out) = (
        scene.broker.topic("mask", 1)?,
        scene.broker.topic("plain", 1)?,
    );
    let mut wire = scene.wire()?;
    let mut analyst = scene.wire_as(&scene.target("ana", &["analysts"])?)?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let odd = Record {
        key: Some("".into()),
        value: None,
        headers: vec![
            ("same".into(), Some("1".into())),
            ("same".into(), None),
            ("".into(), Some("".into())),
        ],
    };
    let records = vec![
        odd,
        Record::of("plain text"),
        Record::of("x".repeat(20_000)),
    ];
    let mut sent = Vec::new();
    for (i, codec) in CODECS.into_iter().enumerate() {
        let sequence = (i * records.len()) as i32;
        let bytes = Batch::of(records.clone())
            .codec(codec)
            .producer(producer, epoch, sequence)
            .encode()?;
        for topic in [&scanned_in, &scanned_out] {
            let landed = produce_one(&mut wire, topic, 0, bytes.clone())?;
            ensure!(landed.code == code::NONE, "{codec:?}: {landed:?}");
        }
        sent.push(bytes);
    }
    for topic in [&scanned_in, &scanned_out] {
        let stored = scene.broker.batches(topic, 0)?;
        ensure!(
            stored.len() == sent.len(),
            "{} batches stored",
            stored.len()
        );
        for (stored, sent) in stored.iter().zip(&sent) {
            ensure!(
                stored.kept() == &sent[16..],
                "a batch was changed on its way in"
            );
        }
        let read =
            fetch_all(&mut analyst, topic, 0)?.map_err(|c| anyhow::anyhow!("Fetch says {c}"))?;
        let same = read
            .iter()
            .map(|b| &b.bytes)
            .eq(stored.iter().map(|b| &b.bytes));
        ensure!(same, "a batch was changed on its way out");
    }
    scene.end()
}

#[test]
fn a_repeated_idempotent_batch_is_stored_once() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let batch = Batch::values(&["once"])
        .producer(producer, epoch, 0)
        .encode()?;
    for _ in 0..3 {
        let landed = produce_one(&mut wire, &topic, 0, batch.clone())?;
        ensure!(
            landed.code == code::NONE && landed.offset == 0,
            "{landed:?}"
        );
    }
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 1,
        "it was stored twice"
    );
    scene.end()
}

#[test]
fn observing_rules_let_pass_and_tell() -> Outcome {
    let scene = Scene::with(|s| s.mode("observe"))?;
    let topic = scene.broker.topic("block", 1)?;
    let mut wire = login::connect(&scene.producer()?)?;
    let landed = produce_one(&mut wire, &topic, 0, Batch::values(&["seen"]).encode()?)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(
        scene.broker.values(&topic, 0)? == ["seen"],
        "it did not land"
    );
    let told =
        lockgate_tests::audit::await_entries(&scene.gateway, &["nothing-goes-here", &topic])?;
    ensure!(
        told.iter().any(|entry| entry["enforced"] == false),
        "the audit says {told:?}"
    );
    scene.end()
}
