//! The AVX-512BW kernel: one 64-byte block is one register and one mask word a class.
//!
//! Owns: its instructions. Refuses: to run where they do not exist; the only way to a value of
//! [`Avx512`] is [`Avx512::detect`]. Stays true: bit for bit the answer of `scalar`.
#![allow(
    unsafe_code,
    reason = "loads and calls into code compiled for AVX-512; see each block"
)]

use super::avx2::{self, Avx2};
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

/// Proof that this CPU has AVX-512F and AVX-512BW, and AVX2 as all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx512 {
    /// It has AVX-512VBMI too, which looks up bytes in a table of 128.
    tables: bool,
    /// It has AVX-512VBMI2 too, which shifts two words as one, and moves bytes to the front.
    shifts: bool,
}

impl Avx512 {
    /// The proof, where it can be had.
    pub(super) fn detect() -> Option<Avx512> {
        let present = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        let tables = is_x86_feature_detected!("avx512vbmi");
        let shifts = is_x86_feature_detected!("avx512vbmi2");
        (present && Avx2::detect().is_some()).then_some(Avx512 { tables, shifts })
    }

    /// As `scalar::fill`.
    pub(super) fn fill(self, planes: &mut Planes, bytes: &[u8], words: usize) {
        // SAFETY: `self` exists only if `detect` saw the features that `fill` is compiled for.
        unsafe { fill(planes, bytes, words) }
    }

    /// As `scalar::find`.
    pub(super) fn find(self, shapes: &mut Shapes, planes: &Planes, words: usize, wants: Wants) {
        // SAFETY: as above; `find_shifting` runs only where `detect` saw AVX-512VBMI2 too.
        unsafe {
            match self.shifts {
                true => find_shifting(shapes, planes, words, wants),
                false => find(shapes, planes, words, wants),
            }
        }
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
        // SAFETY: as above; `narrow` and `list` run only where `detect` saw AVX-512VBMI and AVX-512VBMI2 too, and
        // `avx2::narrow` needs what every value of this type has.
        unsafe {
            match self.tables {
                true => narrow(starts, shapes, words, text, &parts.heads),
                false => avx2::narrow(starts, shapes, words, text, &parts.heads),
            }
            let count = match self.shifts {
                true => list(starts, words),
                false => starts.list(words),
            };
            sift(starts, count, planes, shapes, words, text, parts)
        }
    }

    /// As `Shapes::gather`.
    pub(super) fn gather(self, shapes: &mut Shapes, reach: &[u64], words: usize, wants: Wants) {
        // SAFETY: as above.
        unsafe { gather(shapes, reach, words, wants) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
fn gather(shapes: &mut Shapes, reach: &[u64], words: usize, wants: Wants) {
    shapes.gather(reach, words, wants);
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
fn sift(
    starts: &mut Starts,
    count: usize,
    planes: &Planes,
    shapes: &Shapes,
    words: usize,
    text: &[u8],
    parts: &Parts,
) -> usize {
    starts.sift(count, &planes.letters, &shapes.starts, words, text, parts)
}

/// The offsets of a word's bytes.
const OFFSETS: [u8; 64] = {
    let mut offsets = [0; 64];
    let mut at = 0;
    while at < offsets.len() {
        offsets[at] = at as u8;
        at += 1;
    }
    offsets
};

/// As `Starts::list`: the offsets of the bits move to the front at once, and no loop depends on how many
/// there are.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn list(starts: &mut Starts, words: usize) -> usize {
    // SAFETY: the constant covers 64 readable bytes, and the load asks for no alignment.
    let offsets = unsafe { _mm512_loadu_si512(OFFSETS.as_ptr().cast()) };
    let Starts { places, bits, .. } = starts;
    let mut count = 0;
    for (word, bits) in bits.iter().enumerate().take(words) {
        let packed = _mm512_maskz_compress_epi8(*bits, offsets);
        let base = _mm512_set1_epi16((word * 64) as i16);
        let halves = [
            _mm512_castsi512_si256(packed),
            _mm512_extracti64x4_epi64::<1>(packed),
        ];
        let end = count + bits.count_ones() as usize;
        for half in halves {
            let Some(to) = places
                .get_mut(count..)
                .and_then(<[u16]>::first_chunk_mut::<32>)
            else {
                break;
            };
            let half = _mm512_add_epi16(_mm512_cvtepu8_epi16(half), base);
            // SAFETY: the reference covers 64 writable bytes, and the store asks for no alignment.
            unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), half) };
            count += to.len();
            if count >= end {
                break;
            }
        }
        count = end;
    }
    count
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn find_shifting(shapes: &mut Shapes, planes: &Planes, words: usize, wants: Wants) {
    shapes.find(planes, words, wants);
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
fn find(shapes: &mut Shapes, planes: &Planes, words: usize, wants: Wants) {
    shapes.find(planes, words, wants);
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
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

/// The tables, each repeated in every quarter of a register.
struct Tables {
    special: [__m512i; 2],
}

impl Tables {
    #[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
    fn of() -> Tables {
        let repeated = |table: &[u8; 16]| {
            // SAFETY: the reference covers 16 readable bytes, and the load asks for no alignment.
            let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            _mm512_broadcast_i32x4(table)
        };
        Tables {
            special: std::array::from_fn(|at| repeated(&SPECIAL_HALVES[at])),
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
#[inline]
fn classify(block: &[u8; 64], tables: &Tables) -> Block {
    // SAFETY: the reference covers 64 readable bytes, and the load asks for no alignment.
    let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let set = |byte: u8| _mm512_set1_epi8(byte as i8);
    let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, set(byte));
    let high_half = |bytes| _mm512_and_si512(_mm512_srli_epi16(bytes, 4), set(15));
    let low = _mm512_shuffle_epi8(tables.special[0], _mm512_and_si512(bytes, set(15)));
    let high = _mm512_shuffle_epi8(tables.special[1], high_half(bytes));
    let lower = _mm512_or_si512(bytes, set(0x20));
    Block {
        digits: _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, set(b'0')), set(10)),
        cards: _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, set(b'2')), set(5)),
        letters: _mm512_cmplt_epu8_mask(_mm512_sub_epi8(lower, set(b'a')), set(26)),
        capitals: _mm512_testn_epi8_mask(bytes, set(0x20)),
        separators: is(b' ') | is(b'-'),
        dots: is(b'.'),
        colons: is(b':'),
        specials: _mm512_test_epi8_mask(low, high),
        exponents: _mm512_cmpeq_epi8_mask(lower, set(b'e')),
        zeros: is(b'0'),
        wide: _mm512_cmpge_epu8_mask(bytes, set(0xc2)),
    }
}

/// Leaves of the starts those that begin as some word does.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt,popcnt")]
fn narrow(starts: &mut Starts, shapes: &Shapes, words: usize, text: &[u8], heads: &Heads) {
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

/// The bytes that words begin with: 128 values are two registers.
struct HeadTables([[__m512i; 2]; HEAD_BYTES]);

impl HeadTables {
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt,popcnt")]
    fn of(heads: &Heads) -> HeadTables {
        let half = |half: &[u8; 64]| {
            // SAFETY: the reference covers 64 readable bytes, and the load asks for no alignment.
            unsafe { _mm512_loadu_si512(half.as_ptr().cast()) }
        };
        HeadTables(std::array::from_fn(|at| {
            let (halves, _) = heads.exact[at].as_chunks::<64>();
            [half(&halves[0]), half(&halves[1])]
        }))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,bmi1,bmi2,lzcnt,popcnt")]
    #[inline]
    fn begins(&self, block: &[u8; HEADS_READ]) -> u64 {
        let mut all = _mm512_set1_epi8(-1);
        for at in 0..HEAD_BYTES {
            let bytes: &[u8] = &block[at..at + 64];
            // SAFETY: the slice covers 64 readable bytes, and the load asks for no alignment.
            let bytes = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
            let ascii = _mm512_min_epu8(bytes, _mm512_set1_epi8(0x7f));
            let [low, high] = self.0[at];
            all = _mm512_and_si512(all, _mm512_permutex2var_epi8(low, ascii, high));
        }
        _mm512_test_epi8_mask(all, all)
    }
}
