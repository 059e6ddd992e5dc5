//! Fetch (API key 1): requests whose limits are lowered in place, responses read into spans and
//! made anew where something may not pass.
//!
//! Owns: the layout of versions 4 to 12. Refuses: other versions, more partitions than the limit,
//! bytes after the end. Stays true: a parsed response points into its frame and copies nothing;
//! parsing allocates nothing once the scratch is warm.
//!
//! A frame here is whole: its four bytes of size, the header, the body. Spans and offsets count
//! from its first byte.

mod ask;
mod rebuild;
mod response;

pub use ask::{FetchAsk, lower_limits};
pub use rebuild::{Outcome, blank_tail, rebuild_response};
pub use response::{FetchChunk, Fetched, parse_response};

use super::reader::{Malformed, Reader};
use std::ops::RangeInclusive;

/// The versions that are read and written here. From 13 on topics are named by id (KIP-516).
pub const VERSIONS: RangeInclusive<i16> = 4..=12;
const FLEXIBLE_FROM: i16 = 12;
const SESSIONS_FROM: i16 = 7;
const LOG_START_OFFSET_FROM: i16 = 5;

/// Whether the version has compact forms and tagged fields; a version that is not known is a fault.
fn flexible(version: i16, reader: &Reader<'_>) -> Result<bool, Malformed> {
    if !VERSIONS.contains(&version) {
        return Err(reader.malformed("a Fetch version that is not supported"));
    }
    Ok(version >= FLEXIBLE_FROM)
}

#[cfg(test)]
mod tests;
