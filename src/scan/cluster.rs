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
pub(super) fn groups(text: &[u8], cluster: Cluster) -> impl Iterator<Item = Group> + '_ {
    let mut at = cluster.start;
    let end = cluster.end.min(text.len());
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

    #[test]
    fn groups_are_whole_runs() {
        let text = b"-12 345-6 ";
        let all: Vec<_> = groups(
            text,
            Cluster {
                start: 0,
                end: text.len(),
            },
        )
        .map(|g| (g.start, g.end))
        .collect();
        assert_eq!(all, [(1, 3), (4, 7), (8, 9)]);
        assert_eq!(groups(b"--", Cluster { start: 0, end: 2 }).count(), 0);
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
