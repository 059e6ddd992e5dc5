//! Responses: read, cleaned, written.

use super::{name, named};
use crate::kafka::endpoints::{Endpoint, Nobody};
use crate::kafka::produce::*;
use crate::kafka::test_peers::{Even, REAL, hex, leaks, sized, unknown};
use crate::kafka::topic::Topic;
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse,
    TopicProduceResponse,
};
use kafka_protocol::messages::{ProduceResponse as TheirResponse, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

fn their_partition(version: i16, index: i32, error: i16) -> PartitionProduceResponse {
    let mut out = PartitionProduceResponse::default()
        .with_index(index)
        .with_error_code(error)
        .with_base_offset(1000 + i64::from(index))
        .with_log_append_time_ms(1_700_000_000_000);
    if version >= 5 {
        out.log_start_offset = 12;
    }
    if version >= 8 && error != 0 {
        out.error_message = Some(StrBytes::from_static_str("hold 0000000000001: wait"));
        let at_fault = |i: i32, text: Option<&'static str>| {
            BatchIndexAndErrorMessage::default()
                .with_batch_index(i)
                .with_batch_index_error_message(text.map(StrBytes::from_static_str))
        };
        out.record_errors = vec![at_fault(0, Some("card")), at_fault(4, None)];
    }
    if version >= 10 && error == 6 {
        out.current_leader = LeaderIdAndEpoch::default()
            .with_leader_id(2.into())
            .with_leader_epoch(9);
    }
    out
}

fn endpoint(node_id: i32, rack: Option<&'static str>) -> NodeEndpoint {
    NodeEndpoint::default()
        .with_node_id(node_id.into())
        .with_host(StrBytes::from_string(format!("{REAL}-{node_id}")))
        .with_port(9092)
        .with_rack(rack.map(StrBytes::from_static_str))
}

/// The endpoint of broker 2, as a client may see it.
fn mapped() -> Endpoint {
    Endpoint {
        node_id: 2,
        host: "gw.example.com".to_owned(),
        port: 19_102,
        rack: Some("r1".to_owned()),
    }
}

fn their_response(version: i16) -> TheirResponse {
    let topic = |text, partitions: &[(i32, i16)]| {
        let partition = |(index, error): &(i32, i16)| their_partition(version, *index, *error);
        let out = TopicProduceResponse::default()
            .with_partition_responses(partitions.iter().map(partition).collect());
        match named(version, text) {
            Topic::Name(text) => out.with_name(name(text)),
            Topic::Id(id) => out.with_topic_id(hex(id).parse().unwrap()),
        }
    };
    let out = TheirResponse::default()
        .with_throttle_time_ms(40)
        .with_responses(vec![
            topic("orders", &[(0, 0), (3, 44)]),
            topic("ärger", &[(7, 6)]),
        ]);
    if version >= 10 {
        out.with_node_endpoints(vec![endpoint(2, Some("r1")), endpoint(3, None)])
    } else {
        out
    }
}

pub(super) fn response_frame(version: i16) -> Vec<u8> {
    reply_frame(version, &their_response(version))
}

fn reply_frame(version: i16, response: &TheirResponse) -> Vec<u8> {
    let mut out = BytesMut::from(&[0; 4][..]);
    let header = ResponseHeader::default().with_correlation_id(99);
    header
        .encode(&mut out, TheirResponse::header_version(version))
        .unwrap();
    response.encode(&mut out, version).unwrap();
    sized(out)
}

pub(super) fn written(version: i16, response: &ProduceResponse) -> Vec<u8> {
    let topics = response
        .topics
        .iter()
        .map(|(topic, list)| (topic.borrowed(), &list[..]));
    let endpoints = &response.endpoints;
    write_response(version, 99, response.throttle_ms, endpoints, topics)
}

/// Decodes a reply that is known to be sound with kafka-protocol.
fn their_reply(frame: &[u8], version: i16) -> TheirResponse {
    assert_eq!(frame[..4], (frame.len() as u32 - 4).to_be_bytes());
    let mut bytes = Bytes::copy_from_slice(&frame[4..]);
    let header = ResponseHeader::decode(&mut bytes, TheirResponse::header_version(version));
    assert!(header.unwrap().unknown_tagged_fields.is_empty());
    let body = TheirResponse::decode(&mut bytes, version).unwrap();
    assert!(!bytes.has_remaining());
    body
}

/// What a client may hear of `their_response`.
fn exposed(version: i16) -> TheirResponse {
    let mut out = their_response(version);
    out.node_endpoints
        .retain(|endpoint| endpoint.node_id.0 % 2 == 0);
    for endpoint in &mut out.node_endpoints {
        endpoint.host = StrBytes::from_static_str("gw.example.com");
        endpoint.port = 19_100 + endpoint.node_id.0;
    }
    out
}

#[test]
fn responses_read_and_write_back_with_mapped_endpoints() {
    for version in VERSIONS {
        let frame = response_frame(version);
        let response = parse_response(&frame, version, &Even).unwrap();
        let back = written(version, &response);
        assert_eq!(their_reply(&back, version), exposed(version), "{version}");
        let silent = their_response(version).with_node_endpoints(vec![]);
        let silent = reply_frame(version, &silent);
        let read = parse_response(&silent, version, &Even).unwrap();
        assert_eq!(written(version, &read), silent, "byte for byte, {version}");

        assert_eq!(response.throttle_ms, 40);
        let hinted = version >= 10;
        assert_eq!(
            response.endpoints,
            if hinted { vec![mapped()] } else { vec![] }
        );
        let leader = response.topics[1].1[0].leader;
        assert_eq!(leader, hinted.then_some(Leader { id: 2, epoch: 9 }));
        let (topic, partitions) = &response.topics[0];
        let orders = named(version, "orders");
        assert_eq!((topic.borrowed(), partitions.len()), (orders, 2));
        let refused = &partitions[1];
        assert_eq!(
            (refused.partition, refused.error, refused.base_offset),
            (3, 44, 1003)
        );
        assert_eq!(refused.log_append_time, 1_700_000_000_000);
        assert_eq!(refused.log_start_offset, if version >= 5 { 12 } else { -1 });
        let message = (version >= 8).then(|| "hold 0000000000001: wait".to_owned());
        assert_eq!(refused.message, message);
        let errors = [(0, Some("card".to_owned())), (4, None)];
        assert_eq!(
            refused.record_errors,
            if version >= 8 { &errors[..] } else { &[] }
        );
        assert!(partitions[0].record_errors.is_empty());

        let mut acks = vec![];
        let mut each = |t: Topic<&str>, p, e, o| acks.push((t.owned(), p, e, o));
        for_each_ack(&frame, version, &mut each).unwrap();
        let ack = |t, p: i32, e: i16| (named(version, t).owned(), p, e, 1000 + i64::from(p));
        assert_eq!(
            acks,
            [
                ack("orders", 0, 0),
                ack("orders", 3, 44),
                ack("ärger", 7, 6)
            ]
        );
    }
}

#[test]
fn a_cut_or_longer_response_is_a_fault() {
    for version in VERSIONS {
        let frame = response_frame(version);
        for cut in 1..frame.len() - 4 {
            assert!(parse_response(&frame[..frame.len() - cut], version, &Nobody).is_err());
            let cleaned = clean_response(&frame[..frame.len() - cut], version, &Nobody);
            assert!(cleaned.is_err() || version < 9);
        }
        assert!(parse_response(&[&frame[..], &[0]].concat(), version, &Nobody).is_err());
    }
}

#[test]
fn what_a_version_cannot_say_is_left_out() {
    let refused = PartitionReply::refused(3, 44, Some("ask security".to_owned()));
    let response = ProduceResponse {
        throttle_ms: 0,
        topics: vec![(Topic::Name("t".to_owned()), vec![refused])],
        endpoints: vec![],
    };
    for version in 3..13 {
        let back = parse_response(&written(version, &response), version, &Nobody).unwrap();
        let message = back.topics[0].1[0].message.as_deref();
        assert_eq!(message, (version >= 8).then_some("ask security"));
    }
}

#[test]
fn a_reply_leaves_with_mapped_endpoints_and_known_tags_only() {
    for version in VERSIONS {
        let frame = response_frame(version);
        let cleaned = clean_response(&frame, version, &Even).unwrap();
        assert_eq!(cleaned.is_some(), version >= 10, "version {version}");
        let cleaned = cleaned.unwrap_or(frame);
        assert!(!leaks(&cleaned));
        assert_eq!(their_reply(&cleaned, version), exposed(version));

        let silent = their_response(version).with_node_endpoints(vec![]);
        let silent = reply_frame(version, &silent);
        assert_eq!(clean_response(&silent, version, &Even), Ok(None));
        if version < 9 {
            continue;
        }
        let mut newer = their_response(version);
        newer.unknown_tagged_fields = unknown(7);
        let topic = &mut newer.responses[0];
        topic.unknown_tagged_fields = unknown(0);
        topic.partition_responses[0].unknown_tagged_fields = unknown(5);
        topic.partition_responses[1].record_errors[0].unknown_tagged_fields = unknown(0);
        newer.responses[1].partition_responses[0]
            .current_leader
            .unknown_tagged_fields = if version >= 10 {
            unknown(0)
        } else {
            Default::default()
        };
        let cleaned = clean_response(&reply_frame(version, &newer), version, &Even);
        let cleaned = cleaned.unwrap().expect("it cannot leave as it lies");
        assert!(!leaks(&cleaned));
        assert_eq!(their_reply(&cleaned, version), exposed(version));
    }
}
