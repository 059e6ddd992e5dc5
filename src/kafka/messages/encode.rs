//! A tree into bytes.
//!
//! Owns: the writing of every type. Refuses: nothing: a value that does not fit its field is written
//! as the field's zero, and null where the version forbids it as empty, since all that is
//! written here was read by `decode` or is the gateway's own. Stays true: what is written walks
//! (`check`); tagged fields that hold their default are left out, as Kafka does.

use super::layout::{Field, Kind, Message, plain, tagged};
use super::value::{Struct, Value, default};
use crate::kafka::writer::Writer;

/// Writes a body. Fields that the version does not have are left out.
pub fn encode(message: &Message, version: i16, body: &Struct) -> Vec<u8> {
    let mut out = Vec::new();
    let ink = Ink {
        version,
        flexible: message.is_flexible(version),
    };
    ink.fields(message.fields, body, &mut out);
    out
}

#[derive(Clone, Copy)]
struct Ink {
    version: i16,
    flexible: bool,
}

impl Ink {
    fn fields(self, fields: &'static [Field], body: &Struct, out: &mut Vec<u8>) {
        for field in plain(fields, self.version) {
            self.field(field, body.get(field.name), out);
        }
        if self.flexible {
            self.tags(fields, body, out);
        }
    }

    fn tags(self, fields: &'static [Field], body: &Struct, out: &mut Vec<u8>) {
        let said = tagged(fields, self.version).filter_map(|field| {
            let value = body.get(field.name)?;
            (*value != default(field)).then_some((field, value))
        });
        let said: Vec<_> = said.collect();
        Writer::new(out).uvarint(said.len() as u32);
        for (field, value) in said {
            let mut content = Vec::new();
            self.field(field, Some(value), &mut content);
            let mut writer = Writer::new(out);
            writer.uvarint(field.tag.unwrap_or(0));
            writer.uvarint(content.len() as u32);
            writer.raw(&content);
        }
    }

    fn field(self, field: &'static Field, value: Option<&Value>, out: &mut Vec<u8>) {
        let nullable = field.is_nullable(self.version);
        let value = value.unwrap_or(&Value::Null);
        let Kind::Array(element) = &field.kind else {
            return self.value(&field.kind, value, nullable, out);
        };
        let elements = match value {
            Value::Array(all) => Some(all.as_slice()),
            _ if nullable => None,
            _ => Some(&[][..]),
        };
        Writer::new(out).array_len(self.flexible, elements.map(<[Value]>::len));
        for value in elements.unwrap_or(&[]) {
            self.value(element, value, false, out);
        }
    }

    fn value(self, kind: &'static Kind, value: &Value, nullable: bool, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        let int = match value {
            Value::Int(number) => *number,
            _ => 0,
        };
        match (kind, value) {
            (Kind::Bool, value) => writer.bool(*value == Value::Bool(true)),
            (Kind::Int8, _) => writer.i8(int as i8),
            (Kind::Int16, _) => writer.i16(int as i16),
            (Kind::Uint16, _) => writer.u16(int as u16),
            (Kind::Int32, _) => writer.i32(int as i32),
            (Kind::Int64, _) => writer.i64(int),
            (Kind::Float64, Value::Float(number)) => writer.raw(&number.to_be_bytes()),
            (Kind::Float64, _) => writer.i64(0),
            (Kind::Uuid, Value::Uuid(id)) => writer.raw(id),
            (Kind::Uuid, _) => writer.raw(&[0; 16]),
            (Kind::Text, Value::Text(text)) => writer.string(self.flexible, Some(text)),
            (Kind::Text, _) => writer.string(self.flexible, empty(nullable, "")),
            (Kind::Bytes, Value::Bytes(bytes)) => writer.bytes(self.flexible, Some(bytes)),
            (Kind::Bytes, _) => writer.bytes(self.flexible, empty(nullable, &[])),
            (Kind::Struct(fields), Value::Struct(body)) => {
                if nullable {
                    writer.i8(1);
                }
                self.fields(fields, body, out);
            }
            (Kind::Struct(_), _) if nullable => writer.i8(-1),
            (Kind::Struct(fields), _) => self.fields(fields, &Struct::defaults(fields), out),
            // Kafka's definitions have no array of arrays.
            (Kind::Array(_), _) => writer.array_len(self.flexible, Some(0)),
        }
    }
}

/// Null where that may be, else what is empty.
fn empty<T: ?Sized>(nullable: bool, empty: &'static T) -> Option<&'static T> {
    (!nullable).then_some(empty)
}
