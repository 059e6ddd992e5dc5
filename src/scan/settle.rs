//! Which of several findings of one field count.
//!
//! Owns: the order of findings, and what happens where they overlap. Refuses: to look at text or
//! words again, save through the distance it is given. Stays true: a byte that lay in some finding
//! lies in one afterwards, unless only a less likely reading of the same bytes went; time is
//! n log n in the findings of a field.
//!
//! - Within one detector the outer finding stays, unless the inner is likelier.
//! - A finding that lies within a longer one of another detector that is at least as likely goes: the
//!   digits of an IBAN are no card.
//! - The same span read in two ways: the likelier stays; of equals, the one whose keyword is nearer.

use crate::chunk::{DetectorId, Finding};

/// Orders findings from `first` on, and drops those that do not count. `distance` tells how near the
/// nearest keyword of a detector stands to a span of the body.
pub(super) fn settle(
    out: &mut Vec<Finding>,
    first: usize,
    mut distance: impl FnMut(DetectorId, &Finding) -> Option<usize>,
) {
    if out.len() < first + 2 {
        return;
    }
    out[first..].sort_unstable_by_key(|f| {
        (
            f.start,
            std::cmp::Reverse(f.end),
            std::cmp::Reverse(f.likelihood),
            f.detector,
        )
    });
    // Everything before `kept` counts. A finding is held against those kept that still reach it;
    // only the last few can, for kept findings nest at most as deep as there are likelihoods.
    let mut kept = first;
    for at in first..out.len() {
        let new = out[at];
        let mut goes = false;
        let mut back = kept;
        while back > first && kept - back < REACH {
            back -= 1;
            let old = out[back];
            if old.end <= new.start {
                continue;
            }
            match against(&old, &new, &mut distance) {
                Stay::Both => {}
                Stay::Old => {
                    goes = true;
                    break;
                }
                Stay::New => {
                    out.copy_within(back + 1..kept, back);
                    kept -= 1;
                }
            }
        }
        if !goes {
            out[kept] = new;
            kept += 1;
        }
    }
    out.truncate(kept);
    out[first..].sort_unstable_by_key(|f| (f.start, f.end, f.detector));
}

/// Kept findings that a new one is held against.
const REACH: usize = 8;

enum Stay {
    Both,
    Old,
    New,
}

/// `old` begins no later than `new`, and reaches into it.
fn against(
    old: &Finding,
    new: &Finding,
    distance: &mut impl FnMut(DetectorId, &Finding) -> Option<usize>,
) -> Stay {
    let same_span = (old.start, old.end) == (new.start, new.end);
    if same_span && old.detector == new.detector {
        return if new.likelihood > old.likelihood {
            Stay::New
        } else {
            Stay::Old
        };
    }
    if same_span {
        return same_bytes(old, new, distance);
    }
    if new.end <= old.end {
        return if old.likelihood >= new.likelihood {
            Stay::Old
        } else if old.detector == new.detector {
            Stay::New
        } else {
            Stay::Both
        };
    }
    if new.start == old.start && new.likelihood >= old.likelihood {
        return Stay::New;
    }
    Stay::Both
}

fn same_bytes(
    old: &Finding,
    new: &Finding,
    distance: &mut impl FnMut(DetectorId, &Finding) -> Option<usize>,
) -> Stay {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match old.likelihood.cmp(&new.likelihood) {
        Greater => return Stay::Old,
        Less => return Stay::New,
        Equal => {}
    }
    match (distance(old.detector, old), distance(new.detector, new)) {
        (Some(o), Some(n)) => match o.cmp(&n) {
            Less => Stay::Old,
            Greater => Stay::New,
            Equal => Stay::Both,
        },
        (Some(_), None) => Stay::Old,
        (None, Some(_)) => Stay::New,
        (None, None) => Stay::Both,
    }
}
