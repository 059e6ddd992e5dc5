//! kill −9 and a restart on the same directories: nothing lost, nothing released.

use super::{log_has, told_no, told_to_retry, told_written};
use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::Batch;
use lockgate_tests::requests::{Send, produce_later, produce_one, produce_retrying, producer_id};
use lockgate_tests::scene::{CARD, CLEAN, Scene};
use std::time::Duration;

#[test]
fn with_a_hold_pending() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let batch = Batch::values(&[CARD]).encode()?;
    let mut wire = scene.wire()?;
    produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?;
    let _never = produce_later(&mut wire, &Send::one(&topic, 0, batch.clone()))?;
    let hold = reviewer.await_pending(&topic)?;
    scene.gateway.kill9();
    scene.gateway.restart()?;
    log_has(&scene, &topic, 0, &[CLEAN])?;
    let again = reviewer.await_pending(&topic)?;
    ensure!(again.id == hold.id, "{} became {}", hold.id, again.id);
    reviewer.approve(&hold.id)?;
    log_has(&scene, &topic, 0, &[CLEAN])?;
    for _ in 0..2 {
        told_written(
            &produce_retrying(&mut scene.wire()?, &topic, &batch, Duration::from_secs(5))?,
            1,
        )?;
    }
    log_has(&scene, &topic, 0, &[CLEAN, CARD])?;
    scene.end()
}

#[test]
fn approved_and_not_yet_sent_again() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let batch = Batch::values(&[CARD])
        .producer(producer, epoch, 0)
        .encode()?;
    told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    scene.gateway.kill9();
    scene.gateway.restart()?;
    told_written(
        &produce_retrying(&mut scene.wire()?, &topic, &batch, Duration::from_secs(5))?,
        0,
    )?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn after_it_was_written() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut wire, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.approve(&hold.id)?;
    told_written(&produce_one(&mut wire, &topic, 0, batch.clone())?, 0)?;
    reviewer.await_state(&hold.id, "written")?;
    scene.gateway.kill9();
    scene.gateway.restart()?;
    // Without a producer id only the gateway's memory keeps this send from landing twice.
    told_written(&produce_one(&mut scene.wire()?, &topic, 0, batch)?, 0)?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}

#[test]
fn rejected_stays_rejected() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut scene.wire()?, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.reject(&hold.id, "never")?;
    scene.gateway.kill9();
    scene.gateway.restart()?;
    told_no(
        &produce_one(&mut scene.wire()?, &topic, 0, batch)?,
        &[&hold.id, "never"],
    )?;
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

/// A deadline that passes while nobody runs has passed.
#[test]
fn the_deadline_passes_while_it_is_down() -> Outcome {
    let scene = Scene::with(|s| s.within("3s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut scene.wire()?, &topic, 0, batch.clone())?)?;
    let hold = reviewer.await_pending(&topic)?;
    scene.gateway.kill9();
    std::thread::sleep(Duration::from_secs(3));
    scene.gateway.restart()?;
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

/// SIGTERM ends in order: clients with a withheld reply are told to try again, the exit is 0.
#[test]
fn stopped_in_order_with_a_hold_pending() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let batch = Batch::values(&[CARD]).encode()?;
    let mut wire = scene.wire()?;
    let _owed = produce_later(&mut wire, &Send::one(&topic, 0, batch.clone()))?;
    let hold = reviewer.await_pending(&topic)?;
    let status = scene.gateway.stop()?;
    ensure!(status.success(), "it ended with {status}");
    scene.gateway.restart()?;
    reviewer.approve(&hold.id)?;
    told_written(
        &produce_retrying(&mut scene.wire()?, &topic, &batch, Duration::from_secs(5))?,
        0,
    )?;
    log_has(&scene, &topic, 0, &[CARD])?;
    scene.end()
}
