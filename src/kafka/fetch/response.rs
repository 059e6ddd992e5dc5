//! Fetch responses, read into spans.
//!
//! Owns: the response's layout. Refuses: counts and lengths that the bytes cannot hold, bytes after
//! the end. Stays true: every record set of the response is in exactly one chunk.
//!
//! ```text
//! throttle ms i32, v7+ error i16, session id i32, topics
//! topic: name string, partitions
//! partition: index i32, error i16, high watermark i64, last stable offset i64,
//!            v5+ log start offset i64, aborted transactions [producer id i64, first offset i64]?,
//!            v11+ preferred read replica i32, records bytes?
//! v12        compact strings and arrays, tagged fields after each struct; header 1
//! ```

use super::{FLEXIBLE_FROM, LOG_START_OFFSET_FROM, SESSIONS_FROM, flexible};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::{api, frame};
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use std::ops::Range;

const PREFERRED_REPLICA_FROM: i16 = 11;

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
}

/// One topic-partition's outcome. Spans are in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchChunk {
    /// The topic's name, UTF-8.
    pub topic: Range<usize>,
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
    let mut reader = Reader::at(frame, frame::response_body(frame, api::FETCH, version)?)?;
    let flexible = flexible(version, &reader)?;
    out.throttle_ms = reader.i32()?;
    (out.error, out.session_id) = (0, 0);
    if version >= SESSIONS_FROM {
        (out.error, out.session_id) = (reader.i16()?, reader.i32()?);
    }
    for _ in 0..reader.array_len(flexible, 2)?.unwrap_or(0) {
        topic(&mut reader, version, &mut out.chunks)?;
    }
    if flexible {
        reader.skip_tags()?;
    }
    reader.end()
}

fn topic(
    reader: &mut Reader<'_>,
    version: i16,
    chunks: &mut Vec<FetchChunk>,
) -> Result<(), Malformed> {
    let flexible = version >= FLEXIBLE_FROM;
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
    let partitions = reader.array_len(flexible, 24)?.unwrap_or(0);
    if chunks.len() + partitions > PARTITIONS_PER_REQUEST_MAX {
        return Err(reader.malformed("too many partitions"));
    }
    for _ in 0..partitions {
        chunks.push(partition(reader, version, name.clone())?);
    }
    if flexible {
        reader.skip_tags()?;
    }
    Ok(())
}

fn partition(
    reader: &mut Reader<'_>,
    version: i16,
    topic: Range<usize>,
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
        if flexible {
            reader.skip_tags()?;
        }
    }
    if version >= PREFERRED_REPLICA_FROM {
        reader.i32()?;
    }
    let field_start = reader.pos();
    let records = reader
        .nullable_bytes(flexible)?
        .unwrap_or(reader.pos()..reader.pos());
    let field = field_start..reader.pos();
    if flexible {
        reader.skip_tags()?; // diverging epoch, current leader, snapshot id: no addresses
    }
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
