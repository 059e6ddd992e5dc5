//! Three brokers behind one gateway: all are served under its names, and what happens to them is
//! followed.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::{DescribeClusterRequest, FindCoordinatorRequest};
use lockgate_tests::admin::{Admin, Topic};
use lockgate_tests::batch::Batch;
use lockgate_tests::clients::steady::{Steady, Told};
use lockgate_tests::clients::{Client, Consume, Produce};
use lockgate_tests::cluster::{BROKERS, LATECOMER};
use lockgate_tests::cluster_scene::ClusterScene;
use lockgate_tests::requests::{self, code, fetch_all, metadata, produce_one, produce_retrying};
use lockgate_tests::scene::{CARD, CLEAN, SSN, SSN_DIGITS};
use lockgate_tests::wire::Wire;
use lockgate_tests::{login, names};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn every_broker_is_shown_under_the_gateways_names_and_nothing_else() -> Outcome {
    let scene = ClusterScene::shared()?;
    let mut wire = scene.wire()?;
    let first = i32::from(scene.gateway.ports.brokers);
    let ours = |id: i32, host: &str, port: i32| {
        ensure!(
            host == "127.0.0.1" && port == first + id,
            "broker {id} is at {host}:{port}"
        );
        Ok(id)
    };
    let shown = metadata(&mut wire, &[])?;
    let brokers = shown.brokers.iter();
    let ids = brokers.map(|b| ours(b.node_id.0, &b.host, b.port));
    let mut ids = ids.collect::<anyhow::Result<Vec<i32>>>()?;
    ids.sort_unstable();
    ensure!(ids == BROKERS, "Metadata shows {ids:?}");

    let shown = wire.call(&DescribeClusterRequest::default(), 0)?;
    let brokers = shown.brokers.iter();
    let ids = brokers.map(|b| ours(b.broker_id.0, &b.host, b.port));
    let mut ids = ids.collect::<anyhow::Result<Vec<i32>>>()?;
    ids.sort_unstable();
    ensure!(ids == BROKERS, "DescribeCluster shows {ids:?}");

    for _ in 0..8 {
        let group = requests::text(&names::unique("group"));
        let asked = FindCoordinatorRequest::default().with_coordinator_keys(vec![group]);
        let told = wire.call(&asked, 4)?;
        let one = told.coordinators.first().context("no coordinator")?;
        if one.error_code == 0 {
            ours(one.node_id.0, &one.host, one.port)?;
        }
    }
    scene.end()
}

#[test]
fn each_partition_is_served_by_the_port_of_its_leader_and_by_no_other() -> Outcome {
    let scene = ClusterScene::shared()?;
    let topic = scene.cluster.topic("plain", 3)?;
    for (partition, leader) in (0..).zip(BROKERS) {
        for broker in BROKERS {
            let mut wire = scene.wire_to(broker)?;
            let value = format!("{partition} by {broker}");
            let batch = Batch::values(&[&value]).encode()?;
            let landed = produce_one(&mut wire, &topic, partition, batch)?;
            let wanted = match broker == leader {
                true => code::NONE,
                false => code::NOT_LEADER_OR_FOLLOWER,
            };
            ensure!(landed.code == wanted, "broker {broker} says {landed:?}");
            // Kafka serves a Fetch from every replica (KIP-392), once it has the record.
            lockgate_tests::wait::until_ok("a Fetch of it", PATIENCE, || {
                let fetched = fetch_all(&mut wire, &topic, partition)?;
                let batches = fetched.map_err(|code| anyhow::anyhow!("Fetch says {code}"))?;
                ensure!(broker < leader || batches.len() == 1, "{batches:?}");
                Ok(())
            })?;
        }
        let values = scene.cluster.admin().values(&topic, partition)?;
        ensure!(values == [format!("{partition} by {leader}")], "{values:?}");
    }
    scene.end()
}

#[test]
fn stock_clients_find_every_leader_and_coordinator() -> Outcome {
    let scene = ClusterScene::shared()?;
    let target = scene.producer()?;
    let lines: Vec<String> = (0..60).map(|n| format!("line {n}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for client in [Client::Confluent, Client::Kafkajs] {
        let topic = scene.cluster.topic("plain", 6)?;
        // One line a request: they spread over the partitions, and so over the brokers.
        for chunk in lines.chunks(20) {
            let report = client.produce(&target, &Produce::new(&topic, chunk))?;
            ensure!(report.clean, "{client:?}: {}", report.said);
        }
        let consume = Consume::new(&topic, lines.len()).patience(PATIENCE);
        let (mut values, errors) = client.consume(&target, &consume)?;
        let mut wanted = lines.clone();
        values.sort();
        wanted.sort_unstable();
        ensure!(values == wanted, "{client:?} read {values:?}: {errors}");
    }
    scene.end()
}

/// The log of each partition is what was acknowledged, in that order.
fn log_is_what_was_acked(admin: &Admin, topic: &str, told: &Told) -> Outcome {
    ensure!(told.errors.is_empty(), "{topic}: {:?}", told.errors);
    for (partition, acked) in &told.acked {
        let log = admin.values(topic, *partition)?;
        let differs = log.iter().zip(acked).position(|(a, b)| a != b);
        ensure!(
            log == *acked,
            "{topic}/{partition}: {} acknowledged, {} in the log, the first difference at {differs:?}",
            acked.len(),
            log.len()
        );
    }
    Ok(())
}

#[test]
fn leaders_move_while_idempotent_producers_send() -> Outcome {
    let scene = ClusterScene::shared()?;
    let target = scene.producer()?;
    let (java, python) = (
        scene.cluster.topic("plain", 3)?,
        scene.cluster.topic("plain", 3)?,
    );
    let steady = [
        Steady::java(&target, &java, 3)?,
        Steady::confluent(&target, &python, 3)?,
    ];
    for leader in [2, 3, 1] {
        for topic in [&java, &python] {
            for partition in 0..3 {
                scene.cluster.move_leader(topic, partition, leader)?;
            }
        }
    }
    for (topic, steady) in [&java, &python].into_iter().zip(steady) {
        log_is_what_was_acked(&scene.cluster.admin(), topic, &steady.stop()?)?;
    }
    scene.end()
}

#[test]
fn a_broker_is_killed_under_its_clients_and_comes_back() -> Outcome {
    let scene = ClusterScene::alone()?;
    let target = scene.producer()?;
    let topic = scene.cluster.topic("plain", 3)?;
    let steady = Steady::java(&target, &topic, 3)?;

    // A request is under way at a broker that answers no more, and then is no more.
    let alone = Topic::on(&[&[3]]);
    let alone = scene.cluster.admin().create("plain", &alone)?;
    let pair = Topic::on(&[&[2, 3]]).with("min.insync.replicas", "2");
    let pair = scene.cluster.admin().create("plain", &pair)?;
    let mut wire = scene.wire_to(3)?;
    metadata(&mut wire, &[])?;
    scene.cluster.freeze(3)?;
    let send = requests::Send::one(&alone, 0, Batch::values(&["perhaps"]).encode()?);
    let owed = requests::produce_later(&mut wire, &send)?;
    if !wire.silent_for(Duration::from_millis(500))? {
        let told = requests::landed(&mut wire, owed);
        anyhow::bail!("a frozen broker was answered for: {told:?}");
    }
    scene.cluster.kill9(3)?;
    ensure!(
        wire.closed_within(Duration::from_secs(10))?,
        "the client is kept on a dead broker"
    );
    scene.cluster.await_brokers(&[1, 2])?;
    scene.await_shown(&[1, 2])?;
    // What the remaining replica says of a write that too few would have.
    let lonely = Batch::values(&[CLEAN]).encode()?;
    let through = produce_one(&mut scene.wire_to(2)?, &pair, 0, lonely.clone())?;
    let mut direct = Wire::connect(&scene.cluster.address(2)?)?;
    let direct = produce_one(&mut direct, &pair, 0, lonely)?;
    ensure!(
        through == direct && direct.code == code::NOT_ENOUGH_REPLICAS,
        "{direct:?}, but through the gateway {through:?}"
    );
    scene.cluster.start(3)?;
    scene.await_shown(&BROKERS)?;
    scene.cluster.move_leader(&topic, 0, 3)?;
    log_is_what_was_acked(&scene.cluster.admin(), &topic, &steady.stop()?)?;

    let mut wire = scene.wire_to(3)?;
    let batch = Batch::values(&["again"]).encode()?;
    let landed = produce_retrying(&mut wire, &alone, &batch, PATIENCE)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    let values = scene.cluster.admin().values(&alone, 0)?;
    ensure!(
        [&["again"][..], &["perhaps", "again"]]
            .iter()
            .any(|w| values == **w),
        "{values:?}"
    );
    scene.end()
}

#[test]
fn a_fourth_broker_joins_and_leaves() -> Outcome {
    let scene = ClusterScene::alone()?;
    scene.await_shown(&BROKERS)?;
    scene.cluster.start(LATECOMER)?;
    let joined = Instant::now();
    scene.await_shown(&[1, 2, 3, LATECOMER])?;
    println!(
        "a broker that joined was followed in {:?}",
        joined.elapsed()
    );
    let topic = scene
        .cluster
        .admin()
        .create("plain", &Topic::on(&[&[LATECOMER, 1]]))?;
    let batch = Batch::values(&[CLEAN]).encode()?;
    let landed = produce_one(&mut scene.wire_to(LATECOMER)?, &topic, 0, batch)?;
    ensure!(landed.code == code::NONE, "{landed:?}");

    let port = scene.gateway.ports.brokers + LATECOMER as u16;
    let mut open = scene.wire_to(LATECOMER)?;
    scene.cluster.stop(LATECOMER)?;
    let left = Instant::now();
    scene.await_shown(&BROKERS)?;
    println!("a broker that left was followed in {:?}", left.elapsed());
    ensure!(
        open.closed_within(Duration::from_secs(10))?,
        "the client is kept on a broker that left"
    );
    let gone = scene.producer()?.at(&format!("127.0.0.1:{port}"));
    let served = login::connect(&gone).and_then(|mut wire| metadata(&mut wire, &[]));
    ensure!(served.is_err(), "the port of a broker that left is served");
    scene.end()
}

/// The reply is withheld, the leader moves, and only then somebody approves: the old leader refuses
/// the release, so the approval is not spent, and the client's next try at the new leader lands.
#[test]
fn the_leader_moves_while_a_reply_is_withheld() -> Outcome {
    let cluster = lockgate_tests::cluster::Cluster::shared()?;
    let scene = ClusterScene::before(cluster, |s| s.wait("10s"))?;
    let topic = scene.cluster.topic("hold", 1)?;
    let reviewer = scene.reviewer()?;
    let card = Batch::values(&[CARD]).encode()?;
    let mut old = scene.wire_to(1)?;
    let send = requests::Send::one(&topic, 0, card.clone());
    let owed = requests::produce_later(&mut old, &send)?;
    let hold = reviewer.await_pending(&topic)?;
    scene.cluster.move_leader(&topic, 0, 2)?;
    reviewer.approve(&hold.id)?;
    let told = requests::landed(&mut old, owed)?;
    ensure!(told[0].code == code::NOT_LEADER_OR_FOLLOWER, "{told:?}");
    lands_once_at_the_new_leader(&scene, &topic, &card)
}

/// The wait is over before the leader moves; the approval comes between two tries.
#[test]
fn the_leader_moves_between_two_tries_of_a_held_batch() -> Outcome {
    let scene = ClusterScene::shared()?;
    let topic = scene.cluster.topic("hold", 1)?;
    let reviewer = scene.reviewer()?;
    let card = Batch::values(&[CARD]).encode()?;
    let told = produce_one(&mut scene.wire_to(1)?, &topic, 0, card.clone())?;
    ensure!(told.code == code::NOT_LEADER_OR_FOLLOWER, "{told:?}");
    scene.cluster.move_leader(&topic, 0, 3)?;
    let told = produce_one(&mut scene.wire_to(3)?, &topic, 0, card.clone())?;
    ensure!(told.code == code::NOT_LEADER_OR_FOLLOWER, "{told:?}");
    let pending = reviewer.pending(&topic)?;
    ensure!(
        pending.len() == 1,
        "the second try is another hold: {pending:?}"
    );
    reviewer.approve(&pending[0].id)?;
    lands_once_at_the_new_leader(&scene, &topic, &card)
}

fn lands_once_at_the_new_leader(
    scene: &ClusterScene<lockgate_tests::cluster::Shared>,
    topic: &str,
    card: &bytes::Bytes,
) -> Outcome {
    let mut wire = scene.wire_to_leader(topic, 0)?;
    for _ in 0..2 {
        let landed = produce_retrying(&mut wire, topic, card, PATIENCE)?;
        ensure!(landed.code == code::NONE, "{landed:?}");
    }
    let values = scene.cluster.admin().values(topic, 0)?;
    ensure!(values == [CARD], "the log has {values:?}");
    scene.end()
}

/// Its id changes, and clients that name topics by id go on under the new one.
#[test]
fn a_topic_is_deleted_and_made_again_while_a_client_sends() -> Outcome {
    let scene = ClusterScene::shared()?;
    let topic = scene.cluster.topic("mask", 3)?;
    let steady = Steady::java(&scene.producer()?, &topic, 3)?;
    scene.cluster.recreate_topic(&topic)?;
    let admin = scene.cluster.admin();
    for partition in 0..3 {
        lockgate_tests::wait::until("records in the new topic", PATIENCE, || {
            (admin.end_offset(&topic, partition).ok()? > 20).then_some(())
        })?;
    }
    let told = steady.stop()?;
    ensure!(told.errors.is_empty(), "{:?}", told.errors);
    for (partition, acked) in &told.acked {
        let log = admin.values(&topic, *partition)?;
        ensure!(
            !log.is_empty() && acked.ends_with(&log),
            "{partition}: the log of the new topic is not the end of what was acknowledged"
        );
    }
    // The rules of its name hold for the new topic too.
    let masked = Batch::values(&[SSN]).encode()?;
    let landed = produce_one(&mut scene.wire_to_leader(&topic, 0)?, &topic, 0, masked)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    let last = admin.values(&topic, 0)?.pop().context("nothing there")?;
    ensure!(
        last.contains("Ann") && !last.contains(SSN_DIGITS),
        "the number was not masked: {last}"
    );
    scene.end()
}
