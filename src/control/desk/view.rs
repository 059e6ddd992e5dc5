//! A hold as a reviewer sees it.
//!
//! Owns: the JSON of `GET /v1/holds`. Refuses: content keys and raw values. Stays true: what is
//! shown follows from the hold alone; `version` is what a review may insist on.

use crate::approvals::{Decision, Hold, Reviewed, Rule, State, seats};
use crate::chunk::{Summary, UnixMillis};
use data_encoding::HEXLOWER;
use serde::Serialize;

/// One hold. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    /// The hold's name.
    pub id: String,
    /// Its state.
    pub state: State,
    /// One more with each change; the `ETag`.
    pub version: u64,
    /// Whose data.
    pub principal: String,
    /// Who vouched for the principal; empty for `anonymous`.
    pub issuer: String,
    /// The client's own name for itself.
    pub client_id: String,
    /// What it does.
    pub operation: &'static str,
    /// The cluster that it goes to.
    pub cluster: String,
    /// Where.
    pub topic: String,
    /// Where, by the send that opened the hold.
    pub partition: i32,
    /// The rules that held it, and the approval policies they ask.
    pub rules: Vec<Rule>,
    /// SHA-256 of the policy that judged it.
    pub policy: String,
    /// What an approval grants; `null`: the records alone.
    pub grant: Option<Granted>,
    /// Counts and masked samples.
    pub summary: Summary,
    /// When it was opened.
    pub opened_at: UnixMillis,
    /// The end of the time to decide.
    pub deadline: UnixMillis,
    /// Each approval policy and how many of its seats are filled.
    pub approvals: Vec<Seats>,
    /// Who has said what.
    pub reviews: Vec<Said>,
    /// When it was decided.
    pub decided_at: Option<UnixMillis>,
    /// Until when approved records may be redeemed; `null` for a grant.
    pub redeem_until: Option<UnixMillis>,
    /// How far its records are.
    pub records: Records,
    /// Requests that are open now: 0 means that the client is gone, and nothing is written until
    /// it sends again.
    pub open_requests: usize,
    /// Some records may have landed without anyone knowing.
    pub may_have_landed: bool,
    /// Records of equal content that were let through before.
    pub written_before: u32,
    /// Whether the one who looks may decide.
    pub may_review: bool,
}

/// What an approval grants, or has granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// `schema`, `rate` or `access`.
    pub covers: &'static str,
    /// One line.
    pub about: String,
    /// More, such as a schema's diff.
    pub detail: Option<String>,
    /// How long it lasts from the approval, in milliseconds; `null`: until it is revoked.
    pub for_ms: Option<u64>,
    /// When it ends, once it is granted and if it does.
    pub until: Option<UnixMillis>,
}

/// One approval policy's seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seats {
    /// Its name.
    pub policy: String,
    /// Groups that may decide.
    pub any_of: Vec<String>,
    /// People needed.
    pub people: u32,
    /// People there are.
    pub filled: u32,
    /// Whether an approval must say why.
    pub reason_on_approve: bool,
    /// Whether a rejection must say why.
    pub reason_on_reject: bool,
}

/// One review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Who.
    pub by: String,
    /// Vouched for by whom.
    pub issuer: String,
    /// What.
    pub verdict: &'static str,
    /// Why.
    pub reason: String,
}

/// The account of a hold's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Records {
    /// Covered by the hold.
    pub held: u64,
    /// Landed.
    pub written: u64,
    /// Neither landed nor under way.
    pub unspent: u64,
}

impl View {
    /// The hold as it is now.
    pub fn of(hold: &Hold, open_requests: usize, may_review: bool) -> View {
        let opened = &hold.opened;
        let (decided_at, redeem_until) = match hold.decision {
            Decision::Pending => (None, None),
            Decision::Approved { at, redeem_until } => (Some(at), Some(redeem_until)),
            Decision::Rejected { at, .. }
            | Decision::Expired { at }
            | Decision::Revoked { at, .. } => (Some(at), None),
        };
        View {
            id: hold.id.to_string(),
            state: hold.state(),
            version: hold.version,
            principal: opened.subject.principal.clone(),
            issuer: opened.subject.issuer.clone(),
            client_id: opened.client_id.clone(),
            operation: opened.subject.operation.name(),
            cluster: opened.subject.cluster.clone(),
            topic: opened.subject.topic.clone(),
            partition: opened.partition,
            rules: opened.rules.clone(),
            policy: HEXLOWER.encode(&opened.policy_hash),
            grant: opened.grant.as_ref().map(|granting| Granted {
                covers: granting.covers.name(),
                about: granting.about.clone(),
                detail: granting.detail.clone(),
                for_ms: granting.for_ms,
                until: hold.granted_until(),
            }),
            summary: opened.summary.clone(),
            opened_at: hold.opened_at,
            deadline: hold.deadline,
            approvals: approvals(hold),
            reviews: hold.reviews.iter().map(said).collect(),
            decided_at,
            redeem_until: redeem_until.filter(|_| opened.grant.is_none()),
            records: Records {
                held: hold.spending.covered_total(),
                written: hold.spending.written_total(),
                unspent: hold.spending.free_total(),
            },
            open_requests,
            may_have_landed: hold.may_have_landed,
            written_before: opened.written_before,
            may_review,
        }
    }
}

fn approvals(hold: &Hold) -> Vec<Seats> {
    let policies = &hold.opened.policies;
    let filled = seats::filled(policies, &hold.approvers());
    let seats = policies.iter().zip(filled).map(|(policy, filled)| Seats {
        policy: policy.name.clone(),
        any_of: policy.any_of.clone(),
        people: policy.seats(),
        filled,
        reason_on_approve: policy.reason_on_approve,
        reason_on_reject: policy.reason_on_reject,
    });
    seats.collect()
}

fn said(review: &Reviewed) -> Said {
    Said {
        by: review.reviewer.name.clone(),
        issuer: review.reviewer.issuer.clone(),
        verdict: review.verdict.name(),
        reason: review.reason.clone(),
    }
}
