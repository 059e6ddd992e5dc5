//! ShareFetch responses, read into spans.
//!
//! Owns: the response's layout. Refuses: counts and lengths that the bytes cannot hold, bytes after
//! the end. Stays true: every record set of the response is in exactly one chunk.
//!
//! ```text
//! throttle ms i32, error i16, message string?, lock timeout ms i32, topics, endpoints
//! topic: id uuid, partitions
//! partition: index i32, error i16, message string?, acknowledge error i16, its message string?,
//!            current leader (id i32, epoch i32, tags), records bytes,
//!            acquired [first offset i64, last offset i64, delivery count i16, tags]
//! ```
//! The endpoints are a plain field here, not a tagged one: a reply that names any is always made
//! anew.

use super::check;
use crate::kafka::endpoints::{self, Nobody};
use crate::kafka::frame;
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::tagged::{self, Sections};
use crate::kafka::topic::TopicId;
use crate::limits::PARTITIONS_PER_REQUEST_MAX;
use std::ops::Range;

/// Bytes of one acquired range before its tagged fields.
pub(super) const ACQUIRED_BYTES: usize = 8 + 8 + 2;

/// A ShareFetch response, in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShareFetched {
    /// The error of the whole response.
    pub error: i16,
    /// Every topic-partition, with records or without, in the order of the response.
    pub chunks: Vec<ShareChunk>,
    /// Tagged fields that are not known. When this is not empty, the response may not leave as it
    /// lies.
    pub tagged: Sections,
    /// The endpoints field; empty when it names nobody.
    pub endpoints: Range<usize>,
}

impl ShareFetched {
    /// Whether the response may leave as it lies.
    pub fn is_clean(&self) -> bool {
        self.tagged.is_empty() && self.endpoints.is_empty()
    }
}

/// One topic-partition's outcome. Spans are in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareChunk {
    /// The topic.
    pub topic: TopicId,
    /// The partition.
    pub partition: i32,
    /// Kafka's error code for the records; that of acknowledgements is another.
    pub error: i16,
    /// Where the error code and its message stand.
    pub error_field: Range<usize>,
    /// The records field, its length included.
    pub field: Range<usize>,
    /// The record set; empty when null or empty.
    pub records: Range<usize>,
    /// The acquired ranges, their count included.
    pub acquired: Range<usize>,
}

/// Reads a whole response frame of `version` into `out`, whose memory is reused. After a fault
/// `out` holds nothing to be used.
pub fn parse_response(frame: &[u8], version: i16, out: &mut ShareFetched) -> Result<(), Malformed> {
    out.chunks.clear();
    let mut reader = Reader::at(frame, frame::SIZE_BYTES)?;
    check(version, &reader)?;
    out.tagged.begin(version, true);
    tagged::reply_header(&mut out.tagged, &mut reader)?;
    reader.i32()?; // throttle time
    out.error = reader.i16()?;
    reader.nullable_string(true)?;
    reader.i32()?; // lock timeout
    for _ in 0..reader.array_len(true, 18)?.unwrap_or(0) {
        topic(&mut reader, out)?;
    }
    out.endpoints = node_endpoints(&mut reader)?;
    out.tagged.read(&mut reader, &[])?;
    reader.end()
}

fn topic(reader: &mut Reader<'_>, out: &mut ShareFetched) -> Result<(), Malformed> {
    let topic = TopicId(reader.uuid()?);
    let partitions = reader.array_len(true, 22)?.unwrap_or(0);
    if out.chunks.len() + partitions > PARTITIONS_PER_REQUEST_MAX {
        return Err(reader.malformed("too many partitions"));
    }
    for _ in 0..partitions {
        let chunk = partition(reader, topic, &mut out.tagged)?;
        out.chunks.push(chunk);
    }
    out.tagged.read(reader, &[])
}

fn partition(
    reader: &mut Reader<'_>,
    topic: TopicId,
    tagged: &mut Sections,
) -> Result<ShareChunk, Malformed> {
    let partition = reader.i32()?;
    let error_start = reader.pos();
    let error = reader.i16()?;
    reader.nullable_string(true)?;
    let error_field = error_start..reader.pos();
    reader.i16()?; // acknowledge error
    reader.nullable_string(true)?;
    reader.take(4 + 4, "current leader")?;
    tagged.read(reader, &[])?;
    let field_start = reader.pos();
    let records = reader
        .nullable_bytes(true)?
        .unwrap_or(reader.pos()..reader.pos());
    let field = field_start..reader.pos();
    for _ in 0..reader.array_len(true, ACQUIRED_BYTES + 1)?.unwrap_or(0) {
        reader.take(ACQUIRED_BYTES, "acquired range")?;
        tagged.read(reader, &[])?;
    }
    let acquired = field.end..reader.pos();
    tagged.read(reader, &[])?;
    Ok(ShareChunk {
        topic,
        partition,
        error,
        error_field,
        field,
        records,
        acquired,
    })
}

/// The span of the endpoints; empty when nobody is named.
fn node_endpoints(reader: &mut Reader<'_>) -> Result<Range<usize>, Malformed> {
    let start = reader.pos();
    endpoints::read_next(reader, &Nobody)?;
    let nobody = reader.pos() == start + 1; // a count and nothing else
    Ok(start..if nobody { start } else { reader.pos() })
}
