//! kafka-protocol writes what a broker would say, and reads what a client would hear.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::kafka::api::*;
use crate::kafka::error::{NONE, UNSUPPORTED_VERSION};
use crate::kafka::frame::{request_header, response_correlation_id};
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
        for (name, level) in [("transaction.version", 3), ("streams.version", 1)] {
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
        (19, 2, 7),
        (2, 20, 21),
    ];
    intersect(&parse_response(4, &broker_says(4, &apis)).unwrap())
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
        assert_eq!(levels, if version >= 3 { vec![3, 1] } else { vec![] });
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
            (API_VERSIONS, 0, 4),
            (SASL_AUTHENTICATE, 0, 2),
        ];
        assert_eq!(
            ranges[..3],
            [(PRODUCE, 0, 13), (FETCH, 4, 18), (METADATA, 0, 13)]
        );
        assert_eq!(ranges[3..], answered);
    }
    assert!(!clamped.speaks(PRODUCE, 0) && clamped.speaks(PRODUCE, 9));
    assert!(!clamped.speaks(19, 7), "CreateTopics is not in the table");
    assert!(
        !clamped.speaks(LIST_OFFSETS, 10),
        "the broker has none of ours"
    );
}

#[test]
fn features_agree_with_the_versions() {
    let heard = client_hears(4, &answer(4, 9, &clamped()));
    let finalized = &heard.finalized_features;
    assert_eq!(finalized.len(), 1, "streams groups are not offered");
    assert_eq!(&*finalized[0].name, "transaction.version");
    assert_eq!(
        (
            finalized[0].max_version_level,
            heard.finalized_features_epoch
        ),
        (2, 12)
    );
    assert_eq!(heard.supported_features[0].max_version, 2);
    let older = client_hears(3, &answer(3, 9, &clamped()));
    assert!(
        older.supported_features.is_empty(),
        "a minimum of 0 breaks older clients"
    );
}

#[test]
fn a_newer_client_is_told_what_to_ask_in() {
    for version in [5, 99, -1] {
        let heard = client_hears(0, &answer(version, 9, &clamped()));
        assert_eq!(heard.error_code, UNSUPPORTED_VERSION);
        let own = heard
            .api_keys
            .iter()
            .find(|r| r.api_key == API_VERSIONS)
            .unwrap();
        assert_eq!((own.min_version, own.max_version), (0, 4));
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
            for range in intersect(&offered).apis {
                prop_assert!(range.min <= range.max);
            }
        }
    }
}
