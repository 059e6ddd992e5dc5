//! Which bytes of a tile lie in fields.
//!
//! Owns: the bits. Refuses: fields in another order than their own, or that overlap. Stays true: a bit for each byte, and
//! none beyond a field's end.

use super::candidates::{TILE_BYTES, TILE_WORDS};
use crate::chunk::Field;

/// Sets the bits of the tile's bytes that lie in a field.
pub(super) fn mark_inside(inside: &mut [u64; TILE_WORDS], fields: &[Field], at: usize) {
    inside.fill(0);
    for field in fields {
        let from = (field.start as usize).saturating_sub(at);
        let to = (field.end as usize).saturating_sub(at).min(TILE_BYTES);
        if from >= to {
            continue;
        }
        let (first, last) = (from / 64, (to - 1) / 64);
        let head = u64::MAX << (from % 64);
        let tail = u64::MAX >> (63 - (to - 1) % 64);
        if first == last {
            inside[first] |= head & tail;
        } else {
            inside[first] |= head;
            inside[first + 1..last].fill(u64::MAX);
            inside[last] |= tail;
        }
    }
}
