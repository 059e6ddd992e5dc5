//! The characters of a finding, and which of them carry its value.
//!
//! Owns: where one character ends and the next begins: UTF-8, and JSON's escapes (RFC 8259 §7).
//! Refuses: to say what they mean. Stays true: characters follow each other without a gap, whatever
//! the bytes; an escape is one character, so that no mask cuts one in half.

use super::super::detector::Alphabet;
use std::ops::Range;

/// What stands for a masked character.
pub(super) const MASKED: u8 = b'X';
/// What stands for it where an `X` would make the rest look like a value again.
pub(super) const MASKED_APART: u8 = b'*';

/// One character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its bytes, in the text.
    pub(super) span: Range<usize>,
    /// Whether it carries the value; separators and brackets do not.
    pub(super) is_value: bool,
}

/// The characters of a text that is a finding of a detector of this alphabet. `in_string`: a backslash
/// begins an escape.
pub(super) fn units(
    text: &[u8],
    alphabet: Alphabet,
    in_string: bool,
) -> impl Iterator<Item = Unit> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let len = len_of(rest, in_string).min(rest.len());
        let is_value = match (rest, alphabet) {
            (_, Alphabet::Text) => true,
            ([byte, ..], Alphabet::Digits) if len == 1 => byte.is_ascii_digit() || is_mask(*byte),
            ([byte, ..], _) if len == 1 => byte.is_ascii_alphanumeric() || is_mask(*byte),
            _ => false,
        };
        let span = at..at + len;
        at += len;
        Some(Unit { span, is_value })
    })
}

/// What an earlier mask left where a character was.
fn is_mask(byte: u8) -> bool {
    byte == MASKED || byte == MASKED_APART
}

fn len_of(rest: &[u8], in_string: bool) -> usize {
    match rest {
        [b'\\', b'u', ..] if in_string => 6,
        [b'\\', ..] if in_string => 2,
        [0..0x80, ..] => 1,
        _ => (2..=4)
            .find(|len| {
                rest.get(..*len)
                    .is_some_and(|bytes| std::str::from_utf8(bytes).is_ok())
            })
            .unwrap_or(1),
    }
}

/// The span without the parts of escapes that it begins or ends in: `\n` before `ann@…` is no part of
/// the name; a backslash at its end takes what it escapes with it. `string` is the inside of the
/// string it lies in.
pub(super) fn whole_escapes(
    text: &[u8],
    string: &Range<usize>,
    span: Range<usize>,
) -> Range<usize> {
    let start = escape_around(text, string, span.start).map_or(span.start, |escape| escape.end);
    let end = escape_around(text, string, span.end).map_or(span.end, |escape| escape.end);
    start.min(end)..end
}

/// The escape that begins before `at` and ends behind it, if there is one.
fn escape_around(text: &[u8], string: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let reach = at.saturating_sub(ESCAPE_BYTES_MAX - 1).max(string.start);
    (reach..at).find_map(|start| {
        let before = text.get(string.start..start)?;
        let backslashes = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        let rest = text.get(start..string.end)?;
        let begins = rest.first() == Some(&b'\\') && backslashes.is_multiple_of(2);
        let end = start + len_of(rest, true).min(rest.len());
        (begins && end > at).then_some(start..end)
    })
}

/// `\u0031`.
const ESCAPE_BYTES_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str, alphabet: Alphabet, in_string: bool) -> Vec<&str> {
        units(text.as_bytes(), alphabet, in_string)
            .filter(|unit| unit.is_value)
            .map(|unit| &text[unit.span])
            .collect()
    }

    #[test]
    fn separators_are_form_and_escapes_are_whole() {
        let digits = values("5a-X\\u0031", Alphabet::Digits, true);
        assert_eq!(digits, ["5", "X"]);
        let letters = values("5a-é", Alphabet::Alphanumeric, true);
        assert_eq!(letters, ["5", "a"]);
        let text = values("a\\n\\u0031é\\", Alphabet::Text, true);
        assert_eq!(text, ["a", "\\n", "\\u0031", "é", "\\"]);
        assert_eq!(values("\\n", Alphabet::Text, false), ["\\", "n"]);
    }

    #[test]
    fn a_span_is_moved_out_of_escapes() {
        let moved = |text: &str, from: usize, to: usize| {
            let span = whole_escapes(text.as_bytes(), &(0..text.len()), from..to);
            text[span].to_owned()
        };
        assert_eq!(moved(r"\nann", 1, 5), "ann");
        assert_eq!(moved(r"\\nann", 2, 6), "nann");
        assert_eq!(moved(r"\u0020ann", 1, 9), "ann");
        assert_eq!(moved(r"\u0020ann", 4, 9), "ann");
        assert_eq!(moved(r"ann\n", 0, 4), r"ann\n");
        assert_eq!(moved(r"ann\u00e9.", 0, 6), r"ann\u00e9");
        assert_eq!(moved(r"ann\\", 0, 5), r"ann\\");
    }

    proptest! {
        #[test]
        fn characters_follow_each_other(
            text in proptest::collection::vec(prop_oneof![Just(b'\\'), Just(b'u'), any::<u8>()], 0..40),
            in_string in any::<bool>(),
        ) {
            let mut at = 0;
            for unit in units(&text, Alphabet::Text, in_string) {
                prop_assert_eq!(unit.span.start, at);
                prop_assert!(unit.span.end > at);
                at = unit.span.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
