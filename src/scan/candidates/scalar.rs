//! The twin that every vector kernel is held against, and the kernel where there is no other.
//!
//! Owns: which bytes are digits and which separators, one byte at a time. Refuses: cleverness.
//! Stays true: it defines the answer; a kernel that differs is wrong.

use super::keywords::Letters;
use super::shapes::Tile;

/// Whether the byte can stand between two groups of one number.
pub(crate) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'-'
}

/// Digit and separator bits of up to 64 bytes.
pub(super) fn classify(block: &[u8]) -> (u64, u64) {
    block
        .iter()
        .take(64)
        .enumerate()
        .fold((0, 0), |(digits, separators), (i, byte)| {
            (
                digits | (u64::from(byte.is_ascii_digit()) << i),
                separators | (u64::from(is_separator(*byte)) << i),
            )
        })
}

/// Fills the tile from `bytes` (at most a tile's worth) and finds its ends; returns its words.
pub(super) fn fill(tile: &mut Tile, bytes: &[u8]) -> usize {
    let mut words = 0;
    for (i, block) in bytes.chunks(64).enumerate() {
        (tile.digits[i + 1], tile.separators[i + 1]) = classify(block);
        words = i + 1;
    }
    tile.find_ends(words);
    words
}

/// Letters of keywords among 64 bytes.
pub(super) fn letters(window: &[u8; 64]) -> Letters {
    let bits = |is: fn(u8) -> bool| {
        let folded = window.iter().map(|byte| byte | 0x20).enumerate();
        folded.fold(0, |bits, (i, byte)| bits | (u64::from(is(byte)) << i))
    };
    Letters {
        s: bits(|byte| byte == b's'),
        o: bits(|byte| byte == b'o'),
        c: bits(|byte| byte == b'c'),
        n_or_none: bits(|byte| byte == b'n' || !byte.is_ascii_lowercase()),
    }
}
