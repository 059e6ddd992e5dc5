//! Produce (API key 0): requests read into spans, made smaller, made anew; responses read, cleaned,
//! written and merged.
//!
//! Owns: the layout of versions 3 to 13. Refuses: other versions, null records, more partitions than
//! the limit, bytes after the end. Stays true: a parsed request points into its frame and copies
//! nothing; parsing allocates nothing once the scratch is warm.
//!
//! A frame here is whole: its four bytes of size, the header, the body. Spans and offsets count
//! from its first byte.
//!
//! ```text
//! request   transactional id string?, acks i16, timeout ms i32, topics
//!           topic: name string (v13 id uuid), partitions      partition: index i32, records bytes?
//! response  topics, throttle ms i32, v10+ tag 0 endpoints
//!           topic: name string (v13 id uuid), partitions
//!           partition: index i32, error i16, base offset i64, log append time i64
//!                      v5+ log start offset i64
//!                      v8+ record errors [index i32, message string?], message string?
//!                      v10+ tag 0 current leader: id i32, epoch i32
//! v9+       compact strings and arrays, tagged fields after each struct; header 2 / 1
//! ```
//! 10 adds the leader hints (KIP-951), 11 and 12 an error code and a meaning inside transactions
//! (KIP-890), 13 the ids (KIP-516).

mod rebuild;
mod response;

pub use rebuild::{Keep, Single, rebuild_request, single};
pub use response::{
    EachAck, Leader, PartitionReply, ProduceResponse, clean_response, for_each_ack, parse_response,
    write_response,
};

use super::reader::{Malformed, Reader};
use super::tagged::{self, Sections};
use super::topic::{Topic, TopicId};
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use std::ops::{Range, RangeInclusive};

/// The versions that are read and written here.
pub const VERSIONS: RangeInclusive<i16> = 3..=13;
const FLEXIBLE_FROM: i16 = 9;
const RECORD_ERRORS_FROM: i16 = 8;
const LOG_START_OFFSET_FROM: i16 = 5;
const LEADERS_FROM: i16 = 10;
const IDS_FROM: i16 = 13;

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
    /// Where the header's tagged fields begin; in a classic version, where the body does.
    pub header_end: usize,
    /// The transactional id's bytes, `None` outside a transaction.
    pub transactional_id: Option<Range<usize>>,
    /// 0 (no reply), 1 or -1 (all in-sync replicas).
    pub acks: i16,
    /// How long the broker may take, in milliseconds.
    pub timeout_ms: i32,
    /// Every topic-partition's records, in the order of the request.
    pub chunks: Vec<ProduceChunk>,
    /// Tagged fields that may not go on. None is known in any version: when this is not empty, the
    /// request must be rebuilt.
    pub tagged: Sections,
}

/// One topic-partition's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProduceChunk {
    /// The topic, by its name's span in the frame or by its id.
    pub topic: Topic<Range<usize>>,
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
    out.tagged.begin(version, flexible);
    out.header_end = tagged::request_header(&mut out.tagged, frame, body)?;
    out.transactional_id = reader.string_span(flexible)?;
    out.acks = reader.i16()?;
    out.timeout_ms = reader.i32()?;
    // A topic is at least its name's length and its partitions' count.
    let topics = reader.array_len(flexible, 2)?.unwrap_or(0);
    for topic_index in 0..topics as u32 {
        topic(&mut reader, version, topic_index, out)?;
    }
    out.tagged.read(&mut reader, &[])?;
    reader.end()
}

fn topic(
    reader: &mut Reader<'_>,
    version: i16,
    topic_index: u32,
    out: &mut Produce,
) -> Result<(), Malformed> {
    let flexible = version >= FLEXIBLE_FROM;
    let topic = Topic::read(reader, flexible, version >= IDS_FROM)?;
    let partitions = reader.array_len(flexible, 5)?.unwrap_or(0);
    if out.chunks.len() + partitions > PARTITIONS_PER_REQUEST_MAX {
        return Err(reader.malformed("too many partitions"));
    }
    for _ in 0..partitions {
        let partition = reader.i32()?;
        let records = reader.nullable_bytes(flexible)?;
        let records = records.ok_or(reader.malformed("null records"))?;
        out.tagged.read(reader, &[])?;
        out.chunks.push(ProduceChunk {
            topic: topic.clone(),
            topic_index,
            partition,
            records,
        });
    }
    out.tagged.read(reader, &[])
}

/// Calls `each` for every topic that a request names by its id, in order. After a fault some may
/// have been called already.
pub fn topic_ids(
    frame: &[u8],
    body: usize,
    version: i16,
    each: &mut dyn FnMut(TopicId),
) -> Result<(), Malformed> {
    let mut reader = Reader::at(frame, body)?;
    if !flexible(version, &reader)? || version < IDS_FROM {
        return Ok(());
    }
    reader.string_span(true)?;
    reader.take(2 + 4, "acks and timeout")?;
    for _ in 0..reader.array_len(true, 18)?.unwrap_or(0) {
        each(TopicId(reader.uuid()?));
        for _ in 0..reader.array_len(true, 6)?.unwrap_or(0) {
            reader.i32()?;
            reader.nullable_bytes(true)?;
            reader.skip_tags()?;
        }
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
