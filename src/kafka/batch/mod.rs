//! Record batches of format 2 (KIP-98), in place.
//!
//! Owns: the 61-byte header, the walk from batch to batch, the checksum. Refuses: message sets of
//! formats 0 and 1, lengths that do not fit, codecs nobody has defined. Stays true: every byte of a
//! record set belongs to a batch that was returned or to a fault; nothing is allocated and nothing
//! is copied; a fault ends the walk.
//!
//! ```text
//!  0 base offset i64        17 CRC-32C u32 of all after it    43 producer id i64
//!  8 length i32 of what     21 attributes i16                 51 producer epoch i16
//!    follows                23 last offset delta i32          53 base sequence i32
//! 12 leader epoch i32       27 base timestamp i64             57 records count i32
//! 16 magic i8               35 max timestamp i64              61 records, maybe compressed
//! ```
//! Attributes: bits 0–2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon.

mod body;
mod fields;
mod headers;
mod keys;
mod rebuild;
mod records;
mod rewrite;
#[cfg(test)]
mod samples;

pub use body::{Bodies, open};
pub use fields::Fields;
pub use headers::{Header, Headers};
pub use keys::{Sender, content_keys, send_key};
pub use rebuild::rebuild;
pub use records::{Record, Records, check_records, records};
pub use rewrite::{Change, RewriteFault, rewrite};

use super::compression::{Codec, InflateFault};
use super::reader::{Malformed, Reader};
use std::ops::Range;

/// Bytes before the records.
pub const HEADER_BYTES: usize = 61;
/// Bytes that the length field does not count: the base offset and itself.
pub const LENGTH_FROM: usize = 12;
/// Bytes that tell a batch's length and format.
const PREFIX_BYTES: usize = 17;
const CRC_AT: usize = 17;
/// First byte that the checksum covers.
const CRC_FROM: usize = 21;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;

/// Why a record set cannot be inspected. Its sender is at fault: a producer is refused, and what a
/// broker sent is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchFault {
    /// The last batch is cut off. A broker may do that on fetch, where `at` starts the tail that
    /// must be blanked; a producer may not.
    #[error("the record batch at byte {at} is incomplete")]
    Partial {
        /// Where the incomplete batch starts in the record set.
        at: usize,
    },
    /// A message set of format 0 or 1, or of a format to come.
    #[error("record format {magic} at byte {at} is not supported, only format 2 is")]
    Magic {
        /// Where the batch starts in the record set.
        at: usize,
        /// The format it claims.
        magic: i8,
    },
    /// The length cannot hold a batch's header.
    #[error("the record batch at byte {at} claims a length of {length} bytes")]
    Length {
        /// Where the batch starts in the record set.
        at: usize,
        /// The length it claims.
        length: i32,
    },
    /// A codec that nobody has defined.
    #[error("the record batch names the unknown codec {bits}")]
    Codec {
        /// The low three bits of the attributes.
        bits: i16,
    },
    /// The checksum does not cover these bytes.
    #[error("the record batch's checksum does not match its bytes")]
    Crc,
    /// The body cannot be inflated.
    #[error(transparent)]
    Inflate(#[from] InflateFault),
    /// The records do not fill the body as they claim to.
    #[error("record {record} of the batch is malformed: {what} at byte {at} of the records")]
    Record {
        /// Index of the record in the batch.
        record: u32,
        /// What was being read.
        what: &'static str,
        /// Where in the uncompressed body.
        at: usize,
    },
    /// A client may not write this: markers of a transaction, or other than exactly one batch.
    #[error("a producer may not send {0}")]
    NotForProducers(&'static str),
    /// More flagged records than `limits::CONTENT_KEYS_PER_CHUNK_MAX`: the chunk is too big to hold.
    #[error("more than {max} records of one chunk are flagged")]
    TooManyFlagged {
        /// The limit.
        max: usize,
    },
}

/// A batch's header, as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record; 0 from a producer.
    pub base_offset: i64,
    /// Bytes after this field.
    pub length: i32,
    /// Epoch of the leader that stored it; -1 from a producer.
    pub leader_epoch: i32,
    /// The format: 2.
    pub magic: i8,
    /// CRC-32C (Castagnoli) from the attributes to the end of the batch.
    pub crc: u32,
    /// Codec and flags.
    pub attributes: i16,
    /// Offset of the last record, from the base offset; compaction keeps it.
    pub last_offset_delta: i32,
    /// Milliseconds since the Unix epoch, or the delete horizon.
    pub base_timestamp: i64,
    /// The newest record's, in milliseconds since the Unix epoch.
    pub max_timestamp: i64,
    /// -1 without idempotence.
    pub producer_id: i64,
    /// -1 without idempotence.
    pub producer_epoch: i16,
    /// Sequence number of the first record; -1 without idempotence.
    pub base_sequence: i32,
    /// Records in the body.
    pub records_count: i32,
}

impl BatchHeader {
    /// How the body is compressed.
    pub fn codec(&self) -> Result<Codec, BatchFault> {
        let bits = self.attributes & 7;
        Codec::of(bits).ok_or(BatchFault::Codec { bits })
    }

    /// Whether the batch is part of a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Whether it holds a transaction's markers, not data. Only brokers write those.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// Whether the broker can tell a repeat of it by its sequence number.
    pub fn is_idempotent(&self) -> bool {
        self.producer_id >= 0
    }

    fn read(reader: &mut Reader<'_>) -> Result<BatchHeader, Malformed> {
        Ok(BatchHeader {
            base_offset: reader.i64()?,
            length: reader.i32()?,
            leader_epoch: reader.i32()?,
            magic: reader.i8()?,
            crc: reader.u32()?,
            attributes: reader.i16()?,
            last_offset_delta: reader.i32()?,
            base_timestamp: reader.i64()?,
            max_timestamp: reader.i64()?,
            producer_id: reader.i64()?,
            producer_epoch: reader.i16()?,
            base_sequence: reader.i32()?,
            records_count: reader.i32()?,
        })
    }
}

/// One batch of a record set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// All of it, in the record set.
    pub span: Range<usize>,
    /// Its header.
    pub header: BatchHeader,
    /// What follows the header, in the record set; compressed as `header.codec()` says.
    pub body: Range<usize>,
}

/// Walks the batches of a record set. The checksum is not looked at: see `check_crc`.
pub fn batches(records: &[u8]) -> Batches<'_> {
    Batches { records, at: 0 }
}

/// The iterator of `batches`. After an error it ends.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    records: &'a [u8],
    at: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, BatchFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.records.len() {
            return None;
        }
        let found = batch_at(self.records, self.at);
        self.at = match &found {
            Ok(batch) => batch.span.end,
            Err(_) => self.records.len(),
        };
        Some(found)
    }
}

fn batch_at(records: &[u8], at: usize) -> Result<Batch, BatchFault> {
    let partial = |_: Malformed| BatchFault::Partial { at };
    let mut reader = Reader::at(records, at).map_err(partial)?;
    if reader.remaining() < PREFIX_BYTES {
        return Err(BatchFault::Partial { at });
    }
    // The format is told before the length is believed: it sits at the same place in all formats.
    let mut prefix = reader.clone();
    prefix.i64().map_err(partial)?;
    let length = prefix.i32().map_err(partial)?;
    prefix.i32().map_err(partial)?;
    let magic = prefix.i8().map_err(partial)?;
    if magic != 2 {
        return Err(BatchFault::Magic { at, magic });
    }
    let bytes = usize::try_from(length)
        .unwrap_or(0)
        .saturating_add(LENGTH_FROM);
    if bytes < HEADER_BYTES {
        return Err(BatchFault::Length { at, length });
    }
    if reader.remaining() < bytes {
        return Err(BatchFault::Partial { at });
    }
    let header = BatchHeader::read(&mut reader).map_err(partial)?;
    Ok(Batch {
        span: at..at + bytes,
        header,
        body: at + HEADER_BYTES..at + bytes,
    })
}

/// The one batch that a producer may send to a partition: exactly one since Produce v3 (KIP-98),
/// complete, of a known codec, and not a transaction's markers, which only brokers write.
pub fn produced_batch(records: &[u8]) -> Result<Batch, BatchFault> {
    let mut all = batches(records);
    let batch = all
        .next()
        .unwrap_or(Err(BatchFault::NotForProducers("no record batch")))?;
    if batch.header.is_control() {
        return Err(BatchFault::NotForProducers("a control batch"));
    }
    batch.header.codec()?;
    match all.next() {
        None => Ok(batch),
        Some(Ok(_)) => Err(BatchFault::NotForProducers(
            "several record batches for one partition",
        )),
        Some(Err(fault)) => Err(fault),
    }
}

/// Whether the checksum of one whole batch (header first) covers its bytes.
pub fn check_crc(batch: &[u8]) -> bool {
    let stored = batch.get(CRC_AT..CRC_FROM);
    let covered = batch.get(CRC_FROM..);
    stored
        .zip(covered)
        .is_some_and(|(crc, bytes)| crc == crc_fast::crc32_iscsi(bytes).to_be_bytes())
}

/// Writes the checksum of one whole batch after its bytes were edited. Too few bytes for a batch's
/// header are left as they are.
pub fn rewrite_crc(batch: &mut [u8]) {
    if let Some((head, covered)) = batch.split_at_mut_checked(CRC_FROM) {
        head[CRC_AT..].copy_from_slice(&crc_fast::crc32_iscsi(covered).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::samples::{batch_of, only, some_records};
    use super::*;

    #[test]
    fn every_header_field_is_where_it_belongs() {
        let bytes = batch_of(&some_records(), 0b101_1000);
        let batch = only(&bytes);
        let expected = BatchHeader {
            base_offset: 1000,
            length: bytes.len() as i32 - 12,
            leader_epoch: 7,
            magic: 2,
            crc: u32::from_be_bytes(bytes[17..21].try_into().unwrap()),
            attributes: 0b101_1000,
            last_offset_delta: 2,
            base_timestamp: 1_700_000_000_000,
            max_timestamp: 1_700_000_000_999,
            producer_id: 4001,
            producer_epoch: 3,
            base_sequence: 55,
            records_count: 3,
        };
        assert_eq!(batch.header, expected);
        assert_eq!((batch.span, batch.body), (0..bytes.len(), 61..bytes.len()));
        assert!(batch.header.is_transactional() && !batch.header.is_control());
    }

    #[test]
    fn batches_follow_each_other_and_a_cut_one_is_told() {
        let (one, two) = (batch_of(&some_records(), 0), batch_of(&[], 0));
        let both = [&one[..], &two, &one].concat();
        let spans: Vec<_> = batches(&both).map(|b| b.unwrap().span).collect();
        let (a, b) = (one.len(), one.len() + two.len());
        assert_eq!(spans, [0..a, a..b, b..both.len()]);
        for cut in 1..one.len() {
            let found: Vec<_> = batches(&both[..both.len() - cut]).collect();
            assert_eq!(found.len(), 3);
            assert_eq!(found[2], Err(BatchFault::Partial { at: b }), "cut by {cut}");
        }
    }

    #[test]
    fn other_formats_and_lengths_are_faults() {
        let sound = batch_of(&some_records(), 0);
        for magic in [0, 1, 3, -1i8] {
            let mut other = sound.clone();
            other[16] = magic as u8;
            let found: Vec<_> = batches(&other).collect();
            assert_eq!(found, [Err(BatchFault::Magic { at: 0, magic })]);
        }
        for length in [-1, 0, 48, i32::MIN] {
            let mut other = sound.clone();
            other[8..12].copy_from_slice(&length.to_be_bytes());
            assert_eq!(
                batches(&other).next(),
                Some(Err(BatchFault::Length { at: 0, length }))
            );
        }
        let mut other = sound;
        other[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(
            batches(&other).next(),
            Some(Err(BatchFault::Partial { at: 0 }))
        );
    }

    #[test]
    fn a_producer_sends_one_batch_of_data() {
        let sound = batch_of(&some_records(), 0);
        assert!(produced_batch(&sound).is_ok());
        let refused =
            |bytes: &[u8]| matches!(produced_batch(bytes), Err(BatchFault::NotForProducers(_)));
        assert!(refused(&[]));
        assert!(refused(&[&sound[..], &sound].concat()));
        assert!(refused(&batch_of(&some_records(), 1 << 5)));
        let cut = produced_batch(&sound[..sound.len() - 1]);
        assert_eq!(cut, Err(BatchFault::Partial { at: 0 }));
        let trailing = [&sound[..], b"x"].concat();
        assert_eq!(
            produced_batch(&trailing),
            Err(BatchFault::Partial { at: sound.len() })
        );
        let mut unknown = sound;
        unknown[22] |= 7;
        assert_eq!(produced_batch(&unknown), Err(BatchFault::Codec { bits: 7 }));
    }

    #[test]
    fn the_checksum_covers_attributes_to_end() {
        let mut bytes = batch_of(&some_records(), 0);
        assert!(check_crc(&bytes));
        for at in 0..bytes.len() {
            bytes[at] ^= 0x10;
            assert_eq!(check_crc(&bytes), at < 17, "byte {at}");
            bytes[at] ^= 0x10;
        }
        bytes[30] ^= 1;
        rewrite_crc(&mut bytes);
        assert!(check_crc(&bytes));
        assert!(!check_crc(&[]) && !check_crc(&[0; 20]));
        rewrite_crc(&mut [0; 3]);
    }
}
