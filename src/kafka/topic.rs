//! How a topic is named on the wire: by its name, or by its id (KIP-516).
//!
//! Owns: the id, and the two ways to name. Refuses: to say which name an id stands for; brokers know
//! that. Stays true: an id belongs to one topic for ever: a topic deleted and made again has
//! another.

use super::reader::{Malformed, Reader};
use super::writer::Writer;
use std::ops::Range;

/// A topic's id, sixteen bytes as brokers make them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// What stands for "no id" on the wire.
    pub const NONE: TopicId = TopicId([0; 16]);

    /// Whether it names a topic at all.
    pub fn is_some(self) -> bool {
        self != TopicId::NONE
    }
}

/// What a message names a topic by. `N` is where the name lies: a span of the frame, a borrowed or
/// an owned string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic<N> {
    /// Its name.
    Name(N),
    /// Its id: Produce and Fetch since version 13, ShareFetch always.
    Id(TopicId),
}

impl Topic<Range<usize>> {
    /// Reads an id or a name, which must be UTF-8 and may not be null.
    pub fn read(
        reader: &mut Reader<'_>,
        flexible: bool,
        by_id: bool,
    ) -> Result<Topic<Range<usize>>, Malformed> {
        let at = reader.pos();
        if by_id {
            return Ok(Topic::Id(TopicId(reader.uuid()?)));
        }
        let fault = |what| Malformed { what, at };
        let name = reader.string_span(flexible)?;
        let name = name.ok_or(fault("null topic"))?;
        match std::str::from_utf8(reader.slice(name.clone())) {
            Ok(_) => Ok(Topic::Name(name)),
            Err(_) => Err(fault("topic is not UTF-8")),
        }
    }

    /// The same with the name itself; an empty one for a span that is not of this frame.
    pub fn of<'a>(&self, frame: &'a [u8]) -> Topic<&'a str> {
        match self {
            Topic::Id(id) => Topic::Id(*id),
            Topic::Name(span) => {
                let bytes = frame.get(span.clone()).unwrap_or_default();
                Topic::Name(std::str::from_utf8(bytes).unwrap_or_default())
            }
        }
    }
}

impl<N: AsRef<str>> Topic<N> {
    /// Borrowed.
    pub fn borrowed(&self) -> Topic<&str> {
        match self {
            Topic::Name(name) => Topic::Name(name.as_ref()),
            Topic::Id(id) => Topic::Id(*id),
        }
    }

    /// Owned.
    pub fn owned(&self) -> Topic<String> {
        match self {
            Topic::Name(name) => Topic::Name(name.as_ref().to_owned()),
            Topic::Id(id) => Topic::Id(*id),
        }
    }

    /// Writes what `Topic::read` reads.
    pub fn write(&self, writer: &mut Writer<'_>, flexible: bool) {
        match self {
            Topic::Name(name) => writer.string(flexible, Some(name.as_ref())),
            Topic::Id(id) => writer.raw(&id.0),
        }
    }
}
