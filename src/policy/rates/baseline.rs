//! What is usual for one stream at one hour of the week.
//!
//! ```text
//! ring      one byte an hour, for one or two weeks: the largest window that the hour saw
//! expected  of the same hour, an hour either way, on earlier days of the same kind (Monday to Friday,
//!           or the weekend): the largest but a fifth; at least what the same hour of last week saw
//! ```
//!
//! Owns: the ring and the estimate. Refuses: to decide what an hour may teach (`terms`). Stays
//! true:
//! - one day, however wild, does not move what is expected on the weekdays after it, save at the same
//!   hour a week later;
//! - an hour teaches at least half of what was usual, so that an outage is no change of habits; a silence
//!   of `RATE_OUTAGE_HOURS` teaches nothing and leaves what was learnt, at the same hours of the week;
//! - hours are those of UTC: a zone's own midnight falls inside a day, which costs some sharpness
//!   at the edges of weekends and raises no alarm, since last week's hour is looked at as well.

use super::level::Level;
use crate::limits::{
    RATE_BASELINE_HOURS_MAX, RATE_BASELINE_WEEKS_MAX, RATE_LEARNING_HOURS, RATE_OUTAGE_HOURS,
};

const DAY: u32 = 24;
const WEEK: u32 = 7 * DAY;
const DAYS_MAX: usize = 7 * RATE_BASELINE_WEEKS_MAX as usize;
/// Of five days the second largest is expected, of ten the third.
const LEFT_OUT_OF: usize = 5;

/// What one stream's hours taught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    pub(super) hours: [Level; RATE_BASELINE_HOURS_MAX],
    pub(super) weeks: u8,
    /// The hour that is not over, counted from 1970.
    pub(super) open: u32,
    /// The largest window of it.
    pub(super) peak: u64,
    /// Hours that are over, as far as they are counted.
    pub(super) closed: u16,
}

impl Baseline {
    /// A stream seen for the first time in this hour, to be learnt over so many weeks.
    pub fn new(weeks: u8, hour: u32) -> Baseline {
        Baseline {
            hours: [Level::UNKNOWN; RATE_BASELINE_HOURS_MAX],
            weeks: weeks.clamp(1, RATE_BASELINE_WEEKS_MAX),
            open: hour,
            peak: 0,
            closed: 0,
        }
    }

    /// Learns a window's total. An hour before the open one is taken for the open one.
    pub fn see(&mut self, hour: u32, total: u64) {
        if hour > self.open {
            self.close(hour);
        }
        self.peak = self.peak.max(total);
    }

    /// Whether it has seen enough to be asked.
    pub fn is_learnt(&self) -> bool {
        self.closed >= RATE_LEARNING_HOURS
    }

    /// The largest window that is usual at this hour. Until there are two days of the same kind, and where
    /// a young stream was silent, it is the largest that was seen at all.
    pub fn expected(&self, hour: u32) -> u64 {
        let usual = self.usual(hour);
        let young = u32::from(self.closed) < 2 * WEEK;
        match usual {
            None => self.largest().amount(),
            Some(Level::NONE) if young => self.largest().amount(),
            Some(usual) => usual.amount(),
        }
    }

    fn usual(&self, hour: u32) -> Option<Level> {
        let mut days = [Level::UNKNOWN; DAYS_MAX];
        let mut known = 0;
        for day in 1..=7 * u32::from(self.weeks) {
            let then = hour.saturating_sub(day * DAY);
            let level = self.around(then, hour);
            if is_weekend(then) == is_weekend(hour) && level.is_known() {
                days.get_mut(known)
                    .into_iter()
                    .for_each(|place| *place = level);
                known += 1;
            }
        }
        if known < 2 {
            return None;
        }
        days.sort_unstable_by(|a, b| b.cmp(a));
        let usual = days.get(known / LEFT_OUT_OF).copied()?;
        Some(usual.max(self.at(hour.saturating_sub(WEEK), hour)))
    }

    /// The largest hour in it.
    pub fn largest(&self) -> Level {
        let past = Level(self.hours.iter().fold(0, |most, level| most.max(level.0)));
        match self.peak {
            0 => past,
            peak => past.max(Level::of(peak)),
        }
    }

    /// The place of an hour in the ring. Both lengths are written out: a division by a constant is none.
    fn place(&self, hour: u32) -> usize {
        match self.weeks {
            1 => (hour % WEEK) as usize,
            _ => (hour % (2 * WEEK)) as usize,
        }
    }

    /// What an hour taught; its place in the ring is taken by a later one once it is older than the ring.
    fn at(&self, hour: u32, now: u32) -> Level {
        if now.saturating_sub(hour) > WEEK * u32::from(self.weeks) {
            return Level::UNKNOWN;
        }
        let level = self.hours.get(self.place(hour));
        level.copied().unwrap_or_default()
    }

    /// The largest of an hour and its neighbours: a nightly job starts a little earlier or later, and
    /// twice a year all of them do.
    fn around(&self, hour: u32, now: u32) -> Level {
        let hours = hour.saturating_sub(1)..=hour + 1;
        hours
            .map(|hour| self.at(hour, now))
            .max()
            .unwrap_or_default()
    }

    fn set(&mut self, hour: u32, level: Level) {
        let index = self.place(hour);
        self.hours
            .get_mut(index)
            .into_iter()
            .for_each(|place| *place = level);
    }

    /// Ends the open hour and opens a later one.
    fn close(&mut self, hour: u32) {
        self.teach(self.open, Level::of(self.peak));
        let silent = hour - self.open - 1;
        let counted = if silent < RATE_OUTAGE_HOURS {
            silent
        } else {
            0
        };
        for passed in self.open + 1..=self.open + counted {
            self.teach(passed, Level::NONE);
        }
        let closed = u32::from(self.closed).saturating_add(1 + counted);
        self.closed = u16::try_from(closed).unwrap_or(u16::MAX);
        (self.open, self.peak) = (hour, 0);
    }

    /// An hour teaches at least half of what is usual: an outage is no change of habits, and a stream
    /// that shrinks for good is known by it some days later.
    fn teach(&mut self, hour: u32, level: Level) {
        let usual = self.usual(hour).unwrap_or_default();
        let half = Level(usual.0.saturating_sub(Level::HALF));
        let taught = level.max(half);
        self.set(hour, taught);
    }
}

/// Saturday or Sunday, in UTC. 1970 began on a Thursday.
fn is_weekend(hour: u32) -> bool {
    matches!((hour / DAY) % 7, 2 | 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A Monday.
    const MONDAY: u32 = 4 * DAY + 100 * WEEK;

    /// Weekdays of 1,000 in the hours of work and 100 at night; weekends of a tenth of it.
    fn usual(hour: u32) -> u64 {
        let day = if (8..18).contains(&(hour % DAY)) {
            1_000
        } else {
            100
        };
        day / if is_weekend(hour) { 10 } else { 1 }
    }

    fn learnt(hours: u32) -> Baseline {
        let mut baseline = Baseline::new(1, MONDAY);
        (MONDAY..MONDAY + hours).for_each(|hour| baseline.see(hour, usual(hour)));
        baseline
    }

    fn near(got: u64, wanted: u64) -> bool {
        (wanted..=wanted + wanted / 8 + 1).contains(&got)
    }

    #[test]
    fn hours_and_weekends_are_told_apart() {
        let baseline = learnt(2 * WEEK);
        let at = |day: u32, hour: u32| baseline.expected(MONDAY + 2 * WEEK + day * DAY + hour);
        assert!(near(at(0, 12), 1_000) && near(at(0, 3), 100));
        let weekend = learnt(2 * WEEK + 5 * DAY);
        let saturday = MONDAY + 2 * WEEK + 5 * DAY;
        assert!(near(weekend.expected(saturday + 12), 100));
        assert!(near(weekend.expected(saturday + 3), 10));
    }

    #[test]
    fn a_first_weekend_expects_the_largest_hour() {
        let baseline = learnt(5 * DAY);
        assert!(near(baseline.expected(MONDAY + 5 * DAY + 3), 1_000));
        assert!(!learnt(RATE_LEARNING_HOURS.into()).is_learnt());
        assert!(learnt(u32::from(RATE_LEARNING_HOURS) + 1).is_learnt());
    }

    #[test]
    fn silence_of_days_and_weeks_is_not_learnt() {
        for silent in [DAY, 71, WEEK, 3 * WEEK] {
            let mut baseline = learnt(WEEK + DAY + 10);
            let back = MONDAY + WEEK + DAY + 10 + silent;
            baseline.see(back, 1);
            assert!(
                baseline.expected(back) >= usual(back),
                "after {silent} hours: {} < {}",
                baseline.expected(back),
                usual(back)
            );
        }
    }

    #[test]
    fn growth_is_followed_within_two_days() {
        let mut baseline = learnt(WEEK);
        let next = MONDAY + WEEK;
        (next..next + 2 * DAY).for_each(|hour| baseline.see(hour, 2 * usual(hour)));
        assert!(near(baseline.expected(next + 2 * DAY + 12), 2_000));
    }

    proptest! {
        #[test]
        fn one_wild_weekday_changes_nothing_on_the_next(day in 0u32..4, wild in 1_000u64..1 << 40) {
            let mut baseline = learnt(WEEK);
            let monday = MONDAY + WEEK;
            for hour in monday..=monday + 4 * DAY {
                let spiked = (hour - monday) / DAY == day;
                baseline.see(hour, if spiked { wild } else { usual(hour) });
            }
            let friday = monday + 4 * DAY;
            prop_assert!(near(baseline.expected(friday + 12), 1_000));
        }

        #[test]
        fn more_traffic_never_lowers_what_is_expected(
            amounts in proptest::collection::vec(0u64..1 << 30, 60..400), at in 0usize..400,
            more in 0u64..1 << 30,
        ) {
            let (mut one, mut other) = (Baseline::new(1, MONDAY), Baseline::new(1, MONDAY));
            for (i, amount) in amounts.iter().enumerate() {
                one.see(MONDAY + i as u32, *amount);
                other.see(MONDAY + i as u32, amount + if i == at { more } else { 0 });
            }
            let next = MONDAY + amounts.len() as u32;
            prop_assert!(other.expected(next) >= one.expected(next));
        }
    }
}
