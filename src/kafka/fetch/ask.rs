//! Fetch requests: how much is asked for, made no more than the gateway inspects at once.
//!
//! Owns: lowering `max_bytes` and `partition_max_bytes` in place. Refuses: what does not read to
//! its last byte. Stays true: limits are only ever lowered, and nothing else changes.
//!
//! ```text
//! replica id i32 (up to v14), max wait ms i32, min bytes i32, max bytes i32, isolation i8,
//! v7+ session id i32, session epoch i32, topics, v7+ forgotten topics, v11+ rack string
//! topic: name string (v13+ id uuid), partitions
//! partition: index i32, v9+ leader epoch i32, offset i64, v12+ last fetched epoch i32,
//!            v5+ log start offset i64, max bytes i32
//! forgotten: name string (v13+ id uuid), [index i32]
//! v12+       compact strings and arrays, tagged fields after each struct
//! ```

use super::{FLEXIBLE_FROM, IDS_FROM, LOG_START_OFFSET_FROM, SESSIONS_FROM, flexible};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::tagged::{self, Known, Sections, Shape};
use crate::kafka::topic::{Topic, TopicId};
use crate::limits::PARTITIONS_PER_REQUEST_MAX;

const LEADER_EPOCH_FROM: i16 = 9;
const RACK_FROM: i16 = 11;
const LAST_FETCHED_EPOCH_FROM: i16 = 12;
const REPLICA_STATE_FROM: i16 = 15;
const REPLICA_STATE: u32 = 1;

/// Of the request: the cluster's id, and the replica that asks, if it is none of a consumer's.
const OF_REQUEST: &[Known] = &[
    known(0, FLEXIBLE_FROM, Shape::Text),
    known(REPLICA_STATE, REPLICA_STATE_FROM, Shape::Struct(12)),
];
/// Of a partition, from followers: a log directory's id, a high watermark.
const OF_PARTITION: &[Known] = &[
    known(0, 17, Shape::Fixed(16)),
    known(1, 18, Shape::Fixed(8)),
];

const fn known(tag: u32, since: i16, shape: Shape) -> Known {
    Known { tag, since, shape }
}

/// What a Fetch asks for, before its limits were lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchAsk {
    /// -1 from a consumer, which since version 15 need not say so. A client that claims a broker's
    /// id must be refused.
    pub replica_id: i32,
    /// How long the broker may wait for `min_bytes`, in milliseconds.
    pub max_wait_ms: i32,
    /// Bytes that the broker should wait for.
    pub min_bytes: i32,
    /// Bytes that the whole response may hold.
    pub max_bytes: i32,
    /// 0: all records; 1: no record of an open or aborted transaction.
    pub isolation_level: i8,
    /// 0 without a session, and before version 7.
    pub session_id: i32,
    /// -1 without a session, and before version 7.
    pub session_epoch: i32,
    /// Topic-partitions in the request; a session may add those of requests before.
    pub partitions: usize,
}

/// Lowers `max_bytes` and each `partition_max_bytes` of the request whose body starts at `body` to
/// `max`, in place. `sections` takes what must not go on; when it is not empty, the request must be
/// made anew (`Splice`). After a fault some limits may be lowered and the frame must not be used.
pub fn lower_limits(
    frame: &mut [u8],
    body: usize,
    version: i16,
    max: i32,
    sections: &mut Sections,
) -> Result<FetchAsk, Malformed> {
    let mut reader = Reader::at(frame, body)?;
    let flexible = flexible(version, &reader)?;
    sections.begin(version, flexible);
    tagged::request_header(sections, frame, body)?;
    let (mut ask, max_bytes_at) = head(&mut reader, version)?;
    // A topic is at least its name's length and its partitions' count.
    let topics = reader.array_len(flexible, 2)?.unwrap_or(0);
    let mut at = reader.pos();
    lower(frame, max_bytes_at, max);
    for _ in 0..topics {
        let mut reader = Reader::at(frame, at)?;
        Topic::read(&mut reader, flexible, version >= IDS_FROM)?;
        let partitions = reader.array_len(flexible, 16)?.unwrap_or(0);
        at = reader.pos();
        ask.partitions += partitions;
        if ask.partitions > PARTITIONS_PER_REQUEST_MAX {
            return Err(reader.malformed("too many partitions"));
        }
        for _ in 0..partitions {
            let mut reader = Reader::at(frame, at)?;
            let max_bytes_at = partition(&mut reader, version)?;
            sections.read(&mut reader, OF_PARTITION)?;
            at = reader.pos();
            lower(frame, max_bytes_at, max);
        }
        let mut reader = Reader::at(frame, at)?;
        sections.read(&mut reader, &[])?;
        at = reader.pos();
    }
    let mut reader = Reader::at(frame, at)?;
    if let Some(replica) = tail(&mut reader, version, sections)? {
        ask.replica_id = replica;
    }
    Ok(ask)
}

/// Calls `each` for every topic that a request names by its id, the forgotten ones left out. After a
/// fault some may have been called already.
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
    head(&mut reader, version)?;
    for _ in 0..reader.array_len(true, 18)?.unwrap_or(0) {
        each(TopicId(reader.uuid()?));
        for _ in 0..reader.array_len(true, 16)?.unwrap_or(0) {
            partition(&mut reader, version)?;
            reader.skip_tags()?;
        }
        reader.skip_tags()?;
    }
    Ok(())
}

fn head(reader: &mut Reader<'_>, version: i16) -> Result<(FetchAsk, usize), Malformed> {
    let mut replica_id = -1;
    if version < REPLICA_STATE_FROM {
        replica_id = reader.i32()?;
    }
    let (max_wait_ms, min_bytes) = (reader.i32()?, reader.i32()?);
    let max_bytes_at = reader.pos();
    let (max_bytes, isolation_level) = (reader.i32()?, reader.i8()?);
    let (mut session_id, mut session_epoch) = (0, -1);
    if version >= SESSIONS_FROM {
        (session_id, session_epoch) = (reader.i32()?, reader.i32()?);
    }
    let ask = FetchAsk {
        replica_id,
        max_wait_ms,
        min_bytes,
        max_bytes,
        isolation_level,
        session_id,
        session_epoch,
        partitions: 0,
    };
    Ok((ask, max_bytes_at))
}

/// Reads one partition up to its tagged fields and returns where its limit stands.
fn partition(reader: &mut Reader<'_>, version: i16) -> Result<usize, Malformed> {
    reader.i32()?;
    if version >= LEADER_EPOCH_FROM {
        reader.i32()?;
    }
    reader.i64()?;
    if version >= LAST_FETCHED_EPOCH_FROM {
        reader.i32()?;
    }
    if version >= LOG_START_OFFSET_FROM {
        reader.i64()?;
    }
    let at = reader.pos();
    reader.i32()?;
    Ok(at)
}

/// Reads what follows the topics; the replica that asks, where a tagged field says so.
fn tail(
    reader: &mut Reader<'_>,
    version: i16,
    sections: &mut Sections,
) -> Result<Option<i32>, Malformed> {
    let flexible = version >= FLEXIBLE_FROM;
    if version >= SESSIONS_FROM {
        for _ in 0..reader.array_len(flexible, 2)?.unwrap_or(0) {
            Topic::read(reader, flexible, version >= IDS_FROM)?;
            let partitions = reader.array_len(flexible, 4)?.unwrap_or(0);
            reader.take(partitions * 4, "forgotten partitions")?;
            sections.read(reader, &[])?;
        }
    }
    if version >= RACK_FROM {
        reader.string(flexible)?;
    }
    let mut replica = None;
    sections.read_with(reader, OF_REQUEST, |tag, value| {
        if tag == REPLICA_STATE {
            replica = Some(Reader::new(value).i32()?);
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(replica)
}

fn lower(frame: &mut [u8], at: usize, max: i32) {
    let field = frame
        .get_mut(at..)
        .and_then(|rest| rest.first_chunk_mut::<4>());
    if let Some(field) = field
        && i32::from_be_bytes(*field) > max
    {
        *field = max.to_be_bytes();
    }
}
