//! The words for where a hold stands and what an event did to it.
//!
//! Owns: the names that the API, the audit and the desk share. Refuses: any behaviour: how one
//! follows from another is in `hold`.

use super::event::Reviewer;
use crate::chunk::UnixMillis;

/// What the reviews amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Pending,
    /// Let through, until then.
    Approved {
        /// When.
        at: UnixMillis,
        /// Until when its records may be redeemed.
        redeem_until: UnixMillis,
    },
    /// A person said no.
    Rejected {
        /// When.
        at: UnixMillis,
        /// Their words, may be empty.
        reason: String,
    },
    /// Nobody decided in time.
    Expired {
        /// When.
        at: UnixMillis,
    },
    /// It was granted, and somebody took that back.
    Revoked {
        /// When.
        at: UnixMillis,
        /// Who.
        by: Reviewer,
    },
}

/// A hold's state, as it is shown: the decision and, once approved, how far its records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// People are being asked.
    Pending,
    /// Authorised, and some of it unspent.
    Approved,
    /// Some of it is on its way to the broker.
    Sending,
    /// All of it landed.
    Written,
    /// Some of it may have landed.
    Unknown,
    /// A person said no.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// What was asked for is granted.
    Granted,
    /// It was granted, and somebody took that back.
    Revoked,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The question was put.
    Opened,
    /// A review counts, and more are needed.
    Counted,
    /// The last seat was filled.
    Approved,
    /// A person said no.
    Rejected,
    /// The deadline passed.
    Expired,
    /// A review after the end: kept, without effect.
    Late,
    /// Records went to a core.
    Sending,
    /// They landed.
    Written,
    /// They did not: authorised again.
    Returned,
    /// Nobody knows, and the same send may repeat.
    Unknown,
    /// Nobody knows, and people are asked again.
    Reopened,
    /// A grant was taken back.
    Revoked,
}

/// Why an event has no effect where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// The hold is open already.
    #[error("the hold is open already")]
    AlreadyOpen,
    /// The question is decided.
    #[error("the question is decided")]
    Decided,
    /// The deadline is not reached, or it is passed.
    #[error("out of time")]
    OutOfTime,
    /// The reviewer may not decide this, or has already.
    #[error("this reviewer has no seat here")]
    NoSeat,
    /// Not approved, or not any more.
    #[error("not authorised")]
    NotAuthorised,
    /// The records are spent, under way, or not covered.
    #[error("no such unspent records")]
    Spent,
    /// No such send, or not in that state.
    #[error("no such send under way")]
    NoSend,
}
