//! kafka-protocol writes what a broker would say, and reads what a client would hear.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::error::COORDINATOR_NOT_AVAILABLE;
use crate::kafka::frame::request_header;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Real hosts all hold this, and nothing else in the tests does.
const REAL: &str = "real-broker";

/// Exposes brokers with even ids.
struct Even;

impl Mapping for Even {
    fn map(&self, node_id: i32, host: &str, port: i32) -> Option<(&str, i32)> {
        assert!(host.starts_with(REAL) && port == 9092);
        (node_id % 2 == 0).then_some(("gw.example.com", 19_100 + node_id))
    }
}

fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn said<M: Encodable + HeaderVersion>(message: &M, version: i16) -> Vec<u8> {
    let header = theirs::ResponseHeader::default().with_correlation_id(42);
    let mut out = BytesMut::from(&[0; 4][..]);
    header.encode(&mut out, M::header_version(version)).unwrap();
    message.encode(&mut out, version).unwrap();
    let size = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out.to_vec()
}

fn heard<M: Decodable + HeaderVersion>(frame: &[u8], version: i16) -> M {
    let size = crate::kafka::frame::frame_size(frame, usize::MAX);
    assert_eq!(size, Ok(Some(frame.len())));
    let mut bytes = Bytes::copy_from_slice(&frame[4..]);
    let header = theirs::ResponseHeader::decode(&mut bytes, M::header_version(version)).unwrap();
    assert_eq!(header.correlation_id, 42);
    let message = M::decode(&mut bytes, version).unwrap();
    assert!(bytes.is_empty());
    message
}

fn leaks(frame: &[u8]) -> bool {
    memchr::memmem::find(frame, REAL.as_bytes()).is_some()
}

/// A tagged field that only a newer broker would send, with an address in it.
fn unknown_tag(version: i16, flexible: i16) -> BTreeMap<i32, Bytes> {
    let tag = (77, Bytes::from(format!("{REAL}-tag:9092")));
    if version >= flexible {
        BTreeMap::from([tag])
    } else {
        BTreeMap::new()
    }
}

fn metadata(version: i16, nodes: &[i32], topics: usize) -> theirs::MetadataResponse {
    let tags = unknown_tag(version, 9);
    let brokers = nodes.iter().map(|id| {
        MetadataResponseBroker::default()
            .with_node_id((*id).into())
            .with_host(text(format!("{REAL}-{id}")))
            .with_port(9092)
            .with_rack(Some(text("rack-a")).filter(|_| version >= 1))
            .with_unknown_tagged_fields(tags.clone())
    });
    let topics = (0..topics).map(|n| topic(version, n, nodes));
    theirs::MetadataResponse::default()
        .with_throttle_time_ms(if version >= 3 { 3 } else { 0 })
        .with_brokers(brokers.collect())
        .with_cluster_id(Some(text("cluster")).filter(|_| version >= 2))
        .with_controller_id(if version >= 1 { 2 } else { -1 }.into())
        .with_topics(topics.collect())
        .with_error_code(if version >= 13 { 87 } else { 0 })
        .with_unknown_tagged_fields(tags)
}

fn topic(version: i16, n: usize, nodes: &[i32]) -> MetadataResponseTopic {
    let nodes: Vec<_> = nodes.iter().map(|id| (*id).into()).collect();
    let partition = MetadataResponsePartition::default()
        .with_partition_index(n as i32)
        .with_leader_id(4.into())
        .with_leader_epoch(if version >= 7 { 6 } else { -1 })
        .with_replica_nodes(nodes.clone())
        .with_isr_nodes(nodes)
        .with_unknown_tagged_fields(unknown_tag(version, 9));
    let mut topic = MetadataResponseTopic::default()
        .with_error_code(if n == 1 { 3 } else { 0 })
        .with_name(Some(text(format!("topic-{n}")).into()))
        .with_partitions(vec![partition; n])
        .with_unknown_tagged_fields(unknown_tag(version, 9));
    if version >= 10 {
        topic.topic_id = format!("{:02x}", n + 1).repeat(16).parse().unwrap();
    }
    topic
}

fn id_of(n: usize) -> [u8; 16] {
    [n as u8 + 1; 16]
}

/// What a client may hear: the same, with mapped brokers and no unknown tags.
fn expected(mut message: theirs::MetadataResponse) -> theirs::MetadataResponse {
    message.brokers.retain(|broker| broker.node_id.0 % 2 == 0);
    for broker in &mut message.brokers {
        broker.host = text("gw.example.com");
        broker.port = 19_100 + broker.node_id.0;
        broker.unknown_tagged_fields.clear();
    }
    for topic in &mut message.topics {
        topic.unknown_tagged_fields.clear();
        for partition in &mut topic.partitions {
            partition.unknown_tagged_fields.clear();
        }
    }
    message.unknown_tagged_fields.clear();
    message
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn metadata_changes_in_its_addresses_alone(
        version in 0i16..=13, nodes in proptest::collection::vec(0i32..20, 0..6), topics in 0usize..4,
    ) {
        let message = metadata(version, &nodes, topics);
        let frame = said(&message, version);
        let ours = rewrite_response(METADATA, version, &frame, &Even).unwrap();
        prop_assert!(!leaks(&ours));
        prop_assert_eq!(heard::<theirs::MetadataResponse>(&ours, version), expected(message));
    }

    #[test]
    fn any_cut_or_flip_is_an_error_or_leaks_nothing(
        version in 0i16..=13, at in any::<proptest::sample::Index>(), byte in any::<u8>(),
    ) {
        let frame = said(&metadata(version, &[1, 2, 3], 2), version);
        let mut cut = frame.clone();
        cut.truncate(at.index(frame.len()));
        prop_assert!(rewrite_response(METADATA, version, &cut, &Lenient).is_err());
        let mut flipped = frame;
        let at = 8 + at.index(flipped.len() - 8);
        flipped[at] = byte;
        let _ = rewrite_response(METADATA, version, &flipped, &Lenient);
        let _ = learn_brokers(version, &flipped);
    }

    #[test]
    fn any_bytes_are_a_reply_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..120), version in 0i16..15,
    ) {
        for key in [METADATA, FIND_COORDINATOR, DESCRIBE_CLUSTER, 0, -1] {
            if let Ok(ours) = rewrite_response(key, version, &bytes, &Lenient) {
                // A mapped address is 9 bytes longer than the shortest real one.
                prop_assert!(ours.len() <= bytes.len() * 3);
            }
        }
        let _ = learn_brokers(version, &bytes);
    }
}

/// Maps everything, whatever it is.
struct Lenient;

impl Mapping for Lenient {
    fn map(&self, _: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        Some(("gw.example", 1))
    }
}

#[test]
fn the_brokers_and_topics_are_learnt() {
    for version in 0..=13 {
        let frame = said(&metadata(version, &[4, 5], 3), version);
        let cluster = learn_brokers(version, &frame).unwrap();
        let rack = Some("rack-a".to_owned()).filter(|_| version >= 1);
        let broker = |node_id: i32| {
            let host = format!("{REAL}-{node_id}");
            Broker {
                node_id,
                host,
                port: 9092,
                rack: rack.clone(),
            }
        };
        assert_eq!(cluster.brokers, [broker(4), broker(5)]);
        assert_eq!(cluster.controller, (version >= 1).then_some(2));
        assert_eq!(
            cluster.cluster_id.as_deref(),
            (version >= 2).then_some("cluster")
        );
        assert_eq!(cluster.error, if version >= 13 { 87 } else { 0 });
        let id = |n| if version >= 10 { id_of(n) } else { [0; 16] };
        // topic-1 has an error.
        let known = [("topic-0".to_owned(), id(0)), ("topic-2".to_owned(), id(2))];
        assert_eq!(cluster.topics, known, "v{version}");
    }
}

#[test]
fn the_gateways_own_metadata_request() {
    for version in 1..=13 {
        for all_topics in [false, true] {
            let frame = metadata_request(version, 42, "core-0", all_topics);
            let header = request_header(&frame).unwrap();
            let mut body = &frame[header.body..];
            let seen = theirs::MetadataRequest::decode(&mut body, version).unwrap();
            assert!(body.is_empty());
            assert_eq!(seen.topics.is_none(), all_topics);
            assert!(version < 4 || !seen.allow_auto_topic_creation);
        }
    }
}

fn find_coordinator(version: i16, node_id: i32) -> Vec<u8> {
    let (host, port) = if node_id < 0 {
        (text(""), -1)
    } else {
        (text(REAL), 9092)
    };
    let message = theirs::FindCoordinatorResponse::default()
        .with_unknown_tagged_fields(unknown_tag(version, 3));
    if version < 4 {
        let flat = message
            .with_node_id(node_id.into())
            .with_host(host)
            .with_port(port);
        return said(&flat, version);
    }
    let coordinator = Coordinator::default()
        .with_key(text("group"))
        .with_node_id(node_id.into())
        .with_host(host)
        .with_port(port)
        .with_unknown_tagged_fields(unknown_tag(version, 3));
    said(&message.with_coordinators(vec![coordinator]), version)
}

#[test]
fn a_coordinator_is_mapped_or_not_available() {
    let cases = [
        (2, (2, "gw.example.com", 19_102, 0)),
        (3, (-1, "", -1, COORDINATOR_NOT_AVAILABLE)),
        (-1, (-1, "", -1, 0)),
    ];
    for version in 0..=6 {
        for (node_id, (id, host, port, error)) in cases {
            let frame = find_coordinator(version, node_id);
            let ours = rewrite_response(FIND_COORDINATOR, version, &frame, &Even).unwrap();
            assert!(!leaks(&ours));
            let message: theirs::FindCoordinatorResponse = heard(&ours, version);
            if version < 4 {
                assert_eq!(
                    (message.node_id.0, &*message.host, message.port),
                    (id, host, port)
                );
                assert_eq!(message.error_code, error);
            } else {
                let only = &message.coordinators[0];
                assert_eq!((only.node_id.0, &*only.host, only.port), (id, host, port));
                assert_eq!((only.error_code, &*only.key), (error, "group"));
            }
        }
    }
}

fn describe_cluster(version: i16, endpoint_type: i8) -> Vec<u8> {
    let brokers = [2, 3].map(|id| {
        DescribeClusterBroker::default()
            .with_broker_id(id.into())
            .with_host(text(REAL))
            .with_port(9092)
            .with_rack(Some(text("rack-a")))
            .with_is_fenced(version >= 2)
            .with_unknown_tagged_fields(unknown_tag(version, 0))
    });
    let message = theirs::DescribeClusterResponse::default()
        .with_cluster_id(text("cluster"))
        .with_controller_id(2.into())
        .with_endpoint_type(endpoint_type)
        .with_brokers(brokers.to_vec())
        .with_unknown_tagged_fields(unknown_tag(version, 0));
    said(&message, version)
}

#[test]
fn a_cluster_shows_its_mapped_brokers_and_no_controllers() {
    for version in 0..=2 {
        let frame = describe_cluster(version, 1);
        let ours = rewrite_response(DESCRIBE_CLUSTER, version, &frame, &Even).unwrap();
        assert!(!leaks(&ours));
        let message: theirs::DescribeClusterResponse = heard(&ours, version);
        assert_eq!(message.brokers.len(), 1);
        let broker = &message.brokers[0];
        assert_eq!(
            (broker.broker_id.0, &*broker.host, broker.port),
            (2, "gw.example.com", 19_102)
        );
        assert_eq!(
            (broker.rack.as_deref(), broker.is_fenced),
            (Some("rack-a"), version >= 2)
        );
        assert_eq!(&*message.cluster_id, "cluster");
    }
    for version in 1..=2 {
        let frame = describe_cluster(version, 2);
        let ours = rewrite_response(DESCRIBE_CLUSTER, version, &frame, &Even).unwrap();
        let message: theirs::DescribeClusterResponse = heard(&ours, version);
        assert!(message.brokers.is_empty() && !leaks(&ours));
    }
}
