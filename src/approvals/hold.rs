//! One hold: its events → its state.
//!
//! Owns: what each event does where it stands. Refuses: an event that is not valid there: it
//! changes nothing and says why. Stays true: applying the same events in the same order gives the
//! same hold, and a decision is taken once for each time the question is put.
//!
//! ```text
//! pending ─► approved ─► sending ─► written
//!    │           ▲          ├─► returned: approved again
//!    ├─► rejected│          └─► unknown: the same idempotent send may repeat;
//!    └─► expired └──────────            else pending again: "may have landed"
//!
//! of a grant: pending ─► granted ─► revoked, or ended and forgotten
//! ```

use super::event::{Kind, Opened, Outcome, Redeemed, Reviewed, SendId, Verdict};
use super::grant::NEVER;
use super::policy::Policy;
use super::seats;
use super::spending::{Progress, Spending};
use super::state::{Change, Decision, State, Void};
use crate::chunk::{HoldId, UnixMillis};
use crate::limits::{REJECTION_REMEMBERED_MS, WRITTEN_REMEMBERED_MS};

/// A hold, with everything that follows from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Its name.
    pub id: HoldId,
    /// The question; its `content` is moved into `spending`.
    pub opened: Opened,
    /// When it was first put.
    pub opened_at: UnixMillis,
    /// The end of the time to decide, for the present asking.
    pub deadline: UnixMillis,
    /// One more with each event that has effect; what a reviewer saw.
    pub version: u64,
    /// What the reviews amount to.
    pub decision: Decision,
    /// The reviews that count, in the present asking.
    pub reviews: Vec<Reviewed>,
    /// Reviews after the end, one a person: kept, without effect.
    pub late: Vec<Reviewed>,
    /// Some records may have landed without anyone knowing: the reviewer is told.
    pub may_have_landed: bool,
    /// The account of its records.
    pub spending: Spending,
}

impl Hold {
    /// The hold that an `Opened` event makes.
    pub fn open(id: HoldId, at: UnixMillis, mut opened: Opened) -> Hold {
        let spending = Spending::new(&std::mem::take(&mut opened.content));
        let deadline = opened.deadline;
        Hold {
            id,
            opened,
            opened_at: at,
            deadline,
            version: 1,
            decision: Decision::Pending,
            reviews: Vec::new(),
            late: Vec::new(),
            may_have_landed: false,
            spending,
        }
    }

    /// Applies one event, or says why it has no effect here.
    pub fn apply(&mut self, at: UnixMillis, kind: &Kind) -> Result<Change, Void> {
        let change = match kind {
            Kind::Opened(_) => Err(Void::AlreadyOpen),
            Kind::Reviewed(review) => self.review(at, review),
            Kind::DeadlinePassed => self.expire(at),
            Kind::Redeemed(redeemed) => self.redeem(at, redeemed),
            Kind::Ended { send, outcome } => self.end(at, send, *outcome),
            Kind::Doubted { send } => self.doubt(at, send),
            Kind::Revoked { by, .. } => self.revoke(at, by),
        }?;
        if change != Change::Late {
            self.version += 1;
        }
        Ok(change)
    }

    /// The state to show.
    pub fn state(&self) -> State {
        match self.decision {
            Decision::Pending => State::Pending,
            Decision::Rejected { .. } => State::Rejected,
            Decision::Expired { .. } => State::Expired,
            Decision::Revoked { .. } => State::Revoked,
            Decision::Approved { .. } if self.opened.grant.is_some() => State::Granted,
            Decision::Approved { .. } if self.spending.any(Progress::Sending) => State::Sending,
            Decision::Approved { .. } if self.spending.any(Progress::Unknown) => State::Unknown,
            Decision::Approved { .. } if self.spending.free_total() == 0 => State::Written,
            Decision::Approved { .. } => State::Approved,
        }
    }

    /// Whether people are being asked.
    pub fn is_pending(&self) -> bool {
        self.decision == Decision::Pending
    }

    /// Whether its unspent records may be redeemed at `now`.
    pub fn is_redeemable(&self, now: UnixMillis) -> bool {
        matches!(self.decision, Decision::Approved { redeem_until, .. } if now < redeem_until)
    }

    /// Whether its no, spoken or by silence, still answers for its records at `now`.
    pub fn refuses(&self, now: UnixMillis) -> bool {
        match self.decision {
            Decision::Rejected { at, .. } | Decision::Expired { at } => {
                now.0 < at.0 + REJECTION_REMEMBERED_MS
            }
            _ => false,
        }
    }

    /// Whether an approval of this hold lifts every one of these rules.
    pub fn answers<'a>(&self, mut rules: impl Iterator<Item = &'a str>) -> bool {
        rules.all(|rule| self.opened.rules.iter().any(|r| r.rule == rule))
    }

    /// When time next changes something: the deadline, or the moment from which nothing asks for
    /// this hold any more. `None` while a core is writing, and for a grant without end.
    pub fn next_due(&self) -> Option<UnixMillis> {
        let end = match self.decision {
            Decision::Pending => return Some(self.deadline),
            Decision::Approved {
                redeem_until: NEVER,
                ..
            } => return None,
            Decision::Approved { redeem_until, .. } => redeem_until,
            Decision::Rejected { at, .. }
            | Decision::Expired { at }
            | Decision::Revoked { at, .. } => UnixMillis(at.0 + REJECTION_REMEMBERED_MS),
        };
        let mut due = end;
        for (_, send) in self.spending.sends() {
            match send.progress {
                Progress::Sending => return None,
                Progress::Written { .. } => {
                    due = due.max(UnixMillis(send.at.0 + WRITTEN_REMEMBERED_MS))
                }
                Progress::Unknown => {}
            }
        }
        Some(due)
    }

    fn review(&mut self, at: UnixMillis, review: &Reviewed) -> Result<Change, Void> {
        let who = &review.reviewer;
        if !self.admits(&who.groups) || self.is_own(&who.name, &who.issuer) {
            return Err(Void::NoSeat);
        }
        if self.reviewed_by(&who.name, &who.issuer).is_some() {
            return Err(Void::NoSeat);
        }
        if !self.is_pending() {
            self.late.push(review.clone());
            return Ok(Change::Late);
        }
        if at >= self.deadline {
            return Err(Void::OutOfTime);
        }
        self.reviews.push(review.clone());
        if review.verdict == Verdict::Reject {
            self.decision = Decision::Rejected {
                at,
                reason: review.reason.clone(),
            };
            return Ok(Change::Rejected);
        }
        if !seats::all_filled(&self.opened.policies, &self.approvers()) {
            return Ok(Change::Counted);
        }
        let redeem_until = match &self.opened.grant {
            Some(granting) => granting.end(at),
            None => UnixMillis(at.0.saturating_add(self.shortest(|p| p.redeem_within_ms))),
        };
        self.decision = Decision::Approved { at, redeem_until };
        Ok(Change::Approved)
    }

    fn expire(&mut self, at: UnixMillis) -> Result<Change, Void> {
        if !self.is_pending() {
            return Err(Void::Decided);
        }
        if at < self.deadline {
            return Err(Void::OutOfTime);
        }
        self.decision = Decision::Expired { at };
        Ok(Change::Expired)
    }

    fn redeem(&mut self, at: UnixMillis, redeemed: &Redeemed) -> Result<Change, Void> {
        if !self.is_redeemable(at) {
            return Err(Void::NotAuthorised);
        }
        if !self.spending.take(at, redeemed) {
            return Err(Void::Spent);
        }
        Ok(Change::Sending)
    }

    fn end(&mut self, at: UnixMillis, id: &SendId, outcome: Outcome) -> Result<Change, Void> {
        if !self.spending.end(at, id, outcome) {
            return Err(Void::NoSend);
        }
        match outcome {
            Outcome::Written { .. } => Ok(Change::Written),
            Outcome::Returned { .. } => Ok(Change::Returned),
            Outcome::Unknown if self.spending.send(id).is_some_and(|s| s.idempotent) => {
                Ok(Change::Unknown)
            }
            Outcome::Unknown => self.doubt(at, id),
        }
    }

    /// The records of a send in doubt are unspent again; unless people have said no meanwhile,
    /// they are asked anew, with the whole time to decide.
    fn doubt(&mut self, at: UnixMillis, id: &SendId) -> Result<Change, Void> {
        if !self.spending.forget_doubt(id) {
            return Err(Void::NoSend);
        }
        self.may_have_landed = true;
        if matches!(self.decision, Decision::Approved { .. } | Decision::Pending) {
            self.decision = Decision::Pending;
            self.reviews.clear();
            self.late.clear();
            self.deadline = UnixMillis(at.0.saturating_add(self.shortest(|p| p.within_ms)));
        }
        Ok(Change::Reopened)
    }

    /// Whether someone in these groups may decide here.
    pub fn admits(&self, groups: &[String]) -> bool {
        self.opened.policies.iter().any(|p| p.admits(groups))
    }

    /// Whether this is the principal whose data it is.
    pub fn is_own(&self, name: &str, issuer: &str) -> bool {
        self.opened.subject.principal == name && self.opened.subject.issuer == issuer
    }

    /// This person's review, counted or late.
    pub fn reviewed_by(&self, name: &str, issuer: &str) -> Option<&Reviewed> {
        self.reviews
            .iter()
            .chain(&self.late)
            .find(|r| r.reviewer.is(name, issuer))
    }

    /// The groups of each person who approved, in the present asking.
    pub fn approvers(&self) -> Vec<&[String]> {
        let yes = self
            .reviews
            .iter()
            .filter(|r| r.verdict == Verdict::Approve);
        yes.map(|r| r.reviewer.groups.as_slice()).collect()
    }

    /// With several policies the shortest time holds.
    fn shortest(&self, time: impl Fn(&Policy) -> i64) -> i64 {
        self.opened.policies.iter().map(time).min().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
