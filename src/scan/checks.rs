//! The arithmetic of check digits.
//!
//! Owns: Luhn, weighted sums, mod 97. Refuses: to know whose numbers they are; lengths and first
//! characters are the detectors' business. Stays true: a byte that is no digit (no letter or digit,
//! for mod 97) makes no sum come out right by being there; nothing is allocated.

/// What an ASCII digit is worth.
pub(super) fn value(digit: u8) -> u8 {
    digit.wrapping_sub(b'0')
}

/// What a digit adds to a Luhn sum when it is one of those that are doubled.
pub(super) fn doubled(value: u8) -> u8 {
    if value > 4 { 2 * value - 9 } else { 2 * value }
}

/// Whether the last digit is the Luhn check digit of those before (ISO/IEC 7812-1, annex B). `start`
/// is what digits that are not written would add: 24 for the `80840` before a US provider's number.
/// Finds every wrong digit, and every swap of neighbours but 09 and 90.
pub(super) fn luhn(digits: &[u8], start: u32) -> bool {
    let value = |(i, digit): (usize, &u8)| match value(*digit) {
        value if i % 2 == 1 => doubled(value),
        value => value,
    };
    digits.iter().all(u8::is_ascii_digit)
        && digits
            .iter()
            .rev()
            .enumerate()
            .map(value)
            .fold(start, |sum, adds| sum + u32::from(adds))
            .is_multiple_of(10)
}

/// The digits times their weights, added up. None if there are not as many, or one is no digit.
pub(super) fn weighted(digits: &[u8], weights: &[u8]) -> Option<u32> {
    let fits = digits.len() == weights.len() && digits.iter().all(u8::is_ascii_digit);
    let products = digits.iter().zip(weights);
    fits.then(|| {
        products
            .map(|(digit, weight)| u32::from(value(*digit)) * u32::from(*weight))
            .sum()
    })
}

/// The remainder by 97 of the number that the characters spell, letters of either case standing for
/// two digits: `A` is 10, `Z` is 35 (ISO/IEC 7064, MOD 97-10, as ISO 13616-1 applies it). None if
/// one is neither letter nor digit.
pub(super) fn mod_97<'a>(characters: impl Iterator<Item = &'a u8>) -> Option<u32> {
    let mut rest = 0;
    for byte in characters {
        let value = char::from(*byte).to_digit(36)?;
        rest = (rest * if value < 10 { 10 } else { 100 } + value) % 97;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_examples() {
        assert!(luhn(b"79927398713", 0) && !luhn(b"79927398710", 0)); // ISO/IEC 7812-1's own
        assert!(luhn(b"1234567893", 24) && luhn(b"808401234567893", 0)); // CMS's
        assert_eq!(
            weighted(b"111000025", &[3, 7, 1, 3, 7, 1, 3, 7, 1]),
            Some(30)
        );
        assert_eq!(mod_97(b"3214282912345698765432161182".iter()), Some(1)); // the registry's GB, spelt out
        assert_eq!(mod_97(b"WEST12345698765432GB82".iter()), Some(1));
        assert_eq!(mod_97(b"west12345698765432gb82".iter()), Some(1));
    }

    #[test]
    fn what_is_no_digit_has_no_sum() {
        assert!(!luhn(b"7992739871A", 0) && !luhn(b"7992-7398713", 0));
        assert_eq!(weighted(b"12", &[1]), None);
        assert_eq!(weighted(b"1a", &[1, 1]), None);
        assert_eq!(mod_97(b"12 3".iter()), None);
        assert_eq!(mod_97("1é".as_bytes().iter()), None);
    }

    proptest! {
        #[test]
        fn mod_97_is_the_remainder_of_the_number(number in any::<u128>()) {
            prop_assert_eq!(mod_97(number.to_string().as_bytes().iter()), Some((number % 97) as u32));
        }
    }
}
