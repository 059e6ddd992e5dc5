//! Values as they stand in a record's text, and what of the text may go back into the record.
//!
//! Owns: the escapes, the forms of numbers, and both ways. Refuses: to round: a fraction comes back whole,
//! for only masks come back. Stays true: what was written reads back as the same bytes or number.

use crate::schema::edit::With;
use std::borrow::Cow;
use std::io::Write;

/// Decimal places of a number in 64 bits.
pub(super) const PLACES_MAX: u32 = 18;

/// What may be written in the place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Any text.
    Text,
    /// An integer.
    Integer,
    /// A number of so many decimal places.
    Decimal(u32),
    /// Any number.
    Fraction,
    /// Text whose length must stay.
    Rigid,
    /// A UUID as text: nothing else would be one.
    Uuid,
}

impl Nature {
    /// Whether its bytes read as the text does.
    pub fn is_text(self) -> bool {
        matches!(self, Nature::Text | Nature::Rigid | Nature::Uuid)
    }
}

/// What a piece becomes whose text was changed to this. Text is put in `content`; where there is no
/// such value, none is left.
pub fn changed<'c>(nature: Nature, text: &[u8], content: &'c mut Vec<u8>) -> With<'c> {
    let number = || std::str::from_utf8(text.trim_ascii()).ok();
    let number = match nature {
        Nature::Text | Nature::Rigid => {
            content.clear();
            content.extend_from_slice(&unescaped(text));
            return With::Content(content);
        }
        Nature::Uuid => None,
        Nature::Integer => number().and_then(|text| text.parse().ok()),
        Nature::Decimal(places) => number().and_then(|text| unscaled_of(text, places)),
        Nature::Fraction => number()
            .and_then(|text| text.parse::<f64>().ok())
            .map(|v| v as i64),
    };
    number.map_or(With::Nothing, With::Number)
}

/// Stands where there is nothing to find.
pub(super) fn word(to: &mut Vec<u8>) {
    to.extend_from_slice(b"null");
}

/// A string with its quotes. Only what JSON demands is escaped; bytes that are no UTF-8 stay.
pub(super) fn string(to: &mut Vec<u8>, raw: &[u8]) {
    to.push(b'"');
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| is_escaped(*byte)) {
        to.extend_from_slice(rest.get(..at).unwrap_or_default());
        match rest.get(at) {
            Some(b'\n') => to.extend_from_slice(b"\\n"),
            Some(b'\r') => to.extend_from_slice(b"\\r"),
            Some(b'\t') => to.extend_from_slice(b"\\t"),
            Some(byte @ (b'"' | b'\\')) => to.extend_from_slice(&[b'\\', *byte]),
            Some(byte) => put(to, format_args!("\\u{byte:04x}")),
            None => {}
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    to.extend_from_slice(rest);
    to.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\')
}

/// Whether [`string`] writes it otherwise than it is.
pub(super) fn needs_escape(raw: &[u8]) -> bool {
    raw.iter().any(|byte| is_escaped(*byte))
}

/// The bytes that a string's inside stands for. Other escapes than those written above stay as they are.
fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(first) = rest.first() {
        let (byte, len) = escape(rest).unwrap_or((*first, 1));
        bytes.push(byte);
        rest = rest.get(len..).unwrap_or_default();
    }
    Cow::Owned(bytes)
}

/// How many bytes [`unescaped`] makes.
pub(super) fn unescaped_len(text: &[u8]) -> usize {
    match text.contains(&b'\\') {
        true => unescaped(text).len(),
        false => text.len(),
    }
}

/// The byte that an escape at the front stands for, and the length of the escape.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let (byte, len) = match text.strip_prefix(b"\\")? {
        [b'n', ..] => (b'\n', 2),
        [b'r', ..] => (b'\r', 2),
        [b't', ..] => (b'\t', 2),
        [byte @ (b'"' | b'\\'), ..] => (*byte, 2),
        [b'u', b'0', b'0', high, low, ..] => {
            let digit = |byte: u8| (byte as char).to_digit(16);
            ((digit(*high)? * 16 + digit(*low)?) as u8, 6)
        }
        _ => return None,
    };
    Some((byte, len))
}

/// Whether bytes are text that people could read.
pub(super) fn is_text(raw: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    !raw.iter().any(control) && std::str::from_utf8(raw).is_ok()
}

fn put(to: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    let written = to.write_fmt(what);
    debug_assert!(written.is_ok(), "a Vec takes all bytes");
}

pub(super) fn integer(to: &mut Vec<u8>, number: i64) {
    put(to, format_args!("{number}"));
}

/// The value of four or eight bytes, the lowest first (IEEE 754).
pub(super) fn fraction(bytes: &[u8]) -> Option<f64> {
    let double = bytes.try_into().ok().map(f64::from_le_bytes);
    double.or_else(|| Some(f32::from_le_bytes(bytes.try_into().ok()?).into()))
}

/// As people write it, where that is short.
pub(super) fn write_fraction(to: &mut Vec<u8>, value: f64) {
    let short = value == 0.0 || (1e-5..1e17).contains(&value.abs());
    match short {
        true => put(to, format_args!("{value}")),
        false => put(to, format_args!("{value:e}")),
    }
}

/// Two's complement, the highest byte first, of at most eight.
pub(super) fn unscaled(bytes: &[u8]) -> Option<i64> {
    let sign = if bytes.first()? & 0x80 != 0 { -1i64 } else { 0 };
    let add = |sum: i64, byte: &u8| sum << 8 | i64::from(*byte);
    (bytes.len() <= 8).then(|| bytes.iter().fold(sign, add))
}

/// A number whose last so many digits stand behind the point.
pub(super) fn decimal(to: &mut Vec<u8>, unscaled: i64, places: u32) {
    if places == 0 {
        return integer(to, unscaled);
    }
    let (size, one) = (unscaled.unsigned_abs(), 10u64.pow(places));
    let sign = if unscaled < 0 { "-" } else { "" };
    let (whole, rest, width) = (size / one, size % one, places as usize);
    put(to, format_args!("{sign}{whole}.{rest:0width$}"));
}

/// The number without its point.
fn unscaled_of(text: &str, places: u32) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let mut digits = whole.to_owned();
    let rest = rest.bytes().chain(std::iter::repeat(b'0'));
    digits.extend(rest.take(places as usize).map(char::from));
    digits.parse().ok()
}
