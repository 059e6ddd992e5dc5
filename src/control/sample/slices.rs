//! Which offsets of a partition a sample takes.
//!
//! Owns: the choice. Refuses: to know records: offsets that compaction left empty count. Stays true: slices
//! ascend, do not overlap, lie within the partition, and have at most as many offsets as were asked for.

use crate::limits::SAMPLE_SLICES;
use std::collections::VecDeque;
use std::ops::Range;

/// Where in a partition the records of a sample are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// At its end: what producers write today.
    #[default]
    Latest,
    /// At its beginning.
    Earliest,
    /// In [`SAMPLE_SLICES`] places, the first at its beginning and the last at its end.
    Spread,
}

/// At most `records` offsets of those from `first` up to `end`.
pub fn slices(first: i64, end: i64, records: u32, from: From) -> VecDeque<Range<i64>> {
    let records = i64::from(records);
    let len = end.saturating_sub(first).max(0);
    let one = |slice: Range<i64>| VecDeque::from_iter(Some(slice));
    let mut all = match from {
        _ if len <= records => one(first..end),
        From::Latest => one(end - records..end),
        From::Earliest => one(first..first + records),
        From::Spread => {
            let each = (records / SAMPLE_SLICES).max(1);
            let many = SAMPLE_SLICES.min(records);
            let gap = (len - many * each) / (many - 1).max(1);
            let start = |n: i64| match n + 1 == many && many > 1 {
                true => end - each,
                false => first + n * (each + gap),
            };
            (0..many).map(|n| start(n)..start(n) + each).collect()
        }
    };
    all.retain(|slice| !slice.is_empty());
    all
}

/// Goes on behind what was read, up to offset `reached`.
pub fn advance(left: &mut VecDeque<Range<i64>>, reached: i64) {
    while left.front().is_some_and(|slice| slice.end <= reached) {
        left.pop_front();
    }
    if let Some(slice) = left.front_mut() {
        slice.start = slice.start.max(reached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_from() -> impl Strategy<Value = From> {
        prop_oneof![Just(From::Latest), Just(From::Earliest), Just(From::Spread)]
    }

    proptest! {
        #[test]
        fn slices_are_in_order_within_and_no_more_than_asked_for(
            first in 0i64..1000, len in 0i64..5000, records in 0u32..2000, from in any_from(),
        ) {
            let end = first + len;
            let slices = slices(first, end, records, from);
            let total: i64 = slices.iter().map(|s| s.end - s.start).sum();
            prop_assert!(total <= i64::from(records));
            prop_assert!(len > i64::from(records) || total == len);
            let mut at = first;
            for slice in &slices {
                prop_assert!(slice.start >= at && slice.start < slice.end && slice.end <= end);
                at = slice.end;
            }
            if let (From::Spread, true) = (from, records >= 8 && len > i64::from(records)) {
                prop_assert_eq!(slices.front().map(|s| s.start), Some(first));
                prop_assert_eq!(slices.back().map(|s| s.end), Some(end));
            }
        }

        #[test]
        fn what_was_read_is_not_read_again(records in 1u32..200, steps in prop::collection::vec(1i64..300, 1..40)) {
            let mut left = slices(0, 5000, records, From::Spread);
            let mut reached = 0;
            for step in steps {
                reached += step;
                advance(&mut left, reached);
                prop_assert!(left.iter().all(|s| s.start >= reached && !s.is_empty()));
            }
        }
    }
}
