//! Kafka's wire protocol without a socket: bytes in, spans and new bytes out.
//!
//! Owns: everything that knows how Kafka lays out a message. Refuses: I/O, clocks, threads, and
//! any byte it cannot account for. Stays true: bytes from outside are read through `reader` or
//! validated by `guard` first, so no count or length that a peer claims is ever allocated.

pub mod addresses;
pub mod api;
pub mod api_versions;
pub mod batch;
pub mod compression;
pub mod endpoints;
pub mod error;
pub mod fetch;
pub mod frame;
pub mod guard;
pub mod messages;
pub mod produce;
pub mod reader;
pub mod refusal;
pub mod sampling;
pub mod sasl;
pub mod share;
pub mod tagged;
#[cfg(test)]
mod test_peers;
pub mod topic;
pub mod upstream_login;
mod varint;
pub mod writer;
