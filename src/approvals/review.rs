//! One person's answer: does it count, repeat, or is it refused?
//!
//! Owns: the order in which a review is judged and the words for each refusal. Refuses: to
//! change anything: it returns the event to log. Stays true: nobody decides about their own data,
//! administrators included; the same answer twice is one answer.

use super::event::{Kind, Reviewed, Reviewer, Verdict};
use super::hold::Hold;
use super::state::State;
use crate::chunk::UnixMillis;
use crate::limits::REVIEW_REASON_BYTES_MAX;

/// A review as it came in, from someone whose token was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRequest {
    /// Their name.
    pub name: String,
    /// Who vouched for it.
    pub issuer: String,
    /// All groups of their token.
    pub groups: Vec<String>,
    /// What they say.
    pub verdict: Verdict,
    /// Why; may be empty.
    pub reason: String,
    /// The version that they say they saw.
    pub if_match: Option<u64>,
}

/// A review that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Said before: nothing to log.
    Repeat,
    /// To be logged.
    Record(Kind),
}

/// A review that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such hold, or it is forgotten.
    #[error("no such hold")]
    NoSuchHold,
    /// The reviewer is the principal whose data is held.
    #[error("nobody decides about their own data")]
    OwnData,
    /// None of the reviewer's groups may decide this.
    #[error("this decision belongs to other groups")]
    NotAReviewer,
    /// The reviewer has said otherwise already.
    #[error("you have already answered `{}`", .0.name())]
    Contradiction(Verdict),
    /// Decided before this review came; `record` is logged all the same, once a person.
    #[error("too late: the hold is {state:?}")]
    Over {
        /// How it ended.
        state: State,
        /// The event to log, if this person's is not there yet.
        record: Option<Box<Kind>>,
    },
    /// The hold has changed since the reviewer looked.
    #[error("the hold has changed: its version is {0}")]
    Stale(u64),
    /// The approval policy wants a reason.
    #[error("a reason is required")]
    ReasonRequired,
    /// The reason is too long.
    #[error("a reason has at most {REVIEW_REASON_BYTES_MAX} bytes")]
    ReasonTooLong,
    /// The decision cannot be made durable.
    #[error("decisions cannot be recorded now: nothing was decided")]
    Unavailable,
}

impl Hold {
    /// Judges a review at `now`. A repeat comes before every other objection but rank: a reviewer
    /// whose first answer got lost must be able to ask again with what they had.
    pub fn judge(&self, request: &ReviewRequest, now: UnixMillis) -> Result<Judgement, Refusal> {
        self.may_speak(request)?;
        let over = !self.is_pending() || now >= self.deadline;
        match self.reviewed_by(&request.name, &request.issuer) {
            Some(late) if self.late.contains(late) => return Err(self.over(None)),
            Some(said) if said.verdict == request.verdict => return Ok(Judgement::Repeat),
            Some(said) => return Err(Refusal::Contradiction(said.verdict)),
            None if over => return Err(self.over(Some(Box::new(self.record(request))))),
            None => {}
        }
        if request.if_match.is_some_and(|seen| seen != self.version) {
            return Err(Refusal::Stale(self.version));
        }
        if request.reason.trim().is_empty() && self.wants_reason(request.verdict) {
            return Err(Refusal::ReasonRequired);
        }
        Ok(Judgement::Record(self.record(request)))
    }

    /// Whether this person has a say here, and in no more words than are kept.
    pub(super) fn may_speak(&self, request: &ReviewRequest) -> Result<(), Refusal> {
        if self.is_own(&request.name, &request.issuer) {
            return Err(Refusal::OwnData);
        }
        if !self.admits(&request.groups) {
            return Err(Refusal::NotAReviewer);
        }
        if request.reason.len() > REVIEW_REASON_BYTES_MAX {
            return Err(Refusal::ReasonTooLong);
        }
        Ok(())
    }

    pub(super) fn over(&self, record: Option<Box<Kind>>) -> Refusal {
        Refusal::Over {
            state: self.state(),
            record,
        }
    }

    /// With several policies the stricter one holds.
    fn wants_reason(&self, verdict: Verdict) -> bool {
        self.opened.policies.iter().any(|p| match verdict {
            Verdict::Approve => p.reason_on_approve,
            Verdict::Reject => p.reason_on_reject,
        })
    }

    fn record(&self, request: &ReviewRequest) -> Kind {
        Kind::Reviewed(Reviewed {
            reviewer: self.reviewer(request),
            verdict: request.verdict,
            reason: one_line(&request.reason),
            seen: request.if_match,
        })
    }

    /// Who asks, with only those groups that give a seat.
    pub(super) fn reviewer(&self, request: &ReviewRequest) -> Reviewer {
        let named = |g: &&String| self.opened.policies.iter().any(|p| p.any_of.contains(g));
        let groups = request.groups.iter().filter(named).cloned().collect();
        Reviewer {
            name: request.name.clone(),
            issuer: request.issuer.clone(),
            groups,
        }
    }
}

/// The reason goes into a client's error message and into terminals: control characters, and
/// those that turn the direction of writing, become spaces.
pub(super) fn one_line(reason: &str) -> String {
    let plain = |c: char| match c {
        '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{2028}'
        | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    reason.trim().chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::fixture::{hold, request};
    use super::*;

    const T: UnixMillis = UnixMillis(100);

    /// Judges, and applies what is to be logged.
    fn review(hold: &mut Hold, at: UnixMillis, request: &ReviewRequest) -> Result<(), Refusal> {
        match hold.judge(request, at) {
            Ok(Judgement::Repeat) => Ok(()),
            Ok(Judgement::Record(kind)) => hold
                .apply(at, &kind)
                .map(|_| ())
                .map_err(|v| panic!("{v:?}")),
            Err(Refusal::Over { state, record }) => {
                if let Some(kind) = &record {
                    let _ = hold.apply(at, kind);
                }
                Err(Refusal::Over {
                    state,
                    record: None,
                })
            }
            Err(refusal) => Err(refusal),
        }
    }

    #[test]
    fn nobody_decides_about_their_own_data() {
        let mut hold = hold(1, &[1]);
        let own = ReviewRequest {
            issuer: "idp".into(),
            ..request("svc", Verdict::Approve)
        };
        assert_eq!(review(&mut hold, T, &own), Err(Refusal::OwnData));
        let namesake = ReviewRequest {
            issuer: "other".into(),
            ..own
        };
        assert_eq!(
            review(&mut hold, T, &namesake),
            Ok(()),
            "another issuer's `svc` is another person"
        );
    }

    #[test]
    fn outsiders_are_refused_and_one_person_has_one_seat() {
        let mut hold = hold(2, &[1]);
        let outsider = ReviewRequest {
            groups: vec!["staff".into()],
            ..request("eve", Verdict::Approve)
        };
        assert_eq!(review(&mut hold, T, &outsider), Err(Refusal::NotAReviewer));
        assert_eq!(
            review(&mut hold, T, &request("ann", Verdict::Approve)),
            Ok(())
        );
        assert_eq!(
            review(&mut hold, T, &request("ann", Verdict::Approve)),
            Ok(()),
            "the same again"
        );
        assert_eq!(hold.state(), State::Pending);
        let no = request("ann", Verdict::Reject);
        assert_eq!(
            review(&mut hold, T, &no),
            Err(Refusal::Contradiction(Verdict::Approve))
        );
        assert_eq!(
            review(&mut hold, T, &request("bob", Verdict::Approve)),
            Ok(())
        );
        assert_eq!(hold.state(), State::Approved);
        assert_eq!(
            review(&mut hold, T, &request("bob", Verdict::Approve)),
            Ok(()),
            "the same, after the end"
        );
    }

    #[test]
    fn a_review_after_the_end_is_told_so_each_time() {
        let mut hold = hold(1, &[1]);
        assert_eq!(
            review(&mut hold, T, &request("ann", Verdict::Reject)),
            Ok(())
        );
        for _ in 0..2 {
            let late = review(&mut hold, T, &request("bob", Verdict::Reject));
            assert_eq!(
                late,
                Err(Refusal::Over {
                    state: State::Rejected,
                    record: None
                })
            );
        }
        assert_eq!(hold.late.len(), 1);
    }

    #[test]
    fn a_stale_version_is_refused_but_a_lost_answer_may_be_asked_for_again() {
        let mut hold = hold(2, &[1]);
        let seen = |name, version| ReviewRequest {
            if_match: Some(version),
            ..request(name, Verdict::Approve)
        };
        assert_eq!(review(&mut hold, T, &seen("ann", 1)), Ok(()));
        assert_eq!(
            review(&mut hold, T, &seen("ann", 1)),
            Ok(()),
            "same answer, same version as before"
        );
        assert_eq!(
            review(&mut hold, T, &seen("bob", 1)),
            Err(Refusal::Stale(2))
        );
        assert_eq!(review(&mut hold, T, &seen("bob", 2)), Ok(()));
    }

    #[test]
    fn reasons_are_required_bounded_and_harmless() {
        let mut hold = hold(1, &[1]);
        hold.opened.policies[0].reason_on_reject = true;
        let because = |reason: &str| ReviewRequest {
            reason: reason.into(),
            ..request("ann", Verdict::Reject)
        };
        assert_eq!(
            review(&mut hold, T, &because("  \n")),
            Err(Refusal::ReasonRequired)
        );
        let long = "x".repeat(REVIEW_REASON_BYTES_MAX + 1);
        assert_eq!(
            review(&mut hold, T, &because(&long)),
            Err(Refusal::ReasonTooLong)
        );
        assert_eq!(
            review(&mut hold, T, &because("not\r\nhere\u{1b}[2J \u{202e}x")),
            Ok(())
        );
        assert_eq!(hold.reviews[0].reason, "not  here [2J  x");
    }

    #[test]
    fn only_groups_that_give_a_seat_are_kept() {
        let mut hold = hold(1, &[1]);
        let mut many = request("ann", Verdict::Approve);
        many.groups.push("staff".into());
        assert_eq!(review(&mut hold, T, &many), Ok(()));
        assert_eq!(hold.reviews[0].reviewer.groups, ["security"]);
    }
}
