//! Keyed names for values.
//!
//! Owns: how a token looks, and what counts as the same value. Refuses: unkeyed hashes: a nine-digit
//! space is searched in a second. Stays true: the same key, detector and value make the same token on
//! every gateway, whatever the separators and the case; no detector that fired takes it for a value.
//!
//! In text a token is `XT` and 22 capital letters, 103 bits of the tag. Letters alone, for a keyword
//! between digits would be a word of its own and speak for what stands near; an `X` first, for what the
//! word before it owns begins with a digit or an `X` (`context::owns_next`). A JSON number's token is a
//! number as long as the value, with a nine first: nine digits have but 26 bits, so tokens of different
//! numbers may be the same (one pair among 13,000 values is as likely as not).

use super::super::detector::Alphabet;
use super::fired::Fired;
use super::keys::MaskKeys;
use super::row::Row;
use super::units::units;

/// Characters of a token in text.
pub(super) const TOKEN_BYTES: usize = 24;
/// Tags tried until nothing takes the token for a value.
const TRIES: u8 = 100;

/// HMAC's first byte: tokens of the two kinds have nothing in common.
const TEXT: u8 = 1;
const NUMBER: u8 = 2;

/// The token of a value in text.
pub(super) fn text_token(
    keys: &MaskKeys,
    value: &[u8],
    row: &Row<'_>,
    fired: &Fired<'_>,
    in_string: bool,
) -> Option<[u8; TOKEN_BYTES]> {
    (0..TRIES).find_map(|counter| {
        let tag = tag(keys, TEXT, counter, value, row, in_string);
        let mut number = tag[..16]
            .iter()
            .fold(0u128, |n, byte| n << 8 | u128::from(*byte));
        let mut token = *b"XT......................";
        for letter in &mut token[2..] {
            *letter = b'A' + (number % 26) as u8;
            number /= 26;
        }
        (!fired.is_value(&token)).then_some(token)
    })
}

/// Overwrites the digits of a JSON number with their token. False: nothing was found that is no value,
/// and the digits are spoilt.
pub(super) fn number_token(
    keys: &MaskKeys,
    digits: &mut [u8],
    row: &Row<'_>,
    fired: &Fired<'_>,
) -> bool {
    let value = digits.to_vec();
    if !value.iter().all(u8::is_ascii_digit) {
        return false;
    }
    (0..TRIES).any(|counter| {
        let mut block = 0;
        let mut stream = std::iter::from_fn(|| {
            // Blocks of a long number differ in the purpose's upper bits.
            let tag = tag(keys, NUMBER | block << 2, counter, &value, row, false);
            block += 1;
            Some(tag)
        })
        .take(64)
        .flatten()
        .filter(|byte| *byte < 250);
        for (at, digit) in digits.iter_mut().enumerate() {
            *digit = match at {
                0 => b'9',
                _ => b'0' + stream.next().unwrap_or(0) % 10,
            };
        }
        !fired.is_value(digits)
    })
}

/// HMAC over the value: its characters without separators, letters in lower case.
fn tag(
    keys: &MaskKeys,
    purpose: u8,
    counter: u8,
    value: &[u8],
    row: &Row<'_>,
    in_string: bool,
) -> [u8; 32] {
    let whole = row.alphabet == Alphabet::Text;
    let chars = units(value, row.alphabet, in_string).filter(|unit| whole || unit.is_value);
    let bytes = chars.flat_map(|unit| value.get(unit.span).unwrap_or_default());
    let folded: Vec<u8> = bytes.map(u8::to_ascii_lowercase).collect();
    keys.hmac(purpose, counter, row.name, std::iter::once(&folded[..]))
}
