//! Rules → verdict: what the policy says of a chunk, and which rule says it.
//!
//! Owns: the compiled policy, what it can match for one subject, operation and topic ([`Scope`]),
//! and the decision over the findings of one batch, or over an operation without records
//! ([`Verdict`]); how much moves and how much usually does ([`rates`]). Refuses: YAML (`config` reads
//! it), bytes of records, sockets, clocks: time is an argument.
//!
//! Stays true:
//! - rules only tighten: another rule never lowers the gate (block > hold > allow) and never
//!   unmasks a byte; the order of rules changes nothing;
//! - exceptions only lift, and only until their end, whoever still holds an old [`Scope`];
//! - a rule in observe mode is reported and never acts;
//! - what could not be read is blocked, unless an exception lifts the rule named
//!   [`UNREADABLE`].

mod contains;
mod creation;
mod decide;
pub mod diff;
mod fields;
mod first_use;
#[cfg(test)]
mod fixtures;
mod grants;
#[cfg(test)]
mod laws;
mod pattern;
pub mod rates;
mod rule;
mod scope;
mod unreadable;
mod verdict;

pub use contains::{Contains, Parts, Want};
pub use creation::{Bounds, Creates, Setting};
pub use decide::Evidence;
pub use fields::{FieldPattern, Fields, Places};
pub use grants::Grants;
pub use pattern::Pattern;
pub use rule::{
    Condition, Effect, Exception, Hold, Mode, Rule, Target, Then, When, matches_listener,
};
pub use scope::{Policy, Scope, Subject};
pub use unreadable::{Cause, Causes, Unreadable};
pub use verdict::{Gate, HoldOrder, MaskOrder, Records, Verdict};

/// The built-in rule that blocks what could not be read; no rule of the configuration may have
/// this name, and an exception may lift it.
pub const UNREADABLE: &str = "unreadable";
