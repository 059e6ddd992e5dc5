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
use std::ops::Range;

/// Masks `digits`, which are the integer part of the number `token`.
pub(super) fn fill_number(token: &mut [u8], digits: Range<usize>, keep: Keep, fired: &Fired) {
    let masked = keep.masked(digits.len());
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
fn same_length(integer: &mut [u8], masked: &Range<usize>, fired: &Fired) -> bool {
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
fn shorten(token: &mut [u8], digits: Range<usize>, kept: Range<usize>, fired: &Fired) {
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

#[cfg(test)]
mod tests {
    use super::super::super::{DETECTORS, detector};
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
        let keep = Keep::of(&style, &DETECTORS[usize::from(id.0)]);
        fill_number(&mut bytes, start..end, keep, &Fired::new(set));
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
            let mut bytes = token.as_bytes().to_vec();
            let end = token.find('.').unwrap_or(token.len());
            let start = usize::from(token.starts_with('-'));
            shorten(
                &mut bytes,
                start..end,
                kept,
                &Fired::new(DetectorSet::default()),
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
