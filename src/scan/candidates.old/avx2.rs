//! The AVX2 kernel: one 64-byte block is two registers and two half mask words.
//!
//! Owns: its instructions. Refuses: to run where they do not exist; the only way to a value of
//! [`Avx2`] is [`Avx2::detect`]. Stays true: bit for bit the answer of `scalar`.
#![allow(
    unsafe_code,
    reason = "loads and calls into code compiled for AVX2; see each block"
)]

use super::keywords::Letters;
use super::scalar;
use super::shapes::Tile;
use std::arch::x86_64::*;

/// Proof that this CPU has AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The proof, where it can be had.
    pub(super) fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }

    /// As `scalar::fill`.
    pub(super) fn fill(self, tile: &mut Tile, bytes: &[u8]) -> usize {
        // SAFETY: `self` exists only if `detect` saw the feature that `fill` is compiled for.
        unsafe { fill(tile, bytes) }
    }

    /// As `scalar::has_keyword`.
    pub(super) fn has_keyword(self, window: &[u8; 64]) -> bool {
        // SAFETY: `self` exists only if `detect` saw what `has_keyword` is compiled for.
        unsafe { has_keyword(window) }
    }
}

#[target_feature(enable = "avx2")]
fn fill(tile: &mut Tile, bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let outs = tile.digits[1..].iter_mut().zip(&mut tile.separators[1..]);
    for (block, (digits, separators)) in blocks.iter().zip(outs) {
        let (halves, _) = block.as_chunks::<32>();
        let (low, high) = (classify(&halves[0]), classify(&halves[1]));
        *digits = u64::from(low.0) | (u64::from(high.0) << 32);
        *separators = u64::from(low.1) | (u64::from(high.1) << 32);
    }
    let mut words = blocks.len();
    if !rest.is_empty() {
        words += 1;
        (tile.digits[words], tile.separators[words]) = scalar::classify(rest);
    }
    tile.find_ends(words);
    words
}

#[target_feature(enable = "avx2")]
#[inline]
fn classify(half: &[u8; 32]) -> (u32, u32) {
    // SAFETY: the reference covers 32 readable bytes, and the load asks for no alignment.
    let bytes = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
    let above_zero = _mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8));
    // AVX2 has no unsigned compare: x ≤ 9 where the smaller of x and 9 is x.
    let digits = _mm256_cmpeq_epi8(_mm256_min_epu8(above_zero, _mm256_set1_epi8(9)), above_zero);
    let spaces = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b' ' as i8));
    let hyphens = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(b'-' as i8));
    let separators = _mm256_or_si256(spaces, hyphens);
    (
        _mm256_movemask_epi8(digits) as u32,
        _mm256_movemask_epi8(separators) as u32,
    )
}

#[target_feature(enable = "avx2")]
fn has_keyword(window: &[u8; 64]) -> bool {
    let (halves, _) = window.as_chunks::<32>();
    let (low, high) = (half_letters(&halves[0]), half_letters(&halves[1]));
    let joined = |i: usize| u64::from(low[i]) | (u64::from(high[i]) << 32);
    Letters {
        s: joined(0),
        o: joined(1),
        c: joined(2),
        n_or_none: joined(3),
    }
    .any()
}

#[target_feature(enable = "avx2")]
#[inline]
fn half_letters(half: &[u8; 32]) -> [u32; 4] {
    // SAFETY: the reference covers 32 readable bytes, and the load asks for no alignment.
    let bytes = unsafe { _mm256_loadu_si256(half.as_ptr().cast()) };
    let folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    let from_a = _mm256_sub_epi8(folded, _mm256_set1_epi8(b'a' as i8));
    let letter = _mm256_cmpeq_epi8(_mm256_min_epu8(from_a, _mm256_set1_epi8(25)), from_a);
    let s = _mm256_cmpeq_epi8(folded, _mm256_set1_epi8(b's' as i8));
    let o = _mm256_cmpeq_epi8(folded, _mm256_set1_epi8(b'o' as i8));
    let c = _mm256_cmpeq_epi8(folded, _mm256_set1_epi8(b'c' as i8));
    let n = _mm256_cmpeq_epi8(folded, _mm256_set1_epi8(b'n' as i8));
    let n_or_none = _mm256_movemask_epi8(n) | !_mm256_movemask_epi8(letter);
    [
        _mm256_movemask_epi8(s) as u32,
        _mm256_movemask_epi8(o) as u32,
        _mm256_movemask_epi8(c) as u32,
        n_or_none as u32,
    ]
}
