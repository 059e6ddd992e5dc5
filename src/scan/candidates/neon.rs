//! The NEON kernel: one 64-byte block is four registers, and one mask word a class.
//!
//! Owns: its instructions. Refuses: to run where they do not exist; the only way to a value of
//! [`Neon`] is [`Neon::detect`]. Stays true: bit for bit the answer of `scalar`.
//!
//! Finding shapes is plain code on words of bits, which the compiler turns into NEON by itself: every
//! target that this file is built for has it.
#![allow(
    unsafe_code,
    reason = "loads and calls into code compiled for NEON; see each block"
)]

use super::planes::{Block, Planes};
use super::scalar::SPECIAL_HALVES;
use super::shapes::Shapes;
use crate::scan::heads::{HEAD_BYTES, Heads};
use crate::scan::padded::padded;
use crate::scan::parts::Parts;
use crate::scan::starts::Starts;
use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

/// Bytes read to know which of 64 begin a word.
const HEADS_READ: usize = 64 + HEAD_BYTES - 1;

/// The bit of each byte among eight.
const BIT_OF_BYTE: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

/// Proof that this CPU has NEON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

impl Neon {
    /// The proof, where it can be had.
    pub(super) fn detect() -> Option<Neon> {
        is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }

    /// As `scalar::fill`.
    pub(super) fn fill(self, planes: &mut Planes, bytes: &[u8], words: usize) {
        // SAFETY: `self` exists only if `detect` saw the feature that `fill` is compiled for.
        unsafe { fill(planes, bytes, words) }
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
        unsafe { narrow(starts, shapes, words, text, &parts.heads) };
        let count = starts.list(words);
        starts.sift(count, &planes.letters, &shapes.starts, words, text, parts)
    }
}

#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: the reference covers 16 readable bytes, and the load asks for no alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[target_feature(enable = "neon")]
fn fill(planes: &mut Planes, bytes: &[u8], words: usize) {
    let special = [load(&SPECIAL_HALVES[0]), load(&SPECIAL_HALVES[1])];
    for at in 0..words {
        let rest = bytes.get(at * 64..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => planes.set(at + 1, classify(block, special)),
            // The body's last blocks, with NULs for what is not there.
            None => planes.set(at + 1, classify(&padded(rest), special).cut(rest.len())),
        }
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn classify(block: &[u8; 64], special: [uint8x16_t; 2]) -> Block {
    let (quarters, _) = block.as_chunks::<16>();
    let of = [0, 1, 2, 3].map(|at| classify_quarter(&quarters[at], special));
    let join = |class: usize| bits([of[0][class], of[1][class], of[2][class], of[3][class]]);
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

/// The planes of 16 bytes, a byte of ones or zeros each, in the order in which `classify` names them.
#[target_feature(enable = "neon")]
#[inline]
fn classify_quarter(quarter: &[u8; 16], special: [uint8x16_t; 2]) -> [uint8x16_t; 11] {
    let bytes = load(quarter);
    let is = |byte: u8| vceqq_u8(bytes, vdupq_n_u8(byte));
    let within = |x: uint8x16_t, from: u8, many: u8| {
        vcltq_u8(vsubq_u8(x, vdupq_n_u8(from)), vdupq_n_u8(many))
    };
    let low = vqtbl1q_u8(special[0], vandq_u8(bytes, vdupq_n_u8(15)));
    let high = vqtbl1q_u8(special[1], vshrq_n_u8::<4>(bytes));
    let lower = vorrq_u8(bytes, vdupq_n_u8(0x20));
    [
        within(bytes, b'0', 10),
        within(lower, b'a', 26),
        vmvnq_u8(vtstq_u8(bytes, vdupq_n_u8(0x20))),
        vorrq_u8(is(b' '), is(b'-')),
        is(b'.'),
        is(b':'),
        vtstq_u8(low, high),
        vceqq_u8(lower, vdupq_n_u8(b'e')),
        is(b'0'),
        vcgeq_u8(bytes, vdupq_n_u8(0xc2)),
        within(bytes, b'2', 5),
    ]
}

/// The bit of each of 64 bytes that are all ones or all zeros: three rounds add neighbours up until
/// eight bytes have become one.
#[target_feature(enable = "neon")]
#[inline]
fn bits(quarters: [uint8x16_t; 4]) -> u64 {
    let each = load(&BIT_OF_BYTE);
    let [a, b, c, d] = quarters.map(|quarter| vandq_u8(quarter, each));
    let fours = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)))
}

/// Leaves of the starts those that begin as some word does.
#[target_feature(enable = "neon")]
fn narrow(starts: &mut Starts, shapes: &Shapes, words: usize, text: &[u8], heads: &Heads) {
    let tables = HeadTables {
        low: std::array::from_fn(|at| load(&heads.low[at])),
        high: std::array::from_fn(|at| load(&heads.high[at])),
    };
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

/// The halves of bytes that words begin with.
struct HeadTables {
    low: [uint8x16_t; HEAD_BYTES],
    high: [uint8x16_t; HEAD_BYTES],
}

impl HeadTables {
    #[target_feature(enable = "neon")]
    #[inline]
    fn begins(&self, block: &[u8; HEADS_READ]) -> u64 {
        bits([0, 16, 32, 48].map(|from| self.begins_quarter(block, from)))
    }

    /// For each of the 16 bytes at `from`, which is 48 at most, all ones where a word may begin.
    #[target_feature(enable = "neon")]
    #[inline]
    fn begins_quarter(&self, block: &[u8; HEADS_READ], from: usize) -> uint8x16_t {
        let mut all = vdupq_n_u8(u8::MAX);
        for at in 0..HEAD_BYTES {
            let bytes: &[u8] = &block[from + at..from + at + 16];
            // SAFETY: the slice covers 16 readable bytes, and the load asks for no alignment.
            let bytes = unsafe { vld1q_u8(bytes.as_ptr()) };
            let low = vqtbl1q_u8(self.low[at], vandq_u8(bytes, vdupq_n_u8(15)));
            let high = vqtbl1q_u8(self.high[at], vshrq_n_u8::<4>(bytes));
            all = vandq_u8(all, vandq_u8(low, high));
        }
        vtstq_u8(all, all)
    }
}
