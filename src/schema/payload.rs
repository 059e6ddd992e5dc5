//! What a record's key or value is, by the schema it names.
//!
//! ```text
//! header __value_schema_id   the whole value is the payload
//! framing in front of it     what is behind the framing
//! neither                    the whole value, of a format that nobody told
//! ```
//!
//! Owns: the order of these. Refuses: to guess formats. Stays true: a payload's bytes are given by
//! where they start in the value, so that spans count from the value's first byte.

use super::protobuf::MessageId;
use super::registered::{Form, Known, Schemas};
use super::wire::{MessageIndexes, SchemaId, message_indexes, schema_id};

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Payload {
    /// It names no schema.
    Plain,
    /// A datum, from this byte on.
    Avro(SchemaId, usize),
    /// A message, from this byte on.
    Protobuf(SchemaId, MessageId, usize),
    /// A JSON text, from this byte on.
    Json(usize),
    /// It names a schema that is not known, or not yet: ask for it. A text that happens to start with
    /// a zero byte looks the same.
    Unknown(SchemaId, usize),
    /// The registry has no such schema.
    Absent(SchemaId, usize),
    /// It names a schema that it cannot be read by, or that could not be had.
    Unreadable(SchemaId, usize),
}

/// What a value is, by the id in its header (when there is one) or in front of it.
pub fn payload(value: &[u8], header: Option<&[u8]>, schemas: &Schemas) -> Payload {
    if let Some(header) = header
        && let Some((id, after)) = schema_id(header)
    {
        let rest = header.get(after..).unwrap_or_default();
        let indexes = message_indexes(rest).map(|(indexes, _)| (indexes, 0));
        return by_schema(id, indexes, 0, schemas);
    }
    match schema_id(value) {
        None => Payload::Plain,
        Some((id, at)) => {
            let rest = value.get(at..).unwrap_or_default();
            let indexes = message_indexes(rest);
            by_schema(id, indexes.map(|(i, len)| (i, at + len)), at, schemas)
        }
    }
}

/// `indexes`: which message, and where it starts, if these are Protobuf; else the payload starts at
/// `at`.
fn by_schema(
    id: SchemaId,
    indexes: Option<(MessageIndexes, usize)>,
    at: usize,
    schemas: &Schemas,
) -> Payload {
    let registered = match schemas.find(&id) {
        None => return Payload::Unknown(id, at),
        Some(Known::Absent) => return Payload::Absent(id, at),
        Some(Known::Refused) => return Payload::Unreadable(id, at),
        Some(Known::Schema(registered)) => registered,
    };
    match &registered.form {
        Form::Avro(_) => Payload::Avro(id, at),
        Form::Json => Payload::Json(at),
        Form::Unreadable(_) => Payload::Unreadable(id, at),
        Form::Protobuf(schema) => {
            let message = indexes
                .and_then(|(indexes, start)| Some((schema.by_indexes(indexes.as_slice())?, start)));
            match message {
                Some((message, start)) => Payload::Protobuf(id, message, start),
                None => Payload::Unreadable(id, at),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registered::{Language, Registered};
    use super::*;
    use std::sync::Arc;

    fn schemas() -> Schemas {
        let add = |schemas: Schemas, id, language, text: &str| {
            let registered = Registered::compile(language, text.into(), Vec::new());
            schemas.with(SchemaId::Number(id), Known::Schema(Arc::new(registered)))
        };
        let schemas = add(Schemas::default(), 1, Language::Avro, "\"string\"");
        let text = "message A {} message B { string s = 1; }";
        let schemas = add(schemas, 2, Language::Protobuf, text);
        let schemas = add(schemas, 3, Language::Json, "{}");
        let schemas = add(schemas, 4, Language::Avro, "no schema");
        schemas.with(SchemaId::Number(5), Known::Absent)
    }

    #[test]
    fn a_value_is_what_its_schema_says() {
        let schemas = schemas();
        let of = |value: &[u8]| format!("{:?}", payload(value, None, &schemas));
        let starts =
            |value: &[u8], with: &str| assert!(of(value).starts_with(with), "{}", of(value));
        starts(b"{\"a\":1}", "Plain");
        starts(b"\0\0\0\0\x01\x02a", "Avro(");
        assert!(of(b"\0\0\0\0\x01\x02a").ends_with(", 5)"));
        assert!(
            of(b"\0\0\0\0\x02\x02\x02").ends_with("MessageId(1), 7)"),
            "the second message"
        );
        assert!(
            of(b"\0\0\0\0\x02\0").ends_with("MessageId(0), 6)"),
            "the first one, in short"
        );
        starts(b"\0\0\0\0\x02\x02\x06", "Unreadable(Number(2), 5)");
        starts(b"\0\0\0\0\x03{}", "Json(5)");
        starts(b"\0\0\0\0\x04x", "Unreadable(Number(4), 5)");
        starts(b"\0\0\0\0\x05x", "Absent(Number(5), 5)");
        starts(b"\0\0\0\0\x06x", "Unknown(Number(6), 5)");
    }

    #[test]
    fn an_id_in_a_header_speaks_for_the_whole_value() {
        let schemas = schemas();
        let of = |header: &[u8]| format!("{:?}", payload(b"\0\0\0\0\x05x", Some(header), &schemas));
        assert!(of(b"\0\0\0\0\x01").ends_with(", 0)"));
        assert!(of(b"\0\0\0\0\x02\x02\x02").ends_with("MessageId(1), 0)"));
        assert!(of(b"something else").starts_with("Absent(Number(5), 5)"));
    }

    #[test]
    fn what_is_absent_can_be_forgotten() {
        let schemas = schemas();
        assert_eq!(schemas.len(), 4);
        let id = SchemaId::Number(5);
        assert!(schemas.find(&id).is_some());
        assert!(schemas.without(&[id]).find(&id).is_none());
    }
}
