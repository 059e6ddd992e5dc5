//! Format-preserving encryption of a finding: FF1 (NIST SP 800-38G) over the characters of its alphabet.
//!
//! Owns: characters to numerals and back. Refuses: values whose domain is under
//! `limits::FF1_DOMAIN_MIN` (six digits, four letters or digits), and alphabets of any character.
//! Stays true: length, separators and case stay; the same key, detector and value make the same
//! result; a JSON number keeps a first digit other than zero.
//!
//! The result looks like what it replaces, and may even be a valid one: it is the named exception to
//! "no detector fires on the masked text".

use super::super::detector::Alphabet;
use super::keys::{MaskKeys, Radix};
use super::row::Row;
use super::units::{Unit, units};

/// Walks until the first digit is not zero: each step fails one time in ten, so this many never.
const CYCLES_MAX: usize = 64;

/// How values of this alphabet can be encrypted, if they can.
pub(super) fn radix_of(alphabet: Alphabet) -> Option<Radix> {
    match alphabet {
        Alphabet::Digits => Some(Radix::Digits),
        Alphabet::Alphanumeric => Some(Radix::Alphanumeric),
        Alphabet::Text => None,
    }
}

/// Overwrites a value in text. False: its domain is too small or too large, and nothing was changed.
pub(super) fn encrypt_text(
    keys: &MaskKeys,
    text: &mut [u8],
    row: &Row<'_>,
    in_string: bool,
) -> bool {
    let Some(radix) = radix_of(row.alphabet) else {
        return false;
    };
    let places: Vec<usize> = units(text, row.alphabet, in_string)
        .filter(|unit| unit.is_value)
        .map(|Unit { span, .. }| span.start)
        .collect();
    let numerals: Option<Vec<u16>> = places.iter().map(|at| numeral(text[*at], radix)).collect();
    let Some(made) = numerals.and_then(|them| keys.encrypt(radix, row.name, them)) else {
        return false;
    };
    let upper = !places.iter().any(|at| text[*at].is_ascii_lowercase());
    for (at, numeral) in places.into_iter().zip(made) {
        text[at] = character(numeral, text[at], upper);
    }
    true
}

/// Overwrites the digits of a JSON number. False: as above.
pub(super) fn encrypt_number(keys: &MaskKeys, digits: &mut [u8], row: &Row<'_>) -> bool {
    let numerals = digits.iter().map(|digit| numeral(*digit, Radix::Digits));
    let Some(mut numerals) = numerals.collect::<Option<Vec<u16>>>() else {
        return false;
    };
    for _ in 0..CYCLES_MAX {
        let Some(made) = keys.encrypt(Radix::Digits, row.name, numerals) else {
            return false;
        };
        if made.first().is_some_and(|first| *first != 0) {
            for (digit, numeral) in digits.iter_mut().zip(made) {
                *digit = b'0' + numeral as u8;
            }
            return true;
        }
        numerals = made;
    }
    false
}

fn numeral(byte: u8, radix: Radix) -> Option<u16> {
    match (byte, radix) {
        (b'0'..=b'9', _) => Some(u16::from(byte - b'0')),
        (b'a'..=b'z' | b'A'..=b'Z', Radix::Alphanumeric) => {
            Some(u16::from(byte.to_ascii_lowercase() - b'a') + 10)
        }
        _ => None,
    }
}

/// A letter takes the case of the one it replaces; where that was a digit, that of the value.
fn character(numeral: u16, replaced: u8, upper: bool) -> u8 {
    let letter = match (numeral, replaced) {
        (0..10, _) => return b'0' + numeral as u8,
        _ => b'a' + (numeral - 10) as u8,
    };
    match replaced {
        b'a'..=b'z' => letter,
        b'A'..=b'Z' => letter.to_ascii_uppercase(),
        _ if upper => letter.to_ascii_uppercase(),
        _ => letter,
    }
}
