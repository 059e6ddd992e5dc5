//! Long campaigns, each a command (`campaign NAME`) and each sampled by the test command.
//!
//! Stays true: a campaign prints its seed first and chooses everything by it, bounds its time,
//! and ends with assertions, not with numbers to be looked at.

pub mod corpus;
pub mod fuzz;
pub mod kills;
mod load;
pub mod matrix;
pub mod memory;
mod samples;
pub mod soak;
