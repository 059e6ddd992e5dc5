//! Batches of every codec, masked in every way that changes their length or does not.

#![allow(clippy::unwrap_used)]

use crate::chunk::{Operation, Principal, UnixMillis};
use crate::data_plane::inspect::{self, Judged, Origin, Rules};
use crate::data_plane::scratch::ChunkScratch;
use crate::kafka::batch::{Bodies, Record, check_crc, produced_batch, rebuild, records};
use crate::kafka::compression::Deflater;
use crate::kafka::error;
use crate::limits::FRAME_BYTES_MAX;
use crate::policy::Subject;
use crate::scan::Engine;
use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const SSN: &str = r#"{"id":7,"ssn":"536-90-4399","old_ssn":536904399}"#;
const CLEAN: &str = r#"{"id":8,"note":"nothing"}"#;

fn record(index: i64, key: &str, value: &str, header: &str) -> kafka_protocol::records::Record {
    kafka_protocol::records::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: 9,
        producer_epoch: 1,
        timestamp_type: TimestampType::Creation,
        offset: index,
        sequence: index as i32,
        timestamp: NOW.0 + 5 * index,
        key: Some(Bytes::from(key.to_owned())),
        value: Some(Bytes::from(value.to_owned())),
        headers: [(
            StrBytes::from_static_str("h"),
            Some(Bytes::from(header.to_owned())),
        )]
        .into_iter()
        .collect(),
    }
}

/// Three records, of which the second has a number in key, value and header.
fn batch(codec: u8) -> Vec<u8> {
    let list = [
        record(0, "a", CLEAN, "x"),
        record(1, "ssn 536-90-4399", SSN, "536-90-4399"),
        record(2, "c", CLEAN, "y"),
    ];
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    let mut plain = BytesMut::new();
    RecordBatchEncoder::encode(&mut plain, &list, &options).unwrap();
    let mut plain = plain.to_vec();
    let body = plain[61..].to_vec();
    plain[22] |= codec;
    let mut out = Vec::new();
    rebuild(&plain, &body, &mut Deflater::new(), &mut out).unwrap();
    out
}

fn rules(then: &str) -> Rules {
    let text = format!(
        "version: 1\nclusters: {{main: {{bootstrap: [k:9092], listeners: {{a: {{address: 127.0.0.1:19092, \
         broker_ports: 19100-19199, sasl: none}}}}}}}}\nmasking: {{key: \"${{KEY}}\"}}\n\
         rules:\n  r: {{when: {{}}, if: {{contains: {{any: [us_ssn]}}}}, then: {{{then}}}}}\n"
    );
    let config = crate::config::parse(&text, "lg.yaml", &|_| Some("k".repeat(40))).unwrap();
    Rules {
        engine: Engine::new(config.policy.detectors()),
        policy: config.policy,
        mask_keys: config.mask_keys,
    }
}

fn judge(rules: &Rules, bytes: &mut [u8], room: usize) -> Judged {
    let principal = Principal {
        name: "ann".into(),
        groups: [].into(),
        issuer: "".into(),
        claims: Default::default(),
    };
    let subject = Subject {
        principal: &principal,
        client_id: "app",
        listener: "main/a",
    };
    let scope = rules
        .policy
        .scope(&subject, Operation::Produce, "orders", NOW);
    let origin = Origin {
        operation: Operation::Produce,
        grants: crate::policy::Grants::none(),
        principal: "ann",
        client_id: "app",
        topic: "orders",
        partition: 0,
        schemas: None,
        waits: false,
    };
    let mut scratch = ChunkScratch::default();
    scratch.begin(FRAME_BYTES_MAX - room);
    let found = produced_batch(bytes).unwrap();
    inspect::batch(rules, &scope, &origin, bytes, &found, &mut scratch, NOW).0
}

/// Key, value and first header of each record, with its offset and timestamp.
fn read(bytes: &[u8]) -> Vec<(String, String, String, i32, i64)> {
    assert!(check_crc(bytes));
    let (found, mut bodies) = (produced_batch(bytes).unwrap(), Bodies::new());
    let body = bodies.open(bytes, &found).unwrap();
    let walk = records(body, found.header.records_count);
    let text = |span: std::ops::Range<usize>| String::from_utf8(body[span].to_vec()).unwrap();
    let read = |record: Record| {
        let header = walk.headers(&record).next().unwrap();
        (
            text(record.key.unwrap()),
            text(record.value.unwrap()),
            text(header.value.unwrap()),
            record.offset_delta,
            record.timestamp_delta,
        )
    };
    records(body, found.header.records_count)
        .map(|record| read(record.unwrap()))
        .collect()
}

fn masked(then: &str, codec: u8) -> Vec<(String, String, String, i32, i64)> {
    let mut bytes = batch(codec);
    match judge(&rules(then), &mut bytes, 1 << 20) {
        Judged::Pass { masked } => {
            assert!(masked);
            read(&bytes)
        }
        Judged::Rebuilt(bytes) => read(&bytes),
        _ => panic!("{then} with codec {codec}"),
    }
}

#[test]
fn lengths_may_change_in_key_value_and_header_for_every_codec() {
    for (then, key, value, header) in [
        (
            "mask: {replace: gone}",
            "ssn gone",
            r#"{"id":7,"ssn":"gone","old_ssn":900000000}"#,
            "gone",
        ),
        (
            "mask: remove",
            "ssn XXX-XX-XXXX",
            r#"{"id":7}"#,
            "XXX-XX-XXXX",
        ),
        (
            "mask: {replace: a longer text}, json_number: string",
            "ssn a longer text",
            r#"{"id":7,"ssn":"a longer text","old_ssn":"a longer text"}"#,
            "a longer text",
        ),
        (
            "mask: {keep_last: 4}",
            "ssn XXX-XX-4399",
            r#"{"id":7,"ssn":"XXX-XX-4399","old_ssn":900004399}"#,
            "XXX-XX-4399",
        ),
    ] {
        for codec in 0..5 {
            let mut expected = read(&batch(0));
            expected[1].0 = key.to_owned();
            expected[1].1 = value.to_owned();
            expected[1].2 = header.to_owned();
            assert_eq!(masked(then, codec), expected, "{then} with codec {codec}");
        }
    }
}

#[test]
fn a_token_is_the_same_in_key_value_and_header() {
    let read = masked("mask: token", 0);
    let (key, value, header, ..) = &read[1];
    let token = key.strip_prefix("ssn ").unwrap();
    assert!(token.starts_with("XT") && token.len() == 24, "{token}");
    assert_eq!(token, header);
    assert!(value.contains(&format!(r#""ssn":"{token}""#)), "{value}");
}

#[test]
fn where_no_length_changes_the_bytes_are_edited_where_they_lie() {
    for then in [
        "mask: full",
        "mask: {keep_last: 4}",
        "mask: format_preserving",
    ] {
        let mut bytes = batch(0);
        let judged = judge(&rules(then), &mut bytes, 0);
        assert!(matches!(judged, Judged::Pass { masked: true }), "{then}");
        assert_eq!(bytes.len(), batch(0).len());
    }
}

#[test]
fn a_batch_that_would_make_its_frame_too_long_is_refused_with_a_reason() {
    let rules = rules("mask: token");
    for (room, fits) in [(0, false), (10, false), (100, true)] {
        match judge(&rules, &mut batch(0), room) {
            Judged::Rebuilt(_) => assert!(fits, "{room}"),
            Judged::Blocked(fault) => {
                assert!(!fits, "{room}");
                assert_eq!(fault.code, error::MESSAGE_TOO_LARGE);
                assert!(
                    fault.why.starts_with("masked, the batch is "),
                    "{}",
                    fault.why
                );
            }
            _ => panic!("{room}"),
        }
    }
}
