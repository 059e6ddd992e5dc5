//! kafka-protocol writes what a broker would say, and reads what a client would hear.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::kafka::api::*;
use crate::kafka::error::{NONE, REBOOTSTRAP_REQUIRED, UNSUPPORTED_VERSION};
use crate::kafka::frame::{request_begin, request_header, response_correlation_id};
use crate::kafka::messages;
use crate::kafka::writer::Writer;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages as theirs;
use kafka_protocol::messages::api_versions_response::{
    ApiVersion, FinalizedFeatureKey, SupportedFeatureKey,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use proptest::prelude::*;

/// A reply as a broker of Kafka 4.3 would send it, by kafka-protocol.
fn broker_says(version: i16, apis: &[(i16, i16, i16)]) -> Vec<u8> {
    let mut message = theirs::ApiVersionsResponse::default();
    for (key, min, max) in apis {
        let range = ApiVersion::default()
            .with_api_key(*key)
            .with_min_version(*min);
        message.api_keys.push(range.with_max_version(*max));
    }
    if version >= 3 {
        for (name, level) in [("transaction.version", 2), ("share.version", 1)] {
            let name = StrBytes::from_static_str(name);
            let finalized = FinalizedFeatureKey::default().with_name(name.clone());
            message
                .finalized_features
                .push(finalized.with_max_version_level(level));
            let supported = SupportedFeatureKey::default().with_name(name);
            message
                .supported_features
                .push(supported.with_max_version(level));
        }
        message.finalized_features_epoch = 12;
    }
    let mut out = BytesMut::from(&[0, 0, 0, 0, 0, 0, 0, 9][..]);
    message.encode(&mut out, version).unwrap();
    out.to_vec()
}

fn client_hears(version: i16, frame: &[u8]) -> theirs::ApiVersionsResponse {
    assert_eq!(response_correlation_id(frame), Ok(9));
    let mut body = Bytes::copy_from_slice(&frame[8..]);
    let message = theirs::ApiVersionsResponse::decode(&mut body, version).unwrap();
    assert!(body.is_empty(), "v{version}");
    message
}

fn clamped() -> Clamped {
    let apis = [
        (PRODUCE, 0, 13),
        (FETCH, 4, 18),
        (METADATA, 0, 13),
        (CREATE_TOPICS, 2, 3),
        (LIST_OFFSETS, 20, 21),
        (WRITE_TXN_MARKERS, 1, 1),
        (PUSH_TELEMETRY, 0, 0),
    ];
    intersect(
        &parse_response(4, &broker_says(4, &apis)).unwrap(),
        Allowed::default(),
    )
}

#[test]
fn every_version_is_read_as_kafka_protocol_writes_it() {
    for version in 0..=4 {
        let offered = parse_response(version, &broker_says(version, &[(0, 0, 13)])).unwrap();
        assert_eq!(
            offered.apis,
            [ApiRange {
                key: 0,
                min: 0,
                max: 13
            }]
        );
        let epoch = if version >= 3 { 12 } else { -1 };
        assert_eq!(offered.features.epoch, epoch);
        let levels: Vec<_> = offered.features.finalized.iter().map(|f| f.max).collect();
        assert_eq!(levels, if version >= 3 { vec![2, 1] } else { vec![] });
    }
}

#[test]
fn a_client_hears_only_what_both_sides_speak() {
    let clamped = clamped();
    for version in 0..=4 {
        let heard = client_hears(version, &answer(version, 9, &clamped));
        assert_eq!(heard.error_code, NONE);
        let mut ranges = heard.api_keys.iter();
        let ranges: Vec<_> = ranges
            .by_ref()
            .map(|r| (r.api_key, r.min_version, r.max_version))
            .collect();
        let answered = [
            (SASL_HANDSHAKE, 0, 1),
            (API_VERSIONS, 0, 5),
            (CREATE_TOPICS, 2, 3),
            (SASL_AUTHENTICATE, 0, 2),
        ];
        let max = |key| lookup(key).unwrap().max;
        let passed = [
            (PRODUCE, 0, max(PRODUCE)),
            (FETCH, 4, max(FETCH)),
            (METADATA, 0, 13),
        ];
        assert_eq!(ranges[..3], passed);
        assert_eq!(ranges[3..], answered);
    }
    assert!(!clamped.speaks(PRODUCE, 0) && clamped.speaks(PRODUCE, 9));
    assert!(!clamped.speaks(CREATE_TOPICS, 4), "the broker has none");
    assert!(!clamped.speaks(WRITE_TXN_MARKERS, 1), "brokers alone");
    assert!(!clamped.speaks(PUSH_TELEMETRY, 0), "withheld by default");
    assert!(
        !clamped.speaks(LIST_OFFSETS, 10),
        "the broker has none of ours"
    );
}

#[test]
fn features_agree_with_the_versions() {
    let heard = client_hears(4, &answer(4, 9, &clamped()));
    let finalized = &heard.finalized_features;
    assert_eq!(finalized.len(), 1, "share groups are not offered");
    assert_eq!(&*finalized[0].name, "transaction.version");
    assert_eq!(
        (
            finalized[0].max_version_level,
            heard.finalized_features_epoch
        ),
        (1, 12)
    );
    assert_eq!(heard.supported_features[0].max_version, 1);
    let older = client_hears(3, &answer(3, 9, &clamped()));
    assert!(
        older.supported_features.is_empty(),
        "a minimum of 0 breaks older clients"
    );
}

#[test]
fn a_feature_needs_its_apis() {
    let range = |(key, max): &(i16, i16)| ApiRange {
        key: *key,
        min: 0,
        max: *max,
    };
    let level = |name, apis: &[(i16, i16)]| {
        let apis: Vec<_> = apis.iter().map(range).collect();
        newest_level(name, &apis)
    };
    let second = [(PRODUCE, 13), (END_TXN, 5), (TXN_OFFSET_COMMIT, 5)];
    assert_eq!(level("transaction.version", &second), Some(2));
    for without in 0..3 {
        let mut first = second;
        first[without].1 -= if without == 0 { 2 } else { 1 };
        assert_eq!(level("transaction.version", &first), Some(1));
    }
    assert_eq!(level("share.version", &[(SHARE_FETCH, 1)]), None);
    let share = [(SHARE_FETCH, 1), (SHARE_ACKNOWLEDGE, 2)];
    assert_eq!(level("share.version", &share), Some(i16::MAX));
    assert_eq!(level("group.version", &[]), None);
    assert_eq!(level("tomorrow.version", &second), None);
}

#[test]
fn telemetry_passes_where_it_is_allowed() {
    let reply = broker_says(
        4,
        &[(PUSH_TELEMETRY, 0, 0), (CREATE_DELEGATION_TOKEN, 1, 3)],
    );
    let offered = parse_response(4, &reply).unwrap();
    for (telemetry, own_login) in [(false, false), (true, false), (false, true)] {
        let allowed = Allowed {
            telemetry,
            own_login,
        };
        let clamped = intersect(&offered, allowed);
        assert_eq!(clamped.speaks(PUSH_TELEMETRY, 0), telemetry);
        assert_eq!(clamped.speaks(CREATE_DELEGATION_TOKEN, 3), own_login);
    }
}

/// An ApiVersions request of version 5, as the table of layouts writes it.
fn request_5(cluster_id: Option<&str>, node_id: i32) -> Vec<u8> {
    let layout = messages::request(API_VERSIONS, 5).unwrap();
    let mut body = layout.defaults();
    body.set("ClientSoftwareName", "java");
    body.set("ClusterId", cluster_id);
    body.set("NodeId", node_id);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = request_begin(&mut writer, (API_VERSIONS, 5), 9, "test");
    writer.raw(&messages::encode(layout, 5, &body));
    writer.frame_end(start);
    out
}

#[test]
fn a_client_of_another_cluster_or_broker_starts_again() {
    let here = Dialled {
        cluster_id: Some("here"),
        node_id: Some(2),
    };
    let bootstrap = Dialled {
        node_id: None,
        ..here
    };
    let unknown = Dialled::default();
    for (cluster_id, node_id, dialled, misrouted) in [
        (Some("here"), 2, here, false),
        (Some("here"), 3, here, true),
        (Some("there"), 2, here, true),
        (None, -1, here, false),
        (Some("here"), -1, here, false),
        (Some("here"), 3, bootstrap, false),
        (Some("there"), 3, bootstrap, true),
        (Some("there"), 3, unknown, false),
    ] {
        let frame = request_5(cluster_id, node_id);
        let header = request_header(&frame).unwrap();
        let told = is_misrouted(&header, &frame, &dialled);
        assert_eq!(told, misrouted, "{cluster_id:?} {node_id} {dialled:?}");
        assert_eq!(client_software(&header, &frame), Some(("java", "")));
    }
    let older = request(4, 9, "core-0");
    let header = request_header(&older).unwrap();
    assert!(!is_misrouted(&header, &older, &here));
    let heard = answer_misrouted(5, 9);
    let layout = messages::response(API_VERSIONS, 5).unwrap();
    let heard = messages::decode(layout, 5, &heard[8..]).unwrap();
    assert_eq!(heard.i16("ErrorCode"), REBOOTSTRAP_REQUIRED);
    assert!(heard.array("ApiKeys").is_empty());
}

#[test]
fn version_5_says_what_version_4_says() {
    let four = answer(4, 9, &clamped());
    assert_eq!(answer(5, 9, &clamped()), four);
    let layout = messages::response(API_VERSIONS, 5).unwrap();
    assert!(messages::check(layout, 5, &four[8..]).is_ok());
}

#[test]
fn a_newer_client_is_told_what_to_ask_in() {
    for version in [6, 99, -1] {
        let heard = client_hears(0, &answer(version, 9, &clamped()));
        assert_eq!(heard.error_code, UNSUPPORTED_VERSION);
        let own = heard
            .api_keys
            .iter()
            .find(|r| r.api_key == API_VERSIONS)
            .unwrap();
        assert_eq!((own.min_version, own.max_version), (0, 5));
    }
}

#[test]
fn an_older_broker_answers_in_version_0() {
    let mut reply = broker_says(0, &[(API_VERSIONS, 0, 3)]);
    reply[9] = UNSUPPORTED_VERSION as u8;
    let offered = parse_response(ASKED_FIRST, &reply).unwrap();
    assert_eq!(offered.error, UNSUPPORTED_VERSION);
    assert_eq!(
        offered.apis,
        [ApiRange {
            key: API_VERSIONS,
            min: 0,
            max: 3
        }]
    );
}

#[test]
fn the_request_names_the_gateway() {
    let frame = request(4, 9, "core-0");
    let header = request_header(&frame).unwrap();
    let own = ("lockgate", env!("CARGO_PKG_VERSION"));
    assert_eq!(client_software(&header, &frame), Some(own));
    let mut body = &frame[header.body..];
    let seen = theirs::ApiVersionsRequest::decode(&mut body, 4).unwrap();
    assert_eq!(&*seen.client_software_name, "lockgate");
    assert!(body.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_an_offer_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..80), version in 0i16..6,
    ) {
        if let Ok(offered) = parse_response(version, &bytes) {
            prop_assert!(offered.apis.len() * 6 <= bytes.len());
            for range in intersect(&offered, Allowed::default()).apis {
                prop_assert!(range.min <= range.max);
            }
        }
    }
}
