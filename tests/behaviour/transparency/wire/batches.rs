//! Batches that are not what a broker takes, and Produce requests that ask for what nobody has.

use super::{Ask, Case, compare};
use crate::Outcome;
use bytes::Bytes;
use lockgate_tests::batch::{Batch, Codec, sealed};
use lockgate_tests::requests::{Part, Send};

fn plain() -> anyhow::Result<Vec<u8>> {
    Ok(Batch::values(&["one", "two"]).encode()?.to_vec())
}

/// A batch with these bytes at this place, its length and CRC made to fit.
fn with(at: usize, bytes: &[u8]) -> anyhow::Result<Bytes> {
    let mut batch = plain()?;
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    Ok(sealed(batch))
}

/// The last byte of the attributes, the count of records, and others by their place in a batch.
const ATTRIBUTES: usize = 22;
const LAST_OFFSET_DELTA: usize = 23;
const COUNT: usize = 57;
const RECORDS: usize = 61;

const PRODUCES: &[(&str, Ask)] = &[
    ("a wrong CRC", |c| {
        let mut batch = plain()?;
        batch[20] ^= 1;
        c.produce(batch)
    }),
    ("a flipped bit in a record", |c| {
        let mut batch = plain()?;
        batch[RECORDS + 8] ^= 1;
        c.produce(batch)
    }),
    ("a count above the records", |c| {
        c.produce(with(COUNT, &3_i32.to_be_bytes())?)
    }),
    ("a count below the records", |c| {
        c.produce(with(COUNT, &1_i32.to_be_bytes())?)
    }),
    ("a negative count", |c| {
        c.produce(with(COUNT, &(-1_i32).to_be_bytes())?)
    }),
    ("a huge count", |c| {
        c.produce(with(COUNT, &i32::MAX.to_be_bytes())?)
    }),
    ("a last offset that does not fit", |c| {
        c.produce(with(LAST_OFFSET_DELTA, &7_i32.to_be_bytes())?)
    }),
    ("magic 0", |c| old(c, 0)),
    ("magic 1", |c| old(c, 1)),
    ("magic 3", |c| old(c, 3)),
    ("a codec nobody has: 5", |c| {
        c.produce(with(ATTRIBUTES, &[5])?)
    }),
    ("a codec nobody has: 7", |c| {
        c.produce(with(ATTRIBUTES, &[7])?)
    }),
    ("plain bytes called gzip", |c| {
        c.produce(with(ATTRIBUTES, &[1])?)
    }),
    ("plain bytes called snappy", |c| {
        c.produce(with(ATTRIBUTES, &[2])?)
    }),
    ("plain bytes called lz4", |c| {
        c.produce(with(ATTRIBUTES, &[3])?)
    }),
    ("plain bytes called zstd", |c| {
        c.produce(with(ATTRIBUTES, &[4])?)
    }),
    ("a control batch", |c| c.produce(with(ATTRIBUTES, &[0x20])?)),
    ("a record longer than the batch", |c| {
        c.produce(with(RECORDS, &[0x7e])?)
    }),
    ("a record of negative length", |c| {
        c.produce(with(RECORDS, &[1])?)
    }),
    ("a record's length in six bytes", |c| {
        let mut batch = plain()?;
        batch.splice(RECORDS..=RECORDS, [0x90, 0x80, 0x80, 0x80, 0x80, 0]);
        c.produce(sealed(batch))
    }),
    ("a batch shorter than its header", |c| {
        let mut batch = plain()?;
        batch[8..12].copy_from_slice(&10_i32.to_be_bytes());
        c.produce(batch)
    }),
    ("a batch longer than its bytes", |c| {
        let mut batch = plain()?;
        batch[8..12].copy_from_slice(&10_000_i32.to_be_bytes());
        c.produce(batch)
    }),
    ("a batch of negative length", |c| {
        let mut batch = plain()?;
        batch[8..12].copy_from_slice(&(-5_i32).to_be_bytes());
        c.produce(batch)
    }),
    ("half a batch", |c| {
        let batch = plain()?;
        c.produce(batch[..batch.len() / 2].to_vec())
    }),
    ("no bytes", |c| c.produce(Vec::new())),
    ("two batches", |c| c.produce([plain()?, plain()?].concat())),
    ("a truncated gzip", |c| truncated(c, Codec::Gzip)),
    ("a truncated snappy", |c| truncated(c, Codec::Snappy)),
    ("a truncated lz4", |c| truncated(c, Codec::Lz4)),
    ("a truncated zstd", |c| truncated(c, Codec::Zstd)),
    ("acks nobody knows", |c| {
        let send = Send::one(&c.topic, 0, plain()?.into());
        c.send(Send { acks: 5, ..send })
    }),
    ("a partition nobody has", |c| {
        let send = Send::one(&c.topic, 99, plain()?.into());
        c.send(send)
    }),
    ("a topic nobody has", |c| {
        let send = Send::one(&format!("plain-{}", c.run), 0, plain()?.into());
        c.send(send)
    }),
    ("a partition twice", |c| {
        let part = Part::new(&c.topic, 0, plain()?.into());
        c.send(Send::all(vec![part.clone(), part]))
    }),
];

fn old(case: &mut Case, magic: u8) -> anyhow::Result<Vec<i16>> {
    let mut batch = plain()?;
    batch[16] = magic;
    case.produce(batch)
}

fn truncated(case: &mut Case, codec: Codec) -> anyhow::Result<Vec<i16>> {
    let mut batch = Batch::values(&[&"hello ".repeat(20)])
        .codec(codec)
        .encode()?
        .to_vec();
    batch.truncate(batch.len() - 5);
    case.produce(sealed(batch))
}

/// What Kafka fails on without a name for it (UNKNOWN_SERVER_ERROR, and a stack trace in its log).
/// The gateway does not let through what it cannot read, and says INVALID_RECORD, or
/// UNSUPPORTED_COMPRESSION_TYPE: final for clients like the other.
const NAMED_BY_THE_GATEWAY: &[(&str, &str)] = &[
    ("a codec nobody has: 5", "[76]"),
    ("a codec nobody has: 7", "[76]"),
    ("plain bytes called gzip", "[87]"),
    ("plain bytes called snappy", "[87]"),
    ("plain bytes called lz4", "[87]"),
    ("plain bytes called zstd", "[87]"),
    ("a record's length in six bytes", "[87]"),
    ("a truncated gzip", "[87]"),
    ("a truncated snappy", "[87]"),
    ("a truncated lz4", "[87]"),
    ("a truncated zstd", "[87]"),
];

#[test]
fn what_is_said_of_bad_batches() -> Outcome {
    compare(PRODUCES, NAMED_BY_THE_GATEWAY)
}
