//! What a reviewer asks for: to see holds, and to decide one.
//!
//! Owns: who sees which hold. Refuses: to show a hold to anyone but its reviewers and the
//! principal whose data it is. Stays true: looking changes nothing.

use super::{Desk, View};
use crate::approvals::{Hold, Judgement, Refusal, ReviewRequest, State};
use crate::chunk::{HoldId, Principal, UnixMillis};
use crate::limits::HTTP_HOLDS_LISTED_MAX;
use serde::Serialize;

/// Who looks.
pub type Viewer = Principal;

/// Which holds are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// In this state only.
    pub state: Option<State>,
    /// At most so many; never more than `limits::HTTP_HOLDS_LISTED_MAX`.
    pub limit: Option<usize>,
}

/// The holds that somebody may see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing {
    /// Pending: the first to close first. Otherwise: the newest first.
    pub holds: Vec<View>,
    /// How many there are, listed or not.
    pub total: usize,
    /// The gateway's clock, to count down by.
    pub now: UnixMillis,
}

impl Desk {
    /// Lists holds.
    pub fn list(&self, viewer: &Viewer, wanted: Wanted, now: UnixMillis) -> Listing {
        let all = self.holds.values().map(|kept| &kept.hold);
        let fits = |h: &&Hold| wanted.state.is_none_or(|s| h.state() == s) && may_see(h, viewer);
        let mut holds: Vec<&Hold> = all.filter(fits).collect();
        if wanted.state == Some(State::Pending) {
            holds.sort_unstable_by_key(|h| (h.deadline, h.id));
        } else {
            holds.sort_unstable_by_key(|h| (std::cmp::Reverse(h.opened_at), h.id));
        }
        let total = holds.len();
        holds.truncate(
            wanted
                .limit
                .unwrap_or(HTTP_HOLDS_LISTED_MAX)
                .min(HTTP_HOLDS_LISTED_MAX),
        );
        Listing {
            holds: holds.into_iter().map(|h| self.view(h, viewer)).collect(),
            total,
            now,
        }
    }

    /// Shows one hold.
    pub fn show(&self, id: HoldId, viewer: &Viewer) -> Result<View, Refusal> {
        let hold = self.hold(&id).ok_or(Refusal::NoSuchHold)?;
        if !may_see(hold, viewer) {
            return Err(Refusal::NotAReviewer);
        }
        Ok(self.view(hold, viewer))
    }

    /// Takes a review. The answer holds once the step is durable, and not before.
    pub fn review(
        &mut self,
        id: HoldId,
        request: &ReviewRequest,
        now: UnixMillis,
    ) -> Result<View, Refusal> {
        self.judged(id, request, now, Hold::judge)
    }

    /// Logs what a hold makes of a request, and shows the hold afterwards.
    pub(super) fn judged(
        &mut self,
        id: HoldId,
        request: &ReviewRequest,
        now: UnixMillis,
        judge: fn(&Hold, &ReviewRequest, UnixMillis) -> Result<Judgement, Refusal>,
    ) -> Result<View, Refusal> {
        if self.failed {
            return Err(Refusal::Unavailable);
        }
        self.pass_time(now);
        let judged = self
            .hold(&id)
            .ok_or(Refusal::NoSuchHold)
            .and_then(|hold| judge(hold, request, now));
        let result = match judged {
            Ok(Judgement::Repeat) => Ok(()),
            Ok(Judgement::Record(kind)) => self
                .record(id, now, kind)
                .map(|_| ())
                .ok_or(Refusal::Unavailable),
            Err(Refusal::Over { state, record }) => {
                if let Some(kind) = record {
                    self.record(id, now, *kind);
                }
                Err(Refusal::Over {
                    state,
                    record: None,
                })
            }
            Err(refusal) => Err(refusal),
        };
        self.settle(now);
        result?;
        self.show(id, &viewer_of(request))
    }

    pub(super) fn view(&self, hold: &Hold, viewer: &Viewer) -> View {
        let writing = self
            .writing
            .values()
            .filter(|w| w.holds.contains(&hold.id))
            .count();
        let undecided =
            hold.is_pending() && hold.reviewed_by(&viewer.name, &viewer.issuer).is_none();
        let seat = hold.admits(&viewer.groups) && !hold.is_own(&viewer.name, &viewer.issuer);
        View::of(
            hold,
            self.waiting.count(&hold.id) + writing,
            undecided && seat,
        )
    }
}

/// Whoever reviews may look.
fn viewer_of(request: &ReviewRequest) -> Viewer {
    Viewer {
        name: request.name.as_str().into(),
        issuer: request.issuer.as_str().into(),
        claims: Default::default(),
        groups: request.groups.clone().into(),
    }
}

pub(super) fn may_see(hold: &Hold, viewer: &Viewer) -> bool {
    hold.admits(&viewer.groups) || hold.is_own(&viewer.name, &viewer.issuer)
}
