//! A message without the tagged fields that nobody here knows.
//!
//! Owns: the copy. Refuses: what does not walk. Stays true: all that the table knows leaves as it
//! came, byte for byte; what it does not know, a newer broker's address among it, does not leave.

use super::layout::{Field, Kind, Message, plain, tagged};
use super::walk::{Tags, count, is_there, may_be_null, tag_ends};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::writer::Writer;

/// Appends a body to `out`, without its unknown tagged fields. After an error `out` holds a part.
pub fn strip(
    message: &'static Message,
    version: i16,
    body: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let reader = Reader::new(body);
    if !message.has(version) {
        return Err(reader.malformed("a version without a table"));
    }
    let mut copy = Copy {
        reader,
        version,
        flexible: message.is_flexible(version),
    };
    copy.fields(message.fields, out)?;
    copy.reader.end()
}

struct Copy<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
}

impl Copy<'_> {
    fn fields(&mut self, fields: &'static [Field], out: &mut Vec<u8>) -> Result<(), Malformed> {
        for field in plain(fields, self.version) {
            self.field(field, out)?;
        }
        if self.flexible {
            self.tags(fields, out)?;
        }
        Ok(())
    }

    /// The known ones; their size may change, since structs in them lose tags as well.
    fn tags(&mut self, fields: &'static [Field], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut known = Vec::new();
        let mut tags = Tags::begin(&mut self.reader)?;
        while let Some((tag, end)) = tags.next(&mut self.reader)? {
            let field = tagged(fields, self.version).find(|field| field.tag == Some(tag));
            match field {
                Some(field) => {
                    let mut content = Vec::new();
                    self.field(field, &mut content)?;
                    known.push((tag, content));
                }
                None => {
                    let size = end - self.reader.pos();
                    self.reader.take(size, "tagged field past the end")?;
                }
            }
            tag_ends(&self.reader, end)?;
        }
        let mut writer = Writer::new(out);
        writer.uvarint(known.len() as u32);
        for (tag, content) in known {
            writer.uvarint(tag);
            writer.uvarint(content.len() as u32);
            writer.raw(&content);
        }
        Ok(())
    }

    fn field(&mut self, field: &'static Field, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let nullable = field.is_nullable(self.version);
        let start = self.reader.pos();
        match &field.kind {
            Kind::Array(element) => {
                let least = element.min_bytes(self.version, self.flexible);
                let count = count(&mut self.reader, self.flexible, nullable, least)?;
                self.since(start, out);
                for _ in 0..count.unwrap_or(0) {
                    self.value(element, false, out)?;
                }
                Ok(())
            }
            kind => self.value(kind, nullable, out),
        }
    }

    fn value(
        &mut self,
        kind: &'static Kind,
        nullable: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let start = self.reader.pos();
        match kind {
            Kind::Struct(fields) => {
                let there = !nullable || is_there(&mut self.reader)?;
                self.since(start, out);
                return if there {
                    self.fields(fields, out)
                } else {
                    Ok(())
                };
            }
            Kind::Text => {
                if self.reader.string_span(self.flexible)?.is_none() {
                    may_be_null(nullable, start)?;
                }
            }
            Kind::Bytes => {
                if self.reader.nullable_bytes(self.flexible)?.is_none() {
                    may_be_null(nullable, start)?;
                }
            }
            Kind::Array(_) => return Err(self.reader.malformed("an array in an array")),
            fixed => {
                let bytes = fixed.fixed_bytes().unwrap_or(0);
                self.reader.take(bytes, "field past the end")?;
            }
        }
        self.since(start, out);
        Ok(())
    }

    /// Copies what was read since `start`.
    fn since(&self, start: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(self.reader.slice(start..self.reader.pos()));
    }
}
