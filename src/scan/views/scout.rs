//! Places that are worth a decoder's look, found 48 bytes at a time.
//!
//! Owns: skipping everything else quickly. Refuses: to decide. Stays true: every place that some decoder could begin at is
//! told, in order; bytes are classified without branches, so that the compiler does sixteen or more at once,
//! and eight classes become eight bits by one multiplication.

use super::fold;

/// Bytes classified at once.
const BLOCK: usize = 64;
/// Of them, those that enough is known of what follows.
const STRIDE: usize = BLOCK - AHEAD;
/// A run of so many characters of base64 may be one: nine bytes.
const RUN: usize = 12;
const AHEAD: usize = 16;
const _: () = assert!(RUN <= AHEAD);

/// Looks ahead in one text.
pub(super) struct Scout<'a> {
    text: &'a [u8],
    /// Where the block begins that `places` is of.
    base: usize,
    /// Bit i: something may begin at `base + i`.
    places: u64,
    loaded: bool,
}

impl<'a> Scout<'a> {
    pub(super) fn new(text: &'a [u8]) -> Scout<'a> {
        Scout {
            text,
            base: 0,
            places: 0,
            loaded: false,
        }
    }

    /// The first place at `at` or behind it, before `limit`.
    pub(super) fn next(&mut self, mut at: usize, limit: usize) -> Option<usize> {
        let limit = limit.min(self.text.len());
        while at < limit {
            if !self.loaded || at < self.base || at >= self.base + STRIDE {
                self.base = at;
                self.places = places(self.text, at);
                self.loaded = true;
            }
            let rest = self.places >> (at - self.base);
            if rest != 0 {
                let place = at + rest.trailing_zeros() as usize;
                return (place < limit).then_some(place);
            }
            at = self.base + STRIDE;
        }
        None
    }
}

/// A block, with the byte before it and the two behind it.
type Around = [u8; BLOCK + 3];

const ALNUM: u8 = 1;
const ALPHABET: u8 = 2;
const LEAD: u8 = 4;

fn places(text: &[u8], at: usize) -> u64 {
    // Nearly always all of it is there.
    let whole = at
        .checked_sub(1)
        .and_then(|from| text.get(from..)?.first_chunk());
    match whole {
        Some(around) => places_in(around),
        None => places_in(&padded(text, at)),
    }
}

/// The block at a text's edge; beyond it there are zeros.
#[cold]
fn padded(text: &[u8], at: usize) -> Around {
    let mut around: Around = [0; BLOCK + 3];
    let known = text.get(at.saturating_sub(1)..).unwrap_or_default();
    let places = around.iter_mut().skip(usize::from(at == 0));
    places.zip(known).for_each(|(place, byte)| *place = *byte);
    around
}

fn places_in(around: &Around) -> u64 {
    let mut classes = [0u8; BLOCK];
    classify(around, &mut classes);
    neighbours(around, &mut classes);
    if around.iter().fold(0, |all, byte| all | byte) >= 0x80 {
        unicode(around, &mut classes);
    }
    let [alnum, alphabet, lead] = bits(&classes);
    let before = u64::from(around[0].is_ascii_alphanumeric());
    let starts = alnum & !(alnum << 1 | before);
    // Bit i: twelve of the alphabet from i on.
    let two = alphabet & alphabet >> 1;
    let four = two & two >> 2;
    let twelve = four & four >> 4 & four >> 8;
    (starts & twelve | lead) & (u64::MAX >> AHEAD)
}

/// What each byte of the block is by itself.
fn classify(around: &Around, classes: &mut [u8; BLOCK]) {
    for (byte, class) in around[1..].iter().zip(classes) {
        let b = *byte;
        let alnum = is_digit(b) | ((b | 0x20).wrapping_sub(b'a') < 26);
        let special = (b == b'+') | (b == b'/') | (b == b'-') | (b == b'_');
        let lead = (b == b'\\') | (b == b'%') | (b == b'&') | (b == b'<') | (b == 0) | (b == 0x1f);
        *class = (u8::from(alnum) * ALNUM)
            | (u8::from(alnum | special) * ALPHABET)
            | (u8::from(lead) * LEAD);
    }
}

fn is_digit(byte: u8) -> bool {
    byte.wrapping_sub(b'0') < 10
}

/// What some bytes are by their neighbours: a plus between digits, an exponent, a zero that a number begins with, the
/// head of zlib.
fn neighbours(around: &Around, classes: &mut [u8; BLOCK]) {
    let three = around.iter().zip(&around[1..]).zip(&around[2..]);
    for (((before, byte), after), class) in three.zip(classes) {
        let (p, b, n) = (*before, *byte, *after);
        let plus = (b == b'+') & is_digit(p) & is_digit(n);
        let signed = is_digit(n) | (n == b'+') | (n == b'-');
        let exponent = ((b | 0x20) == b'e') & is_digit(p) & signed;
        let opens = (p == b':') | (p == b'[') | (p == b',') | (p <= b' ');
        let zeros = (b == b'0') & opens & is_digit(n);
        let zlib = (b == b'x') & ((n == 0x01) | (n == 0x5e) | (n == 0x9c) | (n == 0xda));
        *class |= u8::from(plus | exponent | zeros | zlib) * LEAD;
    }
}

/// Beginnings of characters that may be folded.
#[inline(never)]
fn unicode(around: &Around, classes: &mut [u8; BLOCK]) {
    let three = around[1..].iter().zip(&around[2..]).zip(&around[3..]);
    for (((first, second), third), class) in three.zip(classes) {
        *class |= u8::from(fold::may_fold(*first, *second, *third)) * LEAD;
    }
}

/// The lowest three bits of every class, each by itself.
fn bits(classes: &[u8; BLOCK]) -> [u64; 3] {
    let mut all = [0; 3];
    let (words, _) = classes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        for (bit, all) in all.iter_mut().enumerate() {
            // Each byte's bit, gathered in the highest byte.
            let ones = word >> bit & 0x0101_0101_0101_0101;
            *all |= (ones.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::{packed, walk};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eight_bits_are_gathered_in_order() {
        let mut classes = [0; BLOCK];
        for (i, class) in classes.iter_mut().enumerate() {
            *class = if i % 3 == 0 { 5 } else { 2 };
        }
        let [first, second, third] = bits(&classes);
        for i in 0..BLOCK {
            let multiple = u64::from(i % 3 == 0);
            let here = [first, second, third].map(|bits| bits >> i & 1);
            assert_eq!(here, [multiple, 1 - multiple, multiple]);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_passed_over(pieces in proptest::collection::vec(super::super::tests::piece(), 0..12), words in "[a-zA-Z0-9/+_ -]{0,200}") {
            let text = [pieces.concat(), words.into_bytes()].concat();
            let mut scout = Scout::new(&text);
            let mut at = 0;
            let mut told = std::collections::BTreeSet::new();
            while let Some(place) = scout.next(at, text.len()) {
                prop_assert!(place >= at);
                told.insert(place);
                at = place + 1;
            }
            for at in 0..text.len() {
                let run = packed::is_token_start(&text, at) && packed::begins(&text, at).is_some();
                if run || walk::begins_something(&text, at) {
                    prop_assert!(told.contains(&at), "{} of {:?}", at, String::from_utf8_lossy(&text));
                }
            }
        }
    }
}
