//! National forms, which are believed beside a word only.
//!
//! Owns: what digits beside a word may be, and what they rather are: dates, cards, versions, addresses. Refuses:
//! numbering plans. Stays true: nothing here is enough without a word.

use super::written::{Group, Written};
use super::{NATIONAL_DIGITS_MAX, fits};

/// Whether national digits may be a telephone number, written as they are, where a word says so.
pub(super) fn plausible(written: &Written, named: bool) -> bool {
    let (digits, groups) = (written.digits(), written.groups());
    let bare = groups.len() == 1;
    let count = digits.len();
    fits(digits)
        && count <= NATIONAL_DIGITS_MAX
        && !digits.starts_with(b"0000")
        && if bare {
            is_bare(digits, named)
        } else {
            is_grouped(digits, groups)
        }
}

/// One run of digits.
fn is_bare(digits: &[u8], named: bool) -> bool {
    let count = digits.len();
    if named {
        return count >= 7 && !(count == 13 && is_epoch(digits));
    }
    let trunk = digits.first() == Some(&b'0') && (9..=NATIONAL_DIGITS_MAX).contains(&count);
    let ten = count == 10
        && digits
            .first()
            .is_some_and(|first| (b'2'..=b'9').contains(first));
    trunk || ten
}

/// Several groups of digits.
fn is_grouped(digits: &[u8], groups: &[Group]) -> bool {
    let (count, mut lens) = (digits.len(), [0; 8]);
    for (place, group) in lens.iter_mut().zip(groups) {
        *place = group.len;
    }
    let lens = lens.get(..groups.len()).unwrap_or_default();
    let all = |join: u8| groups.iter().skip(1).all(|group| group.join == join);
    let (dots, spaces, slashes) = (all(b'.'), all(b' '), all(b'/'));
    let pairs = lens == [2, 2, 2];
    let first_may_be_one = matches!(digits.first(), Some(b'0' | b'1'));
    let whole = lens
        .iter()
        .enumerate()
        .all(|(i, len)| *len >= 2 || (i == 0 && first_may_be_one));
    let bracketed = groups.iter().any(|group| group.bracketed);
    let else_ = match lens {
        [4, 2, 2] => matches!(digits, [b'1', b'9', ..] | [b'2', b'0', ..]) && !spaces, // a date
        [2, 2, 4] | [1, 2, 4] => !spaces && !bracketed,                                // a date
        [2, 2, 2] => !spaces,                                                          // a date
        [3, 2, 4] => !bracketed, // a social security number
        // No plan of three, three and four has a code that begins with 1, but behind a trunk prefix; dots between
        // such groups are a telephone number's all the same.
        [3, 3, 4] if digits.first() == Some(&b'1') => !dots,
        // Brackets around a code: what follows can be dialled alone, and so does not begin as a trunk prefix
        // or a service does.
        [3, 3, 4] if bracketed => matches!(digits.get(3), Some(b'0' | b'1')),
        [4, 4, 4] => digits.first() != Some(&b'0'), // part of a card
        [4, 6, ..] | [4, 4, 4, ..] => true,         // a card
        _ => false,
    };
    let thousands = dots && lens.iter().skip(1).all(|len| *len == 3);
    let address = dots && lens.len() == 4 && lens.iter().all(|len| *len <= 3);
    // Versions have dots too: pairs as in France, a trunk zero, or groups of three and more.
    let dotted = match lens {
        [2, 2, 2, 2, ..] => lens.iter().all(|len| *len == 2),
        [_, _, _, ..] => {
            count >= 9 && (digits.first() == Some(&b'0') || lens.iter().all(|len| *len >= 3))
        }
        _ => false,
    };
    let ratio = slashes && lens.len() > 2;
    (count >= 7 || pairs)
        && whole
        && !else_
        && !thousands
        && !address
        && (dotted || !dots)
        && !ratio
}

/// Seconds or milliseconds since 1970 in this age: 2014 to 2033.
pub(super) fn is_epoch(digits: &[u8]) -> bool {
    let head = matches!(digits, [b'1', b'4'..=b'9', ..]);
    head && matches!(digits.len(), 10 | 13) && digits.iter().all(u8::is_ascii_digit)
}
