//! Whole planes at once: this plane, that one so many bytes earlier, and what both have.
//!
//! Owns: the step over the edge from word to word. Refuses: to know what a plane means. Stays true: each
//! function is a loop without a branch or a value from the round before, which the compiler turns into
//! vector code in the caller's instruction set; a word has the word before it as its history, and word 0 none.

/// The word `at` of the plane, `k` bytes later; `at` is not 0.
#[inline(always)]
pub(super) fn back(plane: &[u64], at: usize, k: u32) -> u64 {
    (plane[at] << k) | (plane[at - 1] >> (64 - k))
}

/// `out[i]` = `x[i]`, where `y` is also set `k` bytes earlier. Word 0 lacks its own history; nothing that
/// counts is read from it.
#[inline(always)]
pub(super) fn and_back(out: &mut [u64], x: &[u64], y: &[u64], k: u32) {
    out[0] = x[0] & (y[0] << k);
    for (((out, x), y), before) in out[1..].iter_mut().zip(&x[1..]).zip(&y[1..]).zip(y) {
        *out = x & ((y << k) | (before >> (64 - k)));
    }
}

/// `out[i]` = `x[i]` here or `k` bytes earlier.
#[inline(always)]
pub(super) fn or_back(out: &mut [u64], x: &[u64], k: u32) {
    out[0] = x[0] | (x[0] << k);
    for ((out, x), before) in out[1..].iter_mut().zip(&x[1..]).zip(x) {
        *out = x | (x << k) | (before >> (64 - k));
    }
}

/// `out[i]` = `x[i]`, where `y` is not set one byte earlier.
#[inline(always)]
pub(super) fn unless_back(out: &mut [u64], x: &[u64], y: &[u64]) {
    out[0] = x[0] & !(y[0] << 1);
    for (((out, x), y), before) in out[1..].iter_mut().zip(&x[1..]).zip(&y[1..]).zip(y) {
        *out = x & !((y << 1) | (before >> 63));
    }
}

/// `out[i]` = `x[i]`, where `y` is set two, three, four or five bytes earlier.
#[inline(always)]
pub(super) fn near_back(out: &mut [u64], x: &[u64], y: &[u64]) {
    out[0] = x[0] & ((y[0] << 2) | (y[0] << 3) | (y[0] << 4) | (y[0] << 5));
    for (((out, x), y), before) in out[1..].iter_mut().zip(&x[1..]).zip(&y[1..]).zip(y) {
        let own = (y << 2) | (y << 3) | (y << 4) | (y << 5);
        let carried = (before >> 62) | (before >> 61) | (before >> 60) | (before >> 59);
        *out = x & (own | carried);
    }
}

/// Keeps of `out` what `y` also has, `k` bytes earlier.
#[inline(always)]
pub(super) fn narrow_back(out: &mut [u64], y: &[u64], k: u32) {
    out[0] &= y[0] << k;
    for ((out, y), before) in out[1..].iter_mut().zip(&y[1..]).zip(y) {
        *out &= (y << k) | (before >> (64 - k));
    }
}

/// Of each two words, one.
#[inline(always)]
pub(super) fn each3(out: &mut [u64], x: &[u64], y: &[u64], f: impl Fn(u64, u64) -> u64) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = f(*x, *y);
    }
}

/// Adds `y`.
#[inline(always)]
pub(super) fn merge(out: &mut [u64], y: &[u64]) {
    for (out, y) in out.iter_mut().zip(y) {
        *out |= y;
    }
}
