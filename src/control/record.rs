//! What the audit is told about holds.
//!
//! Owns: the entries and the trait the audit's writer implements. Refuses: raw values. Stays
//! true: an entry follows from one event of the log and carries its sequence, so an entry that is
//! told again after a crash is recognised as the same one.

use crate::approvals::{
    Change, Decision, Granting, Hold, Kind, Outcome, Reviewed, Reviewer, Rule, SendId, State,
    Subject,
};
use crate::chunk::{ContentKey, HoldId, Summary, UnixMillis};
use std::sync::Arc;

/// Where the entries go. Called on the journal's thread, in log order; may block.
pub trait AuditSink: Send {
    /// Takes one entry. An error stops the desk: nothing more is decided or released.
    fn record(&mut self, record: &Record) -> Result<(), String>;
    /// Takes a change of the policy.
    fn policy(&mut self, change: &PolicyChange) -> Result<(), String>;
    /// Makes everything taken so far durable. Called before a decision or release has effect.
    fn sync(&mut self) -> Result<(), String>;
}

/// A policy in another's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// When.
    pub at: UnixMillis,
    /// SHA-256 of the old text.
    pub before: [u8; 32],
    /// SHA-256 of the new one.
    pub hash: [u8; 32],
    /// The new text, without secrets.
    pub text: String,
    /// What asked for it.
    pub by: String,
    /// Whether it may let something through that the old one did not.
    pub weakens: bool,
    /// What differs, a line each.
    pub changes: Vec<String>,
}

/// What the entries of one hold have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose data, and where it goes.
    pub subject: Subject,
    /// Partition of the send that opened the hold.
    pub partition: i32,
    /// The client's own name for itself.
    pub client_id: String,
    /// The hold rules that matched.
    pub rules: Vec<Rule>,
    /// SHA-256 of the policy that judged it.
    pub policy_hash: [u8; 32],
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Sequence of the log's event: an entry is told at least once, and is the same one each time.
    pub sequence: u64,
    /// When.
    pub at: UnixMillis,
    /// Which hold.
    pub hold: HoldId,
    /// What it is about.
    pub about: Arc<About>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A question was put to people.
    HoldOpened {
        /// The flagged records.
        content: Vec<ContentKey>,
        /// What reviewers may see.
        summary: Summary,
        /// The end of the time to decide.
        deadline: UnixMillis,
    },
    /// One person answered.
    Review {
        /// The review.
        review: Reviewed,
        /// It came after the end, and has no effect.
        late: bool,
    },
    /// What the reviews, or their absence, amount to.
    Decision {
        /// `Approved`, `Rejected` or `Expired`.
        state: State,
        /// Who decided; empty when time did.
        by: Vec<Reviewer>,
        /// The reason of a rejection.
        reason: String,
    },
    /// Approved records were handed to a core to be written.
    Release {
        /// The send.
        send: SendId,
        /// Whether the broker recognises a repeat of it.
        idempotent: bool,
        /// The records.
        content: Vec<ContentKey>,
    },
    /// What became of them.
    Outcome {
        /// The send.
        send: SendId,
        /// Its end.
        outcome: Outcome,
    },
    /// An approval goes on: this is admitted from now on. Told beside the decision.
    Granted {
        /// What.
        grant: Granting,
        /// When it ends by itself, if it does.
        until: Option<UnixMillis>,
        /// Who granted it.
        by: Vec<Reviewer>,
    },
    /// It is not admitted any more, before its end.
    Revoked {
        /// What.
        grant: Granting,
        /// Who says so.
        by: Reviewer,
        /// Why.
        reason: String,
    },
    /// Records that may have landed went back to the reviewers.
    Reopened {
        /// The send in doubt.
        send: SendId,
    },
}

impl Record {
    /// Whether the audit must be durable before this has its effect.
    pub fn weakens(&self) -> bool {
        matches!(
            self.what,
            What::Review { .. }
                | What::Decision { .. }
                | What::Release { .. }
                | What::Granted { .. }
                | What::Revoked { .. }
        )
    }
}

impl About {
    /// What the entries of this hold have in common.
    pub fn of(hold: &Hold) -> About {
        About {
            subject: hold.opened.subject.clone(),
            partition: hold.opened.partition,
            client_id: hold.opened.client_id.clone(),
            rules: hold.opened.rules.clone(),
            policy_hash: hold.opened.policy_hash,
        }
    }
}

/// The entries of one event that had effect; `hold` is its state afterwards.
pub fn entries(hold: &Hold, kind: &Kind, change: Change) -> Vec<What> {
    let decision = || match &hold.decision {
        Decision::Rejected { reason, .. } => reason.clone(),
        _ => String::new(),
    };
    let decided = |by: Vec<Reviewer>| What::Decision {
        state: hold.state(),
        by,
        reason: decision(),
    };
    match kind {
        Kind::Opened(opened) => vec![What::HoldOpened {
            content: opened.content.clone(),
            summary: opened.summary.clone(),
            deadline: opened.deadline,
        }],
        Kind::Reviewed(review) => {
            let told = What::Review {
                review: review.clone(),
                late: change == Change::Late,
            };
            match change {
                Change::Approved => {
                    let by: Vec<_> = hold.reviews.iter().map(|r| r.reviewer.clone()).collect();
                    let granted = granted(hold, &by);
                    [told, decided(by)].into_iter().chain(granted).collect()
                }
                Change::Rejected => vec![told, decided(vec![review.reviewer.clone()])],
                _ => vec![told],
            }
        }
        Kind::DeadlinePassed => vec![decided(Vec::new())],
        Kind::Redeemed(r) => {
            vec![What::Release {
                send: r.send,
                idempotent: r.idempotent,
                content: r.content.clone(),
            }]
        }
        Kind::Ended { send, outcome } => {
            let told = What::Outcome {
                send: *send,
                outcome: *outcome,
            };
            let again = (change == Change::Reopened).then_some(What::Reopened { send: *send });
            std::iter::once(told).chain(again).collect()
        }
        Kind::Doubted { send } => vec![What::Reopened { send: *send }],
        Kind::Revoked { by, reason } => {
            let grant = hold.opened.grant.clone();
            let revoked = grant.map(|grant| What::Revoked {
                grant,
                by: by.clone(),
                reason: reason.clone(),
            });
            revoked.into_iter().collect()
        }
    }
}

/// What the approval of this hold grants, if it is about a grant.
fn granted(hold: &Hold, by: &[Reviewer]) -> Option<What> {
    Some(What::Granted {
        grant: hold.opened.grant.clone()?,
        until: hold.granted_until(),
        by: by.to_vec(),
    })
}
