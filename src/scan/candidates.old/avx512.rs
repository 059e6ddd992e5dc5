//! The AVX-512BW kernel: one 64-byte block is one register and one mask word.
//!
//! Owns: its instructions. Refuses: to run where they do not exist; the only way to a value of
//! [`Avx512`] is [`Avx512::detect`]. Stays true: bit for bit the answer of `scalar`.
#![allow(
    unsafe_code,
    reason = "loads and calls into code compiled for AVX-512; see each block"
)]

use super::keywords::Letters;
use super::scalar;
use super::shapes::Tile;
use std::arch::x86_64::*;

/// Proof that this CPU has AVX-512F and AVX-512BW.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512(());

impl Avx512 {
    /// The proof, where it can be had.
    pub(super) fn detect() -> Option<Avx512> {
        let present = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        present.then_some(Avx512(()))
    }

    /// As `scalar::fill`.
    pub(super) fn fill(self, tile: &mut Tile, bytes: &[u8]) -> usize {
        // SAFETY: `self` exists only if `detect` saw both features that `fill` is compiled for.
        unsafe { fill(tile, bytes) }
    }

    /// As `scalar::has_keyword`.
    pub(super) fn has_keyword(self, window: &[u8; 64]) -> bool {
        // SAFETY: `self` exists only if `detect` saw what `has_keyword` is compiled for.
        unsafe { has_keyword(window) }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn fill(tile: &mut Tile, bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let outs = tile.digits[1..].iter_mut().zip(&mut tile.separators[1..]);
    for (block, (digits, separators)) in blocks.iter().zip(outs) {
        (*digits, *separators) = classify(block);
    }
    let mut words = blocks.len();
    if !rest.is_empty() {
        words += 1;
        (tile.digits[words], tile.separators[words]) = scalar::classify(rest);
    }
    tile.find_ends(words);
    words
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn classify(block: &[u8; 64]) -> (u64, u64) {
    // SAFETY: the reference covers 64 readable bytes, and the load asks for no alignment.
    let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let above_zero = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'0' as i8));
    let digits = _mm512_cmplt_epu8_mask(above_zero, _mm512_set1_epi8(10));
    let spaces = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b' ' as i8));
    let hyphens = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'-' as i8));
    (digits, spaces | hyphens)
}

#[target_feature(enable = "avx512f,avx512bw")]
fn has_keyword(window: &[u8; 64]) -> bool {
    // SAFETY: the reference covers 64 readable bytes, and the load asks for no alignment.
    let bytes = unsafe { _mm512_loadu_si512(window.as_ptr().cast()) };
    let folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    let from_a = _mm512_sub_epi8(folded, _mm512_set1_epi8(b'a' as i8));
    let none = _mm512_cmpge_epu8_mask(from_a, _mm512_set1_epi8(26));
    Letters {
        s: _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(b's' as i8)),
        o: _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(b'o' as i8)),
        c: _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(b'c' as i8)),
        n_or_none: none | _mm512_cmpeq_epi8_mask(folded, _mm512_set1_epi8(b'n' as i8)),
    }
    .any()
}
