//! Where parts of words begin in a tile, as a list.
//!
//! Owns: the way from bits to places, and the length of parts. Refuses: text; bits are enough. Stays true: as
//! many places as bits, ascending.

use super::candidates::{Plane, TILE_BYTES, TILE_WORDS};
use super::parts::{Parts, load};

/// Places written at once.
const FEW: usize = 4;
/// Places beyond the last that may be written: those of a word.
const SPARE: usize = 64;

/// The list. At most every byte begins a part, and some may be written beyond the last.
pub(super) struct Starts {
    /// Offsets in the tile.
    pub(super) places: [u16; TILE_BYTES + SPARE],
    /// The bits that are listed: what a kernel leaves of all starts.
    pub(super) bits: [u64; TILE_WORDS],
    /// Bytes near the end of their field, where tables of what follows say nothing.
    pub(super) ending: [u64; TILE_WORDS],
}

impl Starts {
    /// None.
    pub(super) fn new() -> Starts {
        Starts {
            places: [0; TILE_BYTES + SPARE],
            bits: [0; TILE_WORDS],
            ending: [0; TILE_WORDS],
        }
    }

    /// Notes which bytes have no three others after them in their field; `inside` has a bit for each byte in
    /// one.
    pub(super) fn mark_ends(&mut self, inside: &[u64; TILE_WORDS]) {
        // What follows the tile is not known.
        let next = inside.iter().skip(1).chain([&0]);
        for ((ending, own), next) in self.ending.iter_mut().zip(inside).zip(next) {
            let (own, next) = (!own, !next);
            let after = |k: u32| (own >> k) | (next << (64 - k));
            *ending = after(1) | after(2) | after(3);
        }
    }

    /// Lists the places of the bits; returns how many. A block of text has few: four are written
    /// without looking, for a loop that may end anywhere is what a processor cannot foresee.
    #[inline(always)]
    pub(super) fn list(&mut self, words: usize) -> usize {
        let mut count = 0;
        for (word, bits) in self.bits.iter().enumerate().take(words) {
            let (mut left, base) = (*bits, (word * 64) as u16);
            let mut at = count;
            count += bits.count_ones() as usize;
            while let Some(few) = self.places.get_mut(at..at + FEW) {
                for place in few {
                    *place = base.wrapping_add(left.trailing_zeros() as u16);
                    left &= left.wrapping_sub(1);
                }
                at += FEW;
                if at >= count {
                    break;
                }
            }
        }
        count
    }
}

impl Starts {
    /// Keeps of the first `count` places those where a keyword or literal may begin; returns how many. `text`
    /// begins with the tile and goes on to the body's end.
    #[inline(always)]
    pub(super) fn sift(
        &mut self,
        count: usize,
        letters: &Plane,
        starts: &Plane,
        words: usize,
        text: &[u8],
        parts: &Parts,
    ) -> usize {
        let words = words.min(TILE_BYTES / 64);
        let count = count.min(TILE_BYTES);
        let ends = Ends::of(letters, starts, words);
        let mut kept = 0;
        for index in 0..count {
            let place = usize::from(self.places[index]);
            let bytes = load(text.get(place..).unwrap_or_default());
            let (letters, known) = ends.letters_from(place);
            // Kept or not is as good as random: no branch.
            self.places[kept] = place as u16;
            kept += usize::from(parts.may_begin(bytes, letters) | !known);
        }
        kept
    }
}

/// Where parts end: a bit a byte, read at any place.
pub(super) struct Ends {
    bytes: [u8; TILE_BYTES / 8 + 8],
}

impl Ends {
    /// For a tile of this many words; what follows it counts as no end.
    #[inline(always)]
    pub(super) fn of(letters: &Plane, starts: &Plane, words: usize) -> Ends {
        let mut bytes = [0; TILE_BYTES / 8 + 8];
        let (eights, _) = bytes.as_chunks_mut::<8>();
        let planes = letters[1..].iter().zip(&starts[1..]);
        for (eight, (letters, starts)) in eights.iter_mut().zip(planes).take(words) {
            *eight = (!letters | starts).to_le_bytes();
        }
        Ends { bytes }
    }

    /// Letters from the start of a part at `place` to its end, if that is within 56 bytes and in the tile.
    #[inline(always)]
    pub(super) fn letters_from(&self, place: usize) -> (usize, bool) {
        let window = self
            .bytes
            .get(place / 8..)
            .and_then(<[u8]>::first_chunk::<8>);
        let after = (u64::from_le_bytes(window.copied().unwrap_or_default()) >> (place % 8)) >> 1;
        (after.trailing_zeros() as usize + 1, after != 0)
    }
}
