//! Produce (API key 0): requests read into spans, made smaller, made anew; responses read, written
//! and merged.
//!
//! Owns: the layout of versions 3 to 9. Refuses: other versions, null records, more partitions than
//! the limit, bytes after the end. Stays true: a parsed request points into its frame and copies
//! nothing; parsing allocates nothing once the scratch is warm.
//!
//! A frame here is whole: its four bytes of size, the header, the body. Spans and offsets count
//! from its first byte.
//!
//! ```text
//! request   transactional id string?, acks i16, timeout ms i32, topics
//!           topic: name string, partitions      partition: index i32, records bytes?
//! response  topics, throttle ms i32
//!           topic: name string, partitions
//!           partition: index i32, error i16, base offset i64, log append time i64
//!                      v5+ log start offset i64
//!                      v8+ record errors [index i32, message string?], message string?
//! v9+       compact strings and arrays, tagged fields after each struct; header 2 / 1
//! ```

mod rebuild;
mod response;

pub use rebuild::{Keep, Single, rebuild_request, single};
pub use response::{PartitionReply, ProduceResponse, for_each_ack, parse_response, write_response};

use super::reader::{Malformed, Reader};
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use std::ops::{Range, RangeInclusive};

/// The versions that are read and written here. 10 to 12 (KIP-951, KIP-890) have the same request;
/// their responses add tagged fields with addresses.
pub const VERSIONS: RangeInclusive<i16> = 3..=9;
const FLEXIBLE_FROM: i16 = 9;
const RECORD_ERRORS_FROM: i16 = 8;
const LOG_START_OFFSET_FROM: i16 = 5;

/// Whether a topic is one that brokers keep for themselves. They let a client write there when it
/// calls itself `__admin_client` and their ACLs allow it; behind a gateway those know the gateway
/// only, so anybody could rewrite the groups' offsets and the state of transactions.
pub fn is_internal(topic: &[u8]) -> bool {
    let internal: [&[u8]; 3] = [
        b"__consumer_offsets",
        b"__transaction_state",
        b"__share_group_state",
    ];
    internal.contains(&topic)
}

/// A Produce request, in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Produce {
    /// Where the body starts in the frame.
    pub body: usize,
    /// The transactional id's bytes, `None` outside a transaction.
    pub transactional_id: Option<Range<usize>>,
    /// 0 (no reply), 1 or -1 (all in-sync replicas).
    pub acks: i16,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
    /// Every topic-partition's records, in the order of the request.
    pub chunks: Vec<ProduceChunk>,
}

/// One topic-partition's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProduceChunk {
    /// The topic's name, UTF-8, in the frame.
    pub topic: Range<usize>,
    /// Index of the topic's entry in the request, from 0.
    pub topic_index: u32,
    /// The partition.
    pub partition: i32,
    /// The record set, in the frame.
    pub records: Range<usize>,
}

/// Reads a request whose body starts at `body`, into `out`, whose memory is reused. After a fault
/// `out` holds nothing to be used.
pub fn parse(frame: &[u8], body: usize, version: i16, out: &mut Produce) -> Result<(), Malformed> {
    out.chunks.clear();
    let mut reader = Reader::at(frame, body)?;
    let flexible = flexible(version, &reader)?;
    out.body = body;
    out.transactional_id = reader.string_span(flexible)?;
    out.acks = reader.i16()?;
    out.timeout_ms = reader.i32()?;
    // A topic is at least its name's length and its partitions' count.
    let topics = reader.array_len(flexible, 2)?.unwrap_or(0);
    for topic_index in 0..topics as u32 {
        topic(&mut reader, flexible, topic_index, &mut out.chunks)?;
    }
    if flexible {
        reader.skip_tags()?;
    }
    reader.end()
}

fn topic(
    reader: &mut Reader<'_>,
    flexible: bool,
    topic_index: u32,
    chunks: &mut Vec<ProduceChunk>,
) -> Result<(), Malformed> {
    let at = reader.pos();
    let name = reader.string_span(flexible)?.ok_or(Malformed {
        what: "null topic",
        at,
    })?;
    if std::str::from_utf8(reader.slice(name.clone())).is_err() {
        return Err(Malformed {
            what: "topic is not UTF-8",
            at,
        });
    }
    let partitions = reader.array_len(flexible, 5)?.unwrap_or(0);
    if chunks.len() + partitions > PARTITIONS_PER_REQUEST_MAX {
        return Err(reader.malformed("too many partitions"));
    }
    for _ in 0..partitions {
        let partition = reader.i32()?;
        let records = reader.nullable_bytes(flexible)?;
        let records = records.ok_or(reader.malformed("null records"))?;
        if flexible {
            reader.skip_tags()?;
        }
        chunks.push(ProduceChunk {
            topic: name.clone(),
            topic_index,
            partition,
            records,
        });
    }
    if flexible {
        reader.skip_tags()?;
    }
    Ok(())
}

/// Whether the version has compact forms and tagged fields; a version that is not known is a fault.
fn flexible(version: i16, reader: &Reader<'_>) -> Result<bool, Malformed> {
    if !VERSIONS.contains(&version) {
        return Err(reader.malformed("a Produce version that is not supported"));
    }
    Ok(version >= FLEXIBLE_FROM)
}

#[cfg(test)]
mod tests;
