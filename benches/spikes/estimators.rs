//! The estimator that is built in, and those that it was chosen from.
//!
//! All learn the largest minute of each hour, all learn at most twice what they expected, all have the same
//! factor and the same floor: what differs is what they expect.

use lockgate::policy::rates::{Baseline, Terms};

/// What a stream may move in a minute of this hour.
pub trait Estimator {
    /// Learns a minute.
    fn see(&mut self, hour: u32, total: u64);
    /// What is expected now; `None` while it is learnt.
    fn expected(&self) -> Option<u64>;
}

/// What the gateway does: a week of hours; of the same hour on days of the same kind the largest but a
/// fifth.
pub struct Hours {
    baseline: Baseline,
    hour: u32,
    expected: Option<u64>,
}

impl Hours {
    pub fn new(hour: u32) -> Hours {
        let baseline = Baseline::new(1, hour);
        Hours {
            baseline,
            hour,
            expected: None,
        }
    }
}

impl Estimator for Hours {
    fn see(&mut self, hour: u32, total: u64) {
        self.baseline.see(hour, total);
        if hour != self.hour {
            self.hour = hour;
            let learnt = self.baseline.is_learnt();
            self.expected = learnt.then(|| self.baseline.expected(hour));
        }
    }

    fn expected(&self) -> Option<u64> {
        self.expected
    }
}

/// An hour's largest minute, closed when the next hour begins.
struct Peak {
    hour: u32,
    peak: u64,
}

impl Peak {
    fn see(&mut self, hour: u32, total: u64) -> Option<(u32, u64)> {
        let closed = (hour != self.hour).then_some((self.hour, self.peak));
        if closed.is_some() {
            (self.hour, self.peak) = (hour, 0);
        }
        self.peak = self.peak.max(total);
        closed
    }
}

/// A moving average of the logarithm, for each hour of a day, of the week or of the weekend. With one
/// bucket only it knows no time of day.
pub struct Average {
    buckets: Vec<Option<f64>>,
    weight: f64,
    open: Peak,
    seen: u32,
}

impl Average {
    /// Half of what it knows is of the last few days.
    pub fn by_hour(hour: u32) -> Average {
        Average::new(48, 0.3, hour)
    }

    pub fn flat(hour: u32) -> Average {
        Average::new(1, 0.3 / 24.0, hour)
    }

    fn new(buckets: usize, weight: f64, hour: u32) -> Average {
        let open = Peak { hour, peak: 0 };
        Average {
            buckets: vec![None; buckets],
            weight,
            open,
            seen: 0,
        }
    }

    fn bucket(&self, hour: u32) -> usize {
        let weekend = matches!(hour / 24 % 7, 2 | 3);
        (hour % 24 + if weekend { 24 } else { 0 }) as usize % self.buckets.len()
    }
}

impl Estimator for Average {
    fn see(&mut self, hour: u32, total: u64) {
        let Some((closed, peak)) = self.open.see(hour, total) else {
            return;
        };
        self.seen += 1;
        if peak == 0 {
            return;
        }
        let (bucket, weight) = (self.bucket(closed), self.weight);
        let known = &mut self.buckets[bucket];
        let new = (peak as f64).ln();
        *known = Some(known.map_or(new, |old| old + weight * (new - old)));
    }

    fn expected(&self) -> Option<u64> {
        let known = self.buckets[self.bucket(self.open.hour)];
        known
            .filter(|_| self.seen >= 24)
            .map(|log| log.exp() as u64)
    }
}

/// The median of the same hour of the last seven days, whatever days they are; silence is left out, as in the averages.
pub struct Median {
    hours: [u64; 168],
    open: Peak,
    seen: usize,
}

impl Median {
    pub fn new(hour: u32) -> Median {
        let open = Peak { hour, peak: 0 };
        Median {
            hours: [0; 168],
            open,
            seen: 0,
        }
    }
}

impl Estimator for Median {
    fn see(&mut self, hour: u32, total: u64) {
        if let Some((closed, peak)) = self.open.see(hour, total) {
            self.seen += 1;
            if peak > 0 {
                self.hours[closed as usize % 168] = peak;
            }
        }
    }

    fn expected(&self) -> Option<u64> {
        let days = (self.seen / 24).min(7);
        let hour = self.open.hour as usize;
        let mut same: Vec<u64> = (1..=days)
            .map(|day| self.hours[(hour - 24 * day) % 168])
            .collect();
        same.sort_unstable();
        same.get(days / 2).copied()
    }
}

/// One stream under one estimator: what it would have said.
pub struct Watch {
    pub estimator: Box<dyn Estimator>,
    hour: u32,
    expected: Option<u64>,
    since: Option<u32>,
}

impl Watch {
    pub fn new(estimator: Box<dyn Estimator>) -> Watch {
        Watch {
            estimator,
            hour: 0,
            expected: None,
            since: None,
        }
    }

    /// Looks at a minute. `Some(true)` when a spike begins, `Some(false)` while one lasts.
    pub fn minute(
        &mut self,
        terms: &Terms,
        minute: u32,
        first_hour: u32,
        total: u64,
    ) -> Option<bool> {
        let hour = first_hour + minute / 60;
        self.estimator
            .see(hour, terms.teaches(total, self.expected));
        if hour != self.hour {
            self.hour = hour;
            self.expected = self.estimator.expected();
        }
        let limit = terms.allows(self.expected)?;
        let bar = if self.since.is_some() {
            limit / 2
        } else {
            limit
        };
        let began = self.since.is_none();
        self.since = (total > bar).then_some(self.since.unwrap_or(minute));
        self.since.map(|_| began)
    }
}
