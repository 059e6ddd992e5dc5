//! ShareFetch requests: how much is asked for, made no more than the gateway inspects at once.
//!
//! Owns: lowering `max_bytes` in place. Refuses: what does not read to its last byte. Stays true: the
//! limit is only ever lowered, and nothing else changes.
//!
//! ```text
//! group string?, member string?, session epoch i32, max wait ms i32, min bytes i32, max bytes i32,
//! max records i32, batch size i32, v2 acquire mode i8, renewals bool, topics, forgotten topics
//! topic: id uuid, partitions
//! partition: index i32, acknowledgements [first offset i64, last offset i64, types [i8]]
//! forgotten: id uuid, [index i32]
//! ```

use super::{ACQUIRE_MODE_FROM, check};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::tagged::{self, Sections};
use crate::kafka::topic::TopicId;
use crate::limits::PARTITIONS_PER_REQUEST_MAX;

/// Lowers `max_bytes` of the request whose body starts at `body` to `max`, in place. `sections` takes
/// what must not go on; when it is not empty, the request must be made anew (`Splice`).
pub fn lower_limit(
    frame: &mut [u8],
    body: usize,
    version: i16,
    max: i32,
    sections: &mut Sections,
) -> Result<(), Malformed> {
    let mut reader = Reader::at(frame, body)?;
    check(version, &reader)?;
    sections.begin(version, true);
    tagged::request_header(sections, frame, body)?;
    let max_bytes_at = walk(&mut reader, version, sections, &mut |_| {})?;
    let field = frame
        .get_mut(max_bytes_at..)
        .and_then(|rest| rest.first_chunk_mut::<4>());
    if let Some(field) = field
        && i32::from_be_bytes(*field) > max
    {
        *field = max.to_be_bytes();
    }
    Ok(())
}

/// Calls `each` for every topic that a request names, the forgotten ones left out. After a fault
/// some may have been called already.
pub fn topic_ids(
    frame: &[u8],
    body: usize,
    version: i16,
    each: &mut dyn FnMut(TopicId),
) -> Result<(), Malformed> {
    let mut reader = Reader::at(frame, body)?;
    check(version, &reader)?;
    let mut sections = Sections::default();
    sections.begin(version, true);
    walk(&mut reader, version, &mut sections, each).map(|_| ())
}

/// Walks a request to its last byte and returns where its limit stands.
fn walk(
    reader: &mut Reader<'_>,
    version: i16,
    sections: &mut Sections,
    each: &mut dyn FnMut(TopicId),
) -> Result<usize, Malformed> {
    reader.nullable_string(true)?;
    reader.nullable_string(true)?;
    reader.take(4 + 4 + 4, "session epoch, max wait and min bytes")?;
    let max_bytes_at = reader.pos();
    reader.take(4 + 4 + 4, "limits")?;
    if version >= ACQUIRE_MODE_FROM {
        reader.take(1 + 1, "acquire mode")?;
    }
    let mut partitions = 0;
    for _ in 0..reader.array_len(true, 18)?.unwrap_or(0) {
        each(TopicId(reader.uuid()?));
        let count = reader.array_len(true, 6)?.unwrap_or(0);
        partitions += count;
        if partitions > PARTITIONS_PER_REQUEST_MAX {
            return Err(reader.malformed("too many partitions"));
        }
        for _ in 0..count {
            reader.i32()?;
            acknowledgements(reader, sections)?;
            sections.read(reader, &[])?;
        }
        sections.read(reader, &[])?;
    }
    for _ in 0..reader.array_len(true, 18)?.unwrap_or(0) {
        reader.uuid()?;
        let count = reader.array_len(true, 4)?.unwrap_or(0);
        reader.take(count * 4, "forgotten partitions")?;
        sections.read(reader, &[])?;
    }
    sections.read(reader, &[])?;
    reader.end()?;
    Ok(max_bytes_at)
}

fn acknowledgements(reader: &mut Reader<'_>, sections: &mut Sections) -> Result<(), Malformed> {
    for _ in 0..reader.array_len(true, 18)?.unwrap_or(0) {
        reader.take(8 + 8, "acknowledged offsets")?;
        let types = reader.array_len(true, 1)?.unwrap_or(0);
        reader.take(types, "acknowledgement types")?;
        sections.read(reader, &[])?;
    }
    Ok(())
}
