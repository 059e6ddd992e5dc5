//! Signs that a field may spell or pack something otherwise.
//!
//! Owns: the table of signs, two to four bytes each, and the plain reading of it. Refuses: certainty; a
//! mark only says that looking closer may pay. Stays true: what [`expand`](super::expand) can decode
//! carries its mark, so a field without marks needs no second look; the two exceptions (zlib behind other bytes,
//! base64 whose first twelve characters are not letters and digits) are in the evasion table. The fast pass sets the
//! same bits.

use super::character::spelled;
use super::fold::{Folded, character, fold};
use super::{markup, number, packed};

/// Which signs a field carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::scan) struct Marks(pub(in crate::scan) u16);

impl Marks {
    /// A backslash and what may follow it in JSON, save quotes and backslashes.
    pub(in crate::scan) const ESCAPE: Marks = Marks(1);
    /// Percent-encoding.
    pub(in crate::scan) const PERCENT: Marks = Marks(1 << 1);
    /// An entity of HTML or XML.
    pub(in crate::scan) const ENTITY: Marks = Marks(1 << 2);
    /// Markup behind a digit, or before one.
    pub(in crate::scan) const TAG: Marks = Marks(1 << 3);
    /// A plus between digits: a space in a form.
    pub(in crate::scan) const PLUS: Marks = Marks(1 << 4);
    /// A NUL behind a letter or digit: 16-bit text, or padding.
    pub(in crate::scan) const NUL: Marks = Marks(1 << 5);
    /// A number with an exponent or a leading zero.
    pub(in crate::scan) const NUMBER: Marks = Marks(1 << 6);
    /// UTF-8 of a character that [`fold`](super::fold::fold) may know.
    pub(in crate::scan) const UNICODE: Marks = Marks(1 << 7);
    /// The head of a gzip or zlib stream.
    pub(in crate::scan) const DEFLATE: Marks = Marks(1 << 8);
    /// The head of a stream that nothing here can read; counts at the beginning of a field only.
    pub(in crate::scan) const CLAIM: Marks = Marks(1 << 9);
    /// A run of base64 or hex that begins like text.
    pub(in crate::scan) const RUN: Marks = Marks(1 << 10);

    /// None.
    pub(in crate::scan) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds others.
    pub(in crate::scan) fn add(&mut self, other: Marks) {
        self.0 |= other.0;
    }

    /// The marks of a text, read byte by byte: the definition.
    #[cfg(test)]
    pub(in crate::scan) fn of(text: &[u8]) -> Marks {
        let mut marks = Marks::default();
        for at in 0..text.len() {
            for pattern in PATTERNS {
                if pattern.fits(text, at) && (pattern.confirm)(text, at) {
                    marks.add(pattern.mark);
                }
            }
        }
        marks
    }
}

impl Marks {
    /// The marks of a text that has one of them begin at `at` or at one of the two bytes before it; runs
    /// and what counts at the beginning only are told elsewhere.
    pub(in crate::scan) fn around(text: &[u8], at: usize) -> Marks {
        let mut marks = Marks::default();
        for start in at.saturating_sub(2)..=at {
            marks.add(Marks::begin(text, start, !Marks::RUN.0));
        }
        marks
    }

    /// The marks that only the beginning of a text has.
    pub(in crate::scan) fn at_the_beginning(text: &[u8]) -> Marks {
        Marks::begin(text, 0, Marks::CLAIM.0 | Marks::DEFLATE.0)
    }

    /// Whether a run begins like text at `at`.
    pub(in crate::scan) fn run(text: &[u8], at: usize) -> Marks {
        Marks::begin(text, at, Marks::RUN.0)
    }

    fn begin(text: &[u8], at: usize, which: u16) -> Marks {
        let mut marks = Marks::default();
        let first = text.get(at).map_or(0, |byte| FIRST[usize::from(*byte)]);
        let mut left = first;
        while left != 0 {
            let pattern = &PATTERNS[left.trailing_zeros() as usize];
            left &= left - 1;
            if pattern.mark.0 & which != 0 && pattern.fits(text, at) && (pattern.confirm)(text, at)
            {
                marks.add(pattern.mark);
            }
        }
        marks
    }
}

/// By first byte: the patterns that begin with it, a bit each.
static FIRST: [u64; 256] = {
    let mut first = [0; 256];
    let mut index = 0;
    while index < PATTERNS.len() {
        let class = PATTERNS[index].bytes[0];
        let mut range = 0;
        while range < class.len() {
            let mut byte = class[range].0;
            loop {
                first[byte as usize] |= 1 << index;
                if byte == class[range].1 {
                    break;
                }
                byte += 1;
            }
            range += 1;
        }
        index += 1;
    }
    first
};

/// One or more ranges of bytes, first and last.
pub(in crate::scan) type Class = &'static [(u8, u8)];

/// Bytes that follow each other.
pub(in crate::scan) struct Pattern {
    /// What they are a sign of.
    pub(in crate::scan) mark: Marks,
    /// One class a byte.
    pub(in crate::scan) bytes: &'static [Class],
    /// A closer look where they were seen: the text, and where in it the first of them stands. It looks at some
    /// hundred bytes at most.
    pub(in crate::scan) confirm: fn(&[u8], usize) -> bool,
}

impl Pattern {
    /// Whether the bytes stand at `at`.
    pub(in crate::scan) fn fits(&self, text: &[u8], at: usize) -> bool {
        let fits = |byte: &u8, class: &Class| class.iter().any(|(a, b)| (a..=b).contains(&byte));
        let here = text.get(at..at + self.bytes.len());
        here.is_some_and(|here| here.iter().zip(self.bytes).all(|(b, class)| fits(b, class)))
    }
}

fn always(_: &[u8], _: usize) -> bool {
    true
}

fn at_the_beginning(_: &[u8], at: usize) -> bool {
    at == 0
}

fn is_spelled(text: &[u8], at: usize) -> bool {
    spelled(text, at).is_some_and(|spelling| spelling.matters(text, at))
}

fn before_markup(text: &[u8], at: usize) -> bool {
    markup::unseen(text.get(at + 1..).unwrap_or_default()).is_some()
}

/// NULs that a character follows.
fn between_characters(text: &[u8], at: usize) -> bool {
    spelled(text, at + 1).is_some()
}

/// The number whose last digit before an `e` stands here.
fn has_exponent(text: &[u8], at: usize) -> bool {
    number::start(text, at + 1).is_some_and(|start| number::written(text, start).is_some())
}

fn has_zeros(text: &[u8], at: usize) -> bool {
    number::written(text, at + 1).is_some()
}

/// Letters and digits count wherever they stand; a space, a dash, or nothing, only between two others.
fn is_folded(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let Some(c) = character(rest) else {
        return false;
    };
    let joins =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
    let between =
        || joins(at.checked_sub(1).and_then(|at| text.get(at))) && joins(rest.get(c.len_utf8()));
    match fold(c) {
        None => false,
        Some(Folded::As(byte)) if byte.is_ascii_alphanumeric() || byte == b'@' => true,
        Some(Folded::As(b' ' | b'-' | b'.') | Folded::Nothing) => between(),
        Some(Folded::As(_)) => false, // full-width punctuation, as in any Chinese text
    }
}

/// A run that begins here, or one that began a little before with characters that are neither letters nor digits
/// among them, as compressed bytes do.
fn is_run(text: &[u8], at: usize) -> bool {
    packed::is_token_start(text, at)
        && (packed::begins(text, at).is_some() || packed::began(text, at).is_some())
}

const DIGIT: Class = &[(b'0', b'9')];
const HEX: Class = &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')];
const LETTER: Class = &[(b'A', b'Z'), (b'a', b'z')];
const ALNUM: Class = &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')];
#[rustfmt::skip]
const ESCAPED: Class = &[
    (b'u', b'u'), (b'n', b'n'), (b'r', b'r'), (b't', b't'), (b'b', b'b'), (b'f', b'f'), (b'/', b'/'),
];
/// What a JSON number may follow.
const OPENS: Class = &[
    (b':', b':'),
    (b'[', b'['),
    (b',', b','),
    (b'\t', b'\r'),
    (b' ', b' '),
];

const fn pattern(
    mark: Marks,
    bytes: &'static [Class],
    confirm: fn(&[u8], usize) -> bool,
) -> Pattern {
    Pattern {
        mark,
        bytes,
        confirm,
    }
}

macro_rules! byte {
    ($byte:expr) => {
        &[($byte, $byte)]
    };
}

macro_rules! unicode {
    ($first:expr, $low:expr, $high:expr) => {
        pattern(
            Marks::UNICODE,
            &[byte!($first), &[($low, $high)]],
            is_folded,
        )
    };
}

/// Every sign.
#[rustfmt::skip]
pub(in crate::scan) const PATTERNS: &[Pattern] = &[
    pattern(Marks::ESCAPE, &[byte!(b'\\'), ESCAPED], is_spelled),
    pattern(Marks::PERCENT, &[byte!(b'%'), HEX, HEX], is_spelled),
    pattern(Marks::ENTITY, &[byte!(b'&'), byte!(b'#')], is_spelled),
    pattern(Marks::ENTITY, &[byte!(b'&'), LETTER, LETTER], is_spelled),
    pattern(Marks::TAG, &[DIGIT, byte!(b'<')], before_markup),
    pattern(Marks::PLUS, &[DIGIT, byte!(b'+'), DIGIT], always),
    pattern(Marks::NUL, &[ALNUM, byte!(0)], between_characters),
    pattern(Marks::NUMBER, &[DIGIT, &[(b'E', b'E'), (b'e', b'e')], &[(b'0', b'9'), (b'+', b'+'), (b'-', b'-')]], has_exponent),
    pattern(Marks::NUMBER, &[OPENS, byte!(b'0'), DIGIT, DIGIT], has_zeros),
    unicode!(0xc2, 0xa0, 0xb9), unicode!(0xcb, 0x97, 0x97), unicode!(0xcd, 0x8f, 0x8f),
    unicode!(0xd8, 0x9c, 0x9c), unicode!(0xd9, 0xa0, 0xa9), unicode!(0xdb, 0xb0, 0xb9),
    unicode!(0xdf, 0x80, 0x89), unicode!(0xe0, 0xa5, 0xbf), unicode!(0xe1, 0x80, 0xb7),
    unicode!(0xe2, 0x80, 0x93), unicode!(0xe2, 0x9e, 0x9e),
    pattern(Marks::UNICODE, &[byte!(0xe3), byte!(0x80), byte!(0x80)], is_folded),
    unicode!(0xea, 0x98, 0xaf), unicode!(0xef, 0xb8, 0xbd), unicode!(0xf0, 0x90, 0x9e),
    pattern(Marks::UNICODE, &[byte!(0xf0), byte!(0x9f), byte!(0xaf)], is_folded),
    unicode!(0xf3, 0xa0, 0xa0),
    pattern(Marks::DEFLATE, &[byte!(0x1f), byte!(0x8b), byte!(8)], always),
    pattern(Marks::DEFLATE, &[byte!(0x78), &[(0x01, 0x01), (0x5e, 0x5e), (0x9c, 0x9c), (0xda, 0xda)]], at_the_beginning),
    pattern(Marks::CLAIM, &[byte!(0x28), byte!(0xb5), byte!(0x2f), byte!(0xfd)], at_the_beginning), // zstd
    pattern(Marks::CLAIM, &[byte!(0x04), byte!(0x22), byte!(0x4d), byte!(0x18)], at_the_beginning), // LZ4
    pattern(Marks::CLAIM, &[byte!(0xfd), byte!(b'7'), byte!(b'z'), byte!(b'X')], at_the_beginning), // xz
    pattern(Marks::CLAIM, &[byte!(b'B'), byte!(b'Z'), byte!(b'h'), &[(b'1', b'9')]], at_the_beginning), // bzip2
    pattern(Marks::CLAIM, &[byte!(0xff), byte!(0x06), byte!(0), byte!(0)], at_the_beginning), // framed Snappy
    pattern(Marks::CLAIM, &[byte!(0x82), byte!(b'S'), byte!(b'N'), byte!(b'A')], at_the_beginning), // Snappy of Java
    pattern(Marks::CLAIM, &[byte!(b'P'), byte!(b'K'), byte!(0x03), byte!(0x04)], at_the_beginning), // ZIP
    pattern(Marks::RUN, &[ALNUM; 12], is_run), // where a token begins; text in base64 has few others
];
