//! By what records are read.
//!
//! Owns: the order: the schema that a record names, then the one that stands for all. Refuses: to fetch.
//! Stays true: the same record is read by the same schema when it is masked.

use crate::schema::avro;
use crate::schema::payload::{self, Payload};
use crate::schema::protobuf::{self, MessageId};
use crate::schema::registered::{Form, Known, Registered, Schemas};
use crate::schema::wire::{MessageIndexes, SchemaId, message_indexes};
use std::sync::LazyLock;

/// The schemas at hand.
#[derive(Clone, Copy, Debug)]
pub struct Lexicon<'s> {
    /// Those that a registry has told so far.
    pub schemas: &'s Schemas,
    /// Whether there is a registry to ask for others.
    pub asks: bool,
    /// What records are read by that name no schema, or one that is not known.
    pub any: Option<&'s Registered>,
}

/// A schema, ready to read by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Format<'s> {
    Avro(&'s avro::Schema),
    /// None: by its look.
    Protobuf(Option<(&'s protobuf::Schema, MessageId)>),
}

/// Which schema it was; found again by [`Lexicon::format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Id(SchemaId, Option<MessageId>),
    Any(Option<MessageId>),
    Look,
}

impl<'s> Lexicon<'s> {
    /// With what a registry has told so far, if there is one, and a schema for what names none.
    pub fn new(known: Option<&'s Schemas>, any: Option<&'s Registered>) -> Lexicon<'s> {
        static NONE: LazyLock<Schemas> = LazyLock::new(Schemas::default);
        Lexicon {
            schemas: known.unwrap_or(&NONE),
            asks: known.is_some(),
            any,
        }
    }

    /// What a field is by the schema it names.
    pub(super) fn payload(&self, bytes: &[u8], header: Option<&[u8]>) -> Payload {
        payload::payload(bytes, header, self.schemas)
    }

    /// The schema behind a name.
    pub(super) fn format(&self, by: By) -> Option<Format<'s>> {
        let (registered, message) = match by {
            By::Look => return Some(Format::Protobuf(None)),
            By::Any(message) => (self.any?, message),
            By::Id(id, message) => match self.schemas.find(&id)? {
                Known::Schema(registered) => (&**registered, message),
                Known::Absent | Known::Refused => return None,
            },
        };
        match &registered.form {
            Form::Avro(schema) => Some(Format::Avro(schema)),
            Form::Protobuf(schema) => Some(Format::Protobuf(Some((schema, message?)))),
            Form::Json | Form::Unreadable(_) => None,
        }
    }

    /// The schema for all, for bytes that may begin with message indexes; and where they start.
    pub(super) fn any(&self, bytes: &[u8], framed: bool) -> Option<(By, usize)> {
        match &self.any?.form {
            Form::Avro(_) => Some((By::Any(None), 0)),
            Form::Protobuf(schema) => {
                let found = message_indexes(bytes).filter(|_| framed);
                let (indexes, at) = found.unwrap_or((MessageIndexes::FIRST, 0));
                let message = schema.by_indexes(indexes.as_slice())?;
                Some((By::Any(Some(message)), at))
            }
            Form::Json | Form::Unreadable(_) => None,
        }
    }
}
