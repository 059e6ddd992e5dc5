//! An amount in one byte, on a scale of sixths of an octave.
//!
//! ```text
//! 0  nothing is known      1  nothing moved      2 + i  at most 2^(i/6)
//! ```
//!
//! Owns: the scale, from 1 to 2^42 (4 TiB, 1.2 GB/s for an hour). Refuses: precision: a limit is a
//! multiple of what is usual, and 12 % are nothing beside it. Stays true: what is read back is at least
//! what was written, by at most an eighth (below 8 by at most 1), and more is never read back as less.

/// An amount, rounded up to the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(pub u8);

/// 2^(k/6) in 32 bits behind the point.
const SIXTHS: [u128; 6] = [
    4_294_967_296,
    4_820_937_788,
    5_411_319_705,
    6_074_001_000,
    6_817_835_604,
    7_652_761_717,
];
const FIRST: u8 = 2;

impl Level {
    /// Nothing is known.
    pub const UNKNOWN: Level = Level(0);
    /// Nothing moved.
    pub const NONE: Level = Level(1);
    /// So many levels lower is half.
    pub const HALF: u8 = 6;

    /// The smallest level that is at least this amount; the last one, if none is.
    pub fn of(amount: u64) -> Level {
        let Some(octave) = amount.checked_ilog2() else {
            return Level::NONE;
        };
        let from = octave * 6;
        let step = (from..=from + 6).find(|step| reach(*step) >= amount);
        let code = step.unwrap_or(from + 6) + u32::from(FIRST);
        Level(u8::try_from(code).unwrap_or(u8::MAX))
    }

    /// Whether anything is known.
    pub fn is_known(self) -> bool {
        self != Level::UNKNOWN
    }

    /// The amount it stands for; 0 where nothing moved or is known.
    pub fn amount(self) -> u64 {
        match self.0.checked_sub(FIRST) {
            Some(step) => reach(u32::from(step)),
            None => 0,
        }
    }
}

/// 2^(step/6), rounded up.
fn reach(step: u32) -> u64 {
    let sixth = SIXTHS.get(step as usize % 6).copied().unwrap_or(0);
    let scaled = sixth << (step / 6);
    u64::try_from((scaled + 0xffff_ffff) >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_the_scale() {
        assert_eq!(Level::of(0), Level::NONE);
        assert_eq!((Level::of(1).amount(), Level::of(2).amount()), (1, 2));
        assert_eq!(Level::of(u64::MAX), Level(255));
        assert!(Level(255).amount() > 1 << 42);
        assert_eq!(Level::UNKNOWN.amount(), 0);
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_a_little_more(amount in 1u64..1 << 42, other in 1u64..1 << 42) {
            let back = Level::of(amount).amount();
            prop_assert!(back >= amount && back <= amount + amount / 8 + 1, "{amount} -> {back}");
            prop_assert_eq!(Level::of(amount) <= Level::of(other), back <= Level::of(other).amount());
            prop_assert_eq!(Level::of(back), Level::of(amount));
        }

        #[test]
        fn twice_as_much_is_six_levels_up(amount in 1u64 << 12..1 << 40) {
            let (one, two) = (Level::of(amount).0, Level::of(2 * amount).0);
            prop_assert!(two.abs_diff(one + 6) <= 1);
        }
    }
}
