//! Record batches, built and read without the gateway's code or the protocol crate's.
//!
//! Owns: magic 2 as KIP-98 draws it, the four codecs, CRC-32C by the plain table. It is the
//! tests' second opinion on what the gateway rewrites, so it is written to be obvious, not fast.
//!
//! ```text
//! base offset i64 | length i32 | leader epoch i32 | magic i8 | crc u32 | attributes i16
//! last offset delta i32 | first timestamp i64 | max timestamp i64 | producer id i64
//! producer epoch i16 | base sequence i32 | record count i32 | records (compressed as one)
//! ```

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::io::{Read, Write};

/// Bytes before the records.
pub const HEADER_BYTES: usize = 61;
/// Where the part begins that a broker stores as it came (magic, CRC and all behind it).
const MAGIC_AT: usize = 16;
/// Where the part begins that the CRC covers.
const COVERED_AT: usize = 21;
/// How the snappy of Java and librdkafka begins (xerial framing); two version numbers follow.
const XERIAL: &[u8] = b"\x82SNAPPY\0";
const XERIAL_VERSIONS: &[u8] = b"\0\0\0\x01\0\0\0\x01";

/// How a batch's records are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Every codec, in the order of their numbers on the wire.
pub const CODECS: [Codec; 5] = [
    Codec::None,
    Codec::Gzip,
    Codec::Snappy,
    Codec::Lz4,
    Codec::Zstd,
];

impl Codec {
    /// Its name in clients' settings.
    pub fn name(self) -> &'static str {
        ["none", "gzip", "snappy", "lz4", "zstd"][self as usize]
    }
}

/// A record's key, value and headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Null is not empty.
    pub key: Option<Bytes>,
    /// Null is not empty.
    pub value: Option<Bytes>,
    /// In order, names may repeat.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

impl Record {
    /// A record with a value only.
    pub fn of(value: impl Into<String>) -> Record {
        Record {
            value: Some(Bytes::from(value.into())),
            ..Record::default()
        }
    }

    /// The value as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.value.as_deref().unwrap_or_default()).into_owned()
    }
}

/// A batch to be built, or as it was read.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Compression.
    pub codec: Codec,
    /// Producer id, -1 without idempotence.
    pub producer_id: i64,
    /// Producer epoch, -1 without idempotence.
    pub producer_epoch: i16,
    /// First sequence number, -1 without idempotence.
    pub base_sequence: i32,
    /// Part of a transaction.
    pub transactional: bool,
    /// Of every record, in milliseconds.
    pub timestamp: i64,
    /// The records.
    pub records: Vec<Record>,
}

impl Batch {
    /// A plain batch of these records, stamped now.
    pub fn of(records: Vec<Record>) -> Batch {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Batch {
            codec: Codec::None,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            transactional: false,
            timestamp: now.map_or(0, |d| d.as_millis() as i64),
            records,
        }
    }

    /// A plain batch of these values.
    pub fn values(values: &[&str]) -> Batch {
        Batch::of(values.iter().map(|v| Record::of(*v)).collect())
    }

    /// The same, compressed.
    pub fn codec(mut self, codec: Codec) -> Batch {
        self.codec = codec;
        self
    }

    /// The same, from an idempotent producer.
    pub fn producer(mut self, id: i64, epoch: i16, sequence: i32) -> Batch {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, sequence);
        self
    }

    /// Its bytes on the wire.
    pub fn encode(&self) -> Result<Bytes> {
        let body = compress(self.codec, &encode_records(&self.records))?;
        let count = i32::try_from(self.records.len())?;
        let mut covered = BytesMut::with_capacity(body.len() + 40);
        covered.put_i16(self.codec as i16 | if self.transactional { 0x10 } else { 0 });
        covered.put_i32(count - 1);
        covered.put_i64(self.timestamp);
        covered.put_i64(self.timestamp);
        covered.put_i64(self.producer_id);
        covered.put_i16(self.producer_epoch);
        covered.put_i32(self.base_sequence);
        covered.put_i32(count);
        covered.put_slice(&body);
        let mut batch = BytesMut::with_capacity(covered.len() + COVERED_AT);
        batch.put_i64(0);
        batch.put_i32(i32::try_from(covered.len() + 9)?);
        batch.put_i32(-1);
        batch.put_i8(2);
        batch.put_u32(crc32c(&covered));
        batch.put(covered);
        Ok(batch.freeze())
    }
}

/// A batch as it lies in a log or a reply.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Offset of its first record.
    pub base_offset: i64,
    /// All its bytes.
    pub bytes: Bytes,
}

impl Stored {
    /// The bytes that a broker does not touch on append: everything but base offset, length and
    /// leader epoch.
    pub fn kept(&self) -> &[u8] {
        &self.bytes[MAGIC_AT..]
    }

    /// Reads it, checking magic, CRC and count.
    pub fn decode(&self) -> Result<Batch> {
        let mut head = self.bytes.slice(MAGIC_AT..);
        ensure!(head.get_i8() == 2, "magic is not 2");
        let crc = head.get_u32();
        ensure!(
            crc == crc32c(&self.bytes[COVERED_AT..]),
            "the CRC does not fit at offset {}",
            self.base_offset
        );
        let attributes = head.get_i16();
        let _last_offset_delta = head.get_i32();
        let timestamp = head.get_i64();
        let _max_timestamp = head.get_i64();
        let (producer_id, producer_epoch, base_sequence) =
            (head.get_i64(), head.get_i16(), head.get_i32());
        let count = head.get_i32();
        let codec = *CODECS
            .get((attributes & 7) as usize)
            .context("an unknown codec")?;
        let body = decompress(codec, &self.bytes[HEADER_BYTES..])?;
        let control = attributes & 0x20 != 0;
        let records = if control {
            Vec::new()
        } else {
            decode_records(&body, count)?
        };
        let transactional = attributes & 0x10 != 0;
        Ok(Batch {
            codec,
            producer_id,
            producer_epoch,
            base_sequence,
            transactional,
            timestamp,
            records,
        })
    }
}

/// Cuts a run of batches; a partial one at the end is left out, as brokers may send it.
pub fn cut(mut bytes: Bytes) -> Result<Vec<Stored>> {
    let mut batches = Vec::new();
    while bytes.len() >= HEADER_BYTES {
        let base_offset = i64::from_be_bytes(bytes[..8].try_into()?);
        let length = i32::from_be_bytes(bytes[8..12].try_into()?);
        let whole = 12 + usize::try_from(length)?;
        ensure!(whole >= HEADER_BYTES, "a batch of {whole} bytes");
        if whole > bytes.len() {
            break;
        }
        batches.push(Stored {
            base_offset,
            bytes: bytes.split_to(whole),
        });
    }
    Ok(batches)
}

/// Whether the CRC of a whole batch is right.
pub fn crc_fits(batch: &[u8]) -> bool {
    let stated = batch.get(MAGIC_AT + 1..COVERED_AT);
    let covered = batch.get(COVERED_AT..).unwrap_or_default();
    stated == Some(crc32c(covered).to_be_bytes().as_slice())
}

/// A batch that was tampered with, its length and CRC made to fit again.
pub fn sealed(mut bytes: Vec<u8>) -> Bytes {
    let length = (bytes.len() - 12) as i32;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c(&bytes[COVERED_AT..]);
    bytes[MAGIC_AT + 1..COVERED_AT].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

/// A batch of `count` records whose body is these bytes, said to be compressed by `codec`.
pub fn with_body(codec: Codec, count: i32, body: &[u8]) -> Result<Bytes> {
    let mut batch = Batch::values(&["bomb"]).encode()?.to_vec();
    batch.truncate(HEADER_BYTES);
    batch[COVERED_AT + 1] |= codec as u8;
    batch[COVERED_AT + 2..COVERED_AT + 6].copy_from_slice(&(count - 1).to_be_bytes());
    batch[HEADER_BYTES - 4..].copy_from_slice(&count.to_be_bytes());
    batch.extend(body);
    Ok(sealed(batch))
}

/// A batch whose records inflate to this many zeros.
pub fn bomb(codec: Codec, zeros: usize) -> Result<Bytes> {
    with_body(codec, 1, &compress(codec, &vec![0; zeros])?)
}

/// Records as they lie in a batch, before compression.
pub fn encode_records(records: &[Record]) -> Vec<u8> {
    let mut body = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let mut one = vec![0]; // attributes
        put_varint(&mut one, 0); // timestamp delta
        put_varint(&mut one, index as i64);
        put_bytes(&mut one, record.key.as_deref());
        put_bytes(&mut one, record.value.as_deref());
        put_varint(&mut one, record.headers.len() as i64);
        for (name, value) in &record.headers {
            put_bytes(&mut one, Some(name));
            put_bytes(&mut one, value.as_deref());
        }
        put_varint(&mut body, one.len() as i64);
        body.extend(one);
    }
    body
}

fn decode_records(mut body: &[u8], count: i32) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(get_varint(&mut body)?)?;
        let (mut one, rest) = body
            .split_at_checked(length)
            .context("a record past the end")?;
        body = rest;
        one = one.get(1..).context("a record without attributes")?;
        let _timestamp = get_varint(&mut one)?;
        let _offset = get_varint(&mut one)?;
        let (key, value) = (get_bytes(&mut one)?, get_bytes(&mut one)?);
        let mut headers = Vec::new();
        for _ in 0..get_varint(&mut one)? {
            headers.push((
                get_bytes(&mut one)?.context("a null header name")?,
                get_bytes(&mut one)?,
            ));
        }
        ensure!(one.is_empty(), "bytes after a record");
        records.push(Record {
            key,
            value,
            headers,
        });
    }
    ensure!(body.is_empty(), "bytes after the last record");
    Ok(records)
}

/// Zigzag varint, as in Protocol Buffers.
fn put_varint(to: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        to.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

fn get_varint(from: &mut &[u8]) -> Result<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first().context("a varint past the end")?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    bail!("a varint without end")
}

fn put_bytes(to: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_varint(to, bytes.map_or(-1, |b| b.len() as i64));
    to.extend(bytes.unwrap_or_default());
}

fn get_bytes(from: &mut &[u8]) -> Result<Option<Bytes>> {
    let length = get_varint(from)?;
    if length < 0 {
        return Ok(None);
    }
    let (bytes, rest) = from
        .split_at_checked(usize::try_from(length)?)
        .context("bytes past the end")?;
    *from = rest;
    Ok(Some(Bytes::copy_from_slice(bytes)))
}

/// A body as clients compress it.
pub fn compress(codec: Codec, body: &[u8]) -> Result<Vec<u8>> {
    Ok(match codec {
        Codec::None => body.to_vec(),
        Codec::Gzip => {
            let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            to.write_all(body)?;
            to.finish()?
        }
        Codec::Snappy => {
            let block = snap::raw::Encoder::new().compress_vec(body)?;
            let mut to = [XERIAL, XERIAL_VERSIONS].concat();
            to.put_i32(i32::try_from(block.len())?);
            to.extend(block);
            to
        }
        Codec::Lz4 => {
            let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
            to.write_all(body)?;
            to.finish()?
        }
        Codec::Zstd => zstd::encode_all(body, 3)?,
    })
}

fn decompress(codec: Codec, body: &[u8]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    match codec {
        Codec::None => plain.extend_from_slice(body),
        Codec::Gzip => drop(flate2::read::MultiGzDecoder::new(body).read_to_end(&mut plain)?),
        Codec::Snappy => match body.strip_prefix(XERIAL) {
            Some(versions) => {
                let mut blocks = versions
                    .get(XERIAL_VERSIONS.len()..)
                    .context("a short snappy header")?;
                while blocks.has_remaining() {
                    let length = usize::try_from(blocks.try_get_i32()?)?;
                    let (block, rest) = blocks
                        .split_at_checked(length)
                        .context("a snappy block past the end")?;
                    plain.extend(snap::raw::Decoder::new().decompress_vec(block)?);
                    blocks = rest;
                }
            }
            None => plain = snap::raw::Decoder::new().decompress_vec(body)?,
        },
        Codec::Lz4 => drop(lz4_flex::frame::FrameDecoder::new(body).read_to_end(&mut plain)?),
        Codec::Zstd => plain = zstd::decode_all(body)?,
    }
    Ok(plain)
}

/// CRC-32C (RFC 3720 §12.1), a byte at a time.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (crc >> 8) ^ CRC_OF_BYTE[usize::from(crc as u8 ^ byte)]
    })
}

/// The CRC of every byte, worked out a bit at a time.
static CRC_OF_BYTE: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let (mut crc, mut bit) = (at as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};
