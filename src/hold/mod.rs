//! Held chunks: the lanes and gates of a core, and the words between core and control thread.
//! The contract is `docs/holds.md`.

pub mod lanes;
pub mod link;
pub mod messages;
