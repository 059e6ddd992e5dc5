//! Requests: read, rebuilt, made.

use super::{name, named};
use crate::kafka::produce::*;
use crate::kafka::reader::Malformed;
use crate::kafka::test_peers::{hex, id, sized, unknown};
use crate::kafka::topic::Topic;
use crate::kafka::{api, frame};
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, RequestHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

const RECORDS: [&[u8]; 4] = [b"first records", b"", b"third", &[b'x'; 300]];

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

pub(super) fn their_request(version: i16, transactional: bool) -> ProduceRequest {
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

pub(super) fn request_frame(version: i16, request: &ProduceRequest) -> Vec<u8> {
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
