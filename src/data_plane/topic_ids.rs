//! Which name a topic id stands for, known to all cores of the gateway.
//!
//! Owns: one map for each cluster. Refuses: to believe anybody but a broker's own Metadata; to grow
//! without a bound: a map that is full is emptied, and what is needed is learnt again. Stays true:
//! looking up takes no lock; an id never changes its name, so what is known is never wrong.

use crate::kafka::topic::{Topic, TopicId};
use crate::limits::TOPIC_IDS_KEPT_MAX;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

/// The ids of one cluster's topics.
#[derive(Debug, Default)]
pub struct TopicIds {
    names: ArcSwap<HashMap<TopicId, Arc<str>>>,
}

impl TopicIds {
    /// The topic's name; `None` when no Metadata has named it yet.
    pub fn name(&self, id: TopicId) -> Option<Arc<str>> {
        self.names.load().get(&id).cloned()
    }

    /// The name of a topic that a message names either way; `None` for an id that nobody has named.
    pub fn resolve<'a>(&self, topic: Topic<&'a str>) -> Option<TopicName<'a>> {
        match topic {
            Topic::Name(name) => Some(TopicName::Sent(name)),
            Topic::Id(id) => self.name(id).map(TopicName::Learnt),
        }
    }

    /// Whether it can be named.
    pub fn knows(&self, id: TopicId) -> bool {
        self.names.load().contains_key(&id)
    }

    /// Takes what a broker's Metadata said. Copies the map when something is new, which is rare; a
    /// race of two cores costs a repeat.
    pub fn learn<'a>(&self, named: impl Iterator<Item = (TopicId, &'a str)>) {
        let known = self.names.load();
        let new: Vec<(TopicId, Arc<str>)> = named
            .filter(|(id, _)| id.is_some() && !known.contains_key(id))
            .map(|(id, name)| (id, name.into()))
            .take(TOPIC_IDS_KEPT_MAX)
            .collect();
        if new.is_empty() {
            return;
        }
        self.names.rcu(|names| {
            let full = names.len() + new.len() > TOPIC_IDS_KEPT_MAX;
            let mut names = if full {
                HashMap::new()
            } else {
                HashMap::clone(names)
            };
            names.extend(new.iter().cloned());
            names
        });
    }
}

/// A topic's name, in the message itself or learnt for its id.
pub enum TopicName<'a> {
    /// It stands in the message.
    Sent(&'a str),
    /// The message named its id.
    Learnt(Arc<str>),
}

impl Deref for TopicName<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            TopicName::Sent(name) => name,
            TopicName::Learnt(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> TopicId {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        TopicId(bytes)
    }

    #[test]
    fn what_one_core_learns_all_know_and_the_first_name_stands() {
        let ids = TopicIds::default();
        assert_eq!(ids.name(id(1)), None);
        ids.learn([(id(1), "a"), (id(2), "b"), (TopicId::NONE, "nobody")].into_iter());
        ids.learn([(id(1), "other")].into_iter());
        assert_eq!(ids.name(id(1)).as_deref(), Some("a"));
        assert_eq!(ids.name(id(2)).as_deref(), Some("b"));
        assert!(!ids.knows(TopicId::NONE));
    }

    #[test]
    fn a_full_map_starts_again() {
        let ids = TopicIds::default();
        for start in [1, 2 + TOPIC_IDS_KEPT_MAX / 2] {
            let some = start..start + TOPIC_IDS_KEPT_MAX / 2 + 1;
            ids.learn(some.map(|n| (id(n), "t")));
        }
        assert!(!ids.knows(id(1)));
        assert!(ids.knows(id(2 + TOPIC_IDS_KEPT_MAX / 2)));
        assert!(ids.names.load().len() <= TOPIC_IDS_KEPT_MAX);
    }
}
