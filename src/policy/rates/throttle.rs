//! How long a client is told to wait, as brokers tell it.
//!
//! Owns: two formulas. A rate over a window that is over its limit is brought down to it by the wait that
//! Kafka's own quotas ask for (KIP-124; `QuotaUtils.throttleTime`): `O * W / (W + X) = T`, so
//! `X = (O - T) / T * W`. A token bucket (KIP-599; `TokenBucket`) waits until it is out of debt:
//! `-tokens / rate`. Refuses: to hold the reply back: since KIP-219 the answer is sent at once with its
//! `throttle_time_ms` and the connection is not read for as long, so that old clients wait too. Stays
//! true: nobody waits longer than `THROTTLE_MS_MAX`.

use super::judge::Spike;
use super::terms::Terms;
use crate::chunk::UnixMillis;
use crate::limits::THROTTLE_MS_MAX;

/// What to put into `throttle_time_ms` where so much moved in a window of `over_ms` that allows `limit`.
/// Within the limit 0; a limit of 0 asks for the longest wait.
pub fn throttle_ms(observed: u64, limit: u64, over_ms: i64) -> i64 {
    let over = u128::from(observed.saturating_sub(limit));
    let wait = (over * u128::from(over_ms.unsigned_abs())).checked_div(limit.into());
    match (over, wait) {
        (0, _) => 0,
        (_, None) => THROTTLE_MS_MAX,
        (_, Some(wait)) => {
            i64::try_from(wait).map_or(THROTTLE_MS_MAX, |ms| ms.clamp(1, THROTTLE_MS_MAX))
        }
    }
}

impl Spike {
    /// The same for a spike.
    pub fn throttle_ms(&self, terms: &Terms) -> i64 {
        throttle_ms(self.observed, self.limit, terms.over_ms).max(1)
    }
}

/// A rate and what may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes or records a second, at least 1.
    pub per_s: u64,
    /// What a full bucket holds.
    pub burst: u64,
}

/// What is left of a quota; below nothing it is a debt. Thousandths, so that a slow rate does not
/// lose its fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    thousandths: i128,
    at: UnixMillis,
}

impl Bucket {
    /// A full one.
    pub fn full(quota: &Quota, now: UnixMillis) -> Bucket {
        Bucket {
            thousandths: i128::from(quota.burst) * 1000,
            at: now,
        }
    }

    /// Takes an amount, which is always given: it has moved. The wait that it costs, in
    /// milliseconds.
    pub fn take(&mut self, quota: &Quota, amount: u64, now: UnixMillis) -> i64 {
        let passed = i128::from((now.0 - self.at.0).max(0));
        let rate = i128::from(quota.per_s.max(1));
        let filled = self.thousandths + passed * rate;
        let full = i128::from(quota.burst) * 1000;
        self.thousandths = filled.min(full) - i128::from(amount) * 1000;
        self.at = now;
        let owed = (-self.thousandths).max(0);
        let wait = (owed + rate - 1) / rate;
        i64::try_from(wait).map_or(THROTTLE_MS_MAX, |ms| ms.min(THROTTLE_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wait_is_kafkas_own() {
        // 15 MiB in a minute that allows 10: 30 s bring it to 10 a minute.
        assert_eq!(throttle_ms(15 << 20, 10 << 20, 60_000), 30_000);
        assert_eq!(throttle_ms(11, 10, 10_000), 1_000);
        assert_eq!(throttle_ms(10, 10, 10_000), 0);
        assert_eq!(throttle_ms(u64::MAX, 1, 3_600_000), THROTTLE_MS_MAX);
        assert_eq!(throttle_ms(1, 0, 10_000), THROTTLE_MS_MAX);
        assert_eq!(throttle_ms(1_000_001, 1_000_000, 10_000), 1);
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_waits() {
        let quota = Quota {
            per_s: 10,
            burst: 20,
        };
        let mut bucket = Bucket::full(&quota, UnixMillis(0));
        assert_eq!(bucket.take(&quota, 20, UnixMillis(0)), 0);
        assert_eq!(bucket.take(&quota, 5, UnixMillis(0)), 500);
        assert_eq!(bucket.take(&quota, 0, UnixMillis(500)), 0);
        assert_eq!(bucket.take(&quota, 20, UnixMillis(60_000)), 0);
    }

    proptest! {
        #[test]
        fn who_waits_as_told_stays_within_rate_and_burst(
            per_s in 1u64..1_000_000, burst in 0u64..1_000_000,
            amounts in proptest::collection::vec(1u64..100_000, 1..50),
        ) {
            let quota = Quota { per_s, burst };
            let (mut now, mut moved) = (UnixMillis(0), 0u64);
            let mut bucket = Bucket::full(&quota, now);
            for amount in amounts {
                moved += amount;
                let wait = bucket.take(&quota, amount, now);
                now = UnixMillis(now.0 + wait);
                if wait < THROTTLE_MS_MAX {
                    prop_assert!(moved <= burst + per_s * (now.0 as u64 + 1) / 1000 + 1);
                } else {
                    return Ok(());
                }
            }
        }
    }
}
