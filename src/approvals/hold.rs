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
//! ```

use super::event::{Kind, Opened, Outcome, Redeemed, Reviewed, SendId, Verdict};
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
    /// this hold any more. `None` while a core is writing.
    pub fn next_due(&self) -> Option<UnixMillis> {
        let end = match self.decision {
            Decision::Pending => return Some(self.deadline),
            Decision::Approved { redeem_until, .. } => redeem_until,
            Decision::Rejected { at, .. } | Decision::Expired { at } => {
                UnixMillis(at.0 + REJECTION_REMEMBERED_MS)
            }
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
        let redeem_within = self.shortest(|p| p.redeem_within_ms);
        self.decision = Decision::Approved {
            at,
            redeem_until: UnixMillis(at.0.saturating_add(redeem_within)),
        };
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
mod tests {
    use super::super::model::fixture::{approve, hold, key, redeem, reject, send_id};
    use super::*;

    const T: UnixMillis = UnixMillis(100);

    #[test]
    fn one_commit_from_pending_to_sending_to_written() {
        let mut hold = hold(1, &[1, 2]);
        assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
        assert_eq!(
            hold.apply(T, &redeem(1, true, &[1, 2])),
            Ok(Change::Sending)
        );
        assert_eq!(hold.state(), State::Sending);
        let written = Kind::Ended {
            send: send_id(1),
            outcome: Outcome::Written { offset: 4 },
        };
        assert_eq!(hold.apply(T, &written), Ok(Change::Written));
        assert_eq!((hold.state(), hold.version), (State::Written, 4));
        assert_eq!(hold.apply(T, &written), Err(Void::NoSend));
    }

    #[test]
    fn nothing_is_redeemed_before_approval_or_after_its_time() {
        let mut hold = hold(1, &[1]);
        assert_eq!(
            hold.apply(T, &redeem(1, true, &[1])),
            Err(Void::NotAuthorised)
        );
        assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
        let Decision::Approved { redeem_until, .. } = hold.decision else {
            panic!("{hold:?}")
        };
        assert_eq!(
            hold.apply(redeem_until, &redeem(1, true, &[1])),
            Err(Void::NotAuthorised)
        );
        assert_eq!(
            hold.apply(UnixMillis(redeem_until.0 - 1), &redeem(1, true, &[1])),
            Ok(Change::Sending)
        );
    }

    #[test]
    fn the_first_decision_stands_and_later_reviews_are_kept_without_effect() {
        let mut hold = hold(1, &[1]);
        assert_eq!(hold.apply(T, &reject("ann", "no")), Ok(Change::Rejected));
        let version = hold.version;
        assert_eq!(hold.apply(T, &approve("bob")), Ok(Change::Late));
        assert_eq!(
            hold.apply(T, &approve("bob")),
            Err(Void::NoSeat),
            "kept once a person"
        );
        assert_eq!(
            (hold.state(), hold.version, hold.late.len()),
            (State::Rejected, version, 1)
        );
        assert_eq!(
            hold.apply(hold.deadline, &Kind::DeadlinePassed),
            Err(Void::Decided)
        );
    }

    #[test]
    fn the_deadline_itself_is_too_late() {
        let mut hold = hold(1, &[1]);
        let before = UnixMillis(hold.deadline.0 - 1);
        assert_eq!(
            hold.apply(before, &Kind::DeadlinePassed),
            Err(Void::OutOfTime)
        );
        assert_eq!(
            hold.apply(hold.deadline, &approve("ann")),
            Err(Void::OutOfTime)
        );
        assert_eq!(
            hold.apply(hold.deadline, &Kind::DeadlinePassed),
            Ok(Change::Expired)
        );
        assert_eq!(hold.state(), State::Expired);
    }

    #[test]
    fn an_unknown_end_asks_again_unless_the_broker_tells_a_repeat() {
        for idempotent in [true, false] {
            let mut hold = hold(1, &[1]);
            assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
            assert_eq!(
                hold.apply(T, &redeem(1, idempotent, &[1])),
                Ok(Change::Sending)
            );
            let unknown = Kind::Ended {
                send: send_id(1),
                outcome: Outcome::Unknown,
            };
            let (change, state) = if idempotent {
                (Change::Unknown, State::Unknown)
            } else {
                (Change::Reopened, State::Pending)
            };
            assert_eq!(hold.apply(UnixMillis(500), &unknown), Ok(change));
            assert_eq!((hold.state(), hold.may_have_landed), (state, !idempotent));
            if !idempotent {
                assert_eq!(
                    hold.deadline,
                    UnixMillis(1500),
                    "the whole time to decide again"
                );
                assert_eq!(
                    hold.apply(UnixMillis(501), &approve("ann")),
                    Ok(Change::Approved)
                );
            }
        }
    }

    #[test]
    fn a_doubted_repeat_goes_back_to_people() {
        let mut hold = hold(1, &[1]);
        assert_eq!(hold.apply(T, &approve("ann")), Ok(Change::Approved));
        assert_eq!(hold.apply(T, &redeem(1, true, &[1])), Ok(Change::Sending));
        assert_eq!(
            hold.apply(T, &Kind::Doubted { send: send_id(1) }),
            Err(Void::NoSend),
            "not in doubt yet"
        );
        let unknown = Kind::Ended {
            send: send_id(1),
            outcome: Outcome::Unknown,
        };
        assert_eq!(hold.apply(T, &unknown), Ok(Change::Unknown));
        assert_eq!(
            hold.apply(T, &Kind::Doubted { send: send_id(1) }),
            Ok(Change::Reopened)
        );
        assert_eq!(
            (hold.state(), hold.spending.free(&key(1))),
            (State::Pending, 1)
        );
    }

    #[test]
    fn a_hold_is_remembered_for_as_long_as_it_may_be_asked_for() {
        let mut no = hold(1, &[1]);
        assert_eq!(no.next_due(), Some(no.deadline));
        assert_eq!(no.apply(T, &reject("ann", "")), Ok(Change::Rejected));
        let end = UnixMillis(T.0 + REJECTION_REMEMBERED_MS);
        assert_eq!(no.next_due(), Some(end));
        assert!(no.refuses(UnixMillis(end.0 - 1)) && !no.refuses(end));

        let mut yes = hold(1, &[1]);
        assert_eq!(yes.apply(T, &approve("ann")), Ok(Change::Approved));
        assert_eq!(yes.apply(T, &redeem(1, true, &[1])), Ok(Change::Sending));
        assert_eq!(yes.next_due(), None, "never while a core is writing");
        let written = Kind::Ended {
            send: send_id(1),
            outcome: Outcome::Written { offset: 0 },
        };
        assert_eq!(yes.apply(UnixMillis(200), &written), Ok(Change::Written));
        assert_eq!(
            yes.next_due(),
            Some(UnixMillis(200 + WRITTEN_REMEMBERED_MS))
        );
    }
}
