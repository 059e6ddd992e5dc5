//! Snappy, raw or in the framing of xerial's snappy-java.
//!
//! ```text
//! 82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version i32 | compatible i32 | (length i32 | raw block)*
//! ```
//! All big-endian. A raw block opens with its own inflated size, which is checked against what so
//! many bytes can possibly hold before room is made for it.

use super::{DeflateFault, InflateFault, extend_zeroed};
use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

// Bytes 82 53 4e are no raw block: they would open with a copy of bytes not yet written.
const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
const HEADER_BYTES: usize = MAGIC.len() + VERSIONS.len();
/// The densest element of the format: a copy of 64 bytes in three.
const RATIO_MAX: usize = 22;
/// snappy-java's default block.
const BLOCK_BYTES: usize = 32 * crate::limits::KIB;

#[derive(Default)]
pub(super) struct Inflate(Decoder);

impl Inflate {
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), InflateFault> {
        if !input.starts_with(&MAGIC) {
            return self.block(input, out, max);
        }
        let mut rest = input.get(HEADER_BYTES..).ok_or(InflateFault::Truncated)?;
        while !rest.is_empty() {
            let (length, after) = rest
                .split_first_chunk::<4>()
                .ok_or(InflateFault::Truncated)?;
            // A negative length is also how snappy-java meets a second header: nobody writes one.
            let length = usize::try_from(i32::from_be_bytes(*length))
                .map_err(|_| InflateFault::Malformed("a negative snappy block length"))?;
            let (block, after) = after
                .split_at_checked(length)
                .ok_or(InflateFault::Truncated)?;
            self.block(block, out, max)?;
            rest = after;
        }
        Ok(())
    }

    fn block(&mut self, block: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), InflateFault> {
        let broken = |_| InflateFault::Malformed("a broken snappy block");
        if block.is_empty() {
            return Err(InflateFault::Truncated);
        }
        let size = decompress_len(block).map_err(broken)?;
        if size > block.len().saturating_mul(RATIO_MAX) {
            return Err(InflateFault::Malformed(
                "a snappy block too small for its size",
            ));
        }
        let start = extend_zeroed(out, size, max)?;
        let written = self
            .0
            .decompress(block, &mut out[start..])
            .map_err(broken)?;
        if written != size {
            return Err(InflateFault::Truncated);
        }
        Ok(())
    }
}

pub(super) struct Deflate(Encoder);

impl Default for Deflate {
    fn default() -> Deflate {
        Deflate(Encoder::new())
    }
}

impl Deflate {
    pub(super) fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), DeflateFault> {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSIONS);
        for block in input.chunks(BLOCK_BYTES) {
            let length_at = out.len();
            let start = length_at + 4;
            out.resize(start + max_compress_len(block.len()), 0);
            let written = self
                .0
                .compress(block, &mut out[start..])
                .map_err(|_| DeflateFault("snappy"))?;
            out[length_at..start].copy_from_slice(&(written as u32).to_be_bytes());
            out.truncate(start + written);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn inflate(input: &[u8]) -> Result<Vec<u8>, InflateFault> {
        let mut out = vec![];
        Inflate::default()
            .inflate(input, &mut out, 1 << 20)
            .map(|()| out)
    }

    fn framed(blocks: &[&[u8]]) -> Vec<u8> {
        let mut out = [MAGIC, VERSIONS].concat();
        for block in blocks {
            let raw = Encoder::new().compress_vec(block).unwrap();
            out.extend_from_slice(&(raw.len() as i32).to_be_bytes());
            out.extend_from_slice(&raw);
        }
        out
    }

    #[test]
    fn raw_and_framed_are_read() {
        let raw = Encoder::new().compress_vec(b"some body").unwrap();
        assert_eq!(inflate(&raw), Ok(b"some body".to_vec()));
        assert_eq!(
            inflate(&framed(&[b"some ", b"", b"body"])),
            Ok(b"some body".to_vec())
        );
        assert_eq!(inflate(&framed(&[])), Ok(vec![]));
    }

    #[test]
    fn a_second_header_inside_is_refused() {
        let twice = [framed(&[b"one"]), framed(&[b"two"])].concat();
        assert!(matches!(inflate(&twice), Err(InflateFault::Malformed(_))));
    }

    #[test]
    fn a_claimed_size_is_not_believed() {
        let mut out = vec![];
        let claim = [0xff, 0xff, 0xff, 0x7f, 0, b'x']; // 256 MiB in six bytes
        let fault = Inflate::default().inflate(&claim, &mut out, usize::MAX);
        assert!(matches!(fault, Err(InflateFault::Malformed(_))));
        assert_eq!(out.capacity(), 0);
        // The densest stream there is stays under the ratio.
        let zeros = Encoder::new().compress_vec(&vec![0; 60_000]).unwrap();
        assert_eq!(inflate(&zeros).unwrap().len(), 60_000);
    }
}
