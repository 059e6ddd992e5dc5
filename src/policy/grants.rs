//! The grants that are in force, as cores see them.
//!
//! Owns: the look-up by key. Refuses: to know who granted what (`approvals`); a clock. Stays true: a snapshot
//! never changes; a grant that has ended admits nothing, even in an old snapshot.

use crate::chunk::{GrantKey, UnixMillis};

/// Every grant in force at one moment, for cores to keep until the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// By key, each once; with its end, if it has one.
    them: Vec<(GrantKey, Option<UnixMillis>)>,
}

impl Grants {
    /// No grant at all, for as long as anyone wants.
    pub const fn none() -> &'static Grants {
        const NONE: &Grants = &Grants { them: Vec::new() };
        NONE
    }

    /// Of these keys and ends, in any order. Of one key twice, the longer end counts.
    pub fn new(mut them: Vec<(GrantKey, Option<UnixMillis>)>) -> Grants {
        // The longest first within a key: no end is longer than any.
        them.sort_unstable_by_key(|(key, end)| {
            (*key, std::cmp::Reverse(end.map_or(i64::MAX, |at| at.0)))
        });
        them.dedup_by_key(|(key, _)| *key);
        Grants { them }
    }

    /// Whether what this key names is granted at `now`.
    pub fn admits(&self, key: &GrantKey, now: UnixMillis) -> bool {
        let found = self.them.binary_search_by(|(at, _)| at.cmp(key));
        let end = found.ok().and_then(|index| self.them.get(index));
        end.is_some_and(|(_, end)| end.is_none_or(|end| now < end))
    }

    /// How many there are, ended ones included.
    pub fn len(&self) -> usize {
        self.them.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.them.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(n: u8) -> GrantKey {
        GrantKey([n; 32])
    }

    proptest! {
        #[test]
        fn it_admits_what_any_of_them_does(
            them in prop::collection::vec((0u8..6, prop::option::of(0i64..10)), 0..12),
            asked in 0u8..6,
            now in 0i64..12,
        ) {
            let all = them.iter().map(|(n, end)| (key(*n), end.map(UnixMillis))).collect();
            let naive = them.iter().any(|(n, end)| *n == asked && end.is_none_or(|end| now < end));
            prop_assert_eq!(Grants::new(all).admits(&key(asked), UnixMillis(now)), naive);
        }
    }
}
