//! One LZ4 frame (lz4 `doc/lz4_Frame_format.md`, v1.6.x), as Kafka's own reader takes it.
//!
//! ```text
//! 04 22 4D 18 | FLG | BD | [content size u64] | HC | (size u32 | block | [checksum])* | 0 u32 | [checksum]
//! ```
//! All little-endian. Blocks are inflated straight onto the output, which serves linked blocks as
//! their dictionary. The frame's xxHash sums are skipped: the batch's CRC-32C covers the same
//! bytes, and what is inspected is what a decoder yields, whatever those sums say.
//!
//! Refuses: dictionaries, the legacy format, skippable frames and a second frame, which Kafka's
//! reader would leave unread.

use super::{DeflateFault, InflateFault, extend_zeroed};
use crate::limits::KIB;
use lz4_flex::block::{decompress_into, decompress_into_with_dict};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use std::io::Write;

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const FLG_VERSION: u8 = 0b1100_0000;
const FLG_VERSION_1: u8 = 0b0100_0000;
const FLG_INDEPENDENT: u8 = 1 << 5;
const FLG_BLOCK_SUM: u8 = 1 << 4;
const FLG_CONTENT_SIZE: u8 = 1 << 3;
const FLG_CONTENT_SUM: u8 = 1 << 2;
const FLG_REFUSED: u8 = 0b11; // reserved, dictionary
const BD_REFUSED: u8 = 0b1000_1111;
const STORED: u32 = 1 << 31;
/// How far back a linked block may reach.
const WINDOW_BYTES: usize = 64 * KIB;
/// The densest a block can be: one byte that lengthens a match by 255.
const RATIO_MAX: usize = 255;

struct Header {
    independent: bool,
    block_sum: bool,
    content_sum: bool,
    content_size: Option<u64>,
    block_bytes_max: usize,
}

pub(super) fn inflate(input: &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), InflateFault> {
    let mut rest = input;
    let header = header(&mut rest)?;
    loop {
        let word = u32::from_le_bytes(take(&mut rest)?);
        if word == 0 {
            break;
        }
        let size = (word & !STORED) as usize;
        if size == 0 {
            // Kafka's reader takes it for the end mark, others for an empty block.
            return Err(InflateFault::Malformed("an empty LZ4 block"));
        }
        if size > header.block_bytes_max {
            return Err(InflateFault::Malformed(
                "an LZ4 block past the frame's maximum",
            ));
        }
        let (block, after) = rest.split_at_checked(size).ok_or(InflateFault::Truncated)?;
        rest = after;
        if word & STORED != 0 {
            let start = extend_zeroed(out, size, max)?;
            out[start..].copy_from_slice(block);
        } else {
            compressed(block, &header, out, max)?;
        }
        if header.block_sum {
            take::<4>(&mut rest)?;
        }
    }
    if header.content_sum {
        take::<4>(&mut rest)?;
    }
    if header
        .content_size
        .is_some_and(|size| size != out.len() as u64)
    {
        return Err(InflateFault::Malformed(
            "an LZ4 content size that does not match",
        ));
    }
    match rest.len() {
        0 => Ok(()),
        bytes => Err(InflateFault::Trailing { bytes }),
    }
}

fn header(rest: &mut &[u8]) -> Result<Header, InflateFault> {
    if take(rest)? != MAGIC {
        return Err(InflateFault::Malformed("not an LZ4 frame"));
    }
    let [flg, bd] = take(rest)?;
    if flg & FLG_VERSION != FLG_VERSION_1 || flg & FLG_REFUSED != 0 || bd & BD_REFUSED != 0 {
        return Err(InflateFault::Malformed("an LZ4 frame of an unknown kind"));
    }
    let block_bytes_max = match bd >> 4 {
        4 => 64 * KIB,
        5 => 256 * KIB,
        6 => 1024 * KIB,
        7 => 4096 * KIB,
        _ => return Err(InflateFault::Malformed("an LZ4 block size nobody defined")),
    };
    let content_size = match flg & FLG_CONTENT_SIZE {
        0 => None,
        _ => Some(u64::from_le_bytes(take(rest)?)),
    };
    take::<1>(rest)?; // HC
    Ok(Header {
        independent: flg & FLG_INDEPENDENT != 0,
        block_sum: flg & FLG_BLOCK_SUM != 0,
        content_sum: flg & FLG_CONTENT_SUM != 0,
        content_size,
        block_bytes_max,
    })
}

fn compressed(
    block: &[u8],
    header: &Header,
    out: &mut Vec<u8>,
    max: usize,
) -> Result<(), InflateFault> {
    let room = header
        .block_bytes_max
        .min(block.len().saturating_mul(RATIO_MAX));
    // One byte past the bound, so that a block which breaks it is told from one that just fits.
    let room = room.min(max.saturating_add(1).saturating_sub(out.len()));
    let start = extend_zeroed(out, room, max.saturating_add(1))?;
    let (before, target) = out.split_at_mut(start);
    let written = if header.independent || before.is_empty() {
        decompress_into(block, target)
    } else {
        let window = &before[before.len().saturating_sub(WINDOW_BYTES)..];
        decompress_into_with_dict(block, target, window)
    };
    let short = room < header.block_bytes_max && start + room > max;
    match written {
        Ok(written) => out.truncate(start + written),
        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if short => {
            return Err(InflateFault::TooBig { max });
        }
        Err(_) => return Err(InflateFault::Malformed("a broken LZ4 block")),
    }
    Ok(())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], InflateFault> {
    let (taken, after) = rest
        .split_first_chunk::<N>()
        .ok_or(InflateFault::Truncated)?;
    *rest = after;
    Ok(*taken)
}

/// Writes independent blocks of 64 KiB: the only kind that Kafka's Java reader takes, in its size.
pub(super) fn deflate(input: &[u8], out: &mut Vec<u8>) -> Result<(), DeflateFault> {
    let info = FrameInfo::new()
        .block_mode(BlockMode::Independent)
        .block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(info, out);
    encoder.write_all(input).map_err(|_| DeflateFault("lz4"))?;
    encoder.finish().map_err(|_| DeflateFault("lz4"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn frame(info: FrameInfo, body: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, vec![]);
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(input: &[u8]) -> Result<Vec<u8>, InflateFault> {
        let mut out = vec![];
        inflate(input, &mut out, 1 << 20).map(|()| out)
    }

    #[test]
    fn every_kind_of_frame_is_read() {
        let noise = (0..50_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes());
        let text = b"name=alice;city=oslo;".repeat(15_000);
        for body in [text, noise.collect(), vec![], b"x".to_vec()] {
            for mode in [BlockMode::Independent, BlockMode::Linked] {
                for sums in [false, true] {
                    let info = FrameInfo::new()
                        .block_mode(mode)
                        .block_size(BlockSize::Max64KB)
                        .block_checksums(sums)
                        .content_checksum(sums)
                        .content_size(sums.then_some(body.len() as u64));
                    assert_eq!(
                        inflated(&frame(info, &body)).unwrap(),
                        body,
                        "{mode:?} {sums}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_second_frame_is_a_fault() {
        let one = frame(FrameInfo::new(), b"body");
        let two = [&one[..], &one].concat();
        assert_eq!(
            inflated(&two),
            Err(InflateFault::Trailing { bytes: one.len() })
        );
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"1234", &one].concat();
        assert!(matches!(
            inflated(&skippable),
            Err(InflateFault::Malformed(_))
        ));
    }

    #[test]
    fn an_empty_stored_block_is_a_fault() {
        let info = FrameInfo::new().block_mode(BlockMode::Independent);
        let mut body = frame(info, b"body");
        body.splice(7..7, [0, 0, 0, 0x80]);
        assert!(matches!(inflated(&body), Err(InflateFault::Malformed(_))));
    }

    #[test]
    fn a_claimed_block_size_is_not_believed() {
        // 4 MiB blocks claimed, five bytes of block sent.
        let mut claim = MAGIC.to_vec();
        claim.extend_from_slice(&[0x60, 0x70, 0, 5, 0, 0, 0, 0x40, b'a', b'b', b'c', b'd']);
        let mut out = vec![];
        assert!(inflate(&claim, &mut out, usize::MAX).is_err());
        assert!(out.capacity() <= 5 * RATIO_MAX);
    }
}
