//! Rates: how much moved lately, how much usually does, and what is far too much.
//!
//! ```text
//! core     Meters::add ──── Handover (deltas, every 250 ms) ───▶ Ledger::take     control
//!          judge::spike ◀── Board (totals and limits, an Arc) ── Ledger::publish
//!                                                                Baseline: what each hour teaches
//! ```
//!
//! Owns: windows of bytes or records per rule, principal and topic; the baselines; the question
//! whether a stream is in a spike; how long a throttled client waits. Refuses: clocks, threads,
//! files; names of principals and topics, of which only a digest is kept. Stays true:
//! - adding is O(1) and allocates nothing for a stream that is known;
//! - the order in which cores report changes nothing;
//! - what has no room is counted together with others, never dropped;
//! - a spike teaches little, and a silence nothing;
//! - without the control thread a core goes on by its own count and the last limits.

pub mod baseline;
mod board;
mod group;
pub mod judge;
#[cfg(test)]
mod laws;
mod ledger;
mod level;
mod meters;
mod series;
pub mod stored;
mod terms;
pub mod throttle;
mod window;

pub use baseline::Baseline;
pub use board::{Board, Standing};
pub use judge::{Admitted, Reading, Spike};
pub use ledger::Ledger;
pub use level::Level;
pub use meters::{Delta, Handover, Meters};
pub use series::SeriesId;
pub use terms::{Learned, Limit, Of, Per, Terms, Way};
pub use window::Window;
