//! Produce against kafka-protocol, version by version, and against bytes that lie.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::endpoints::{Endpoint, Nobody};
use crate::kafka::{addresses::Mapping, api, frame};
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse,
    TopicProduceResponse,
};
use kafka_protocol::messages::{
    ProduceRequest, ProduceResponse as TheirResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use proptest::prelude::*;

const RECORDS: [&[u8]; 4] = [b"first records", b"", b"third", &[b'x'; 300]];

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

/// What a request or reply of this version names the topic by.
fn named(version: i16, text: &'static str) -> Topic<&'static str> {
    if version >= 13 {
        Topic::Id(id(text))
    } else {
        Topic::Name(text)
    }
}

fn topic(version: i16, text: &'static str, partitions: &[(i32, usize)]) -> TopicProduceData {
    let partition = |(index, records): &(i32, usize)| {
        PartitionProduceData::default()
            .with_index(*index)
            .with_records(Some(Bytes::from_static(RECORDS[*records])))
    };
    let out =
        TopicProduceData::default().with_partition_data(partitions.iter().map(partition).collect());
    match named(version, text) {
        Topic::Name(text) => out.with_name(name(text)),
        Topic::Id(id) => out.with_topic_id(hex(id).parse().unwrap()),
    }
}

fn their_request(version: i16, transactional: bool) -> ProduceRequest {
    let id = StrBytes::from_static_str("transfers-7");
    ProduceRequest::default()
        .with_transactional_id(transactional.then(|| id.into()))
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![
            topic(version, "orders", &[(0, 0), (3, 1)]),
            topic(version, "none", &[]),
            topic(version, "ärger", &[(7, 2), (0, 3)]),
        ])
}

fn request_frame(version: i16, request: &ProduceRequest) -> Vec<u8> {
    let header = RequestHeader::default()
        .with_request_api_key(0)
        .with_request_api_version(version)
        .with_correlation_id(99)
        .with_client_id(Some(StrBytes::from_static_str("billing")));
    let mut out = BytesMut::from(&[0; 4][..]);
    header
        .encode(&mut out, ProduceRequest::header_version(version))
        .unwrap();
    request.encode(&mut out, version).unwrap();
    sized(out)
}

fn sized(mut out: BytesMut) -> Vec<u8> {
    let size = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out.to_vec()
}

fn parsed(frame: &[u8], version: i16) -> Result<Produce, Malformed> {
    let mut out = Produce::default();
    parse(frame, frame::request_header(frame)?.body, version, &mut out)?;
    Ok(out)
}

/// Decodes a frame that is known to be sound with kafka-protocol.
fn theirs(frame: &[u8], version: i16) -> (RequestHeader, ProduceRequest) {
    assert_eq!(frame[..4], (frame.len() as u32 - 4).to_be_bytes());
    let mut bytes = Bytes::copy_from_slice(&frame[4..]);
    let header =
        RequestHeader::decode(&mut bytes, ProduceRequest::header_version(version)).unwrap();
    let body = ProduceRequest::decode(&mut bytes, version).unwrap();
    assert!(!bytes.has_remaining());
    (header, body)
}

#[test]
fn the_versions_are_those_of_the_table() {
    let line = api::lookup(api::PRODUCE).unwrap();
    assert_eq!(
        (line.min..=line.max, line.flexible),
        (VERSIONS, FLEXIBLE_FROM)
    );
    for version in [-1, 2, 14] {
        let frame = request_frame(9, &their_request(9, false));
        assert!(parse(&frame, 20, version, &mut Produce::default()).is_err());
    }
}

#[test]
fn requests_read_as_kafka_protocol_wrote_them() {
    let mut out = Produce::default();
    for version in VERSIONS {
        for transactional in [false, true] {
            let frame = request_frame(version, &their_request(version, transactional));
            let body = frame::request_header(&frame).unwrap().body;
            parse(&frame, body, version, &mut out).unwrap();
            assert_eq!((out.acks, out.timeout_ms), (-1, 30_000));
            assert_eq!(out.header_end, if version >= 9 { body - 1 } else { body });
            assert!(out.tagged.is_empty());
            let transaction = out.transactional_id.clone().map(|span| &frame[span]);
            assert_eq!(transaction, transactional.then_some(&b"transfers-7"[..]));
            let chunk = |c: &ProduceChunk| {
                let records = &frame[c.records.clone()];
                (c.topic.of(&frame), c.topic_index, c.partition, records)
            };
            let found: Vec<_> = out.chunks.iter().map(chunk).collect();
            let (orders, anger) = (named(version, "orders"), named(version, "ärger"));
            let expected = [
                (orders, 0, 0, RECORDS[0]),
                (orders, 0, 3, RECORDS[1]),
                (anger, 2, 7, RECORDS[2]),
                (anger, 2, 0, RECORDS[3]),
            ];
            assert_eq!(found, expected, "version {version}");
            let mut ids = vec![];
            topic_ids(&frame, body, version, &mut |id| ids.push(id)).unwrap();
            let all = ["orders", "none", "ärger"].map(id);
            assert_eq!(ids, if version >= 13 { &all[..] } else { &[] });
        }
    }
}

#[test]
fn a_cut_or_longer_request_is_a_fault() {
    for version in VERSIONS {
        let frame = request_frame(version, &their_request(version, true));
        for cut in 1..frame.len() - 4 {
            assert!(
                parsed(&frame[..frame.len() - cut], version).is_err(),
                "{version} -{cut}"
            );
        }
        let longer = [&frame[..], &[0]].concat();
        assert!(parsed(&longer, version).is_err(), "{version}");
    }
}

#[test]
fn null_records_and_too_many_partitions_are_faults() {
    for version in VERSIONS {
        let mut request = their_request(version, false);
        request.topic_data[0].partition_data[0].records = None;
        let fault = parsed(&request_frame(version, &request), version).unwrap_err();
        assert_eq!(fault.what, "null records");
    }
    let mut request = their_request(3, false);
    request.topic_data[1].partition_data = vec![
        PartitionProduceData::default()
            .with_records(Some(Bytes::new()));
        PARTITIONS_PER_REQUEST_MAX
    ];
    let fault = parsed(&request_frame(3, &request), 3).unwrap_err();
    assert_eq!(fault.what, "too many partitions");
}

#[test]
fn a_rebuilt_request_holds_what_was_kept() {
    for version in VERSIONS {
        let frame = request_frame(version, &their_request(version, true));
        let request = parsed(&frame, version).unwrap();
        let rebuilt = rebuild_request(&frame, version, &request, &mut |i| match i {
            0 => Keep::Drop,
            1 => Keep::Replace(b"masked"),
            _ => Keep::AsIs,
        });
        let (header, body) = theirs(&rebuilt.unwrap(), version);
        assert_eq!(header, theirs(&frame, version).0);
        let mut expected = their_request(version, true);
        expected.topic_data.remove(1); // it had no partition
        expected.topic_data[0].partition_data.remove(0);
        expected.topic_data[0].partition_data[0].records = Some(Bytes::from_static(b"masked"));
        assert_eq!(body, expected, "version {version}");

        let one_topic = rebuild_request(&frame, version, &request, &mut |i| match i {
            0 | 1 => Keep::Drop,
            _ => Keep::AsIs,
        });
        expected.topic_data.remove(0);
        assert_eq!(theirs(&one_topic.unwrap(), version).1, expected);
        assert_eq!(
            rebuild_request(&frame, version, &request, &mut |_| Keep::Drop),
            None
        );
    }
}

#[test]
fn a_single_chunk_is_a_whole_request() {
    for version in VERSIONS {
        for client_id in [None, Some("billing")] {
            let frame = single(&Single {
                version,
                correlation_id: 5,
                client_id,
                transactional_id: Some("transfers-7"),
                acks: 1,
                timeout_ms: 800,
                topic: named(version, "ärger"),
                partition: 7,
                records: RECORDS[2],
            });
            let (header, body) = theirs(&frame, version);
            assert_eq!(
                (header.request_api_key, header.request_api_version),
                (0, version)
            );
            assert_eq!(
                (header.correlation_id, header.client_id.as_deref()),
                (5, client_id)
            );
            let mut expected = their_request(version, true)
                .with_acks(1)
                .with_timeout_ms(800);
            expected.topic_data = vec![topic(version, "ärger", &[(7, 2)])];
            assert_eq!(body, expected, "version {version}");
        }
    }
}

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

fn leaks(frame: &[u8]) -> bool {
    memchr::memmem::find(frame, REAL.as_bytes()).is_some()
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

fn response_frame(version: i16) -> Vec<u8> {
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

fn written(version: i16, response: &ProduceResponse) -> Vec<u8> {
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

/// A tagged field that only a newer peer would send, with an address in it.
fn unknown(tag: i32) -> std::collections::BTreeMap<i32, Bytes> {
    [(tag, Bytes::from(format!("{REAL}-tag:9092")))].into()
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

#[test]
fn unknown_tags_do_not_go_on_to_the_broker() {
    for version in 9..=13 {
        let mut request = their_request(version, true);
        request.unknown_tagged_fields = unknown(3);
        request.topic_data[0].unknown_tagged_fields = unknown(0);
        request.topic_data[2].partition_data[1].unknown_tagged_fields = unknown(1);
        let mut frame = request_frame(version, &request);
        let body = frame::request_header(&frame).unwrap().body;
        frame.splice(body - 1..body, [1, 2, 1, b'h']); // of the header
        let size = frame.len() as u32 - 4;
        frame[..4].copy_from_slice(&size.to_be_bytes());
        let read = parsed(&frame, version).unwrap();
        assert!(!read.tagged.is_empty());
        let rebuilt = rebuild_request(&frame, version, &read, &mut |_| Keep::AsIs).unwrap();
        let mut expected = their_request(version, true);
        expected.topic_data.remove(1); // it had no partition
        let (header, body) = theirs(&rebuilt, version);
        assert_eq!(body, expected);
        assert!(header.unknown_tagged_fields.is_empty());
        assert!(parsed(&rebuilt, version).unwrap().tagged.is_empty());
    }
}

/// As a property, exposing everybody under one name.
struct Lenient;

impl Mapping for Lenient {
    fn map(&self, _: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        Some(("gw", 1))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_an_answer(
        version in VERSIONS,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let _ = parse(&noise, 0, version, &mut Produce::default());
        let _ = parse_response(&noise, version, &Lenient);
        let _ = clean_response(&noise, version, &Lenient);
        let (mut request, mut response) =
            (request_frame(version, &their_request(version, true)), response_frame(version));
        let body = frame::request_header(&request).unwrap().body;
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let mut out = Produce::default();
        if parse(&request, body, version, &mut out).is_ok() {
            // Whatever reads, rebuilds to something that reads the same.
            if let Some(again) = rebuild_request(&request, version, &out, &mut |_| Keep::AsIs) {
                let mut back = Produce::default();
                let body = out.header_end + usize::from(version >= 9);
                prop_assert!(parse(&again, body, version, &mut back).is_ok());
                prop_assert_eq!(back.chunks.len(), out.chunks.len());
                prop_assert!(back.tagged.is_empty());
            }
        }
        prop_assert!(out.chunks.capacity() * 5 <= 64 * request.len());
        if let Ok(read) = parse_response(&response, version, &Lenient) {
            let back = parse_response(&written(version, &read), version, &Lenient);
            prop_assert_eq!(back, Ok(read));
        }
        if let Ok(Some(cleaned)) = clean_response(&response, version, &Lenient) {
            // the endpoints are mapped again; there is nothing else to do
            let again = clean_response(&cleaned, version, &Lenient).unwrap();
            prop_assert_eq!(again.unwrap_or(cleaned.clone()), cleaned);
        }
    }
}
