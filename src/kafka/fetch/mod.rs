//! Fetch (API key 1): requests whose limits are lowered in place, responses read into spans and
//! made anew where something may not pass.
//!
//! Owns: the layout of versions 4 to 18. Refuses: other versions, more partitions than the limit,
//! bytes after the end. Stays true: a parsed response points into its frame and copies nothing;
//! parsing allocates nothing once the scratch is warm.
//!
//! A frame here is whole: its four bytes of size, the header, the body. Spans and offsets count
//! from its first byte.
//!
//! 12 is flexible, 13 names topics by id (KIP-516), 15 moves the replica id into a tagged field
//! (KIP-903), 16 adds where leaders are (KIP-951), 17 and 18 tagged fields of followers.

mod ask;
mod rebuild;
mod response;

pub use ask::{FetchAsk, lower_limits, topic_ids};
pub use rebuild::{Outcome, blank_tail, rebuild_response};
pub use response::{FetchChunk, Fetched, parse_response};

use super::reader::{Malformed, Reader};
use std::ops::RangeInclusive;

/// The versions that are read and written here.
pub const VERSIONS: RangeInclusive<i16> = 4..=18;
const FLEXIBLE_FROM: i16 = 12;
const SESSIONS_FROM: i16 = 7;
const LOG_START_OFFSET_FROM: i16 = 5;
const IDS_FROM: i16 = 13;

/// Whether the version has compact forms and tagged fields; a version that is not known is a fault.
fn flexible(version: i16, reader: &Reader<'_>) -> Result<bool, Malformed> {
    if !VERSIONS.contains(&version) {
        return Err(reader.malformed("a Fetch version that is not supported"));
    }
    Ok(version >= FLEXIBLE_FROM)
}

#[cfg(test)]
mod tests;
