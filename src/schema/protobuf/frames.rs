//! What of a message is open while it is walked, and the path that it spells.
//!
//! Owns: one frame a level. Refuses: to read on. Stays true: frames nest as their bytes do.

use super::table::{MessageId, Scalar, Schema};
use crate::schema::path::{Element, Name, elements_of};

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Fields of a message of the schema.
    Message(MessageId),
    /// Key and value of a map of the schema.
    Entry(MessageId),
    /// Fields of a message that no schema tells of.
    Guessed,
    /// Scalars one after the other; none: varints that no schema tells of.
    Packed(Option<Scalar>),
}

/// The key of a map's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Its bytes.
    Text(usize, usize),
    /// Its number.
    Number(u32),
}

/// A message, group, or row of packed scalars that is open.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub holds: Holds,
    /// One past its last byte; of a group, that of what it is in.
    pub end: usize,
    /// The length in front of it; empty when it has none.
    pub prefix: (usize, usize),
    /// A group ends with the number it began with.
    pub group: Option<u32>,
    /// Messages around it that no schema tells of, itself counted.
    pub guessed: usize,
    /// The field at hand: its number, and its index in the message's table.
    pub number: u32,
    pub field: Option<u32>,
    /// The element at hand, of a repeated field.
    pub index: Option<u32>,
    /// The key, when it is an entry.
    pub key: Key,
    /// Where the counts of its repeated fields start.
    pub counts: usize,
    /// By how many bytes it grows.
    pub grows: i64,
}

impl Frame {
    pub fn new(holds: Holds, end: usize) -> Frame {
        Frame {
            holds,
            end,
            prefix: (0, 0),
            group: None,
            guessed: usize::from(holds == Holds::Guessed),
            number: 0,
            field: None,
            index: None,
            key: Key::Text(0, 0),
            counts: 0,
            grows: 0,
        }
    }

    /// The name or number it adds to a path.
    fn name<'w>(&self, schema: &'w Schema, bytes: &'w [u8]) -> Option<Element<'w>> {
        match self.holds {
            Holds::Packed(_) => None,
            Holds::Entry(_) => Some(match self.key {
                Key::Number(number) => Element::Number(number),
                Key::Text(start, end) => {
                    let raw = bytes.get(start..end).unwrap_or_default();
                    Element::Name(Name::key(raw, start))
                }
            }),
            Holds::Message(id) => {
                let message = schema.message(id);
                let field = self.field.and_then(|at| message?.fields.get(at as usize));
                let name = field.map(|field| Element::Name(Name::plain(field.name.as_bytes())));
                name.or_else(|| self.by_number())
            }
            Holds::Guessed => self.by_number(),
        }
    }

    fn by_number(&self) -> Option<Element<'static>> {
        (self.number > 0).then_some(Element::Number(self.number))
    }
}

/// Names and indexes of the frames, from the outside in.
pub(super) fn elements<'w>(
    schema: &'w Schema,
    bytes: &'w [u8],
    frames: &'w [Frame],
) -> impl Iterator<Item = Element<'w>> + use<'w> {
    elements_of(frames, move |frame: &'w Frame| {
        let name = frame.name(schema, bytes);
        name.into_iter().chain(frame.index.map(Element::Index))
    })
}
