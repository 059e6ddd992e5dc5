//! Responses: read, cleaned, rebuilt, blanked.

use super::{name, named};
use crate::kafka::batch::{BatchFault, batches};
use crate::kafka::fetch::*;
use crate::kafka::reader::Malformed;
use crate::kafka::test_peers::{Even, REAL, hex, id, leaks, sized, unknown};
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData, SnapshotId,
};
use kafka_protocol::messages::{FetchResponse, ProducerId, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

const RECORDS: [&[u8]; 3] = [b"some records", b"", &[b'x'; 300]];

pub(super) fn their_response(version: i16) -> FetchResponse {
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

pub(super) fn endpoint(node_id: i32, host: &str, port: i32) -> NodeEndpoint {
    NodeEndpoint::default()
        .with_node_id(node_id.into())
        .with_host(StrBytes::from_string(host.to_owned()))
        .with_port(port)
        .with_rack(Some(StrBytes::from_static_str("r1")))
}

pub(super) fn response_frame(version: i16, response: &FetchResponse) -> Vec<u8> {
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

pub(super) fn parsed(frame: &[u8], version: i16) -> Result<Fetched, Malformed> {
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
