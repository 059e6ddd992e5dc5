//! The codecs of Kafka, as its clients frame them.

use anyhow::{Context, Result};
use bytes::{Buf, BufMut};
use std::io::{Read, Write};

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

/// What clients' decompression makes of it.
pub fn decompress(codec: Codec, body: &[u8]) -> Result<Vec<u8>> {
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
