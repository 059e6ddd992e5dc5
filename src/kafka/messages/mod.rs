//! Every message that Kafka's clients and brokers exchange, by a generated table of layouts.
//!
//! Owns: the table, and what walks it: a check of bounds, a search for topic ids, a copy without
//! unknown tags, a tree of values. Refuses: a version that the table does not describe; a count,
//! length or tag that does not fit the bytes; null where Kafka's definition forbids it. Stays true:
//! walking allocates nothing, and a tree holds no more than `limits::MESSAGE_VALUES_MAX` values.
//!
//! The codecs of what is on the hot path (Produce, Fetch, Metadata) are written by hand elsewhere;
//! everything else goes through here, so that a new API is a line in a table and not a parser.

mod copy;
mod decode;
mod encode;
mod layout;
mod look;
mod table;
pub mod value;
mod walk;

pub use copy::strip;
pub use decode::decode;
pub use encode::encode;
pub use layout::{Absent, Entity, Field, Kind, Message};
pub use look::{has_topic_regex, topic_ids};
pub use walk::{Checked, check, check_some};

use layout::Pair;

/// The layout of a request; `None` when Kafka's newest release knows no such key or version.
pub fn request(key: i16, version: i16) -> Option<&'static Message> {
    let request = &pair(key)?.request;
    request.has(version).then_some(request)
}

/// The layout of a response; `None` when Kafka's newest release knows no such key or version.
pub fn response(key: i16, version: i16) -> Option<&'static Message> {
    let response = &pair(key)?.response;
    response.has(version).then_some(response)
}

/// The layout of a request of any version.
pub(in crate::kafka) const fn described(key: i16) -> Option<&'static Message> {
    if key < 0 || key as usize >= table::BY_KEY.len() {
        return None;
    }
    match &table::BY_KEY[key as usize] {
        Some(pair) => Some(&pair.request),
        None => None,
    }
}

fn pair(key: i16) -> Option<&'static Pair> {
    let key = usize::try_from(key).ok()?;
    table::BY_KEY.get(key)?.as_ref()
}

#[cfg(test)]
pub(in crate::kafka) mod samples;
#[cfg(test)]
mod tests;
