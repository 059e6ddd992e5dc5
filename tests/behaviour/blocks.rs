//! What a rule blocks does not land or leave, and the client can read why.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::{Batch, Codec};
use lockgate_tests::clients::{Client, Produce};
use lockgate_tests::requests::{Part, Send, code, fetch_all, produce, produce_later, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::wire::Wire;
use std::time::Duration;

const REASON: &str = "ask team-tests; SEC-12";

#[test]
fn a_produce_by_topic_with_the_rule_and_its_reason() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("block", 1)?;
    let landed = produce_one(
        &mut scene.wire()?,
        &topic,
        0,
        Batch::values(&[CLEAN]).encode()?,
    )?;
    ensure!(landed.code == code::POLICY_VIOLATION, "{landed:?}");
    ensure!(
        landed.message.contains("nothing-goes-here") && landed.message.contains(REASON),
        "{landed:?}"
    );
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it landed");
    lockgate_tests::audit::await_entries(
        &scene.gateway,
        &["nothing-goes-here", &topic, "svc-orders"],
    )?;
    scene.end()
}

#[test]
fn only_the_blocked_partitions_of_a_request() -> Outcome {
    let scene = Scene::start()?;
    let (blocked, open) = (
        scene.broker.topic("block", 1)?,
        scene.broker.topic("plain", 2)?,
    );
    let clean = Batch::values(&[CLEAN]).encode()?;
    let parts =
        [(&open, 1), (&blocked, 0), (&open, 0)].map(|(t, p)| Part::new(t, p, clean.clone()));
    let landed = produce(&mut scene.wire()?, &Send::all(parts.to_vec()))?;
    for told in &landed {
        let wanted = if told.topic == blocked {
            code::POLICY_VIOLATION
        } else {
            code::NONE
        };
        ensure!(told.code == wanted, "{told:?}");
    }
    ensure!(landed.len() == 3, "a reply for {} partitions", landed.len());
    let ends = [
        scene.broker.end_offset(&open, 0)?,
        scene.broker.end_offset(&open, 1)?,
    ];
    ensure!(
        ends == [1, 1] && scene.broker.end_offset(&blocked, 0)? == 0,
        "the ends are {ends:?}"
    );
    scene.end()
}

#[test]
fn an_acks_0_produce_by_closing_the_connection() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("block", 1)?;
    let mut wire = scene.wire()?;
    let parts = vec![Part::new(&topic, 0, Batch::values(&[CLEAN]).encode()?)];
    let _no_reply = produce_later(
        &mut wire,
        &Send {
            acks: 0,
            ..Send::all(parts)
        },
    )?;
    ensure!(
        wire.closed_within(Duration::from_secs(5))?,
        "the connection stays open"
    );
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it landed");
    scene.end()
}

#[test]
fn a_fetch_by_group() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("secret", 1)?;
    produce_one(
        &mut Wire::connect(&scene.broker.plain())?,
        &topic,
        0,
        Batch::values(&["secret"]).encode()?,
    )?;
    let mut intern = scene.wire_as(&scene.target("ivy", &["interns"])?)?;
    let read = fetch_all(&mut intern, &topic, 0)?;
    ensure!(
        read.as_ref().is_err_and(|code| *code != 0),
        "the intern read {read:?}"
    );
    let mut other = scene.wire_as(&scene.target("bob", &["staff"])?)?;
    let read = fetch_all(&mut other, &topic, 0)?;
    ensure!(
        read.is_ok_and(|batches| batches.len() == 1),
        "bob read something else"
    );
    lockgate_tests::audit::await_entries(
        &scene.gateway,
        &["interns-read-nothing-secret", &topic, "ivy"],
    )?;
    scene.end()
}

#[test]
fn what_cannot_be_read() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut batch = Batch::values(&["hello hello hello hello"]).codec(codec);
        let whole = batch.encode()?;
        // A batch whose attributes claim a codec that its body is not, under a CRC that fits.
        batch.codec = Codec::None;
        let mut lying = batch.encode()?.to_vec();
        lying[22] |= codec as u8;
        let landed = produce_one(&mut wire, &topic, 0, lockgate_tests::batch::sealed(lying))?;
        ensure!(
            landed.code != code::NONE,
            "{codec:?}: a lying batch: {landed:?}"
        );
        // A stream that stops short.
        let mut short = whole.to_vec();
        short.truncate(whole.len() - 5);
        let landed = produce_one(&mut wire, &topic, 0, lockgate_tests::batch::sealed(short))?;
        ensure!(
            landed.code != code::NONE,
            "{codec:?}: a short batch: {landed:?}"
        );
    }
    // A codec that Kafka has no name for.
    for codec in 5..8 {
        let mut unknown = Batch::values(&["hello"]).encode()?.to_vec();
        unknown[22] |= codec;
        let landed = produce_one(&mut wire, &topic, 0, lockgate_tests::batch::sealed(unknown))?;
        ensure!(landed.code != code::NONE, "codec {codec}: {landed:?}");
    }
    for magic in [0, 1, 3] {
        let mut old = Batch::values(&["old"]).encode()?.to_vec();
        old[16] = magic;
        let landed = produce_one(&mut wire, &topic, 0, old.into())?;
        ensure!(landed.code != code::NONE, "magic {magic}: {landed:?}");
    }
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "something landed");
    let landed = produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
    ensure!(
        landed.code == code::NONE,
        "the connection is spoilt: {landed:?}"
    );
    scene.end()
}

/// More zeros than the largest frame has bytes, in a few kilobytes: refused, and its memory never asked for.
#[test]
fn a_compression_bomb() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let mut wire = scene.wire()?;
    let before = scene.gateway.resident_kib()?;
    for codec in [Codec::Gzip, Codec::Zstd] {
        let landed = produce_one(
            &mut wire,
            &topic,
            0,
            lockgate_tests::batch::bomb(codec, 160 << 20)?,
        )?;
        ensure!(landed.code != code::NONE, "{codec:?}: {landed:?}");
    }
    let grown = scene.gateway.resident_kib()?.saturating_sub(before);
    ensure!(grown < 400 << 10, "the gateway grew by {grown} KiB");
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it landed");
    scene.end()
}

#[test]
fn in_words_that_stock_clients_show() -> Outcome {
    let scene = Scene::start()?;
    let target = scene.producer()?;
    let topic = scene.broker.topic("block", 1)?;
    for client in [
        Client::Console,
        Client::Kcat,
        Client::Confluent,
        Client::Kafkajs,
    ] {
        let report = client.produce(&target, &Produce::new(&topic, &[CLEAN]))?;
        ensure!(!report.clean, "{client:?} is content: {}", report.said);
        let said = report.said.to_lowercase();
        ensure!(
            said.contains("policy"),
            "{client:?} cannot tell why: {}",
            report.said
        );
        // Java shows the broker's own message; the others know only the code.
        ensure!(
            client != Client::Console || report.said.contains(REASON),
            "{}",
            report.said
        );
    }
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it landed");
    scene.end()
}
