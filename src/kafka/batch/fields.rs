//! The fields of a body in which something can be found.
//!
//! Owns: their order. Refuses: whatever `records` refuses. Stays true: fields come in ascending
//! order of bytes and never overlap; what is between them is lengths, deltas and counts.

use super::BatchFault;
use super::headers::header_key;
use super::records::{check_filled, check_size, nullable, read_headers_count, read_opening};
use crate::chunk::{Field, Part};
use crate::kafka::reader::{Malformed, Reader};
use std::ops::Range;

/// Iterates, in ascending order of bytes, over each record's key and value where not null, each
/// header's key, and its value where not null. One pass: the fields of a record may come out before
/// the record turns out to be malformed, so nothing counts until the walk has ended without an
/// error. After an error it ends.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    reader: Reader<'a>,
    count: i32,
    record: u32,
    /// One past the last byte of the current record.
    end: usize,
    headers_left: u32,
    next: Next,
}

/// What stands at the reader's position.
#[derive(Clone, Copy, Debug)]
enum Next {
    Body,
    Record,
    Value,
    HeaderOrEnd,
    HeaderValue,
    Nothing,
}

impl<'a> Fields<'a> {
    /// Walks the `count` records of an uncompressed body.
    pub fn new(body: &'a [u8], count: i32) -> Fields<'a> {
        Fields {
            reader: Reader::new(body),
            count,
            record: 0,
            end: 0,
            headers_left: 0,
            next: Next::Body,
        }
    }

    /// Reads until a field that is not null, or the end.
    #[inline]
    fn step(&mut self) -> Result<Option<(Part, Range<usize>)>, Malformed> {
        let reader = &mut self.reader;
        loop {
            let (part, field) = match self.next {
                Next::Body => {
                    check_size(reader, self.count)?;
                    self.next = Next::Record;
                    continue;
                }
                Next::Record if self.record == self.count as u32 => {
                    reader.end()?;
                    self.next = Next::Nothing;
                    continue;
                }
                Next::Record => {
                    self.end = read_opening(reader)?.end;
                    self.next = Next::Value;
                    (Part::Key, nullable(reader)?)
                }
                Next::Value => {
                    let value = nullable(reader)?;
                    self.headers_left = read_headers_count(reader)?;
                    self.next = Next::HeaderOrEnd;
                    (Part::Value, value)
                }
                Next::HeaderOrEnd if self.headers_left == 0 => {
                    check_filled(reader, self.end)?;
                    self.record += 1;
                    self.next = Next::Record;
                    continue;
                }
                Next::HeaderOrEnd => {
                    self.headers_left -= 1;
                    self.next = Next::HeaderValue;
                    (Part::Header, Some(header_key(reader)?))
                }
                Next::HeaderValue => {
                    self.next = Next::HeaderOrEnd;
                    (Part::Header, nullable(reader)?)
                }
                Next::Nothing => return Ok(None),
            };
            if let Some(span) = field {
                return Ok(Some((part, span)));
            }
        }
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, BatchFault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // The record counter moves on only after a record's last field was given out, and spans
        // fit 32 bits because bodies of 4 GiB are refused.
        match self.step() {
            Ok(None) => None,
            Ok(Some((part, span))) => Some(Ok(Field {
                record: self.record,
                part,
                start: span.start as u32,
                end: span.end as u32,
            })),
            Err(Malformed { what, at }) => {
                self.next = Next::Nothing;
                let record = self.record;
                Some(Err(BatchFault::Record { record, what, at }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::batch::check_records;
    use crate::kafka::batch::samples::{Bytes, Plain, body_of, record};
    use proptest::prelude::*;

    fn expected_fields(records: &[Plain]) -> Vec<(u32, Part, Bytes)> {
        let mut out = vec![];
        for (i, record) in records.iter().enumerate() {
            let i = i as u32;
            out.extend(record.key.clone().map(|key| (i, Part::Key, key)));
            out.extend(record.value.clone().map(|value| (i, Part::Value, value)));
            for (key, value) in &record.headers {
                out.push((i, Part::Header, key.clone()));
                out.extend(value.clone().map(|value| (i, Part::Header, value)));
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_field_once_and_in_order(list in proptest::collection::vec(record(), 0..6)) {
            let (body, count) = (body_of(&list), list.len() as i32);
            let fields: Vec<_> = Fields::new(&body, count).map(Result::unwrap).collect();
            prop_assert!(fields.windows(2).all(|w| w[0].end <= w[1].start));
            let found: Vec<_> = fields
                .iter()
                .map(|f| (f.record, f.part, body[f.start as usize..f.end as usize].to_vec()))
                .collect();
            prop_assert_eq!(found, expected_fields(&list));
        }

        #[test]
        fn a_broken_body_ends_in_a_fault(
            list in proptest::collection::vec(record(), 1..4),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut body = body_of(&list);
            let at = at.index(body.len());
            body[at] = byte;
            let count = list.len() as i32;
            let sound = check_records(&body, count).is_ok();
            prop_assert_eq!(Fields::new(&body, count).all(|f| f.is_ok()), sound);
        }
    }
}
