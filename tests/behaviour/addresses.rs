//! Nothing that clients receive holds the address of a real broker.
//!
//! The gateway tells clients another host, where taps listen on its own port numbers; so every byte
//! of every connection of an unchanged client runs through a tap.

use crate::Outcome;
use anyhow::ensure;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::{
    DescribeClusterRequest, DescribeConfigsRequest, DescribeQuorumRequest, FindCoordinatorRequest,
    TopicName, describe_quorum_request,
};
use lockgate_tests::broker::{ADVERTISED_HOST, NODE_ID};
use lockgate_tests::clients::{CLIENTS, Consume, Produce};
use lockgate_tests::login;
use lockgate_tests::requests::{self, metadata};
use lockgate_tests::scene::Scene;
use lockgate_tests::tap::{TAPPED, Taps, no_leak, strange_addresses};
use lockgate_tests::target::Target;

struct Tapped {
    scene: Scene,
    taps: Taps,
}

impl Tapped {
    fn start() -> anyhow::Result<Tapped> {
        let scene = Scene::with(|s| s.advertise(TAPPED))?;
        let taps = Taps::before(&scene.gateway)?;
        Ok(Tapped { scene, taps })
    }

    fn target(&self) -> anyhow::Result<Target> {
        Ok(self
            .taps
            .target(&self.scene.gateway, &self.scene.producer()?))
    }

    fn check(&self) -> Outcome {
        let mine = self.scene.gateway.ports.for_clients();
        let captured = self.taps.captured();
        no_leak(&captured, &self.scene.broker.addresses())?;
        for heard in &captured {
            for host in [ADVERTISED_HOST, "127.0.0.1"] {
                let named = heard
                    .windows(host.len())
                    .filter(|w| *w == host.as_bytes())
                    .count();
                ensure!(named == 0, "clients were told of {host} {named} times");
            }
            let strange = strange_addresses(heard, TAPPED, &mine);
            ensure!(
                strange.is_empty(),
                "clients were told of ports {strange:?}, ours are {mine:?}"
            );
        }
        Ok(())
    }
}

#[test]
fn of_what_stock_clients_receive() -> Outcome {
    let tapped = Tapped::start()?;
    let target = tapped.target()?;
    for client in CLIENTS {
        let topic = tapped.scene.broker.topic("plain", 2)?;
        let report = client.produce(&target, &Produce::new(&topic, &["tapped"]))?;
        ensure!(report.clean, "{client:?}: {}", report.said);
        let (values, errors) = client.consume(&target, &Consume::new(&topic, 1))?;
        ensure!(values == ["tapped"], "{client:?} read {values:?}: {errors}");
    }
    tapped.check()?;
    tapped.scene.end()
}

/// Every setting of the broker that clients reach first.
fn broker_settings() -> DescribeConfigsRequest {
    let broker = DescribeConfigsResource::default()
        .with_resource_type(4)
        .with_resource_name(requests::text(&NODE_ID.to_string()))
        .with_configuration_keys(None);
    DescribeConfigsRequest::default()
        .with_resources(vec![broker])
        .with_include_synonyms(true)
}

/// How far the quorum is with its own log.
fn quorum() -> DescribeQuorumRequest {
    let partition = describe_quorum_request::PartitionData::default();
    let topic = describe_quorum_request::TopicData::default()
        .with_topic_name(TopicName(requests::text("__cluster_metadata")))
        .with_partitions(vec![partition]);
    DescribeQuorumRequest::default().with_topics(vec![topic])
}

#[test]
fn in_what_admin_clients_ask_of_brokers_and_controllers() -> Outcome {
    let tapped = Tapped::start()?;
    let mut wire = login::connect(&tapped.target()?)?;
    for version in 1..=4 {
        let told = wire.call(&broker_settings(), version)?;
        let all: Vec<_> = told.results.iter().flat_map(|r| &r.configs).collect();
        let value = |name: &str| {
            let setting = all.iter().find(|config| *config.name == *name);
            setting.map(|config| (config.value.clone(), config.is_sensitive))
        };
        ensure!(
            value("advertised.listeners") == Some((None, true)),
            "v{version}: listeners are {:?}",
            value("advertised.listeners")
        );
        let node = value("node.id").and_then(|(told, _)| told);
        ensure!(
            node == Some(requests::text(&NODE_ID.to_string())),
            "v{version}: the id is {node:?} of {} settings",
            all.len()
        );
    }
    for version in 0..=2 {
        let told = wire.call(&quorum(), version)?;
        let known = told.topics.iter().flat_map(|t| &t.partitions);
        ensure!(
            known
                .clone()
                .all(|p| p.error_code == 0 && p.leader_id.0 >= 0),
            "v{version}: the quorum is {:?}",
            known.collect::<Vec<_>>()
        );
        let listeners = told.nodes.iter().flat_map(|node| &node.listeners);
        ensure!(listeners.count() == 0, "v{version}: {:?}", told.nodes);
        ensure!(version < 2 || told.nodes.len() == 1, "{:?}", told.nodes);
    }
    metadata(&mut wire, &[])?;
    tapped.check()?;
    tapped.scene.end()
}

#[test]
fn in_every_version_of_every_reply_that_carries_addresses() -> Outcome {
    let tapped = Tapped::start()?;
    let topic = tapped.scene.broker.topic("plain", 1)?;
    let mut wire = login::connect(&tapped.target()?)?;
    let offered = wire.call(&kafka_protocol::messages::ApiVersionsRequest::default(), 0)?;
    let range = |key: i16| {
        let api = offered.api_keys.iter().find(|k| k.api_key == key);
        api.map_or(0..0, |k| k.min_version..k.max_version + 1)
    };
    for version in range(3) {
        wire.call(&requests::metadata_request(&[&topic]), version)?;
    }
    for version in range(10) {
        let group = lockgate_tests::names::unique("group");
        let asked = match version {
            4.. => FindCoordinatorRequest::default()
                .with_coordinator_keys(vec![requests::text(&group)]),
            _ => FindCoordinatorRequest::default().with_key(requests::text(&group)),
        };
        wire.call(&asked, version)?;
    }
    for version in range(60) {
        wire.call(&DescribeClusterRequest::default(), version)?;
    }
    ensure!(metadata(&mut wire, &[]).is_ok(), "the connection is spoilt");
    tapped.check()?;
    tapped.scene.end()
}
