//! A body whose fields have changed their length.
//!
//! Owns: the lengths around a field: its own and its record's. Refuses: an edit that does not lie in one
//! field, a length past 32 bits, a body past the caller's bound. Stays true: records without an edit are
//! copied byte for byte; of the others only edited bytes and the two lengths differ, so that offset and
//! timestamp deltas and header counts are the sender's.

use super::BatchFault;
use super::records::{check_filled, check_size, nullable, read_headers_count, read_opening};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::writer::Writer;
use std::iter::Peekable;
use std::ops::Range;

/// Why a body could not be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteFault {
    /// The body is not what it was when it was inspected.
    #[error(transparent)]
    Body(#[from] BatchFault),
    /// What is to be masked lies in no field: a fault of the gateway.
    #[error("an edit at byte {at} of the records lies in no field")]
    Stray {
        /// Where in the uncompressed body.
        at: usize,
    },
    /// It would be too large.
    #[error("masked, the records would have more than {max} bytes")]
    TooLarge {
        /// The bound.
        max: usize,
    },
}

/// A range of the body, and what takes its place.
pub type Change<'e> = (Range<usize>, &'e [u8]);

/// Appends to `out` the `count` records of an uncompressed body, with these changes, which ascend and do not
/// overlap; at most `max` bytes. After a fault `out` holds a part.
pub fn rewrite<'e>(
    body: &[u8],
    count: i32,
    changes: impl Iterator<Item = Change<'e>>,
    max: usize,
    out: &mut Vec<u8>,
) -> Result<(), RewriteFault> {
    let mut rewriting = Rewriting {
        body,
        changes: changes.peekable(),
        content: Vec::new(),
        record: 0,
    };
    rewriting.records(count, max, out)?;
    match rewriting.changes.peek() {
        Some((span, _)) => Err(RewriteFault::Stray { at: span.start }),
        None => Ok(()),
    }
}

struct Rewriting<'b, I: Iterator> {
    body: &'b [u8],
    changes: Peekable<I>,
    /// One record without its length.
    content: Vec<u8>,
    record: u32,
}

impl<'e, I: Iterator<Item = Change<'e>>> Rewriting<'_, I> {
    fn records(&mut self, count: i32, max: usize, out: &mut Vec<u8>) -> Result<(), RewriteFault> {
        let mut reader = Reader::new(self.body);
        let record = self.record;
        check_size(&reader, count).map_err(|fault| told(record, fault))?;
        let (from, mut copied) = (out.len(), 0);
        while self.record < count as u32 {
            let start = reader.pos();
            let mut peek = reader.clone();
            let record = self.record;
            let end = read_opening(&mut peek)
                .map_err(|fault| told(record, fault))?
                .end;
            if self
                .changes
                .peek()
                .is_some_and(|(span, _)| span.start < end)
            {
                out.extend_from_slice(self.body.get(copied..start).unwrap_or_default());
                self.record(&mut reader, end)?;
                let length = length_of(&self.content, max)?;
                Writer::new(out).varint(length);
                out.extend_from_slice(&self.content);
                copied = end;
            } else {
                reader = Reader::at(self.body, end).map_err(|fault| told(record, fault))?;
            }
            if out.len() - from > max {
                return Err(RewriteFault::TooLarge { max });
            }
            self.record += 1;
        }
        out.extend_from_slice(self.body.get(copied..).unwrap_or_default());
        match out.len() - from > max {
            true => Err(RewriteFault::TooLarge { max }),
            false => Ok(()),
        }
    }

    /// Writes one record anew, all but its length.
    fn record(&mut self, reader: &mut Reader<'_>, end: usize) -> Result<(), RewriteFault> {
        self.content.clear();
        let record = self.record;
        let told = |fault| told(record, fault);
        let mut length = reader.clone();
        length.varint().map_err(told)?;
        read_opening(reader).map_err(told)?;
        self.copy(length.pos()..reader.pos());
        self.field(reader)?; // key
        self.field(reader)?; // value
        let at = reader.pos();
        let headers = read_headers_count(reader).map_err(told)?;
        self.copy(at..reader.pos());
        for _ in 0..headers {
            self.field(reader)?;
            self.field(reader)?;
        }
        check_filled(reader, end).map_err(told)?;
        match self.changes.peek() {
            Some((span, _)) if span.start < end => Err(RewriteFault::Stray { at: span.start }),
            _ => Ok(()),
        }
    }

    fn copy(&mut self, range: Range<usize>) {
        let bytes = self.body.get(range).unwrap_or_default();
        self.content.extend_from_slice(bytes);
    }

    /// Copies a key, a value, or either of a header, with its length.
    fn field(&mut self, reader: &mut Reader<'_>) -> Result<(), RewriteFault> {
        let at = reader.pos();
        let field = nullable(reader).map_err(|fault| told(self.record, fault))?;
        let changed = |(span, _): &Change<'e>| span.start < reader.pos();
        let (true, Some(field)) = (self.changes.peek().is_some_and(changed), field) else {
            self.copy(at..reader.pos());
            return Ok(());
        };
        let mut made = Vec::with_capacity(field.len());
        let mut from = field.start;
        let inside = |(span, _): &Change<'e>| span.start < field.end;
        while let Some((span, with)) = self.changes.next_if(inside) {
            if span.start < from || span.end > field.end || span.start > span.end {
                return Err(RewriteFault::Stray { at: span.start });
            }
            made.extend_from_slice(self.body.get(from..span.start).unwrap_or_default());
            made.extend_from_slice(with);
            from = span.end;
        }
        made.extend_from_slice(self.body.get(from..field.end).unwrap_or_default());
        let length = length_of(&made, i32::MAX as usize)?;
        Writer::new(&mut self.content).varint(length);
        self.content.extend_from_slice(&made);
        Ok(())
    }
}

fn length_of(bytes: &[u8], max: usize) -> Result<i32, RewriteFault> {
    let fits = i32::try_from(bytes.len()).ok();
    let fits = fits.filter(|_| bytes.len() <= max);
    fits.ok_or(RewriteFault::TooLarge { max })
}

fn told(record: u32, Malformed { what, at }: Malformed) -> RewriteFault {
    RewriteFault::Body(BatchFault::Record { record, what, at })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chunk::Part;
    use crate::kafka::batch::Fields;
    use crate::kafka::batch::samples::{Bytes, Plain, body_of, plain, record};
    use proptest::prelude::*;

    const MAX: usize = 1 << 20;

    fn rewritten(
        body: &[u8],
        count: i32,
        changes: &[(Range<usize>, Bytes)],
    ) -> Result<Bytes, RewriteFault> {
        let mut out = b"before".to_vec();
        let changes = changes
            .iter()
            .map(|(span, with)| (span.clone(), with.as_slice()));
        rewrite(body, count, changes, MAX, &mut out)?;
        assert!(out.starts_with(b"before"));
        Ok(out.split_off(6))
    }

    /// The record's fields in the order of their bytes.
    fn field_of(record: &mut Plain, index: usize) -> Option<&mut Bytes> {
        let headers = record.headers.iter_mut();
        let headers = headers.flat_map(|(key, value)| [Some(key), value.as_mut()]);
        let all = [record.key.as_mut(), record.value.as_mut()]
            .into_iter()
            .chain(headers);
        all.flatten().nth(index)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// What is edited in the bytes is what the same edit makes of the record, written anew.
        #[test]
        fn edits_in_the_body_are_edits_of_the_records(
            list in proptest::collection::vec(record(), 1..5),
            picks in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..200usize), 0..6),
        ) {
            let (body, count) = (body_of(&list), list.len() as i32);
            let fields: Vec<_> = Fields::new(&body, count).map(Result::unwrap).collect();
            prop_assume!(!fields.is_empty());
            let mut expected = list.clone();
            let mut changes: Vec<(Range<usize>, Bytes)> = Vec::new();
            let mut taken = std::collections::BTreeSet::new();
            for (field, cut, len) in picks {
                let at = field.index(fields.len());
                if !taken.insert(at) { continue; }
                let field = fields[at];
                let span = field.start as usize..field.end as usize;
                let from = span.start + cut.index(span.len() + 1);
                let mine = fields[..at].iter().filter(|f| f.record == field.record).count();
                let target = field_of(&mut expected[field.record as usize], mine).unwrap();
                target.truncate(from - span.start);
                target.extend(vec![b'#'; len]);
                changes.push((from..span.end, vec![b'#'; len]));
            }
            changes.sort_by_key(|(span, _)| span.start);
            // An empty field's place is where the next field's length begins: nothing is edited there.
            prop_assume!(changes.iter().all(|(span, _)| !span.is_empty()));
            prop_assert_eq!(rewritten(&body, count, &changes), Ok(body_of(&expected)));
        }

        #[test]
        fn any_body_and_any_changes_are_survived(
            list in proptest::collection::vec(record(), 0..4),
            at in any::<prop::sample::Index>(), byte in any::<u8>(),
            spans in proptest::collection::vec((0..300usize, 0..40usize), 0..4),
        ) {
            let (mut body, count) = (body_of(&list), list.len() as i32);
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
            let changes: Vec<_> = spans.into_iter().map(|(at, len)| (at..at + len, vec![b'#'; 3])).collect();
            let _ = rewritten(&body, count, &changes);
        }
    }

    #[test]
    fn what_lies_in_no_field_is_a_fault() {
        let body = body_of(&[plain(Some("key"), Some("value"), &[])]);
        let value = Fields::new(&body, 1)
            .map(Result::unwrap)
            .find(|f| f.part == Part::Value);
        let at = value.unwrap().start as usize;
        let one = |span: Range<usize>| rewritten(&body, 1, &[(span, b"#".to_vec())]);
        assert!(one(at..at + 5).is_ok());
        for span in [at - 1..at + 1, at..at + 6, 0..1, body.len()..body.len() + 1] {
            assert!(
                matches!(one(span.clone()), Err(RewriteFault::Stray { .. })),
                "{span:?}"
            );
        }
    }

    #[test]
    fn a_body_past_the_bound_is_refused() {
        let body = body_of(&[plain(None, Some("value"), &[])]);
        let at = body.len() - 6;
        let grown = vec![b'#'; MAX];
        let fault = rewritten(&body, 1, &[(at..at + 5, grown)]);
        assert_eq!(fault, Err(RewriteFault::TooLarge { max: MAX }));
    }
}
