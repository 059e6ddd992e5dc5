//! What a request makes of a topic: how many partitions and copies, and which settings.
//!
//! Owns: the words that rules about topics look at. Refuses: numbers on the wire; the fronts fill this in.
//! Stays true: what the request leaves to the broker is the least a cluster gives, one partition and
//! one copy, so that no rule is passed by saying nothing.

/// One topic of a request that makes topics, or changes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicShape {
    /// What the request does.
    pub change: TopicChange,
    /// How many partitions there are to be; none where the request does not change that.
    pub partitions: Option<u64>,
    /// Fewest and most copies of a partition; none where the request does not change that.
    pub copies: Option<(u64, u64)>,
    /// The settings that it names.
    pub settings: Vec<TopicSetting>,
}

/// What a request does with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicChange {
    /// It makes it.
    Made,
    /// It changes one that is there.
    Changed,
}

/// A setting that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSetting {
    /// Its name, such as `retention.ms`.
    pub name: String,
    /// Its new value; none where the request takes from it or adds to it, so that only the broker knows.
    pub value: Option<String>,
}

impl TopicShape {
    /// One that a broker makes by itself, because somebody asked for it.
    pub fn by_itself() -> TopicShape {
        TopicShape {
            change: TopicChange::Made,
            partitions: Some(1),
            copies: Some((1, 1)),
            settings: Vec::new(),
        }
    }
}
