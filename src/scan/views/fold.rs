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

/// Whether anything is folded among these 256 characters, for the first two planes.
static PAGES: [bool; 0x200] = pages();

const fn pages() -> [bool; 0x200] {
    let mut pages = [false; 0x200];
    let others = [
        0x00, 0x02, 0x03, 0x06, 0x11, 0x16, 0x17, 0x18, 0x20, 0x22, 0x24, 0x27, 0x30, 0xfe, 0xff,
        0x1d4, 0x1d5, 0x1d6,
    ];
    let mut i = 0;
    while i < others.len() {
        pages[others[i]] = true;
        i += 1;
    }
    i = 0;
    while i < ZEROS.len() {
        pages[ZEROS[i] as usize >> 8] = true;
        i += 1;
    }
    pages
}

/// What `c` stands for, if it stands for something else than itself.
pub(super) fn fold(c: char) -> Option<Folded> {
    let code = c as u32;
    if code < 0x80 {
        return (code == 0).then_some(Folded::Nothing);
    }
    let page = PAGES.get(code as usize >> 8).copied();
    page.unwrap_or(true).then(|| folded(code)).flatten()
}

fn folded(code: u32) -> Option<Folded> {
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

/// Where in [`ZEROS`] each page's first zero stands; past its end: the page has none. No set of digits lies across
/// two pages.
static FIRST_ZEROS: [u8; 0x200] = first_zeros();

const fn first_zeros() -> [u8; 0x200] {
    let mut first = [u8::MAX; 0x200];
    let mut i = ZEROS.len();
    while i > 0 {
        i -= 1;
        first[ZEROS[i] as usize >> 8] = i as u8;
    }
    first
}

fn zero_of(code: u32) -> Option<u32> {
    let first = FIRST_ZEROS.get(code as usize >> 8)?;
    let zeros = ZEROS.get(usize::from(*first)..)?;
    let of_page = zeros.iter().take_while(|zero| **zero <= code);
    of_page.last().copied().filter(|zero| code - zero < 10)
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

/// By first byte: the second bytes of characters that may be folded, a bit each.
static SECONDS: [u64; 64] = {
    let mut seconds = [0; 64];
    let mut at = 0;
    while at < 64 * 64 {
        // What the third byte says is looked at later; 0x80 is a third byte of each.
        let (first, second) = (0xc0 | (at / 64) as u8, 0x80 | (at % 64) as u8);
        seconds[at / 64] |= (may_fold(first, second, 0x80) as u64) << (at % 64);
        at += 1;
    }
    seconds
};

/// Whether a character with these bytes, of which the first is 0xC0 or more, may be folded to something that counts.
#[inline(always)]
pub(super) fn may_begin(first: u8, second: u8, third: u8) -> bool {
    let seconds = SECONDS[usize::from(first & 0x3f)];
    let among = seconds >> (second & 0x3f) & 1 == 1 && second & 0xc0 == 0x80;
    // Only these two need the third: spaces among brackets, digits among commas.
    let third_fits = match (first, second) {
        (0xe3, 0x80) | (0xef, 0xbc) => may_fold(first, second, third),
        _ => true,
    };
    among & third_fits
}

/// Whether a character whose UTF-8 begins with these three bytes (or is two of them) may be folded to something that
/// counts.
pub(super) const fn may_fold(first: u8, second: u8, third: u8) -> bool {
    let (b, n, t) = (first, second, third);
    let two = (b == 0xc2) & (n >= 0xa0) & (n <= 0xb9)
        | (b == 0xcb) & (n == 0x97)
        | (b == 0xcd) & (n == 0x8f)
        | (b == 0xd8) & (n == 0x9c)
        | (b == 0xd9) & (n >= 0xa0) & (n <= 0xa9)
        | (b == 0xdb) & (n >= 0xb0)
        | (b == 0xdf) & (n <= 0x89);
    let three = (b == 0xe0) & (n >= 0xa5)
        | (b == 0xe1) & (n <= 0xb7)
        | (b == 0xe2) & ((n <= 0x83) | (n == 0x88) | (n.wrapping_sub(0x91) < 3) | (n == 0x9e))
        | (b == 0xe3) & (n == 0x80) & (t == 0x80)
        | (b == 0xea) & (n >= 0x98) & (n <= 0xaf)
        | (b == 0xef)
            & (n >= 0xb8)
            & !((n == 0xbc) & ((t == 0x8c) | (t == 0x81) | (t == 0x9f) | (t == 0x9b)));
    two | three | (b == 0xf0) & (n <= 0x9f) | (b == 0xf3) & (n == 0xa0)
}

/// The character that a text begins with, if it is UTF-8 (RFC 3629 §4).
pub(super) fn character(text: &[u8]) -> Option<char> {
    let more = |at: usize| {
        let byte = text.get(at).filter(|byte| **byte & 0xc0 == 0x80)?;
        Some(u32::from(byte & 0x3f))
    };
    let first = u32::from(*text.first()?);
    let (code, least) = match first {
        0..=0x7f => (first, 0),
        0xc2..=0xdf => ((first & 0x1f) << 6 | more(1)?, 0x80),
        0xe0..=0xef => ((first & 0x0f) << 12 | more(1)? << 6 | more(2)?, 0x800),
        0xf0..=0xf4 => (
            (first & 0x07) << 18 | more(1)? << 12 | more(2)? << 6 | more(3)?,
            0x1_0000,
        ),
        _ => return None,
    };
    char::from_u32(code).filter(|_| code >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_is_missing() {
        for c in '\u{80}'..=char::MAX {
            assert_eq!(fold(c), folded(c as u32), "U+{:04X}", c as u32);
        }
    }

    #[test]
    fn every_character_that_is_folded_is_recognised_by_its_first_bytes() {
        let mut folded = 0;
        for c in ('\u{80}'..=char::MAX).filter(|c| fold(*c).is_some()) {
            folded += 1;
            let text = c.to_string().into_bytes();
            let third = text.get(2).copied().unwrap_or(b'x');
            let counts = !"！，；？".contains(c);
            assert!(
                may_fold(text[0], text[1], third) || !counts,
                "U+{:04X}",
                c as u32
            );
        }
        assert!(folded > 5_000);
    }

    #[test]
    fn characters_are_read_as_the_library_reads_them() {
        for c in '\0'..=char::MAX {
            let mut text = [0xff; 5];
            let len = c.encode_utf8(&mut text).len();
            assert_eq!(character(&text), Some(c));
            assert_eq!(character(&text[..len - 1]), None);
        }
        for text in [
            &[0xc1, 0x81][..],
            &[0xe0, 0x80, 0x80],
            &[0xed, 0xa0, 0x80],
            &[0xf4, 0x90, 0x80, 0x80],
            &[0x80],
            &[0xe2, 0x41, 0x80],
        ] {
            assert_eq!(character(text), None, "{text:x?}");
        }
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
