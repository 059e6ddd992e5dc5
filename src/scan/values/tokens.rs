//! Runs of letters and digits: where a value may begin.
//!
//! Owns: what counts as the beginning of one, and as a value at all. Refuses: anything but ASCII. Stays true: a
//! token that began before the stretch is none of it; the letter of `\n` is white space.

use crate::scan::edges;
use std::ops::Range;

/// Alphanumeric tokens that begin in a stretch; one that only goes on in it is none.
pub(super) fn tokens(
    text: &[u8],
    stretch: Range<usize>,
) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = stretch.start;
    let alphanumeric = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if at > 0 && alphanumeric(at - 1) {
        at = skip_token(text, at);
    }
    let end = stretch.end.min(text.len());
    std::iter::from_fn(move || {
        while at < end && !alphanumeric(at) {
            at += 1;
        }
        // The letter of `\\n` belongs to the escape; nothing else may be left of the token.
        at += usize::from(edges::is_escape(text, at + 1));
        while at < end && !alphanumeric(at) {
            at += 1;
        }
        let start = at;
        at = skip_token(text, at);
        (start < end).then_some(start..at)
    })
}

/// Past the token, or far enough into it: nothing anyone parses has longer ones.
fn skip_token(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(TOKEN_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
}

/// Digits make a value, and so does what a mask leaves of one.
pub(super) fn is_value(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit) || token.iter().all(|byte| *byte == b'X')
}

/// A single digit right after the word that counts the thing: `phone 1: …`, `Tel2=…`.
pub(super) fn is_ordinal(text: &[u8], from: usize, token: &Range<usize>) -> bool {
    let next = text.get(token.end);
    token.len() == 1
        && token.start <= from + 1
        && text.get(token.start).is_some_and(u8::is_ascii_digit)
        && matches!(next, Some(b':' | b'=' | b')'))
}

/// Bytes of a token that are looked at: nothing anyone parses is longer.
pub(super) const TOKEN_BYTES_MAX: usize = 160;
