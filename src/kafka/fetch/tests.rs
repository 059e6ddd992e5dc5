//! Fetch against kafka-protocol, version by version, and against bytes that lie.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::batch::{BatchFault, batches};
use crate::kafka::{api, frame};
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, PartitionData,
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
        FetchTopic::default()
            .with_topic(name(text))
            .with_partitions(partitions)
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
        out.forgotten_topics_data = vec![
            ForgottenTopic::default()
                .with_topic(name("old"))
                .with_partitions(vec![1, 2]),
        ];
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
    lower_limits(frame, body, version, MAX)
}

#[test]
fn the_versions_are_those_of_the_table() {
    let line = api::lookup(api::FETCH).unwrap();
    assert_eq!(
        (line.min..=line.max, line.flexible),
        (VERSIONS, FLEXIBLE_FROM)
    );
    for version in [-1, 3, 13] {
        assert!(lower_limits(&mut [0; 100], 0, version, MAX).is_err());
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
        }
        out
    };
    let topic = |text, partitions| {
        FetchableTopicResponse::default()
            .with_topic(name(text))
            .with_partitions(partitions)
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
            let topic = std::str::from_utf8(&frame[c.topic.clone()]).unwrap();
            assert_eq!(c.high_watermark, 900);
            assert_eq!(frame[c.error_at..c.error_at + 2], c.error.to_be_bytes());
            (topic, c.partition, c.error, &frame[c.records.clone()])
        };
        let found: Vec<_> = read.chunks.iter().map(chunk).collect();
        let expected = [
            ("orders", 0, 0, RECORDS[0]),
            ("orders", 1, 0, RECORDS[2]),
            ("ärger", 2, 3, &[][..]),
            ("ärger", 3, 0, RECORDS[1]),
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
            rebuild_response(&frame, version, &read, &mut |_| Outcome::AsIs),
            frame
        );
        let longer = [b'm'; 700];
        let rebuilt = rebuild_response(&frame, version, &read, &mut |i| match i {
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
        version in 4i16..=12,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let _ = lower_limits(&mut noise.clone(), 0, version, MAX);
        let _ = parsed(&noise, version);
        let mut request = request_frame(version, &their_request(version));
        let mut response = response_frame(version, &their_response(version));
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let _ = lower_limits(&mut request, 21, version, MAX);
        let mut out = Fetched::default();
        if parse_response(&response, version, &mut out).is_ok() {
            let again = rebuild_response(&response, version, &out, &mut |_| Outcome::Error(44));
            let again = parsed(&again, version).unwrap();
            prop_assert!(again.chunks.iter().all(|c| c.error == 44 && c.records.is_empty()));
            prop_assert_eq!(again.chunks.len(), out.chunks.len());
        }
        prop_assert!(out.chunks.capacity() <= 2 * response.len());
    }
}
