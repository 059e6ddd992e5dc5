//! One field of the wire format: tag and value.
//!
//! ```text
//! tag: varint = number << 3 | wire type
//! 0 varint · 1 eight bytes · 2 length, bytes · 3, 4 group opens, closes · 5 four bytes
//! ```
//!
//! Owns: that reading. Refuses: numbers and wire types that do not exist, values past the end. Stays
//! true: a field takes at least one byte.

use crate::schema::varint;

/// Highest field number there is.
const NUMBER_MAX: u64 = (1 << 29) - 1;

/// How a value is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Varint,
    Fixed64,
    Len,
    GroupOpen,
    GroupClose,
    Fixed32,
}

/// A field as it stands in the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawField {
    pub number: u32,
    pub wire: Wire,
    /// First byte of the tag.
    pub tag: usize,
    /// First byte behind the tag: of the length, if there is one.
    pub prefix: usize,
    /// First byte of the value.
    pub start: usize,
    /// One past the last byte of the value.
    pub end: usize,
    /// The value of a varint and of four or eight bytes.
    pub value: u64,
}

impl RawField {
    /// The bytes of the value.
    pub fn bytes<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

#[cfg(test)]
thread_local! {
    /// Fields read, to show that time is linear.
    pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Reads the field at `at` of bytes that end at `end`, or says what is wrong.
pub(super) fn read(bytes: &[u8], at: usize, end: usize) -> Result<RawField, &'static str> {
    #[cfg(test)]
    READ.set(READ.get() + 1);
    let bytes = bytes.get(..end).unwrap_or(bytes);
    let (tag, prefix) = varint::read(bytes, at).ok_or("a tag")?;
    let number = tag >> 3;
    if number == 0 || number > NUMBER_MAX {
        return Err("a field number");
    }
    let wire = match tag & 7 {
        0 => Wire::Varint,
        1 => Wire::Fixed64,
        2 => Wire::Len,
        3 => Wire::GroupOpen,
        4 => Wire::GroupClose,
        5 => Wire::Fixed32,
        _ => return Err("a wire type"),
    };
    let mut field = RawField {
        number: number as u32,
        wire,
        tag: at,
        prefix,
        start: prefix,
        end: prefix,
        value: 0,
    };
    let rest = bytes.get(prefix..).unwrap_or_default();
    match wire {
        Wire::Varint => {
            (field.value, field.end) = varint::read(bytes, prefix).ok_or("an integer")?;
        }
        Wire::Fixed64 => {
            let value = rest.first_chunk().ok_or("a value past the end")?;
            (field.value, field.end) = (u64::from_le_bytes(*value), prefix + 8);
        }
        Wire::Fixed32 => {
            let value = rest.first_chunk().ok_or("a value past the end")?;
            (field.value, field.end) = (u32::from_le_bytes(*value).into(), prefix + 4);
        }
        Wire::Len => {
            let (len, start) = varint::read(bytes, prefix).ok_or("a length")?;
            let left = (bytes.len() - start) as u64;
            if len > left {
                return Err("a length past the end");
            }
            (field.start, field.end) = (start, start + len as usize);
        }
        Wire::GroupOpen | Wire::GroupClose => {}
    }
    Ok(field)
}

/// All fields of a message without groups; ends early at what is none.
pub(super) fn each(bytes: &[u8]) -> impl Iterator<Item = Result<RawField, &'static str>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let field = read(bytes, at, bytes.len());
        at = field.map_or(bytes.len(), |field| field.end);
        Some(field)
    })
}
