//! Which of several findings of one field count.
//!
//! Owns: the order of findings, and what happens where they overlap. Refuses: to look at text or
//! words again. Stays true: a byte that lay in some finding
//! lies in one afterwards, unless only a less likely reading of the same bytes went; time is
//! n log n in the findings of a field.
//!
//! - Within one detector the outer finding stays, unless the inner is likelier.
//! - A finding that lies within a longer one of another detector that is at least as likely goes: the
//!   digits of an IBAN are no card.
//! - The same span read in two ways: the likelier stays; of equals, the one whose keyword is nearer.

use crate::chunk::Finding;
use std::cmp::{Ordering, Reverse};

/// A finding, and how near the nearest word stands that speaks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// What was found.
    pub(super) finding: Finding,
    /// As `context::Context::distance`; `u16::MAX` where there is none.
    pub(super) distance: u16,
}

/// Puts the findings of one field in order, and drops those that do not count.
pub(super) fn settle(all: &mut Vec<Found>) {
    if all.len() < 2 {
        return;
    }
    all.sort_unstable_by_key(|found| {
        let f = &found.finding;
        (f.start, Reverse(f.end), Reverse(f.likelihood), f.detector)
    });
    // Everything before `kept` counts. A finding is held against those kept that still reach it; only
    // the last few can.
    let mut kept = 0;
    for at in 0..all.len() {
        let new = all[at];
        let (mut goes, mut back) = (false, kept);
        while back > 0 && kept - back < REACH && !goes {
            back -= 1;
            let old = all[back];
            if old.finding.end <= new.finding.start {
                continue;
            }
            match against(&old, &new) {
                Stay::Both => {}
                Stay::Old => goes = true,
                Stay::New => {
                    all.copy_within(back + 1..kept, back);
                    kept -= 1;
                }
            }
        }
        if !goes {
            all[kept] = new;
            kept += 1;
        }
    }
    all.truncate(kept);
    all.sort_unstable_by_key(|found| {
        (
            found.finding.start,
            found.finding.end,
            found.finding.detector,
        )
    });
}

/// Kept findings that a new one is held against.
const REACH: usize = 8;

enum Stay {
    Both,
    Old,
    New,
}

/// `old` begins no later than `new`, and reaches into it.
fn against(old: &Found, new: &Found) -> Stay {
    let (o, n) = (&old.finding, &new.finding);
    let same_detector = o.detector == n.detector;
    if (o.start, o.end) == (n.start, n.end) {
        return same_bytes(old, new, same_detector);
    }
    if n.end <= o.end {
        return match (o.likelihood >= n.likelihood, same_detector) {
            (true, _) => Stay::Old,
            (false, true) => Stay::New,
            (false, false) => Stay::Both,
        };
    }
    Stay::Both
}

fn same_bytes(old: &Found, new: &Found, same_detector: bool) -> Stay {
    let rank = |found: &Found| (found.finding.likelihood, Reverse(found.distance));
    match rank(old).cmp(&rank(new)) {
        Ordering::Greater => Stay::Old,
        Ordering::Less => Stay::New,
        Ordering::Equal if same_detector => Stay::Old,
        Ordering::Equal => Stay::Both,
    }
}
