//! What is spoken: the broker's offer, clamped to the gateway's table, as the client hears it.
//!
//! Owns: ApiVersions in versions 0 to 4, from both sides. Refuses: every API key, version and
//! feature that the table and the list below do not name. Stays true: what a client is offered,
//! the gateway understands and the broker speaks; features agree with versions, because clients
//! choose their transaction protocol by a feature (KIP-890).
//!
//! ```text
//! response  error i16 | [key i16, min i16, max i16, tags] | throttle ms i32 (v1) | tags (v3):
//!             0  supported features   [name, min i16, max i16, tags]
//!             1  finalized epoch      i64
//!             2  finalized features   [name, max i16, min i16, tags]
//! ```

use super::api::{self, API_VERSIONS, Treatment};
use super::error::{NONE, UNSUPPORTED_VERSION};
use super::frame::{RequestHeader, request_begin, response_begin, response_body};
use super::reader::{Malformed, Reader};
use super::writer::Writer;

/// The version the gateway asks its broker in first. Since 4, features whose minimum is 0 are
/// listed too (KAFKA-17011); a broker older than that answers UNSUPPORTED_VERSION and is asked
/// again in the version it names.
pub const ASKED_FIRST: i16 = 4;
/// Features that clients may know of, and the newest level of each that fits the table. What is
/// not here (share groups, streams groups, and whatever comes) is not offered.
const FEATURES: &[(&str, i16)] = &[
    ("group.version", i16::MAX),
    ("kraft.version", i16::MAX),
    ("metadata.version", i16::MAX),
    ("transaction.version", 1), // 2 is transactions v2: EndTxn v5, Produce v12
];
/// API keys or features that one reply may list. Kafka 4.3 has about 90 and 7.
const LISTED_MAX: usize = 1024;

/// Versions of one API, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiRange {
    /// Number on the wire.
    pub key: i16,
    /// Oldest version.
    pub min: i16,
    /// Newest version.
    pub max: i16,
}

/// Levels of one feature (KIP-584), both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Lowest level.
    pub min: i16,
    /// Highest level.
    pub max: i16,
}

/// The features of a broker or of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// What could be in force.
    pub supported: Vec<Feature>,
    /// Grows with each change of what is in force; -1 when unknown.
    pub epoch: i64,
    /// What is in force, cluster-wide.
    pub finalized: Vec<Feature>,
}

/// What a broker said it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// 0; or UNSUPPORTED_VERSION, and then `apis` holds the versions of ApiVersions to ask in.
    pub error: i16,
    /// Its APIs.
    pub apis: Vec<ApiRange>,
    /// Its features.
    pub features: Features,
}

/// What the gateway offers in front of that broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clamped {
    apis: Vec<ApiRange>,
    features: Features,
}

impl Clamped {
    /// The versions offered for a key; `None` when it is not offered at all.
    pub fn range(&self, key: i16) -> Option<ApiRange> {
        self.apis.iter().find(|range| range.key == key).copied()
    }

    /// Whether a request of this key and version is understood here and spoken by the broker.
    pub fn speaks(&self, key: i16, version: i16) -> bool {
        let offered = self
            .range(key)
            .is_some_and(|r| (r.min..=r.max).contains(&version));
        offered && api::treatment(key, version) != Treatment::Refuse
    }
}

/// Asks the broker what it speaks, under the gateway's own name. `version` is 3 or 4.
pub fn request(version: i16, correlation_id: i32, client_id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = request_begin(
        &mut writer,
        (API_VERSIONS, version),
        correlation_id,
        client_id,
    );
    if version >= 3 {
        writer.string(true, Some("lockgate"));
        writer.string(true, Some(env!("CARGO_PKG_VERSION")));
        writer.empty_tags();
    }
    writer.frame_end(start);
    out
}

/// Name and version of the client's software (KIP-511), which tell how it retries. `None` before
/// version 3, or when it cannot be read.
pub fn client_software<'a>(header: &RequestHeader, frame: &'a [u8]) -> Option<(&'a str, &'a str)> {
    if header.api_key != API_VERSIONS || header.api_version < 3 || header.body == 0 {
        return None;
    }
    let mut reader = Reader::at(frame, header.body).ok()?;
    Some((reader.string(true).ok()?, reader.string(true).ok()?))
}

/// Reads the broker's reply to `request` of the same version.
pub fn parse_response(version: i16, frame: &[u8]) -> Result<Offered, Malformed> {
    let mut reader = Reader::at(frame, response_body(frame, API_VERSIONS, version)?)?;
    let error = reader.i16()?;
    // KIP-511: a version the broker does not know is answered in version 0.
    let version = if error == UNSUPPORTED_VERSION {
        0
    } else {
        version
    };
    let flexible = version >= 3;
    let apis = list(&mut reader, flexible, 6, |r| {
        Ok(ApiRange {
            key: r.i16()?,
            min: r.i16()?,
            max: r.i16()?,
        })
    })?;
    if version >= 1 {
        reader.i32()?; // throttle time
    }
    let mut features = Features {
        supported: Vec::new(),
        epoch: -1,
        finalized: Vec::new(),
    };
    if flexible {
        reader.clone().each_tag(|tag, span| {
            read_feature_tag(&mut features, tag, &mut Reader::new(&frame[span]))
        })?;
        reader.skip_tags()?;
    }
    reader.end()?;
    Ok(Offered {
        error,
        apis,
        features,
    })
}

fn read_feature_tag(
    features: &mut Features,
    tag: u32,
    reader: &mut Reader<'_>,
) -> Result<(), Malformed> {
    match tag {
        0 => {
            features.supported = list(reader, true, 5, |r| {
                let name = r.string(true)?.to_owned();
                Ok(Feature {
                    name,
                    min: r.i16()?,
                    max: r.i16()?,
                })
            })?;
        }
        1 => features.epoch = reader.i64()?,
        2 => {
            features.finalized = list(reader, true, 5, |r| {
                let name = r.string(true)?.to_owned();
                let (max, min) = (r.i16()?, r.i16()?);
                Ok(Feature { name, min, max })
            })?;
        }
        _ => return Ok(()), // nothing the gateway offers depends on it
    }
    reader.end()
}

/// An array of structs, each ended by tags in a flexible version.
fn list<T>(
    reader: &mut Reader<'_>,
    flexible: bool,
    min_element_bytes: usize,
    mut element: impl FnMut(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = reader.array_len(flexible, min_element_bytes)?.unwrap_or(0);
    if count > LISTED_MAX {
        return Err(reader.malformed("more APIs or features than any broker has"));
    }
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(element(reader)?);
        if flexible {
            reader.skip_tags()?;
        }
    }
    Ok(all)
}

/// The table ∩ the broker's offer. What the gateway answers by itself is offered whatever the
/// broker says of it.
pub fn intersect(offered: &Offered) -> Clamped {
    let apis = api::TABLE.iter().filter_map(|api| {
        if api.treatment == Treatment::Answer {
            return Some(ApiRange {
                key: api.key,
                min: api.advertised_min,
                max: api.max,
            });
        }
        let theirs = offered.apis.iter().find(|range| range.key == api.key)?;
        let min = api.advertised_min.max(theirs.min);
        let max = api.max.min(theirs.max);
        let common = api.min.max(theirs.min) <= max;
        common.then_some(ApiRange {
            key: api.key,
            min,
            max,
        })
    });
    let features = Features {
        supported: clamp_features(&offered.features.supported),
        epoch: offered.features.epoch,
        finalized: clamp_features(&offered.features.finalized),
    };
    Clamped {
        apis: apis.collect(),
        features,
    }
}

fn clamp_features(theirs: &[Feature]) -> Vec<Feature> {
    let known = theirs.iter().filter_map(|feature| {
        let (_, newest) = FEATURES.iter().find(|(name, _)| *name == feature.name)?;
        let max = feature.max.min(*newest);
        Some(Feature {
            name: feature.name.clone(),
            min: feature.min.min(max),
            max,
        })
    });
    known.collect()
}

/// The whole reply frame to a client's ApiVersions request. A version newer than the table's is
/// answered in version 0 with UNSUPPORTED_VERSION and the versions to ask in (KIP-511).
pub fn answer(version: i16, correlation_id: i32, clamped: &Clamped) -> Vec<u8> {
    let known = api::treatment(API_VERSIONS, version) != Treatment::Refuse;
    let (version, error) = if known {
        (version, NONE)
    } else {
        (0, UNSUPPORTED_VERSION)
    };
    let flexible = version >= 3;
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = response_begin(&mut writer, (API_VERSIONS, version), correlation_id);
    writer.i16(error);
    writer.array_len(flexible, Some(clamped.apis.len()));
    for range in &clamped.apis {
        writer.i16(range.key);
        writer.i16(range.min);
        writer.i16(range.max);
        writer.end_struct(flexible);
    }
    if version >= 1 {
        writer.i32(0); // throttle time
    }
    if flexible {
        write_features(&mut writer, version, &clamped.features);
    }
    writer.frame_end(start);
    out
}

fn write_features(writer: &mut Writer<'_>, version: i16, features: &Features) {
    // Clients older than version 4 fail on a minimum of 0 (KAFKA-17011).
    let supported: Vec<_> = features
        .supported
        .iter()
        .filter(|f| version >= 4 || f.min > 0)
        .collect();
    let in_force = features.epoch >= 0;
    writer.uvarint(if in_force { 3 } else { 1 });
    write_tag(writer, 0, |w| {
        w.array_len(true, Some(supported.len()));
        for feature in supported {
            write_feature(w, &feature.name, feature.min, feature.max);
        }
    });
    if !in_force {
        return;
    }
    write_tag(writer, 1, |w| w.i64(features.epoch));
    write_tag(writer, 2, |w| {
        w.array_len(true, Some(features.finalized.len()));
        for feature in &features.finalized {
            write_feature(w, &feature.name, feature.max, feature.min);
        }
    });
}

/// Supported features say min before max, finalized ones max before min.
fn write_feature(writer: &mut Writer<'_>, name: &str, first: i16, second: i16) {
    writer.string(true, Some(name));
    writer.i16(first);
    writer.i16(second);
    writer.empty_tags();
}

fn write_tag(writer: &mut Writer<'_>, tag: u32, value: impl FnOnce(&mut Writer<'_>)) {
    let mut bytes = Vec::new();
    value(&mut Writer::new(&mut bytes));
    writer.uvarint(tag);
    writer.uvarint(bytes.len() as u32);
    writer.raw(&bytes);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::api::*;
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
                (API_VERSIONS, 0, 4),
                (SASL_AUTHENTICATE, 0, 2),
            ];
            assert_eq!(
                ranges[..3],
                [(PRODUCE, 0, 9), (FETCH, 4, 12), (METADATA, 0, 13)]
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
}
