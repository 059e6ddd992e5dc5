//! One cursor over hostile bytes: every bound of the Kafka wire format is checked here, once.
//!
//! Owns: the primitive types of the protocol (big-endian integers, zigzag varints, the two string
//! and array forms, tagged fields). Refuses: a length or count that the remaining bytes cannot
//! hold, a varint longer than its type. Stays true: nothing is allocated, nothing panics, and the
//! position never passes the end of the slice.
//!
//! ```text
//!            string / bytes               array              absent
//! classic    i16 (i32) length, bytes      i32 count, items   length -1
//! compact    uvarint length+1, bytes      uvarint count+1    0
//! tags       uvarint count, then per tag: uvarint tag, uvarint size, bytes    (KIP-482)
//! ```

use super::varint;
use crate::limits::TAGS_PER_STRUCT_MAX;
use std::ops::Range;

/// The peer sent bytes that are not the message they claim to be. It is the sender's fault; the
/// caller answers with an error or closes the connection, and never forwards them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed Kafka bytes: {what} at byte {at}")]
pub struct Malformed {
    /// What was being read.
    pub what: &'static str,
    /// Offset in the slice that the reader was made over.
    pub at: usize,
}

/// A position in a borrowed slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
}

/// Reads a fixed-size big-endian integer.
macro_rules! integer {
    ($name:ident, $type:ty) => {
        #[doc = concat!("A big-endian `", stringify!($type), "`.")]
        pub fn $name(&mut self) -> Result<$type, Malformed> {
            Ok(<$type>::from_be_bytes(self.array(stringify!($type))?))
        }
    };
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, pos: 0 }
    }

    /// Starts at `pos`, which may be the end but not lie past it.
    pub fn at(bytes: &'a [u8], pos: usize) -> Result<Reader<'a>, Malformed> {
        if pos > bytes.len() {
            return Err(malformed_at("offset past the end", bytes.len()));
        }
        Ok(Reader { bytes, pos })
    }

    /// Offset of the next byte, from the start of the slice.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.pos
    }

    /// The whole slice that the spans of this reader point into.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A `Malformed` at the current position.
    pub fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.pos }
    }

    /// Demands that everything has been read.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.remaining() != 0 {
            return Err(self.malformed("bytes after the end of the message"));
        }
        Ok(())
    }

    integer!(i8, i8);
    integer!(i16, i16);
    integer!(i32, i32);
    integer!(i64, i64);
    integer!(u8, u8);
    integer!(u16, u16);
    integer!(u32, u32);

    /// A UUID, as its 16 bytes.
    pub fn uuid(&mut self) -> Result<[u8; 16], Malformed> {
        self.array("uuid")
    }

    /// A byte that is false when 0 and true otherwise, as Kafka's own readers have it.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        Ok(self.array::<1>("bool")?[0] != 0)
    }

    /// An unsigned varint of at most 5 bytes and 32 bits.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u32, Malformed> {
        let (value, end) = varint::u32_at(self.bytes, self.pos)?;
        self.pos = end;
        Ok(value)
    }

    /// A zigzag varint of at most 5 bytes.
    #[inline]
    pub fn varint(&mut self) -> Result<i32, Malformed> {
        let raw = self.uvarint()?;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    /// A zigzag varint of at most 10 bytes.
    #[inline]
    pub fn varlong(&mut self) -> Result<i64, Malformed> {
        let (raw, end) = varint::u64_at(self.bytes, self.pos)?;
        self.pos = end;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// The next `len` bytes, as a span of the slice.
    #[inline]
    pub fn take(&mut self, len: usize, what: &'static str) -> Result<Range<usize>, Malformed> {
        if len > self.remaining() {
            return Err(self.malformed(what));
        }
        let start = self.pos;
        self.pos += len;
        Ok(start..self.pos)
    }

    /// The bytes of a span that this reader gave out; empty for one that is not of this slice.
    pub fn slice(&self, span: Range<usize>) -> &'a [u8] {
        self.bytes.get(span).unwrap_or_default()
    }

    /// A string's bytes, not checked as UTF-8; `None` when null. Classic or compact form.
    pub fn string_span(&mut self, flexible: bool) -> Result<Option<Range<usize>>, Malformed> {
        let length = if flexible {
            self.compact_length()?
        } else {
            self.classic_length_i16()?
        };
        length
            .map(|len| self.take(len, "string past the end"))
            .transpose()
    }

    /// A nullable string. Classic or compact form.
    pub fn nullable_string(&mut self, flexible: bool) -> Result<Option<&'a str>, Malformed> {
        let start = self.pos;
        let Some(span) = self.string_span(flexible)? else {
            return Ok(None);
        };
        match std::str::from_utf8(self.slice(span)) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(malformed_at("string is not UTF-8", start)),
        }
    }

    /// A string that may not be null. Classic or compact form.
    pub fn string(&mut self, flexible: bool) -> Result<&'a str, Malformed> {
        let start = self.pos;
        let text = self.nullable_string(flexible)?;
        text.ok_or(malformed_at("null string", start))
    }

    /// A byte field's span; `None` when null. Classic (i32 length) or compact form.
    pub fn nullable_bytes(&mut self, flexible: bool) -> Result<Option<Range<usize>>, Malformed> {
        let length = if flexible {
            self.compact_length()?
        } else {
            self.classic_length_i32()?
        };
        length
            .map(|len| self.take(len, "bytes past the end"))
            .transpose()
    }

    /// An array's count; `None` when null. Refused unless `count * min_element_bytes` more bytes
    /// are there, so that a caller may allocate for what it was told.
    pub fn array_len(
        &mut self,
        flexible: bool,
        min_element_bytes: usize,
    ) -> Result<Option<usize>, Malformed> {
        let start = self.pos;
        let count = if flexible {
            self.compact_length()?
        } else {
            self.classic_length_i32()?
        };
        let Some(count) = count else { return Ok(None) };
        match count.checked_mul(min_element_bytes.max(1)) {
            Some(bytes) if bytes <= self.remaining() => Ok(Some(count)),
            _ => Err(malformed_at("array count past the end", start)),
        }
    }

    /// Calls `visit(tag, span of its bytes)` for each tagged field, and is past them all after.
    pub fn each_tag(
        &mut self,
        mut visit: impl FnMut(u32, Range<usize>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let count = self.uvarint()? as usize;
        if count > TAGS_PER_STRUCT_MAX {
            return Err(self.malformed("too many tagged fields"));
        }
        for _ in 0..count {
            let tag = self.uvarint()?;
            let size = self.uvarint()? as usize;
            let span = self.take(size, "tagged field past the end")?;
            visit(tag, span)?;
        }
        Ok(())
    }

    /// Passes over all tagged fields of a struct.
    pub fn skip_tags(&mut self) -> Result<(), Malformed> {
        self.each_tag(|_, _| Ok(()))
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let Some(found) = self
            .bytes
            .get(self.pos..)
            .and_then(|rest| rest.first_chunk::<N>())
        else {
            return Err(self.malformed(what));
        };
        self.pos += N;
        Ok(*found)
    }

    fn compact_length(&mut self) -> Result<Option<usize>, Malformed> {
        Ok((self.uvarint()? as usize).checked_sub(1))
    }

    fn classic_length_i16(&mut self) -> Result<Option<usize>, Malformed> {
        let length = self.i16()?;
        self.classic_length(length.into())
    }

    fn classic_length_i32(&mut self) -> Result<Option<usize>, Malformed> {
        let length = self.i32()?;
        self.classic_length(length)
    }

    fn classic_length(&self, length: i32) -> Result<Option<usize>, Malformed> {
        match length {
            -1 => Ok(None),
            0.. => Ok(Some(length as usize)),
            _ => Err(self.malformed("negative length")),
        }
    }
}

fn malformed_at(what: &'static str, at: usize) -> Malformed {
    Malformed { what, at }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::writer::Writer;
    use proptest::prelude::*;

    #[test]
    fn varints_at_their_edges() {
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).uvarint(),
            Ok(u32::MAX)
        );
        assert!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f])
                .uvarint()
                .is_err()
        );
        assert!(
            Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x80, 0])
                .uvarint()
                .is_err()
        );
        let longest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Reader::new(&longest).varlong(), Ok(i64::MIN));
        let too_long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(Reader::new(&too_long).varlong().is_err());
        assert!(Reader::new(&[0x80]).varint().is_err());
    }

    #[test]
    fn counts_are_held_against_the_bytes() {
        let claims = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        let refused = Reader::new(&claims).array_len(false, 1);
        assert_eq!(refused, Err(malformed_at("array count past the end", 0)));
        assert_eq!(
            Reader::new(&[0, 0, 0, 2, 0, 0]).array_len(false, 1),
            Ok(Some(2))
        );
        assert!(
            Reader::new(&[0, 0, 0, 2, 0, 0])
                .array_len(false, 2)
                .is_err()
        );
        assert!(
            Reader::new(&[0, 0, 0, 1]).array_len(false, 0).is_err(),
            "no element is free"
        );
        assert_eq!(Reader::new(&[0xff; 4]).array_len(false, 1), Ok(None));
        assert_eq!(Reader::new(&[0]).array_len(true, 1), Ok(None));
        assert!(
            Reader::new(&[0xff, 0xff, 0xff, 0xfe])
                .array_len(false, 1)
                .is_err()
        );
    }

    #[test]
    fn a_failed_read_does_not_move() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert!(reader.i32().is_err());
        assert_eq!(reader.pos(), 0);
        assert_eq!(reader.i16(), Ok(0x0102));
        assert!(reader.end().is_err());
        assert_eq!(reader.i8(), Ok(3));
        assert_eq!(reader.end(), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_is_written_reads_back(
            text in proptest::option::of(".{0,200}"),
            number in any::<i64>(), small in any::<i32>(), flexible in any::<bool>(),
        ) {
            let mut out = Vec::new();
            let mut writer = Writer::new(&mut out);
            writer.string(flexible, text.as_deref());
            writer.bytes(flexible, text.as_deref().map(str::as_bytes));
            writer.varlong(number);
            writer.varint(small);
            writer.uvarint(small as u32);
            writer.i64(number);
            writer.empty_tags();
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.nullable_string(flexible).unwrap(), text.as_deref());
            let span = reader.nullable_bytes(flexible).unwrap();
            prop_assert_eq!(span.map(|s| reader.slice(s)), text.as_deref().map(str::as_bytes));
            prop_assert_eq!(reader.varlong().unwrap(), number);
            prop_assert_eq!(reader.varint().unwrap(), small);
            prop_assert_eq!(reader.uvarint().unwrap(), small as u32);
            prop_assert_eq!(reader.i64().unwrap(), number);
            reader.skip_tags().unwrap();
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn any_bytes_stay_in_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            let _ = reader.string_span(true);
            let _ = reader.nullable_bytes(false);
            let _ = reader.varlong();
            let _ = reader.skip_tags();
            if let Ok(Some(count)) = reader.array_len(true, 3) {
                prop_assert!(count * 3 <= reader.remaining());
            }
            prop_assert!(reader.pos() <= bytes.len());
        }
    }
}
