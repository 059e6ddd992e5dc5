//! Characters that stand for an ASCII one, or for none.
//!
//! Owns: the table of them. Refuses: letters that merely look like others (Cyrillic `а`), which no
//! program writes by accident. Stays true: what is ASCII already is never folded; folding twice is
//! folding once.
//!
//! Source: Unicode 14.0, general categories Nd (decimal digits), Zs (spaces), Pd (dashes), Cf (format
//! characters), and the compatibility decompositions of digits and of the full-width forms.

/// What a character stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// This ASCII character.
    As(u8),
    /// Nothing that is seen: zero-width, soft hyphen, variation selector.
    Nothing,
}

/// Zeros of every other decimal digit set; the nine after each are its other digits.
#[rustfmt::skip]
const ZEROS: &[u32] = &[
    0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0,
    0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// What `c` stands for, if it stands for something else than itself.
pub(super) fn fold(c: char) -> Option<Folded> {
    let code = c as u32;
    if code < 0x80 {
        return (code == 0).then_some(Folded::Nothing);
    }
    match code {
        // Full-width forms of ! to ~.
        0xff01..=0xff5e => Some(Folded::As((code - 0xff01) as u8 + b'!')),
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000 => {
            Some(Folded::As(b' '))
        }
        0x2010..=0x2015 | 0x2043 | 0x2212 | 0x02d7 | 0x2796 | 0xfe58 | 0xfe63 => {
            Some(Folded::As(b'-'))
        }
        0x2024 | 0xfe52 => Some(Folded::As(b'.')),
        0xfe6b => Some(Folded::As(b'@')),
        _ if is_unseen(code) => Some(Folded::Nothing),
        _ => digit(code).or_else(|| letter(code)),
    }
}

/// The character of `like`'s own set for an ASCII one, where it has one.
pub(super) fn unfold(byte: u8, like: char) -> Option<char> {
    let code = like as u32;
    match code {
        0xff01..=0xff5e => char::from_u32(0xff01 + u32::from(byte.checked_sub(b'!')?)),
        _ if byte.is_ascii_digit() => {
            let zero = zero_of(code)?;
            char::from_u32(zero + u32::from(byte - b'0'))
        }
        _ => None,
    }
    .filter(|c| fold(*c) == Some(Folded::As(byte)))
}

fn is_unseen(code: u32) -> bool {
    matches!(code,
        0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x202a..=0x202e | 0x2060..=0x206f | 0x20e3 | 0xfe00..=0xfe0f | 0xfeff | 0xe0000..=0xe0fff)
}

fn zero_of(code: u32) -> Option<u32> {
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let zero = *ZEROS.get(after.checked_sub(1)?)?;
    (code - zero < 10).then_some(zero)
}

fn digit(code: u32) -> Option<Folded> {
    let value = match code {
        0xb2 | 0xb3 => code - 0xb0,
        0xb9 => 1,
        0x2070 | 0x2074..=0x2079 => code - 0x2070,
        0x2080..=0x2089 => code - 0x2080,
        0x2460..=0x2468 => code - 0x245f,
        0x24ea => 0,
        _ => code - zero_of(code)?,
    };
    Some(Folded::As(b'0' + value as u8))
}

/// Mathematical and circled letters.
fn letter(code: u32) -> Option<Folded> {
    let place = match code {
        0x1d400..=0x1d6a3 => (code - 0x1d400) % 52,
        0x24b6..=0x24e9 => code - 0x24b6,
        _ => return None,
    };
    let letter = if place < 26 {
        b'A' + place as u8
    } else {
        b'a' + (place - 26) as u8
    };
    Some(Folded::As(letter))
}

/// The character that a text begins with, if it may be one that is folded. Bytes that begin no such
/// character are told apart by two of them.
pub(super) fn leading(text: &[u8]) -> Option<char> {
    let (first, second) = (*text.first()?, *text.get(1)?);
    let may_be = match first {
        0xc2 => matches!(second, 0xa0 | 0xad | 0xb2 | 0xb3 | 0xb9),
        0xcb => second == 0x97,
        0xcd => second == 0x8f,
        0xd8 => second == 0x9c,
        0xd9 => second <= 0xa9,
        0xdb => second >= 0xb0,
        0xdf => second <= 0x89,
        0xe0 => second >= 0xa5,
        0xe1 => !matches!(second, 0xb8..=0xbf),
        0xe2 => matches!(second, 0x80..=0x83 | 0x88 | 0x91..=0x93 | 0x9e),
        0xe3 => second == 0x80 && text.get(2) == Some(&0x80),
        0xea => matches!(second, 0x98..=0xaf),
        0xef => second >= 0xb8,
        0xf0 => second <= 0x9e || text.get(2) == Some(&0xaf),
        0xf3 => second == 0xa0,
        _ => false,
    };
    may_be.then(|| character(text)).flatten()
}

/// The character that a text begins with, if it is UTF-8.
pub(super) fn character(text: &[u8]) -> Option<char> {
    let len = match text.first()? {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    std::str::from_utf8(text.get(..len)?).ok()?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_is_folded_is_recognised_by_its_first_bytes() {
        let mut folded = 0;
        for c in ('\u{80}'..=char::MAX).filter(|c| fold(*c).is_some()) {
            folded += 1;
            let mut text = c.to_string().into_bytes();
            text.push(b'x');
            assert_eq!(leading(&text), Some(c), "U+{:04X}", c as u32);
        }
        assert!(folded > 1000);
    }

    #[test]
    fn digits_of_every_set() {
        for zero in ZEROS {
            for value in 0..10 {
                let c = char::from_u32(zero + value).expect("a character");
                let ascii = b'0' + value as u8;
                assert_eq!(fold(c), Some(Folded::As(ascii)));
                assert_eq!(
                    unfold(ascii, char::from_u32(*zero).expect("a zero")),
                    Some(c)
                );
            }
            assert!(
                zero + 9 < 0x1d7ce
                    || fold(char::from_u32(zero - 1).expect("one")) != Some(Folded::As(b'0'))
            );
        }
        assert!(ZEROS.is_sorted());
        assert_eq!(fold('²'), Some(Folded::As(b'2')));
        assert_eq!(fold('①'), Some(Folded::As(b'1')));
    }

    #[test]
    fn spaces_dashes_and_what_is_not_seen() {
        for c in "\u{a0}\u{2007}\u{202f}\u{3000}".chars() {
            assert_eq!(fold(c), Some(Folded::As(b' ')));
        }
        for c in "\u{2010}\u{2011}\u{2013}\u{2014}\u{2212}\u{fe63}\u{ff0d}".chars() {
            assert_eq!(fold(c), Some(Folded::As(b'-')));
        }
        for c in "\0\u{ad}\u{200b}\u{200d}\u{2060}\u{feff}\u{fe0f}\u{20e3}".chars() {
            assert_eq!(fold(c), Some(Folded::Nothing));
        }
        for c in "aZ09 -é漢я€“”…".chars() {
            assert_eq!(fold(c), None, "{c}");
        }
        assert_eq!(fold('Ａ'), Some(Folded::As(b'A')));
        assert_eq!(fold('𝐬'), Some(Folded::As(b's')));
        assert_eq!(unfold(b'X', '１'), Some('Ｘ'));
        assert_eq!(unfold(b'X', '٤'), None);
    }
}
