//! Refused logins, so many that nobody reads them one by one.
//!
//! Owns: which refusals get an audit entry of their own, the count of the others, and how long an
//! answer to a source that is refused again and again is held back. Refuses: to forget any: what
//! has no entry of its own is counted by its cause in the entry of that second. Stays true: a
//! second of a core costs the audit a bounded number of entries, and memory is fixed.

use super::strangers::Source;
use crate::audit::entry::{LoginsRefused, Refusals as Counted};
use crate::chunk::UnixMillis;
use crate::limits::{
    REFUSAL_COUNTERS, REFUSAL_DELAY_MS, REFUSALS_PROMPT, REFUSALS_RECORDED_AT_ONCE,
    REFUSALS_RECORDED_PER_S,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// What one core knows of refusals of late.
pub struct Refusals {
    /// How many more may have an entry of their own now.
    alone: Cell<u32>,
    /// The others since `since`, by cause. Causes are words of the program: some thirty.
    counted: RefCell<BTreeMap<&'static str, u64>>,
    since: Cell<UnixMillis>,
    last_peer: RefCell<String>,
    /// Refusals by source, halved every second.
    recent: RefCell<Box<[u8; REFUSAL_COUNTERS]>>,
    hasher: RandomState,
}

impl Default for Refusals {
    fn default() -> Refusals {
        Refusals {
            alone: Cell::new(REFUSALS_RECORDED_AT_ONCE),
            counted: RefCell::default(),
            since: Cell::new(UnixMillis(0)),
            last_peer: RefCell::default(),
            recent: RefCell::new(Box::new([0; REFUSAL_COUNTERS])),
            hasher: RandomState::new(), // keyed: nobody can choose whose counter to share
        }
    }
}

impl Refusals {
    /// Whether this refusal has an entry of its own; else it is counted.
    pub fn alone(&self, code: &'static str, peer: &str, now: UnixMillis) -> bool {
        if let Some(left) = self.alone.get().checked_sub(1) {
            self.alone.set(left);
            return true;
        }
        let mut counted = self.counted.borrow_mut();
        if counted.is_empty() {
            self.since.set(now);
        }
        *counted.entry(code).or_default() += 1;
        self.last_peer.replace(peer.to_owned());
        false
    }

    /// Notes a refusal to this source; how many milliseconds its answer is held back.
    pub fn delay_ms(&self, source: Source) -> u64 {
        let at = self.hasher.hash_one(source) as usize % REFUSAL_COUNTERS;
        let mut recent = self.recent.borrow_mut();
        let Some(count) = recent.get_mut(at) else {
            return 0;
        };
        *count = count.saturating_add(1);
        if *count > REFUSALS_PROMPT {
            REFUSAL_DELAY_MS
        } else {
            0
        }
    }

    /// Called once a second: what was counted since the last time, for the audit.
    pub fn each_second(&self, now: UnixMillis) -> Option<LoginsRefused> {
        let more = self.alone.get() + REFUSALS_RECORDED_PER_S;
        self.alone.set(more.min(REFUSALS_RECORDED_AT_ONCE));
        self.recent.borrow_mut().iter_mut().for_each(|c| *c /= 2);
        self.take(now)
    }

    /// What was counted and has no entry yet.
    pub fn take(&self, now: UnixMillis) -> Option<LoginsRefused> {
        let counted = self.counted.take();
        if counted.is_empty() {
            return None;
        }
        let causes = counted.into_iter().map(|(code, count)| Counted {
            code: code.to_owned(),
            count,
        });
        Some(LoginsRefused {
            causes: causes.collect(),
            over_ms: u64::try_from(now.0 - self.since.get().0).unwrap_or(0),
            last_peer: self.last_peer.take(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A flood of an hour: every refusal is in the audit, in a bounded number of entries.
    #[test]
    fn none_is_forgotten_and_entries_are_bounded() {
        let refusals = Refusals::default();
        let (mut entries, mut told) = (0, 0);
        for second in 0..3600 {
            let now = UnixMillis(second * 1000);
            for n in 0..50 {
                let code = if n % 2 == 0 { "token_expired" } else { "other" };
                if refusals.alone(code, "10.0.0.1:1", now) {
                    (entries, told) = (entries + 1, told + 1);
                }
            }
            if let Some(entry) = refusals.each_second(UnixMillis(second * 1000 + 999)) {
                entries += 1;
                told += entry.causes.iter().map(|c| c.count).sum::<u64>();
                assert!(entry.over_ms < 1000 && entry.causes.len() <= 2);
                assert_eq!(entry.last_peer, "10.0.0.1:1");
            }
        }
        assert_eq!(told, 3600 * 50);
        let most = u64::from(REFUSALS_RECORDED_AT_ONCE + 3600 * REFUSALS_RECORDED_PER_S) + 3600;
        assert!(entries <= most, "{entries}");
        assert_eq!(refusals.take(UnixMillis(0)), None);
    }

    #[test]
    fn who_is_refused_again_and_again_waits_and_is_forgiven() {
        let refusals = Refusals::default();
        let source = Source::V4(7);
        let delays: Vec<_> = (0..=REFUSALS_PROMPT)
            .map(|_| refusals.delay_ms(source))
            .collect();
        assert!(delays[..delays.len() - 1].iter().all(|ms| *ms == 0));
        assert_eq!(delays.last(), Some(&REFUSAL_DELAY_MS));
        (0..1000).for_each(|_| _ = refusals.delay_ms(source));
        for _ in 0..8 {
            refusals.each_second(UnixMillis(0));
        }
        assert_eq!(refusals.delay_ms(source), 0);
    }
}
