//! Produce against kafka-protocol, version by version, and against bytes that lie.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::{api, frame};
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
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

fn topic(text: &'static str, partitions: &[(i32, usize)]) -> TopicProduceData {
    let partition = |(index, records): &(i32, usize)| {
        PartitionProduceData::default()
            .with_index(*index)
            .with_records(Some(Bytes::from_static(RECORDS[*records])))
    };
    TopicProduceData::default()
        .with_name(name(text))
        .with_partition_data(partitions.iter().map(partition).collect())
}

fn their_request(transactional: bool) -> ProduceRequest {
    let id = StrBytes::from_static_str("transfers-7");
    ProduceRequest::default()
        .with_transactional_id(transactional.then(|| id.into()))
        .with_acks(-1)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![
            topic("orders", &[(0, 0), (3, 1)]),
            topic("none", &[]),
            topic("ärger", &[(7, 2), (0, 3)]),
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
    for version in [-1, 2, 10] {
        let frame = request_frame(9, &their_request(false));
        assert!(parse(&frame, 20, version, &mut Produce::default()).is_err());
    }
}

#[test]
fn requests_read_as_kafka_protocol_wrote_them() {
    let mut out = Produce::default();
    for version in VERSIONS {
        for transactional in [false, true] {
            let frame = request_frame(version, &their_request(transactional));
            let body = frame::request_header(&frame).unwrap().body;
            parse(&frame, body, version, &mut out).unwrap();
            assert_eq!((out.acks, out.timeout_ms, out.body), (-1, 30_000, body));
            let id = out.transactional_id.clone().map(|span| &frame[span]);
            assert_eq!(id, transactional.then_some(&b"transfers-7"[..]));
            let chunk = |c: &ProduceChunk| {
                let topic = std::str::from_utf8(&frame[c.topic.clone()]).unwrap();
                (topic, c.topic_index, c.partition, &frame[c.records.clone()])
            };
            let found: Vec<_> = out.chunks.iter().map(chunk).collect();
            let expected = [
                ("orders", 0, 0, RECORDS[0]),
                ("orders", 0, 3, RECORDS[1]),
                ("ärger", 2, 7, RECORDS[2]),
                ("ärger", 2, 0, RECORDS[3]),
            ];
            assert_eq!(found, expected, "version {version}");
        }
    }
}

#[test]
fn a_cut_or_longer_request_is_a_fault() {
    for version in VERSIONS {
        let frame = request_frame(version, &their_request(true));
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
        let mut request = their_request(false);
        request.topic_data[0].partition_data[0].records = None;
        let fault = parsed(&request_frame(version, &request), version).unwrap_err();
        assert_eq!(fault.what, "null records");
    }
    let mut request = their_request(false);
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
        let frame = request_frame(version, &their_request(true));
        let request = parsed(&frame, version).unwrap();
        let rebuilt = rebuild_request(&frame, version, &request, &mut |i| match i {
            0 => Keep::Drop,
            1 => Keep::Replace(b"masked"),
            _ => Keep::AsIs,
        });
        let (header, body) = theirs(&rebuilt.unwrap(), version);
        assert_eq!(header, theirs(&frame, version).0);
        let mut expected = their_request(true);
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
                topic: "ärger",
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
            let mut expected = their_request(true).with_acks(1).with_timeout_ms(800);
            expected.topic_data = vec![topic("ärger", &[(7, 2)])];
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
    out
}

fn response_frame(version: i16) -> Vec<u8> {
    let topic = |text, partitions: &[(i32, i16)]| {
        let partition = |(index, error): &(i32, i16)| their_partition(version, *index, *error);
        TopicProduceResponse::default()
            .with_name(name(text))
            .with_partition_responses(partitions.iter().map(partition).collect())
    };
    let response = TheirResponse::default()
        .with_throttle_time_ms(40)
        .with_responses(vec![
            topic("orders", &[(0, 0), (3, 44)]),
            topic("ärger", &[(7, 6)]),
        ]);
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
        .map(|(name, list)| (name.as_str(), &list[..]));
    write_response(version, 99, response.throttle_ms, topics)
}

#[test]
fn responses_read_and_write_back_byte_for_byte() {
    for version in VERSIONS {
        let frame = response_frame(version);
        let response = parse_response(&frame, version).unwrap();
        assert_eq!(written(version, &response), frame, "version {version}");
        assert_eq!(response.throttle_ms, 40);
        let (topic, partitions) = &response.topics[0];
        assert_eq!((topic.as_str(), partitions.len()), ("orders", 2));
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
        let mut each = |t: &str, p, e, o| acks.push((t.to_owned(), p, e, o));
        for_each_ack(&frame, version, &mut each).unwrap();
        let ack = |t: &str, p: i32, e: i16| (t.to_owned(), p, e, 1000 + i64::from(p));
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
            assert!(parse_response(&frame[..frame.len() - cut], version).is_err());
        }
        assert!(parse_response(&[&frame[..], &[0]].concat(), version).is_err());
    }
}

#[test]
fn what_a_version_cannot_say_is_left_out() {
    let refused = PartitionReply::refused(3, 44, Some("ask security".to_owned()));
    let response = ProduceResponse {
        throttle_ms: 0,
        topics: vec![("t".to_owned(), vec![refused])],
    };
    for version in VERSIONS {
        let back = parse_response(&written(version, &response), version).unwrap();
        let message = back.topics[0].1[0].message.as_deref();
        assert_eq!(message, (version >= 8).then_some("ask security"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_an_answer(
        version in 3i16..=9,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let _ = parse(&noise, 0, version, &mut Produce::default());
        let _ = parse_response(&noise, version);
        let (mut request, mut response) =
            (request_frame(version, &their_request(true)), response_frame(version));
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let mut out = Produce::default();
        if parse(&request, 21, version, &mut out).is_ok() {
            // Whatever reads, rebuilds to something that reads the same.
            if let Some(again) = rebuild_request(&request, version, &out, &mut |_| Keep::AsIs) {
                let mut back = Produce::default();
                prop_assert!(parse(&again, 21, version, &mut back).is_ok());
                prop_assert_eq!(back.chunks.len(), out.chunks.len());
            }
        }
        prop_assert!(out.chunks.capacity() * 5 <= 64 * request.len());
        if let Ok(read) = parse_response(&response, version) {
            prop_assert_eq!(parse_response(&written(version, &read), version), Ok(read));
        }
    }
}
