//! Produce responses: read for merging, walked for the audit, written.
//!
//! Owns: both directions of the response's layout (drawn in `produce`). Refuses: counts and lengths
//! that the bytes cannot hold, bytes after the end. Stays true: what is written reads back the
//! same, but for fields that the version does not have.

use super::{FLEXIBLE_FROM, LOG_START_OFFSET_FROM, RECORD_ERRORS_FROM, flexible};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::writer::Writer;
use crate::kafka::{api, frame};

/// What became of one topic-partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionReply {
    /// The partition.
    pub partition: i32,
    /// Kafka's error code, 0 when written.
    pub error: i16,
    /// Offset of the first record; -1 with an error, or when a repeat's is not known.
    pub base_offset: i64,
    /// Milliseconds since the Unix epoch if the topic stamps on append, else -1.
    pub log_append_time: i64,
    /// First offset of the log; -1 before version 5.
    pub log_start_offset: i64,
    /// Index in the batch of records at fault, each with a message; version 8 and up.
    pub record_errors: Vec<(i32, Option<String>)>,
    /// What the client may show to a person; version 8 and up.
    pub message: Option<String>,
}

impl PartitionReply {
    /// A refusal: nothing of the partition was written.
    pub fn refused(partition: i32, error: i16, message: Option<String>) -> PartitionReply {
        PartitionReply {
            partition,
            error,
            base_offset: -1,
            log_append_time: -1,
            log_start_offset: -1,
            record_errors: Vec::new(),
            message,
        }
    }
}

/// A whole response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProduceResponse {
    /// How long the client should wait, in milliseconds.
    pub throttle_ms: i32,
    /// Topics with their partitions, in the order of the response.
    pub topics: Vec<(String, Vec<PartitionReply>)>,
}

/// Reads a whole response frame of `version`.
pub fn parse_response(frame: &[u8], version: i16) -> Result<ProduceResponse, Malformed> {
    let mut out = ProduceResponse::default();
    let mut record_errors = Vec::new();
    let throttle_ms = walk(frame, version, &mut |seen| match seen {
        Seen::Topic(name) => out.topics.push((name.to_owned(), Vec::new())),
        Seen::RecordError(index, message) => {
            record_errors.push((index, message.map(str::to_owned)));
        }
        Seen::Partition(ack, message) => {
            if let Some((_, partitions)) = out.topics.last_mut() {
                partitions.push(PartitionReply {
                    partition: ack.partition,
                    error: ack.error,
                    base_offset: ack.base_offset,
                    log_append_time: ack.log_append_time,
                    log_start_offset: ack.log_start_offset,
                    record_errors: std::mem::take(&mut record_errors),
                    message: message.map(str::to_owned),
                });
            }
        }
    })?;
    out.throttle_ms = throttle_ms;
    Ok(out)
}

/// Calls `each(topic, partition, error, base offset)` for every partition of a response frame,
/// without allocating. After a fault some may have been called already.
pub fn for_each_ack(
    frame: &[u8],
    version: i16,
    each: &mut dyn FnMut(&str, i32, i16, i64),
) -> Result<(), Malformed> {
    let mut topic = "";
    walk(frame, version, &mut |seen| match seen {
        Seen::Topic(name) => topic = name,
        Seen::RecordError(..) => {}
        Seen::Partition(ack, _) => each(topic, ack.partition, ack.error, ack.base_offset),
    })?;
    Ok(())
}

/// What a walk meets, in order: a topic, then for each of its partitions the record errors and the
/// partition itself.
enum Seen<'a> {
    Topic(&'a str),
    RecordError(i32, Option<&'a str>),
    Partition(Ack, Option<&'a str>),
}

struct Ack {
    partition: i32,
    error: i16,
    base_offset: i64,
    log_append_time: i64,
    log_start_offset: i64,
}

/// Walks a response to its last byte and returns its throttle time.
fn walk<'a>(
    frame: &'a [u8],
    version: i16,
    visit: &mut dyn FnMut(Seen<'a>),
) -> Result<i32, Malformed> {
    let mut reader = Reader::at(frame, frame::response_body(frame, api::PRODUCE, version)?)?;
    let flexible = flexible(version, &reader)?;
    for _ in 0..reader.array_len(flexible, 2)?.unwrap_or(0) {
        visit(Seen::Topic(reader.string(flexible)?));
        for _ in 0..reader.array_len(flexible, 22)?.unwrap_or(0) {
            walk_partition(&mut reader, version, flexible, visit)?;
        }
        if flexible {
            reader.skip_tags()?;
        }
    }
    let throttle_ms = reader.i32()?;
    if flexible {
        reader.skip_tags()?;
    }
    reader.end()?;
    Ok(throttle_ms)
}

fn walk_partition<'a>(
    reader: &mut Reader<'a>,
    version: i16,
    flexible: bool,
    visit: &mut dyn FnMut(Seen<'a>),
) -> Result<(), Malformed> {
    let mut ack = Ack {
        partition: reader.i32()?,
        error: reader.i16()?,
        base_offset: reader.i64()?,
        log_append_time: reader.i64()?,
        log_start_offset: -1,
    };
    if version >= LOG_START_OFFSET_FROM {
        ack.log_start_offset = reader.i64()?;
    }
    let mut message = None;
    if version >= RECORD_ERRORS_FROM {
        for _ in 0..reader.array_len(flexible, 5)?.unwrap_or(0) {
            let (index, text) = (reader.i32()?, reader.nullable_string(flexible)?);
            if flexible {
                reader.skip_tags()?;
            }
            visit(Seen::RecordError(index, text));
        }
        message = reader.nullable_string(flexible)?;
    }
    if flexible {
        reader.skip_tags()?;
    }
    visit(Seen::Partition(ack, message));
    Ok(())
}

/// A whole response frame. Record errors and messages go out from version 8 on; before that the
/// code says all there is.
pub fn write_response<'a>(
    version: i16,
    correlation_id: i32,
    throttle_ms: i32,
    topics: impl ExactSizeIterator<Item = (&'a str, &'a [PartitionReply])>,
) -> Vec<u8> {
    let flexible = version >= FLEXIBLE_FROM;
    let mut out = Vec::with_capacity(256);
    let mut writer = Writer::new(&mut out);
    let start = frame::response_begin(&mut writer, (api::PRODUCE, version), correlation_id);
    writer.array_len(flexible, Some(topics.len()));
    for (name, partitions) in topics {
        writer.string(flexible, Some(name));
        writer.array_len(flexible, Some(partitions.len()));
        for partition in partitions {
            write_partition(&mut writer, version, partition);
        }
        writer.end_struct(flexible);
    }
    writer.i32(throttle_ms);
    writer.end_struct(flexible);
    writer.frame_end(start);
    out
}

fn write_partition(writer: &mut Writer<'_>, version: i16, partition: &PartitionReply) {
    let flexible = version >= FLEXIBLE_FROM;
    writer.i32(partition.partition);
    writer.i16(partition.error);
    writer.i64(partition.base_offset);
    writer.i64(partition.log_append_time);
    if version >= LOG_START_OFFSET_FROM {
        writer.i64(partition.log_start_offset);
    }
    if version >= RECORD_ERRORS_FROM {
        writer.array_len(flexible, Some(partition.record_errors.len()));
        for (index, message) in &partition.record_errors {
            writer.i32(*index);
            writer.string(flexible, message.as_deref());
            writer.end_struct(flexible);
        }
        writer.string(flexible, partition.message.as_deref());
    }
    writer.end_struct(flexible);
}
