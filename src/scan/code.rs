//! Codes of letters and digits, whole tokens or in groups.
//!
//! Owns: reading a fixed number of characters from where a token begins, and how they were written:
//! which case, where a separator stood. Refuses: to know a code's rule. Stays true: a code ends where
//! its token ends; between two of its characters stands at most one separator, the same throughout;
//! reading looks at no more than twice as many bytes as the code has characters.

use super::cluster::{clean_back, clean_front, hyphenated_on, is_separator};
use std::ops::Range;

/// Most characters of a code: the longest IBAN, Russia's.
pub(super) const CODE_CHARACTERS_MAX: usize = 33;

/// The case of a code's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// All upper case, or no letters.
    Upper,
    /// All lower case.
    Lower,
    /// Both.
    Mixed,
}

/// A code as it was written.
pub(super) struct Code {
    characters: [u8; CODE_CHARACTERS_MAX],
    len: usize,
    /// Where it stands.
    pub(super) span: Range<usize>,
    /// Bit i: a separator stands before character i.
    pub(super) gaps: u64,
    /// The separator, where there is one.
    pub(super) separator: Option<u8>,
    /// Before the letters were folded.
    pub(super) case: Case,
    /// A hyphen ties it to something longer.
    pub(super) hyphenated_on: bool,
}

const _: () = assert!(CODE_CHARACTERS_MAX <= 64, "a bit of `gaps` each");

impl Code {
    /// Reads `len` characters from `at`. None if the token begins earlier, or does not end after them.
    pub(super) fn read(text: &[u8], at: usize, len: usize) -> Option<Code> {
        if len > CODE_CHARACTERS_MAX || !clean_front(text, at) {
            return None;
        }
        let mut characters = [0; CODE_CHARACTERS_MAX];
        let (mut end, mut gaps, mut separator) = (at, 0, None);
        let (mut upper, mut lower) = (false, false);
        for (i, place) in characters.iter_mut().take(len).enumerate() {
            let mut byte = *text.get(end)?;
            if i > 0 && is_separator(byte) && separator.is_none_or(|known| known == byte) {
                separator = Some(byte);
                gaps |= 1 << i;
                end += 1;
                byte = *text.get(end)?;
            }
            if !byte.is_ascii_alphanumeric() {
                return None;
            }
            upper |= byte.is_ascii_uppercase();
            lower |= byte.is_ascii_lowercase();
            *place = byte.to_ascii_uppercase();
            end += 1;
        }
        let span = at..end;
        let case = match (upper, lower) {
            (true, true) => Case::Mixed,
            (false, true) => Case::Lower,
            _ => Case::Upper,
        };
        let hyphenated_on = hyphenated_on(text, &span);
        clean_back(text, end).then_some(Code {
            characters,
            len,
            span,
            gaps,
            separator,
            case,
            hyphenated_on,
        })
    }

    /// Its letters and digits, in upper case.
    pub(super) fn characters(&self) -> &[u8] {
        self.characters.get(..self.len).unwrap_or_default()
    }
}

/// Whether the text has the shape, character for character: `A` a letter, `N` a digit, `X` either.
pub(super) fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, kind): (&u8, &u8)| match kind {
        b'A' => byte.is_ascii_alphabetic(),
        b'N' => byte.is_ascii_digit(),
        _ => byte.is_ascii_alphanumeric(),
    };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, at: usize, len: usize) -> Option<(String, u64, Case)> {
        Code::read(text.as_bytes(), at, len).map(|code| {
            (
                String::from_utf8_lossy(code.characters()).into_owned(),
                code.gaps,
                code.case,
            )
        })
    }

    #[test]
    fn characters_gaps_and_case() {
        let folded = |gaps, case| Some(("AB12".to_owned(), gaps, case));
        assert_eq!(read("AB12", 0, 4), folded(0, Case::Upper));
        assert_eq!(read("-ab12.", 1, 4), folded(0, Case::Lower));
        assert_eq!(read("x aB12", 2, 4), folded(0, Case::Mixed));
        assert_eq!(read("AB 1 2", 0, 4), folded(0b1100, Case::Upper));
        assert_eq!(read("AB-12-34", 0, 4), folded(0b100, Case::Upper));
        assert_eq!(read("1234", 0, 4).map(|code| code.2), Some(Case::Upper));
    }

    #[test]
    fn only_whole_tokens_with_single_equal_separators() {
        for (text, at) in [
            ("AB123", 0),
            ("AB12c", 0),
            ("xAB12", 1),
            ("0.1B12", 2),
            ("AB  12", 0),
            ("A B-12", 0),
            ("AB 1", 0),
            ("AB1é", 0),
            ("AB_12", 0),
            ("", 0),
        ] {
            assert_eq!(read(text, at, 4), None, "{text}");
        }
        assert!(Code::read(&[b'A'; 80], 0, CODE_CHARACTERS_MAX + 1).is_none());
        assert!(Code::read(b"AB-12-34", 0, 4).is_some_and(|code| code.hyphenated_on));
    }

    #[test]
    fn shapes() {
        assert!(has_shape(b"A1z", b"ANX") && has_shape(b"A19", b"ANX"));
        assert!(
            !has_shape(b"A1", b"ANX") && !has_shape(b"11z", b"ANX") && !has_shape(b"A1-", b"ANX")
        );
    }
}
