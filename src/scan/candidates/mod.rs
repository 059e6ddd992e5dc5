//! The one pass over a body: where could a regulated number be?
//!
//! Owns: the choice of kernel and the sweep that turns shape bits into clusters. Refuses: fields,
//! checksums and context; those cost time and belong to the few clusters that come out of here.
//! Stays true: a cluster is as wide as digits joined by single separators reach in the *body*, so
//! a number in a field lies wholly inside one cluster even when the bytes around the field (a
//! length, a count) happen to be digits; clusters come out ascending and disjoint; time is linear
//! in the body, whatever it holds.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;
mod shapes;

pub(super) use scalar::is_separator;
use shapes::{TILE_BYTES, Tile};
use std::ops::Range;

/// An instruction set this CPU is known to have. A value is the proof.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    Scalar,
}

impl Kernel {
    /// Every kernel that runs here, fastest first; the last is always the scalar one.
    pub fn available() -> impl Iterator<Item = Kernel> {
        #[cfg(target_arch = "x86_64")]
        let vector = [
            avx512::Avx512::detect().map(Kind::Avx512),
            avx2::Avx2::detect().map(Kind::Avx2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let vector: [Option<Kind>; 0] = [];
        vector
            .into_iter()
            .flatten()
            .chain([Kind::Scalar])
            .map(Kernel)
    }

    /// The fastest one that runs here.
    pub fn best() -> Kernel {
        Kernel::available().next().unwrap_or(Kernel(Kind::Scalar))
    }

    /// Its name, for logs and benches.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            Kind::Scalar => "scalar",
        }
    }

    fn fill(self, tile: &mut Tile, bytes: &[u8]) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.fill(tile, bytes),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.fill(tile, bytes),
            Kind::Scalar => scalar::fill(tile, bytes),
        }
    }
}

/// How far a pass over one body has come.
pub(super) struct Sweep {
    tile: Tile,
    /// First byte not yet looked at; a whole number of tiles, or the body's end.
    at: usize,
    /// End of the last cluster: nothing before it is looked at again.
    floor: usize,
}

impl Sweep {
    /// At the start of a body.
    pub(super) fn new() -> Sweep {
        Sweep {
            tile: Tile::new(),
            at: 0,
            floor: 0,
        }
    }

    /// Back to the start, for another body.
    pub(super) fn restart(&mut self) {
        (self.tile.digits[0], self.tile.separators[0]) = (0, 0);
        (self.at, self.floor) = (0, 0);
    }

    /// Looks at the next tile and hands out the clusters that have a shape ending in it. False
    /// when the body is at its end.
    pub(super) fn step(
        &mut self,
        kernel: Kernel,
        body: &[u8],
        mut found: impl FnMut(Range<usize>),
    ) -> bool {
        let rest = body.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let bytes = &rest[..rest.len().min(TILE_BYTES)];
        let words = kernel.fill(&mut self.tile, bytes);
        for (i, ends) in self.tile.ends[1..=words].iter().enumerate() {
            if *ends != 0 {
                self.floor = clusters_at(body, self.at + i * 64, *ends, self.floor, &mut found);
            }
        }
        self.tile.carry();
        self.at += bytes.len();
        true
    }
}

/// Hands out the clusters around the bits of one word; returns the new floor.
#[cold]
fn clusters_at(
    body: &[u8],
    base: usize,
    ends: u64,
    mut floor: usize,
    found: &mut impl FnMut(Range<usize>),
) -> usize {
    let mut left = ends;
    while left != 0 {
        let end = base + left.trailing_zeros() as usize;
        left &= left - 1;
        if end < floor {
            continue;
        }
        let cluster = cluster_around(body, end, floor);
        floor = cluster.end;
        found(cluster);
    }
    floor
}

/// The widest stretch of digits joined by single separators that holds the digit at `at`.
fn cluster_around(body: &[u8], at: usize, floor: usize) -> Range<usize> {
    let is_digit = |i: usize| body.get(i).is_some_and(u8::is_ascii_digit);
    let joins = |i: usize| body.get(i).copied().is_some_and(is_separator);
    let (mut start, mut end) = (at, at + 1);
    while start > floor {
        if is_digit(start - 1) {
            start -= 1;
        } else if start >= floor + 2 && joins(start - 1) && is_digit(start - 2) {
            start -= 2;
        } else {
            break;
        }
    }
    loop {
        if is_digit(end) {
            end += 1;
        } else if joins(end) && is_digit(end + 1) {
            end += 2;
        } else {
            return start..end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clusters(kernel: Kernel, body: &[u8]) -> Vec<Range<usize>> {
        let (mut sweep, mut all) = (Sweep::new(), Vec::new());
        while sweep.step(kernel, body, |cluster| all.push(cluster)) {}
        all
    }

    /// Every cluster, one byte at a time, kept when a shape fits somewhere in it.
    fn slowly(body: &[u8]) -> Vec<Range<usize>> {
        let (mut all, mut i) = (Vec::new(), 0);
        while i < body.len() {
            if !body[i].is_ascii_digit() {
                i += 1;
                continue;
            }
            let cluster = cluster_around(body, i, i);
            i = cluster.end;
            if has_shape(&body[cluster.clone()]) {
                all.push(cluster);
            }
        }
        all
    }

    fn has_shape(text: &[u8]) -> bool {
        let fits = |window: &[u8], shape: &str| {
            window
                .iter()
                .zip(shape.bytes())
                .all(|(byte, kind)| match kind {
                    b'D' => byte.is_ascii_digit(),
                    _ => is_separator(*byte),
                })
        };
        text.windows(9).any(|w| fits(w, "DDDDDDDDD"))
            || text.windows(11).any(|w| fits(w, "DDD-DD-DDDD"))
            || text.len() >= 14
    }

    /// Bytes that make shapes, near-shapes and the edges between them.
    fn numberish() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            12 => proptest::char::range('0', '9').prop_map(|c| c as u8),
            2 => Just(b'-'), 2 => Just(b' '), 1 => any::<u8>()
        ];
        (0..200usize, proptest::collection::vec(byte, 0..400)).prop_map(|(pad, mut bytes)| {
            let mut body = vec![b'x'; pad];
            body.append(&mut bytes);
            body
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn every_kernel_finds_what_the_slow_twin_finds(body in numberish()) {
            let want = slowly(&body);
            for kernel in Kernel::available() {
                prop_assert_eq!(&clusters(kernel, &body), &want, "{}", kernel.name());
            }
        }

        #[test]
        fn every_kernel_classifies_alike(body in proptest::collection::vec(any::<u8>(), 0..=TILE_BYTES)) {
            let mut want = Tile::new();
            let words = scalar::fill(&mut want, &body);
            for kernel in Kernel::available() {
                let mut tile = Tile::new();
                prop_assert_eq!(kernel.fill(&mut tile, &body), words);
                prop_assert_eq!(tile.digits, want.digits);
                prop_assert_eq!(tile.separators, want.separators);
                prop_assert_eq!(tile.ends, want.ends);
            }
        }
    }

    #[test]
    fn a_shape_is_found_across_every_block_and_tile_edge() {
        for number in ["536-90-4399", "536904399", "4111 1111 1111 1111"] {
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
        while sweep.step(Kernel::best(), &body, |cluster| panic!("{cluster:?}")) {}
        sweep.restart();
        while sweep.step(Kernel::best(), b"9 and more", |cluster| {
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
            assert!(clusters(Kernel::best(), text.as_bytes()).is_empty(), "{text}");
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
