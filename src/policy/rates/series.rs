//! The name of a stream that is counted: a digest of rule, direction, principal and topic.
//!
//! Owns: the digest. Refuses: to keep the names, which may be long and are nobody's business in a file.
//! Stays true: every stream of one rule has its own, and one more stands for all that have no room.

use super::terms::{Terms, Way, first_u64};
use aws_lc_rs::digest;

/// A stream: the first 16 bytes of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(pub u64, pub u64);

impl SeriesId {
    /// The stream that a principal's traffic on a topic belongs to. Make it once a scope: it costs
    /// a digest.
    pub fn of(terms: &Terms, way: Way, principal: &str, topic: &str) -> SeriesId {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&terms.group().to_le_bytes());
        hash.update(&[1 + way as u8]);
        for (counts, name) in [(terms.per.principal, principal), (terms.per.topic, topic)] {
            let name = if counts { name } else { "" };
            hash.update(&(name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
        }
        named(hash)
    }

    /// What stands for all streams of a rule that have no room of their own.
    pub fn shared(terms: &Terms) -> SeriesId {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&terms.group().to_le_bytes());
        hash.update(&[0]);
        named(hash)
    }
}

fn named(hash: digest::Context) -> SeriesId {
    let digest = hash.finish();
    let (first, rest) = digest.as_ref().split_at(8);
    SeriesId(first_u64(first), first_u64(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::rates::laws::learned;
    use crate::policy::rates::terms::Per;
    use std::collections::BTreeSet;

    #[test]
    fn each_stream_has_its_own() {
        let terms = learned("spikes", 50, 1);
        let of = |way, principal, topic| SeriesId::of(&terms, way, principal, topic);
        let all = [
            of(Way::Written, "a", "bc"),
            of(Way::Read, "a", "bc"),
            of(Way::Read, "ab", "c"),
            of(Way::Read, "abc", ""),
            SeriesId::shared(&terms),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn what_does_not_count_changes_nothing() {
        let per = Per {
            principal: true,
            topic: false,
        };
        let terms = Terms {
            per,
            ..learned("spikes", 50, 1)
        };
        let of = |principal, topic| SeriesId::of(&terms, Way::Read, principal, topic);
        assert_eq!(of("ann", "x"), of("ann", "y"));
        assert_ne!(of("ann", "x"), of("bob", "x"));
    }
}
