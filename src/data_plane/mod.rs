//! The I/O of one core: clients on one side, brokers on the other, inspection in between.
//!
//! ```text
//!  accept ─► crowd ─► serve ─► opening ─┬► login ─► upstream ─┐
//!                                       └► relay_login ───────┤
//!  client ─► inflow ─► requests ─► produce ─► inspect ─► (broker)
//!                          │          └────── holding ◄─► control thread
//!                          ├─► operations ─► hearing ─► (broker)
//!  client ◄─ answers ◄─ replies ◄─ fetch ◄─── inspect ◄─ (broker)        share_fetch likewise
//!                                                └────► record ─► audit
//! ```
//!
//! Owns: sockets, buffers, tasks, the order of replies. Refuses: to block, to lock, to share with
//! another core. Stays true: a connection lives and dies on the core that accepted it; frames are
//! edited in the buffer they were read into; everything is bounded by a name in `limits`.

pub mod accept;
pub mod answers;
pub mod buffers;
pub mod cause;
pub mod cluster;
pub mod connection;
pub mod core;
pub mod crowd;
pub mod ending;
pub mod event;
pub mod fetch;
pub mod frame_refusals;
pub mod hearing;
pub mod held;
pub mod holding;
pub mod inflow;
pub mod inspect;
pub mod learn;
pub mod login;
pub mod made;
pub mod mailbox;
mod masking;
pub mod merge;
pub mod opening;
pub mod operations;
pub mod placing;
pub mod produce;
pub mod proof;
pub mod proxy_header;
pub mod reading;
pub mod record;
pub mod refusals;
pub mod relay_login;
pub mod relay_renewal;
pub mod renewal;
pub mod replies;
pub mod requests;
pub mod schemas;
pub mod scratch;
pub mod serve;
pub mod session;
pub mod share_fetch;
mod size_class;
pub mod socket;
pub mod stats;
pub mod strangers;
pub mod summary;
pub mod sweep;
#[cfg(test)]
mod test_core;
pub mod topic_ids;
pub mod upstream;
pub mod upstream_session;
pub mod versions;
pub mod withheld;
pub mod writing;
