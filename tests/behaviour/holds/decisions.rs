//! Approved, rejected, not decided in time.

use super::{log_has, told_no, told_to_retry, told_written};
use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::audit::await_entries;
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::requests::{
    Part, Send, code, landed, produce_later, produce_one, produce_retrying,
};
use lockgate_tests::scene::{CARD, CLEAN, OTHER_CARD, REVIEWER, Scene};
use lockgate_tests::wait;
use std::time::{Duration, Instant};

#[test]
fn approved_while_the_reply_is_withheld() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let owed = produce_later(
        &mut wire,
        &Send::one(&topic, 0, Batch::values(&[CARD]).encode()?),
    )?;
    let hold = reviewer.await_pending(&topic)?;
    log_has(&scene, &topic, 0, &[])?;
    ensure!(
        wire.silent_for(Duration::from_millis(300))?,
        "the reply was not withheld"
    );
    reviewer.approve(&hold.id)?;
    let reply = landed(&mut wire, owed)?;
    told_written(&reply[0], 0)?;
    log_has(&scene, &topic, 0, &[CARD])?;
    reviewer.await_state(&hold.id, "written")?;
    await_entries(&scene.gateway, &["decision", REVIEWER, &hold.id])?;
    scene.end()
}

#[test]
fn approved_between_two_tries() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.approve(&hold.id)?;
    log_has(&scene, &topic, 0, &[])?; // nobody waits: nothing is written until it is sent again
    told_written(&produce_one(&mut wire, &topic, 0, batch)?, 0)?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn rejected_while_the_reply_is_withheld() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    let owed = produce_later(&mut wire, &Send::one(&topic, 0, batch.clone()))?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.reject(&hold.id, "not to this topic")?;
    told_no(
        &landed(&mut wire, owed)?[0],
        &[&hold.id, "not to this topic"],
    )?;
    // Remembered: the same again is answered at once, and nobody is asked.
    let asked = Instant::now();
    told_no(&produce_one(&mut wire, &topic, 0, batch)?, &[&hold.id])?;
    ensure!(
        asked.elapsed() < Duration::from_secs(2),
        "the second no took {:?}",
        asked.elapsed()
    );
    ensure!(
        reviewer.pending(&topic)?.is_empty(),
        "somebody was asked again"
    );
    log_has(&scene, &topic, 0, &[])?;
    // The connection and the partition go on.
    told_written(
        &produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?,
        0,
    )?;
    scene.end()
}

#[test]
fn nobody_decides_in_time() -> Outcome {
    let scene = Scene::with(|s| s.within("2s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    let reply = produce_retrying(&mut wire, &topic, &batch, Duration::from_secs(10))?;
    told_no(&reply, &[&hold.id])?;
    reviewer.await_state(&hold.id, "expired")?;
    let late = reviewer.review(&hold.id, "approve", "")?;
    ensure!(
        late.status == 410,
        "a late review is answered {}",
        late.status
    );
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

#[test]
fn the_deadline_passes_while_the_reply_is_withheld() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s").within("2s"))?;
    let topic = scene.broker.topic("hold", 1)?;
    let reply = produce_one(
        &mut scene.wire()?,
        &topic,
        0,
        Batch::values(&[CARD]).encode()?,
    )?;
    told_no(&reply, &[])?;
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

#[test]
fn refuse_instead_of_retry() -> Outcome {
    let scene = Scene::with(|s| s.then("refuse"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    let reply = produce_one(&mut wire, &topic, 0, batch.clone())?;
    let hold = reviewer.await_pending(&topic)?;
    told_no(&reply, &[&hold.id])?;
    reviewer.approve(&hold.id)?;
    told_written(&produce_one(&mut wire, &topic, 0, batch)?, 0)?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

/// Only the flagged partition waits: the clean ones are in the log before the reply.
#[test]
fn clean_partitions_of_the_request_do_not_wait() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, other) = (
        scene.broker.topic("hold", 2)?,
        scene.broker.topic("hold", 1)?,
    );
    let reviewer = scene.reviewer()?;
    let mut wire = scene.wire()?;
    let (clean, flagged) = (
        Batch::values(&[CLEAN]).encode()?,
        Batch::values(&[CARD]).encode()?,
    );
    let parts = vec![
        Part::new(&topic, 0, clean.clone()),
        Part::new(&topic, 1, flagged),
        Part::new(&other, 0, clean),
    ];
    let owed = produce_later(&mut wire, &Send::all(parts))?;
    let hold = reviewer.await_pending(&topic)?;
    ensure!(hold.partition == 1, "partition {} is held", hold.partition);
    for (topic, partition) in [(&topic, 0), (&other, 0)] {
        wait::until(
            "the clean partition to land",
            Duration::from_secs(5),
            || (scene.broker.end_offset(topic, partition).ok()? == 1).then_some(()),
        )?;
    }
    ensure!(
        wire.silent_for(Duration::from_millis(200))?,
        "the reply came before the decision"
    );
    reviewer.approve(&hold.id)?;
    let reply = landed(&mut wire, owed)?;
    ensure!(
        reply.len() == 3 && reply.iter().all(|l| l.code == code::NONE && l.offset == 0),
        "{reply:?}"
    );
    log_has(&scene, &topic, 1, &[CARD])?;
    log_has(&scene, &topic, 0, &[CLEAN])?;
    scene.end()
}

/// And when the wait is over they are told written while the held one is told to try again.
#[test]
fn a_merged_reply_tells_each_partition_its_own() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("hold", 2)?;
    let mut wire = scene.wire()?;
    let parts = [CLEAN, CARD].iter().enumerate();
    let parts = parts.map(|(p, v)| Ok(Part::new(&topic, p as i32, Batch::values(&[v]).encode()?)));
    let parts = parts.collect::<anyhow::Result<_>>()?;
    let reply = lockgate_tests::requests::produce(&mut wire, &Send::all(parts))?;
    for told in &reply {
        match told.partition {
            0 => told_written(told, 0)?,
            _ => told_to_retry(told)?,
        }
    }
    ensure!(reply.len() == 2, "{reply:?}");
    log_has(&scene, &topic, 0, &[CLEAN])?;
    log_has(&scene, &topic, 1, &[])?;
    scene.end()
}

/// Nothing is held past half of what the request says of its patience.
#[test]
fn the_wait_never_outlives_half_the_requests_patience() -> Outcome {
    let scene = Scene::with(|s| s.wait("15s"))?;
    let topic = scene.broker.topic("hold", 1)?;
    let parts = vec![Part::new(&topic, 0, Batch::values(&[CARD]).encode()?)];
    let asked = Instant::now();
    let send = Send {
        timeout_ms: 3_000,
        ..Send::all(parts)
    };
    let reply = lockgate_tests::requests::produce(&mut scene.wire()?, &send)?;
    told_to_retry(&reply[0])?;
    let took = asked.elapsed();
    ensure!(
        (1_000..2_500).contains(&took.as_millis()),
        "it took {took:?}"
    );
    scene.end()
}

#[test]
fn in_every_codec_and_in_key_value_and_header() -> Outcome {
    let scene = Scene::start()?;
    let reviewer = scene.reviewer()?;
    let mut wire = scene.wire()?;
    let places = [
        Record {
            key: Some(CARD.into()),
            ..Record::of(CLEAN)
        },
        Record {
            headers: vec![("card".into(), Some(OTHER_CARD.into()))],
            ..Record::of(CLEAN)
        },
        Record::of(CARD),
    ];
    for (i, codec) in CODECS.into_iter().enumerate() {
        let topic = scene.broker.topic("hold", 1)?;
        let record = places[i % places.len()].clone();
        let batch = Batch::of(vec![Record::of(CLEAN), record])
            .codec(codec)
            .encode()?;
        told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
        ensure!(
            scene.broker.end_offset(&topic, 0)? == 0,
            "{codec:?} landed unapproved"
        );
        reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
        told_written(&produce_one(&mut wire, &topic, 0, batch.clone())?, 0)?;
        let stored = scene.broker.batches(&topic, 0)?;
        let same = stored.len() == 1 && stored[0].kept() == &batch[16..];
        ensure!(same, "{codec:?}: what landed is not what was approved");
    }
    scene.end()
}
