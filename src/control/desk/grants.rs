//! What is granted: the index of grants, their list, and revoking one.
//!
//! Owns: which holds' grants are in force. Refuses: to keep more than `limits::GRANTS_MAX`. Stays true: the snapshot
//! for the cores is exactly what the holds say; a grant leaves it when it is revoked or forgotten.

use super::review::{Viewer, may_see};
use super::{Desk, View};
use crate::approvals::{Hold, Refusal, ReviewRequest, State};
use crate::chunk::{GrantKey, HoldId, UnixMillis};
use crate::limits::HTTP_HOLDS_LISTED_MAX;
use crate::policy::Grants;
use serde::Serialize;
use std::sync::Arc;

/// The grants that somebody may see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GrantListing {
    /// Each as the hold that granted it, the newest first; at most `limits::HTTP_HOLDS_LISTED_MAX`.
    pub grants: Vec<View>,
    /// How many there are, listed or not.
    pub total: usize,
    /// The gateway's clock.
    pub now: UnixMillis,
}

impl Desk {
    /// What is in force, for cores that start now.
    pub fn granted(&self) -> Arc<Grants> {
        let them = self.in_force.values().map(|grant| (grant.key, grant.until));
        Arc::new(Grants::new(them.collect()))
    }

    /// Lists the grants in force.
    pub fn list_grants(&self, viewer: &Viewer, now: UnixMillis) -> GrantListing {
        let holds = self.in_force.keys().filter_map(|id| self.hold(id));
        let mut holds: Vec<_> = holds
            .filter(|hold| hold.in_force(now).is_some() && may_see(hold, viewer))
            .collect();
        holds.sort_unstable_by_key(|h| (std::cmp::Reverse(h.opened_at), h.id));
        let total = holds.len();
        holds.truncate(HTTP_HOLDS_LISTED_MAX);
        let grants = holds.into_iter().map(|h| self.view(h, viewer)).collect();
        GrantListing { grants, total, now }
    }

    /// Shows one grant, in force or revoked.
    pub fn show_grant(&self, id: HoldId, viewer: &Viewer) -> Result<View, Refusal> {
        let view = self.show(id, viewer)?;
        match view.state {
            State::Granted | State::Revoked => Ok(view),
            _ => Err(Refusal::NoSuchHold),
        }
    }

    /// Takes a grant back. The answer holds once the step is durable, and not before.
    pub fn revoke(
        &mut self,
        id: HoldId,
        request: &ReviewRequest,
        now: UnixMillis,
    ) -> Result<View, Refusal> {
        self.judged(id, request, now, Hold::judge_revocation)
    }

    /// Keeps what is in force equal to what a hold says.
    pub(super) fn note_grant(&mut self, id: HoldId, at: UnixMillis) {
        let in_force = self.hold(&id).and_then(|hold| hold.in_force(at));
        let before = match in_force {
            Some(grant) => self.in_force.insert(id, grant),
            None => self.in_force.remove(&id),
        };
        self.regrant |= before != in_force;
    }

    /// A hold is forgotten, and its grant with it; another hold may have asked for the same since.
    pub(super) fn forget_grant(&mut self, id: HoldId, key: &GrantKey) {
        if self.grants.get(key) == Some(&id) {
            self.grants.remove(key);
        }
        self.regrant |= self.in_force.remove(&id).is_some();
    }
}
