//! The reader's other half: Kafka's primitive types appended to a `Vec<u8>`.
//!
//! Owns: the encodings drawn in `reader`, and the size field of a frame. Refuses: nothing; what is
//! too long for its length field is cut, since all that is written here is the gateway's own text
//! or was bounded when it was read. Stays true: what it writes, `Reader` reads back.

/// Appends to a borrowed buffer, which the caller may reuse.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

/// Appends a fixed-size big-endian integer.
macro_rules! integer {
    ($name:ident, $type:ty) => {
        #[doc = concat!("A big-endian `", stringify!($type), "`.")]
        pub fn $name(&mut self, value: $type) {
            self.out.extend_from_slice(&value.to_be_bytes());
        }
    };
}

impl<'a> Writer<'a> {
    /// Appends to `out`; what is in it already stays.
    pub fn new(out: &'a mut Vec<u8>) -> Writer<'a> {
        Writer { out }
    }

    /// Bytes in the buffer so far.
    pub fn pos(&self) -> usize {
        self.out.len()
    }

    integer!(i8, i8);
    integer!(i16, i16);
    integer!(i32, i32);
    integer!(i64, i64);
    integer!(u8, u8);
    integer!(u16, u16);
    integer!(u32, u32);

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// One byte, 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.u8(value.into());
    }

    /// An unsigned varint, 1 to 5 bytes.
    pub fn uvarint(&mut self, value: u32) {
        self.base128(value.into());
    }

    /// A zigzag varint, 1 to 5 bytes.
    pub fn varint(&mut self, value: i32) {
        self.uvarint(((value << 1) ^ (value >> 31)) as u32);
    }

    /// A zigzag varint, 1 to 10 bytes.
    pub fn varlong(&mut self, value: i64) {
        self.base128(((value << 1) ^ (value >> 63)) as u64);
    }

    /// A string or null, classic or compact. Cut at 32,767 bytes (the classic length's maximum, and
    /// Kafka's own for both forms), between characters.
    pub fn string(&mut self, flexible: bool, text: Option<&str>) {
        let text = text.map(|text| &text[..text.floor_char_boundary(i16::MAX as usize)]);
        match (flexible, text) {
            (true, None) => self.uvarint(0),
            (true, Some(text)) => self.uvarint(text.len() as u32 + 1),
            (false, None) => self.i16(-1),
            (false, Some(text)) => self.i16(text.len() as i16),
        }
        self.raw(text.unwrap_or_default().as_bytes());
    }

    /// Bytes or null, classic (i32 length) or compact.
    pub fn bytes(&mut self, flexible: bool, bytes: Option<&[u8]>) {
        self.array_len(flexible, bytes.map(<[u8]>::len));
        self.raw(bytes.unwrap_or_default());
    }

    /// An array's count, or null. Byte fields have the same form.
    pub fn array_len(&mut self, flexible: bool, count: Option<usize>) {
        match (flexible, count) {
            (true, None) => self.uvarint(0),
            (true, Some(count)) => self.uvarint(count as u32 + 1),
            (false, None) => self.i32(-1),
            (false, Some(count)) => self.i32(count as i32),
        }
    }

    /// The end of a struct of a flexible version: no tagged fields.
    pub fn empty_tags(&mut self) {
        self.u8(0);
    }

    /// `empty_tags` in a flexible version, nothing in a classic one.
    pub fn end_struct(&mut self, flexible: bool) {
        if flexible {
            self.empty_tags();
        }
    }

    /// Leaves room for a frame's size and returns where, for `frame_end`.
    pub fn frame_begin(&mut self) -> usize {
        let start = self.pos();
        self.u32(0);
        start
    }

    /// Fills in the size of the frame that began at `start`: all bytes after the size itself.
    pub fn frame_end(&mut self, start: usize) {
        let size = self.pos().saturating_sub(start + 4) as u32;
        if let Some(field) = self.out.get_mut(start..start + 4) {
            field.copy_from_slice(&size.to_be_bytes());
        }
    }

    fn base128(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::reader::Reader;

    #[test]
    fn a_frame_carries_its_size() {
        let mut out = vec![9];
        let mut writer = Writer::new(&mut out);
        let start = writer.frame_begin();
        writer.i16(7);
        writer.frame_end(start);
        assert_eq!(out, [9, 0, 0, 0, 2, 0, 7]);
    }

    #[test]
    fn a_long_string_is_cut_between_characters() {
        let mut out = Vec::new();
        Writer::new(&mut out).string(false, Some(&"é".repeat(20_000)));
        assert_eq!(Reader::new(&out).string(false).unwrap(), "é".repeat(16_383));
    }
}
