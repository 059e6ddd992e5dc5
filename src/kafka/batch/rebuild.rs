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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::batch::samples::{batch_of, body_of, only, some_records};
    use crate::kafka::batch::{BatchHeader, Bodies, check_crc};
    use ::bytes::{Bytes as Shared, BytesMut};
    use kafka_protocol::protocol::StrBytes;
    use kafka_protocol::records::{
        Compression, Record as Theirs, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions,
        TimestampType,
    };
    use std::io::Read;

    #[test]
    fn rebuilt_batches_differ_only_in_length_checksum_and_body() {
        let mut bodies = Bodies::new();
        for bits in 0..5 {
            // LogAppendTime, transactional and a delete horizon, which decoders tend to lose.
            let attributes = 0b101_1000 | bits;
            let bytes = batch_of(&some_records(), attributes);
            let mut list = some_records();
            list[0].value = Some(b"*".repeat(300));
            let mut out = b"before".to_vec();
            rebuild(&bytes, &body_of(&list), &mut Deflater::new(), &mut out).unwrap();
            let rebuilt = &out[6..];
            let batch = only(rebuilt);
            assert!(check_crc(rebuilt));
            assert_eq!(bodies.open(rebuilt, &batch).unwrap(), body_of(&list));
            let before = only(&bytes).header;
            let expected = BatchHeader {
                length: batch.header.length,
                crc: batch.header.crc,
                ..before
            };
            assert_eq!(batch.header, expected);
        }
    }

    #[test]
    fn a_fault_leaves_no_half_batch() {
        let mut out = b"before".to_vec();
        let mut bytes = batch_of(&some_records(), 0);
        assert!(rebuild(&bytes[..60], b"", &mut Deflater::new(), &mut out).is_err());
        bytes[22] |= 7;
        assert!(rebuild(&bytes, b"", &mut Deflater::new(), &mut out).is_err());
        assert_eq!(out, b"before");
    }

    fn theirs(i: i64) -> Theirs {
        Theirs {
            transactional: true,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: 4,
            producer_id: 99,
            producer_epoch: 2,
            timestamp_type: TimestampType::Creation,
            offset: 500 + i,
            sequence: 20 + i as i32,
            timestamp: 1_700_000_000_000 + 3 * i,
            key: (i != 1).then(|| Shared::from(format!("key {i}"))),
            value: (i != 2).then(|| Shared::from(format!("ssn 123-45-678{i} end"))),
            headers: [(
                StrBytes::from_string(format!("h{i}")),
                (i != 0).then(|| Shared::from("x")),
            )]
            .into_iter()
            .collect(),
        }
    }

    fn options(compression: Compression) -> RecordEncodeOptions {
        RecordEncodeOptions {
            version: 2,
            compression,
        }
    }

    /// Decoders that this crate's own codecs had no hand in.
    fn independent(bytes: &mut Shared, codec: Compression) -> anyhow::Result<Shared> {
        let mut out = vec![];
        match codec {
            Compression::None => out = bytes.to_vec(),
            Compression::Gzip => {
                flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out)?;
            }
            Compression::Snappy => {
                let mut rest = &bytes[16..]; // xerial's framing
                while let Some((length, after)) = rest.split_first_chunk::<4>() {
                    let (block, after) = after.split_at(u32::from_be_bytes(*length) as usize);
                    out.extend(snap::raw::Decoder::new().decompress_vec(block)?);
                    rest = after;
                }
            }
            Compression::Lz4 => {
                lz4_flex::frame::FrameDecoder::new(&bytes[..]).read_to_end(&mut out)?;
            }
            Compression::Zstd => out = ::zstd::decode_all(&bytes[..])?,
        }
        Ok(out.into())
    }

    #[test]
    fn a_masked_batch_decodes_to_the_same_records_but_the_edit() {
        for bits in 0..5i16 {
            let list: Vec<Theirs> = (0..4).map(theirs).collect();
            let mut bytes = BytesMut::new();
            RecordBatchEncoder::encode(&mut bytes, &list, &options(Compression::None)).unwrap();
            let mut bytes = bytes.to_vec();
            assert!(check_crc(&bytes));
            bytes[22] |= bits as u8; // the codec it is rebuilt with
            let body = bytes[HEADER_BYTES..].to_vec();
            let mut out = vec![];
            rebuild(&bytes, &mask(&body), &mut Deflater::new(), &mut out).unwrap();
            assert!(check_crc(&out));
            let read = RecordBatchDecoder::decode_with_custom_compression(
                &mut Shared::from(out),
                Some(independent),
            );
            let mut expected = list;
            for record in &mut expected {
                record.value = record.value.as_ref().map(|value| mask(value).into());
            }
            assert_eq!(read.unwrap().records, expected, "codec {bits}");
        }
    }

    fn mask(bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for at in 0..out.len().saturating_sub(6) {
            if &out[at..at + 6] == b"123-45" {
                out[at..at + 6].copy_from_slice(b"***-**");
            }
        }
        out
    }
}
