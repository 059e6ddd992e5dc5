//! Several listeners of a cluster, and several clusters, in one gateway.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::admin::Topic;
use lockgate_tests::batch::Batch;
use lockgate_tests::cluster::{BROKERS, Cluster};
use lockgate_tests::login;
use lockgate_tests::names;
use lockgate_tests::ports;
use lockgate_tests::requests::{code, metadata, produce_one};
use lockgate_tests::scene::{CARD, CLEAN, Scene};
use lockgate_tests::target::Target;
use std::collections::BTreeSet;

/// Ports for one more listener: its own, and node ids 0 to 5.
const PORTS: u16 = 7;

/// Who a listener says the brokers are.
fn told(target: &Target) -> anyhow::Result<BTreeSet<(i32, String, i32)>> {
    let told = metadata(&mut login::connect(target)?, &[])?;
    let brokers = told.brokers.iter();
    Ok(brokers
        .map(|b| (b.node_id.0, b.host.to_string(), b.port))
        .collect())
}

#[test]
fn each_listener_tells_its_own_names_and_serves() -> Outcome {
    let port = ports::block(PORTS)?;
    let (first, last) = (port + 1, port + PORTS - 1);
    let line = format!(
        "outside: {{address: \"127.0.0.1:{port}\", advertise: gw.outside.example, \
         broker_ports: {first}-{last}, advertised_ports: 7001-7006, sasl: oidc}}"
    );
    let scene = Scene::with(|s| s.another_listener(line))?;
    let inside = told(&scene.producer()?)?;
    ensure!(
        inside.iter().all(|(_, host, _)| host == "127.0.0.1"),
        "{inside:?}"
    );
    let at = |port: u16| scene.producer().map(|t| t.at(&format!("127.0.0.1:{port}")));
    let outside = told(&at(port)?)?;
    let ids: Vec<i32> = inside.iter().map(|(id, ..)| *id).collect();
    let want = ids
        .iter()
        .map(|id| (*id, "gw.outside.example".to_owned(), 7001 + id));
    ensure!(outside == want.collect(), "{outside:?}");

    // What it says is 7001 + id it serves on its own first + id.
    let topic = scene.broker.topic("plain", 1)?;
    let broker = first + u16::try_from(*ids.first().context("no broker")?)?;
    let mut wire = login::connect(&at(broker)?)?;
    let batch = Batch::values(&[CLEAN]).encode()?;
    let landed = produce_one(&mut wire, &topic, 0, batch)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(
        scene.broker.values(&topic, 0)? == [CLEAN],
        "it did not land"
    );
    scene.end()
}

#[test]
fn what_is_approved_for_one_cluster_is_not_for_another() -> Outcome {
    let cluster = Cluster::shared()?;
    let port = ports::block(PORTS)?;
    let (first, last) = (port + 1, port + PORTS - 1);
    let bootstrap = cluster.bootstrap().join("\", \"");
    let line = format!(
        "other: {{bootstrap: [\"{bootstrap}\"], listeners: {{default: {{address: \
         \"127.0.0.1:{port}\", broker_ports: {first}-{last}, sasl: oidc}}}}}}"
    );
    let scene = Scene::with(|s| s.another_cluster(line))?;
    let at = |port: u16| scene.producer().map(|t| t.at(&format!("127.0.0.1:{port}")));
    let others = told(&at(port)?)?;
    let want = BROKERS.map(|id| (id, "127.0.0.1".to_owned(), i32::from(first) + id));
    ensure!(others == BTreeSet::from(want), "{others:?}");

    // The same topic, the same records, the same person, in both clusters.
    let topic = names::unique("hold");
    scene.broker.make(&topic, 1)?;
    let leader = BROKERS[0];
    let there = Topic {
        replicas: vec![vec![leader]],
        ..Topic::default()
    };
    cluster.admin().create_named(&topic, &there)?;
    let batch = Batch::values(&[CARD]).encode()?;
    let mut here = scene.wire()?;
    let mut other = login::connect(&at(first + u16::try_from(leader)?)?)?;
    let waits = produce_one(&mut here, &topic, 0, batch.clone())?;
    ensure!(waits.code == code::NOT_LEADER_OR_FOLLOWER, "{waits:?}");
    let reviewer = scene.reviewer()?;
    let hold = reviewer.await_pending(&topic)?;
    reviewer.approve(&hold.id)?;
    let waits = produce_one(&mut other, &topic, 0, batch.clone())?;
    ensure!(
        waits.code == code::NOT_LEADER_OR_FOLLOWER,
        "an approval for another cluster let it through: {waits:?}"
    );
    let second = reviewer.await_pending(&topic)?;
    ensure!(second.id != hold.id, "one hold for two clusters");
    let landed = produce_one(&mut here, &topic, 0, batch)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(cluster.admin().values(&topic, 0)?.is_empty(), "it landed");
    ensure!(scene.broker.values(&topic, 0)? == [CARD], "it did not land");
    scene.end()
}
