//! The bit algebra that turns "digit here, separator here" into "something may end here".
//!
//! Owns: the shapes a regulated number can have before anything is known about fields, context or
//! checksums. Refuses: bytes; it sees one bit per byte, 64 to a word. Stays true: a shape bit is
//! set at the last byte of every stretch that could be, or hold, a number some detector accepts;
//! what a neighbouring digit (a length prefix, say) adds can only set more bits.
//!
//! Each step is a loop of its own over whole arrays: fused, every word would wait for the one
//! before; apart, the compiler turns each into vector code in the caller's instruction set.

/// Words in a tile: 64 × 64 bytes, small enough that all of it stays in the first-level cache.
pub(super) const TILE_WORDS: usize = 64;
/// Bytes in a tile.
pub(super) const TILE_BYTES: usize = TILE_WORDS * 64;

/// Digits in the shortest bare identifier.
pub(super) const NINE: usize = 9;

/// One word of history, then the tile's own words.
type Words = [u64; TILE_WORDS + 1];

/// Where digits and separators stand in one tile, and where shapes end in it.
pub(super) struct Tile {
    /// Bit set: the byte is an ASCII digit. Word 0 is the last word of the tile before.
    pub(super) digits: Words,
    /// Bit set: the byte is a space or a hyphen. Word 0 as above.
    pub(super) separators: Words,
    /// Bit set: nine digits in a row end at this byte. Word 0 means nothing.
    pub(super) nines: Words,
    /// Bit set: another shape ends at this byte. Word 0 means nothing.
    pub(super) ends: Words,
    work: [Words; 4],
}

impl Tile {
    /// A tile with nothing in it and nothing before it.
    pub(super) fn new() -> Tile {
        let none = [0; TILE_WORDS + 1];
        Tile {
            digits: none,
            separators: none,
            nines: none,
            ends: none,
            work: [none; 4],
        }
    }

    /// Fills `nines` and `ends` for the first `words` words from `digits` and `separators`.
    ///
    /// Three shapes, all within the last 14 bytes, so that one word of history is enough:
    /// nine digits in a row; `DDD-DD-DDDD`; fourteen digits and single separators, digit last (the
    /// shortest grouped card has 13 digits and one separator).
    #[inline(always)]
    pub(super) fn find_ends(&mut self, words: usize) {
        let n = words.min(TILE_WORDS) + 1;
        let Tile {
            digits,
            separators,
            nines,
            ends,
            work: [two, a, b, joined],
        } = self;
        let (digits, separators) = (&digits[..n], &separators[..n]);
        let (nines, ends) = (&mut nines[..n], &mut ends[..n]);
        let (two, a, b, joined) = (&mut two[..n], &mut a[..n], &mut b[..n], &mut joined[..n]);
        and_back(two, digits, digits, 1);
        and_back(a, two, two, 2);
        // a: four digits. DDD-DD-DDDD, read backwards from its end.
        and_back(b, two, digits, 2);
        and_back(ends, a, separators, 4);
        narrow_back(ends, two, 5);
        narrow_back(ends, separators, 7);
        narrow_back(ends, b, 8);
        and_back(b, a, a, 4);
        and_back(nines, b, digits, 8);
        // Digits, and separators that follow one.
        and_back(joined, separators, digits, 1);
        merge(joined, digits);
        and_back(a, joined, joined, 1);
        and_back(b, a, a, 2);
        and_back(a, b, b, 4);
        and_back(b, a, a, 6);
        narrow(b, digits);
        merge(ends, b);
    }

    /// Makes the tile's last word the history of the next one.
    pub(super) fn carry(&mut self) {
        self.digits[0] = self.digits[TILE_WORDS];
        self.separators[0] = self.separators[TILE_WORDS];
    }
}

/// `out[i]` = `x[i]`, where `y` is also set `k` bytes earlier. Word 0 lacks its own history; only
/// bits further than 14 from its start are ever read from it.
#[inline(always)]
fn and_back(out: &mut [u64], x: &[u64], y: &[u64], k: u32) {
    out[0] = x[0] & (y[0] << k);
    for (((out, x), y), before) in out[1..].iter_mut().zip(&x[1..]).zip(&y[1..]).zip(y) {
        *out = x & ((y << k) | (before >> (64 - k)));
    }
}

/// Keeps of `out` what `y` also has, `k` bytes earlier.
#[inline(always)]
fn narrow_back(out: &mut [u64], y: &[u64], k: u32) {
    out[0] &= y[0] << k;
    for ((out, y), before) in out[1..].iter_mut().zip(&y[1..]).zip(y) {
        *out &= (y << k) | (before >> (64 - k));
    }
}

#[inline(always)]
fn narrow(out: &mut [u64], y: &[u64]) {
    for (out, y) in out.iter_mut().zip(y) {
        *out &= y;
    }
}

#[inline(always)]
fn merge(out: &mut [u64], y: &[u64]) {
    for (out, y) in out.iter_mut().zip(y) {
        *out |= y;
    }
}
