//! Forms of producing that cannot simply wait: acks=0 and transactions.

use super::{log_has, told_no, told_to_retry, told_written};
use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, TopicName, TransactionalId,
};
use lockgate_tests::audit::await_entries;
use lockgate_tests::batch::Batch;
use lockgate_tests::requests::{
    self, Landed, Part, Send, code, landed, metadata, produce, produce_later, produce_one,
    producer_id,
};
use lockgate_tests::scene::{CARD, CLEAN, Scene};
use lockgate_tests::wait;
use lockgate_tests::wire::Wire;
use std::time::{Duration, Instant};

fn unanswered(topic: &str, value: &str) -> anyhow::Result<Send> {
    let parts = vec![Part::new(topic, 0, Batch::values(&[value]).encode()?)];
    Ok(Send {
        acks: 0,
        ..Send::all(parts)
    })
}

#[test]
fn acks_0_waits_beside_the_connection_and_lands_on_approval() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let _no_reply = produce_later(&mut wire, &unanswered(&topic, CARD)?)?;
    let hold = reviewer.await_pending(&topic)?;
    // Nobody waits for a reply, so nothing waits behind it.
    let asked = Instant::now();
    metadata(&mut wire, &[&topic])?;
    ensure!(
        asked.elapsed() < Duration::from_millis(900),
        "Metadata waited {:?}",
        asked.elapsed()
    );
    log_has(&scene, &topic, 0, &[])?;
    reviewer.approve(&hold.id)?;
    wait::until(
        "the approved record to land",
        Duration::from_secs(5),
        || (scene.broker.end_offset(&topic, 0).ok()? == 1).then_some(()),
    )?;
    log_has(&scene, &topic, 0, &[CARD])?;
    told_written(
        &produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?,
        1,
    )?;
    scene.end()
}

/// Clean ones pass it, and what is dropped when the client goes is in the audit.
#[test]
fn acks_0_is_not_gated_and_its_drop_is_audited() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let _no_reply = produce_later(&mut wire, &unanswered(&topic, CARD)?)?;
    let hold = reviewer.await_pending(&topic)?;
    let _no_reply = produce_later(&mut wire, &unanswered(&topic, CLEAN)?)?;
    wait::until(
        "the clean record to pass the held one",
        Duration::from_secs(5),
        || (scene.broker.end_offset(&topic, 0).ok()? == 1).then_some(()),
    )?;
    drop(wire);
    await_entries(&scene.gateway, &["dropped while held", &hold.id])?;
    log_has(&scene, &topic, 0, &[CLEAN])?;
    scene.end()
}

#[test]
fn acks_0_rejected_is_dropped() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let _no_reply = produce_later(&mut wire, &unanswered(&topic, CARD)?)?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.reject(&hold.id, "no")?;
    reviewer.await_state(&hold.id, "rejected")?;
    told_written(
        &produce_one(&mut wire, &topic, 0, Batch::values(&[CLEAN]).encode()?)?,
        0,
    )?;
    log_has(&scene, &topic, 0, &[CLEAN])?;
    scene.end()
}

/// One transaction of one producer, by hand.
struct Transaction {
    id: String,
    producer: i64,
    epoch: i16,
}

impl Transaction {
    fn begin(wire: &mut Wire, topic: &str) -> anyhow::Result<Transaction> {
        let id = lockgate_tests::names::unique("txn");
        requests::await_coordinator(wire, &id)?;
        let (producer, epoch) = producer_id(wire, Some(&id))?;
        let part = AddPartitionsToTxnTopic::default()
            .with_name(TopicName(requests::text(topic)))
            .with_partitions(vec![0]);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(requests::text(&id)))
            .with_v3_and_below_producer_id(producer.into())
            .with_v3_and_below_producer_epoch(epoch)
            .with_v3_and_below_topics(vec![part]);
        wait::until_ok(
            "the partition to join the transaction",
            Duration::from_secs(10),
            || {
                let told = wire.call(&request, 3)?;
                let parts = told
                    .results_by_topic_v3_and_below
                    .iter()
                    .flat_map(|t| &t.results_by_partition);
                let codes: Vec<i16> = parts.map(|p| p.partition_error_code).collect();
                ensure!(codes == [0], "AddPartitionsToTxn says {codes:?}");
                Ok(())
            },
        )?;
        Ok(Transaction {
            id,
            producer,
            epoch,
        })
    }

    fn send(&self, topic: &str, value: &str) -> anyhow::Result<Send> {
        let mut batch = Batch::values(&[value]).producer(self.producer, self.epoch, 0);
        batch.transactional = true;
        let parts = vec![Part::new(topic, 0, batch.encode()?)];
        Ok(Send {
            transactional_id: Some(self.id.clone()),
            ..Send::all(parts)
        })
    }

    fn end(&self, wire: &mut Wire, commit: bool) -> Outcome {
        let request = EndTxnRequest::default()
            .with_transactional_id(TransactionalId(requests::text(&self.id)))
            .with_producer_id(self.producer.into())
            .with_producer_epoch(self.epoch)
            .with_committed(commit);
        let told = wire.call(&request, 3)?;
        ensure!(told.error_code == 0, "EndTxn says {}", told.error_code);
        Ok(())
    }
}

#[test]
fn a_transaction_commits_what_was_approved() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let transaction = Transaction::begin(&mut wire, &topic)?;
    let owed = produce_later(&mut wire, &transaction.send(&topic, CARD)?)?;
    let hold = reviewer.await_pending(&topic)?;
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 0,
        "it landed unapproved"
    );
    reviewer.approve(&hold.id)?;
    told_written(&landed(&mut wire, owed)?[0], 0)?;
    transaction.end(&mut wire, true)?;
    ensure!(
        scene.broker.values(&topic, 0)? == [CARD],
        "the log has {:?}",
        scene.broker.values(&topic, 0)?
    );
    scene.end()
}

/// Past the longest hold of a transaction it is told no, aborts cleanly, and the approval that
/// comes later is there for the next one.
#[test]
fn a_transaction_is_told_no_in_time_to_abort() -> Outcome {
    let scene = Scene::start()?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let first = Transaction::begin(&mut wire, &topic)?;
    let send = first.send(&topic, CARD)?;
    let asked = Instant::now();
    let told = retried(&mut wire, &send, Duration::from_secs(30))?;
    told_no(&told, &[])?;
    ensure!(
        asked.elapsed() < Duration::from_secs(25),
        "it took {:?}",
        asked.elapsed()
    );
    first.end(&mut wire, false)?;
    ensure!(
        scene.broker.values(&topic, 0)?.is_empty(),
        "an aborted transaction left records"
    );
    reviewer.approve(&reviewer.await_pending(&topic)?.id)?;
    let second = Transaction::begin(&mut wire, &topic)?;
    let told = retried(
        &mut wire,
        &second.send(&topic, CARD)?,
        Duration::from_secs(10),
    )?;
    ensure!(told.code == code::NONE, "{told:?}");
    second.end(&mut wire, true)?;
    ensure!(
        scene.broker.values(&topic, 0)? == [CARD],
        "the log has {:?}",
        scene.broker.values(&topic, 0)?
    );
    scene.end()
}

fn retried(wire: &mut Wire, send: &Send, limit: Duration) -> anyhow::Result<Landed> {
    let end = Instant::now() + limit;
    loop {
        let told = produce(wire, send)?.pop().context("an empty reply")?;
        if told_to_retry(&told).is_err() || Instant::now() > end {
            return Ok(told);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
