//! One character, spelled otherwise.
//!
//! Owns: JSON escapes (RFC 8259 §7), percent-encoding (RFC 3986 §2.1) and the plus of forms, entities of
//! HTML and XML, characters that [`fold`](super::fold) knows, NULs between characters. Refuses: to
//! know whose escape it is: a text may be escaped twice, so `\\u0031` and `%2531` are a one as well.
//! Stays true: looks at a bounded number of bytes but for a row of backslashes, each once.

use super::fold::{Folded, character, fold};

/// What a spelling stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An ASCII character.
    Byte(u8),
    /// Another one, as it is.
    Char(char),
    /// Nothing that is seen.
    Nothing,
}

/// A spelling at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// Bytes of it.
    pub(super) len: usize,
    /// What it stands for.
    pub(super) meaning: Meaning,
    /// The character that is written, before it was folded.
    pub(super) written: char,
}

fn spelling(len: usize, written: char) -> Spelling {
    let meaning = match fold(written) {
        Some(Folded::As(byte)) => Meaning::Byte(byte),
        Some(Folded::Nothing) => Meaning::Nothing,
        None if written.is_ascii() => Meaning::Byte(written as u8),
        None => Meaning::Char(written),
    };
    Spelling {
        len,
        meaning,
        written,
    }
}

/// The spelling at `at`, if there is one.
#[inline]
pub(super) fn spelled(text: &[u8], at: usize) -> Option<Spelling> {
    let rest = text.get(at..)?;
    match rest.first()? {
        b'\\' => escape(rest),
        b'%' => percent(rest),
        b'&' => entity(rest),
        b'+' => plus(text, at),
        0 => nul(rest),
        0x80.. => {
            let written = character(rest)?;
            let meaning = match fold(written)? {
                // Full-width commas and the like, of which any Chinese text is full, part values either way.
                Folded::As(b'!' | b',' | b';' | b'?' | b'"' | b'\'') => return None,
                Folded::As(byte) => Meaning::Byte(byte),
                Folded::Nothing => Meaning::Nothing,
            };
            let len = written.len_utf8();
            Some(Spelling {
                len,
                meaning,
                written,
            })
        }
        _ => None,
    }
}

impl Spelling {
    /// Whether a scanner that does not see it may miss something for that. A character that stays what it is matters
    /// where a value follows, for the last digits of its spelling look like part of that.
    pub(super) fn matters(&self, text: &[u8], at: usize) -> bool {
        let next = text.get(at + self.len);
        let before_value = next.is_some_and(u8::is_ascii_alphanumeric);
        match self.meaning {
            Meaning::Byte(b'\n' | b'\r' | b'\t') => {
                before_value || next.is_some_and(|c| matches!(c, b'\\' | b'%' | b'&' | 0x80..))
            }
            Meaning::Byte(byte) => {
                let counts = self.written.is_ascii() || byte.is_ascii_alphanumeric();
                counts || matches!(byte, b' ' | b'-' | b'.' | b'@') || before_value
            }
            Meaning::Char(_) => before_value,
            Meaning::Nothing => true,
        }
    }
}

/// Backslashes, and what they escape; quotes and backslashes are left as they are.
fn escape(text: &[u8]) -> Option<Spelling> {
    // Nearly always one.
    if let [b'\\', b'u', ..] = text
        && let Some(c) = hex4(text.get(1..)?).and_then(char::from_u32)
    {
        return Some(spelling(6, c));
    }
    let slashes = text.iter().take_while(|byte| **byte == b'\\').count();
    let rest = text.get(slashes..)?;
    let short = |c| Some(spelling(slashes + 1, c));
    match rest.first()? {
        b'n' => short('\n'),
        b'r' => short('\r'),
        b't' => short('\t'),
        b'b' | b'f' => short(' '),
        b'/' => short('/'),
        b'u' => {
            let (written, len) = utf16(rest)?;
            Some(spelling(slashes + len, written))
        }
        _ => None,
    }
}

/// `u0031`, or a pair of surrogates; the second may have backslashes as it likes, up to eight.
fn utf16(text: &[u8]) -> Option<(char, usize)> {
    let high = hex4(text)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 5));
    }
    let rest = text.get(5..)?;
    let slashes = rest
        .iter()
        .take(8)
        .take_while(|byte| **byte == b'\\')
        .count();
    let low = hex4(rest.get(slashes..)?).filter(|_| slashes > 0)?;
    let code = |high: u32, low: u32| 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    let pair = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    let c = pair.then(|| char::from_u32(code(high, low))).flatten()?;
    Some((c, 5 + slashes + 5))
}

fn hex4(text: &[u8]) -> Option<u32> {
    let (high, low) = text.strip_prefix(b"u")?.get(..4)?.split_at(2);
    Some(u32::from(super::hex::byte(high)?) << 8 | u32::from(super::hex::byte(low)?))
}

/// The bytes of one character; `%25` before two more digits is an escaped percent.
fn percent(text: &[u8]) -> Option<Spelling> {
    // Nearly always one byte, encoded once.
    let byte = super::hex::byte(text.get(1..3)?)?;
    if byte < 0x80 && byte != b'%' {
        return Some(spelling(3, char::from(byte)));
    }
    let (mut bytes, mut len) = ([0; 4], 0);
    for count in 0..4 {
        let (byte, used) = percent_byte(text.get(len..)?)?;
        *bytes.get_mut(count)? = byte;
        len += used;
        if let Some(written) = character(bytes.get(..=count)?) {
            return Some(spelling(len, written));
        }
    }
    None
}

fn percent_byte(text: &[u8]) -> Option<(u8, usize)> {
    let mut rest = text.strip_prefix(b"%")?;
    let pair = |text: &[u8]| super::hex::byte(text.get(..2)?);
    while rest.starts_with(b"25") && rest.get(2..).and_then(pair).is_some() {
        rest = rest.get(2..)?;
    }
    Some((pair(rest)?, text.len() - rest.len() + 2))
}

/// Names of entities that a number may be written with.
const NAMED: &[(&[u8], char)] = &[
    (b"nbsp;", '\u{a0}'),
    (b"shy;", '\u{ad}'),
    (b"ensp;", '\u{2002}'),
    (b"emsp;", '\u{2003}'),
    (b"thinsp;", '\u{2009}'),
    (b"zwnj;", '\u{200c}'),
    (b"zwj;", '\u{200d}'),
    (b"hyphen;", '\u{2010}'),
    (b"dash;", '\u{2010}'),
    (b"ndash;", '\u{2013}'),
    (b"mdash;", '\u{2014}'),
    (b"minus;", '\u{2212}'),
    (b"lt;", '<'),
    (b"gt;", '>'),
    (b"commat;", '@'),
    (b"period;", '.'),
];
/// Digits of a numeric entity: the longest without leading zeros has seven.
const ENTITY_DIGITS_MAX: usize = 10;

fn entity(text: &[u8]) -> Option<Spelling> {
    let mut rest = text.strip_prefix(b"&")?;
    rest.first()
        .filter(|c| **c == b'#' || c.is_ascii_lowercase())?;
    // Nearly always two digits, once.
    if let [b'#', tens @ b'1'..=b'9', ones @ b'0'..=b'9', b';', ..] = rest {
        return Some(spelling(5, char::from(10 * (tens - b'0') + (ones - b'0'))));
    }
    while let Some(inner) = rest.strip_prefix(b"amp;") {
        rest = inner; // escaped twice
    }
    let before = text.len() - rest.len();
    if let Some(digits) = rest.strip_prefix(b"#") {
        let (digits, radix, prefix) = match digits {
            [b'x' | b'X', hex @ ..] => (hex, 16, 2),
            _ => (digits, 10, 1),
        };
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
        let count = digits
            .iter()
            .take(ENTITY_DIGITS_MAX)
            .take_while(is_digit)
            .count();
        let code = digits.get(..count).filter(|_| count > 0)?;
        let code = code.iter().fold(0u32, |n, digit| {
            let digit = char::from(*digit).to_digit(radix).unwrap_or(0);
            n.saturating_mul(radix).saturating_add(digit)
        });
        let end = usize::from(digits.get(count) == Some(&b';'));
        return Some(spelling(
            before + prefix + count + end,
            char::from_u32(code)?,
        ));
    }
    let (name, c) = NAMED.iter().find(|(name, _)| rest.starts_with(name))?;
    Some(spelling(before + name.len(), *c))
}

/// A space of `application/x-www-form-urlencoded`, where it joins digits.
fn plus(text: &[u8], at: usize) -> Option<Spelling> {
    let digit = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let joins = digit(at.checked_sub(1)) && digit(Some(at + 1));
    joins.then_some(Spelling {
        len: 1,
        meaning: Meaning::Byte(b' '),
        written: '+',
    })
}

/// Up to three NULs before a character: what 16-bit and 32-bit text has, and some padding.
const NULS_MAX: usize = 3;

fn nul(text: &[u8]) -> Option<Spelling> {
    let count = text
        .iter()
        .take(NULS_MAX + 1)
        .take_while(|byte| **byte == 0)
        .count();
    let next = text.get(count)?;
    let visible = matches!(next, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let fits = count <= NULS_MAX && visible;
    fits.then_some(Spelling {
        len: count,
        meaning: Meaning::Nothing,
        written: '\0',
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str, len: usize, meaning: Meaning) {
        let found = spelled(text.as_bytes(), 0).map(|s| (s.len, s.meaning));
        assert_eq!(found, Some((len, meaning)), "{text}");
    }

    fn none(text: &str) {
        assert_eq!(spelled(text.as_bytes(), 0), None, "{text}");
    }

    #[test]
    fn one_in_many_spellings() {
        for text in [
            r"\u0031",
            r"\\u0031",
            r"\\\\u0031",
            r"\uff11",
            r"\uFF11",
            r"\ud835\udfcf",
            r"\\ud835\\udfcf",
            "%31",
            "%2531",
            "%252531",
            "%EF%BC%91",
            "%25EF%25BC%2591",
            "&#49;",
            "&#49",
            "&#0049;",
            "&#x31;",
            "&#X31",
            "&amp;#49;",
            "&amp;amp;#x31;",
            "&#65297;",
            "１",
            "١",
            "۱",
            "१",
            "𝟏",
            "𝟭",
            "①",
            "¹",
        ] {
            let len = text.len();
            is(text, len, Meaning::Byte(b'1'));
            is(&format!("{text}-"), len, Meaning::Byte(b'1'));
        }
    }

    #[test]
    fn spaces_and_nothing() {
        for (text, meaning) in [
            ("\u{a0}", Meaning::Byte(b' ')),
            ("%20", Meaning::Byte(b' ')),
            ("&nbsp;", Meaning::Byte(b' ')),
            (r"\u2011", Meaning::Byte(b'-')),
            ("&ndash;", Meaning::Byte(b'-')),
            (r"\n", Meaning::Byte(b'\n')),
            ("&shy;", Meaning::Nothing),
            ("\u{200b}", Meaning::Nothing),
            ("%E2%80%8B", Meaning::Nothing),
            (r"\u200b", Meaning::Nothing),
            (r"\u0000", Meaning::Nothing),
            (r"\/", Meaning::Byte(b'/')),
        ] {
            is(text, text.len(), meaning);
        }
        let after = spelled(b"\0\0\x001", 0).map(|s| (s.len, s.meaning));
        assert_eq!(after, Some((3, Meaning::Nothing)));
    }

    #[test]
    fn what_is_none() {
        for text in [
            r"\",
            r#"\""#,
            r"\u00",
            r"\u003g",
            r"\ud835",
            r"\ud835x",
            r"\udfcf",
            "%",
            "%3",
            "%zz",
            "%ff",
            "%25",
            "&",
            "&&",
            "&#;",
            "&#x;",
            "&#x110000;",
            "&b=1",
            "+1",
            "\0",
            "\0\0\0\x001",
            "\0\x01",
            "é",
            "漢",
            "“",
        ] {
            if text == "%25" {
                is(text, 3, Meaning::Byte(b'%'));
            } else {
                none(text);
            }
        }
        assert!(spelled(b"1+1", 1).is_some() && spelled(b"a+1", 1).is_none());
    }
}
