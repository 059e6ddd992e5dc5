//! Produce requests made from another: some partitions left out or replaced, or one alone.
//!
//! Owns: whole new frames. Refuses: nothing; what goes in was parsed. Stays true: the records that
//! are kept are the client's bytes; header, transactional id, acks and timeout are those of the
//! request they came from.

use super::{FLEXIBLE_FROM, Produce, ProduceChunk};
use crate::kafka::api;
use crate::kafka::topic::Topic;
use crate::kafka::writer::Writer;

/// What becomes of one topic-partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep<'a> {
    /// It goes on as it came.
    AsIs,
    /// It goes on with these records.
    Replace(&'a [u8]),
    /// It is left out.
    Drop,
}

/// A new request with what `keep(index of the chunk)` says, called once per chunk in order. Topics
/// without a partition left are left out; `None` when nothing is left at all. Tagged fields, none of
/// which is defined, do not go on.
pub fn rebuild_request<'a>(
    frame: &[u8],
    version: i16,
    parsed: &Produce,
    keep: &mut dyn FnMut(usize) -> Keep<'a>,
) -> Option<Vec<u8>> {
    let verdicts: Vec<Keep<'a>> = (0..parsed.chunks.len()).map(&mut *keep).collect();
    let kept: Vec<(&ProduceChunk, Keep<'a>)> = parsed
        .chunks
        .iter()
        .zip(verdicts)
        .filter(|(_, verdict)| *verdict != Keep::Drop)
        .collect();
    if kept.is_empty() {
        return None;
    }
    let flexible = version >= FLEXIBLE_FROM;
    let topics = || kept.chunk_by(|a, b| a.0.topic_index == b.0.topic_index);
    let mut out = Vec::with_capacity(frame.len());
    let mut writer = Writer::new(&mut out);
    writer.raw(frame.get(..parsed.header_end).unwrap_or_default());
    writer.end_struct(flexible);
    let id = parsed
        .transactional_id
        .as_ref()
        .and_then(|span| text(frame, span));
    write_head(
        &mut writer,
        flexible,
        id,
        parsed.acks,
        parsed.timeout_ms,
        topics().count(),
    );
    for topic in topics() {
        write_topic(&mut writer, flexible, frame, topic);
    }
    writer.end_struct(flexible);
    writer.frame_end(0);
    Some(out)
}

fn write_topic(
    writer: &mut Writer<'_>,
    flexible: bool,
    frame: &[u8],
    partitions: &[(&ProduceChunk, Keep<'_>)],
) {
    if let Some((first, _)) = partitions.first() {
        first.topic.of(frame).write(writer, flexible);
    }
    writer.array_len(flexible, Some(partitions.len()));
    for (chunk, verdict) in partitions {
        let records = match verdict {
            Keep::Replace(records) => records,
            _ => frame.get(chunk.records.clone()).unwrap_or_default(),
        };
        writer.i32(chunk.partition);
        writer.bytes(flexible, Some(records));
        writer.end_struct(flexible);
    }
    writer.end_struct(flexible);
}

/// A request for one topic-partition: how a released chunk is written.
#[derive(Clone, Copy, Debug)]
pub struct Single<'a> {
    /// The version to write it in.
    pub version: i16,
    /// The gateway's own correlation id.
    pub correlation_id: i32,
    /// The client's name for itself.
    pub client_id: Option<&'a str>,
    /// As the client's request had it.
    pub transactional_id: Option<&'a str>,
    /// As the client's request had it.
    pub acks: i16,
    /// As the client's request had it, in milliseconds.
    pub timeout_ms: i32,
    /// The topic, named as `version` names it: by its id since 13.
    pub topic: Topic<&'a str>,
    /// The partition.
    pub partition: i32,
    /// The record set.
    pub records: &'a [u8],
}

/// The whole frame of `request`.
pub fn single(request: &Single<'_>) -> Vec<u8> {
    let flexible = request.version >= FLEXIBLE_FROM;
    let mut out = Vec::with_capacity(request.records.len() + 512);
    let mut writer = Writer::new(&mut out);
    let start = writer.frame_begin();
    writer.i16(api::PRODUCE);
    writer.i16(request.version);
    writer.i32(request.correlation_id);
    // The client id keeps its classic form in the flexible header (KIP-482).
    writer.string(false, request.client_id);
    writer.end_struct(flexible);
    let Single {
        transactional_id,
        acks,
        timeout_ms,
        ..
    } = *request;
    write_head(&mut writer, flexible, transactional_id, acks, timeout_ms, 1);
    request.topic.write(&mut writer, flexible);
    writer.array_len(flexible, Some(1));
    writer.i32(request.partition);
    writer.bytes(flexible, Some(request.records));
    writer.end_struct(flexible); // partition
    writer.end_struct(flexible); // topic
    writer.end_struct(flexible);
    writer.frame_end(start);
    out
}

fn write_head(
    writer: &mut Writer<'_>,
    flexible: bool,
    transactional_id: Option<&str>,
    acks: i16,
    timeout_ms: i32,
    topics: usize,
) {
    writer.string(flexible, transactional_id);
    writer.i16(acks);
    writer.i32(timeout_ms);
    writer.array_len(flexible, Some(topics));
}

fn text<'a>(frame: &'a [u8], span: &std::ops::Range<usize>) -> Option<&'a str> {
    std::str::from_utf8(frame.get(span.clone())?).ok()
}
