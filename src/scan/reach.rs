//! Where a word speaks for numbers: one bit a byte.
//!
//! Owns: the zones around keywords, of the tile, the word before it and the word after it. Refuses: to be
//! exact; `context` is. Stays true: wherever a cluster ends for which some word speaks, and the cluster is no
//! longer than thirteen bytes, there is a bit.

use super::candidates::{TILE_BYTES, TILE_WORDS};
use super::context::GAP_BYTES_MAX;
use std::ops::Range;

/// Bytes of a cluster that may lie between the word's reach and the cluster's end.
const CLUSTER_BYTES: usize = 13;

/// The zones.
pub(super) struct Reach {
    /// Word 0 is the one before the tile.
    words: [u64; TILE_WORDS + 2],
}

impl Reach {
    /// None.
    pub(super) fn new() -> Reach {
        Reach {
            words: [0; TILE_WORDS + 2],
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.words.fill(0);
    }

    /// The zones, a word of bits each; word 0 is the one before the tile.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Around a keyword, bytes of the body; `tile` is where the tile begins.
    pub(super) fn add_word(&mut self, tile: usize, word: Range<usize>) {
        let from = word.start.saturating_sub(GAP_BYTES_MAX + CLUSTER_BYTES);
        self.add_zone(tile, from..word.end + GAP_BYTES_MAX + CLUSTER_BYTES);
    }

    /// In a container, or any other stretch of the body.
    pub(super) fn add_zone(&mut self, tile: usize, zone: Range<usize>) {
        // Bits count from the word before the tile.
        let from = (zone.start + 64).saturating_sub(tile);
        let to = (zone.end + 64).saturating_sub(tile).min(TILE_BYTES + 128);
        for at in from / 64..to.div_ceil(64) {
            let low = from.saturating_sub(at * 64);
            let high = (to - at * 64).min(64);
            if let Some(word) = self.words.get_mut(at).filter(|_| low < high) {
                *word |= (u64::MAX << low) & (u64::MAX >> (64 - high));
            }
        }
    }

    /// The next tile begins after word `last`.
    pub(super) fn carry(&mut self, last: usize) {
        let (history, next) = (self.words[last], self.words[last + 1]);
        self.words.fill(0);
        (self.words[0], self.words[1]) = (history, next);
    }
}
