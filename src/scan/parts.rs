//! Which parts of words are worth spelling out.
//!
//! Owns: two small tables of bits that say no to nearly every word of a text. Refuses: to be exact; `words`
//! and the literals are. Stays true: never no where a keyword or a literal begins.
//!
//! A part is a run of letters up to the next byte that is none, or to a capital after a small letter: two of
//! them in `customerSsn`. A keyword begins with a whole part, so a part is looked up by its first eight
//! letters and its length: 500 keywords let one in a hundred other words through. A literal goes on
//! with anything, and is looked up by its first three bytes.

use super::words::{KEYWORD_BYTES_MAX, first_parts};

/// Bytes of a part that count.
const BYTES: usize = 8;
/// Longer parts count as this long.
pub(super) const LENGTH_MAX: usize = 9;
const _: () = assert!(LENGTH_MAX <= KEYWORD_BYTES_MAX);

const PART_BITS: u32 = 16;
const LITERAL_BITS: u32 = 12;
/// Bytes that tell literals apart.
const LITERAL_BYTES: usize = 3;

/// The tables.
#[derive(Clone)]
pub(super) struct Parts {
    parts: Box<[u64; 1 << (PART_BITS - 6)]>,
    literals: Box<[u64; 1 << (LITERAL_BITS - 6)]>,
}

impl Parts {
    /// For these keywords and literals; a literal has three bytes or more, the first a letter.
    pub(super) fn new<'a>(
        words: impl Iterator<Item = &'a [u8]>,
        literals: impl Iterator<Item = &'a [u8]>,
    ) -> Parts {
        let mut tables = Parts {
            parts: Box::new([0; 1 << (PART_BITS - 6)]),
            literals: Box::new([0; 1 << (LITERAL_BITS - 6)]),
        };
        for part in words.flat_map(first_parts) {
            let at = part_hash(load(&part), part.len().min(LENGTH_MAX));
            tables.parts[at >> 6] |= 1 << (at & 63);
        }
        for literal in literals {
            debug_assert!(literal.len() >= LITERAL_BYTES && literal[0].is_ascii_alphabetic());
            let at = literal_hash(load(literal));
            tables.literals[at >> 6] |= 1 << (at & 63);
        }
        tables
    }

    /// Whether a keyword may begin with the part of this length (at most [`LENGTH_MAX`]), or a literal with
    /// these bytes; `bytes` are the eight from its first on, the first lowest.
    #[inline(always)]
    pub(super) fn may_begin(&self, bytes: u64, length: usize) -> bool {
        let (part, literal) = (part_hash(bytes, length), literal_hash(bytes));
        let said = (self.parts[part >> 6] >> (part & 63))
            | (self.literals[literal >> 6] >> (literal & 63));
        said & 1 == 1
    }
}

impl Parts {
    /// Whether a literal may begin with these bytes.
    #[inline(always)]
    pub(super) fn may_be_literal(&self, bytes: u64) -> bool {
        let at = literal_hash(bytes);
        (self.literals[at >> 6] >> (at & 63)) & 1 == 1
    }
}

/// Eight bytes, the first lowest; NULs where there are none.
pub(super) fn load(text: &[u8]) -> u64 {
    match text.first_chunk::<BYTES>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; BYTES];
            bytes
                .iter_mut()
                .zip(text)
                .for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(bytes)
        }
    }
}

#[inline(always)]
fn part_hash(bytes: u64, length: usize) -> usize {
    let kept = u64::MAX >> (64 - 8 * length.clamp(1, BYTES));
    let folded = (bytes | 0x2020_2020_2020_2020) & kept;
    let mixed = (folded ^ ((length as u64) << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> (64 - PART_BITS)) as usize
}

#[inline(always)]
fn literal_hash(bytes: u64) -> usize {
    ((bytes & 0xff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LITERAL_BITS)) as usize
}
