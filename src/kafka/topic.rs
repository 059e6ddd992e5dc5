//! How a topic is named on the wire: by its name, or by its id (KIP-516).
//!
//! Owns: the id, the two ways to name, and how a broker is asked for the name of an id. Refuses: to
//! say which name an id stands for; brokers know that. Stays true: an id belongs to one topic for
//! ever: a topic deleted and made again has another.

use super::api::METADATA;
use super::frame::request_begin;
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

/// The version in which names are asked for by id: the first that answers for an id alone, as
/// KIP-516 has it (12; 10 and 11 have the field and refuse it).
pub const NAMES_ASKED_IN: i16 = 12;

/// A Metadata request of the gateway's own for the names of these ids. It creates nothing.
pub fn ask_names(correlation_id: i32, client_id: &str, ids: &[TopicId]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + 18 * ids.len());
    let mut writer = Writer::new(&mut out);
    let start = request_begin(
        &mut writer,
        (METADATA, NAMES_ASKED_IN),
        correlation_id,
        client_id,
    );
    writer.array_len(true, Some(ids.len()));
    for id in ids {
        writer.raw(&id.0);
        writer.string(true, None);
        writer.empty_tags();
    }
    writer.bool(false); // no topic is created
    writer.bool(false); // no operations listed
    writer.empty_tags();
    writer.frame_end(start);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::frame::request_header;
    use kafka_protocol::messages::MetadataRequest;
    use kafka_protocol::protocol::Decodable;

    #[test]
    fn names_are_asked_for_by_id() {
        let ids = [TopicId([7; 16]), TopicId([9; 16])];
        let frame = ask_names(42, "lockgate", &ids);
        let header = request_header(&frame).unwrap();
        assert_eq!((header.api_version, header.correlation_id), (12, 42));
        let mut body = &frame[header.body..];
        let seen = MetadataRequest::decode(&mut body, NAMES_ASKED_IN).unwrap();
        assert!(body.is_empty() && !seen.allow_auto_topic_creation);
        let asked = seen.topics.unwrap();
        assert!(asked.iter().all(|topic| topic.name.is_none()));
        let asked: Vec<_> = asked
            .iter()
            .map(|topic| topic.topic_id.into_bytes())
            .collect();
        assert_eq!(asked, ids.map(|id| id.0));
    }
}
