//! Fetch against kafka-protocol, version by version, and against bytes that lie.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::addresses::Mapping;
use crate::kafka::batch::{BatchFault, batches};
use crate::kafka::tagged::{Sections, Splice};
use crate::kafka::topic::{Topic, TopicId};
use crate::kafka::{api, endpoints::Nobody, frame};
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{
    FetchPartition, FetchTopic, ForgottenTopic, ReplicaState,
};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData, SnapshotId,
};
use kafka_protocol::messages::{
    FetchRequest, FetchResponse, ProducerId, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use proptest::prelude::*;

const MAX: i32 = 4 << 20;

fn name(text: &'static str) -> TopicName {
    TopicName(StrBytes::from_static_str(text))
}

/// Sixteen bytes that a test can tell from others.
fn id(text: &str) -> TopicId {
    TopicId([text.len() as u8; 16])
}

fn hex(id: TopicId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives a topic of a request or reply what this version names it by.
macro_rules! naming {
    ($version:expr, $text:expr, $topic:expr) => {
        if $version >= 13 {
            $topic.with_topic_id(hex(id($text)).parse().unwrap())
        } else {
            $topic.with_topic(name($text))
        }
    };
}

/// What a reply of this version names the topic by.
fn named(version: i16, text: &'static str) -> Topic<&'static str> {
    if version >= 13 {
        Topic::Id(id(text))
    } else {
        Topic::Name(text)
    }
}

fn their_request(version: i16) -> FetchRequest {
    let partition = |index: i32, max: i32| {
        let mut out = FetchPartition::default()
            .with_partition(index)
            .with_fetch_offset(17)
            .with_partition_max_bytes(max);
        if version >= 5 {
            out.log_start_offset = 3;
        }
        if version >= 9 {
            out.current_leader_epoch = 8;
        }
        if version >= 12 {
            out.last_fetched_epoch = 6;
        }
        out
    };
    let topic = |text, partitions| {
        naming!(version, text, FetchTopic::default()).with_partitions(partitions)
    };
    let mut out = FetchRequest::default()
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(52_428_800)
        .with_isolation_level(1)
        .with_topics(vec![
            topic(
                "orders",
                vec![partition(0, 1 << 20), partition(1, i32::MAX)],
            ),
            topic("ärger", vec![partition(2, MAX + 1), partition(3, -1)]),
        ]);
    if version >= 7 {
        (out.session_id, out.session_epoch) = (77, 4);
        let forgotten = naming!(version, "old", ForgottenTopic::default());
        out.forgotten_topics_data = vec![forgotten.with_partitions(vec![1, 2])];
    }
    if version >= 11 {
        out.rack_id = StrBytes::from_static_str("rack-1");
    }
    out
}

fn request_frame(version: i16, request: &FetchRequest) -> Vec<u8> {
    let header = RequestHeader::default()
        .with_request_api_key(1)
        .with_request_api_version(version)
        .with_correlation_id(99)
        .with_client_id(Some(StrBytes::from_static_str("billing")));
    let mut out = BytesMut::from(&[0; 4][..]);
    header
        .encode(&mut out, FetchRequest::header_version(version))
        .unwrap();
    request.encode(&mut out, version).unwrap();
    sized(out)
}

fn sized(mut out: BytesMut) -> Vec<u8> {
    let size = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out.to_vec()
}

fn lowered(frame: &mut [u8], version: i16) -> Result<FetchAsk, Malformed> {
    let body = frame::request_header(frame)?.body;
    let mut sections = Sections::default();
    let ask = lower_limits(frame, body, version, MAX, &mut sections)?;
    assert!(sections.is_empty());
    Ok(ask)
}

#[test]
fn the_versions_are_those_of_the_table() {
    let line = api::lookup(api::FETCH).unwrap();
    assert_eq!(
        (line.min..=line.max, line.flexible),
        (VERSIONS, FLEXIBLE_FROM)
    );
    for version in [-1, 3, 19] {
        let mut sections = Sections::default();
        assert!(lower_limits(&mut [0; 100], 0, version, MAX, &mut sections).is_err());
    }
}

#[test]
fn limits_are_lowered_and_nothing_else() {
    for version in VERSIONS {
        let mut expected = their_request(version);
        let mut frame = request_frame(version, &expected);
        let ask = lowered(&mut frame, version).unwrap();
        expected.max_bytes = MAX;
        expected.topics[0].partitions[1].partition_max_bytes = MAX;
        expected.topics[1].partitions[0].partition_max_bytes = MAX;
        assert_eq!(
            frame,
            request_frame(version, &expected),
            "version {version}"
        );
        let session = if version >= 7 { (77, 4) } else { (0, -1) };
        assert_eq!((ask.session_id, ask.session_epoch), session);
        assert_eq!(
            (ask.replica_id, ask.max_bytes, ask.partitions),
            (-1, 52_428_800, 4)
        );
        assert_eq!(
            (ask.max_wait_ms, ask.min_bytes, ask.isolation_level),
            (500, 1, 1)
        );
        let mut ids = vec![];
        let body = frame::request_header(&frame).unwrap().body;
        topic_ids(&frame, body, version, &mut |id| ids.push(id)).unwrap();
        let all = ["orders", "ärger"].map(id);
        assert_eq!(ids, if version >= 13 { &all[..] } else { &[] });
    }
}

/// A tagged field that only a newer peer would send, with an address in it.
fn unknown(tag: i32) -> std::collections::BTreeMap<i32, Bytes> {
    [(tag, Bytes::from(format!("{REAL}-tag:9092")))].into()
}

#[test]
fn a_replica_is_told_wherever_the_version_says_it() {
    for version in VERSIONS {
        for replica in [0, 7, -2] {
            let mut request = their_request(version);
            if version >= 15 {
                request.replica_state = ReplicaState::default().with_replica_id(replica.into());
            } else {
                request.replica_id = replica.into();
            }
            let ask = lowered(&mut request_frame(version, &request), version).unwrap();
            assert_eq!(ask.replica_id, replica, "version {version}");
        }
    }
}

#[test]
fn unknown_tags_do_not_go_on_to_the_broker_and_known_ones_do() {
    for version in 12..=18 {
        let mut expected = their_request(version);
        expected.max_bytes = 1;
        expected.cluster_id = Some(StrBytes::from_static_str("cluster"));
        let mut partition = expected.topics[0].partitions[0].clone();
        partition.partition_max_bytes = 1;
        if version >= 17 {
            partition.replica_directory_id = hex(id("directory")).parse().unwrap();
        }
        if version >= 18 {
            partition.high_watermark = 44;
        }
        expected.topics[0].partitions = vec![partition];
        expected.topics.truncate(1);
        let mut request = expected.clone();
        request.unknown_tagged_fields = unknown(9);
        request.topics[0].unknown_tagged_fields = unknown(0);
        request.topics[0].partitions[0].unknown_tagged_fields = unknown(3);
        request.forgotten_topics_data[0].unknown_tagged_fields = unknown(1);
        let mut frame = request_frame(version, &request);
        let body = frame::request_header(&frame).unwrap().body;
        let mut sections = Sections::default();
        lower_limits(&mut frame, body, version, MAX, &mut sections).unwrap();
        let made = Splice::new(&frame, &sections, &Nobody).finish();
        assert_eq!(made, request_frame(version, &expected), "{version}");
    }
}

#[test]
fn a_cut_or_longer_request_is_a_fault() {
    for version in VERSIONS {
        let frame = request_frame(version, &their_request(version));
        for cut in 1..frame.len() - 4 {
            let mut short = frame[..frame.len() - cut].to_vec();
            assert!(lowered(&mut short, version).is_err(), "{version} -{cut}");
        }
        assert!(lowered(&mut [&frame[..], &[0]].concat(), version).is_err());
    }
}

const RECORDS: [&[u8]; 3] = [b"some records", b"", &[b'x'; 300]];

fn their_response(version: i16) -> FetchResponse {
    let partition = |index: i32, error: i16, records: Option<usize>| {
        let mut out = PartitionData::default()
            .with_partition_index(index)
            .with_error_code(error)
            .with_high_watermark(900)
            .with_last_stable_offset(880)
            .with_records(records.map(|i| Bytes::from_static(RECORDS[i])));
        if version >= 5 {
            out.log_start_offset = 3;
        }
        if index == 1 {
            let one = |id, first| {
                AbortedTransaction::default()
                    .with_producer_id(ProducerId(id))
                    .with_first_offset(first)
            };
            out.aborted_transactions = Some(vec![one(5, 6), one(7, 8)]);
        }
        if version >= 11 {
            out.preferred_read_replica = kafka_protocol::messages::BrokerId(2);
        }
        if version >= 12 && index == 3 {
            out.diverging_epoch = EpochEndOffset::default().with_epoch(4).with_end_offset(50);
            out.current_leader = LeaderIdAndEpoch::default()
                .with_leader_id(2.into())
                .with_leader_epoch(9);
            out.snapshot_id = SnapshotId::default().with_end_offset(8).with_epoch(1);
        }
        out
    };
    let topic = |text, partitions| {
        naming!(version, text, FetchableTopicResponse::default()).with_partitions(partitions)
    };
    let mut out = FetchResponse::default()
        .with_throttle_time_ms(40)
        .with_responses(vec![
            topic(
                "orders",
                vec![partition(0, 0, Some(0)), partition(1, 0, Some(2))],
            ),
            topic("none", vec![]),
            topic(
                "ärger",
                vec![partition(2, 3, None), partition(3, 0, Some(1))],
            ),
        ]);
    if version >= 7 {
        out.session_id = 77;
    }
    out
}

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

/// As a property, exposing everybody under one name.
struct Lenient;

impl Mapping for Lenient {
    fn map(&self, _: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        Some(("gw", 1))
    }
}

fn endpoint(node_id: i32, host: &str, port: i32) -> NodeEndpoint {
    NodeEndpoint::default()
        .with_node_id(node_id.into())
        .with_host(StrBytes::from_string(host.to_owned()))
        .with_port(port)
        .with_rack(Some(StrBytes::from_static_str("r1")))
}

fn leaks(frame: &[u8]) -> bool {
    memchr::memmem::find(frame, REAL.as_bytes()).is_some()
}

fn response_frame(version: i16, response: &FetchResponse) -> Vec<u8> {
    let mut out = BytesMut::from(&[0; 4][..]);
    let header = ResponseHeader::default().with_correlation_id(99);
    header
        .encode(&mut out, FetchResponse::header_version(version))
        .unwrap();
    response.encode(&mut out, version).unwrap();
    sized(out)
}

fn theirs(frame: &[u8], version: i16) -> FetchResponse {
    assert_eq!(frame[..4], (frame.len() as u32 - 4).to_be_bytes());
    let mut bytes = Bytes::copy_from_slice(&frame[4..]);
    ResponseHeader::decode(&mut bytes, FetchResponse::header_version(version)).unwrap();
    let body = FetchResponse::decode(&mut bytes, version).unwrap();
    assert!(!bytes.has_remaining());
    body
}

fn parsed(frame: &[u8], version: i16) -> Result<Fetched, Malformed> {
    let mut out = Fetched::default();
    parse_response(frame, version, &mut out)?;
    Ok(out)
}

#[test]
fn responses_read_as_kafka_protocol_wrote_them() {
    for version in VERSIONS {
        let frame = response_frame(version, &their_response(version));
        let read = parsed(&frame, version).unwrap();
        let session_id = if version >= 7 { 77 } else { 0 };
        assert_eq!(
            (read.throttle_ms, read.error, read.session_id),
            (40, 0, session_id)
        );
        let chunk = |c: &FetchChunk| {
            let topic = c.topic.of(&frame);
            assert_eq!(c.high_watermark, 900);
            assert_eq!(frame[c.error_at..c.error_at + 2], c.error.to_be_bytes());
            (topic, c.partition, c.error, &frame[c.records.clone()])
        };
        let found: Vec<_> = read.chunks.iter().map(chunk).collect();
        assert!(read.tagged.is_empty());
        let (orders, anger) = (named(version, "orders"), named(version, "ärger"));
        let expected = [
            (orders, 0, 0, RECORDS[0]),
            (orders, 1, 0, RECORDS[2]),
            (anger, 2, 3, &[][..]),
            (anger, 3, 0, RECORDS[1]),
        ];
        assert_eq!(found, expected, "version {version}");
    }
}

#[test]
fn a_rebuilt_response_differs_where_it_was_told_to() {
    for version in VERSIONS {
        let mut expected = their_response(version);
        let frame = response_frame(version, &expected);
        let read = parsed(&frame, version).unwrap();
        assert_eq!(
            rebuild_response(&frame, version, &read, &Even, &mut |_| Outcome::AsIs),
            frame
        );
        let longer = [b'm'; 700];
        let rebuilt = rebuild_response(&frame, version, &read, &Even, &mut |i| match i {
            0 => Outcome::Records(&longer),
            1 => Outcome::Error(29),
            2 => Outcome::Error(44),
            _ => Outcome::AsIs,
        });
        expected.responses[0].partitions[0].records = Some(Bytes::copy_from_slice(&longer));
        let none = Some(Bytes::new());
        let refused = &mut expected.responses[0].partitions[1];
        (refused.error_code, refused.records) = (29, none.clone());
        let refused = &mut expected.responses[2].partitions[0];
        (refused.error_code, refused.records) = (44, none);
        assert_eq!(theirs(&rebuilt, version), expected, "version {version}");
    }
}

#[test]
fn a_reply_leaves_with_mapped_endpoints_and_known_tags_only() {
    for version in 12..=18 {
        let mut sent = their_response(version);
        sent.unknown_tagged_fields = unknown(9);
        sent.responses[0].unknown_tagged_fields = unknown(0);
        let partitions = &mut sent.responses[0].partitions;
        partitions[0].unknown_tagged_fields = unknown(3);
        let aborted = partitions[1].aborted_transactions.as_mut().unwrap();
        aborted[1].unknown_tagged_fields = unknown(0);
        let last = &mut sent.responses[2].partitions[1];
        last.current_leader.unknown_tagged_fields = unknown(0);
        last.snapshot_id.unknown_tagged_fields = unknown(2);
        let mut expected = their_response(version);
        if version >= 16 {
            let real = |id| endpoint(id, &format!("{REAL}-{id}"), 9092);
            sent.node_endpoints = vec![real(3), real(2)];
            sent.node_endpoints[1].unknown_tagged_fields = unknown(0);
            expected.node_endpoints = vec![endpoint(2, "gw.example.com", 19_102)];
        }
        let frame = response_frame(version, &sent);
        let read = parsed(&frame, version).unwrap();
        assert!(!read.tagged.is_empty());
        let cleaned = rebuild_response(&frame, version, &read, &Even, &mut |_| Outcome::AsIs);
        assert!(!leaks(&cleaned));
        assert_eq!(theirs(&cleaned, version), expected, "version {version}");

        // and both at once: an error where unknown fields were
        let refused = rebuild_response(&frame, version, &read, &Even, &mut |i| match i {
            1 => Outcome::Error(29),
            _ => Outcome::AsIs,
        });
        let refused_one = &mut expected.responses[0].partitions[1];
        (refused_one.error_code, refused_one.records) = (29, Some(Bytes::new()));
        assert_eq!(theirs(&refused, version), expected, "version {version}");
    }
}

#[test]
fn a_header_s_unknown_tag_goes_too() {
    for version in 12..=18 {
        let mut frame = response_frame(version, &their_response(version));
        let before = frame.clone();
        frame.splice(8..9, [1, 5, 2, b'h', b'h']);
        let read = parsed(&frame, version).unwrap();
        let cleaned = rebuild_response(&frame, version, &read, &Even, &mut |_| Outcome::AsIs);
        assert_eq!(cleaned, before);
    }
}

#[test]
fn a_cut_or_longer_response_is_a_fault() {
    for version in VERSIONS {
        let frame = response_frame(version, &their_response(version));
        for cut in 1..frame.len() - 4 {
            assert!(
                parsed(&frame[..frame.len() - cut], version).is_err(),
                "{version} -{cut}"
            );
        }
        assert!(parsed(&[&frame[..], &[0]].concat(), version).is_err());
    }
}

#[test]
fn a_blanked_tail_shows_nothing_and_stays_incomplete() {
    let mut whole = [0xaa; 200];
    whole[8..12].copy_from_slice(&188i32.to_be_bytes());
    whole[16] = 2;
    for length in 0..200 {
        let mut frame = b"before".to_vec();
        frame.extend_from_slice(&whole[..length]);
        let tail = frame.len() - length..frame.len();
        blank_tail(&mut frame, tail);
        let (before, tail) = frame.split_at(6);
        assert_eq!((before, tail.len()), (&b"before"[..], length));
        // nothing of what came but the base offset: eight bytes
        let kept = if length >= 12 { 8 } else { 0 };
        assert_eq!(tail[..kept], whole[..kept]);
        assert!(
            tail[kept.max(12.min(length))..]
                .iter()
                .all(|byte| *byte == 0 || *byte == 2)
        );
        let told = batches(tail).next();
        assert_eq!(
            told,
            (length > 0).then_some(Err(BatchFault::Partial { at: 0 }))
        );
    }
    blank_tail(&mut [1, 2, 3], 2..9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_an_answer(
        version in VERSIONS,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let _ = lower_limits(&mut noise.clone(), 0, version, MAX, &mut Sections::default());
        let _ = parsed(&noise, version);
        let mut request = request_frame(version, &their_request(version));
        let body = frame::request_header(&request).unwrap().body;
        let mut sent = their_response(version);
        if version >= 16 {
            sent.node_endpoints = vec![endpoint(1, "h", 1)];
        }
        let mut response = response_frame(version, &sent);
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let _ = lower_limits(&mut request, body, version, MAX, &mut Sections::default());
        let mut out = Fetched::default();
        if parse_response(&response, version, &mut out).is_ok() {
            let refuse = &mut |_| Outcome::Error(44);
            let again = rebuild_response(&response, version, &out, &Lenient, refuse);
            let again = parsed(&again, version).unwrap();
            prop_assert!(again.chunks.iter().all(|c| c.error == 44 && c.records.is_empty()));
            prop_assert_eq!(again.chunks.len(), out.chunks.len());
        }
        prop_assert!(out.chunks.capacity() <= 2 * response.len());
    }
}
