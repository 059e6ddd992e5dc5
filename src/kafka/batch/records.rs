//! The records of an uncompressed body, in place.
//!
//! Owns: the walk from record to record, field to field. Refuses: a record that does not fill its
//! length, bytes after the last header or the last record, a count that does not match, negative
//! sizes other than the null that a key or a value may be. Stays true: fields come in ascending
//! order of bytes; a walk that ended without a fault has accounted for every byte of the body.
//!
//! ```text
//! length varint | attributes i8 | timestamp delta varlong | offset delta varint
//! | key length varint (-1: null) | key | value length varint (-1: null) | value
//! | headers varint | (key length varint | key | value length varint (-1: null) | value)*
//! ```

use super::BatchFault;
use super::headers::{Headers, read_header};
use crate::kafka::reader::{Malformed, Reader};
use std::ops::Range;

/// Fewest bytes of a record: one each for length, attributes, both deltas, three counts.
const RECORD_BYTES_MIN: usize = 7;

/// One record; spans are in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Index in the batch, from 0.
    pub index: u32,
    /// From the batch's base offset.
    pub offset_delta: i32,
    /// From the batch's base timestamp, in milliseconds.
    pub timestamp_delta: i64,
    /// All of it, its length included.
    pub span: Range<usize>,
    /// The key; `None` when null, which is not the same as empty.
    pub key: Option<Range<usize>>,
    /// The value; `None` when null (a tombstone).
    pub value: Option<Range<usize>>,
    /// How many headers it has.
    pub headers_count: u32,
    /// The headers' bytes, after their count.
    pub headers: Range<usize>,
}

/// Walks the `count` records of an uncompressed body.
pub fn records(body: &[u8], count: i32) -> Records<'_> {
    Records {
        reader: Reader::new(body),
        count,
        next: 0,
        ended: false,
    }
}

/// The iterator of `records`. After an error it ends.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    reader: Reader<'a>,
    count: i32,
    next: u32,
    ended: bool,
}

impl<'a> Records<'a> {
    /// The headers of a record that this walk returned.
    pub fn headers(&self, record: &Record) -> Headers<'a> {
        Headers::new(self.reader.bytes(), record)
    }

    #[inline]
    fn step(&mut self) -> Result<Option<Record>, Malformed> {
        let count = self.count;
        if self.next == 0 {
            check_size(&self.reader, count)?;
        }
        let count = count as u32;
        if self.next == count {
            self.reader.end()?;
            return Ok(None);
        }
        let record = read_record(&mut self.reader, self.next)?;
        self.next += 1;
        Ok(Some(record))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, BatchFault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.step() {
            Ok(Some(record)) => Some(Ok(record)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(Malformed { what, at }) => {
                self.ended = true;
                Some(Err(BatchFault::Record {
                    record: self.next,
                    what,
                    at,
                }))
            }
        }
    }
}

/// Whether so many records can be in so many bytes. Records and fields are numbered with 32 bits.
pub(super) fn check_size(reader: &Reader<'_>, count: i32) -> Result<(), Malformed> {
    let count = usize::try_from(count).map_err(|_| reader.malformed("negative record count"))?;
    if u32::try_from(reader.remaining()).is_err() {
        return Err(reader.malformed("a body of 4 GiB and more"));
    }
    if count.saturating_mul(RECORD_BYTES_MIN) > reader.remaining() {
        return Err(reader.malformed("more records than the bytes can hold"));
    }
    Ok(())
}

/// What every record opens with.
pub(super) struct Opening {
    /// One past the record's last byte.
    pub end: usize,
    pub timestamp_delta: i64,
    pub offset_delta: i32,
}

// The walk is the inner loop of the hot path: its steps are inlined into their iterators, which
// keeps results in registers (4 times faster over 1 MiB bodies).
#[inline]
pub(super) fn read_opening(reader: &mut Reader<'_>) -> Result<Opening, Malformed> {
    let length = reader.varint()?;
    let length = usize::try_from(length).map_err(|_| reader.malformed("record length"))?;
    if length > reader.remaining() {
        return Err(reader.malformed("record past the end"));
    }
    let end = reader.pos() + length;
    reader.i8()?; // attributes: none are defined
    Ok(Opening {
        end,
        timestamp_delta: reader.varlong()?,
        offset_delta: reader.varint()?,
    })
}

#[inline]
pub(super) fn read_headers_count(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
    let count = reader.varint()?;
    u32::try_from(count).map_err(|_| reader.malformed("header count"))
}

#[inline]
pub(super) fn check_filled(reader: &Reader<'_>, end: usize) -> Result<(), Malformed> {
    if reader.pos() != end {
        return Err(reader.malformed("record that does not fill its length"));
    }
    Ok(())
}

#[inline]
fn read_record(reader: &mut Reader<'_>, index: u32) -> Result<Record, Malformed> {
    let start = reader.pos();
    let Opening {
        end,
        timestamp_delta,
        offset_delta,
    } = read_opening(reader)?;
    let key = nullable(reader)?;
    let value = nullable(reader)?;
    let headers_count = read_headers_count(reader)?;
    let headers_start = reader.pos();
    for _ in 0..headers_count {
        read_header(reader)?;
    }
    check_filled(reader, end)?;
    Ok(Record {
        index,
        offset_delta,
        timestamp_delta,
        span: start..end,
        key,
        value,
        headers_count,
        headers: headers_start..end,
    })
}

#[inline]
pub(super) fn nullable(reader: &mut Reader<'_>) -> Result<Option<Range<usize>>, Malformed> {
    match reader.varint()? {
        -1 => Ok(None),
        length => {
            let length =
                usize::try_from(length).map_err(|_| reader.malformed("negative length"))?;
            reader.take(length, "field past the end").map(Some)
        }
    }
}

/// Checks a body from end to end, without giving anything out: twice as fast as `records`.
pub fn check_records(body: &[u8], count: i32) -> Result<(), BatchFault> {
    let mut reader = Reader::new(body);
    let mut record = 0;
    check_each(&mut reader, count, &mut record)
        .map_err(|Malformed { what, at }| BatchFault::Record { record, what, at })
}

fn check_each(reader: &mut Reader<'_>, count: i32, record: &mut u32) -> Result<(), Malformed> {
    check_size(reader, count)?;
    while *record < count as u32 {
        let end = read_opening(reader)?.end;
        nullable(reader)?;
        nullable(reader)?;
        for _ in 0..read_headers_count(reader)? {
            read_header(reader)?;
        }
        check_filled(reader, end)?;
        *record += 1;
    }
    reader.end()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::batch::samples::{Bytes, Plain, body_of, plain, record};
    use crate::kafka::batch::{Bodies, batches};
    use proptest::prelude::*;

    /// The slow twin: eats bytes from the front, owns what it finds.
    fn slow(body: &[u8], count: i32) -> Option<Vec<Plain>> {
        let mut rest = body
            .iter()
            .copied()
            .collect::<std::collections::VecDeque<u8>>();
        let mut out = vec![];
        for _ in 0..u32::try_from(count).ok()? {
            let length = usize::try_from(slow_varint(&mut rest, 32)?).ok()?;
            let mut record: std::collections::VecDeque<u8> = slow_take(&mut rest, length)?.into();
            record.pop_front()?;
            let timestamp = slow_varint(&mut record, 64)? as i64;
            let offset = slow_varint(&mut record, 32)? as i32;
            let key = slow_field(&mut record)?;
            let value = slow_field(&mut record)?;
            let mut headers = vec![];
            let many = slow_varint(&mut record, 32)?;
            for _ in 0..u32::try_from(many).ok()? {
                headers.push((slow_field(&mut record)??, slow_field(&mut record)?));
            }
            record.is_empty().then_some(())?;
            out.push(Plain {
                timestamp,
                offset,
                key,
                value,
                headers,
            });
        }
        rest.is_empty().then_some(out)
    }

    fn slow_take(rest: &mut std::collections::VecDeque<u8>, length: usize) -> Option<Bytes> {
        (length <= rest.len()).then(|| rest.drain(..length).collect())
    }

    fn slow_field(rest: &mut std::collections::VecDeque<u8>) -> Option<Option<Bytes>> {
        match slow_varint(rest, 32)? {
            -1 => Some(None),
            length => Some(Some(slow_take(rest, usize::try_from(length).ok()?)?)),
        }
    }

    fn slow_varint(rest: &mut std::collections::VecDeque<u8>, bits: u32) -> Option<i128> {
        let mut raw: u128 = 0;
        for i in 0..bits.div_ceil(7) {
            let byte = rest.pop_front()?;
            raw |= u128::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                let fits = raw < 1 << bits;
                return fits.then_some((raw >> 1) as i128 ^ -((raw & 1) as i128));
            }
        }
        None
    }

    fn fast(body: &[u8], count: i32) -> Option<Vec<Plain>> {
        let own = |span: Range<usize>| body[span].to_vec();
        let walk = records(body, count);
        let to_plain = |record: Record| Plain {
            timestamp: record.timestamp_delta,
            offset: record.offset_delta,
            headers: Headers::new(body, &record)
                .map(|header| (own(header.key), header.value.map(own)))
                .collect(),
            key: record.key.map(own),
            value: record.value.map(own),
        };
        walk.map(|record| record.ok().map(to_plain)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn sound_bodies_read_as_written(list in proptest::collection::vec(record(), 0..6)) {
            let (body, count) = (body_of(&list), list.len() as i32);
            prop_assert_eq!(fast(&body, count), Some(list.clone()));
            prop_assert_eq!(check_records(&body, count), Ok(()));
            for wrong in [-1, i32::MIN, i32::MAX, count - 1, count + 1] {
                prop_assert!(check_records(&body, wrong).is_err());
            }
        }

        #[test]
        fn broken_bodies_fail_for_both(
            list in proptest::collection::vec(record(), 1..4),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 1..4),
        ) {
            let mut body = body_of(&list);
            for (at, how, byte) in edits {
                let at = at.index(body.len());
                match how {
                    0 => body[at] = byte,
                    1 => body[at] = body[at].wrapping_add(1),
                    2 => body.insert(at, byte),
                    _ if body.len() > 1 => { body.remove(at); }
                    _ => {}
                }
            }
            let count = list.len() as i32;
            let told = slow(&body, count);
            prop_assert_eq!(check_records(&body, count).is_ok(), told.is_some());
            prop_assert_eq!(fast(&body, count), told);
        }

        #[test]
        fn any_bytes_are_an_answer(noise in proptest::collection::vec(any::<u8>(), 0..200), count in -2i32..9) {
            prop_assert_eq!(fast(&noise, count), slow(&noise, count));
            let mut bodies = Bodies::new();
            for batch in batches(&noise).flatten() {
                let _ = bodies.open(&noise, &batch);
            }
        }
    }

    #[test]
    fn what_was_malformed_is_said() {
        let mut body = body_of(&[plain(None, Some("v"), &[]), plain(Some("k"), None, &[])]);
        body.push(0);
        let fault = check_records(&body, 2);
        assert!(
            matches!(fault, Err(BatchFault::Record { record: 2, .. })),
            "{fault:?}"
        );
        // length 7: attributes, deltas, null key, null value, one header with a null key
        let null_header_key = [14, 0, 0, 0, 1, 1, 2, 1];
        assert!(check_records(&null_header_key, 1).is_err());
        let six_byte_length = [0x90, 0x80, 0x80, 0x80, 0x80, 0, 0, 0, 0, 1, 1, 0];
        assert!(check_records(&six_byte_length, 1).is_err());
    }
}
