//! The brokers that a reply names beside its partitions, so that a client finds a leader that has
//! moved without asking for Metadata (KIP-951).
//!
//! Owns: their layout, the same in Produce and Fetch, where it is a tagged field, and in ShareFetch, where
//! it is a plain one. Refuses: more than any cluster
//! has. Stays true: what is written was mapped; a broker without a mapping is left out, and then
//! its id in a leader hint says nothing.
//!
//! ```text
//! endpoints  [node id i32, host string, port i32, rack string?, tags]       compact
//! ```

use super::addresses::Mapping;
use super::reader::{Malformed, Reader};
use super::writer::Writer;
use crate::limits::BROKERS_PER_CLUSTER_MAX;

/// Smallest endpoint: node id, empty host, port, null rack, no tags.
const ENDPOINT_BYTES_MIN: usize = 4 + 1 + 4 + 1 + 1;

/// A broker as clients may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The broker's id.
    pub node_id: i32,
    /// The gateway's host that stands for it.
    pub host: String,
    /// The gateway's port that stands for it.
    pub port: i32,
    /// Its rack; `None` when it has none.
    pub rack: Option<String>,
}

/// Reads the value of a tagged field and maps it.
pub fn read(bytes: &[u8], mapping: &dyn Mapping) -> Result<Vec<Endpoint>, Malformed> {
    let mut reader = Reader::new(bytes);
    let exposed = read_next(&mut reader, mapping)?;
    reader.end()?;
    Ok(exposed)
}

/// Reads a plain field and maps it.
pub fn read_next(
    reader: &mut Reader<'_>,
    mapping: &dyn Mapping,
) -> Result<Vec<Endpoint>, Malformed> {
    let count = reader.array_len(true, ENDPOINT_BYTES_MIN)?.unwrap_or(0);
    if count > BROKERS_PER_CLUSTER_MAX {
        return Err(reader.malformed("more brokers than any cluster has"));
    }
    let mut exposed = Vec::new();
    for _ in 0..count {
        let node_id = reader.i32()?;
        let (host, port) = (reader.string(true)?, reader.i32()?);
        let rack = reader.nullable_string(true)?;
        reader.skip_tags()?;
        let mapped = mapping.map(node_id, host, port);
        exposed.extend(mapped.map(|(host, port)| Endpoint {
            node_id,
            host: host.to_owned(),
            port,
            rack: rack.map(str::to_owned),
        }));
    }
    Ok(exposed)
}

/// Writes what `read_next` reads.
pub fn write(writer: &mut Writer<'_>, endpoints: &[Endpoint]) {
    writer.array_len(true, Some(endpoints.len()));
    for endpoint in endpoints {
        writer.i32(endpoint.node_id);
        writer.string(true, Some(&endpoint.host));
        writer.i32(endpoint.port);
        writer.string(true, endpoint.rack.as_deref());
        writer.empty_tags();
    }
}

/// Exposes nobody: for a reply whose addresses are of no use to who reads it.
pub struct Nobody;

impl Mapping for Nobody {
    fn map(&self, _: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        None
    }
}
