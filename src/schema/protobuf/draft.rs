//! A schema whose types are still names, from whatever source.
//!
//! Owns: names and their resolution. Refuses: more of them than a bound. Stays true: a type that
//! nothing defines makes its field unknown, and not the schema useless: registries hand out texts
//! whose imports they keep to themselves.

use super::table::{Field, FieldType, Label, Message, MessageId, Schema};
use crate::limits::{SCHEMA_BYTES_MAX, SCHEMA_NAME_BYTES_MAX, SCHEMA_NODES_MAX};
use std::collections::{HashMap, HashSet};

/// The schema cannot be compiled. It is the fault of whoever registered it, or of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// The text is no `.proto` file.
    #[error("a Protobuf schema that cannot be read: {what} in line {line}")]
    Misformed {
        /// What was expected or found.
        what: &'static str,
        /// From 1.
        line: usize,
    },
    /// The bytes are no descriptor.
    #[error("a Protobuf descriptor that cannot be read")]
    NoDescriptor,
    /// More text, types or fields than any real schema has.
    #[error("a Protobuf schema larger than {SCHEMA_BYTES_MAX} bytes or {SCHEMA_NODES_MAX} types")]
    TooLarge,
}

/// A type as its source has it.
#[derive(Clone, Debug)]
pub(super) enum DraftType {
    Known(FieldType),
    /// A name, absolute when it starts with a dot, else seen from the scope.
    Named(String),
}

#[derive(Clone, Debug)]
pub(super) struct DraftField {
    pub number: u32,
    pub name: String,
    pub label: Label,
    pub of: DraftType,
}

/// All files of a schema together.
#[derive(Default)]
pub(super) struct Draft {
    schema: Schema,
    /// For each message, the fields whose types are names.
    named: Vec<(MessageId, DraftField)>,
    messages: HashMap<String, MessageId>,
    /// Enums.
    enums: HashSet<String>,
    size: usize,
}

impl Draft {
    /// A new message in a scope: the full name of a package or message; empty outside all.
    pub fn message(
        &mut self,
        scope: &str,
        name: &str,
        entry: bool,
    ) -> Result<MessageId, SchemaFault> {
        self.grow()?;
        let full = join(scope, name)?;
        let id = MessageId(self.schema.messages.len() as u32);
        self.schema.messages.push(Message {
            name: full.as_str().into(),
            entry,
            ..Message::default()
        });
        if let Some(outer) = self.messages.get(scope).copied().filter(|_| !entry) {
            self.change(outer, |outer| outer.nested.push(id));
        }
        self.messages.insert(full, id);
        Ok(id)
    }

    /// A message of the main file that is in no other.
    pub fn top(&mut self, id: MessageId) {
        self.schema.top.push(id);
    }

    /// A new enum in a scope.
    pub fn enumeration(&mut self, scope: &str, name: &str) -> Result<(), SchemaFault> {
        self.grow()?;
        self.enums.insert(join(scope, name)?);
        Ok(())
    }

    /// A new field.
    pub fn field(&mut self, of: MessageId, field: DraftField) -> Result<(), SchemaFault> {
        self.grow()?;
        match field.of {
            DraftType::Known(known) => self.known(of, field, known),
            DraftType::Named(_) => self.named.push((of, field)),
        }
        Ok(())
    }

    /// The full name of a message.
    pub fn name(&self, id: MessageId) -> &str {
        self.schema.message(id).map_or("", |message| &message.name)
    }

    /// Resolves all names.
    pub fn finish(mut self) -> Schema {
        for (id, field) in std::mem::take(&mut self.named) {
            let DraftType::Named(name) = &field.of else {
                continue;
            };
            let of = self.resolve(self.name(id), name);
            self.known(id, field, of);
        }
        for message in &mut self.schema.messages {
            message.fields.sort_by_key(|field| field.number);
            message.fields.dedup_by_key(|field| field.number);
        }
        self.schema
    }

    /// From the innermost scope outwards, the first type of that name.
    fn resolve(&self, scope: &str, name: &str) -> FieldType {
        use super::table::Scalar::Enum;
        let find = |full: &str| {
            let message = self.messages.get(full).copied().map(FieldType::Message);
            let enumeration = self.enums.contains(full);
            message.or(enumeration.then_some(FieldType::Scalar(Enum)))
        };
        if name.len() > SCHEMA_NAME_BYTES_MAX {
            return FieldType::Unknown;
        }
        if let Some(absolute) = name.strip_prefix('.') {
            return find(absolute).unwrap_or(FieldType::Unknown);
        }
        let mut scope = scope;
        while !scope.is_empty() {
            if let Some(found) = find(&format!("{scope}.{name}")) {
                return found;
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        find(name).unwrap_or(FieldType::Unknown)
    }

    fn grow(&mut self) -> Result<(), SchemaFault> {
        self.size += 1;
        match self.size > SCHEMA_NODES_MAX {
            true => Err(SchemaFault::TooLarge),
            false => Ok(()),
        }
    }

    fn known(&mut self, message: MessageId, field: DraftField, of: FieldType) {
        let field = Field {
            number: field.number,
            name: field.name.into(),
            label: field.label,
            of,
        };
        self.change(message, |message| message.fields.push(field));
    }

    fn change(&mut self, id: MessageId, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.schema.messages.get_mut(id.0 as usize) {
            change(message);
        }
    }
}

/// The full name of what is in a scope.
pub(super) fn join(scope: &str, name: &str) -> Result<String, SchemaFault> {
    if scope.len() + 1 + name.len() > SCHEMA_NAME_BYTES_MAX {
        return Err(SchemaFault::TooLarge);
    }
    Ok(match scope.is_empty() {
        true => name.to_owned(),
        false => format!("{scope}.{name}"),
    })
}
