//! What was approved lands once, however it is sent again.

use super::{log_has, told_no, told_to_retry, told_written};
use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::{Batch, Codec};
use lockgate_tests::requests::{
    Send, code, landed, produce_later, produce_one, produce_retrying, producer_id,
};
use lockgate_tests::scene::{CARD, CLEAN, OTHER_CARD, Scene};
use std::time::{Duration, Instant};

#[test]
fn the_same_batch_attaches_and_is_answered_at_once() -> Outcome {
    let scene = Scene::with(|s| s.wait("2s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    for _ in 0..3 {
        let asked = Instant::now();
        told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
        ensure!(
            asked.elapsed() < Duration::from_secs(1),
            "an attached send waited {:?}",
            asked.elapsed()
        );
    }
    let pending = reviewer.pending(&topic)?;
    ensure!(
        pending.len() == 1 && pending[0].id == hold.id,
        "a second hold was opened: {pending:?}"
    );
    reviewer.approve(&hold.id)?;
    // Approved once: written once, and told written as often as it is sent.
    for _ in 0..3 {
        told_written(&produce_one(&mut wire, &topic, 0, batch.clone())?, 0)?;
    }
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn records_regrouped_restamped_and_recompressed() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let both = Batch::values(&[CARD, OTHER_CARD]);
    told_to_retry(&produce_one(&mut wire, &topic, 0, both.encode()?)?)?;
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    // As librdkafka does it: other batches, other stamps, another codec, clean records among them.
    for (offset, values) in [(0, vec![CARD, CLEAN]), (2, vec![OTHER_CARD])] {
        let mut batch = Batch::values(&values).codec(Codec::Lz4);
        batch.timestamp = both.timestamp + 1_000 + offset;
        told_written(&produce_one(&mut wire, &topic, 0, batch.encode()?)?, offset)?;
    }
    log_has(&scene, &topic, 0, &[CARD, CLEAN, OTHER_CARD])?;
    scene.end()
}

/// An approval is for the records that were shown, not for others with them.
#[test]
fn a_record_nobody_saw_does_not_ride_along() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    told_to_retry(&produce_one(
        &mut wire,
        &topic,
        0,
        Batch::values(&[CARD]).encode()?,
    )?)?;
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    let reply = produce_one(
        &mut wire,
        &topic,
        0,
        Batch::values(&[CARD, OTHER_CARD]).encode()?,
    )?;
    ensure!(
        reply.code != code::NONE,
        "an unseen record rode along: {reply:?}"
    );
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

/// Nor for the same content a second time: a new send of spent content is a new question.
#[test]
fn an_approval_is_spent_once() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let first = Batch::values(&[CARD]);
    told_to_retry(&produce_one(&mut wire, &topic, 0, first.encode()?)?)?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.approve(&hold.id)?;
    told_written(&produce_one(&mut wire, &topic, 0, first.encode()?)?, 0)?;
    let mut again = first;
    again.timestamp += 5_000;
    told_to_retry(&produce_one(&mut wire, &topic, 0, again.encode()?)?)?;
    let second = reviewer.await_pending(&topic)?;
    ensure!(second.id != hold.id, "the same hold was asked again");
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn over_another_connection() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let batch = Batch::values(&[CARD]).encode()?;
    let mut first = scene.wire()?;
    told_to_retry(&produce_one(&mut first, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    drop(first);
    reviewer.approve(&hold.id)?;
    // Several connections, so that every core sees one.
    for _ in 0..6 {
        told_written(
            &produce_retrying(&mut scene.wire()?, &topic, &batch, Duration::from_secs(5))?,
            0,
        )?;
    }
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn over_several_connections_at_once() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wires = (0..8)
        .map(|_| scene.wire())
        .collect::<anyhow::Result<Vec<_>>>()?;
    let (producer, epoch) = producer_id(&mut wires[0], None)?;
    let batch = Batch::values(&[CARD])
        .producer(producer, epoch, 0)
        .encode()?;
    std::thread::scope(|scope| -> Outcome {
        let waiting: Vec<_> = wires
            .iter_mut()
            .map(|wire| {
                scope.spawn(|| produce_retrying(wire, &topic, &batch, Duration::from_secs(15)))
            })
            .collect();
        let hold = reviewer.await_pending(&topic)?;
        std::thread::sleep(Duration::from_millis(300)); // so that most of them have attached
        reviewer.approve(&hold.id)?;
        for told in waiting {
            let told = told
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))?;
            told_written(&told?, 0)?;
        }
        Ok(())
    })?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn the_client_leaves_while_its_reply_is_withheld() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let batch = Batch::values(&[CARD]).encode()?;
    let mut first = scene.wire()?;
    let _never = produce_later(&mut first, &Send::one(&topic, 0, batch.clone()))?;
    let hold = reviewer.await_pending(&topic)?;
    drop(first);
    std::thread::sleep(Duration::from_millis(500)); // a closed socket is noticed while it is held
    reviewer.approve(&hold.id)?;
    std::thread::sleep(Duration::from_millis(500));
    log_has(&scene, &topic, 0, &[])?; // the client is gone: its data is its own again
    told_written(&produce_one(&mut scene.wire()?, &topic, 0, batch)?, 0)?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

/// Java gives a rejected batch's sequence numbers to the next one.
#[test]
fn a_rejected_batchs_sequence_is_used_for_other_bytes() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let held = Batch::values(&[CARD])
        .producer(producer, epoch, 0)
        .encode()?;
    let owed = produce_later(&mut wire, &Send::one(&topic, 0, held))?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.reject(&hold.id, "no")?;
    told_no(&landed(&mut wire, owed)?[0], &[&hold.id])?;
    let next = Batch::values(&[CLEAN])
        .producer(producer, epoch, 0)
        .encode()?;
    told_written(&produce_one(&mut wire, &topic, 0, next)?, 0)?;
    log_has(&scene, &topic, 0, &[CLEAN])?;
    scene.end()
}
