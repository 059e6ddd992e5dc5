//! Bytes into a tree.
//!
//! Owns: the reading of every type. Refuses: what the walk refuses; a string that is not UTF-8; more
//! values than `limits::MESSAGE_VALUES_MAX`. Stays true: the tree was bounded before it was built.

use super::layout::{Field, Kind, Message};
use super::value::{Struct, Value, default};
use super::walk::{Tags, count, is_there, may_be_null, tag_ends};
use crate::kafka::reader::{Malformed, Reader};
use crate::limits::MESSAGE_VALUES_MAX;

/// Reads a body to its last byte. Tagged fields that the table does not know are passed over.
pub fn decode(message: &'static Message, version: i16, body: &[u8]) -> Result<Struct, Malformed> {
    let reader = Reader::new(body);
    if !message.has(version) {
        return Err(reader.malformed("a version without a table"));
    }
    let mut tree = Tree {
        reader,
        version,
        flexible: message.is_flexible(version),
        values: 0,
    };
    let body = tree.fields(message.fields)?;
    tree.reader.end()?;
    Ok(body)
}

struct Tree<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
    /// Values so far, defaults among them.
    values: usize,
}

impl Tree<'_> {
    fn fields(&mut self, fields: &'static [Field]) -> Result<Struct, Malformed> {
        self.spend(fields.len())?;
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            values.push(match field.tag {
                None if field.is_in(self.version) => self.field(field)?,
                _ => default(field),
            });
        }
        if self.flexible {
            self.tags(fields, &mut values)?;
        }
        Ok(Struct {
            fields,
            values: values.into(),
        })
    }

    fn tags(&mut self, fields: &'static [Field], values: &mut [Value]) -> Result<(), Malformed> {
        let mut tags = Tags::begin(&mut self.reader)?;
        while let Some((tag, end)) = tags.next(&mut self.reader)? {
            let known = fields.iter().zip(values.iter_mut());
            let known = known
                .filter(|(field, _)| field.is_in(self.version))
                .find(|(field, _)| field.tag == Some(tag));
            match known {
                Some((field, value)) => *value = self.field(field)?,
                None => {
                    let size = end - self.reader.pos();
                    self.reader.take(size, "tagged field past the end")?;
                }
            }
            tag_ends(&self.reader, end)?;
        }
        Ok(())
    }

    fn field(&mut self, field: &'static Field) -> Result<Value, Malformed> {
        let nullable = field.is_nullable(self.version);
        let Kind::Array(element) = &field.kind else {
            return self.value(&field.kind, nullable);
        };
        let least = element.min_bytes(self.version, self.flexible);
        let count = count(&mut self.reader, self.flexible, nullable, least)?;
        let Some(count) = count else {
            return Ok(Value::Null);
        };
        self.spend(count)?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.value(element, false)?);
        }
        Ok(Value::Array(all))
    }

    fn value(&mut self, kind: &'static Kind, nullable: bool) -> Result<Value, Malformed> {
        let start = self.reader.pos();
        let value = match kind {
            Kind::Bool => Value::Bool(self.reader.bool()?),
            Kind::Int8 => self.reader.i8()?.into(),
            Kind::Int16 => self.reader.i16()?.into(),
            Kind::Uint16 => Value::Int(self.reader.u16()?.into()),
            Kind::Int32 => self.reader.i32()?.into(),
            Kind::Int64 => self.reader.i64()?.into(),
            Kind::Float64 => {
                let bits = self.reader.i64()?;
                Value::Float(f64::from_bits(bits as u64))
            }
            Kind::Uuid => Value::Uuid(self.reader.uuid()?),
            Kind::Text => self.reader.nullable_string(self.flexible)?.into(),
            Kind::Bytes => {
                let span = self.reader.nullable_bytes(self.flexible)?;
                span.map_or(Value::Null, |span| self.reader.slice(span).to_vec().into())
            }
            Kind::Struct(_) if nullable && !is_there(&mut self.reader)? => Value::Null,
            Kind::Struct(fields) => Value::Struct(self.fields(fields)?),
            Kind::Array(_) => return Err(self.reader.malformed("an array in an array")),
        };
        if value == Value::Null {
            may_be_null(nullable, start)?;
        }
        Ok(value)
    }

    fn spend(&mut self, values: usize) -> Result<(), Malformed> {
        self.values = self.values.saturating_add(values);
        if self.values > MESSAGE_VALUES_MAX {
            return Err(self.reader.malformed("too many values"));
        }
        Ok(())
    }
}
