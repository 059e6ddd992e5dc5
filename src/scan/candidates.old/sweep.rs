//! The walk over a body, tile by tile, from shape bits to clusters.
//!
//! Owns: how far it has come, and which shapes are worth a closer look. Refuses: to judge a cluster;
//! detectors do. Stays true: clusters come out ascending and disjoint, each is looked at once, and
//! time is linear in the body, whatever it holds.

use super::shapes::{NINE, TILE_BYTES, Tile};
use super::{Kernel, is_separator, keywords};
use std::ops::Range;

/// How far a pass over one body has come.
pub(in crate::scan) struct Sweep {
    tile: Tile,
    /// First byte not yet looked at; a whole number of tiles, or the body's end.
    at: usize,
    /// End of the last cluster: nothing before it is looked at again.
    floor: usize,
}

impl Sweep {
    /// At the start of a body.
    pub(in crate::scan) fn new() -> Sweep {
        Sweep {
            tile: Tile::new(),
            at: 0,
            floor: 0,
        }
    }

    /// Back to the start, for another body.
    pub(in crate::scan) fn restart(&mut self) {
        (self.tile.digits[0], self.tile.separators[0]) = (0, 0);
        (self.at, self.floor) = (0, 0);
    }

    /// Looks at the next tile and hands out the clusters that have a shape ending in it, with
    /// whether a keyword may be near. False when the body is at its end.
    pub(in crate::scan) fn step(
        &mut self,
        kernel: Kernel,
        body: &[u8],
        mut found: impl FnMut(Range<usize>, bool),
    ) -> bool {
        let rest = body.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let bytes = &rest[..rest.len().min(TILE_BYTES)];
        let words = kernel.fill(&mut self.tile, bytes);
        let bits = self.tile.nines[1..=words]
            .iter()
            .zip(&self.tile.ends[1..=words]);
        for (i, (nines, ends)) in bits.enumerate() {
            if nines | ends != 0 {
                let base = self.at + i * 64;
                let word = Word {
                    kernel,
                    body,
                    base,
                    nines: *nines,
                    ends: *ends,
                };
                self.floor = word.clusters(self.floor, &mut found);
            }
        }
        self.tile.carry();
        self.at += bytes.len();
        true
    }
}

/// The bits of one word, and where the word stands.
struct Word<'a> {
    kernel: Kernel,
    body: &'a [u8],
    base: usize,
    nines: u64,
    ends: u64,
}

impl Word<'_> {
    /// Hands out the clusters around its bits; returns the new floor.
    fn clusters(&self, mut floor: usize, found: &mut impl FnMut(Range<usize>, bool)) -> usize {
        let mut left = self.nines | self.ends;
        while left != 0 {
            let low = left & left.wrapping_neg();
            let at = self.base + low.trailing_zeros() as usize;
            if at < floor {
                left &= u64::MAX
                    .checked_shl((floor - self.base) as u32)
                    .unwrap_or(0);
                continue;
            }
            left &= !low;
            if self.ends & low == 0 {
                let run = self.nines & !self.nines.wrapping_add(low);
                left &= !run | self.ends;
                if !self.lone_run_matters(at, run) {
                    continue;
                }
            }
            let cluster = cluster_around(self.body, at, floor);
            floor = cluster.end;
            let near = keywords::around(self.kernel, self.body, cluster.clone());
            found(cluster, near);
        }
        floor
    }

    /// Whether nine to thirteen digits in a row, in no bigger shape, can be anything: thirteen may be
    /// a card (which starts with 2–6), nine need a keyword near. Nearly all such runs are timestamps
    /// and ids; this is where they end, at the price of two loads.
    fn lone_run_matters(&self, at: usize, run: u64) -> bool {
        let may_be_thirteen = run.count_ones() as usize > 13 - NINE || run >> 63 == 1;
        let first = self.body.get(at + 1 - NINE).copied().unwrap_or(0);
        (may_be_thirteen && (b'2'..=b'6').contains(&first))
            || keywords::around(self.kernel, self.body, at + 1 - NINE..at + 1)
    }
}

/// The widest stretch of digits joined by single separators that holds the digit at `at` and does
/// not begin before `floor`.
fn cluster_around(body: &[u8], at: usize, floor: usize) -> Range<usize> {
    let before = body.get(floor..at).unwrap_or_default();
    let after = body.get(at + 1..).unwrap_or_default();
    at - joined(before.iter().rev())..at + 1 + joined(after.iter())
}

/// Bytes up to the last digit that is reached over single separators only.
fn joined<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let (mut len, mut separated) = (0, false);
    for (i, byte) in bytes.enumerate() {
        if byte.is_ascii_digit() {
            (len, separated) = (i + 1, false);
        } else if is_separator(*byte) && !separated {
            separated = true;
        } else {
            break;
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::super::super::{context, us_ssn};
    use super::*;
    use proptest::prelude::*;

    fn clusters(kernel: Kernel, body: &[u8]) -> Vec<Range<usize>> {
        let (mut sweep, mut all) = (Sweep::new(), Vec::new());
        while sweep.step(kernel, body, |cluster, _| all.push(cluster)) {}
        all
    }

    /// Every cluster, one byte at a time.
    fn slowly(body: &[u8]) -> Vec<Range<usize>> {
        let (mut all, mut i) = (Vec::new(), 0);
        while i < body.len() {
            if body[i].is_ascii_digit() {
                all.push(cluster_around(body, i, i));
            }
            i = all
                .last()
                .map_or(0, |cluster: &Range<usize>| cluster.end)
                .max(i + 1);
        }
        all
    }

    /// Whether the cluster must come out of the pass.
    fn must(body: &[u8], cluster: &Range<usize>) -> bool {
        let text = &body[cluster.clone()];
        let is = |window: &[u8], shape: &str| {
            window
                .iter()
                .zip(shape.bytes())
                .all(|(byte, kind)| match kind {
                    b'D' => byte.is_ascii_digit(),
                    _ => is_separator(*byte),
                })
        };
        let nine_with_keyword = (0..text.len().saturating_sub(NINE - 1)).any(|i| {
            let at = cluster.start + i..cluster.start + i + NINE;
            is(&body[at.clone()], "DDDDDDDDD") && context::near(body, at, us_ssn::KEYWORDS)
        });
        nine_with_keyword
            || text.windows(11).any(|w| is(w, "DDD-DD-DDDD"))
            || text.len() >= 14
            || (text.len() == 13 && is(text, "DDDDDDDDDDDDD") && (b'2'..=b'6').contains(&text[0]))
    }

    /// Shapes, near-shapes, keywords, and the edges between them.
    fn numberish() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            6 => "[0-9]{1,16}",
            4 => "[ -]",
            1 => "[0-9]{3}-[0-9]{2}-[0-9]{4}",
            1 => proptest::sample::select(vec!["ssn", " SSN ", "Soc Sec: ", "ss#", "x"]).prop_map(String::from),
            1 => (0..70usize).prop_map(|n| "y ".repeat(n)),
        ];
        proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn nothing_that_must_come_out_is_missed(body in numberish()) {
            let all = slowly(&body);
            let want = clusters(Kernel::available().last().expect("the scalar one"), &body);
            for kernel in Kernel::available() {
                prop_assert_eq!(&clusters(kernel, &body), &want, "{}", kernel.name());
            }
            for cluster in &all {
                prop_assert!(!must(&body, cluster) || want.contains(cluster), "{cluster:?}");
            }
            prop_assert!(want.iter().all(|cluster| all.contains(cluster)));
            prop_assert!(want.is_sorted_by_key(|cluster| cluster.start));
        }
    }

    #[test]
    fn a_shape_is_found_across_every_block_and_tile_edge() {
        for number in ["536-90-4399", "4222222222222", "4111 1111 1111 1111"] {
            for at in (0..200).chain(TILE_BYTES - 40..TILE_BYTES + 40) {
                let mut body = vec![b'x'; 2 * TILE_BYTES + 17];
                body[at..at + number.len()].copy_from_slice(number.as_bytes());
                for kernel in Kernel::available() {
                    assert_eq!(
                        clusters(kernel, &body),
                        std::slice::from_ref(&(at..at + number.len())),
                        "{} {number} at {at}",
                        kernel.name()
                    );
                }
            }
        }
    }

    #[test]
    fn history_of_one_body_does_not_reach_into_the_next() {
        let mut sweep = Sweep::new();
        let mut body = vec![b'x'; TILE_BYTES];
        body[TILE_BYTES - 8..].copy_from_slice(b"12345678");
        while sweep.step(Kernel::best(), &body, |cluster, _| panic!("{cluster:?}")) {}
        sweep.restart();
        while sweep.step(Kernel::best(), b"9 and more", |cluster, _| {
            panic!("{cluster:?}")
        }) {}
    }

    #[test]
    fn dates_and_short_numbers_have_no_shape() {
        for text in [
            "2024-01-15T12:33:44.123Z",
            "2024-01-15 12:33:44",
            "12345678",
            "550e8400-e29b-41d4",
            "10.0.255.255:9092",
        ] {
            assert!(
                clusters(Kernel::best(), text.as_bytes()).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_body_of_digits_is_one_cluster() {
        let body = vec![b'7'; 10 * TILE_BYTES + 3];
        for kernel in Kernel::available() {
            assert_eq!(
                clusters(kernel, &body),
                std::slice::from_ref(&(0..body.len()))
            );
        }
    }
}
