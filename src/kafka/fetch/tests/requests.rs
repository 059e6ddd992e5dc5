//! Requests: lowered, and cleaned of what is not known.

use super::name;
use crate::kafka::fetch::*;
use crate::kafka::reader::Malformed;
use crate::kafka::tagged::{Sections, Splice};
use crate::kafka::test_peers::{hex, id, sized, unknown};
use crate::kafka::{api, endpoints::Nobody, frame};
use bytes::BytesMut;
use kafka_protocol::messages::fetch_request::{
    FetchPartition, FetchTopic, ForgottenTopic, ReplicaState,
};
use kafka_protocol::messages::{FetchRequest, RequestHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, StrBytes};

pub(super) const MAX: i32 = 4 << 20;

pub(super) fn their_request(version: i16) -> FetchRequest {
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

pub(super) fn request_frame(version: i16, request: &FetchRequest) -> Vec<u8> {
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
