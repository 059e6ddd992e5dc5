//! A batch around an edited body.
//!
//! Owns: putting header and body together again. Refuses: nothing that the codec takes. Stays
//! true: only length, checksum and body differ from the batch that came; offsets, timestamps and
//! their type, delete horizon, producer id, epoch, sequence and count are the sender's.

use super::{HEADER_BYTES, LENGTH_FROM, rewrite_crc};
use crate::kafka::compression::{Codec, DeflateFault, Deflater};

const LENGTH_AT: usize = 8;

/// Appends to `out` the whole batch `batch` with `body` (uncompressed, the same number of records)
/// in place of its own, compressed with the codec it had. On a fault `out` is as it was.
///
/// Masking can make a compressed batch bigger than it was: the caller checks the result against
/// `max.message.bytes` and refuses with MESSAGE_TOO_LARGE.
pub fn rebuild(
    batch: &[u8],
    body: &[u8],
    deflater: &mut Deflater,
    out: &mut Vec<u8>,
) -> Result<(), DeflateFault> {
    let start = out.len();
    let done = append(batch, body, deflater, out, start);
    if done.is_err() {
        out.truncate(start);
    }
    done
}

fn append(
    batch: &[u8],
    body: &[u8],
    deflater: &mut Deflater,
    out: &mut Vec<u8>,
    start: usize,
) -> Result<(), DeflateFault> {
    let header = batch
        .get(..HEADER_BYTES)
        .ok_or(DeflateFault("no batch header"))?;
    let codec =
        Codec::of(i16::from(header[super::CRC_FROM + 1])).ok_or(DeflateFault("unknown codec"))?;
    out.extend_from_slice(header);
    deflater.deflate(codec, body, out)?;
    let batch = &mut out[start..];
    let length =
        i32::try_from(batch.len() - LENGTH_FROM).map_err(|_| DeflateFault("over 2 GiB"))?;
    batch[LENGTH_AT..LENGTH_FROM].copy_from_slice(&length.to_be_bytes());
    rewrite_crc(batch);
    Ok(())
}
