//! What each byte of a tile is, one bit a byte.
//!
//! Owns: the words of bits, with one word of history before each tile so that shapes cross its
//! edge. Refuses: bytes. Stays true: bits outside fields are clear once `keep` ran, in the history too.

/// Words in a tile: 64 × 64 bytes, small enough that all of it stays in the first-level cache.
pub(in crate::scan) const TILE_WORDS: usize = 64;
/// Bytes in a tile.
pub(in crate::scan) const TILE_BYTES: usize = TILE_WORDS * 64;

/// One word of history, then the tile's own words.
pub(in crate::scan) type Words = [u64; TILE_WORDS + 1];

/// No bit set.
pub(in crate::scan) const NONE: Words = [0; TILE_WORDS + 1];

/// One word of each plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// ASCII digits.
    pub(super) digits: u64,
    /// Digits that the shortest card begins with, 2 to 6.
    pub(super) cards: u64,
    /// ASCII letters.
    pub(super) letters: u64,
    /// Bytes with bit 5 clear: of letters, the capitals.
    pub(super) capitals: u64,
    /// Spaces and hyphens.
    pub(super) separators: u64,
    /// Dots.
    pub(super) dots: u64,
    /// Colons.
    pub(super) colons: u64,
    /// `@` `+` `(` `%` `&` `<` `\` NUL and 0x1F.
    pub(super) specials: u64,
    /// `e` and `E`.
    pub(super) exponents: u64,
    /// The digit 0.
    pub(super) zeros: u64,
    /// First bytes of characters that are not ASCII (0xC2 and above).
    pub(super) wide: u64,
}

impl Block {
    /// Only the first `len` bytes exist.
    #[inline(always)]
    pub(super) fn cut(self, len: usize) -> Block {
        let there = if len < 64 { (1 << len) - 1 } else { u64::MAX };
        Block {
            digits: self.digits & there,
            cards: self.cards & there,
            letters: self.letters & there,
            capitals: self.capitals & there,
            separators: self.separators & there,
            dots: self.dots & there,
            colons: self.colons & there,
            specials: self.specials & there,
            exponents: self.exponents & there,
            zeros: self.zeros & there,
            wide: self.wide & there,
        }
    }
}

/// The planes of one tile; fields as in [`Block`].
#[derive(Clone)]
pub(in crate::scan) struct Planes {
    pub(super) digits: Words,
    pub(super) cards: Words,
    pub(in crate::scan) letters: Words,
    pub(super) capitals: Words,
    pub(super) separators: Words,
    pub(super) dots: Words,
    pub(super) colons: Words,
    pub(super) specials: Words,
    pub(super) exponents: Words,
    pub(super) zeros: Words,
    pub(super) wide: Words,
}

impl Planes {
    /// Nothing, and nothing before it.
    pub(in crate::scan) fn new() -> Planes {
        Planes {
            digits: NONE,
            cards: NONE,
            letters: NONE,
            capitals: NONE,
            separators: NONE,
            dots: NONE,
            colons: NONE,
            specials: NONE,
            exponents: NONE,
            zeros: NONE,
            wide: NONE,
        }
    }

    /// Puts a block's bits into word `at`.
    #[inline(always)]
    pub(super) fn set(&mut self, at: usize, block: Block) {
        self.digits[at] = block.digits;
        self.cards[at] = block.cards;
        self.letters[at] = block.letters;
        self.capitals[at] = block.capitals;
        self.separators[at] = block.separators;
        self.dots[at] = block.dots;
        self.colons[at] = block.colons;
        self.specials[at] = block.specials;
        self.exponents[at] = block.exponents;
        self.zeros[at] = block.zeros;
        self.wide[at] = block.wide;
    }

    fn each(&mut self, act: impl FnMut(&mut Words)) {
        let all = [
            &mut self.digits,
            &mut self.cards,
            &mut self.letters,
            &mut self.capitals,
            &mut self.separators,
            &mut self.dots,
            &mut self.colons,
            &mut self.specials,
            &mut self.exponents,
            &mut self.zeros,
            &mut self.wide,
        ];
        all.into_iter().for_each(act);
    }

    /// Clears the bits of the first `words` words that are not set in `inside` (whose word 0 is the
    /// tile's first).
    pub(in crate::scan) fn keep(&mut self, inside: &[u64; TILE_WORDS], words: usize) {
        self.each(|plane| {
            let own = plane[1..].iter_mut().zip(inside);
            own.take(words).for_each(|(bits, inside)| *bits &= inside);
        });
    }

    /// Forgets what came before.
    pub(in crate::scan) fn forget(&mut self) {
        self.each(|plane| plane[0] = 0);
    }

    /// Makes the tile's last word the history of the next.
    pub(in crate::scan) fn carry(&mut self, last: usize) {
        self.each(|plane| plane[0] = plane[last]);
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> [&Words; 11] {
        [
            &self.digits,
            &self.cards,
            &self.letters,
            &self.capitals,
            &self.separators,
            &self.dots,
            &self.colons,
            &self.specials,
            &self.exponents,
            &self.zeros,
            &self.wide,
        ]
    }
}
