//! Who may decide about a hold, as it stood when the hold was made.
//!
//! Owns: the snapshot. Refuses: the configuration's text (the config room reads that). Stays
//! true: a hold is judged by its own copy to its end, whatever is reloaded meanwhile.

use serde::{Deserialize, Serialize};

/// One approval policy: a single stage of reviewers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name under `approvals:`.
    pub name: String,
    /// A reviewer is in at least one of these groups.
    pub any_of: Vec<String>,
    /// Distinct people who must approve; 0 is read as 1, so that no hold approves itself.
    pub people: u32,
    /// Time to decide, in milliseconds from the hold's opening.
    pub within_ms: i64,
    /// Whether an approval must say why.
    pub reason_on_approve: bool,
    /// Whether a rejection must say why.
    pub reason_on_reject: bool,
    /// How long approved records stay redeemable, in milliseconds from the approval.
    pub redeem_within_ms: i64,
}

impl Policy {
    /// Seats to fill.
    pub fn seats(&self) -> u32 {
        self.people.max(1)
    }

    /// Whether one of these groups may take a seat.
    pub fn admits(&self, groups: &[String]) -> bool {
        groups.iter().any(|g| self.any_of.contains(g))
    }
}
