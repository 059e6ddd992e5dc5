//! The scalars of a JSON object or array that a word names.
//!
//! Owns: where they are, and that a member's own name may turn its value into something else. Refuses: to
//! check that it is JSON. Stays true: linear in the container.

use super::form::{NAME_BYTES_MAX, skip};
use super::gap::speaks_of_else;
use super::{First, Wanted, first};
use crate::scan::context::GAP_BYTES_MAX;
use std::ops::Range;

/// Every scalar of a JSON container: strings and bare words, names excepted.
pub(super) fn visit(
    text: &[u8],
    inside: Range<usize>,
    wanted: &Wanted,
    mut take: impl FnMut(Range<usize>),
) {
    let (mut at, mut name) = (inside.start, 0..0);
    while at < inside.end {
        let Some(byte) = text.get(at).copied() else {
            break;
        };
        if byte.is_ascii_whitespace() || matches!(byte, b'{' | b'[' | b',' | b':' | b'}' | b']') {
            at += 1;
            continue;
        }
        let (start, end) = if byte == b'"' {
            (at + 1, string_end(text, at + 1, inside.end))
        } else {
            (at, bare_end(text, at, inside.end))
        };
        let next = skip(text, end + usize::from(byte == b'"'), |byte| {
            byte.is_ascii_whitespace()
        });
        let is_name = byte == b'"' && text.get(next) == Some(&b':');
        at = (end + usize::from(byte == b'"')).max(at + 1);
        if is_name {
            name = start..end.min(start + NAME_BYTES_MAX);
            continue;
        }
        let about = speaks_of_else(text.get(name.clone()).unwrap_or_default(), wanted);
        let begin = start..end.min(start + GAP_BYTES_MAX + 1);
        if !about && let First::Value(span) = first(text, begin, wanted) {
            take(span);
        }
    }
}

fn string_end(text: &[u8], mut at: usize, end: usize) -> usize {
    while at < end {
        match text.get(at) {
            Some(b'"') => return at,
            Some(b'\\') => at += 2,
            _ => at += 1,
        }
    }
    end
}

fn bare_end(text: &[u8], at: usize, end: usize) -> usize {
    let rest = text.get(at..end).unwrap_or_default();
    let stop = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']' | b'"');
    rest.iter().position(stop).map_or(end, |len| at + len)
}
