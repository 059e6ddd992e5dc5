//! The client's side: who asks, and what it hears.
//!
//! Owns: the reply's fields, per version. Refuses: versions newer than the table's, in the one form
//! that every client reads. Stays true: only what was clamped is written.

use super::{Clamped, Features, Offered, intersect};
use crate::kafka::api::{self, API_VERSIONS, Allowed, Treatment};
use crate::kafka::error::{NONE, REBOOTSTRAP_REQUIRED, UNSUPPORTED_VERSION};
use crate::kafka::frame::{RequestHeader, response_begin};
use crate::kafka::reader::Reader;
use crate::kafka::writer::Writer;

/// Name and version of the client's software (KIP-511), which tell how it retries. `None` before
/// version 3, or when it cannot be read.
pub fn client_software<'a>(header: &RequestHeader, frame: &'a [u8]) -> Option<(&'a str, &'a str)> {
    if header.api_key != API_VERSIONS || header.api_version < 3 || header.body == 0 {
        return None;
    }
    let mut reader = Reader::at(frame, header.body).ok()?;
    Some((reader.string(true).ok()?, reader.string(true).ok()?))
}

/// What stands behind the address that a client dialled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialled<'a> {
    /// The cluster's id; `None` while it is not known.
    pub cluster_id: Option<&'a str>,
    /// The broker's id; `None` for the bootstrap address, behind which is any broker.
    pub node_id: Option<i32>,
}

/// Whether a client says that it means another cluster or broker than it dialled (KIP-1242, version
/// 5): an old address that now stands for something else. What the client leaves out, or the
/// gateway does not know, contradicts nothing. A request that cannot be read is not misrouted.
pub fn is_misrouted(header: &RequestHeader, frame: &[u8], dialled: &Dialled<'_>) -> bool {
    meant(header, frame).is_some_and(|(cluster_id, node_id)| {
        let other_cluster = cluster_id
            .zip(dialled.cluster_id)
            .is_some_and(|(meant, real)| meant != real);
        let other_node = dialled
            .node_id
            .is_some_and(|real| node_id >= 0 && node_id != real);
        other_cluster || other_node
    })
}

/// The cluster and broker that a client of version 5 means; -1 is no broker.
fn meant<'a>(header: &RequestHeader, frame: &'a [u8]) -> Option<(Option<&'a str>, i32)> {
    if header.api_version < 5 || client_software(header, frame).is_none() {
        return None;
    }
    let mut reader = Reader::at(frame, header.body).ok()?;
    reader.string_span(true).ok()?; // software
    reader.string_span(true).ok()?; // its version
    Some((reader.nullable_string(true).ok()?, reader.i32().ok()?))
}

/// The whole reply frame to a misrouted client: REBOOTSTRAP_REQUIRED, and nothing offered. The
/// client forgets what it knows of the cluster and starts from its bootstrap addresses.
pub fn answer_misrouted(version: i16, correlation_id: i32) -> Vec<u8> {
    write(version, correlation_id, REBOOTSTRAP_REQUIRED, &nothing())
}

fn nothing() -> Clamped {
    Clamped {
        apis: Vec::new(),
        features: Features::unknown(),
    }
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
    write(version, correlation_id, error, clamped)
}

fn write(version: i16, correlation_id: i32, error: i16, clamped: &Clamped) -> Vec<u8> {
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

/// The reply frame to a version newer than the table's, for who has no broker's offer at hand: the
/// versions to ask in are among what the gateway answers by itself.
pub fn answer_newer(correlation_id: i32) -> Vec<u8> {
    let silent = Offered {
        error: NONE,
        apis: Vec::new(),
        features: Features::unknown(),
    };
    answer(
        i16::MAX,
        correlation_id,
        &intersect(&silent, Allowed::default()),
    )
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
