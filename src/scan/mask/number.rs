//! Masks of JSON numbers that stay numbers of the same length.
//!
//! Owns: which digits stand for masked ones. Refuses: strings, and numbers within them. Stays true: the
//! token is a JSON number (RFC 8259 §6) as long as it was, with the sign and fraction it had; its
//! digits fit no detector that fired.
//!
//! A nine, then zeros: JSON allows no leading zero, and few identifiers begin with nine. Where that
//! fits a detector nonetheless, another last digit, then another filler is tried; where every number of
//! that length fits (an account number), what is kept stands alone, with spaces behind it.

use super::fill::Keep;
use super::fired::Fired;
use super::row::Row;
use std::ops::Range;

/// Masks `digits`, which are the integer part of the number `token`.
pub(super) fn fill_number(
    token: &mut [u8],
    digits: Range<usize>,
    keep: Keep,
    row: &Row<'_>,
    fired: &Fired<'_>,
) {
    let masked = keep.masked(digits.len(), row);
    let Some(integer) = token.get_mut(digits.clone()) else {
        return;
    };
    if !same_length(integer, &masked, fired) {
        let kept = match masked.start {
            0 => digits.start + masked.end..digits.end,
            first => digits.start..digits.start + first,
        };
        shorten(token, digits, kept, fired);
    }
}

/// Whether digits were found that fit nothing.
fn same_length(integer: &mut [u8], masked: &Range<usize>, fired: &Fired<'_>) -> bool {
    let last_digits = (b'0'..=b'9').map(|last| (b'0', last));
    let fillers = (b'1'..=b'9').map(|filler| (filler, filler));
    last_digits.chain(fillers).any(|(filler, last)| {
        for at in masked.clone() {
            integer[at] = match at {
                0 => b'9',
                at if at + 1 == masked.end => last,
                _ => filler,
            };
        }
        !fired.is_value(integer)
    })
}

/// The number with `kept` (digits of the token) for its integer part, or nine, and spaces behind it.
fn shorten(token: &mut [u8], digits: Range<usize>, kept: Range<usize>, fired: &Fired<'_>) {
    let zeros = token[kept.clone()]
        .iter()
        .take_while(|b| **b == b'0')
        .count();
    let kept = kept.start + zeros..kept.end;
    let stays = !kept.is_empty() && !fired.is_value(&token[kept.clone()]);
    let mut at = digits.start;
    if stays {
        token.copy_within(kept.clone(), at);
        at += kept.len();
    } else {
        token[at] = b'9';
        at += 1;
    }
    let tail = digits.end..token.len();
    token.copy_within(tail.clone(), at);
    token[at + tail.len()..].fill(b' ');
}

/// Hides every digit of a number or of a part of one: its fraction and exponent too. `leads`: the part
/// begins with the number's first digit, which JSON does not let be zero.
pub(super) fn hide_digits(text: &mut [u8], leads: bool) {
    let mut digits = text.iter_mut().filter(|byte| byte.is_ascii_digit());
    if let Some(first) = digits.next() {
        *first = if leads { b'9' } else { b'0' };
    }
    digits.for_each(|digit| *digit = b'0');
}

#[cfg(test)]
mod tests {
    use super::super::super::{Engine, detector};
    use super::super::style::MaskStyle::{self, Full, KeepFirst, KeepLast};
    use super::*;
    use crate::chunk::DetectorSet;

    fn of(token: &str, style: MaskStyle, name: &str) -> String {
        let id = detector(name).expect("a detector");
        let mut set = DetectorSet::default();
        set.insert(id);
        let mut bytes = token.as_bytes().to_vec();
        let start = usize::from(token.starts_with('-'));
        let end = token.find('.').unwrap_or(token.len());
        let engine = Engine::new(set);
        let row = engine.mask_row(id).expect("a row");
        let (keep, fired) = (Keep::of(&style, &row), Fired::new(&engine, set));
        fill_number(&mut bytes, start..end, keep, &row, &fired);
        String::from_utf8(bytes).expect("ASCII")
    }

    #[test]
    fn nine_and_zeros() {
        assert_eq!(of("536904399", Full, "us_ssn"), "900000000");
        assert_eq!(of("536904399", KeepLast(4), "us_ssn"), "900004399");
        assert_eq!(of("-536904399.5", KeepFirst(3), "us_ssn"), "-536000000.5");
    }

    #[test]
    fn zeros_do_not_complete_a_checksum() {
        // 5500040000000000 would be a card again.
        assert_eq!(
            of("5500045555555555", KeepFirst(6), "payment_card"),
            "5500040000000001"
        );
    }

    #[test]
    fn where_every_number_fits_what_is_kept_stands_alone() {
        let shortened = |token: &str, kept: Range<usize>| {
            let engine = Engine::new(DetectorSet::default());
            let mut bytes = token.as_bytes().to_vec();
            let end = token.find('.').unwrap_or(token.len());
            let start = usize::from(token.starts_with('-'));
            shorten(
                &mut bytes,
                start..end,
                kept,
                &Fired::new(&engine, DetectorSet::default()),
            );
            String::from_utf8(bytes).expect("ASCII")
        };
        assert_eq!(shortened("536904399", 5..9), "4399     ");
        assert_eq!(shortened("536900399", 5..9), "399      ");
        assert_eq!(shortened("536900000", 5..9), "9        ");
        assert_eq!(shortened("-536904399.50", 1..4), "-536.50      ");
        assert_eq!(shortened("536904399", 9..9), "9        ");
    }
}
