//! Fetch responses, read into spans.
//!
//! Owns: the response's layout. Refuses: counts and lengths that the bytes cannot hold, bytes after
//! the end. Stays true: every record set of the response is in exactly one chunk.
//!
//! ```text
//! throttle ms i32, v7+ error i16, session id i32, topics, v16+ tag 0 endpoints
//! topic: name string (v13+ id uuid), partitions
//! partition: index i32, error i16, high watermark i64, last stable offset i64,
//!            v5+ log start offset i64, aborted transactions [producer id i64, first offset i64]?,
//!            v11+ preferred read replica i32, records bytes?
//!            v12+ tag 0 diverging epoch: epoch i32, end offset i64
//!                 tag 1 current leader: id i32, epoch i32
//!                 tag 2 snapshot id: end offset i64, epoch i32
//! v12+       compact strings and arrays, tagged fields after each struct; header 1
//! ```

use super::{FLEXIBLE_FROM, IDS_FROM, LOG_START_OFFSET_FROM, SESSIONS_FROM, flexible};
use crate::kafka::frame;
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::tagged::{self, Known, Sections, Shape};
use crate::kafka::topic::Topic;
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use std::ops::Range;

const PREFERRED_REPLICA_FROM: i16 = 11;

/// Of a partition: where logs part, who leads it, which snapshot to take. Ids and offsets only.
const OF_PARTITION: &[Known] = &[
    known(0, FLEXIBLE_FROM, Shape::Struct(12)),
    known(1, FLEXIBLE_FROM, Shape::Struct(8)),
    known(2, FLEXIBLE_FROM, Shape::Struct(12)),
];
/// Of the response: where the leaders are (KIP-951).
const OF_RESPONSE: &[Known] = &[known(0, 16, Shape::Endpoints)];

const fn known(tag: u32, since: i16, shape: Shape) -> Known {
    Known { tag, since, shape }
}

/// A Fetch response, in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// How long the client should wait, in milliseconds.
    pub throttle_ms: i32,
    /// The error of the whole response, 0 before version 7.
    pub error: i16,
    /// 0 without a session, and before version 7.
    pub session_id: i32,
    /// Every topic-partition, with records or without, in the order of the response.
    pub chunks: Vec<FetchChunk>,
    /// Endpoints, and tagged fields that are not known. When this is not empty, the response may
    /// not leave as it lies.
    pub tagged: Sections,
}

/// One topic-partition's outcome. Spans are in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchChunk {
    /// The topic, by its name's span or by its id.
    pub topic: Topic<Range<usize>>,
    /// The partition.
    pub partition: i32,
    /// Kafka's error code.
    pub error: i16,
    /// Where the error code stands.
    pub error_at: usize,
    /// Offset after the last committed record.
    pub high_watermark: i64,
    /// The records field, its length included.
    pub field: Range<usize>,
    /// The record set; empty when null or empty.
    pub records: Range<usize>,
}

/// Reads a whole response frame of `version` into `out`, whose memory is reused. After a fault
/// `out` holds nothing to be used.
pub fn parse_response(frame: &[u8], version: i16, out: &mut Fetched) -> Result<(), Malformed> {
    out.chunks.clear();
    let mut reader = Reader::at(frame, frame::SIZE_BYTES)?;
    let flexible = flexible(version, &reader)?;
    out.tagged.begin(version, flexible);
    tagged::reply_header(&mut out.tagged, &mut reader)?;
    out.throttle_ms = reader.i32()?;
    (out.error, out.session_id) = (0, 0);
    if version >= SESSIONS_FROM {
        (out.error, out.session_id) = (reader.i16()?, reader.i32()?);
    }
    for _ in 0..reader.array_len(flexible, 2)?.unwrap_or(0) {
        topic(&mut reader, version, out)?;
    }
    out.tagged.read(&mut reader, OF_RESPONSE)?;
    reader.end()
}

fn topic(reader: &mut Reader<'_>, version: i16, out: &mut Fetched) -> Result<(), Malformed> {
    let flexible = version >= FLEXIBLE_FROM;
    let topic = Topic::read(reader, flexible, version >= IDS_FROM)?;
    let partitions = reader.array_len(flexible, 24)?.unwrap_or(0);
    if out.chunks.len() + partitions > PARTITIONS_PER_REQUEST_MAX {
        return Err(reader.malformed("too many partitions"));
    }
    for _ in 0..partitions {
        let chunk = partition(reader, version, topic.clone(), &mut out.tagged)?;
        out.chunks.push(chunk);
    }
    out.tagged.read(reader, &[])
}

fn partition(
    reader: &mut Reader<'_>,
    version: i16,
    topic: Topic<Range<usize>>,
    tagged: &mut Sections,
) -> Result<FetchChunk, Malformed> {
    let flexible = version >= FLEXIBLE_FROM;
    let partition = reader.i32()?;
    let error_at = reader.pos();
    let error = reader.i16()?;
    let high_watermark = reader.i64()?;
    reader.i64()?; // last stable offset
    if version >= LOG_START_OFFSET_FROM {
        reader.i64()?;
    }
    for _ in 0..reader.array_len(flexible, 16)?.unwrap_or(0) {
        reader.take(16, "aborted transaction")?;
        tagged.read(reader, &[])?;
    }
    if version >= PREFERRED_REPLICA_FROM {
        reader.i32()?;
    }
    let field_start = reader.pos();
    let records = reader
        .nullable_bytes(flexible)?
        .unwrap_or(reader.pos()..reader.pos());
    let field = field_start..reader.pos();
    tagged.read(reader, OF_PARTITION)?;
    Ok(FetchChunk {
        topic,
        partition,
        error,
        error_at,
        high_watermark,
        field,
        records,
    })
}
