//! Every address a broker reports, replaced by the gateway's own.
//!
//! Owns: the replies of the table that carry addresses; `clean.rs` says which they are. Refuses: a
//! reply it cannot walk to its last byte; tagged fields it does not know, which a newer broker could
//! put an address in, are left out. Stays true: no host or port of a real broker is in what
//! `clean_reply` returns; a broker without a mapping is dropped.
//!
//! The replies that may be large are walked and written anew field by field, never decoded into structs: a cluster
//! with 10,000 partitions answers with megabytes, and all of it but the brokers is copied as
//! spans.

mod clean;
mod cluster;
mod configs;
mod coordinator;
mod discovery;
mod metadata;

pub use clean::{Cleaned, clean_reply};
pub use discovery::{Broker, Cluster, each_topic, learn_brokers, metadata_request};

use super::api::{DESCRIBE_CLUSTER, DESCRIBE_CONFIGS, FIND_COORDINATOR, METADATA};
use super::frame::{is_flexible, response_begin, response_body, response_correlation_id};
use super::reader::{Malformed, Reader};
use super::writer::Writer;
use crate::limits::BROKERS_PER_CLUSTER_MAX;
use std::ops::Range;

/// Smallest broker: node id, empty host, port.
const BROKER_BYTES_MIN: usize = 4 + 1 + 4;
/// Smallest topic of Metadata: error, empty name, empty partitions.
const TOPIC_BYTES_MIN: usize = 2 + 1 + 1;
/// Smallest partition of Metadata: error, index, leader, two empty arrays.
const PARTITION_BYTES_MIN: usize = 2 + 4 + 4 + 1 + 1;

/// Which address of the gateway stands for which broker.
pub trait Mapping {
    /// Host and port that clients use for this broker; `None` when it is not exposed.
    fn map(&self, node_id: i32, host: &str, port: i32) -> Option<(&str, i32)>;
}

/// The same reply, as a new frame, with every address mapped or withheld. An error for an API that is
/// not written anew span by span.
pub fn rewrite_response(
    api_key: i16,
    version: i16,
    frame: &[u8],
    mapping: &dyn Mapping,
) -> Result<Vec<u8>, Malformed> {
    let body = response_body(frame, api_key, version)?;
    let mut out = Vec::with_capacity(frame.len() + frame.len() / 8);
    let mut writer = Writer::new(&mut out);
    let correlation_id = response_correlation_id(frame)?;
    let start = response_begin(&mut writer, (api_key, version), correlation_id);
    let mut copy = Copy {
        reader: Reader::at(frame, body)?,
        writer,
        version,
        flexible: is_flexible(api_key, version) == Some(true),
        mapping,
    };
    match api_key {
        METADATA => copy.metadata()?,
        FIND_COORDINATOR => copy.coordinators()?,
        DESCRIBE_CLUSTER => copy.cluster()?,
        DESCRIBE_CONFIGS => copy.configs()?,
        _ => return Err(copy.reader.malformed("a reply without known addresses")),
    }
    copy.reader.end()?;
    copy.writer.frame_end(start);
    Ok(out)
}

/// A reply on its way from a reader to a writer.
struct Copy<'a> {
    reader: Reader<'a>,
    writer: Writer<'a>,
    version: i16,
    flexible: bool,
    mapping: &'a dyn Mapping,
}

impl<'a> Copy<'a> {
    /// The next `len` bytes as they are.
    fn fixed(&mut self, len: usize, what: &'static str) -> Result<(), Malformed> {
        let span = self.reader.take(len, what)?;
        self.writer.raw(self.reader.slice(span));
        Ok(())
    }

    /// A nullable string as it is.
    fn string(&mut self) -> Result<(), Malformed> {
        let start = self.reader.pos();
        self.reader.string_span(self.flexible)?;
        self.since(start);
        Ok(())
    }

    /// An array of `i32` as it is.
    fn numbers(&mut self) -> Result<(), Malformed> {
        let start = self.reader.pos();
        let count = self.reader.array_len(self.flexible, 4)?.unwrap_or(0);
        self.reader.take(4 * count, "array past the end")?;
        self.since(start);
        Ok(())
    }

    /// Copies what was read since `start`.
    fn since(&mut self, start: usize) {
        let span: Range<usize> = start..self.reader.pos();
        self.writer.raw(self.reader.slice(span));
    }

    /// Reads the end of a struct and writes it without its tagged fields.
    fn end_struct(&mut self) -> Result<(), Malformed> {
        if self.flexible {
            self.reader.skip_tags()?;
        }
        self.writer.end_struct(self.flexible);
        Ok(())
    }

    /// An array's count as it is; its elements follow, each at least `min_element_bytes` long.
    fn count(&mut self, min_element_bytes: usize) -> Result<usize, Malformed> {
        let count = self.reader.array_len(self.flexible, min_element_bytes)?;
        self.writer.array_len(self.flexible, count);
        Ok(count.unwrap_or(0))
    }

    /// The brokers of Metadata and DescribeCluster: node id, host, port, rack since `rack_since`,
    /// then `extra` bytes. Those without a mapping are left out.
    fn brokers(&mut self, rack_since: i16, extra: usize) -> Result<(), Malformed> {
        let count = broker_count(&mut self.reader, self.flexible)?;
        let mut exposed = Vec::new();
        for _ in 0..count {
            exposed.extend(self.broker(rack_since, extra)?);
        }
        self.writer.array_len(self.flexible, Some(exposed.len()));
        for broker in exposed {
            self.writer.i32(broker.node_id);
            self.writer.string(self.flexible, Some(broker.host));
            self.writer.i32(broker.port);
            self.writer.raw(self.reader.slice(broker.rest));
            self.writer.end_struct(self.flexible);
        }
        Ok(())
    }

    /// One broker, mapped; `None` when it is not exposed.
    fn broker(&mut self, rack_since: i16, extra: usize) -> Result<Option<Exposed<'a>>, Malformed> {
        let node_id = self.reader.i32()?;
        let host = self.reader.string(self.flexible)?;
        let port = self.reader.i32()?;
        let start = self.reader.pos();
        if self.version >= rack_since {
            self.reader.string_span(self.flexible)?;
        }
        self.reader.take(extra, "broker past the end")?;
        let rest = start..self.reader.pos();
        if self.flexible {
            self.reader.skip_tags()?;
        }
        let mapped = self.mapping.map(node_id, host, port);
        Ok(mapped.map(|(host, port)| Exposed {
            node_id,
            host,
            port,
            rest,
        }))
    }
}

/// A broker as clients may see it.
struct Exposed<'a> {
    node_id: i32,
    host: &'a str,
    port: i32,
    /// Span of what follows the port in the reply.
    rest: Range<usize>,
}

/// How many brokers follow.
fn broker_count(reader: &mut Reader<'_>, flexible: bool) -> Result<usize, Malformed> {
    let count = reader.array_len(flexible, BROKER_BYTES_MIN)?.unwrap_or(0);
    if count > BROKERS_PER_CLUSTER_MAX {
        return Err(reader.malformed("more brokers than any cluster has"));
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
