//! The broker's side: asking what it speaks, and reading what it says.
//!
//! Owns: the gateway's request and the reply's fields. Refuses: a reply that lists more than any
//! broker has. Stays true: tags that are not known are passed over, since nothing the gateway
//! offers depends on them.

use super::{ApiRange, Feature, Features, Offered};
use crate::kafka::api::API_VERSIONS;
use crate::kafka::error::UNSUPPORTED_VERSION;
use crate::kafka::frame::{request_begin, response_body};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::writer::Writer;

/// The version the gateway asks its broker in first. Since 4, features whose minimum is 0 are
/// listed too (KAFKA-17011); a broker older than that answers UNSUPPORTED_VERSION and is asked
/// again in the version it names.
pub const ASKED_FIRST: i16 = 4;
/// API keys or features that one reply may list. Kafka 4.4 has about 80 and 7.
const LISTED_MAX: usize = 1024;

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
    let mut features = Features::unknown();
    if flexible {
        let bytes = reader.clone();
        reader.each_tag(|tag, span| {
            read_feature_tag(&mut features, tag, &mut Reader::new(bytes.slice(span)))
        })?;
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
