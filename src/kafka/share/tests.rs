//! ShareFetch against kafka-protocol, which knows version 1; version 2 is the same but for two bytes of
//! the request (Kafka's own message definitions).

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::api;
use crate::kafka::endpoints::Nobody;
use crate::kafka::tagged::{Sections, Splice};
use crate::kafka::test_peers::{Even, Lenient, REAL, hex, leaks, sized, unknown};
use crate::kafka::topic::TopicId;
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::share_fetch_request::{
    AcknowledgementBatch, FetchPartition, FetchTopic, ForgottenTopic,
};
use kafka_protocol::messages::share_fetch_response::{
    AcquiredRecords, LeaderIdAndEpoch, NodeEndpoint, PartitionData, ShareFetchableTopicResponse,
};
use kafka_protocol::messages::{
    RequestHeader, ResponseHeader, ShareFetchRequest, ShareFetchResponse,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use proptest::prelude::*;

const MAX: i32 = 4 << 20;
const ORDERS: TopicId = TopicId([1; 16]);
const OTHERS: TopicId = TopicId([2; 16]);
fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn their_request(max_bytes: i32) -> ShareFetchRequest {
    let acknowledged = AcknowledgementBatch::default()
        .with_first_offset(5)
        .with_last_offset(7)
        .with_acknowledge_types(vec![1, 2, 3]);
    let partition = |index| {
        FetchPartition::default()
            .with_partition_index(index)
            .with_acknowledgement_batches(vec![acknowledged.clone(); index as usize])
    };
    let topic = |id| FetchTopic::default().with_topic_id(hex(id).parse().unwrap());
    let forgotten = ForgottenTopic::default().with_topic_id(hex(TopicId([9; 16])).parse().unwrap());
    ShareFetchRequest::default()
        .with_group_id(Some(text("group").into()))
        .with_member_id(Some(text("member")))
        .with_share_session_epoch(3)
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(max_bytes)
        .with_max_records(500)
        .with_batch_size(500)
        .with_topics(vec![
            topic(ORDERS).with_partitions(vec![partition(0), partition(2)]),
            topic(OTHERS).with_partitions(vec![partition(1)]),
        ])
        .with_forgotten_topics_data(vec![forgotten.with_partitions(vec![3, 4])])
}

/// The frame, and where its body starts.
fn request_frame(version: i16, request: &ShareFetchRequest) -> (Vec<u8>, usize) {
    let header = RequestHeader::default()
        .with_request_api_key(78)
        .with_request_api_version(version)
        .with_client_id(Some(text("billing")));
    let mut out = BytesMut::from(&[0; 4][..]);
    header.encode(&mut out, 2).unwrap();
    let body = out.len();
    request.encode(&mut out, 1).unwrap();
    if version == 2 {
        // group and member, then six numbers; the acquire mode and whether there are renewals
        let rest = out.split_off(body + 6 + 7 + 6 * 4);
        out.extend_from_slice(&[1, 0]);
        out.unsplit(rest);
    }
    (sized(out), body)
}

#[test]
fn the_versions_are_those_of_the_table() {
    let line = api::lookup(api::SHARE_FETCH).unwrap();
    assert_eq!((line.min..=line.max, line.flexible), (VERSIONS, 0));
    for version in [-1, 0, 3] {
        let (mut frame, body) = request_frame(1, &their_request(1));
        let mut sections = Sections::default();
        assert!(lower_limit(&mut frame, body, version, MAX, &mut sections).is_err());
    }
}

#[test]
fn the_limit_is_lowered_and_nothing_else() {
    for version in VERSIONS {
        for (asked, passed) in [(i32::MAX, MAX), (MAX, MAX), (7, 7)] {
            let (mut frame, body) = request_frame(version, &their_request(asked));
            let mut sections = Sections::default();
            lower_limit(&mut frame, body, version, MAX, &mut sections).unwrap();
            assert!(sections.is_empty());
            assert_eq!(frame, request_frame(version, &their_request(passed)).0);
            let mut ids = vec![];
            topic_ids(&frame, body, version, &mut |id| ids.push(id)).unwrap();
            assert_eq!(ids, [ORDERS, OTHERS]);
        }
    }
}

#[test]
fn a_cut_or_longer_request_is_a_fault() {
    for version in VERSIONS {
        let (frame, body) = request_frame(version, &their_request(MAX));
        let read = |mut frame: Vec<u8>| {
            lower_limit(&mut frame, body, version, MAX, &mut Sections::default())
        };
        assert!(read(frame.clone()).is_ok());
        for cut in 1..frame.len() - 4 {
            assert!(read(frame[..frame.len() - cut].to_vec()).is_err(), "-{cut}");
        }
        assert!(read([&frame[..], &[0]].concat()).is_err());
    }
}

#[test]
fn unknown_tags_do_not_go_on_to_the_broker() {
    for version in VERSIONS {
        let mut request = their_request(7);
        request.unknown_tagged_fields = unknown(0);
        request.topics[0].unknown_tagged_fields = unknown(1);
        let partition = &mut request.topics[1].partitions[0];
        partition.unknown_tagged_fields = unknown(2);
        partition.acknowledgement_batches[0].unknown_tagged_fields = unknown(3);
        request.forgotten_topics_data[0].unknown_tagged_fields = unknown(4);
        let (mut frame, body) = request_frame(version, &request);
        let mut sections = Sections::default();
        lower_limit(&mut frame, body, version, MAX, &mut sections).unwrap();
        let made = Splice::new(&frame, &sections, &Nobody).finish();
        assert_eq!(made, request_frame(version, &their_request(7)).0);
    }
}

fn endpoint(node_id: i32, host: &str, port: i32) -> NodeEndpoint {
    NodeEndpoint::default()
        .with_node_id(node_id.into())
        .with_host(text(host))
        .with_port(port)
        .with_rack(Some(text("r1")))
}

fn acquired(first: i64, last: i64) -> AcquiredRecords {
    AcquiredRecords::default()
        .with_first_offset(first)
        .with_last_offset(last)
        .with_delivery_count(2)
}

fn their_response() -> ShareFetchResponse {
    let partition = |index: i32, error: i16, records: &'static [u8]| {
        PartitionData::default()
            .with_partition_index(index)
            .with_error_code(error)
            .with_error_message((error != 0).then(|| text("moved")))
            .with_acknowledge_error_code(121)
            .with_acknowledge_error_message(Some(text("late")))
            .with_current_leader(
                LeaderIdAndEpoch::default()
                    .with_leader_id(2)
                    .with_leader_epoch(9),
            )
            .with_records(Some(Bytes::from_static(records)))
            .with_acquired_records(match records.is_empty() {
                true => vec![],
                false => vec![acquired(10, 14), acquired(15, 19)],
            })
    };
    let topic = |id| ShareFetchableTopicResponse::default().with_topic_id(hex(id).parse().unwrap());
    ShareFetchResponse::default()
        .with_throttle_time_ms(40)
        .with_error_message(Some(text("whole")))
        .with_acquisition_lock_timeout_ms(30_000)
        .with_responses(vec![
            topic(ORDERS).with_partitions(vec![partition(0, 0, b"some"), partition(1, 6, b"")]),
            topic(OTHERS).with_partitions(vec![partition(2, 0, b"other records")]),
        ])
}

/// The layout is the same in both versions.
fn response_frame(response: &ShareFetchResponse) -> Vec<u8> {
    let mut out = BytesMut::from(&[0; 4][..]);
    let header = ResponseHeader::default().with_correlation_id(99);
    header.encode(&mut out, 1).unwrap();
    response.encode(&mut out, 1).unwrap();
    sized(out)
}

fn theirs(frame: &[u8]) -> ShareFetchResponse {
    assert_eq!(frame[..4], (frame.len() as u32 - 4).to_be_bytes());
    let mut bytes = Bytes::copy_from_slice(&frame[4..]);
    ResponseHeader::decode(&mut bytes, 1).unwrap();
    let body = ShareFetchResponse::decode(&mut bytes, 1).unwrap();
    assert!(!bytes.has_remaining());
    body
}

fn parsed(frame: &[u8], version: i16) -> Result<ShareFetched, Malformed> {
    let mut out = ShareFetched::default();
    parse_response(frame, version, &mut out)?;
    Ok(out)
}

#[test]
fn responses_read_as_kafka_protocol_wrote_them() {
    let frame = response_frame(&their_response());
    for version in VERSIONS {
        let read = parsed(&frame, version).unwrap();
        assert!(read.is_clean() && read.error == 0);
        let chunk = |c: &ShareChunk| (c.topic, c.partition, c.error, &frame[c.records.clone()]);
        let found: Vec<_> = read.chunks.iter().map(chunk).collect();
        let expected = [
            (ORDERS, 0, 0, &b"some"[..]),
            (ORDERS, 1, 6, b""),
            (OTHERS, 2, 0, b"other records"),
        ];
        assert_eq!(found, expected);
        let same = rebuild_response(&frame, &read, &Even, &mut |_| Outcome::AsIs);
        assert_eq!(same, frame);
    }
}

#[test]
fn withheld_records_are_not_acquired_and_acknowledgements_keep_their_outcome() {
    let frame = response_frame(&their_response());
    let read = parsed(&frame, 2).unwrap();
    let rebuilt = rebuild_response(&frame, &read, &Even, &mut |i| match i {
        0 => Outcome::Error(29, "withheld"),
        2 => Outcome::Records(b"m", Some(17)),
        _ => Outcome::AsIs,
    });
    let mut expected = their_response();
    let withheld = &mut expected.responses[0].partitions[0];
    (withheld.error_code, withheld.error_message) = (29, Some(text("withheld")));
    (withheld.records, withheld.acquired_records) = (Some(Bytes::new()), vec![]);
    let cut = &mut expected.responses[1].partitions[0];
    cut.records = Some(Bytes::from_static(b"m"));
    cut.acquired_records = vec![acquired(10, 14), acquired(15, 16)];
    assert_eq!(theirs(&rebuilt), expected);

    for (until, kept) in [
        (10, vec![]),
        (15, vec![acquired(10, 14)]),
        (i64::MIN, vec![]),
    ] {
        let rebuilt = rebuild_response(&frame, &read, &Even, &mut |i| match i {
            0 => Outcome::Records(b"", Some(until)),
            _ => Outcome::AsIs,
        });
        let cut = &theirs(&rebuilt).responses[0].partitions[0];
        assert_eq!(cut.acquired_records, kept, "until {until}");
    }
    let whole = rebuild_response(&frame, &read, &Even, &mut |i| match i {
        0 => Outcome::Records(b"a longer one", None),
        _ => Outcome::AsIs,
    });
    let mut expected = their_response();
    expected.responses[0].partitions[0].records = Some(Bytes::from_static(b"a longer one"));
    assert_eq!(theirs(&whole), expected);
}

#[test]
fn a_reply_leaves_with_mapped_endpoints_and_without_unknown_tags() {
    let mut sent = their_response();
    sent.unknown_tagged_fields = unknown(0);
    sent.responses[0].unknown_tagged_fields = unknown(1);
    let partition = &mut sent.responses[0].partitions[0];
    partition.unknown_tagged_fields = unknown(2);
    partition.current_leader.unknown_tagged_fields = unknown(3);
    partition.acquired_records[1].unknown_tagged_fields = unknown(4);
    let real = |id| endpoint(id, &format!("{REAL}-{id}"), 9092);
    sent.node_endpoints = vec![real(3), real(2)];
    sent.node_endpoints[1].unknown_tagged_fields = unknown(5);
    let mut expected = their_response();
    expected.node_endpoints = vec![endpoint(2, "gw.example.com", 19_102)];

    let frame = response_frame(&sent);
    let read = parsed(&frame, 1).unwrap();
    assert!(!read.is_clean());
    let cleaned = rebuild_response(&frame, &read, &Even, &mut |_| Outcome::AsIs);
    assert!(!leaks(&cleaned));
    assert_eq!(theirs(&cleaned), expected);

    // endpoints alone, and a partition that is refused where unknown fields were
    sent = their_response();
    sent.node_endpoints = vec![real(3), real(2)];
    let frame = response_frame(&sent);
    let read = parsed(&frame, 1).unwrap();
    assert!(read.tagged.is_empty() && !read.is_clean());
    let refused = rebuild_response(&frame, &read, &Even, &mut |_| Outcome::Error(29, "no"));
    assert!(!leaks(&refused));
    assert_eq!(theirs(&refused).node_endpoints, expected.node_endpoints);
}

#[test]
fn a_cut_or_longer_response_is_a_fault() {
    let frame = response_frame(&their_response());
    for cut in 1..frame.len() - 4 {
        assert!(parsed(&frame[..frame.len() - cut], 1).is_err(), "-{cut}");
    }
    assert!(parsed(&[&frame[..], &[0]].concat(), 1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_an_answer(
        version in VERSIONS,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        until in any::<i64>(),
    ) {
        let _ = lower_limit(&mut noise.clone(), 0, version, MAX, &mut Sections::default());
        let _ = parsed(&noise, version);
        let (mut request, body) = request_frame(version, &their_request(MAX + 1));
        let mut sent = their_response();
        sent.node_endpoints = vec![endpoint(1, "h", 1)];
        let mut response = response_frame(&sent);
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let _ = topic_ids(&request, body, version, &mut |_| {});
        let _ = lower_limit(&mut request, body, version, MAX, &mut Sections::default());
        let mut out = ShareFetched::default();
        if parse_response(&response, version, &mut out).is_ok() {
            let refuse = &mut |_| Outcome::Error(29, "withheld");
            let again = parsed(&rebuild_response(&response, &out, &Lenient, refuse), version);
            let again = again.unwrap();
            let withheld = |c: &ShareChunk| {
                c.error == 29 && c.records.is_empty() && c.acquired.len() == 1
            };
            prop_assert!(again.chunks.iter().all(withheld));
            prop_assert_eq!(again.chunks.len(), out.chunks.len());
            let cut = &mut |_| Outcome::Records(b"x", Some(until));
            let again = parsed(&rebuild_response(&response, &out, &Lenient, cut), version);
            prop_assert!(again.is_ok());
        }
        prop_assert!(out.chunks.capacity() <= 2 * response.len());
    }
}
