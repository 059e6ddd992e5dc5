//! Every card number that ends where a group of digits ends, found without reading the digits again.
//!
//! Owns: running sums over the last digits of a cluster, and which of its groups may begin a card. Refuses: to
//! judge; it says where and whose. Stays true: a cluster costs the same per digit however it is grouped; what
//! comes out is what the plain rule would say of every stretch of whole groups.

use super::issuers::{DIGITS_MAX, DIGITS_MIN, Issuer, Lengths, lengths};
use crate::scan::checks::{doubled, value};
use crate::scan::cluster::{Group, clean_front};

/// The last digits of a cluster, with running Luhn sums: a stretch that ends here is checked by two
/// look-ups, and only if its first four digits are an issuer's and its length is one of his.
#[derive(Default)]
pub(super) struct Tail {
    /// Digits so far.
    count: usize,
    /// Bit i: the digit i places before the last one starts a group, which nothing touches at the front.
    starts: u32,
    /// The last four digits, as a number.
    four: usize,
    /// Lengths of cards that would end at the last digit, and, a byte each, at those to come: bit i for
    /// `DIGITS_MIN + i` digits.
    due: u128,
    /// Positions of digits, what their groups may begin, and the sums before each, at `index % 32`. Sums wrap;
    /// differences over 19 digits (at most 171) do not.
    positions: [u32; RING],
    lengths: [Lengths; RING],
    sums: [[u8; 2]; RING],
}

const RING: usize = 32;
const _: () = assert!(DIGITS_MAX < RING && DIGITS_MAX * 9 <= u8::MAX as usize);

/// Digits that tell an issuer.
const PREFIX: usize = 4;
/// Digits from the last of a prefix to the end of the shortest card.
const WAIT: usize = DIGITS_MIN - PREFIX;
const _: () = assert!(WAIT + DIGITS_MAX - DIGITS_MIN < 16, "a byte of `due` each");

/// Bit i of the lengths, in byte i.
const fn diagonal(lengths: u8) -> u64 {
    let (mut all, mut i) = (0, 0);
    while i < 8 {
        all |= ((lengths as u64 >> i) & 1) << (9 * i);
        i += 1;
    }
    all
}

static DIAGONALS: [u64; 256] = {
    let mut all = [0; 256];
    let mut lengths = 0;
    while lengths < 256 {
        all[lengths] = diagonal(lengths as u8);
        lengths += 1;
    }
    all
};

impl Tail {
    /// Adds the next group.
    pub(super) fn push(&mut self, field: &[u8], group: Group) {
        let mut may_start = clean_front(field, group.start);
        for (i, digit) in field[group.start..group.end].iter().enumerate() {
            let (at, value) = (self.count % RING, value(*digit));
            self.positions[at] = (group.start + i) as u32;
            self.starts = (self.starts << 1) | u32::from(may_start);
            may_start = false;
            self.four = (self.four * 10 + usize::from(value)) % 10_000;
            self.due >>= 8;
            if self.starts >> (PREFIX - 1) & 1 == 1 {
                self.note_issuer();
            }
            // Row 0 doubles digits of even index, row 1 those of odd index.
            let [even, odd] = self.sums[at];
            let (even_adds, odd_adds) = if self.count.is_multiple_of(2) {
                (doubled(value), value)
            } else {
                (value, doubled(value))
            };
            self.count += 1;
            self.sums[self.count % RING] =
                [even.wrapping_add(even_adds), odd.wrapping_add(odd_adds)];
        }
    }

    /// The last four digits begin a group: what cards they begin, and where those end.
    fn note_issuer(&mut self) {
        let lengths = lengths(self.four);
        let diagonal = DIAGONALS[usize::from(lengths.usual | lengths.rare)];
        self.due |= u128::from(diagonal) << (8 * WAIT);
        let first = (self.count + 1).wrapping_sub(PREFIX);
        self.lengths[first % RING] = lengths;
    }

    /// Calls with the start of every card that ends at the last digit, longest first.
    pub(super) fn cards(&self, mut card: impl FnMut(usize, Issuer)) {
        let mut due = self.due as u8;
        while due != 0 {
            let bit = 7 - due.leading_zeros() as usize;
            due &= !(1 << bit);
            let len = DIGITS_MIN + bit;
            // The digit before the last is doubled: its index has the parity of `count`.
            let row = self.count % 2;
            let first = self.count.wrapping_sub(len) % RING;
            let sum = self.sums[self.count % RING][row].wrapping_sub(self.sums[first][row]);
            if sum.is_multiple_of(10)
                && let Some(issuer) = self.lengths[first].issuer(len)
            {
                card(self.positions[first] as usize, issuer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fits;
    use super::*;
    use crate::scan::cluster::{Cluster, groups};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn running_sums_agree_with_the_plain_rule(parts in proptest::collection::vec("[0-9]{1,7}", 1..9)) {
            let text = parts.join(" ");
            let mut want = Vec::new();
            for from in 0..parts.len() {
                for to in from + 1..=parts.len() {
                    if fits(parts[from..to].concat().as_bytes()) {
                        let start = parts[..from].iter().map(|g| g.len() + 1).sum::<usize>();
                        want.push(start..start + parts[from..to].join(" ").len());
                    }
                }
            }
            let mut tail = Tail::default();
            let mut got = Vec::new();
            for group in groups(text.as_bytes(), &Cluster::new(text.as_bytes(), 0, text.len())) {
                tail.push(text.as_bytes(), group);
                tail.cards(|start, _| got.push(start..group.end));
            }
            got.sort_by_key(|span| (span.start, span.end));
            prop_assert_eq!(got, want);
        }
    }
}
