//! Every card number that ends where a group of digits ends, found without reading the digits again.
//!
//! Owns: running sums over the last digits of a cluster. Refuses: to judge; it says where and whose.
//! Stays true: a cluster costs the same per digit however it is grouped; what comes out is what the
//! plain rule would say of every stretch of whole groups.

use super::issuers::{DIGITS_MAX, DIGITS_MIN, Issuer, issuer};
use crate::scan::checks::{doubled, value};
use crate::scan::cluster::{Group, clean_front};

/// The last digits of a cluster, with running Luhn sums: every stretch of 13–19 digits that ends
/// here is checked by two look-ups, so a cluster costs the same per digit however it is grouped.
#[derive(Default)]
pub(super) struct Tail {
    /// Digits so far.
    count: usize,
    /// Bit i: the digit i places before the last one starts a group that may start a card.
    starts: u32,
    /// Digit values and positions, and the sums before each, at `index % 32`. Sums wrap; differences
    /// over 19 digits (at most 171) do not.
    values: [u8; RING],
    positions: [u32; RING],
    sums: [[u8; 2]; RING],
}

const RING: usize = 32;
const _: () = assert!(DIGITS_MAX < RING && DIGITS_MAX * 9 <= u8::MAX as usize);

impl Tail {
    /// Adds the next group.
    pub(super) fn push(&mut self, field: &[u8], group: Group) {
        let mut may_start = clean_front(field, group.start);
        for (i, digit) in field[group.start..group.end].iter().enumerate() {
            let (at, value) = (self.count % RING, value(*digit));
            self.values[at] = value;
            self.positions[at] = (group.start + i) as u32;
            self.starts = (self.starts << 1) | u32::from(may_start);
            may_start = false;
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

    /// Calls with the start of every card that ends at the last digit, longest first.
    pub(super) fn cards(&self, mut card: impl FnMut(usize, Issuer)) {
        for len in (DIGITS_MIN..=DIGITS_MAX)
            .rev()
            .filter(|len| self.starts >> (len - 1) & 1 == 1)
        {
            // The digit before the last is doubled: its index has the parity of `count`.
            let row = self.count % 2;
            let first = self.count - len;
            let sum = self.sums[self.count % RING][row].wrapping_sub(self.sums[first % RING][row]);
            let first_six =
                (first..first + 6).fold(0, |n, i| n * 10 + u32::from(self.values[i % RING]));
            if sum.is_multiple_of(10)
                && let Some(issuer) = issuer(first_six, len)
            {
                card(self.positions[first % RING] as usize, issuer);
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
            for group in groups(text.as_bytes(), Cluster { start: 0, end: text.len() }) {
                tail.push(text.as_bytes(), group);
                tail.cards(|start, _| got.push(start..group.end));
            }
            got.sort_by_key(|span| (span.start, span.end));
            prop_assert_eq!(got, want);
        }
    }
}
