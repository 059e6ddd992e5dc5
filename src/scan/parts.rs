//! Which parts of words are worth spelling out.
//!
//! Owns: a table of bits that says no to nearly every word of a text. Refuses: to be exact; `words` and the literals are. Stays true: never no
//! where a keyword or a literal begins.
//!
//! A part is a run of letters up to the next byte that is none, or to a capital after a small letter: two of
//! them in `customerSsn`. A keyword begins with a whole part, so a part is looked up by its first eight
//! letters, of which there may be fewer; a part of one letter or two, as every hash and UUID is full of, by three
//! bytes whatever they are. So is a literal whose first part ends within it (`ghp_`); one that may go on
//! in letters (`AKIA…`) is known by its first letter alone.

use super::heads::Heads;
use super::padded::padded;
use super::words::{SEPARATORS, first_parts};

/// Letters of a part that count.
pub(super) const LETTERS_MAX: usize = 8;

const BITS: u32 = 15;
/// A part of this many letters is looked up by `HEAD_BYTES` bytes instead.
const SHORT_LETTERS: usize = 2;
const HEAD_BYTES: usize = 3;

/// The tables.
#[derive(Clone)]
pub(super) struct Parts {
    parts: Box<[u64; 1 << (BITS - 6)]>,
    /// By the low five bits of a capital: literals that go on in letters begin with it.
    open: u32,
    /// How they begin, for kernels that can tell many bytes at once.
    pub(super) heads: Box<Heads>,
}

impl Parts {
    /// For these keywords and literals, which begin with a letter.
    pub(super) fn new<'a>(
        words: impl Iterator<Item = &'a [u8]> + Clone,
        literals: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Parts {
        let mut tables = Parts {
            parts: Box::new([0; 1 << (BITS - 6)]),
            open: 0,
            heads: Box::new(Heads::new(words.clone(), literals.clone())),
        };
        for word in words {
            for part in first_parts(word) {
                tables.add(word, &part);
            }
        }
        for literal in literals {
            debug_assert!(literal.first().is_some_and(u8::is_ascii_alphabetic));
            match closed_part(literal) {
                Some(part) => tables.add(literal, &part),
                None => tables.open |= 1 << (literal[0] & 31),
            }
        }
        tables
    }

    /// Adds a word, or literal, that begins with this part.
    fn add(&mut self, word: &[u8], part: &[u8]) {
        if part.len() > SHORT_LETTERS {
            return self.set(hash(load(part), part.len()));
        }
        for head in heads(word) {
            self.set(hash(load(&head), part.len()));
        }
    }

    fn set(&mut self, at: usize) {
        self.parts[at >> 6] |= 1 << (at & 63);
    }

    /// Whether a keyword or a literal may begin with the part of this many letters; `bytes` are the eight from
    /// its first on, the first lowest.
    #[inline(always)]
    pub(super) fn may_begin(&self, bytes: u64, letters: usize) -> bool {
        let at = hash(bytes, letters);
        // No literal that goes on begins with a small letter.
        let open = (self.open >> (bytes & 31)) & !(bytes as u32 >> 5);
        (self.parts[at >> 6] >> (at & 63) | u64::from(open)) & 1 == 1
    }
}

/// The part a literal begins with, where the literal says where it ends.
fn closed_part(literal: &[u8]) -> Option<Vec<u8>> {
    let edge = |at: usize| literal[at - 1].is_ascii_lowercase() && literal[at].is_ascii_uppercase();
    let end = (1..literal.len()).find(|at| !literal[*at].is_ascii_alphabetic() || edge(*at))?;
    Some(literal[..end].to_ascii_lowercase())
}

/// Eight bytes, the first lowest; NULs where there are none.
#[inline(always)]
pub(super) fn load(text: &[u8]) -> u64 {
    u64::from_le_bytes(padded(text))
}

/// The first three bytes a word may have, folded: with each separator, or none, where it has a space, and with
/// anything where it is shorter.
fn heads(word: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for at in 0..word.len().max(HEAD_BYTES) {
        let any: Vec<Vec<u8>> = (0x20..=0xff).map(|byte| vec![byte]).collect();
        let next: Vec<Vec<u8>> = match word.get(at) {
            None => any,
            Some(b' ') => {
                let each = SEPARATORS.iter().map(|byte| vec![*byte]);
                std::iter::once(Vec::new()).chain(each).collect()
            }
            Some(byte) => vec![vec![byte | 0x20]],
        };
        let grow = |head: Vec<u8>| match head.len() < HEAD_BYTES {
            true => next.iter().map(|tail| [&head[..], tail].concat()).collect(),
            false => vec![head],
        };
        all = all.into_iter().flat_map(grow).collect();
    }
    all
}

/// What counts of eight bytes, by the number of letters: three bytes where they are few. A table, for a
/// branch would be as good as random.
const KEPT: [u64; 64] = {
    let mut kept = [u64::MAX; 64];
    let mut letters = 0;
    while letters < LETTERS_MAX {
        let count = if letters <= SHORT_LETTERS {
            HEAD_BYTES
        } else {
            letters
        };
        kept[letters] = u64::MAX >> (64 - 8 * count);
        letters += 1;
    }
    kept
};

/// Of the first letters, at most eight, small for capitals; of three bytes where the letters are few.
#[inline(always)]
fn hash(bytes: u64, letters: usize) -> usize {
    let folded = (bytes | 0x2020_2020_2020_2020) & KEPT[letters % 64];
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}
