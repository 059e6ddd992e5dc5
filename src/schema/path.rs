//! A place within a record as people write it: `customer.ssn`, `phones[3]`.
//!
//! Owns: the elements of a path, names that may be escaped, and the text that shows them. Refuses:
//! to show a name that may itself be a value: long ones, and such as hold a number or an address.
//! Stays true: what is shown is printable, on one line and at most [`SHOWN_PATH_BYTES_MAX`] long.

use crate::limits::{PATH_ELEMENTS_MAX, SHOWN_NAME_BYTES_MAX, SHOWN_PATH_BYTES_MAX};
use std::fmt::Write;
use std::ops::Range;

/// A name with this many digits in a row is taken for a value.
const RUN_DIGITS_MIN: usize = 5;
/// A name with this many digits in all is taken for a value (nine: the shortest identifier).
const DIGITS_MIN: usize = 9;
/// Stands for what was left out.
const CUT: &str = "…";

/// One step of a path, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    /// A member of an object, a field of a record, or a key of a map.
    Name(Name<'a>),
    /// An element of an array, from 0.
    Index(u32),
    /// A field of a message whose schema is not known, by its number.
    Number(u32),
    /// Levels that are too deep to be named.
    Cut,
}

/// The elements that the frames of a walk give, from the outside in: those of the first
/// [`PATH_ELEMENTS_MAX`] and of the last, with a cut between if there are others.
pub(super) fn elements_of<'w, F, I>(
    frames: &'w [F],
    of: impl Fn(&'w F) -> I + Copy + 'w,
) -> impl Iterator<Item = Element<'w>>
where
    I: IntoIterator<Item = Element<'w>> + 'w,
{
    let kept = frames.get(..PATH_ELEMENTS_MAX).unwrap_or(frames);
    let deepest = frames.get(PATH_ELEMENTS_MAX..).unwrap_or_default();
    let cut = (deepest.len() > 1).then_some(Element::Cut);
    let last = deepest.last().into_iter().flat_map(of);
    kept.iter().flat_map(of).chain(cut).chain(last)
}

/// A field name as it stands in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    raw: &'a [u8],
    escaped: bool,
    at: Option<usize>,
}

impl<'a> Name<'a> {
    /// A name that a schema gives.
    pub fn plain(raw: &'a [u8]) -> Name<'a> {
        Name {
            raw,
            escaped: false,
            at: None,
        }
    }

    /// A name in the record itself, from this offset on: the key of a map.
    pub fn key(raw: &'a [u8], at: usize) -> Name<'a> {
        Name {
            raw,
            escaped: false,
            at: Some(at),
        }
    }

    /// A name of a JSON text, without its quotes, from this offset on; it may hold escapes.
    pub fn escaped(raw: &'a [u8], at: usize) -> Name<'a> {
        Name {
            raw,
            escaped: true,
            at: Some(at),
        }
    }

    /// Where it stands in the record; none when it comes from a schema.
    pub fn span(&self) -> Option<Range<usize>> {
        self.at.map(|at| at..at + self.raw.len())
    }

    /// The bytes as they stand, escapes and all.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Its characters, escapes resolved; what is no character becomes U+FFFD.
    pub fn chars(&self) -> Chars<'a> {
        Chars {
            raw: self.raw,
            at: 0,
            escaped: self.escaped,
        }
    }

    /// Whether it reads as this text.
    pub fn is(&self, text: &str) -> bool {
        self.chars().map(|(_, c)| c).eq(text.chars())
    }
}

/// The characters of a text and the bytes each stands for, so that an escaped digit is found where
/// it is written.
#[derive(Clone, Debug)]
pub struct Chars<'a> {
    raw: &'a [u8],
    at: usize,
    escaped: bool,
}

impl Iterator for Chars<'_> {
    /// The bytes of the raw text, and what they mean.
    type Item = (Range<usize>, char);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.raw.get(self.at..)?;
        let first = *rest.first()?;
        let (meaning, len) = match first {
            b'\\' if self.escaped => unescape(rest),
            0..0x80 => (first as char, 1),
            _ => character(rest),
        };
        let start = self.at;
        self.at += len;
        Some((start..self.at, meaning))
    }
}

/// One character beyond ASCII, or U+FFFD for one byte that starts none.
fn character(rest: &[u8]) -> (char, usize) {
    (2..=4)
        .filter_map(|len| rest.get(..len))
        .filter_map(|bytes| std::str::from_utf8(bytes).ok())
        .find_map(|text| text.chars().next().map(|c| (c, c.len_utf8())))
        .unwrap_or((char::REPLACEMENT_CHARACTER, 1))
}

/// RFC 8259 §7. A pair of surrogates is one character; half a pair, or an unknown escape, U+FFFD.
fn unescape(rest: &[u8]) -> (char, usize) {
    let simple = match rest.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(c @ (b'"' | b'\\' | b'/')) => *c as char,
        Some(b'u') => return unicode(rest),
        Some(c) if c.is_ascii() => char::REPLACEMENT_CHARACTER,
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

fn unicode(rest: &[u8]) -> (char, usize) {
    let Some(first) = hex4(rest) else {
        return (char::REPLACEMENT_CHARACTER, 2);
    };
    let low = rest.get(6..).and_then(hex4);
    match (first, low) {
        (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code).unwrap_or_default(), 12)
        }
        _ => (
            char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER),
            6,
        ),
    }
}

/// The number of a `\uXXXX` at the front.
fn hex4(rest: &[u8]) -> Option<u32> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum * 16 + (*digit as char).to_digit(16)?)
    })
}

/// A name for people: as it is when it is short and plain, its length when it may be a value.
pub fn shown_name(name: &Name<'_>) -> String {
    let (mut text, mut run, mut digits) = (String::new(), 0, 0);
    for (_, c) in name.chars() {
        run = if c.is_numeric() { run + 1 } else { 0 };
        digits += usize::from(c.is_numeric());
        let value = run >= RUN_DIGITS_MIN || digits >= DIGITS_MIN || matches!(c, '@' | '＠');
        if value || text.len() + c.len_utf8() > SHOWN_NAME_BYTES_MAX {
            return hidden_name(name);
        }
        text.push(match c {
            '"' | '\\' => '\u{fffd}',
            _ if is_plain(c) || c.is_ascii_graphic() || c == ' ' => c,
            _ => '\u{fffd}',
        });
    }
    text
}

/// Stands for a name that is not shown.
pub fn hidden_name(name: &Name<'_>) -> String {
    format!("<name({})>", name.raw.len())
}

/// What may stand in a path without quotes.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

/// The path as text. Names of unusual form stand in brackets and quotes, so that no name can pass for
/// a path: `orders["a.b"][2]`. Empty for the whole record.
pub fn shown<'a>(elements: impl Iterator<Item = Element<'a>>) -> String {
    const LAST_BYTES_MAX: usize = SHOWN_NAME_BYTES_MAX + "[\"\"]".len() + CUT.len();
    let (mut text, mut last, mut cut) = (String::new(), String::new(), false);
    for element in elements {
        last.clear();
        write_element(&mut last, &element);
        cut |= text.len() + last.len() + LAST_BYTES_MAX > SHOWN_PATH_BYTES_MAX;
        if !cut {
            text.push_str(&last);
        }
    }
    if cut {
        text.push_str(CUT);
        text.push_str(&last);
    }
    match text.strip_prefix('.') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn write_element(text: &mut String, element: &Element<'_>) {
    let written = match element {
        Element::Index(index) => write!(text, "[{index}]"),
        Element::Number(number) => write!(text, ".{number}"),
        Element::Cut => write!(text, ".{CUT}"),
        Element::Name(name) => {
            let shown = shown_name(name);
            let first_digit = shown.starts_with(|c: char| c.is_numeric());
            match !shown.is_empty() && !first_digit && shown.chars().all(is_plain) {
                true => write!(text, ".{shown}"),
                false => write!(text, "[\"{shown}\"]"),
            }
        }
    };
    debug_assert!(written.is_ok(), "a String takes every text");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn names(all: &[&'static str]) -> String {
        shown(
            all.iter()
                .map(|n| Element::Name(Name::escaped(n.as_bytes(), 0))),
        )
    }

    #[test]
    fn a_path_reads_as_people_write_it() {
        let path = [
            Element::Name(Name::plain(b"customer")),
            Element::Name(Name::plain(b"phones")),
            Element::Index(3),
            Element::Number(7),
        ];
        assert_eq!(shown(path.into_iter()), "customer.phones[3].7");
        assert_eq!(names(&[]), "");
        assert_eq!(names(&[r"s\u0073n"]), "ssn");
    }

    #[test]
    fn an_odd_name_cannot_pass_for_a_path() {
        assert_eq!(names(&["a.b", "c"]), r#"["a.b"].c"#);
        assert_eq!(names(&["a\"].b", ""]), "[\"a\u{fffd}].b\"][\"\"]");
        assert_eq!(names(&["7"]), r#"["7"]"#, "which is no field number");
    }

    #[test]
    fn a_name_that_may_be_a_value_is_not_shown() {
        assert_eq!(names(&["123-45-6789"]), r#"["<name(11)>"]"#);
        assert_eq!(names(&["12345"]), r#"["<name(5)>"]"#);
        assert_eq!(names(&["ann@example.com"]), r#"["<name(15)>"]"#);
        assert_eq!(names(&["line_2"]), "line_2");
    }

    #[test]
    fn a_long_path_keeps_its_ends() {
        let all = vec!["abcdefghij"; 100];
        let shown = names(&all);
        assert!(shown.len() <= SHOWN_PATH_BYTES_MAX, "{}", shown.len());
        assert!(shown.starts_with("abcdefghij.abc") && shown.ends_with("….abcdefghij"));
    }

    proptest! {
        #[test]
        fn escapes_mean_what_serde_json_says(text in any::<String>(), ascii in any::<bool>()) {
            let mut json = serde_json::to_string(&text).unwrap();
            if ascii {
                json = json.chars().flat_map(|c| match c.is_ascii() {
                    true => vec![c],
                    false => {
                        let mut units = [0; 2];
                        let units = c.encode_utf16(&mut units).iter();
                        units.flat_map(|u| format!("\\u{u:04X}").chars().collect::<Vec<_>>()).collect()
                    }
                }).collect();
            }
            let inner = &json.as_bytes()[1..json.len() - 1];
            let read: String = Name::escaped(inner, 0).chars().map(|(_, c)| c).collect();
            prop_assert_eq!(&read, &text);
            prop_assert!(Name::escaped(inner, 0).is(&text));
        }

        #[test]
        fn any_bytes_are_a_name(raw in proptest::collection::vec(any::<u8>(), 0..200), escaped: bool) {
            let name = if escaped { Name::escaped(&raw, 0) } else { Name::plain(&raw) };
            let mut end = 0;
            for (span, _) in name.chars() {
                prop_assert!(span.start == end && span.end > end);
                end = span.end;
            }
            prop_assert_eq!(end, raw.len());
            let text = shown([Element::Name(name)].into_iter());
            prop_assert!(text.len() <= SHOWN_PATH_BYTES_MAX);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
