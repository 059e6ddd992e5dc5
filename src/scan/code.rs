//! Codes of letters and digits, whole tokens or in groups.
//!
//! Owns: reading a fixed number of characters from where a token begins, and how they were written:
//! which case, where a separator stood. Refuses: to know a code's rule. Stays true: a code ends where
//! its token ends; between two of its characters stands at most one separator, the same throughout;
//! reading looks at no more than twice as many bytes as the code has characters.

use super::cluster::{clean_back, clean_front, hyphenated_on, is_separator};
use super::printed::less;
use super::scene::Sink;
use crate::chunk::Likelihood;
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

/// Which kind of character stands where, as bits: bit i for character i.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Characters.
    pub(super) len: usize,
    /// Where a digit stands.
    pub(super) digits: u64,
    /// Where a letter stands; where neither bit is set it may be either.
    pub(super) letters: u64,
}

impl Shape {
    /// Of `A` a letter, `N` a digit, and anything else for either.
    pub(super) const fn of(kinds: &[u8]) -> Shape {
        let mut shape = Shape {
            len: 0,
            digits: 0,
            letters: 0,
        };
        while shape.len < kinds.len() {
            shape = shape.with(1, kinds[shape.len]);
        }
        shape
    }

    /// With so many more of a kind behind.
    pub(super) const fn with(self, count: usize, kind: u8) -> Shape {
        let bits = ((1 << count) - 1) << self.len;
        let (digits, letters) = match kind {
            b'N' => (bits, 0),
            b'A' => (0, bits),
            _ => (0, 0),
        };
        Shape {
            len: self.len + count,
            digits: self.digits | digits,
            letters: self.letters | letters,
        }
    }
}

impl Code {
    /// Reads a code of this shape from `at`. None if the token begins earlier, does not end with it, or is
    /// made otherwise.
    pub(super) fn read(text: &[u8], at: usize, shape: &Shape) -> Option<Code> {
        let len = shape.len;
        if len > CODE_CHARACTERS_MAX {
            return None;
        }
        let mut characters = [0; CODE_CHARACTERS_MAX];
        let (mut end, mut gaps, mut separator) = (at, 0u64, None);
        // All bits of the letters, or of their complements, in which bit 5 tells the case.
        let (mut lower, mut upper) = (0u8, 0u8);
        for (i, place) in characters.iter_mut().take(len).enumerate() {
            let mut byte = *text.get(end)?;
            if is_separator(byte) && i > 0 && separator.is_none_or(|known| known == byte) {
                separator = Some(byte);
                gaps |= 1 << i;
                end += 1;
                byte = *text.get(end)?;
            }
            let letter = byte.is_ascii_alphabetic();
            if (letter && shape.digits >> i & 1 == 1)
                || (!letter && (shape.letters >> i & 1 == 1 || !byte.is_ascii_digit()))
            {
                return None;
            }
            let case = if letter { 0x20 } else { 0 };
            lower |= byte & case;
            upper |= !byte & case;
            *place = byte & !case;
            end += 1;
        }
        let span = at..end;
        let case = match (upper != 0, lower != 0) {
            (true, true) => Case::Mixed,
            (false, true) => Case::Lower,
            _ => Case::Upper,
        };
        if !clean_back(text, end) || !clean_front(text, at) {
            return None;
        }
        let hyphenated_on = hyphenated_on(text, &span);
        Some(Code {
            characters,
            len,
            span,
            gaps,
            separator,
            case,
            hyphenated_on,
        })
    }

    /// Reports it, a step less likely where a hyphen ties it to something longer.
    pub(super) fn report(self, likelihood: Likelihood, sink: &mut Sink<'_>) {
        let likelihood = if self.hyphenated_on {
            less(likelihood)
        } else {
            Some(likelihood)
        };
        if let Some(likelihood) = likelihood {
            sink.report(self.span, likelihood);
        }
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
        let any = Shape::of(b"").with(len, b'X');
        Code::read(text.as_bytes(), at, &any).map(|code| {
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
        let any = |len| Shape::of(b"").with(len, b'X');
        assert!(Code::read(&[b'A'; 80], 0, &any(CODE_CHARACTERS_MAX + 1)).is_none());
        assert!(Code::read(b"AB-12-34", 0, &any(4)).is_some_and(|code| code.hyphenated_on));
    }

    #[test]
    fn shapes() {
        let shape = Shape::of(b"ANX");
        assert_eq!((shape.len, shape.letters, shape.digits), (3, 1, 2));
        for (text, fits) in [("A1z", true), ("A19", true), ("AA1", false), ("111", false)] {
            assert_eq!(
                Code::read(text.as_bytes(), 0, &shape).is_some(),
                fits,
                "{text}"
            );
        }
        assert!(has_shape(b"A1z", b"ANX") && has_shape(b"A19", b"ANX"));
        assert!(
            !has_shape(b"A1", b"ANX") && !has_shape(b"11z", b"ANX") && !has_shape(b"A1-", b"ANX")
        );
    }
}
