//! Which instructions the pass runs on.
//!
//! Owns: the choice, made from what the CPU says it has. Refuses: a kernel that was not detected; a
//! [`Kernel`] is the proof. Stays true: all kernels give the same answer, bit for bit.

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::planes::Planes;
use super::scalar;
use super::shapes::{Shapes, Wants};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::scan::parts::Parts;
use crate::scan::starts::Starts;

/// An instruction set this CPU is known to have. A value is the proof.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
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
        #[cfg(target_arch = "aarch64")]
        let vector = [neon::Neon::detect().map(Kind::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
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
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            Kind::Scalar => "scalar",
        }
    }

    /// Fills the first `words` words of the planes from `bytes`, which go on to the body's end.
    pub(in crate::scan) fn fill(self, planes: &mut Planes, bytes: &[u8], words: usize) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.fill(planes, bytes, words),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.fill(planes, bytes, words),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(kernel) => kernel.fill(planes, bytes, words),
            Kind::Scalar => scalar::fill(planes, bytes, words),
        }
    }

    /// Finds the shapes in the first `words` words of the planes.
    pub(in crate::scan) fn find(
        self,
        shapes: &mut Shapes,
        planes: &Planes,
        words: usize,
        wants: Wants,
    ) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.find(shapes, planes, words, wants),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.find(shapes, planes, words, wants),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => scalar::find(shapes, planes, words, wants),
            Kind::Scalar => scalar::find(shapes, planes, words, wants),
        }
    }

    /// Lists where keywords and literals may begin; see `Starts::sift`.
    pub(in crate::scan) fn sift(
        self,
        starts: &mut Starts,
        planes: &Planes,
        shapes: &Shapes,
        words: usize,
        text: &[u8],
        parts: &Parts,
    ) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.sift(starts, planes, shapes, words, text, parts),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.sift(starts, planes, shapes, words, text, parts),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(kernel) => kernel.sift(starts, planes, shapes, words, text, parts),
            Kind::Scalar => scalar::sift(starts, planes, shapes, words, text, parts),
        }
    }

    /// Puts together what is worth a look; see `Shapes::gather`.
    pub(in crate::scan) fn gather(
        self,
        shapes: &mut Shapes,
        reach: &[u64],
        words: usize,
        wants: Wants,
    ) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(kernel) => kernel.gather(shapes, reach, words, wants),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(kernel) => kernel.gather(shapes, reach, words, wants),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => shapes.gather(reach, words, wants),
            Kind::Scalar => shapes.gather(reach, words, wants),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::planes::{TILE_BYTES, TILE_WORDS};
    use super::*;
    use crate::chunk::DetectorId;
    use crate::scan::words::Words;
    use proptest::prelude::*;

    /// Without this the properties below would hold of the scalar kernel alone.
    #[cfg(target_arch = "aarch64")]
    #[test]
    fn the_best_kernel_of_aarch64_is_neon() {
        assert_eq!(Kernel::best().name(), "neon");
    }

    fn all() -> Wants {
        Wants {
            numbers: true,
            codes: true,
            dots: true,
            colons: true,
            specials: true,
            views: true,
        }
    }

    /// Words, literals, shapes and the bytes next to each class.
    fn texty() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..8),
            proptest::sample::select(vec![
                "SSN",
                "Social-Security",
                "pan ",
                "eyJ",
                "AKIA",
                "10.0.0.1",
                "::",
                "a:b:c:d",
                "AB12",
                "x@y",
                "\u{ff11}"
            ])
            .prop_map(|s| s.as_bytes().to_vec()),
            "[0-9 .:/@`{a-zA-Z\\[-]{1,20}".prop_map(String::into_bytes),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_kernel_sees_alike(body in texty(), pad in 0..70usize) {
            let body = [body, vec![b'x'; pad]].concat();
            let body = &body[..body.len().min(TILE_BYTES)];
            let words = body.len().div_ceil(64).min(TILE_WORDS);
            let (mut want, mut want_shapes) = (Planes::new(), Shapes::new());
            scalar::fill(&mut want, body, words);
            scalar::find(&mut want_shapes, &want, words, all());
            for kernel in Kernel::available() {
                let (mut planes, mut shapes) = (Planes::new(), Shapes::new());
                kernel.fill(&mut planes, body, words);
                kernel.find(&mut shapes, &planes, words, all());
                for (got, want) in planes.all().into_iter().zip(want.all()) {
                    prop_assert_eq!(&got[..=words], &want[..=words], "{}", kernel.name());
                }
                for (got, want) in shapes.all().into_iter().zip(want_shapes.all()) {
                    prop_assert_eq!(&got[..=words], &want[..=words], "{}", kernel.name());
                }
            }
        }

        #[test]
        fn no_kernel_passes_over_a_word(body in texty(), pad in 0..70usize) {
            let body = [body, vec![b'x'; pad]].concat();
            let body = &body[..body.len().min(TILE_BYTES)];
            let count = body.len().div_ceil(64).min(TILE_WORDS);
            let literals = ["eyJ", "AKIA"].map(str::as_bytes);
            let mut words = Words::new();
            for word in ["ssn", "social security", "pan", "ab", "x"] {
                words.insert(word, DetectorId(0));
            }
            let parts = Parts::new(words.iter().map(|(word, _)| word), literals.into_iter());
            let begins = |at: &u16| {
                let at = usize::from(*at);
                words.at(body, at).is_some() || literals.iter().any(|literal| body[at..].starts_with(literal))
            };
            let (mut planes, mut shapes) = (Planes::new(), Shapes::new());
            scalar::fill(&mut planes, body, count);
            scalar::find(&mut shapes, &planes, count, all());
            let list = |kernel: Kernel| {
                let mut starts = Starts::new();
                starts.mark_ends(&[u64::MAX; TILE_WORDS]);
                let kept = kernel.sift(&mut starts, &planes, &shapes, count, body, &parts);
                starts.places[..kept].to_vec()
            };
            let every: Vec<u16> = list(Kernel(Kind::Scalar));
            for kernel in Kernel::available() {
                let some = list(kernel);
                prop_assert!(some.iter().all(|at| every.contains(at)), "{}", kernel.name());
                prop_assert!(every.iter().filter(|at| begins(at)).all(|at| some.contains(at)), "{}", kernel.name());
            }
        }
    }
}
