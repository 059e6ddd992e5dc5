//! The AVX2 kernel: one 64-byte block is two registers and two half mask words a class.
//!
//! Owns: its instructions. Refuses: to run where they do not exist; the only way to a value of
//! [`Avx2`] is [`Avx2::detect`]. Stays true: bit for bit the answer of `scalar`.
#![allow(
    unsafe_code,
    reason = "loads and calls into code compiled for AVX2; see each block"
)]

use super::planes::{Block, Planes};
use super::scalar::SPECIAL_HALVES;
use super::shapes::{Shapes, Wants};
use crate::scan::heads::{HEAD_BYTES, Heads};
use crate::scan::padded::padded;
use crate::scan::parts::Parts;
use crate::scan::starts::Starts;
use std::arch::x86_64::*;

/// Bytes read to know which of 64 begin a word.
const HEADS_READ: usize = 64 + HEAD_BYTES - 1;

/// Proof that this CPU has AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The proof, where it can be had.
    pub(super) fn detect() -> Option<Avx2> {
        (is_x86_feature_detected!("avx2") && has_bit_counting()).then_some(Avx2(()))
    }

    /// As `scalar::fill`.
    pub(super) fn fill(self, planes: &mut Planes, bytes: &[u8], words: usize) {
        // SAFETY: `self` exists only if `detect` saw the features that `fill` is compiled for.
        unsafe { fill(planes, bytes, words) }
    }

    /// As `scalar::find`.
    pub(super) fn find(self, shapes: &mut Shapes, planes: &Planes, words: usize, wants: Wants) {
        // SAFETY: as above.
        unsafe { find(shapes, planes, words, wants) }
    }

    /// As `Starts::sift`.
    pub(super) fn sift(
        self,
        starts: &mut Starts,
        planes: &Planes,
        shapes: &Shapes,
        words: usize,
        text: &[u8],
        parts: &Parts,
    ) -> usize {
        // SAFETY: as above.
        unsafe { sift(starts, planes, shapes, words, text, parts) }
    }

    /// As `Shapes::gather`.
    pub(super) fn gather(self, shapes: &mut Shapes, reach: &[u64], words: usize, wants: Wants) {
        // SAFETY: as above.
        unsafe { gather(shapes, reach, words, wants) }
    }
}

/// What every CPU with AVX2 has, and a hypervisor may still hide.
fn has_bit_counting() -> bool {
    is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn gather(shapes: &mut Shapes, reach: &[u64], words: usize, wants: Wants) {
    shapes.gather(reach, words, wants);
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn sift(
    starts: &mut Starts,
    planes: &Planes,
    shapes: &Shapes,
    words: usize,
    text: &[u8],
    parts: &Parts,
) -> usize {
    narrow(starts, shapes, words, text, &parts.heads);
    let count = starts.list(words);
    starts.sift(count, &planes.letters, &shapes.starts, words, text, parts)
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn find(shapes: &mut Shapes, planes: &Planes, words: usize, wants: Wants) {
    shapes.find(planes, words, wants);
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn fill(planes: &mut Planes, bytes: &[u8], words: usize) {
    let tables = Tables::of();
    for at in 0..words {
        let rest = bytes.get(at * 64..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => planes.set(at + 1, classify(block, &tables)),
            // The body's last blocks, with NULs for what is not there.
            None => planes.set(at + 1, classify(&padded(rest), &tables).cut(rest.len())),
        }
    }
}

/// A table in both halves of a register.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
fn repeated(table: &[u8; 16]) -> __m256i {
    // SAFETY: the reference covers 16 readable bytes, and the load asks for no alignment.
    let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
    _mm256_broadcastsi128_si256(table)
}

/// The tables, each repeated in both halves of a register.
struct Tables {
    special: [__m256i; 2],
}

impl Tables {
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn of() -> Tables {
        Tables {
            special: std::array::from_fn(|at| repeated(&SPECIAL_HALVES[at])),
        }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
fn classify(block: &[u8; 64], tables: &Tables) -> Block {
    let (halves, _) = block.as_chunks::<32>();
    let (low, high) = (
        classify_half(&halves[0], tables),
        classify_half(&halves[1], tables),
    );
    let join = |i: usize| u64::from(low[i]) | (u64::from(high[i]) << 32);
    Block {
        digits: join(0),
        letters: join(1),
        capitals: join(2),
        separators: join(3),
        dots: join(4),
        colons: join(5),
        specials: join(6),
        exponents: join(7),
        zeros: join(8),
        wide: join(9),
        cards: join(10),
    }
}

/// The planes of 32 bytes, in the order in which `classify` names them.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
fn classify_half(half: &[u8; 32], tables: &Tables) -> [u32; 11] {
    // SAFETY: the reference covers 32 readable bytes, and the load asks for no alignment.
    let bytes = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
    let set = |byte: u8| _mm256_set1_epi8(byte as i8);
    let is = |byte: u8| _mm256_cmpeq_epi8(bytes, set(byte));
    let or = |a: __m256i, b: __m256i| _mm256_or_si256(a, b);
    let and = |a: __m256i, b: __m256i| _mm256_and_si256(a, b);
    // AVX2 has no unsigned compare: x < n where the smaller of x and n - 1 is x.
    let below = |x: __m256i, n: u8| _mm256_cmpeq_epi8(_mm256_min_epu8(x, set(n - 1)), x);
    let bits = |mask: __m256i| _mm256_movemask_epi8(mask) as u32;
    let none = |mask: __m256i| bits(_mm256_cmpeq_epi8(mask, _mm256_setzero_si256()));
    let high_half = |bytes: __m256i| and(_mm256_srli_epi16(bytes, 4), set(15));
    let low = _mm256_shuffle_epi8(tables.special[0], and(bytes, set(15)));
    let high = _mm256_shuffle_epi8(tables.special[1], high_half(bytes));
    let lower = or(bytes, set(0x20));
    [
        bits(below(_mm256_sub_epi8(bytes, set(b'0')), 10)),
        bits(below(_mm256_sub_epi8(lower, set(b'a')), 26)),
        // Bit 5 becomes each byte's sign.
        !bits(_mm256_slli_epi16(bytes, 2)),
        bits(or(is(b' '), is(b'-'))),
        bits(is(b'.')),
        bits(is(b':')),
        !none(and(low, high)),
        bits(_mm256_cmpeq_epi8(lower, set(b'e'))),
        bits(is(b'0')),
        bits(_mm256_cmpeq_epi8(_mm256_max_epu8(bytes, set(0xc2)), bytes)),
        bits(below(_mm256_sub_epi8(bytes, set(b'2')), 5)),
    ]
}

/// Leaves of the starts those that begin as some word does.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn narrow(
    starts: &mut Starts,
    shapes: &Shapes,
    words: usize,
    text: &[u8],
    heads: &Heads,
) {
    let tables = HeadTables::of(heads);
    let Starts { bits, ending, .. } = starts;
    let ours = bits.iter_mut().zip(&*ending).zip(&shapes.starts[1..]);
    for (at, ((bits, ending), all)) in ours.enumerate().take(words) {
        let rest = text.get(at * 64..).unwrap_or_default();
        let begins = match rest.first_chunk() {
            Some(block) => tables.begins(block),
            None => tables.begins(&padded(rest)),
        };
        *bits = all & (begins | ending);
    }
}

/// The halves of bytes that words begin with, each table repeated in both halves of a register.
struct HeadTables {
    low: [__m256i; HEAD_BYTES],
    high: [__m256i; HEAD_BYTES],
}

impl HeadTables {
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn of(heads: &Heads) -> HeadTables {
        HeadTables {
            low: std::array::from_fn(|at| repeated(&heads.low[at])),
            high: std::array::from_fn(|at| repeated(&heads.high[at])),
        }
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    #[inline]
    fn begins(&self, block: &[u8; HEADS_READ]) -> u64 {
        let half = |from: usize| {
            let mut all = _mm256_set1_epi8(-1);
            for at in 0..HEAD_BYTES {
                let bytes: &[u8] = &block[from + at..from + at + 32];
                // SAFETY: the slice covers 32 readable bytes, and the load asks for no alignment.
                let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
                let fifteen = _mm256_set1_epi8(15);
                let low = _mm256_shuffle_epi8(self.low[at], _mm256_and_si256(bytes, fifteen));
                let high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), fifteen);
                let high = _mm256_shuffle_epi8(self.high[at], high);
                all = _mm256_and_si256(all, _mm256_and_si256(low, high));
            }
            let none = _mm256_cmpeq_epi8(all, _mm256_setzero_si256());
            !(_mm256_movemask_epi8(none) as u32)
        };
        u64::from(half(0)) | (u64::from(half(32)) << 32)
    }
}
