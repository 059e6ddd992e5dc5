//! Signs that a field may spell or pack something otherwise.
//!
//! Owns: the table of signs, two to four bytes each, and the plain reading of it. Refuses: certainty; a
//! mark only says that looking closer may pay. Stays true: what [`expand`](super::expand) can decode
//! carries its mark, so a field without marks needs no second look. The fast pass sets the same bits.

use super::packed;

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
    /// A run of base64 or hex that begins like text: [`packed::begins`]. No pattern of the table.
    pub(in crate::scan) const RUN: Marks = Marks(1 << 10);

    /// None.
    pub(in crate::scan) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one of these is set.
    pub(in crate::scan) fn any_of(self, other: Marks) -> bool {
        self.0 & other.0 != 0
    }

    fn add(&mut self, other: Marks) {
        self.0 |= other.0;
    }

    /// The marks of a text, read byte by byte: the definition.
    pub(in crate::scan) fn of(text: &[u8]) -> Marks {
        let mut marks = Marks::default();
        for at in 0..text.len() {
            let rest = text.get(at..).unwrap_or_default();
            for pattern in PATTERNS {
                if pattern.begins(rest) {
                    marks.add(pattern.mark);
                }
            }
            if packed::is_token_start(text, at) && packed::begins(text, at).is_some() {
                marks.add(Marks::RUN);
            }
        }
        marks
    }
}

/// One or more ranges of bytes, first and last.
pub(in crate::scan) type Class = &'static [(u8, u8)];

/// Bytes that follow each other.
pub(in crate::scan) struct Pattern {
    /// What they are a sign of.
    pub(in crate::scan) mark: Marks,
    /// One class a byte.
    pub(in crate::scan) bytes: &'static [Class],
}

impl Pattern {
    fn begins(&self, text: &[u8]) -> bool {
        let fits = |byte: &u8, class: &Class| class.iter().any(|(a, b)| (a..=b).contains(&byte));
        text.len() >= self.bytes.len()
            && text.iter().zip(self.bytes).all(|(b, class)| fits(b, class))
    }
}

const DIGIT: Class = &[(b'0', b'9')];
const HEX: Class = &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')];
const LETTER: Class = &[(b'A', b'Z'), (b'a', b'z')];
const ALNUM: Class = &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')];
const ESCAPED: Class = &[
    (b'u', b'u'),
    (b'n', b'n'),
    (b'r', b'r'),
    (b't', b't'),
    (b'b', b'b'),
    (b'f', b'f'),
    (b'/', b'/'),
];
/// What a JSON number may follow.
const OPENS: Class = &[
    (b':', b':'),
    (b'[', b'['),
    (b',', b','),
    (b' ', b' '),
    (b'"', b'"'),
    (b'\t', b'\n'),
];

const fn pattern(mark: Marks, bytes: &'static [Class]) -> Pattern {
    Pattern { mark, bytes }
}

macro_rules! byte {
    ($byte:expr) => {
        &[($byte, $byte)]
    };
}

macro_rules! unicode {
    ($first:expr, $low:expr, $high:expr) => {
        pattern(Marks::UNICODE, &[byte!($first), &[($low, $high)]])
    };
}

/// Every sign but [`Marks::RUN`].
#[rustfmt::skip]
pub(in crate::scan) const PATTERNS: &[Pattern] = &[
    pattern(Marks::ESCAPE, &[byte!(b'\\'), ESCAPED]),
    pattern(Marks::PERCENT, &[byte!(b'%'), HEX, HEX]),
    pattern(Marks::ENTITY, &[byte!(b'&'), byte!(b'#')]),
    pattern(Marks::ENTITY, &[byte!(b'&'), LETTER, LETTER]),
    pattern(Marks::TAG, &[DIGIT, byte!(b'<')]),
    pattern(Marks::TAG, &[byte!(b'>'), DIGIT]),
    pattern(Marks::PLUS, &[DIGIT, byte!(b'+'), DIGIT]),
    pattern(Marks::NUL, &[ALNUM, byte!(0)]),
    pattern(Marks::NUMBER, &[DIGIT, &[(b'E', b'E'), (b'e', b'e')], &[(b'0', b'9'), (b'+', b'+'), (b'-', b'-')]]),
    pattern(Marks::NUMBER, &[OPENS, byte!(b'0'), DIGIT, DIGIT]),
    unicode!(0xc2, 0xa0, 0xb9), unicode!(0xcb, 0x97, 0x97), unicode!(0xcd, 0x8f, 0x8f),
    unicode!(0xd8, 0x9c, 0x9c), unicode!(0xd9, 0xa0, 0xa9), unicode!(0xdb, 0xb0, 0xb9),
    unicode!(0xdf, 0x80, 0x89), unicode!(0xe0, 0xa5, 0xbf), unicode!(0xe1, 0x80, 0xb7),
    unicode!(0xe2, 0x80, 0x93), unicode!(0xe2, 0x9e, 0x9e),
    pattern(Marks::UNICODE, &[byte!(0xe3), byte!(0x80), byte!(0x80)]),
    unicode!(0xea, 0x98, 0xaf), unicode!(0xef, 0xb8, 0xbd), unicode!(0xf0, 0x90, 0x9e),
    pattern(Marks::UNICODE, &[byte!(0xf0), byte!(0x9f), byte!(0xaf)]),
    unicode!(0xf3, 0xa0, 0xa0),
    pattern(Marks::DEFLATE, &[byte!(0x1f), byte!(0x8b), byte!(8)]),
    pattern(Marks::DEFLATE, &[byte!(0x78), &[(0x01, 0x01), (0x5e, 0x5e), (0x9c, 0x9c), (0xda, 0xda)]]),
    pattern(Marks::CLAIM, &[byte!(0x28), byte!(0xb5), byte!(0x2f), byte!(0xfd)]), // zstd
    pattern(Marks::CLAIM, &[byte!(0x04), byte!(0x22), byte!(0x4d), byte!(0x18)]), // LZ4
    pattern(Marks::CLAIM, &[byte!(0xfd), byte!(b'7'), byte!(b'z'), byte!(b'X')]), // xz
    pattern(Marks::CLAIM, &[byte!(b'B'), byte!(b'Z'), byte!(b'h'), &[(b'1', b'9')]]), // bzip2
    pattern(Marks::CLAIM, &[byte!(0xff), byte!(0x06), byte!(0), byte!(0)]), // framed Snappy
    pattern(Marks::CLAIM, &[byte!(0x82), byte!(b'S'), byte!(b'N'), byte!(b'A')]), // Snappy of Java
    pattern(Marks::CLAIM, &[byte!(b'P'), byte!(b'K'), byte!(0x03), byte!(0x04)]), // ZIP
];
