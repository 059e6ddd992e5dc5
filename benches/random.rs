//! Numbers that a seed brings back, for benches.
//!
//! Owns: SplitMix64 (Steele, Lea, Flood 2014). Refuses: randomness from outside. Stays true: a seed gives the same
//! numbers on every machine.

/// A stream of numbers.
pub struct Random(pub u64);

impl Random {
    /// The next one.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
