//! kafka-protocol reads what a refused client would read.
#![allow(clippy::unwrap_used)]

mod parts;
mod rows;

use super::*;
use crate::kafka::error::POLICY_VIOLATION;
use crate::kafka::frame::{
    RequestHeader, frame_size, request_begin, request_header, response_body,
};
use crate::kafka::messages::samples::sample_request;
use bytes::Bytes;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};
use proptest::prelude::*;

const TEXT: &str = "held: ask #security";

/// Request and response of an API, whatever its versions.
fn sides(key: i16) -> Option<(&'static Message, &'static Message)> {
    let version = (0..20).find(|version| messages::request(key, *version).is_some())?;
    messages::request(key, version).zip(messages::response(key, version))
}

fn request(api_key: i16, version: i16, body: &[u8]) -> (RequestHeader, Vec<u8>) {
    let mut frame = Vec::new();
    let mut writer = Writer::new(&mut frame);
    let start = request_begin(&mut writer, (api_key, version), 31, "kcat");
    writer.raw(body);
    writer.frame_end(start);
    (request_header(&frame).unwrap(), frame)
}

fn refused(api_key: i16, version: i16, body: &[u8]) -> Option<Vec<u8>> {
    let (header, frame) = request(api_key, version, body);
    refuse(&header, &frame, POLICY_VIOLATION, TEXT)
}

/// The reply as kafka-protocol reads it, to its last byte.
fn read<Q: Request>(frame: &[u8], version: i16) -> Q::Response
where
    Q::Response: Decodable,
{
    assert_eq!(frame_size(frame, 1 << 26), Ok(Some(frame.len())));
    let body = response_body(frame, Q::KEY, version).unwrap();
    let mut bytes = Bytes::copy_from_slice(&frame[body..]);
    let response = Q::Response::decode(&mut bytes, version).unwrap();
    assert!(bytes.is_empty(), "{} v{version} leaves bytes", Q::KEY);
    response
}

/// Refuses requests of many sizes in every version; the error must arrive, and no success.
fn says_no<Q: Request>()
where
    Q::Response: Decodable + std::fmt::Debug,
{
    for version in Q::VERSIONS.min..=Q::VERSIONS.max {
        let mut seen = false;
        for seed in 0..12 {
            let body = sample_request(Q::KEY, version, seed).unwrap_or_default();
            let Some(reply) = refused(Q::KEY, version, &body) else {
                panic!("{} v{version}: no refusal", Q::KEY);
            };
            let text = format!("{:?}", read::<Q>(&reply, version));
            seen |= text.contains("error_code: 44");
            // A reply that has a place per item leaves the place for the whole at 0.
            let in_vain = text.contains("[]") && !text.contains("error_code: 44");
            let zero = text.matches(" error_code: 0").count();
            assert!(zero <= 1 || in_vain, "{} v{version}: {text}", Q::KEY);
        }
        assert!(seen, "{} v{version} never says the error", Q::KEY);
    }
}

macro_rules! say_no {
    ($($request:ident)*) => { $(says_no::<$request>();)* };
}

#[test]
fn every_api_of_the_table_is_refused_in_shape() {
    say_no! {
        FetchRequest ListOffsetsRequest OffsetCommitRequest OffsetFetchRequest MetadataRequest
        FindCoordinatorRequest JoinGroupRequest HeartbeatRequest LeaveGroupRequest
        SyncGroupRequest SaslHandshakeRequest ApiVersionsRequest InitProducerIdRequest
        OffsetForLeaderEpochRequest AddPartitionsToTxnRequest AddOffsetsToTxnRequest
        EndTxnRequest TxnOffsetCommitRequest SaslAuthenticateRequest DescribeClusterRequest
        ConsumerGroupHeartbeatRequest
    }
}

#[test]
fn what_an_admin_client_sends_is_refused_in_shape() {
    say_no! {
        DescribeGroupsRequest ListGroupsRequest CreateTopicsRequest DeleteTopicsRequest
        DeleteRecordsRequest DescribeAclsRequest CreateAclsRequest DeleteAclsRequest
        DescribeConfigsRequest AlterConfigsRequest IncrementalAlterConfigsRequest
        AlterReplicaLogDirsRequest CreatePartitionsRequest CreateDelegationTokenRequest
        RenewDelegationTokenRequest ExpireDelegationTokenRequest DescribeDelegationTokenRequest
        DeleteGroupsRequest AlterPartitionReassignmentsRequest ListPartitionReassignmentsRequest
        OffsetDeleteRequest DescribeClientQuotasRequest AlterClientQuotasRequest
        DescribeUserScramCredentialsRequest AlterUserScramCredentialsRequest
        DescribeQuorumRequest UpdateFeaturesRequest UnregisterBrokerRequest
        DescribeProducersRequest DescribeTransactionsRequest ListTransactionsRequest
        ConsumerGroupDescribeRequest GetTelemetrySubscriptionsRequest PushTelemetryRequest
        ListConfigResourcesRequest DescribeTopicPartitionsRequest ShareGroupHeartbeatRequest
        ShareFetchRequest ShareAcknowledgeRequest ShareGroupDescribeRequest
        AddRaftVoterRequest RemoveRaftVoterRequest DescribeShareGroupOffsetsRequest
        AlterShareGroupOffsetsRequest DeleteShareGroupOffsetsRequest ElectLeadersRequest
    }
}

/// Up to version 2 a broker says it by an empty reply, and so do we; Java takes it for
/// CLUSTER_AUTHORIZATION_FAILED.
#[test]
fn log_dirs_are_refused_by_silence_before_version_3() {
    for version in 1..=2 {
        let body = sample_request(ApiKey::DescribeLogDirs as i16, version, 1).unwrap();
        let reply = refused(ApiKey::DescribeLogDirs as i16, version, &body).unwrap();
        assert!(
            read::<DescribeLogDirsRequest>(&reply, version)
                .results
                .is_empty()
        );
    }
    let body = sample_request(ApiKey::DescribeLogDirs as i16, 3, 1).unwrap();
    let reply = refused(ApiKey::DescribeLogDirs as i16, 3, &body).unwrap();
    assert_eq!(read::<DescribeLogDirsRequest>(&reply, 3).error_code, 44);
}

/// The generated table reads what kafka-protocol does not know, such as Streams groups.
#[test]
fn every_key_and_version_is_refused_in_a_shape_that_walks() {
    for key in 1..100 {
        let Some((asks, tells)) = sides(key) else {
            continue;
        };
        for version in asks.versions.0..=asks.versions.1 {
            let mut seen = false;
            for seed in 0..8 {
                let body = sample_request(key, version, seed).unwrap();
                let (mut header, frame) = request(key, version, &body);
                header.body = frame.len() - body.len();
                let Some(reply) = refuse(&header, &frame, POLICY_VIOLATION, TEXT) else {
                    continue; // between brokers, and without a place for the error
                };
                assert_eq!(frame_size(&reply, 1 << 26), Ok(Some(reply.len())));
                let flexible = tells.is_flexible(version) && key != API_VERSIONS;
                let at = 8 + usize::from(flexible);
                let told = messages::decode(tells, version, &reply[at..]).unwrap();
                seen |= format!("{told:?}").contains("Int(44)");
            }
            let silent = operation(key).is_none() || (key == 35 && version < 3);
            assert!(
                seen || silent,
                "{} v{version} never says the error",
                asks.name
            );
        }
    }
}

#[test]
fn names_come_back_with_their_error() {
    let topic = create_topics_request::CreatableTopic::default()
        .with_name(StrBytes::from_static_str("orders").into());
    let asked = CreateTopicsRequest::default().with_topics(vec![topic]);
    let mut body = bytes::BytesMut::new();
    asked.encode(&mut body, 7).unwrap();
    let reply = refused(ApiKey::CreateTopics as i16, 7, &body).unwrap();
    let read = read::<CreateTopicsRequest>(&reply, 7);
    assert_eq!(&**read.topics[0].name, "orders");
    assert_eq!(read.topics[0].error_message.as_deref(), Some(TEXT));
}

/// A Produce request of one topic, by hand, so that versions 0 to 2 exist at all.
fn produce(version: i16, acks: i16, partitions: &[i32]) -> Vec<u8> {
    let flexible = version >= 9;
    let mut body = Vec::new();
    let mut out = Writer::new(&mut body);
    if version >= 3 {
        out.string(flexible, None);
    }
    out.i16(acks);
    out.i32(30_000);
    out.array_len(flexible, Some(1));
    if version >= 13 {
        out.raw(&[7; 16]);
    } else {
        out.string(flexible, Some("orders"));
    }
    out.array_len(flexible, Some(partitions.len()));
    for partition in partitions {
        out.i32(*partition);
        out.bytes(flexible, Some(&[1, 2, 3]));
        out.end_struct(flexible);
    }
    out.end_struct(flexible);
    out.end_struct(flexible);
    body
}

#[test]
fn a_produce_is_refused_for_each_partition() {
    for version in 2..=13 {
        let reply = refused(PRODUCE, version, &produce(version, -1, &[4, 9])).unwrap();
        // Version 2 of the reply looks like version 3.
        let read = read::<ProduceRequest>(&reply, version.max(3));
        let topic = &read.responses[0];
        let partitions: Vec<_> = topic.partition_responses.iter().map(|p| p.index).collect();
        assert_eq!(partitions, [4, 9]);
        let last = &topic.partition_responses[1];
        assert_eq!((last.error_code, last.base_offset), (POLICY_VIOLATION, -1));
        assert_eq!(
            last.error_message.as_deref(),
            (version >= 8).then_some(TEXT)
        );
        assert_eq!(&**topic.name, if version >= 13 { "" } else { "orders" });
    }
}

#[test]
fn the_oldest_produce_has_less_to_say() {
    let oldest = refused(PRODUCE, 0, &produce(0, 1, &[4])).unwrap();
    let expected = [
        &[0, 0, 0, 34, 0, 0, 0, 31, 0, 0, 0, 1, 0, 6][..], // size, correlation id, one topic
        b"orders",
        &[0, 0, 0, 1, 0, 0, 0, 4, 0, 44], // one partition, number 4, the error
        &[0xff; 8],                       // base offset
    ];
    assert_eq!(oldest, expected.concat());
    let next = refused(PRODUCE, 1, &produce(1, 1, &[4])).unwrap();
    assert_eq!(next[4..oldest.len()], oldest[4..]);
    assert_eq!(next[oldest.len()..], [0; 4], "the throttle time");
}

#[test]
fn nobody_reads_an_answer_to_acks_0() {
    for version in 0..=13 {
        assert_eq!(refused(PRODUCE, version, &produce(version, 0, &[4])), None);
    }
}

#[test]
fn what_has_no_shape_closes_the_connection() {
    assert_eq!(refused(9_999, 0, &[]), None);
    assert_eq!(refused(ApiKey::Fetch as i16, 99, &[]), None);
    assert_eq!(
        refused(ApiKey::Fetch as i16, 12, &[1, 2, 3]),
        None,
        "malformed"
    );
    let newer = refused(API_VERSIONS, 6, &[]).unwrap();
    assert_eq!(
        newer[8..10],
        [0, 35],
        "UNSUPPORTED_VERSION, whatever was asked for"
    );
}

#[test]
fn a_long_text_is_cut() {
    let (header, frame) = request(ApiKey::DescribeCluster as i16, 0, &[]);
    let long = "é".repeat(1000);
    let reply = refuse(&header, &frame, POLICY_VIOLATION, &long).unwrap();
    let read = read::<DescribeClusterRequest>(&reply, 0);
    assert_eq!(read.error_message.unwrap().len(), REFUSAL_TEXT_BYTES_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_request_is_refused_or_closed(
        key in 0i16..95, version in 0i16..14, body in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        if let Some(reply) = refused(key, version, &body) {
            prop_assert_eq!(frame_size(&reply, 1 << 20), Ok(Some(reply.len())));
        }
    }
}
