//! How the words and literals begin that are looked for: tables that a vector kernel reads 64 bytes at a time.
//!
//! Owns: the classes of the first four bytes, in eight buckets, so that one byte a position and value says which
//! buckets go on. Refuses: to be exact; `parts` looks closer, and a kernel may let more through than another.
//! Stays true: never no where a keyword or literal begins whose next three bytes lie in its field.

use super::words::{SEPARATORS, first_parts};

/// Bytes looked at.
pub(super) const HEAD_BYTES: usize = 4;
/// Values of a byte that are told apart; 0x7F stands for all that are not ASCII.
const VALUES: usize = 128;
const BUCKETS: usize = 8;

/// Which values a byte may have: one bit each.
type Class = u128;

/// The tables: of each position, a bit for each bucket in which a word has this byte there.
#[derive(Clone)]
pub(super) struct Heads {
    /// By the byte, at most 0x7F.
    pub(super) exact: [[u8; VALUES]; HEAD_BYTES],
    /// By its low half; a byte may be one where both halves say so.
    pub(super) low: [[u8; 16]; HEAD_BYTES],
    /// By its high half.
    pub(super) high: [[u8; 16]; HEAD_BYTES],
}

impl Heads {
    /// For these keywords and literals, which begin with a letter.
    pub(super) fn new<'a>(
        words: impl Iterator<Item = &'a [u8]>,
        literals: impl Iterator<Item = &'a [u8]>,
    ) -> Heads {
        let parts = words.flat_map(|word| first_parts(word).map(move |part| of_word(word, &part)));
        let mut all: Vec<[Class; HEAD_BYTES]> = parts.chain(literals.map(of_literal)).collect();
        all.sort_unstable();
        all.dedup();
        Heads::of(&buckets(&all))
    }

    fn of(buckets: &[[Class; HEAD_BYTES]; BUCKETS]) -> Heads {
        let mut heads = Heads {
            exact: [[0; VALUES]; HEAD_BYTES],
            low: [[0; 16]; HEAD_BYTES],
            high: [[0; 16]; HEAD_BYTES],
        };
        for (bucket, classes) in buckets.iter().enumerate() {
            for (at, class) in classes.iter().enumerate() {
                for value in (0..VALUES).filter(|value| class >> value & 1 == 1) {
                    heads.exact[at][value] |= 1 << bucket;
                    heads.low[at][value & 15] |= 1 << bucket;
                    heads.high[at][value >> 4] |= 1 << bucket;
                }
                // What is not ASCII, where that may be.
                if class >> (VALUES - 1) & 1 == 1 {
                    heads.low[at]
                        .iter_mut()
                        .for_each(|bits| *bits |= 1 << bucket);
                    heads.high[at][8..]
                        .iter_mut()
                        .for_each(|bits| *bits |= 1 << bucket);
                }
            }
        }
        heads
    }
}

const ANY: Class = Class::MAX;

fn one(byte: u8) -> Class {
    1 << (byte & 0x7f)
}

/// A letter, in both cases.
fn letter(byte: u8) -> Class {
    one(byte.to_ascii_lowercase()) | one(byte.to_ascii_uppercase())
}

/// What may follow the last letter of a part: no letter, or a capital.
fn edge() -> Class {
    (b'a'..=b'z').fold(ANY, |class, byte| class & !one(byte))
}

/// A keyword where its first part, spaces left out, is this.
fn of_word(word: &[u8], part: &[u8]) -> [Class; HEAD_BYTES] {
    let mut rest = word;
    for _ in part {
        rest = rest.trim_ascii_start().get(1..).unwrap_or_default();
    }
    let after = match rest {
        [] => edge(),
        [b' ', next, ..] => SEPARATORS
            .iter()
            .fold(one(next.to_ascii_uppercase()), |class, byte| {
                class | one(*byte)
            }),
        [byte, ..] => letter(*byte),
    };
    let mut classes = [ANY; HEAD_BYTES];
    let known = part.iter().map(|byte| letter(*byte)).chain([after]);
    classes
        .iter_mut()
        .zip(known)
        .for_each(|(class, known)| *class = known);
    classes
}

fn of_literal(literal: &[u8]) -> [Class; HEAD_BYTES] {
    let mut classes = [ANY; HEAD_BYTES];
    let known = literal.iter().map(|byte| one(*byte));
    classes
        .iter_mut()
        .zip(known)
        .for_each(|(class, known)| *class = known);
    classes
}

/// How many texts four classes let through.
fn breadth(classes: &[Class; HEAD_BYTES]) -> u64 {
    classes
        .iter()
        .map(|class| u64::from(class.count_ones()))
        .product()
}

/// Puts each into the bucket that it widens least; words far apart come first, so that no two buckets
/// begin alike.
fn buckets(all: &[[Class; HEAD_BYTES]]) -> [[Class; HEAD_BYTES]; BUCKETS] {
    let mut buckets = [[0; HEAD_BYTES]; BUCKETS];
    let step = all.len().div_ceil(BUCKETS).max(1);
    let apart = (0..step).flat_map(|first| all.iter().skip(first).step_by(step));
    for classes in apart {
        let with =
            |bucket: &[Class; HEAD_BYTES]| std::array::from_fn(|at| bucket[at] | classes[at]);
        let cost = |bucket: &&mut [Class; HEAD_BYTES]| breadth(&with(bucket)) - breadth(bucket);
        if let Some(bucket) = buckets.iter_mut().min_by_key(cost) {
            *bucket = with(bucket);
        }
    }
    buckets
}
