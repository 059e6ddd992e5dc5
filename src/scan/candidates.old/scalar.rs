//! The twin that every vector kernel is held against, and the kernel where there is no other.
//!
//! Owns: what each byte is, one byte at a time. Refuses: cleverness.
//! Stays true: it defines the answer; a kernel that differs is wrong.

use super::keywords::Letters;
use super::shapes::Tile;

/// Whether the byte can stand between two groups of one number.
pub(in crate::scan) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'-'
}

const DIGIT: u8 = 1;
const SEPARATOR: u8 = 2;
const S: u8 = 4;
const O: u8 = 8;
const C: u8 = 16;
const N_OR_NONE: u8 = 32;

/// What each byte is, as a sum of the above; letters with bit 5 set, which folds case.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0u8;
    loop {
        let digit = if byte.is_ascii_digit() { DIGIT } else { 0 };
        let separator = if byte == b' ' || byte == b'-' {
            SEPARATOR
        } else {
            0
        };
        let letter = match byte | 0x20 {
            b's' => S,
            b'o' => O,
            b'c' => C,
            b'n' => N_OR_NONE,
            other if !other.is_ascii_lowercase() => N_OR_NONE,
            _ => 0,
        };
        classes[byte as usize] = digit | separator | letter;
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

/// A bit for each of up to 64 bytes that is of the class.
fn bits(block: &[u8], class: u8) -> u64 {
    let is = |byte: u8| u64::from(CLASSES[usize::from(byte)] & class != 0);
    block
        .iter()
        .take(64)
        .rev()
        .fold(0, |bits, byte| (bits << 1) | is(*byte))
}

/// Digit and separator bits of up to 64 bytes.
pub(super) fn classify(block: &[u8]) -> (u64, u64) {
    (bits(block, DIGIT), bits(block, SEPARATOR))
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

/// Whether a keyword may begin among 64 bytes.
pub(super) fn has_keyword(window: &[u8; 64]) -> bool {
    let letters = Letters {
        s: bits(window, S),
        o: bits(window, O),
        c: bits(window, C),
        n_or_none: bits(window, N_OR_NONE),
    };
    letters.s != 0 && letters.any()
}
