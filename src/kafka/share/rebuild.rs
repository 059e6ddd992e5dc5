//! ShareFetch responses changed: record sets replaced or cut, partitions turned into errors.
//!
//! Owns: new frames around the broker's own bytes. Refuses: nothing; what goes in was parsed. Stays
//! true: every partition that the broker named is still named, with what became of its
//! acknowledgements; offsets whose records were taken out are not acquired in the reply. A client
//! takes an acquired offset without a record for a gap and acknowledges it as one, and the record
//! would be lost to the group.

use super::response::ACQUIRED_BYTES;
use super::{ShareChunk, ShareFetched};
use crate::kafka::addresses::Mapping;
use crate::kafka::endpoints;
use crate::kafka::reader::Reader;
use crate::kafka::tagged::Splice;
use crate::kafka::writer::Writer;

/// What becomes of one topic-partition of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It goes on as it came.
    AsIs,
    /// It goes on with these records, which are all of it up to an offset, that one left out;
    /// `None`: to the end.
    Records(&'a [u8], Option<i64>),
    /// It goes on as this error with this message, without records and with nothing acquired.
    Error(i16, &'a str),
}

/// A new frame with what `replace(index of the chunk)` says, called once per chunk in order; endpoints
/// are mapped, tagged fields that are not known left out, and all else is as it was.
pub fn rebuild_response<'a>(
    frame: &[u8],
    parsed: &ShareFetched,
    mapping: &dyn Mapping,
    replace: &mut dyn FnMut(usize) -> Outcome<'a>,
) -> Vec<u8> {
    let mut splice = Splice::new(frame, &parsed.tagged, mapping);
    for (index, chunk) in parsed.chunks.iter().enumerate() {
        match replace(index) {
            Outcome::AsIs => {}
            Outcome::Records(records, until) => {
                splice.copy_to(chunk.field.start);
                splice.writer().bytes(true, Some(records));
                splice.skip_to(chunk.field.end);
                if let Some(until) = until {
                    write_acquired(&mut splice.writer(), frame, chunk, until);
                    splice.skip_to(chunk.acquired.end);
                }
            }
            Outcome::Error(code, message) => {
                splice.copy_to(chunk.error_field.start);
                splice.writer().i16(code);
                splice.writer().string(true, Some(message));
                splice.skip_to(chunk.error_field.end);
                splice.copy_to(chunk.field.start);
                splice.writer().bytes(true, Some(&[]));
                splice.writer().array_len(true, Some(0));
                splice.skip_to(chunk.acquired.end);
            }
        }
    }
    write_endpoints(&mut splice, frame, parsed, mapping);
    splice.finish()
}

/// Writes the acquired ranges of a chunk as far as they lie before `until`.
fn write_acquired(writer: &mut Writer<'_>, frame: &[u8], chunk: &ShareChunk, until: i64) {
    let kept: Vec<(i64, i64, i16)> = acquired(frame, chunk)
        .filter(|(first, _, _)| *first < until)
        .map(|(first, last, count)| (first, last.min(until - 1), count))
        .collect();
    writer.array_len(true, Some(kept.len()));
    for (first, last, delivery_count) in kept {
        writer.i64(first);
        writer.i64(last);
        writer.i16(delivery_count);
        writer.empty_tags();
    }
}

/// First offset, last offset and delivery count of each acquired range.
fn acquired(frame: &[u8], chunk: &ShareChunk) -> impl Iterator<Item = (i64, i64, i16)> {
    let mut reader = Reader::new(frame.get(chunk.acquired.clone()).unwrap_or_default());
    let count = reader.array_len(true, ACQUIRED_BYTES + 1);
    let count = count.ok().flatten().unwrap_or(0);
    (0..count).map_while(move |_| {
        let range = (reader.i64().ok()?, reader.i64().ok()?, reader.i16().ok()?);
        reader.skip_tags().ok()?;
        Some(range)
    })
}

fn write_endpoints(
    splice: &mut Splice<'_>,
    frame: &[u8],
    parsed: &ShareFetched,
    mapping: &dyn Mapping,
) {
    if parsed.endpoints.is_empty() {
        return;
    }
    let bytes = frame.get(parsed.endpoints.clone()).unwrap_or_default();
    let mapped = endpoints::read(bytes, mapping).unwrap_or_default();
    splice.copy_to(parsed.endpoints.start);
    endpoints::write(&mut splice.writer(), &mapped);
    splice.skip_to(parsed.endpoints.end);
}
