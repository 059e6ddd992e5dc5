//! Fetch responses changed: record sets replaced, partitions turned into errors, incomplete tails
//! rubbed out.
//!
//! Owns: new frames around the broker's own bytes. Refuses: nothing; what goes in was parsed. Stays
//! true: every partition that the broker named is still named, because a full response that misses
//! one is thrown away by clients; a partition with an error carries no records.

use super::{FLEXIBLE_FROM, Fetched};
use crate::kafka::addresses::Mapping;
use crate::kafka::batch::HEADER_BYTES;
use crate::kafka::tagged::Splice;
use std::ops::Range;

/// Where a batch's length is.
const LENGTH_AT: usize = 8;
/// Where a batch's format is.
const MAGIC_AT: usize = 16;
/// Bytes of a batch before what its length counts.
const LENGTH_FROM: usize = 12;

/// What becomes of one topic-partition of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It goes on as it came.
    AsIs,
    /// It goes on with these records.
    Records(&'a [u8]),
    /// It goes on as this error, without records.
    Error(i16),
}

/// A new frame with what `replace(index of the chunk)` says, called once per chunk in order; endpoints
/// are mapped, tagged fields that are not known left out, and all else is as it was.
pub fn rebuild_response<'a>(
    frame: &[u8],
    version: i16,
    parsed: &Fetched,
    mapping: &dyn Mapping,
    replace: &mut dyn FnMut(usize) -> Outcome<'a>,
) -> Vec<u8> {
    let flexible = version >= FLEXIBLE_FROM;
    let mut splice = Splice::new(frame, &parsed.tagged, mapping);
    for (index, chunk) in parsed.chunks.iter().enumerate() {
        let (error, records) = match replace(index) {
            Outcome::AsIs => continue,
            Outcome::Records(records) => (chunk.error, records),
            Outcome::Error(code) => (code, &[][..]),
        };
        splice.copy_to(chunk.error_at);
        splice.writer().i16(error);
        splice.skip_to(chunk.error_at + 2);
        splice.copy_to(chunk.field.start);
        splice.writer().bytes(flexible, Some(records));
        splice.skip_to(chunk.field.end);
    }
    splice.finish()
}

/// Rubs out, in place, an incomplete last batch (`BatchFault::Partial`), which cannot be inspected:
/// `tail` is its span in the frame. Of what came only the base offset stays (eight bytes hold no
/// whole identifier); the length is made up and says more bytes than there are, which is how a
/// client tells an incomplete batch and asks again from there; the format is 2, the rest zero. A
/// tail that ends before a field ends has it zero; clients leave that alone as well.
pub fn blank_tail(frame: &mut [u8], tail: Range<usize>) {
    let Some(tail) = frame.get_mut(tail) else {
        return;
    };
    let claimed = i32::try_from(tail.len() + HEADER_BYTES).unwrap_or(i32::MAX);
    let keep = if tail.len() < LENGTH_FROM {
        0
    } else {
        LENGTH_AT
    };
    tail[keep..].fill(0);
    if let Some(length) = tail.get_mut(LENGTH_AT..LENGTH_FROM) {
        length.copy_from_slice(&claimed.to_be_bytes());
    }
    if let Some(magic) = tail.get_mut(MAGIC_AT) {
        *magic = 2;
    }
}
