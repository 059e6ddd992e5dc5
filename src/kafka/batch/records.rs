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
use crate::chunk::{Field, Part};
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

/// One header of a record; spans are in the body. Keys may repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key, never null.
    pub key: Range<usize>,
    /// The value; `None` when null.
    pub value: Option<Range<usize>>,
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

    fn step(&mut self) -> Result<Option<Record>, Malformed> {
        // Records are numbered with 32 bits and spans of fields kept in 32.
        let count = u32::try_from(self.count).map_err(|_| self.reader.malformed("record count"))?;
        if self.next == 0 {
            check_size(&self.reader, count)?;
        }
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

fn check_size(reader: &Reader<'_>, count: u32) -> Result<(), Malformed> {
    if u32::try_from(reader.remaining()).is_err() {
        return Err(reader.malformed("a body of 4 GiB and more"));
    }
    if (count as usize).saturating_mul(RECORD_BYTES_MIN) > reader.remaining() {
        return Err(reader.malformed("more records than the bytes can hold"));
    }
    Ok(())
}

fn read_record(reader: &mut Reader<'_>, index: u32) -> Result<Record, Malformed> {
    let start = reader.pos();
    let length = reader.varint()?;
    let length = usize::try_from(length).map_err(|_| reader.malformed("record length"))?;
    let content = reader.pos()..reader.pos().saturating_add(length);
    if length > reader.remaining() {
        return Err(reader.malformed("record past the end"));
    }
    reader.i8()?; // attributes: none are defined
    let timestamp_delta = reader.varlong()?;
    let offset_delta = reader.varint()?;
    let key = nullable(reader)?;
    let value = nullable(reader)?;
    let headers_count = reader.varint()?;
    let headers_count =
        u32::try_from(headers_count).map_err(|_| reader.malformed("header count"))?;
    let headers_start = reader.pos();
    for _ in 0..headers_count {
        read_header(reader)?;
    }
    if reader.pos() != content.end {
        return Err(reader.malformed("record that does not fill its length"));
    }
    Ok(Record {
        index,
        offset_delta,
        timestamp_delta,
        span: start..content.end,
        key,
        value,
        headers_count,
        headers: headers_start..content.end,
    })
}

fn read_header(reader: &mut Reader<'_>) -> Result<Header, Malformed> {
    let key = nullable(reader)?.ok_or(reader.malformed("null header key"))?;
    let value = nullable(reader)?;
    Ok(Header { key, value })
}

fn nullable(reader: &mut Reader<'_>) -> Result<Option<Range<usize>>, Malformed> {
    match reader.varint()? {
        -1 => Ok(None),
        length => {
            let length =
                usize::try_from(length).map_err(|_| reader.malformed("negative length"))?;
            reader.take(length, "field past the end").map(Some)
        }
    }
}

/// Walks the headers of one record. The record was checked when it was read, so there is no fault
/// to report; a record of another body yields nothing that is not in this one.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    reader: Option<Reader<'a>>,
    left: u32,
}

impl<'a> Headers<'a> {
    /// The headers of `record`, which was found in `body`.
    pub fn new(body: &'a [u8], record: &Record) -> Headers<'a> {
        let reader = Reader::at(body, record.headers.start).ok();
        Headers {
            reader,
            left: record.headers_count,
        }
    }
}

impl Iterator for Headers<'_> {
    type Item = Header;

    fn next(&mut self) -> Option<Header> {
        self.left = self.left.checked_sub(1)?;
        read_header(self.reader.as_mut()?).ok()
    }
}

/// Checks a body from end to end, without giving anything out.
pub fn check_records(body: &[u8], count: i32) -> Result<(), BatchFault> {
    records(body, count).try_for_each(|record| record.map(|_| ()))
}

/// The fields of a body in which something can be found, in ascending order of bytes: each record's
/// key and value where not null, each header's key, and its value where not null.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    records: Records<'a>,
    record: u32,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Headers<'a>,
    header_value: Option<Range<usize>>,
}

impl<'a> Fields<'a> {
    /// Walks the `count` records of an uncompressed body.
    pub fn new(body: &'a [u8], count: i32) -> Fields<'a> {
        Fields {
            records: records(body, count),
            record: 0,
            key: None,
            value: None,
            headers: Headers {
                reader: None,
                left: 0,
            },
            header_value: None,
        }
    }

    fn of_record(&mut self) -> Option<(Part, Range<usize>)> {
        if let Some(span) = self.key.take() {
            return Some((Part::Key, span));
        }
        if let Some(span) = self.value.take() {
            return Some((Part::Value, span));
        }
        if let Some(span) = self.header_value.take() {
            return Some((Part::Header, span));
        }
        let header = self.headers.next()?;
        self.header_value = header.value;
        Some((Part::Header, header.key))
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, BatchFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((part, span)) = self.of_record() {
                // 32 bits hold it: the walk refuses bodies of 4 GiB.
                let (start, end) = (span.start as u32, span.end as u32);
                return Some(Ok(Field {
                    record: self.record,
                    part,
                    start,
                    end,
                }));
            }
            match self.records.next()? {
                Ok(record) => {
                    self.headers = self.records.headers(&record);
                    self.record = record.index;
                    self.key = record.key;
                    self.value = record.value;
                }
                Err(fault) => return Some(Err(fault)),
            }
        }
    }
}
