//! The approval machine: events in, state out.
//!
//! Owns: what a hold is, which review counts, when people have decided, and which of the
//! approved records have been spent. Refuses: any clock, thread, file or socket: time comes in as
//! a value and events go out as values, so a log replayed is the same machine. Stays true: the
//! **first valid event in log order wins**; an event that is not valid where it stands changes
//! nothing; nothing is spent that was not approved, and nothing is spent twice.
//!
//! ```text
//! policy     who may decide, how many of them, in what time (snapshot inside each hold)
//! event      what happened, as it is logged
//! state      where a hold stands
//! hold       events → state
//! grant      what an approval that goes on lets through, and its revocation
//! review     one person's answer → counted, repeated, or refused and why
//! seats      reviews → is every seat filled by a person of its own
//! spending   content keys and sends → what may still be redeemed
//! ```

pub mod event;
pub mod grant;
pub mod hold;
#[cfg(test)]
mod model;
pub mod policy;
pub mod review;
pub mod seats;
pub mod spending;
pub mod state;
mod wire;

pub use event::{
    Kind, Opened, Outcome, Redeemed, Reviewed, Reviewer, Rule, SendId, Subject, Verdict,
};
pub use grant::{Granting, InForce};
pub use hold::Hold;
pub use policy::Policy;
pub use review::{Judgement, Refusal, ReviewRequest};
pub use state::{Change, Decision, State, Void};
