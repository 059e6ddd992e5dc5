//! The twin that every vector kernel is held against, and the kernel where there is no other.
//!
//! Owns: what each byte is, one byte at a time. Refuses: cleverness. Stays true: it defines the
//! answer; a kernel that differs is wrong.

use super::planes::{Block, Planes};
use super::shapes::{Shapes, Wants};
use crate::scan::parts::Parts;
use crate::scan::starts::Starts;

/// The single bytes that are worth a look each.
const SPECIALS: &[u8] = b"@+(%&<\\\x00\x1f";

/// The same as two tables, by the low and by the high half of a byte: it is special where both share a
/// bit. `%&(+`, `@` and NUL, `<` and `\`, 0x1F.
pub(super) const SPECIAL_HALVES: [[u8; 16]; 2] = {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let families: [&[u8]; 4] = [b"%&(+", b"@\x00", b"<\\", b"\x1f"];
    let mut family = 0;
    while family < families.len() {
        let mut at = 0;
        while at < families[family].len() {
            let byte = families[family][at] as usize;
            low[byte & 15] |= 1 << family;
            high[byte >> 4] |= 1 << family;
            at += 1;
        }
        family += 1;
    }
    [low, high]
};

/// The bits of up to 64 bytes at the front of `bytes`.
pub(super) fn classify(bytes: &[u8]) -> Block {
    let mut block = Block::default();
    for (at, byte) in bytes.iter().take(64).enumerate() {
        let bit = |is: bool| u64::from(is) << at;
        block.digits |= bit(byte.is_ascii_digit());
        block.cards |= bit(matches!(byte, b'2'..=b'6'));
        block.letters |= bit(byte.is_ascii_alphabetic());
        block.capitals |= bit(byte & 0x20 == 0);
        block.separators |= bit(matches!(byte, b' ' | b'-'));
        block.dots |= bit(*byte == b'.');
        block.colons |= bit(*byte == b':');
        block.specials |= bit(SPECIALS.contains(byte));
        block.exponents |= bit(matches!(byte, b'e' | b'E'));
        block.zeros |= bit(*byte == b'0');
        block.wide |= bit(*byte >= 0xc2);
    }
    block
}

/// Fills the first `words` words of the planes from `bytes`, which go on to the body's end.
pub(super) fn fill(planes: &mut Planes, bytes: &[u8], words: usize) {
    for at in 0..words {
        planes.set(at + 1, classify(bytes.get(at * 64..).unwrap_or_default()));
    }
}

/// Fills the shapes.
pub(super) fn find(shapes: &mut Shapes, planes: &Planes, words: usize, wants: Wants) {
    shapes.find(planes, words, wants);
}

/// Lists where a keyword or literal may begin: every start is looked up.
pub(super) fn sift(
    starts: &mut Starts,
    planes: &Planes,
    shapes: &Shapes,
    words: usize,
    text: &[u8],
    parts: &Parts,
) -> usize {
    let all = shapes.starts[1..].iter().take(words);
    starts
        .bits
        .iter_mut()
        .zip(all)
        .for_each(|(to, bits)| *to = *bits);
    let count = starts.list(words);
    starts.sift(count, &planes.letters, &shapes.starts, words, text, parts)
}
