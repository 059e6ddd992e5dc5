//! Signs that a field may spell or pack something otherwise.
//!
//! Owns: what makes a byte a sign. Refuses: certainty; a sign only says that looking closer may pay. Stays
//! true: what [`expand`](super::expand) can decode carries a sign, so a field without one needs no second look; the
//! exceptions (zlib behind other bytes, base64 that begins with other characters than letters and digits) are in the
//! evasion table. The pass asks at the places that its planes tell: `specials`, `wide` and `runs` of the shapes.

use super::character::spelled;
use super::fold::{Folded, character, fold, may_begin};
use super::{claims, markup, number, packed};

/// Whether a text carries a sign, read byte by byte: the definition. One is enough.
#[cfg(test)]
pub(in crate::scan) fn is_marked(text: &[u8]) -> bool {
    let mut every = 0..text.len();
    is_head(text) || every.any(|at| is_sign(text, at) || is_run(text, at))
}

/// Letters and digits of the shortest number behind a zero: the tenth has its bit.
const ZERO_DIGITS: usize = 9;
/// Letters and digits of a run, the last of which has its bit: of one with a capital among them, and of any.
const RUN_BYTES: [usize; 2] = [12, 16];

/// Whether the byte at `at`, which is rare or told by its neighbours, is a sign.
pub(in crate::scan) fn is_sign(text: &[u8], at: usize) -> bool {
    let after = |ahead: usize| text.get(at + ahead).copied().unwrap_or(0);
    let digit_before = || before(text, at).is_some_and(|byte| byte.is_ascii_digit());
    let hex = |ahead: usize| after(ahead).is_ascii_hexdigit();
    let letter = |ahead: usize| after(ahead).is_ascii_alphabetic();
    match text.get(at) {
        Some(b'\\') => match after(1) {
            b'u' | b'n' | b'r' | b't' | b'b' | b'f' => is_spelled(text, at),
            b'/' => joins(text, at),
            _ => false,
        },
        Some(b'%') => hex(1) && hex(2) && is_spelled(text, at),
        Some(b'&') => (after(1) == b'#' || letter(1) && letter(2)) && is_spelled(text, at),
        Some(b'<') => {
            digit_before() && markup::unseen(text.get(at..).unwrap_or_default()).is_some()
        }
        Some(b'+') => digit_before() && after(1).is_ascii_digit(),
        Some(0) => {
            before(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric())
                && spelled(text, at).is_some()
        }
        Some(0x1f) => after(1) == 0x8b && after(2) == 8,
        Some(b'e' | b'E') => has_exponent(text, at),
        Some(b'0'..=b'9') => has_zeros(text, at),
        Some(first @ 0xc2..) => may_begin(*first, after(1), after(2)) && is_folded(text, at),
        _ => false,
    }
}

/// Whether a text says with its first bytes that it is a stream.
pub(in crate::scan) fn is_head(text: &[u8]) -> bool {
    let may_be = text.first().is_some_and(|byte| claims::is_first(*byte));
    may_be && (claims::gzip(text) || claims::zlib(text) || claims::unreadable(text).is_some())
}

/// Whether the run that is worth decoding begins with the token whose twelfth or sixteenth character is at `at`.
pub(in crate::scan) fn ends_run(text: &[u8], at: usize) -> bool {
    let starts = RUN_BYTES
        .into_iter()
        .filter_map(|len| (at + 1).checked_sub(len));
    starts.into_iter().any(|start| is_run(text, start))
}

fn before(text: &[u8], at: usize) -> Option<u8> {
    text.get(at.checked_sub(1)?).copied()
}

fn is_spelled(text: &[u8], at: usize) -> bool {
    spelled(text, at).is_some_and(|spelling| spelling.matters(text, at))
}

/// Whether the slash that is escaped here stands within a token: a date, a key. It stays a slash, so that nothing but
/// what it is a part of is hidden; the slashes behind `https:` are not.
fn joins(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.iter().rev().find(|byte| **byte != b'\\');
    let solid = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'\\');
    before.is_some_and(solid) && text.get(at + 2).is_some_and(solid)
}

/// The number whose exponent is marked by the `e` at `at`.
fn has_exponent(text: &[u8], at: usize) -> bool {
    let signed = matches!(text.get(at + 1), Some(b'0'..=b'9' | b'+' | b'-'));
    let start = || number::start(text, at);
    signed && start().is_some_and(|start| number::written(text, start).is_some())
}

/// The number that begins with a zero nine digits before.
fn has_zeros(text: &[u8], at: usize) -> bool {
    let start = at.checked_sub(ZERO_DIGITS);
    let zero = start.filter(|start| text.get(*start) == Some(&b'0'));
    zero.is_some_and(|start| number::written(text, start).is_some())
}

/// Letters and digits count wherever they stand; a space, a dash, or nothing, only between two others.
fn is_folded(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let Some(c) = character(rest) else {
        return false;
    };
    let joins =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    let between =
        || joins(at.checked_sub(1).and_then(|at| text.get(at))) && joins(rest.get(c.len_utf8()));
    match fold(c) {
        None => false,
        Some(Folded::As(byte)) if byte.is_ascii_alphanumeric() || byte == b'@' => true,
        Some(Folded::As(b' ' | b'-' | b'.') | Folded::Nothing) => between(),
        Some(Folded::As(_)) => false, // full-width punctuation, as in any Chinese text
    }
}

/// A run that begins here, or one that began a little before with characters that are neither letters nor digits
/// among them, as compressed bytes do.
fn is_run(text: &[u8], at: usize) -> bool {
    packed::is_token_start(text, at)
        && (packed::begins(text, at).is_some() || packed::began(text, at).is_some())
}
