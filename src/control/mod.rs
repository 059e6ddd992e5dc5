//! The control thread: the approval desk, its durable log, and the surface that reviewers use.
//!
//! Owns: what several cores must agree on about holds. Refuses: to stand in the way of clean
//! traffic: no core waits for this thread, and with it stopped held chunks stay held. Stays true:
//! **nothing takes effect before it is durable**: an event is in the log, and a decision or
//! release in the audit, before a core is answered or a reviewer is told.
//!
//! ```text
//! desk     messages and reviews → events and answers (no I/O)
//! log      the events, on disk
//! record   what the audit is told
//! journal  the thread that makes a step durable
//! turn     steps, commits and deliveries, in order (no I/O either)
//! run      the thread itself: messages, commands, ticks
//! client   how the HTTP surface talks to it
//! gauges   numbers for the metrics
//! keys     the issuers' keys, kept fresh
//! brokers  the cluster's brokers, discovered and followed
//! registry the schemas that records name, fetched and kept
//! sample   a bounded sample of what a cluster holds
//! ```

mod broker_link;
pub mod brokers;
pub mod client;
pub mod desk;
mod discovery;
#[cfg(test)]
pub(crate) mod fixture;
pub mod gauges;
pub mod issuer_http;
pub mod journal;
mod key_gate;
pub mod key_state;
pub mod keys;
pub mod log;
pub mod record;
pub mod registry;
pub mod run;
pub mod sample;
#[cfg(test)]
mod test_broker;
#[cfg(test)]
mod tests;
mod turn;

pub use client::DeskClient;
pub use record::{AuditSink, Record, What};
pub use run::{Handle, Setup, StartError, Surfaces, spawn};
