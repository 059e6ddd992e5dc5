//! `if: creates`: a topic that is made, or changed, as a rule will not have it.
//!
//! ```yaml
//! if: {creates: {partitions: {above: 48}, replication: {below: 3}, config: {retention.ms: {above: 604800000}}}}
//! ```
//!
//! Owns: the comparison of a request with such terms. Refuses: to know an API (the fronts tell a
//! [`TopicShape`]). Stays true: one term that is met is enough, so that one rule holds a cluster's limits; what a
//! request changes in a way that only the broker can work out counts as met.

use super::pattern::Pattern;
use crate::chunk::{Operation, TopicChange, TopicSetting, TopicShape};
use std::sync::Arc;

/// The terms of one rule; each met by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creates {
    /// For the number of partitions.
    pub partitions: Bounds,
    /// For the copies of each partition.
    pub replication: Bounds,
    /// For settings, by name.
    pub config: Vec<(Arc<str>, Setting)>,
    /// Names that a new topic is to have; any other is met. None: any name will do.
    pub names_outside: Option<Vec<Pattern>>,
}

/// What a number is not to be. Without either, nothing is met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Met by what is more.
    pub above: Option<u64>,
    /// Met by what is less.
    pub below: Option<u64>,
}

/// What a setting is not to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A number. A negative one means without a limit, as it does to Kafka, and is above every other.
    Number(Bounds),
    /// One of these, or a list with one of these in it.
    Among(Vec<Pattern>),
    /// Anything but these, or a list with anything else in it.
    Outside(Vec<Pattern>),
}

impl Creates {
    /// What makes topics, or changes what rules look at. A broker that makes one by itself counts as `create_topics`.
    pub const OPERATIONS: [Operation; 3] = [
        Operation::CreateTopics,
        Operation::CreatePartitions,
        Operation::AlterConfigs,
    ];

    /// Whether a term is met.
    pub fn matches(&self, name: &str, topic: &TopicShape) -> bool {
        let made = topic.change == TopicChange::Made;
        let outside = self.names_outside.as_ref();
        topic.partitions.is_some_and(|n| self.partitions.met_by(n))
            || topic.copies.is_some_and(|(fewest, most)| {
                self.replication.met_by(fewest) || self.replication.met_by(most)
            })
            || topic.settings.iter().any(|it| self.forbids(it))
            || made && outside.is_some_and(|them| !them.iter().any(|it| it.matches(name)))
    }

    fn forbids(&self, given: &TopicSetting) -> bool {
        let mut named = self.config.iter().filter(|(name, _)| **name == *given.name);
        named.any(|(_, setting)| match &given.value {
            Some(value) => setting.met_by(value.trim()),
            None => true,
        })
    }
}

impl Bounds {
    fn met_by(&self, number: u64) -> bool {
        self.above.is_some_and(|most| number > most)
            || self.below.is_some_and(|least| number < least)
    }

    /// Whether there is something to meet.
    pub fn is_empty(&self) -> bool {
        self.above.is_none() && self.below.is_none()
    }
}

impl Setting {
    fn met_by(&self, value: &str) -> bool {
        let mut items = value.split(',').map(str::trim);
        let one_of = |them: &[Pattern], text: &str| them.iter().any(|it| it.matches(text));
        match self {
            Setting::Among(them) => one_of(them, value) || items.any(|item| one_of(them, item)),
            Setting::Outside(them) => !one_of(them, value) && items.any(|item| !one_of(them, item)),
            Setting::Number(bounds) => match value.strip_prefix('-') {
                Some(_) => bounds.above.is_some(),
                // What is no whole number is for the broker to refuse, and not to be guessed at here.
                None => value.parse().map_or(true, |number| bounds.met_by(number)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bounds(above: Option<u64>, below: Option<u64>) -> Bounds {
        Bounds { above, below }
    }

    fn made(partitions: u64, copies: (u64, u64), settings: &[(&str, Option<&str>)]) -> TopicShape {
        let setting = |(name, value): &(&str, Option<&str>)| TopicSetting {
            name: (*name).to_owned(),
            value: value.map(str::to_owned),
        };
        TopicShape {
            change: TopicChange::Made,
            partitions: Some(partitions),
            copies: Some(copies),
            settings: settings.iter().map(setting).collect(),
        }
    }

    fn limits() -> Creates {
        let patterns = |texts: &[&str]| texts.iter().map(|it| Pattern::new(it)).collect();
        Creates {
            partitions: bounds(Some(12), None),
            replication: bounds(None, Some(3)),
            config: vec![
                (
                    "retention.ms".into(),
                    Setting::Number(bounds(Some(1000), Some(10))),
                ),
                (
                    "cleanup.policy".into(),
                    Setting::Among(patterns(&["compact"])),
                ),
                (
                    "compression.type".into(),
                    Setting::Outside(patterns(&["zstd", "lz4"])),
                ),
            ],
            names_outside: Some(patterns(&["eu.*", "us.*"])),
        }
    }

    #[test]
    fn one_term_is_enough() {
        let good = made(12, (3, 3), &[]);
        assert!(!limits().matches("eu.orders", &good));
        assert!(limits().matches("orders", &good), "the name");
        assert!(limits().matches("eu.orders", &made(13, (3, 3), &[])));
        assert!(limits().matches("eu.orders", &made(12, (2, 4), &[])));
        assert!(limits().matches("eu.orders", &TopicShape::by_itself()));
        assert!(!Creates::default().matches("x", &TopicShape::by_itself()));
        let grown = TopicShape {
            change: TopicChange::Changed,
            copies: None,
            ..good
        };
        assert!(!limits().matches("orders", &grown), "its name is not new");
    }

    #[test]
    fn settings_are_numbers_or_words() {
        for (name, value, met) in [
            ("retention.ms", Some("1000"), false),
            ("retention.ms", Some(" 1001 "), true),
            ("retention.ms", Some("9"), true),
            ("retention.ms", Some("-1"), true),
            ("retention.ms", Some("1e3"), true),
            ("retention.ms", None, true),
            ("cleanup.policy", Some("delete"), false),
            ("cleanup.policy", Some("delete, compact"), true),
            ("cleanup.policy", None, true),
            ("compression.type", Some("zstd"), false),
            ("compression.type", Some("gzip"), true),
            ("segment.ms", Some("1"), false),
            ("segment.ms", None, false),
        ] {
            let topic = made(1, (3, 3), &[(name, value)]);
            assert_eq!(limits().matches("eu.a", &topic), met, "{name}={value:?}");
        }
    }

    proptest! {
        #[test]
        fn a_term_more_never_lets_more_pass(
            partitions in 0u64..6, copies in (0u64..6, 0u64..6), above in prop::option::of(0u64..6),
            below in prop::option::of(0u64..6),
        ) {
            let topic = made(partitions, copies, &[]);
            let one = Creates { partitions: bounds(above, None), ..Creates::default() };
            let two = Creates { replication: bounds(None, below), ..one.clone() };
            prop_assert!(two.matches("a", &topic) >= one.matches("a", &topic));
            let naive = above.is_some_and(|most| partitions > most)
                || below.is_some_and(|least| copies.0 < least || copies.1 < least);
            prop_assert_eq!(two.matches("a", &topic), naive);
        }
    }
}
