//! Which instructions the pass runs on.
//!
//! Owns: the choice, made from what the CPU says it has. Refuses: a kernel that was not detected; a
//! [`Kernel`] is the proof. Stays true: all kernels give the same answer, bit for bit.

use super::scalar;
use super::shapes::Tile;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

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

    /// Fills the tile from `bytes` (at most a tile's worth) and finds its ends; returns its words.
    pub(super) fn fill(self, tile: &mut Tile, bytes: &[u8]) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.fill(tile, bytes),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.fill(tile, bytes),
            Kind::Scalar => scalar::fill(tile, bytes),
        }
    }

    /// Whether a keyword may begin in the window.
    pub(super) fn has_keyword(self, window: &[u8; 64]) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.has_keyword(window),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.has_keyword(window),
            Kind::Scalar => scalar::has_keyword(window),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::TILE_BYTES;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_kernel_classifies_alike(body in proptest::collection::vec(any::<u8>(), 0..=TILE_BYTES)) {
            let mut want = Tile::new();
            let words = scalar::fill(&mut want, &body);
            for kernel in Kernel::available() {
                let mut tile = Tile::new();
                prop_assert_eq!(kernel.fill(&mut tile, &body), words);
                prop_assert_eq!(tile.digits, want.digits);
                prop_assert_eq!(tile.separators, want.separators);
                prop_assert_eq!(tile.nines, want.nines);
                prop_assert_eq!(tile.ends, want.ends);
            }
        }

        #[test]
        fn every_kernel_sees_the_same_keywords(window in any::<[u8; 64]>(), text in "[SsSsOoCcNn #@`{\\[_A-z]{3}[Xx\\[`@ ]{58}[SsOoCcN]{3}") {
            let text: [u8; 64] = text.as_bytes().try_into().expect("64 bytes");
            for kernel in Kernel::available() {
                prop_assert_eq!(kernel.has_keyword(&window), scalar::has_keyword(&window));
                prop_assert_eq!(kernel.has_keyword(&text), scalar::has_keyword(&text));
            }
        }
    }

    #[test]
    fn every_byte_is_classified_as_its_name_says() {
        for byte in 0..=255u8 {
            let mut tile = Tile::new();
            for kernel in Kernel::available() {
                kernel.fill(&mut tile, &[byte; 64]);
                let all = |yes: bool| if yes { u64::MAX } else { 0 };
                assert_eq!(tile.digits[1], all(byte.is_ascii_digit()), "{byte}");
                assert_eq!(
                    tile.separators[1],
                    all(byte == b' ' || byte == b'-'),
                    "{byte}"
                );
            }
        }
    }
}
