//! Produce responses: read for merging, cleaned for passing on, walked, written.
//!
//! Owns: both directions of the response's layout (drawn in `produce`). Refuses: counts and lengths
//! that the bytes cannot hold, bytes after the end. Stays true: what is written reads back the
//! same, but for fields that the version does not have; no address of a broker is in what was
//! parsed or cleaned.

use super::flexible;
use super::{FLEXIBLE_FROM, IDS_FROM, LEADERS_FROM, LOG_START_OFFSET_FROM, RECORD_ERRORS_FROM};
use crate::kafka::addresses::Mapping;
use crate::kafka::endpoints::{self, Endpoint};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::tagged::{self, Known, Sections, Shape, Splice};
use crate::kafka::topic::Topic;
use crate::kafka::writer::Writer;
use crate::kafka::{api, frame};

/// Of a partition: who leads it now.
const CURRENT_LEADER: &[Known] = &[Known {
    tag: 0,
    since: LEADERS_FROM,
    shape: Shape::Struct(8),
}];
/// Of the response: where those leaders are.
const NODE_ENDPOINTS: &[Known] = &[Known {
    tag: 0,
    since: LEADERS_FROM,
    shape: Shape::Endpoints,
}];

/// Who leads a partition, as a broker that does not says (KIP-951).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Its node id.
    pub id: i32,
    /// Since which epoch.
    pub epoch: i32,
}

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
    /// A hint from the broker, version 10 and up. The gateway gives none of its own: what it holds
    /// is to be tried again where it was sent.
    pub leader: Option<Leader>,
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
            leader: None,
        }
    }
}

/// A whole response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProduceResponse {
    /// How long the client should wait, in milliseconds.
    pub throttle_ms: i32,
    /// Topics with their partitions, in the order of the response.
    pub topics: Vec<(Topic<String>, Vec<PartitionReply>)>,
    /// Where the leaders are that it hints at, as clients may see them.
    pub endpoints: Vec<Endpoint>,
}

/// Reads a whole response frame of `version` and maps its endpoints.
pub fn parse_response(
    frame: &[u8],
    version: i16,
    mapping: &dyn Mapping,
) -> Result<ProduceResponse, Malformed> {
    let mut out = ProduceResponse::default();
    let mut record_errors = Vec::new();
    let mut endpoints: &[u8] = &[];
    let mut sections = Sections::default();
    let throttle_ms = walk(frame, version, &mut sections, &mut |seen| match seen {
        Seen::Topic(topic) => out.topics.push((topic.owned(), Vec::new())),
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
                    leader: ack.leader,
                });
            }
        }
        Seen::Endpoints(bytes) => endpoints = bytes,
    })?;
    out.throttle_ms = throttle_ms;
    if !endpoints.is_empty() {
        out.endpoints = endpoints::read(endpoints, mapping)?;
    }
    Ok(out)
}

/// The same response with every endpoint mapped and without tagged fields that are not known; `None`
/// when it may leave as it lies, which it may before version 9: there is no place for them.
pub fn clean_response(
    frame: &[u8],
    version: i16,
    mapping: &dyn Mapping,
) -> Result<Option<Vec<u8>>, Malformed> {
    if version < FLEXIBLE_FROM {
        return Ok(None);
    }
    let mut sections = Sections::default();
    walk(frame, version, &mut sections, &mut |_| {})?;
    if sections.is_empty() {
        return Ok(None);
    }
    Ok(Some(Splice::new(frame, &sections, mapping).finish()))
}

/// Called with topic, partition, error and base offset.
pub type EachAck<'a> = dyn FnMut(Topic<&str>, i32, i16, i64) + 'a;

/// Calls `each(topic, partition, error, base offset)` for every partition of a response frame,
/// without allocating. After a fault some may have been called already.
pub fn for_each_ack(frame: &[u8], version: i16, each: &mut EachAck<'_>) -> Result<(), Malformed> {
    let mut current = Topic::Name("");
    walk(
        frame,
        version,
        &mut Sections::default(),
        &mut |seen| match seen {
            Seen::Topic(topic) => current = topic,
            Seen::RecordError(..) | Seen::Endpoints(_) => {}
            Seen::Partition(ack, _) => each(current, ack.partition, ack.error, ack.base_offset),
        },
    )?;
    Ok(())
}

/// What a walk meets, in order: a topic, then for each of its partitions the record errors and the
/// partition itself; endpoints at the end.
enum Seen<'a> {
    Topic(Topic<&'a str>),
    RecordError(i32, Option<&'a str>),
    Partition(Ack, Option<&'a str>),
    Endpoints(&'a [u8]),
}

struct Ack {
    partition: i32,
    error: i16,
    base_offset: i64,
    log_append_time: i64,
    log_start_offset: i64,
    leader: Option<Leader>,
}

/// Walks a response to its last byte and returns its throttle time.
fn walk<'a>(
    frame: &'a [u8],
    version: i16,
    sections: &mut Sections,
    visit: &mut dyn FnMut(Seen<'a>),
) -> Result<i32, Malformed> {
    let mut reader = Reader::at(frame, frame::SIZE_BYTES)?;
    let flexible = flexible(version, &reader)?;
    sections.begin(version, flexible);
    tagged::reply_header(sections, &mut reader)?;
    for _ in 0..reader.array_len(flexible, 2)?.unwrap_or(0) {
        let topic = Topic::read(&mut reader, flexible, version >= IDS_FROM)?;
        visit(Seen::Topic(topic.of(frame)));
        for _ in 0..reader.array_len(flexible, 22)?.unwrap_or(0) {
            walk_partition(&mut reader, version, sections, visit)?;
        }
        sections.read(&mut reader, &[])?;
    }
    let throttle_ms = reader.i32()?;
    sections.read_with(&mut reader, NODE_ENDPOINTS, |_, bytes| {
        visit(Seen::Endpoints(bytes));
        Ok(())
    })?;
    reader.end()?;
    Ok(throttle_ms)
}

fn walk_partition<'a>(
    reader: &mut Reader<'a>,
    version: i16,
    sections: &mut Sections,
    visit: &mut dyn FnMut(Seen<'a>),
) -> Result<(), Malformed> {
    let flexible = version >= FLEXIBLE_FROM;
    let mut ack = Ack {
        partition: reader.i32()?,
        error: reader.i16()?,
        base_offset: reader.i64()?,
        log_append_time: reader.i64()?,
        log_start_offset: -1,
        leader: None,
    };
    if version >= LOG_START_OFFSET_FROM {
        ack.log_start_offset = reader.i64()?;
    }
    let mut message = None;
    if version >= RECORD_ERRORS_FROM {
        for _ in 0..reader.array_len(flexible, 5)?.unwrap_or(0) {
            let (index, text) = (reader.i32()?, reader.nullable_string(flexible)?);
            sections.read(reader, &[])?;
            visit(Seen::RecordError(index, text));
        }
        message = reader.nullable_string(flexible)?;
    }
    sections.read_with(reader, CURRENT_LEADER, |_, value| {
        let mut value = Reader::new(value);
        let (id, epoch) = (value.i32()?, value.i32()?);
        ack.leader = Some(Leader { id, epoch });
        Ok(())
    })?;
    visit(Seen::Partition(ack, message));
    Ok(())
}

/// A whole response frame. Record errors and messages go out from version 8 on, leader hints and
/// `endpoints` from 10 on; before that the code says all there is.
pub fn write_response<'a>(
    version: i16,
    correlation_id: i32,
    throttle_ms: i32,
    endpoints: &[Endpoint],
    topics: impl ExactSizeIterator<Item = (Topic<&'a str>, &'a [PartitionReply])>,
) -> Vec<u8> {
    let flexible = version >= FLEXIBLE_FROM;
    let mut out = Vec::with_capacity(256);
    let mut writer = Writer::new(&mut out);
    let start = frame::response_begin(&mut writer, (api::PRODUCE, version), correlation_id);
    writer.array_len(flexible, Some(topics.len()));
    for (topic, partitions) in topics {
        topic.write(&mut writer, flexible);
        writer.array_len(flexible, Some(partitions.len()));
        for partition in partitions {
            write_partition(&mut writer, version, partition);
        }
        writer.end_struct(flexible);
    }
    writer.i32(throttle_ms);
    if version >= LEADERS_FROM && !endpoints.is_empty() {
        let mut value = Vec::new();
        endpoints::write(&mut Writer::new(&mut value), endpoints);
        write_tag_0(&mut writer, &value);
    } else {
        writer.end_struct(flexible);
    }
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
    match partition.leader {
        Some(Leader { id, epoch }) if version >= LEADERS_FROM => {
            let mut value = Vec::with_capacity(9);
            let mut inside = Writer::new(&mut value);
            inside.i32(id);
            inside.i32(epoch);
            inside.empty_tags();
            write_tag_0(writer, &value);
        }
        _ => writer.end_struct(flexible),
    }
}

/// A section with one tagged field.
fn write_tag_0(writer: &mut Writer<'_>, value: &[u8]) {
    writer.uvarint(1);
    writer.uvarint(0);
    writer.uvarint(value.len() as u32);
    writer.raw(value);
}
