//! The four codecs of a record batch, with a bound on what comes out.
//!
//! Owns: inflating and deflating a batch's body, with contexts that are reused. Refuses: output
//! past the caller's bound, streams cut short, bytes after the end of a stream, and every optional
//! part of a container that carries bytes which no Kafka decoder hands to its reader (gzip names
//! and comments, skippable frames). Stays true: whatever the Java client would read of a stream is
//! in the output, or the stream is a fault; memory follows the input and the output actually
//! produced, never a size that the stream claims.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::fmt;

/// How a batch's body is compressed: the low three bits of its attributes (KIP-98, KIP-110).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// As it is.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy, raw or in the framing of xerial's snappy-java.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

impl Codec {
    /// The codec that a batch's attributes name; `None` for the three values nobody has defined.
    pub fn of(attributes: i16) -> Option<Codec> {
        Some(match attributes & 7 {
            0 => Codec::None,
            1 => Codec::Gzip,
            2 => Codec::Snappy,
            3 => Codec::Lz4,
            4 => Codec::Zstd,
            _ => return None,
        })
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        })
    }
}

/// Why a compressed body cannot be read. The sender is at fault; the batch is not inspectable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateFault {
    /// It holds more than the bound; nothing of it is kept.
    #[error("the compressed records inflate past {max} bytes")]
    TooBig {
        /// The bound, in bytes.
        max: usize,
    },
    /// The stream ends before its own end mark.
    #[error("the compressed records are cut short")]
    Truncated,
    /// Bytes follow the end of the stream that some decoders would not read.
    #[error("{bytes} bytes follow the end of the compressed records")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// The stream breaks its format, or uses a part of it that is not inspectable.
    #[error("the compressed records are malformed: {0}")]
    Malformed(&'static str),
}

/// What a codec could not do with sound input: the fault is the gateway's (memory), and the batch
/// must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the records could not be compressed again: {0}")]
pub struct DeflateFault(pub &'static str);

/// Inflates batches, one after the other, reusing each codec's context.
#[derive(Default)]
pub struct Inflater {
    gzip: gzip::Inflate,
    snappy: snappy::Inflate,
    zstd: zstd::Inflate,
}

impl Inflater {
    /// Nothing is allocated until a codec is first met.
    pub fn new() -> Inflater {
        Inflater::default()
    }

    /// Replaces `out` with what `input` holds, at most `max` bytes. After a fault `out` is empty.
    pub fn inflate(
        &mut self,
        codec: Codec,
        input: &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), InflateFault> {
        out.clear();
        let done = match codec {
            Codec::None => copy(input, out, max),
            Codec::Gzip => self.gzip.inflate(input, out, max),
            Codec::Snappy => self.snappy.inflate(input, out, max),
            Codec::Lz4 => lz4::inflate(input, out, max),
            Codec::Zstd => self.zstd.inflate(input, out, max),
        };
        // A codec may run into spare capacity past the bound: the last word is here.
        let done = done.and(bounded(out, max));
        if done.is_err() {
            out.clear();
        }
        done
    }
}

/// Compresses bodies that were edited, reusing each codec's context.
#[derive(Default)]
pub struct Deflater {
    gzip: gzip::Deflate,
    snappy: snappy::Deflate,
    zstd: zstd::Deflate,
}

impl Deflater {
    /// Nothing is allocated until a codec is first met.
    pub fn new() -> Deflater {
        Deflater::default()
    }

    /// Appends `input`, compressed, to `out`. Snappy is written in xerial's framing, which every
    /// client reads; levels are the Java client's defaults (gzip 6, zstd 3).
    pub fn deflate(
        &mut self,
        codec: Codec,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), DeflateFault> {
        match codec {
            Codec::None => {
                out.extend_from_slice(input);
                Ok(())
            }
            Codec::Gzip => self.gzip.deflate(input, out),
            Codec::Snappy => self.snappy.deflate(input, out),
            Codec::Lz4 => lz4::deflate(input, out),
            Codec::Zstd => self.zstd.deflate(input, out),
        }
    }
}

fn copy(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), InflateFault> {
    if input.len() > max {
        return Err(InflateFault::TooBig { max });
    }
    out.extend_from_slice(input);
    Ok(())
}

fn bounded(out: &[u8], max: usize) -> Result<(), InflateFault> {
    if out.len() > max {
        return Err(InflateFault::TooBig { max });
    }
    Ok(())
}

/// First room for an output that is not known yet.
const FIRST_ROOM_BYTES: usize = 16 * crate::limits::KIB;

/// Gives `out` spare capacity when it has none: it doubles, from a small multiple of the input,
/// and never passes `max` by more than the one byte that shows the bound was passed.
fn make_room(out: &mut Vec<u8>, input: usize, max: usize) -> Result<(), InflateFault> {
    bounded(out, max)?;
    if out.len() == out.capacity() {
        let wish = out.len().max(input.saturating_mul(2)).max(FIRST_ROOM_BYTES);
        out.reserve_exact(wish.min(max.saturating_add(1) - out.len()));
    }
    Ok(())
}

/// Extends `out` by `bytes` zeros for a decoder that writes into a slice; past `max` is a fault.
fn extend_zeroed(out: &mut Vec<u8>, bytes: usize, max: usize) -> Result<usize, InflateFault> {
    let start = out.len();
    let end = start.saturating_add(bytes);
    if end > max {
        return Err(InflateFault::TooBig { max });
    }
    out.resize(end, 0);
    Ok(start)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const ALL: [Codec; 5] = [
        Codec::None,
        Codec::Gzip,
        Codec::Snappy,
        Codec::Lz4,
        Codec::Zstd,
    ];

    fn deflated(codec: Codec, input: &[u8]) -> Vec<u8> {
        let mut out = vec![];
        Deflater::new().deflate(codec, input, &mut out).unwrap();
        out
    }

    #[test]
    fn codecs_come_from_the_low_three_bits() {
        for (i, codec) in ALL.into_iter().enumerate() {
            assert_eq!(Codec::of(i as i16 | 0x78), Some(codec));
        }
        assert!((5..8).all(|bits| Codec::of(bits).is_none()));
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = vec![0u8; 4 << 20];
        for codec in ALL {
            let small = deflated(codec, &bomb);
            let mut out = vec![];
            let fault = Inflater::new().inflate(codec, &small, &mut out, 100_000);
            assert_eq!(fault, Err(InflateFault::TooBig { max: 100_000 }), "{codec}");
            assert!(out.is_empty(), "{codec}");
            if codec != Codec::None {
                assert!(out.capacity() <= 2 * small.len() + 100_001, "{codec}");
            }
        }
    }

    #[test]
    fn exactly_the_bound_is_allowed() {
        let body = vec![7u8; 70_000];
        let mut inflater = Inflater::new();
        for codec in ALL {
            let small = deflated(codec, &body);
            // A warm scratch with more capacity than the bound must not hide a breach of it.
            let mut out = Vec::with_capacity(1 << 20);
            assert_eq!(
                inflater.inflate(codec, &small, &mut out, 70_000),
                Ok(()),
                "{codec}"
            );
            assert_eq!(out, body);
            let fault = inflater.inflate(codec, &small, &mut out, 69_999);
            assert_eq!(fault, Err(InflateFault::TooBig { max: 69_999 }), "{codec}");
        }
    }

    #[test]
    fn cut_short_or_continued_is_a_fault() {
        let body: Vec<u8> = (0..5000u32).flat_map(|i| (i * i).to_le_bytes()).collect();
        let mut inflater = Inflater::new();
        let mut out = vec![];
        for codec in &ALL[1..] {
            let whole = deflated(*codec, &body);
            for cut in [1, 2, 5, whole.len() / 2, whole.len() - 1] {
                let cut_short = &whole[..whole.len() - cut];
                assert!(
                    inflater
                        .inflate(*codec, cut_short, &mut out, 1 << 20)
                        .is_err(),
                    "{codec} -{cut}"
                );
            }
            for tail in [&b"x"[..], b"123-45-6789", &[0; 40]] {
                let longer = [&whole[..], tail].concat();
                assert!(
                    inflater
                        .inflate(*codec, &longer, &mut out, 1 << 20)
                        .is_err(),
                    "{codec}"
                );
                assert!(out.is_empty());
            }
            assert_eq!(
                inflater.inflate(*codec, &whole, &mut out, 1 << 20),
                Ok(()),
                "{codec}"
            );
            assert_eq!(out, body, "a fault must not poison the context of {codec}");
        }
    }

    #[test]
    fn nothing_at_all_is_no_stream() {
        for codec in &ALL[1..] {
            assert!(
                Inflater::new()
                    .inflate(*codec, &[], &mut vec![], 10)
                    .is_err(),
                "{codec}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_goes_in_comes_out(body in proptest::collection::vec(any::<u8>(), 0..3000), repeat in 1usize..60) {
            let body = body.repeat(repeat);
            let (mut inflater, mut out) = (Inflater::new(), vec![]);
            for codec in ALL {
                inflater.inflate(codec, &deflated(codec, &body), &mut out, 1 << 20).unwrap();
                prop_assert_eq!(&out, &body);
            }
        }

        #[test]
        fn any_bytes_are_an_answer_and_bounded(noise in proptest::collection::vec(any::<u8>(), 0..600), flip in any::<prop::sample::Index>(), with in 1u8..) {
            let (mut inflater, max) = (Inflater::new(), 50_000);
            for codec in &ALL[1..] {
                let mut out = vec![];
                let _ = inflater.inflate(*codec, &noise, &mut out, max);
                prop_assert!(out.len() <= max && out.capacity() <= max + 1);
                let mut sound = deflated(*codec, &noise.repeat(20));
                let at = flip.index(sound.len());
                sound[at] ^= with;
                let _ = inflater.inflate(*codec, &sound, &mut out, max);
                prop_assert!(out.len() <= max);
            }
        }
    }
}
