//! Topics named by id (KIP-516): everything that holds of a topic's name holds of its id.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::fetch_request::FetchTopic;
use lockgate_tests::admin::Topic;
use lockgate_tests::batch::{self, Batch, CODECS};
use lockgate_tests::broker::NODE_ID;
use lockgate_tests::by_id::{self, Id};
use lockgate_tests::requests::{self, Landed, Part, Send, code, produce_one, producer_id};
use lockgate_tests::scene::{CARD, CLEAN, OTHER_CARD, SSN, SSN_DIGITS, SSN_KEPT, Scene};
use lockgate_tests::wire::Wire;
use lockgate_tests::{audit, login, names, wait};
use std::time::Duration;

/// The id of a topic, learnt past the gateway, so that the gateway has to find the name itself.
fn id_of(scene: &Scene, topic: &str) -> anyhow::Result<Id> {
    Id::of(&mut Wire::connect(&scene.broker.plain())?, topic)
}

fn codes(landed: &[Landed]) -> Vec<i16> {
    landed.iter().map(|landed| landed.code).collect()
}

fn is_masked(value: &str) -> bool {
    !value.contains(SSN_DIGITS) && value.contains(SSN_KEPT)
}

#[test]
fn a_produce_is_masked_for_every_codec() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let (id, mut wire) = (id_of(&scene, &topic)?, scene.wire()?);
    for (n, codec) in CODECS.into_iter().enumerate() {
        let batch = Batch::values(&[CLEAN, SSN]).codec(codec).encode()?;
        let landed = by_id::produce_one(&mut wire, id, 0, batch)?;
        ensure!(
            landed.code == code::NONE && landed.offset == 2 * n as i64,
            "{codec:?}: {landed:?}"
        );
    }
    let values = scene.broker.values(&topic, 0)?;
    ensure!(values.len() == 2 * CODECS.len(), "the log has {values:?}");
    for pair in values.chunks(2) {
        ensure!(pair[0] == CLEAN && is_masked(&pair[1]), "stored {pair:?}");
    }
    audit::await_entries(&scene.gateway, &["ssn-is-masked", &topic])?;
    scene.end()
}

#[test]
fn a_fetch_is_masked_in_every_version_and_only_for_whom_it_is_hidden_from() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let id = id_of(&scene, &topic)?;
    let mut direct = Wire::connect(&scene.broker.plain())?;
    for codec in CODECS {
        let batch = Batch::values(&[SSN]).codec(codec).encode()?;
        produce_one(&mut direct, &topic, 0, batch)?;
    }
    let stored = scene.broker.batches(&topic, 0)?;
    for version in by_id::FETCH {
        let mut analyst = scene.wire_as(&scene.target("ana", &["analysts"])?)?;
        let read = by_id::fetch_all(&mut analyst, id, 0, version)?;
        ensure!(read.len() == CODECS.len(), "{} batches", read.len());
        for batch in read {
            let value = batch.decode()?.records[0].text();
            ensure!(is_masked(&value), "v{version}: {value}");
        }
        let mut other = scene.wire_as(&scene.target("bob", &["staff"])?)?;
        let raw = by_id::fetch_all(&mut other, id, 0, version)?;
        let same = raw
            .iter()
            .map(|b| &b.bytes)
            .eq(stored.iter().map(|b| &b.bytes));
        ensure!(same, "v{version}: bob's bytes were changed");
    }
    scene.end()
}

/// An incremental fetch names nothing that has not changed; its replies name what has records.
#[test]
fn a_fetch_session_stays_whole() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 2)?;
    let id = id_of(&scene, &topic)?;
    let mut analyst = scene.wire_as(&scene.target("ana", &["analysts"])?)?;
    let mut request = by_id::fetch_request(id, 0, 0)?.with_session_epoch(0);
    let both = request.topics[0].partitions[0].clone().with_partition(1);
    request.topics[0].partitions.push(both);
    let full = analyst.call(&request, *by_id::FETCH.end())?;
    ensure!(full.session_id != 0, "no session: {full:?}");
    let named: Vec<_> = full.responses[0]
        .partitions
        .iter()
        .map(|part| (part.partition_index, part.error_code))
        .collect();
    ensure!(named == [(0, 0), (1, 0)], "a full reply names {named:?}");

    let mut direct = Wire::connect(&scene.broker.plain())?;
    produce_one(&mut direct, &topic, 1, Batch::values(&[SSN]).encode()?)?;
    request.session_id = full.session_id;
    request.session_epoch = 1;
    request.topics = Vec::<FetchTopic>::new();
    let next = wait::until_ok("the record to come", Duration::from_secs(10), || {
        let reply = analyst.call(&request, *by_id::FETCH.end())?;
        request.session_epoch += 1;
        ensure!(reply.error_code == 0, "the session says {reply:?}");
        by_id::only(&reply, id).cloned()
    })?;
    ensure!(next.partition_index == 1, "{next:?}");
    let read = batch::cut(next.records.unwrap_or_default())?;
    let value = read.first().context("no batch")?.decode()?.records[0].text();
    ensure!(is_masked(&value), "{value}");
    scene.end()
}

#[test]
fn a_held_batch_is_written_once_by_its_id() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let (id, mut wire) = (id_of(&scene, &topic)?, scene.wire()?);
    let card = Batch::values(&[CARD]).encode()?;
    let owed = by_id::produce_later(&mut wire, &Send::one(&topic, 0, card.clone()), &[id])?;
    let hold = reviewer.await_pending(&topic)?;
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 0,
        "it landed unapproved"
    );
    reviewer.approve(&hold.id)?;
    let landed = by_id::landed(&mut wire, owed)?;
    ensure!(
        codes(&landed) == [code::NONE] && landed[0].topic == format!("{id:?}"),
        "{landed:?}"
    );
    reviewer.await_state(&hold.id, "written")?;
    let again = by_id::produce_one(&mut wire, id, 0, card)?;
    ensure!(again.code == code::NONE && again.offset == 0, "{again:?}");
    let values = scene.broker.values(&topic, 0)?;
    ensure!(values == [CARD], "the log has {values:?}");
    scene.end()
}

/// The second follows the first's fate; it passes it in no case.
#[test]
fn a_partition_named_twice_keeps_its_order_behind_a_hold() -> Outcome {
    let scene = Scene::with(|s| s.wait("12s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let mut wire = scene.wire()?;
    let parts = |values: [&str; 2]| -> anyhow::Result<Send> {
        let part = |value| Ok(Part::new(&topic, 0, Batch::values(&[value]).encode()?));
        let parts: anyhow::Result<Vec<Part>> = values.into_iter().map(part).collect();
        Ok(Send::all(parts?))
    };
    let owed = requests::produce_later(&mut wire, &parts([CARD, CLEAN])?)?;
    let hold = reviewer.await_pending(&topic)?;
    ensure!(
        scene.broker.end_offset(&topic, 0)? == 0,
        "one passed the other"
    );
    reviewer.approve(&hold.id)?;
    let landed = requests::landed(&mut wire, owed)?;
    ensure!(codes(&landed) == [code::NONE; 2], "{landed:?}");
    let values = scene.broker.values(&topic, 0)?;
    ensure!(values == [CARD, CLEAN], "the log has {values:?}");

    let owed = requests::produce_later(&mut wire, &parts([OTHER_CARD, CLEAN])?)?;
    reviewer.reject(&reviewer.await_pending(&topic)?.id, "no")?;
    let landed = requests::landed(&mut wire, owed)?;
    let told = [code::POLICY_VIOLATION, code::NOT_LEADER_OR_FOLLOWER];
    ensure!(codes(&landed) == told, "{landed:?}");
    ensure!(scene.broker.end_offset(&topic, 0)? == 2, "something landed");
    scene.end()
}

#[test]
fn a_block_by_name_holds_for_the_id_and_leaves_the_others() -> Outcome {
    let scene = Scene::start()?;
    let (blocked, open) = (
        scene.broker.topic("block", 1)?,
        scene.broker.topic("plain", 1)?,
    );
    let ids = [id_of(&scene, &blocked)?, id_of(&scene, &open)?];
    let clean = Batch::values(&[CLEAN]).encode()?;
    let parts = [&blocked, &open].map(|topic| Part::new(topic, 0, clean.clone()));
    let landed = by_id::produce(&mut scene.wire()?, &Send::all(parts.to_vec()), &ids)?;
    ensure!(
        codes(&landed) == [code::POLICY_VIOLATION, code::NONE],
        "{landed:?}"
    );
    ensure!(
        landed[0].message.contains("nothing-goes-here"),
        "{landed:?}"
    );
    let named: Vec<_> = landed.iter().map(|l| l.topic.clone()).collect();
    ensure!(named == ids.map(|id| format!("{id:?}")), "{landed:?}");
    ensure!(scene.broker.end_offset(&blocked, 0)? == 0, "it landed");

    let secret = scene.broker.topic("secret", 1)?;
    let id = id_of(&scene, &secret)?;
    produce_one(
        &mut Wire::connect(&scene.broker.plain())?,
        &secret,
        0,
        clean,
    )?;
    let mut intern = scene.wire_as(&scene.target("ian", &["interns"])?)?;
    let reply = intern.call(&by_id::fetch_request(id, 0, 0)?, *by_id::FETCH.end())?;
    let part = by_id::only(&reply, id)?;
    let records = part.records.as_ref().map_or(0, bytes::Bytes::len);
    ensure!(
        (part.error_code, records) == (code::TOPIC_AUTHORIZATION_FAILED, 0),
        "{part:?}"
    );
    scene.end()
}

#[test]
fn an_id_that_nobody_knows_is_answered_alone() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let (known, nobodys) = (id_of(&scene, &topic)?, Id([0xab; 16]));
    let clean = Batch::values(&[CLEAN]).encode()?;
    let parts = [0, 0].map(|partition| Part::new(&topic, partition, clean.clone()));
    let mut wire = scene.wire()?;
    let landed = by_id::produce(&mut wire, &Send::all(parts.to_vec()), &[nobodys, known])?;
    ensure!(
        codes(&landed) == [code::UNKNOWN_TOPIC_ID, code::NONE],
        "{landed:?}"
    );
    let reply = wire.call(&by_id::fetch_request(nobodys, 0, 0)?, *by_id::FETCH.end())?;
    let part = by_id::only(&reply, nobodys)?;
    ensure!(part.error_code == code::UNKNOWN_TOPIC_ID, "{part:?}");
    let read = by_id::fetch_all(&mut wire, known, 0, *by_id::FETCH.end())?;
    ensure!(read.len() == 1, "{} batches", read.len());
    scene.end()
}

/// What was held for a topic is not written to the one that took its name.
#[test]
fn a_topic_made_again_does_not_get_what_its_forerunner_was_sent() -> Outcome {
    let scene = Scene::with(|s| s.wait("14s"))?;
    let (topic, reviewer) = (scene.broker.topic("hold", 1)?, scene.reviewer()?);
    let (id, mut wire) = (id_of(&scene, &topic)?, scene.wire()?);
    let send = Send::one(&topic, 0, Batch::values(&[CARD]).encode()?);
    let owed = by_id::produce_later(&mut wire, &send, &[id])?;
    let hold = reviewer.await_pending(&topic)?;
    let admin = scene.broker.admin();
    admin.delete_topic(&topic)?;
    admin.create_named(&topic, &Topic::on(&[&[NODE_ID]]))?;
    ensure!(id_of(&scene, &topic)? != id, "it has its forerunner's id");
    reviewer.approve(&hold.id)?;
    let landed = by_id::landed(&mut wire, owed)?;
    ensure!(codes(&landed) == [code::UNKNOWN_TOPIC_ID], "{landed:?}");
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it was written");
    reviewer.await_state(&hold.id, "approved")?;
    scene.end()
}

#[test]
fn many_blocked_topics_in_one_request_leave_a_bounded_audit() -> Outcome {
    const NAMED: i32 = 3_000;
    let scene = Scene::start()?;
    let topic = names::unique("block-many");
    let clean = Batch::values(&[CLEAN]).encode()?;
    let parts = (0..NAMED).map(|partition| Part::new(&topic, partition, clean.clone()));
    let landed = requests::produce(&mut scene.wire()?, &Send::all(parts.collect()))?;
    let blocked = landed.iter().filter(|l| l.code == code::POLICY_VIOLATION);
    ensure!(blocked.count() == NAMED as usize, "not all are blocked");
    audit::await_entries(
        &scene.gateway,
        &["more topic-partitions", "nothing-goes-here"],
    )?;
    let entries = audit::entries(&scene.gateway.audit_dir())?;
    let own = entries.iter().filter(|e| audit::mentions(e, &[&topic]));
    let own = own.count();
    ensure!((1..NAMED as usize / 2).contains(&own), "{own} entries");
    let said = format!("{} more topic-partitions", NAMED as usize - own);
    let summed = entries.iter().filter(|e| audit::mentions(e, &[&said]));
    ensure!(summed.count() == 1, "nobody counts the rest");
    scene.end()
}

/// The partition joins with the Produce itself (KIP-890); each end gives the next its own epoch.
#[test]
fn transactions_of_the_second_protocol_commit_and_abort() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("mask", 1)?;
    let transaction = names::unique("txn");
    let mut wire = login::connect(&scene.producer()?)?;
    let id = id_of(&scene, &topic)?;
    requests::await_coordinator(&mut wire, &transaction)?;
    let mut producer = producer_id(&mut wire, Some(&transaction))?;
    for (value, commit) in [(SSN, true), (CLEAN, false), (CLEAN, true)] {
        let mut batch = Batch::values(&[value]).producer(producer.0, producer.1, 0);
        batch.transactional = true;
        let send = Send {
            transactional_id: Some(transaction.clone()),
            ..Send::one(&topic, 0, batch.encode()?)
        };
        wait::until_ok("the transaction to begin", Duration::from_secs(15), || {
            let landed = by_id::produce(&mut wire, &send, &[id])?;
            ensure!(codes(&landed) == [code::NONE], "{landed:?}");
            Ok(())
        })?;
        let next = by_id::end_transaction(&mut wire, &transaction, producer, commit)?;
        ensure!(next != producer && next.0 >= 0, "no new epoch: {next:?}");
        producer = next;
    }
    let mut committed = by_id::fetch_request(id, 0, 0)?.with_isolation_level(1);
    committed.max_bytes = 1 << 20;
    let reply = wire.call(&committed, *by_id::FETCH.end())?;
    let part = by_id::only(&reply, id)?;
    let aborted = part.aborted_transactions.clone().unwrap_or_default();
    ensure!(aborted.len() == 1, "aborted are {aborted:?}");
    let values = scene.broker.values(&topic, 0)?;
    ensure!(
        is_masked(&values[0]) && values[1..] == [CLEAN, CLEAN],
        "the log has {values:?}"
    );
    scene.end()
}
