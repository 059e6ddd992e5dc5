//! JSON numbers in text that is not JSON as a whole, such as a line of a log, and what text is.
//!
//! Owns: a look at the few bytes around a span. Refuses: to look further than
//! [`JSON_SPACE_BYTES_MAX`] of white space. Stays true: a list of numbers in other text may be taken for
//! JSON, which costs its mask the `X` and nothing else.

use std::ops::Range;

/// White space looked over on either side of a possible number.
const JSON_SPACE_BYTES_MAX: usize = 64;
/// Bytes of a sign, fraction and exponent.
const TAIL_BYTES_MAX: usize = 64;

/// The whole JSON number whose integer part `span` is: a member's value (`"name": 123`) or an element
/// of an array.
pub(super) fn json_number(text: &[u8], span: &Range<usize>) -> Option<Range<usize>> {
    let digits = text.get(span.clone())?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let before = &text[..span.start];
    let unsigned = before.strip_suffix(b"-");
    let start = span.start - usize::from(unsigned.is_some());
    let before = trim_end(unsigned.unwrap_or(before));
    let after = &text[span.end..];
    let tail = after.iter().take(TAIL_BYTES_MAX);
    let end = span.end + tail.take_while(|byte| is_tail(**byte)).count();
    let next = trim_start(&text[end..]).first();
    let fits = match before {
        [name @ .., b':'] => trim_end(name).ends_with(b"\"") && matches!(next, Some(b',' | b'}')),
        [.., b'[' | b','] => matches!(next, Some(b',' | b']')),
        _ => false,
    };
    fits.then_some(start..end)
}

fn is_tail(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

fn trim_end(text: &[u8]) -> &[u8] {
    text[text.len().saturating_sub(JSON_SPACE_BYTES_MAX)..].trim_ascii_end()
}

fn trim_start(text: &[u8]) -> &[u8] {
    text[..text.len().min(JSON_SPACE_BYTES_MAX)].trim_ascii_start()
}

/// Whether bytes are text that people could read: UTF-8 without control characters but tabs and line
/// ends. What is framed by lengths (Avro, Protobuf, a packed number) has some, but for short accidents.
pub(super) fn is_plain_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    !bytes.iter().any(control) && std::str::from_utf8(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number<'t>(text: &'t str, digits: &str) -> Option<&'t str> {
        let start = text.find(digits).expect("the digits are there");
        json_number(text.as_bytes(), &(start..start + digits.len())).map(|span| &text[span])
    }

    #[test]
    fn a_number_is_known_by_its_neighbours() {
        for text in ["x {\"a\" : 77 }", "[77]", "[1, 77 ,2]", "{\"a\":77,"] {
            assert_eq!(number(text, "77"), Some("77"), "{text}");
        }
        assert_eq!(number("{\"a\":-77.5e+3}", "77"), Some("-77.5e+3"));
        for text in ["a: 77,", "77", "\"77\"", "(77)", "{\"a\":\"77\"}", "[77"] {
            assert_eq!(number(text, "77"), None, "{text}");
        }
    }

    #[test]
    fn text_has_no_control_characters() {
        assert!(is_plain_text("é\t\r\n".as_bytes()) && is_plain_text(b""));
        assert!(!is_plain_text(b"\x16536-90-4399") && !is_plain_text(b"\xff"));
        assert!(!is_plain_text(b"\0\0\0\0\x01text"));
    }
}
