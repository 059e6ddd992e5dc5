//! How often a registry is asked.
//!
//! Owns: one token bucket. Refuses: to save more than a burst up. Stays true: no clock of its own.

use crate::limits::{REGISTRY_ASK_BURST, REGISTRY_ASK_EVERY_MS};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(REGISTRY_ASK_EVERY_MS);

/// Tokens, and up to when they were added.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: u32,
    filled: Instant,
}

impl Bucket {
    pub fn full(now: Instant) -> Bucket {
        Bucket {
            tokens: REGISTRY_ASK_BURST,
            filled: now,
        }
    }

    /// Spends a token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_millis() / EVERY.as_millis();
        let missing = REGISTRY_ASK_BURST - self.tokens;
        match u32::try_from(passed).ok().filter(|more| *more < missing) {
            Some(more) => {
                self.tokens += more;
                self.filled += EVERY * more;
            }
            None => *self = Bucket::full(now),
        }
        let some = self.tokens > 0;
        self.tokens -= u32::from(some);
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_burst_and_then_a_trickle() {
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        let asked = (0..60_000u32).map(|ms| start + Duration::from_millis(1) * ms);
        let granted = asked.filter(|now| bucket.take(*now)).count() as u64;
        let trickle = 60_000 / REGISTRY_ASK_EVERY_MS;
        let burst = u64::from(REGISTRY_ASK_BURST);
        assert!(
            (burst + trickle - 1..=burst + trickle).contains(&granted),
            "{granted}"
        );
    }

    #[test]
    fn a_pause_saves_no_more_than_a_burst_up() {
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        let later = start + Duration::from_secs(100_000);
        let granted = (0..10_000).filter(|_| bucket.take(later)).count();
        assert_eq!(granted, REGISTRY_ASK_BURST as usize);
    }
}
