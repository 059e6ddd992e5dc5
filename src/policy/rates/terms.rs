//! What a `spike` or a quota counts, over how long, and how much it allows.
//!
//! Owns: the terms of one rule. Refuses: names (`series`), amounts (`window`). Stays true: a learnt limit
//! is never under its floor; terms that count the same things under the same rule have one group, so
//! that changing `above` or `floor` forgets nothing.

use crate::chunk::UnixMillis;
use crate::limits::{RATE_SLOTS, RATE_TEACH_FACTOR};
use aws_lc_rs::digest;
use std::sync::Arc;

/// The unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// Bytes of records, as they are on the wire.
    Bytes,
    /// Records.
    Records,
}

/// Which way the records go. The two are never added: a service that writes much and reads little would
/// hide what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Produce.
    Written,
    /// Fetch, of any kind.
    Read,
}

/// What has a count of its own. Neither means that the whole rule has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Per {
    /// Each principal.
    pub principal: bool,
    /// Each topic.
    pub topic: bool,
}

/// A limit that follows what is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// How many times the usual amount is too much, in tenths: 50 is `above: 5x`. More than 10.
    pub tenths: u32,
    /// Weeks that are learnt from: 1 or 2.
    pub weeks: u8,
    /// What is never too much, however small the usual amount.
    pub floor: u64,
}

/// How much may move in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many bytes or records.
    Fixed(u64),
    /// So many times what is usual.
    Learned(Learned),
}

/// What one rule counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The unit.
    pub of: Of,
    /// What has a count of its own.
    pub per: Per,
    /// The window, within `limits::RATE_WINDOW_MS`.
    pub over_ms: i64,
    /// What is too much.
    pub limit: Limit,
}

impl Terms {
    /// The slot that a moment falls into; moments before 1970 fall into the first.
    pub fn slot(&self, now: UnixMillis) -> u64 {
        let slot_ms = (self.over_ms.unsigned_abs() / RATE_SLOTS as u64).max(1);
        now.0.max(0).unsigned_abs() / slot_ms
    }

    /// The amount that counts, of a chunk with so many bytes and records.
    pub fn amount(&self, bytes: u64, records: u64) -> u64 {
        match self.of {
            Of::Bytes => bytes,
            Of::Records => records,
        }
    }

    /// How much may move where so much is expected; `None` while a learnt limit knows nothing.
    pub fn allows(&self, expected: Option<u64>) -> Option<u64> {
        match self.limit {
            Limit::Fixed(limit) => Some(limit),
            Limit::Learned(learned) => {
                let times = u128::from(expected?) * u128::from(learned.tenths) / 10;
                Some(u64::try_from(times).unwrap_or(u64::MAX).max(learned.floor))
            }
        }
    }

    /// What a total teaches where so much is expected: itself, up to a bound that a spike does not
    /// move. Below the floor everything teaches.
    pub fn teaches(&self, total: u64, expected: Option<u64>) -> u64 {
        match (self.limit, expected) {
            (Limit::Learned(learned), Some(expected)) => total.min(
                expected
                    .saturating_mul(RATE_TEACH_FACTOR)
                    .max(learned.floor),
            ),
            _ => total,
        }
    }

    /// Weeks to learn from; `None` for a fixed limit.
    pub fn weeks(&self) -> Option<u8> {
        match self.limit {
            Limit::Fixed(_) => None,
            Limit::Learned(learned) => Some(learned.weeks),
        }
    }

    /// Names what is counted: rule, unit, key, window and baseline.
    pub fn group(&self) -> u64 {
        let mut hash = digest::Context::new(&digest::SHA256);
        let flags = [
            (self.of == Of::Records) as u8,
            self.per.principal as u8,
            self.per.topic as u8,
            self.weeks().unwrap_or(0),
        ];
        hash.update(&flags);
        hash.update(&self.over_ms.to_le_bytes());
        hash.update(self.rule.as_bytes());
        first_u64(hash.finish().as_ref())
    }
}

pub(super) fn first_u64(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk()
        .map_or(0, |first| u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::rates::laws::learned;

    #[test]
    fn a_learnt_limit_has_a_floor_and_an_unknown_one_none() {
        let terms = learned("spikes", 50, 1_000);
        assert_eq!(terms.allows(None), None);
        assert_eq!(terms.allows(Some(100)), Some(1_000));
        assert_eq!(terms.allows(Some(1_000)), Some(5_000));
        assert_eq!(terms.allows(Some(u64::MAX)), Some(u64::MAX));
        assert_eq!(terms.teaches(9_000, Some(1_000)), 2_000);
        assert_eq!(terms.teaches(900, Some(1)), 900);
        assert_eq!(terms.teaches(9_000, None), 9_000);
    }

    #[test]
    fn what_is_counted_names_the_group_and_what_is_allowed_does_not() {
        let terms = learned("spikes", 50, 1_000);
        assert_eq!(terms.group(), learned("spikes", 20, 7).group());
        assert_ne!(terms.group(), learned("other", 50, 1_000).group());
        let longer = Terms {
            over_ms: 3_600_000,
            ..terms.clone()
        };
        assert_ne!(terms.group(), longer.group());
    }
}
