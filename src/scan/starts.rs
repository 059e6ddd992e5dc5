//! Where parts of words begin in a tile, as a list.
//!
//! Owns: the way from bits to places, and a part's length. Refuses: text; bits are enough. Stays true: as
//! many places as bits, ascending.

use super::candidates::{Plane, TILE_BYTES};
use super::parts::LENGTH_MAX;

/// Places written at once.
const EIGHT: usize = 8;

/// The list. At most every byte begins a part, and eight may be written beyond the last.
pub(super) struct Starts {
    /// Offsets in the tile.
    pub(super) places: [u16; TILE_BYTES + EIGHT],
}

impl Starts {
    /// None.
    pub(super) fn new() -> Starts {
        Starts {
            places: [0; TILE_BYTES + EIGHT],
        }
    }

    /// Lists the places of the bits; returns how many. A block of text has one to ten: eight are written
    /// without looking, for a loop that may end anywhere is what a processor cannot foresee.
    pub(super) fn list(&mut self, words: &[u64]) -> usize {
        let mut count = 0;
        for (word, bits) in words.iter().enumerate() {
            let (mut left, base) = (*bits, (word * 64) as u16);
            let mut at = count;
            count += bits.count_ones() as usize;
            loop {
                let Some(eight) = self.places.get_mut(at..at + EIGHT) else {
                    break;
                };
                for place in eight {
                    *place = base.wrapping_add(left.trailing_zeros() as u16);
                    left &= left.wrapping_sub(1);
                }
                at += EIGHT;
                if at >= count {
                    break;
                }
            }
        }
        count
    }
}

/// Letters from `place` of the tile to the next byte that is none or begins another part, at most
/// [`LENGTH_MAX`]; 0 where it goes on beyond the tile.
#[inline(always)]
pub(super) fn part_length(letters: &Plane, starts: &Plane, place: usize, words: usize) -> usize {
    let (word, bit) = (1 + place / 64, place % 64);
    let ends = |at: usize| !letters[at] | starts[at];
    let own = (ends(word) >> bit) & !1;
    let next = if word < words { ends(word + 1) } else { 0 };
    let both = u128::from(own) | (u128::from(next) << (64 - bit));
    let known = own != 0 || word < words;
    (both.trailing_zeros() as usize).min(LENGTH_MAX) * usize::from(known)
}
