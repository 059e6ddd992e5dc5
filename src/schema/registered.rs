//! The schemas that a registry handed out, by the ids that records name.
//!
//! Owns: one immutable set that all cores read. Refuses: to fetch. Stays true: a set is never changed;
//! whoever learns more makes another. A schema that cannot be compiled is in it all the same, with what
//! is wrong, so that it is not asked for again.

use super::wire::SchemaId;
use super::{avro, protobuf};
use std::collections::HashMap;
use std::sync::Arc;

/// The language of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Apache Avro.
    Avro,
    /// Protocol Buffers.
    Protobuf,
    /// JSON Schema: the records are JSON.
    Json,
    /// One that is not known here.
    Other,
}

/// A text that another refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name it is referred to by: a type's, or an import's path.
    pub name: Arc<str>,
    /// The schema.
    pub text: Arc<str>,
}

/// What a schema was compiled to.
#[derive(Clone, Debug)]
pub enum Form {
    /// A table of Avro types.
    Avro(avro::Schema),
    /// A table of Protobuf messages.
    Protobuf(protobuf::Schema),
    /// Nothing: JSON says itself what it is.
    Json,
    /// It cannot be read, and so cannot its records.
    Unreadable(String),
}

/// A schema as a registry has it.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its language.
    pub language: Language,
    /// Its text.
    pub text: Arc<str>,
    /// What it refers to, each behind what that refers to itself.
    pub references: Vec<Reference>,
    /// What it was compiled to.
    pub form: Form,
}

impl Registered {
    /// Compiles a schema. `references` are each behind what they refer to themselves.
    pub fn compile(language: Language, text: Arc<str>, references: Vec<Reference>) -> Registered {
        let texts: Vec<&str> = references.iter().map(|r| &*r.text).collect();
        let form = match language {
            Language::Avro => match avro::Schema::compile(&text, &texts) {
                Ok(schema) => Form::Avro(schema),
                Err(fault) => Form::Unreadable(fault.to_string()),
            },
            Language::Protobuf => match protobuf::Schema::from_proto(&text, &texts) {
                Ok(schema) => Form::Protobuf(schema),
                Err(fault) => Form::Unreadable(fault.to_string()),
            },
            Language::Json => Form::Json,
            Language::Other => Form::Unreadable("a schema of an unknown language".to_owned()),
        };
        Registered {
            language,
            text,
            references,
            form,
        }
    }

    /// Bytes of text it keeps.
    pub fn bytes(&self) -> usize {
        let references = self.references.iter().map(|r| r.name.len() + r.text.len());
        self.text.len() + references.sum::<usize>()
    }
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub enum Known {
    /// The registry has this.
    Schema(Arc<Registered>),
    /// The registry said that it has none, a moment ago.
    Absent,
    /// It answered something that cannot be used, a moment ago: too long, or of another form.
    Refused,
}

/// What is known of all ids that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    known: HashMap<SchemaId, Known>,
}

impl Schemas {
    /// What is known of an id; none when it was not asked for, or not answered.
    pub fn find(&self, id: &SchemaId) -> Option<&Known> {
        self.known.get(id)
    }

    /// The same with one more.
    pub fn with(&self, id: SchemaId, known: Known) -> Schemas {
        let mut next = self.clone();
        next.known.insert(id, known);
        next
    }

    /// The same without some, so that they are asked for again.
    pub fn without(&self, ids: &[SchemaId]) -> Schemas {
        let mut next = self.clone();
        for id in ids {
            next.known.remove(id);
        }
        next
    }

    /// Schemas in it; ids that are absent do not count.
    pub fn len(&self) -> usize {
        let schemas = self.known.values();
        schemas
            .filter(|known| matches!(known, Known::Schema(_)))
            .count()
    }

    /// Whether there is no schema in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
