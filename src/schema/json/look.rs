//! Questions about a JSON text that need no walk: is it one, where in a field does it start, where does this value end.
//!
//! Owns: looking ahead. Refuses: names. Stays true: one pass, no memory.

use super::tokens::{Kind, Token, token};
use crate::schema::wire;

/// How far [`looks_like_json`] reads: a name and a little.
const LOOK_BYTES_MAX: usize = 4096;

/// One past the bracket that closes the object or array that opens at `open`; the end of the text
/// when none does. Brackets in strings do not count, and a bracket of either kind closes the other.
pub fn container_end(text: &[u8], open: usize) -> usize {
    let (mut at, mut depth) = (open, 0usize);
    while let Some(token) = token(text, at) {
        at = token.end;
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth <= 1 => return at,
            Kind::Close => depth -= 1,
            _ if depth == 0 => return open,
            _ => {}
        }
    }
    text.len()
}

/// One past the value that starts at `start`; `start` itself where none does.
pub(super) fn value_end(text: &[u8], start: usize) -> usize {
    match token(text, start) {
        Some(token) if token.kind == Kind::Open => container_end(text, token.start),
        Some(token) if token.kind.is_scalar() => token.end,
        _ => start,
    }
}

/// Where the JSON text of a field starts: behind the header that names its schema, if it has one.
pub fn start(field: &[u8]) -> usize {
    let framed = wire::schema_id(field).map(|(_, payload)| payload);
    let json = framed.filter(|at| looks_like_json(field.get(*at..).unwrap_or_default()));
    json.unwrap_or(0)
}

/// Whether this is worth walking as JSON: an object with a name first, an array with a value and a
/// comma or its end first, or one string. Only the front is read. Broken JSON may pass; a log line like
/// `[INFO] …` does not.
pub fn looks_like_json(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let front = text.get(..LOOK_BYTES_MAX).unwrap_or(text);
    let byte = |token: Option<Token>| token.and_then(|token| front.get(token.start).copied());
    let Some(first) = token(front, 0) else {
        return false;
    };
    let second = token(front, first.end);
    let third = second.and_then(|second| token(front, second.end));
    let is_json = |token: Option<Token>| {
        token.is_some_and(|token| {
            let word = front.get(token.span()).unwrap_or_default();
            token.kind != Kind::Word || matches!(word, b"true" | b"false" | b"null")
        })
    };
    let is_scalar = second.is_some_and(|token| token.kind.is_scalar());
    match front.get(first.start) {
        Some(b'{') => match byte(second) {
            Some(b'}') => true,
            _ => is_scalar && byte(third) == Some(b':'),
        },
        Some(b'[') => match byte(second) {
            Some(b'{' | b'[' | b']') => true,
            _ => is_scalar && is_json(second) && matches!(byte(third), Some(b',' | b']')),
        },
        Some(b'"') => second.is_none() && text.trim_ascii_end().ends_with(b"\""),
        _ => false,
    }
}
