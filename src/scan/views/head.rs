//! Whether the first bytes of something packed read as text.
//!
//! Owns: the score. Refuses: to decode. Stays true: a byte costs two look-ups; random bytes are given up after five or so.
//!
//! Printable ASCII, whole characters of UTF-8 and the NULs of 16-bit text count for it, control characters and
//! stray bytes twice against it. A head reads as text from three fifths of the points that it could have, a short one
//! from four fifths. Of random bytes 38 % are printable: one token in 300 of twelve characters passes, one in a
//! thousand of longer ones (`packed`'s test counts them).

/// Below this a head is short.
const SHORT_BYTES: usize = 16;
/// Fewer points than this are not made good again; from six bytes on, fewer than none.
const HOPELESS: i32 = -4;

/// Some bytes, scored.
#[derive(Default)]
pub(super) struct Head {
    len: usize,
    score: i32,
    printable: usize,
    /// Bytes that a character of UTF-8 still needs.
    awaited: u8,
}

impl Head {
    /// One byte more.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        let place = usize::from(self.awaited & 3) << 8 | usize::from(byte);
        let step = STEPS[place & (STEPS.len() - 1)];
        self.len += 1;
        self.score += i32::from(step & 7) - POINTS;
        self.printable += usize::from(step >> 3 & 1);
        self.awaited = step >> 4;
    }

    /// Three bytes more, which mostly are ASCII.
    #[inline]
    pub(super) fn push_three(&mut self, bytes: [u8; 3]) {
        let [a, b, c] = bytes.map(|byte| CLASSES[usize::from(byte)]);
        if (a | b | c | self.awaited) == TEXT {
            self.len += 3;
            self.score += 3;
            self.printable += 3;
        } else {
            bytes.into_iter().for_each(|byte| self.push(byte));
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether it will not be text whatever comes.
    pub(super) fn is_hopeless(&self) -> bool {
        self.score < if self.len > 5 { 0 } else { HOPELESS }
    }

    /// Whether it reads as text.
    pub(super) fn is_text(&self) -> bool {
        let fifths = if self.len < SHORT_BYTES { 4 } else { 3 };
        self.score * 5 >= self.len as i32 * fifths && self.printable * 3 >= self.len
    }

    /// Whether it may be the middle of a text.
    pub(super) fn goes_on(&self) -> bool {
        self.score * 2 > self.len as i32 && self.printable > 1
    }
}

const TEXT: u8 = 0;
const NUL: u8 = 1;
const MORE: u8 = 2;
const STRAY: u8 = 6;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [STRAY; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            0x20..=0x7e | b'\t' | b'\n' | b'\r' => TEXT,
            0 => NUL,
            0x80..=0xbf => MORE,
            0xc2..=0xdf => 3,
            0xe0..=0xef => 4,
            0xf0..=0xf4 => 5,
            _ => STRAY,
        };
        byte += 1;
    }
    table
}

/// Points are stored with so many added.
const POINTS: i32 = 3;

/// Points, whether it is printable, and what is then awaited.
const fn step(points: i32, printable: u8, awaited: u8) -> u8 {
    (points + POINTS) as u8 | printable << 3 | awaited << 4
}

/// By what is awaited, and by the class of the byte. The first byte of a character counts with its last.
#[rustfmt::skip]
const RULES: [[u8; 7]; 4] = [
    //  text            NUL             more            first of two    of three        of four         stray
    [step( 1, 1, 0), step( 1, 0, 0), step(-2, 0, 0), step( 0, 0, 1), step( 0, 0, 2), step( 0, 0, 3), step(-2, 0, 0)],
    [step(-1, 1, 0), step(-1, 0, 0), step( 2, 1, 0), step(-2, 0, 1), step(-2, 0, 2), step(-2, 0, 3), step(-3, 0, 0)],
    [step(-1, 1, 0), step(-1, 0, 0), step( 1, 1, 1), step(-2, 0, 1), step(-2, 0, 2), step(-2, 0, 3), step(-3, 0, 0)],
    [step(-1, 1, 0), step(-1, 0, 0), step( 1, 1, 2), step(-2, 0, 1), step(-2, 0, 2), step(-2, 0, 3), step(-3, 0, 0)],
];

/// The same by the byte itself: one look-up.
static STEPS: [u8; 1024] = steps();

const fn steps() -> [u8; 1024] {
    let (mut table, classes) = ([0; 1024], classes());
    let mut place = 0;
    while place < table.len() {
        table[place] = RULES[place >> 8][classes[place & 255] as usize];
        place += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_script_has_all_points() {
        for text in ["536-90-4399", "Zoë Müller", "張三李四", "привет", "𝟓𝟑𝟔"]
        {
            let mut head = Head::default();
            text.bytes().for_each(|byte| head.push(byte));
            assert_eq!(
                (head.score, head.len, head.printable > 0),
                (text.len() as i32, text.len(), true),
                "{text}"
            );
            assert!(head.is_text() && !head.is_hopeless());
        }
        let mut head = Head::default();
        for byte in [0x8f, 0x01, 0xff, 0x8b, 0x41, 0x42] {
            head.push(byte);
        }
        assert!(head.is_hopeless());
    }
}
