//! The walk over a message: every count, length and tag against the bytes that are there.
//!
//! Owns: the rules of the wire for all types. Refuses: what runs past the end or stops before it,
//! null where the definition forbids it, tags out of order or twice (KIP-482), a known tag that
//! does not fill its size. Stays true: nothing is allocated; the work is bounded by the bytes,
//! since every element is held to take at least one.

use super::layout::{Field, Kind, Message, plain, tagged};
use crate::kafka::reader::{Malformed, Reader};
use crate::limits::TAGS_PER_STRUCT_MAX;

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether there are tagged fields that the table does not know.
    pub unknown_tags: bool,
    /// Array elements and tagged fields.
    pub elements: usize,
}

/// Walks a body to its last byte. The error is the sender's fault: these bytes are not the message
/// that they claim to be.
pub fn check(message: &'static Message, version: i16, body: &[u8]) -> Result<Checked, Malformed> {
    visit(message, version, body, usize::MAX, |_, _| {})
}

/// As `check`, for what will be decoded into memory: more elements than `elements_max` are refused.
pub fn check_some(
    message: &'static Message,
    version: i16,
    body: &[u8],
    elements_max: usize,
) -> Result<Checked, Malformed> {
    visit(message, version, body, elements_max, |_, _| {})
}

/// As `check`, and shows every string and uuid with its field; a null one is not shown.
pub(super) fn visit<'a>(
    message: &'static Message,
    version: i16,
    body: &'a [u8],
    elements_max: usize,
    see: impl FnMut(&'static Field, &'a [u8]),
) -> Result<Checked, Malformed> {
    let reader = Reader::new(body);
    if !message.has(version) {
        return Err(reader.malformed("a version without a table"));
    }
    let mut walk = Walk {
        reader,
        version,
        flexible: message.is_flexible(version),
        unknown_tags: false,
        elements: 0,
        elements_max,
        see,
    };
    walk.fields(message.fields)?;
    walk.reader.end()?;
    Ok(Checked {
        unknown_tags: walk.unknown_tags,
        elements: walk.elements,
    })
}

struct Walk<'a, See> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
    unknown_tags: bool,
    elements: usize,
    elements_max: usize,
    see: See,
}

impl<'a, See: FnMut(&'static Field, &'a [u8])> Walk<'a, See> {
    fn fields(&mut self, fields: &'static [Field]) -> Result<(), Malformed> {
        for field in plain(fields, self.version) {
            self.field(field)?;
        }
        if self.flexible {
            self.tags(fields)?;
        }
        Ok(())
    }

    fn tags(&mut self, fields: &'static [Field]) -> Result<(), Malformed> {
        let mut tags = Tags::begin(&mut self.reader)?;
        while let Some((tag, end)) = tags.next(&mut self.reader)? {
            self.count(1)?;
            let known = tagged(fields, self.version).find(|field| field.tag == Some(tag));
            match known {
                Some(field) => self.field(field)?,
                None => {
                    self.unknown_tags = true;
                    let size = end - self.reader.pos();
                    self.reader.take(size, "tagged field past the end")?;
                }
            }
            tag_ends(&self.reader, end)?;
        }
        Ok(())
    }

    fn field(&mut self, field: &'static Field) -> Result<(), Malformed> {
        let nullable = field.is_nullable(self.version);
        match &field.kind {
            Kind::Array(element) => {
                let least = element.min_bytes(self.version, self.flexible);
                let count = count(&mut self.reader, self.flexible, nullable, least)?;
                self.elements(field, element, count.unwrap_or(0))
            }
            kind => self.value(field, kind, nullable),
        }
    }

    fn elements(
        &mut self,
        field: &'static Field,
        element: &'static Kind,
        count: usize,
    ) -> Result<(), Malformed> {
        self.count(count)?;
        match element.fixed_bytes() {
            Some(bytes) if *element != Kind::Uuid => {
                let bytes = count.saturating_mul(bytes);
                self.reader.take(bytes, "array past the end").map(drop)
            }
            _ => (0..count).try_for_each(|_| self.value(field, element, false)),
        }
    }

    fn value(
        &mut self,
        field: &'static Field,
        kind: &'static Kind,
        nullable: bool,
    ) -> Result<(), Malformed> {
        match kind {
            Kind::Struct(fields) => {
                if !nullable || is_there(&mut self.reader)? {
                    self.fields(fields)?;
                }
            }
            Kind::Text => {
                let start = self.reader.pos();
                match self.reader.string_span(self.flexible)? {
                    Some(span) => (self.see)(field, self.reader.slice(span)),
                    None => may_be_null(nullable, start)?,
                }
            }
            Kind::Bytes => {
                let start = self.reader.pos();
                if self.reader.nullable_bytes(self.flexible)?.is_none() {
                    may_be_null(nullable, start)?;
                }
            }
            // Kafka's definitions have no array of arrays.
            Kind::Array(_) => return Err(self.reader.malformed("an array in an array")),
            fixed => {
                let bytes = fixed.fixed_bytes().unwrap_or(0);
                let span = self.reader.take(bytes, "field past the end")?;
                if *fixed == Kind::Uuid {
                    (self.see)(field, self.reader.slice(span));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, elements: usize) -> Result<(), Malformed> {
        self.elements = self.elements.saturating_add(elements);
        if self.elements > self.elements_max {
            return Err(self.reader.malformed("too many elements"));
        }
        Ok(())
    }
}

/// The tagged fields of one struct while they are read.
pub(super) struct Tags {
    left: usize,
    last: Option<u32>,
}

impl Tags {
    pub(super) fn begin(reader: &mut Reader<'_>) -> Result<Tags, Malformed> {
        let left = reader.uvarint()? as usize;
        if left > TAGS_PER_STRUCT_MAX {
            return Err(reader.malformed("too many tagged fields"));
        }
        Ok(Tags { left, last: None })
    }

    /// The next tag and where its content ends; `None` after the last.
    pub(super) fn next(
        &mut self,
        reader: &mut Reader<'_>,
    ) -> Result<Option<(u32, usize)>, Malformed> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let tag = reader.uvarint()?;
        if self.last.is_some_and(|last| tag <= last) {
            return Err(reader.malformed("tagged fields out of order"));
        }
        self.last = Some(tag);
        let size = reader.uvarint()? as usize;
        if size > reader.remaining() {
            return Err(reader.malformed("tagged field past the end"));
        }
        Ok(Some((tag, reader.pos() + size)))
    }
}

/// Demands that a tagged field's content took what its size said.
pub(super) fn tag_ends(reader: &Reader<'_>, end: usize) -> Result<(), Malformed> {
    if reader.pos() == end {
        return Ok(());
    }
    Err(reader.malformed("a tagged field of another size"))
}

/// An array's count, `None` when null.
pub(super) fn count(
    reader: &mut Reader<'_>,
    flexible: bool,
    nullable: bool,
    min_element_bytes: usize,
) -> Result<Option<usize>, Malformed> {
    let start = reader.pos();
    let count = reader.array_len(flexible, min_element_bytes)?;
    if count.is_none() {
        may_be_null(nullable, start)?;
    }
    Ok(count)
}

/// Whether a nullable struct follows. Kafka writes 1 before one and -1 for none.
pub(super) fn is_there(reader: &mut Reader<'_>) -> Result<bool, Malformed> {
    match reader.i8()? {
        1 => Ok(true),
        -1 => Ok(false),
        _ => Err(reader.malformed("a struct that is neither there nor null")),
    }
}

pub(super) fn may_be_null(nullable: bool, at: usize) -> Result<(), Malformed> {
    if nullable {
        return Ok(());
    }
    Err(Malformed {
        what: "null where none may be",
        at,
    })
}
