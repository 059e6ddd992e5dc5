//! No address of a real broker or controller is in any byte that a client receives, whatever it asks.
//!
//! Every connection of every client runs through a tap. `addresses` does the same with one broker
//! and looks at hosts; this is three of them, leaders that move, and an administrator who asks for
//! everything.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeQuorumRequest};
use lockgate_tests::clients::steady::Steady;
use lockgate_tests::clients::{Client, Consume, Produce, java};
use lockgate_tests::cluster::Cluster;
use lockgate_tests::cluster_scene::ClusterScene;
use lockgate_tests::requests::{metadata, text};
use lockgate_tests::tap::{TAPPED, Tap, Taps, leaks, no_leak};
use lockgate_tests::wire::Wire;
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// In Kafka's numbering of configurations: a broker's.
const BROKER: i8 = 4;

#[test]
fn of_what_clients_of_three_brokers_receive() -> Outcome {
    let scene = ClusterScene::before(Cluster::shared()?, |s| s.advertise(TAPPED))?;
    let taps = Taps::before(&scene.gateway)?;
    let target = taps.target(&scene.gateway, &scene.producer()?);
    let topic = scene.cluster.topic("plain", 3)?;
    // Leaders move under a Java producer: its answers carry hints at where they went (KIP-951).
    let steady = Steady::java(&target, &topic, 3)?;
    for (partition, leader) in [(0, 2), (1, 3), (2, 1)] {
        scene.cluster.move_leader(&topic, partition, leader)?;
    }
    let told = steady.stop()?;
    ensure!(told.errors.is_empty(), "{:?}", told.errors);

    let group = lockgate_tests::names::unique("group");
    let own = scene.cluster.topic("plain", 3)?;
    for client in [Client::Kcat, Client::Confluent, Client::Kafkajs] {
        let report = client.produce(&target, &Produce::new(&own, &["tapped"]))?;
        ensure!(report.clean, "{client:?}: {}", report.said);
    }
    let consume = Consume::new(&own, 3).group(&group).patience(PATIENCE);
    let (values, errors) = Client::Confluent.consume(&target, &consume)?;
    ensure!(values.len() == 3, "read {values:?}: {errors}");

    let job = json!({"config": java::config(&target), "topic": topic, "group": group});
    println!("{:?}", java::run("Look", &job, PATIENCE)?);
    no_leak(&taps.captured(), &scene.cluster.addresses())?;
    scene.end()
}

/// The same eyes on connections to the brokers themselves see every form of address.
#[test]
fn a_direct_connection_does_leak_and_the_check_sees_it() -> Outcome {
    let cluster = Cluster::shared()?;
    let addresses = cluster.addresses();
    let tap = Tap::before(&cluster.address(1)?)?;
    let found = |wanted: &str| {
        let found = leaks(&tap.captured(), &addresses);
        ensure!(
            found.iter().any(|leak| leak.contains(wanted)),
            "no leak as {wanted} among {found:?}"
        );
        Ok(())
    };
    let mut wire = Wire::connect(&tap.address)?;
    ensure!(leaks(&tap.captured(), &addresses).is_empty(), "ghosts");
    metadata(&mut wire, &[])?;
    found("32 bits")?;

    let quorum = TopicData::default()
        .with_topic_name(TopicName(text("__cluster_metadata")))
        .with_partitions(vec![PartitionData::default()]);
    let told = wire.call(
        &DescribeQuorumRequest::default().with_topics(vec![quorum]),
        2,
    )?;
    ensure!(
        told.error_code == 0,
        "DescribeQuorum says {}",
        told.error_code
    );
    found("16 bits")?;

    let broker = DescribeConfigsResource::default()
        .with_resource_type(BROKER)
        .with_resource_name(text("1"))
        .with_configuration_keys(None);
    let told = wire.call(
        &DescribeConfigsRequest::default().with_resources(vec![broker]),
        4,
    )?;
    let one = told.results.first().context("no answer")?;
    ensure!(
        one.error_code == 0,
        "DescribeConfigs says {}",
        one.error_code
    );
    found("text")?;
    Ok(())
}
