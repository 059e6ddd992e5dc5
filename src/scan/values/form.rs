//! How a word is written, as far as that decides where its value is.
//!
//! Owns: the four ways: prose, `name=value`, a JSON name, an XML element. Refuses: a parser of any of them; the
//! bytes right around the word decide. Stays true: a look is at most a name, a tag and thirty bytes long.

use crate::scan::context::GAP_BYTES_MAX;
use std::ops::Range;

/// Bytes of an XML tag between its name and its `>`.
const TAG_BYTES_MAX: usize = 128;

/// Bytes of a name beside the keyword in it.
pub(super) const NAME_BYTES_MAX: usize = 32;

/// How the word is written, as far as it decides where its value is.
pub(super) enum Form {
    /// A value begins in this stretch or nowhere.
    Value(Range<usize>),
    /// The name of an XML element that ends here.
    Closing,
    /// Anything else.
    Prose,
}

pub(super) fn form(text: &[u8], start: usize, tail: usize) -> Form {
    let head = name_head(text, start);
    match text.get(..head).unwrap_or_default() {
        [.., b'<', b'/'] => return Form::Closing,
        [.., b'<'] => {
            let tag = text.get(tail..).unwrap_or_default();
            let close = tag
                .iter()
                .take(TAG_BYTES_MAX)
                .position(|byte| *byte == b'>');
            return close.map_or(Form::Prose, |at| {
                Form::Value(until(text, tail + at + 1, |byte| byte == b'<'))
            });
        }
        _ => {}
    }
    // `"phone number (home)": …` is read as prose; a name is letters, digits and a few joiners.
    let rest = text.get(tail..).unwrap_or_default();
    let joiners =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b'-' | b'#');
    let name = rest.iter().take(NAME_BYTES_MAX).take_while(joiners).count();
    let quoted = skip(text, tail + name, |byte| byte == b'\\');
    if matches!(text.get(quoted), Some(b'"' | b'\'')) {
        let colon = skip(text, quoted + 1, |byte| byte.is_ascii_whitespace());
        if text.get(colon) == Some(&b':') {
            let at = skip(text, colon + 1, |byte| byte.is_ascii_whitespace());
            return Form::Value(scalar(text, at));
        }
    }
    match rest.first() {
        Some(b'=') => Form::Value(scalar(text, tail + 1)),
        _ => Form::Prose,
    }
}

/// Where a value that is a quoted string, or a bare word, may begin.
fn scalar(text: &[u8], at: usize) -> Range<usize> {
    let open = skip(text, at, |byte| byte == b'\\');
    match text.get(open) {
        Some(quote @ (b'"' | b'\'')) => until(text, open + 1, |byte| byte == *quote),
        _ => until(text, at, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']' | b'&' | b';')
        }),
    }
}

fn until(text: &[u8], start: usize, ends: impl Fn(u8) -> bool) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let stop = rest
        .iter()
        .take(GAP_BYTES_MAX + 1)
        .take_while(|byte| !ends(**byte))
        .count();
    start..start + stop
}

/// Past at most a few of these bytes.
pub(super) fn skip(text: &[u8], at: usize, passes: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(NAME_BYTES_MAX)
        .take_while(|byte| passes(**byte))
        .count()
}

/// Where the name that the word ends in, or is part of, ends: `accountNumberHash`.
pub(super) fn name_tail(text: &[u8], end: usize) -> usize {
    skip(text, end, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'_'
    })
}

/// Where the name that the word is part of begins, XML prefix and all.
fn name_head(text: &[u8], start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default().iter().rev();
    let in_name =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.');
    start - before.take(NAME_BYTES_MAX).take_while(in_name).count()
}
