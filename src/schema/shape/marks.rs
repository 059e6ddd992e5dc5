//! What detectors found in one record, so that a shape can say it.
//!
//! Owns: the lookup of what overlaps a span. Refuses: to look for anything itself. Stays true: a
//! lookup costs a binary search and what it finds, or a bounded number of looks.

use std::ops::Range;

/// Findings of one record that are looked at for one span: several detectors may fire at one place.
const LOOKED_AT_MAX: usize = 64;

/// Spans of a record and the name of what was found there.
#[derive(Clone, Debug, Default)]
pub struct Marks<'a> {
    /// By start.
    all: Vec<Mark<'a>>,
}

#[derive(Clone, Debug)]
struct Mark<'a> {
    span: Range<usize>,
    detector: &'a str,
    /// The largest end up to here.
    reach: usize,
}

impl<'a> Marks<'a> {
    /// In any order; spans count from the first byte of what the shape is taken of.
    pub fn new(found: impl IntoIterator<Item = (Range<usize>, &'a str)>) -> Marks<'a> {
        let mark = |(span, detector)| Mark {
            span,
            detector,
            reach: 0,
        };
        let mut all: Vec<Mark<'a>> = found.into_iter().map(mark).collect();
        all.sort_by_key(|mark| (mark.span.start, mark.span.end));
        let mut reach = 0;
        for mark in &mut all {
            reach = reach.max(mark.span.end);
            mark.reach = reach;
        }
        Marks { all }
    }

    /// What overlaps the span, last first, with where it was found.
    pub(super) fn overlapping(
        &self,
        span: Range<usize>,
    ) -> impl Iterator<Item = (&Range<usize>, &'a str)> {
        let before = self.all.partition_point(|mark| mark.span.start < span.end);
        let candidates = self.all.get(..before).unwrap_or_default().iter().rev();
        candidates
            .take_while(move |mark| mark.reach > span.start)
            .take(LOOKED_AT_MAX)
            .filter(move |mark| mark.span.end > span.start)
            .map(|mark| (&mark.span, mark.detector))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_lookup_finds_what_overlaps(
            spans in proptest::collection::vec((0..60usize, 1..9usize), 0..20),
            start in 0..60usize, len in 1..9usize,
        ) {
            let found = spans.iter().map(|(at, len)| (*at..at + len, "x"));
            let wanted = found.clone().filter(|(s, _)| s.start < start + len && s.end > start);
            let marks = Marks::new(found.clone());
            prop_assert_eq!(marks.overlapping(start..start + len).count(), wanted.count());
        }
    }
}
