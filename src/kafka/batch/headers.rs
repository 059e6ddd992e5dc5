//! The headers of one record, in place (layout in `records`).
//!
//! Owns: the walk from header to header. Refuses: a null key. Stays true: headers come in their
//! order, and a key that repeats comes as often as it stands there.

use super::records::{Record, nullable};
use crate::kafka::reader::{Malformed, Reader};
use std::ops::Range;

/// One header of a record; spans are in the body. Keys may repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key, never null.
    pub key: Range<usize>,
    /// The value; `None` when null.
    pub value: Option<Range<usize>>,
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

#[inline]
pub(super) fn read_header(reader: &mut Reader<'_>) -> Result<Header, Malformed> {
    Ok(Header {
        key: header_key(reader)?,
        value: nullable(reader)?,
    })
}

#[inline]
pub(super) fn header_key(reader: &mut Reader<'_>) -> Result<Range<usize>, Malformed> {
    nullable(reader)?.ok_or(reader.malformed("null header key"))
}
