//! What is spoken: the broker's offer, clamped to the gateway's table, as the client hears it.
//!
//! Owns: ApiVersions in versions 0 to 5, from both sides. Refuses: every API key, version and
//! feature that the table and the list below do not name. Stays true: what a client is offered,
//! the gateway understands and the broker speaks; features agree with versions, because clients
//! choose their transaction protocol by a feature (KIP-890).
//!
//! ```text
//! response  error i16 | [key i16, min i16, max i16, tags] | throttle ms i32 (v1) | tags (v3):
//!             0  supported features   [name, min i16, max i16, tags]
//!             1  finalized epoch      i64
//!             2  finalized features   [name, max i16, min i16, tags]
//! ```

mod answer;
mod offer;

pub use answer::{Dialled, answer, answer_misrouted, answer_newer, client_software, is_misrouted};
pub use offer::{ASKED_FIRST, parse_response, request};

use super::api::{
    self, Allowed, CONSUMER_GROUP_HEARTBEAT, END_TXN, PRODUCE, SHARE_ACKNOWLEDGE, SHARE_FETCH,
    STREAMS_GROUP_HEARTBEAT, TXN_OFFSET_COMMIT, Treatment,
};

/// A feature that clients may know of, at one level, and what must be offered for it: (name, level,
/// [(key, at least this version)]).
type Level = (&'static str, i16, &'static [(i16, i16)]);

/// The levels, newest first for each feature. What is not here is not offered.
const FEATURES: &[Level] = &[
    ("eligible.leader.replicas.version", i16::MAX, &[]), // matters to brokers alone (KIP-966)
    ("group.version", i16::MAX, &[(CONSUMER_GROUP_HEARTBEAT, 0)]),
    ("kraft.version", i16::MAX, &[]),
    ("metadata.version", i16::MAX, &[]),
    (
        "share.version",
        i16::MAX,
        &[(SHARE_FETCH, 1), (SHARE_ACKNOWLEDGE, 1)],
    ),
    ("streams.version", i16::MAX, &[(STREAMS_GROUP_HEARTBEAT, 0)]),
    // Transactions v2: partitions enter a transaction by producing alone (KIP-890).
    (
        "transaction.version",
        2,
        &[(PRODUCE, 12), (END_TXN, 5), (TXN_OFFSET_COMMIT, 5)],
    ),
    ("transaction.version", 1, &[]),
];

/// Versions of one API, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiRange {
    /// Number on the wire.
    pub key: i16,
    /// Oldest version.
    pub min: i16,
    /// Newest version.
    pub max: i16,
}

/// Levels of one feature (KIP-584), both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// Lowest level.
    pub min: i16,
    /// Highest level.
    pub max: i16,
}

/// The features of a broker or of the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// What could be in force.
    pub supported: Vec<Feature>,
    /// Grows with each change of what is in force; -1 when unknown.
    pub epoch: i64,
    /// What is in force, cluster-wide.
    pub finalized: Vec<Feature>,
}

impl Features {
    /// Nothing said about any feature.
    fn unknown() -> Features {
        Features {
            supported: Vec::new(),
            epoch: -1,
            finalized: Vec::new(),
        }
    }
}

/// What a broker said it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// 0; or UNSUPPORTED_VERSION, and then `apis` holds the versions of ApiVersions to ask in.
    pub error: i16,
    /// Its APIs.
    pub apis: Vec<ApiRange>,
    /// Its features.
    pub features: Features,
}

/// What the gateway offers in front of that broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clamped {
    apis: Vec<ApiRange>,
    features: Features,
}

impl Clamped {
    /// The versions offered for a key; `None` when it is not offered at all.
    pub fn range(&self, key: i16) -> Option<ApiRange> {
        self.apis.iter().find(|range| range.key == key).copied()
    }

    /// Whether a request of this key and version is understood here and spoken by the broker.
    pub fn speaks(&self, key: i16, version: i16) -> bool {
        let offered = self
            .range(key)
            .is_some_and(|r| (r.min..=r.max).contains(&version));
        offered && api::treatment(key, version) != Treatment::Refuse
    }
}

/// The table ∩ the broker's offer, as far as the listener allows. What the gateway answers by itself
/// is offered whatever the broker says of it.
pub fn intersect(offered: &Offered, allowed: Allowed) -> Clamped {
    let apis = api::TABLE.iter().filter(|api| allowed.meets(api.only));
    let apis = apis.filter_map(|api| {
        if api.treatment == Treatment::Answer {
            return Some(ApiRange {
                key: api.key,
                min: api.advertised_min,
                max: api.max,
            });
        }
        let theirs = offered.apis.iter().find(|range| range.key == api.key)?;
        let min = api.advertised_min.max(theirs.min);
        let max = api.max.min(theirs.max);
        let common = api.min.max(theirs.min) <= max;
        common.then_some(ApiRange {
            key: api.key,
            min,
            max,
        })
    });
    let apis: Vec<_> = apis.collect();
    let features = Features {
        supported: clamp_features(&offered.features.supported, &apis),
        epoch: offered.features.epoch,
        finalized: clamp_features(&offered.features.finalized, &apis),
    };
    Clamped { apis, features }
}

fn clamp_features(theirs: &[Feature], apis: &[ApiRange]) -> Vec<Feature> {
    let known = theirs.iter().filter_map(|feature| {
        let newest = newest_level(&feature.name, apis)?;
        let max = feature.max.min(newest);
        Some(Feature {
            name: feature.name.clone(),
            min: feature.min.min(max),
            max,
        })
    });
    known.collect()
}

/// The highest level of a feature whose APIs are all offered; `None` when there is none.
fn newest_level(name: &str, apis: &[ApiRange]) -> Option<i16> {
    let offered = |(key, version): &(i16, i16)| {
        let range = apis.iter().find(|range| range.key == *key);
        range.is_some_and(|range| range.max >= *version)
    };
    let mut levels = FEATURES.iter().filter(|(known, _, _)| *known == name);
    let level = levels.find(|(_, _, needed)| needed.iter().all(offered));
    level.map(|(_, newest, _)| *newest)
}

#[cfg(test)]
mod tests;
