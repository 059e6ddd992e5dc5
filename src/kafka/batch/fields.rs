//! The fields of a body in which something can be found.
//!
//! Owns: their order. Refuses: whatever `records` refuses. Stays true: fields come in ascending
//! order of bytes and never overlap; what is between them is lengths, deltas and counts.

use super::BatchFault;
use super::records::{Headers, Records, records};
use crate::chunk::{Field, Part};
use std::ops::Range;

/// Iterates, in ascending order of bytes, over each record's key and value where not null, each
/// header's key, and its value where not null. After an error it ends.
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
            headers: Headers::none(),
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
