//! Nothing overtakes a held batch in its lane, and nothing else waits for it.

use super::{log_has, told_to_retry, told_written};
use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::Batch;
use lockgate_tests::requests::{
    Send, landed, metadata_later, produce_later, produce_one, producer_id,
};
use lockgate_tests::scene::{CARD, CLEAN, Scene};
use lockgate_tests::wait;
use std::time::{Duration, Instant};

#[test]
fn a_later_batch_of_the_lane_lands_after_the_held_one() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let mut owed = Vec::new();
    for (sequence, value) in [CARD, CLEAN, "third"].into_iter().enumerate() {
        let batch = Batch::values(&[value])
            .producer(producer, epoch, sequence as i32)
            .encode()?;
        owed.push(produce_later(&mut wire, &Send::one(&topic, 0, batch))?);
    }
    let hold = reviewer.await_pending(&topic)?;
    std::thread::sleep(Duration::from_millis(300));
    log_has(&scene, &topic, 0, &[])?;
    reviewer.approve(&hold.id)?;
    for (offset, owed) in owed.into_iter().enumerate() {
        told_written(&landed(&mut wire, owed)?[0], offset as i64)?;
    }
    log_has(&scene, &topic, 0, &[CARD, CLEAN, "third"])?;
    scene.end()
}

/// Forwarding them would be a gap in the sequence.
#[test]
fn when_the_held_one_is_not_written_neither_are_those_behind_it() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let batches = [CARD, CLEAN].iter().enumerate();
    let batches = batches.map(|(s, v)| {
        Batch::values(&[v])
            .producer(producer, epoch, s as i32)
            .encode()
    });
    let batches = batches.collect::<anyhow::Result<Vec<_>>>()?;
    let both = |wire: &mut _| -> anyhow::Result<_> {
        let first = produce_later(wire, &Send::one(&topic, 0, batches[0].clone()))?;
        let second = produce_later(wire, &Send::one(&topic, 0, batches[1].clone()))?;
        Ok((landed(wire, first)?, landed(wire, second)?))
    };
    let (first, second) = both(&mut wire)?;
    told_to_retry(&first[0])?;
    told_to_retry(&second[0])?;
    log_has(&scene, &topic, 0, &[])?;
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    let (first, second) = both(&mut wire)?;
    told_written(&first[0], 0)?;
    told_written(&second[0], 1)?;
    log_has(&scene, &topic, 0, &[CARD, CLEAN])?;
    scene.end()
}

/// Approved, but behind one that is not: the approval is not lost when both fall.
#[test]
fn an_approved_batch_that_falls_with_the_one_before_it_keeps_its_approval() -> Outcome {
    let scene = Scene::with(|s| s.wait("3s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let values = [CARD.to_owned(), format!("second {CARD}")];
    let sends = values.iter().enumerate().map(|(sequence, value)| {
        let batch = Batch::values(&[value]).producer(producer, epoch, sequence as i32);
        Ok(Send::one(&topic, 0, batch.encode()?))
    });
    let sends = sends.collect::<anyhow::Result<Vec<_>>>()?;
    let first = produce_later(&mut wire, &sends[0])?;
    let of_first = reviewer.await_pending(&topic)?.id;
    let second = produce_later(&mut wire, &sends[1])?;
    let of_second = wait::until("the second hold", Duration::from_secs(5), || {
        let pending = reviewer.pending(&topic).ok()?;
        pending.into_iter().find(|hold| hold.id != of_first)
    })?;
    reviewer.approve(&of_second.id)?;
    told_to_retry(&landed(&mut wire, first)?[0])?;
    told_to_retry(&landed(&mut wire, second)?[0])?;
    reviewer.approve(&of_first)?;
    let first = produce_later(&mut wire, &sends[0])?;
    let second = produce_later(&mut wire, &sends[1])?;
    told_written(&landed(&mut wire, first)?[0], 0)?;
    told_written(&landed(&mut wire, second)?[0], 1)?;
    log_has(&scene, &topic, 0, &[&values[0], &values[1]])?;
    scene.end()
}

#[test]
fn other_partitions_and_other_connections_do_not_wait() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 2)?, scene.reviewer()?);
    let (mut wire, mut other) = (scene.wire()?, scene.wire()?);
    let clean = Batch::values(&[CLEAN]).encode()?;
    let held = produce_later(
        &mut wire,
        &Send::one(&topic, 0, Batch::values(&[CARD]).encode()?),
    )?;
    let hold = reviewer.await_pending(&topic)?;
    // The same connection, another partition: written at once, told in its turn.
    let behind = produce_later(&mut wire, &Send::one(&topic, 1, clean.clone()))?;
    wait::until(
        "the other partition to land",
        Duration::from_secs(5),
        || (scene.broker.end_offset(&topic, 1).ok()? == 1).then_some(()),
    )?;
    // Another connection of the same service account, the same partition: at once.
    let asked = Instant::now();
    told_written(&produce_one(&mut other, &topic, 0, clean)?, 0)?;
    ensure!(
        asked.elapsed() < Duration::from_secs(2),
        "it waited {:?}",
        asked.elapsed()
    );
    reviewer.approve(&hold.id)?;
    told_written(&landed(&mut wire, held)?[0], 1)?;
    told_written(&landed(&mut wire, behind)?[0], 0)?;
    scene.end()
}

/// Heartbeats and the like share the connection in some clients.
#[test]
fn any_other_request_behind_it_ends_the_wait_within_a_second() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    let held = produce_later(&mut wire, &Send::one(&topic, 0, batch.clone()))?;
    let hold = reviewer.await_pending(&topic)?;
    let asked = Instant::now();
    let behind = metadata_later(&mut wire, &[&topic])?;
    told_to_retry(&landed(&mut wire, held)?[0])?;
    wire.receive(behind)?;
    ensure!(
        asked.elapsed() < Duration::from_millis(2_500),
        "it took {:?}",
        asked.elapsed()
    );
    // The hold is as pending as before.
    reviewer.approve(&hold.id)?;
    told_written(&produce_one(&mut wire, &topic, 0, batch)?, 0)?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

/// Behind a withheld reply only so much is accepted; past it the socket is not read, and after the
/// decision everything lands in order.
#[test]
fn a_flood_behind_a_hold_is_bounded_and_lands_in_order() -> Outcome {
    const BATCHES: i32 = 120;
    let scene = Scene::with(|s| s.wait("10s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let before = scene.gateway.resident_kib()?;
    let mut values = vec![CARD.to_owned()];
    values.extend((1..BATCHES).map(|i| format!("{i} {}", "z".repeat(2_000))));
    let mut owed = Vec::new();
    for (sequence, value) in values.iter().enumerate() {
        let batch = Batch::values(&[value])
            .producer(producer, epoch, sequence as i32)
            .encode()?;
        owed.push(produce_later(&mut wire, &Send::one(&topic, 0, batch))?);
    }
    let hold = reviewer.await_pending(&topic)?;
    ensure!(
        scene.gateway.resident_kib()? < before + (64 << 10),
        "the gateway swelled"
    );
    reviewer.approve(&hold.id)?;
    for (offset, owed) in owed.into_iter().enumerate() {
        told_written(&landed(&mut wire, owed)?[0], offset as i64)?;
    }
    ensure!(
        scene.broker.values(&topic, 0)? == values,
        "the log is in another order"
    );
    scene.end()
}
