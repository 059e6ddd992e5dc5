//! How a topic is named on the wire: by its name, or by its id (KIP-516).
//!
//! Owns: the id. Refuses: to say which name an id stands for; brokers know that. Stays true: an
//! id belongs to one topic for ever: a topic deleted and made again has another.

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
