//! A schema from the bytes of a `FileDescriptorSet` (google/protobuf/descriptor.proto).
//!
//! Owns: the few fields of descriptors that say how bytes are laid out. Refuses: descriptors nested
//! beyond a bound. Stays true: any bytes are a schema or a fault.

use super::draft::{Draft, DraftField, DraftType, SchemaFault, join};
use super::fields::{RawField, Wire, each};
use super::table::{FieldType, Label, MessageId, Scalar, Schema};
use crate::limits::{PROTO_NESTING_MAX, SCHEMA_BYTES_MAX};

impl Schema {
    /// Compiles a set of files. The last one is the main file; that is the order protoc writes.
    pub fn from_descriptors(set: &[u8]) -> Result<Schema, SchemaFault> {
        if set.len() > SCHEMA_BYTES_MAX {
            return Err(SchemaFault::TooLarge);
        }
        let mut files = Vec::new();
        for field in fields(set) {
            let field = field?;
            if field.number == 1 && field.wire == Wire::Len {
                files.push(field.bytes(set));
            }
        }
        let mut draft = Draft::default();
        let last = files
            .len()
            .checked_sub(1)
            .ok_or(SchemaFault::NoDescriptor)?;
        for (i, file) in files.into_iter().enumerate() {
            read_file(&mut draft, file, i == last)?;
        }
        Ok(draft.finish())
    }
}

fn fields(bytes: &[u8]) -> impl Iterator<Item = Result<RawField, SchemaFault>> {
    each(bytes).map(|field| field.map_err(|_| SchemaFault::NoDescriptor))
}

fn text<'b>(field: &RawField, bytes: &'b [u8]) -> Result<&'b str, SchemaFault> {
    std::str::from_utf8(field.bytes(bytes)).map_err(|_| SchemaFault::NoDescriptor)
}

/// The last text of this number; empty when there is none.
fn find_text(bytes: &[u8], number: u32) -> Result<&str, SchemaFault> {
    let mut found = "";
    for field in fields(bytes) {
        let field = field?;
        if field.number == number && field.wire == Wire::Len {
            found = text(&field, bytes)?;
        }
    }
    Ok(found)
}

/// FileDescriptorProto: 2 package, 4 message_type, 5 enum_type.
fn read_file(draft: &mut Draft, file: &[u8], main: bool) -> Result<(), SchemaFault> {
    let package = find_text(file, 2)?;
    for field in fields(file) {
        let field = field?;
        let inner = field.bytes(file);
        match field.number {
            4 => {
                let id = read_message(draft, inner, package, 0)?;
                if main {
                    draft.top(id);
                }
            }
            5 => draft.enumeration(package, find_text(inner, 1)?)?,
            _ => {}
        }
    }
    Ok(())
}

/// DescriptorProto: 1 name, 2 field, 3 nested_type, 4 enum_type, 7 options (7 map_entry).
fn read_message(
    draft: &mut Draft,
    bytes: &[u8],
    scope: &str,
    depth: usize,
) -> Result<MessageId, SchemaFault> {
    if depth > PROTO_NESTING_MAX {
        return Err(SchemaFault::TooLarge);
    }
    let mut entry = false;
    for field in fields(bytes) {
        let field = field?;
        if field.number == 7 {
            for option in fields(field.bytes(bytes)) {
                let option = option?;
                entry |= option.number == 7 && option.value != 0;
            }
        }
    }
    let name = find_text(bytes, 1)?;
    let id = draft.message(scope, name, entry)?;
    let full = join(scope, name)?;
    for field in fields(bytes) {
        let field = field?;
        let inner = field.bytes(bytes);
        match field.number {
            2 => {
                let field = read_field(inner)?;
                draft.field(id, field)?;
            }
            3 => drop(read_message(draft, inner, &full, depth + 1)?),
            4 => draft.enumeration(&full, find_text(inner, 1)?)?,
            _ => {}
        }
    }
    Ok(id)
}

/// FieldDescriptorProto: 1 name, 3 number, 4 label, 5 type, 6 type_name.
fn read_field(bytes: &[u8]) -> Result<DraftField, SchemaFault> {
    let (mut number, mut label, mut kind) = (0, 0, 0);
    for field in fields(bytes) {
        let field = field?;
        match field.number {
            3 => number = field.value,
            4 => label = field.value,
            5 => kind = field.value,
            _ => {}
        }
    }
    let number = u32::try_from(number).map_err(|_| SchemaFault::NoDescriptor)?;
    let of = match scalar(kind) {
        Some(known) => DraftType::Known(known),
        None => DraftType::Named(find_text(bytes, 6)?.to_owned()),
    };
    Ok(DraftField {
        number,
        name: find_text(bytes, 1)?.to_owned(),
        label: match label {
            2 => Label::Required,
            3 => Label::Repeated,
            _ => Label::Optional,
        },
        of,
    })
}

/// FieldDescriptorProto.Type; none for groups, messages and enums, which have names.
fn scalar(kind: u64) -> Option<FieldType> {
    Some(FieldType::Scalar(match kind {
        1 => Scalar::Double,
        2 => Scalar::Float,
        3 => Scalar::Int64,
        4 => Scalar::Uint64,
        5 => Scalar::Int32,
        6 => Scalar::Fixed64,
        7 => Scalar::Fixed32,
        8 => Scalar::Boolean,
        9 => return Some(FieldType::Text),
        12 => return Some(FieldType::Bytes),
        13 => Scalar::Uint32,
        15 => Scalar::Sfixed32,
        16 => Scalar::Sfixed64,
        17 => Scalar::Sint32,
        18 => Scalar::Sint64,
        _ => return None,
    }))
}
