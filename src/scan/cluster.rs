//! Digits joined by single separators, and the groups they fall into.
//!
//! Owns: the words detectors of numbers share: cluster, group, clean edge. Refuses: what the
//! numbers mean. Stays true: a group is a whole run of digits, never part of one, so masking one
//! number can only take groups away from its neighbours, never make new ones.

use super::edges;
use std::ops::Range;

/// Whether the byte can stand between two groups of one number.
pub(super) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'-'
}

/// Groups of digits with exactly one space or hyphen between neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    /// Bit i: byte i is a digit; of the first [`WINDOW_BYTES`].
    digits: u64,
}

/// Bytes whose digits fit into a word of bits.
const WINDOW_BYTES: usize = 64;
/// Bytes of a window in which a match may begin: it ends, and one byte more is known, within the window.
const STEP_BYTES: usize = 48;

impl Cluster {
    /// The cluster of these bytes.
    pub(super) fn new(text: &[u8], start: usize, end: usize) -> Cluster {
        let digits = digit_bits(text, start, end);
        Cluster { start, end, digits }
    }

    /// Calls with the first byte of every stretch of whole groups that have these lengths, ascending:
    /// `[9]`, `[3, 2, 4]`. Lengths and what is between come to no more than fifteen bytes. A few instructions for
    /// 48 bytes, whatever is in them.
    #[inline(always)]
    pub(super) fn each(&self, text: &[u8], lens: &[usize], mut take: impl FnMut(usize)) {
        let (mut at, mut digits) = (self.start, self.digits);
        loop {
            let left = self.end.saturating_sub(at);
            let joined = at > self.start && text.get(at - 1).is_some_and(u8::is_ascii_digit);
            let mut hits = with_lens(digits, joined, lens);
            if left > WINDOW_BYTES {
                hits &= (1 << STEP_BYTES) - 1;
            }
            while hits != 0 {
                take(at + hits.trailing_zeros() as usize);
                hits &= hits - 1;
            }
            if left <= WINDOW_BYTES {
                return;
            }
            at += STEP_BYTES;
            digits = digit_bits(text, at, self.end);
        }
    }
}

/// Where groups of these lengths begin, joined by single bytes that are no digits. `joined`: bit 0 goes on
/// from a digit before it.
#[inline(always)]
fn with_lens(digits: u64, joined: bool, lens: &[usize]) -> u64 {
    let starts = digits & !(digits << 1 | u64::from(joined));
    let (mut hits, mut before) = (u64::MAX, 0);
    for len in lens {
        let mut run = digits;
        for i in 1..*len {
            run &= digits >> i;
        }
        hits &= (starts & run & !(digits >> len)) >> before;
        before += len + 1;
    }
    hits
}

/// The digits among the first bytes of a stretch.
fn digit_bits(text: &[u8], start: usize, end: usize) -> u64 {
    let mut bits = 0;
    let end = end.min(start.saturating_add(WINDOW_BYTES));
    let Some(bytes) = text.get(start..end) else {
        return 0;
    };
    for (i, eight) in bytes.chunks(8).enumerate() {
        let eight = match eight.first_chunk() {
            Some(eight) => *eight,
            None => {
                let mut padded = [0; 8];
                padded
                    .iter_mut()
                    .zip(eight)
                    .for_each(|(to, from)| *to = *from);
                padded
            }
        };
        bits |= digits_of_eight(u64::from_le_bytes(eight)) << (8 * i);
    }
    bits
}

/// One bit a byte, the lowest first.
fn digits_of_eight(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // A digit less `0` is at most nine: adding 118 leaves the high bit alone.
    let values = bytes ^ (0x30 * EACH);
    let others = ((values & (0x7f * EACH)) + 0x76 * EACH) | values;
    let digits = !others >> 7 & EACH;
    digits.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// One run of digits within a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// First digit.
    pub(super) start: usize,
    /// One past the last digit.
    pub(super) end: usize,
}

impl Group {
    /// Digits in it.
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }
}

/// The groups of a cluster, in order. After a cut at a field's edge the cluster may begin or end
/// with a separator; that is skipped.
pub(super) fn groups<'a>(
    text: &'a [u8],
    cluster: &Cluster,
) -> impl Iterator<Item = Group> + use<'a> {
    let (mut at, end) = (cluster.start, cluster.end.min(text.len()));
    std::iter::from_fn(move || {
        while at < end && !text[at].is_ascii_digit() {
            at += 1;
        }
        let start = at;
        while at < end && text[at].is_ascii_digit() {
            at += 1;
        }
        (start < at).then_some(Group { start, end: at })
    })
}

/// Nothing alphanumeric touches the front: `A123` is not the number 123. The digits after a decimal
/// point are no number of their own either; `X` before the point is what a mask leaves of a digit.
pub(super) fn clean_front(text: &[u8], start: usize) -> bool {
    match *edges::before(text, start) {
        [.., whole, b'.'] => !(whole.is_ascii_digit() || whole == b'X'),
        [.., last] => !last.is_ascii_alphanumeric(),
        [] => true,
    }
}

/// Nothing alphanumeric touches the back.
pub(super) fn clean_back(text: &[u8], end: usize) -> bool {
    !text.get(end).is_some_and(u8::is_ascii_alphanumeric)
}

/// A hyphen ties the stretch to something longer, as in a UUID or an order number.
pub(super) fn hyphenated_on(text: &[u8], span: &Range<usize>) -> bool {
    let before = matches!(text[..span.start], [.., c, b'-'] if c.is_ascii_alphanumeric());
    let after = matches!(text[span.end..], [b'-', c, ..] if c.is_ascii_alphanumeric());
    before || after
}

/// Whether the stretch lies in a row of four-digit groups of which some hold a hex letter: `xxd` and
/// `hexdump` write such rows, and four groups without a letter in them are no card.
pub(super) fn in_hex_row(text: &[u8], span: &Range<usize>) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).unwrap_or_default();
    has_hex_letter(before.iter().rev()) || has_hex_letter(after.iter())
}

/// Whether, outwards, a separator and four hex digits, four times, come to a letter.
fn has_hex_letter<'a>(mut outwards: impl Iterator<Item = &'a u8>) -> bool {
    for _ in 0..4 {
        let separated = outwards.next().is_some_and(|byte| is_separator(*byte));
        let (mut digits, mut letters) = (0, 0);
        for byte in outwards.by_ref().take(4) {
            digits += usize::from(byte.is_ascii_hexdigit());
            letters += usize::from(byte.is_ascii_alphabetic());
        }
        if !separated || digits < 4 {
            return false;
        }
        if letters > 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_are_whole_runs() {
        let text = b"-12 345-6 ";
        let all: Vec<_> = groups(text, &Cluster::new(text, 0, text.len()))
            .map(|g| (g.start, g.end))
            .collect();
        assert_eq!(all, [(1, 3), (4, 7), (8, 9)]);
        assert_eq!(groups(b"--", &Cluster::new(b"--", 0, 2)).count(), 0);
    }

    proptest! {
        #[test]
        fn groups_of_given_lengths_are_where_the_groups_say(text in "[0-9]{0,9}([ -]?[0-9]{1,5}){0,40}", from in 0usize..4) {
            let text = text.as_bytes();
            let from = from.min(text.len());
            let cluster = Cluster::new(text, from, text.len());
            let all: Vec<Group> = groups(text, &cluster).collect();
            for lens in [&[9][..], &[10], &[3, 2, 4], &[2, 7], &[3, 3, 4], &[1, 1], &[4, 4, 1], &[3]] {
                let is = |groups: &&[Group]| groups.iter().map(|group| group.len()).eq(lens.iter().copied());
                let want: Vec<usize> = all.windows(lens.len()).filter(is).map(|groups| groups[0].start).collect();
                let mut seen = Vec::new();
                cluster.each(text, lens, |at| seen.push(at));
                prop_assert_eq!(seen, want);
            }
        }
    }

    #[test]
    fn hex_rows() {
        let card = "4111 1111 1111 1111";
        for (text, want) in [
            ("61ed 4111 1111 1111 1111", true),
            ("4111 1111 1111 1111 0099 1234 c0de", true),
            ("cafe 1234 4111 1111 1111 1111 1234", true),
            ("1234 4111 1111 1111 1111 1234", false),
            ("xafe 4111 1111 1111 1111 visa", false),
            ("a1 4111 1111 1111 1111 b2", false),
            ("  4111 1111 1111 1111", false),
        ] {
            let start = text.find(card).expect("the card is there");
            let span = start..start + card.len();
            assert_eq!(in_hex_row(text.as_bytes(), &span), want, "{text}");
        }
    }

    #[test]
    fn edges() {
        assert!(clean_front(b"x\\n1", 3) && !clean_front(b"xn1", 2)); // a line end, escaped
        assert!(
            clean_front(b"1", 0)
                && clean_front(b" 1", 1)
                && clean_front(b"_1", 1)
                && clean_front(b"No.1", 3)
        );
        assert!(!clean_front(b"a1", 1) && !clean_front(b"0.1", 2) && !clean_front(b"X.1", 2));
        assert!(clean_back(b"1", 1) && clean_back(b"1.", 1) && !clean_back(b"1a", 1));
        assert!(hyphenated_on(b"a-1", &(2..3)) && hyphenated_on(b"1-X", &(0..1)));
        assert!(!hyphenated_on(b"-1-", &(1..2)) && !hyphenated_on(b"a 1 b", &(2..3)));
    }
}
