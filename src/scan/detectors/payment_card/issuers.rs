//! Who issues payment cards: prefixes and lengths.
//!
//! Owns: the networks' published ranges, and how much a range says by itself. Refuses: check digits.
//! Stays true: a range is here because its network, or an acquirer that routes by it, publishes it, or because
//! validators in wide use take all of a network's block for it (35 for JCB); those need a word.
//!
//! Sources: ISO/IEC 7812-1 and the networks' own pages; Cybersource, "Card Type Identification" (Diners,
//! Maestro); UnionPay International (62, 16 to 19 digits); NSPK (Mir).

use std::ops::RangeInclusive;

/// What a number's prefix and length say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Issuer {
    /// A large network, at a length that it uses everywhere.
    Usual,
    /// A network, a length or a series that few cards have: too little by itself for a bare number.
    Rare,
}

/// Prefixes as ranges of the first six digits, with the lengths in use.
type Range = (RangeInclusive<u32>, RangeInclusive<usize>);

const USUAL: &[Range] = &[
    (400_000..=499_999, 13..=13), // Visa
    (400_000..=499_999, 16..=16), // Visa
    (400_000..=499_999, 19..=19), // Visa
    (510_000..=559_999, 16..=16), // Mastercard
    (222_100..=272_099, 16..=16), // Mastercard, 2-series
    (340_000..=349_999, 15..=15), // American Express
    (370_000..=379_999, 15..=15), // American Express
    (601_100..=601_199, 16..=19), // Discover
    (644_000..=659_999, 16..=19), // Discover
    (620_000..=629_999, 16..=19), // UnionPay, some with Discover
    (352_800..=358_999, 16..=19), // JCB
    (300_000..=305_999, 14..=14), // Diners Club
    (309_500..=309_599, 14..=14), // Diners Club
    (360_000..=369_999, 14..=14), // Diners Club
    (380_000..=399_999, 14..=14), // Diners Club
];

const RARE: &[Range] = &[
    (300_000..=305_999, 15..=19), // Diners Club, longer
    (309_500..=309_599, 15..=19), // Diners Club, longer
    (360_000..=369_999, 15..=19), // Diners Club, longer
    (380_000..=399_999, 15..=19), // Diners Club, longer
    (500_000..=509_999, 12..=19), // Maestro, Dankort
    (560_000..=589_999, 12..=19), // Maestro
    (630_000..=639_999, 12..=19), // Maestro
    (670_000..=679_999, 12..=19), // Maestro
    (220_000..=220_499, 16..=19), // Mir
    (350_000..=359_999, 16..=16), // JCB's block, of which it issues from 3528 to 3589
    (180_000..=180_099, 15..=15), // JCB, old series
    (213_100..=213_199, 15..=15), // JCB, old series
];

/// Fewest digits of a card.
pub(super) const DIGITS_MIN: usize = 12;
/// Most digits of a card.
pub(super) const DIGITS_MAX: usize = 19;

/// Lengths in use, bit i for `DIGITS_MIN + i` digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) usual: u8,
    /// Some of these are also usual; that counts.
    pub(super) rare: u8,
}

const _: () = assert!(DIGITS_MAX - DIGITS_MIN < 8, "a bit each");

/// By the first four digits, for no range needs more.
static LENGTHS: [Lengths; 10_000] = {
    let none = Lengths { usual: 0, rare: 0 };
    let mut all = [none; 10_000];
    let mut row = 0;
    while row < USUAL.len() + RARE.len() {
        let usual = row < USUAL.len();
        let (prefixes, lens) = match usual {
            true => &USUAL[row],
            false => &RARE[row - USUAL.len()],
        };
        let (mut four, last) = (*prefixes.start() / 100, *prefixes.end() / 100);
        assert!(*prefixes.start() % 100 == 0 && *prefixes.end() % 100 == 99);
        let count = *lens.end() - *lens.start() + 1;
        let bits = (((1u32 << count) - 1) << (*lens.start() - DIGITS_MIN)) as u8;
        while four <= last {
            let place = &mut all[four as usize];
            match usual {
                true => place.usual |= bits,
                false => place.rare |= bits,
            }
            four += 1;
        }
        row += 1;
    }
    all
};

/// The lengths of numbers that begin with these four digits.
pub(super) fn lengths(first_four: usize) -> Lengths {
    LENGTHS.get(first_four).copied().unwrap_or_default()
}

impl Lengths {
    /// Who issues numbers of this many digits.
    pub(super) fn issuer(self, len: usize) -> Option<Issuer> {
        let bit = 1u8.checked_shl(len.checked_sub(DIGITS_MIN)? as u32)?;
        if self.usual & bit != 0 {
            Some(Issuer::Usual)
        } else {
            (self.rare & bit != 0).then_some(Issuer::Rare)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(first_six: usize, len: usize) -> Option<Issuer> {
        lengths(first_six / 100).issuer(len)
    }

    #[test]
    fn ranges_and_lengths() {
        for (first_six, len, want) in [
            (411_111, 16, Some(Issuer::Usual)),
            (411_111, 15, None),
            (222_099, 16, None),
            (222_100, 16, Some(Issuer::Usual)),
            (272_100, 16, None),
            (601_200, 16, None),
            (629_999, 19, Some(Issuer::Usual)),
            (643_999, 16, None),
            (352_799, 16, Some(Issuer::Rare)),
            (352_799, 17, None),
            (352_800, 16, Some(Issuer::Usual)),
            (360_000, 16, Some(Issuer::Rare)),
            (361_111, 14, Some(Issuer::Usual)),
            (361_111, 16, Some(Issuer::Rare)),
            (675_900, 12, Some(Issuer::Rare)),
            (675_900, 20, None),
            (220_500, 16, None),
            (180_000, 16, None),
            (999_999, 16, None),
        ] {
            assert_eq!(issuer(first_six, len), want, "{first_six} {len}");
        }
    }

    #[test]
    fn lengths_lie_within_the_bounds() {
        let lens = USUAL.iter().chain(RARE).map(|(_, lens)| lens);
        assert_eq!(
            lens.clone().map(|lens| *lens.start()).min(),
            Some(DIGITS_MIN)
        );
        assert_eq!(lens.map(|lens| *lens.end()).max(), Some(DIGITS_MAX));
    }

    #[test]
    fn the_share_of_random_sixteen_digit_numbers_is_the_arithmetic_one() {
        let share = |kind| {
            (0..1_000_000)
                .filter(|six| issuer(*six, 16) == Some(kind))
                .count()
        };
        // Visa 100,000, Mastercard 50,000 + 50,000 - 1, Discover 100 + 16,000, UnionPay 10,000, JCB 6,200; a
        // tenth of those have the right check digit: 2.3 %.
        assert_eq!(share(Issuer::Usual), 232_300);
        assert_eq!(
            share(Issuer::Rare),
            6_000 + 100 + 3_800 + 10_000 + 20_000 + 10_000 + 30_000 + 10_000 + 10_000 + 500
        );
    }
}
