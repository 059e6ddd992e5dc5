//! ShareFetch (API key 78, KIP-932): requests whose limit is lowered in place, responses read into
//! spans and made anew where something may not pass.
//!
//! Owns: the layout of versions 1 and 2 (0 was an early access that brokers have given up). Refuses:
//! other versions, more partitions than the limit, bytes after the end. Stays true: a parsed
//! response points into its frame and copies nothing; parsing allocates nothing once the scratch is
//! warm; no range of offsets is left acquired in a reply for records that were taken out of it.
//!
//! Acknowledgements that ride on a request pass: what a client does with records it was given is
//! between it and the broker. ShareAcknowledge (79) carries no records.

mod ask;
mod rebuild;
mod response;

pub use ask::{lower_limit, topic_ids};
pub use rebuild::{Outcome, rebuild_response};
pub use response::{ShareChunk, ShareFetched, parse_response};

use super::reader::{Malformed, Reader};
use std::ops::RangeInclusive;

/// The versions that are read and written here; all are flexible.
pub const VERSIONS: RangeInclusive<i16> = 1..=2;
const ACQUIRE_MODE_FROM: i16 = 2;

fn check(version: i16, reader: &Reader<'_>) -> Result<(), Malformed> {
    match VERSIONS.contains(&version) {
        true => Ok(()),
        false => Err(reader.malformed("a ShareFetch version that is not supported")),
    }
}

#[cfg(test)]
mod tests;
