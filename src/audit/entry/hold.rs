//! A hold's life: asked, reviewed, decided, released, and what became of it.
//!
//! Owns: the entries that prove who let what through, and when. Refuses: held bytes; a hold is
//! known by its content keys' digest and a summary that is safe to show. Stays true: `release`
//! comes before the chunk's first byte leaves, `outcome` after the broker's answer.

use super::json;
use super::{Hash, Op};
use crate::chunk::ContentKey;
use aws_lc_rs::digest;
use rkyv::{Archive, Deserialize, Serialize};

/// The content keys of a hold, in 68 bytes whatever their number.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct ContentDigest {
    /// How many flagged records.
    pub records: u32,
    /// Key of the first; zeros if there is none.
    #[serde(serialize_with = "json::hash")]
    pub first: Hash,
    /// SHA-256 over all keys, one after the other.
    #[serde(serialize_with = "json::hash")]
    pub all: Hash,
}

impl ContentDigest {
    /// Of these keys, in order.
    pub fn of(keys: &[ContentKey]) -> ContentDigest {
        let mut context = digest::Context::new(&digest::SHA256);
        for key in keys {
            context.update(&key.0);
        }
        let mut all = Hash::default();
        all.copy_from_slice(context.finish().as_ref());
        ContentDigest {
            records: keys.len() as u32,
            first: keys.first().map(|k| k.0).unwrap_or_default(),
            all,
        }
    }
}

/// People are asked.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct HoldOpened {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// Whose records they are.
    pub principal: String,
    /// The client's own name for itself.
    pub client_id: String,
    /// Which way they go.
    pub operation: Op,
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Every hold rule that matched.
    pub rules: Vec<String>,
    /// The approval policies they ask.
    pub asks: Vec<String>,
    /// SHA-256 of the policy.
    #[serde(serialize_with = "json::hash")]
    pub policy: Hash,
    /// The flagged records.
    pub content: ContentDigest,
    /// What reviewers are shown, as JSON: counts, shapes and masked samples.
    pub summary: String,
    /// When it expires, milliseconds since the Unix epoch.
    pub deadline: i64,
}

/// One person's answer.
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// No.
    #[default]
    Reject,
    /// Yes.
    Approve,
}

/// A person answered.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// Who.
    pub reviewer: String,
    /// Issuer that vouched for the reviewer.
    pub issuer: String,
    /// The reviewer's groups at that moment.
    pub groups: Vec<String>,
    /// Yes or no.
    pub verdict: Vote,
    /// The reviewer's words; may be empty.
    pub reason: String,
    /// Version of the hold that the reviewer had seen.
    pub version: u64,
    /// It came after the end, and has no effect.
    pub late: bool,
}

/// What the reviews, or the clock, amount to.
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// The records may pass.
    Approved,
    /// They may not.
    #[default]
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// The question was withdrawn.
    Cancelled,
}

/// A hold is decided.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// How.
    pub decision: Decided,
    /// The reviewers whose answers count; empty when it was the clock.
    pub by: Vec<String>,
}

/// A chunk may be written.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Release {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold that it redeems.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// This send's key.
    #[serde(serialize_with = "json::hash")]
    pub send: Hash,
    /// Whose records they are.
    pub principal: String,
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: i32,
}

/// Where a released chunk ended.
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
#[serde(rename_all = "snake_case")]
pub enum Landed {
    /// The broker has it.
    Written {
        /// First offset; -1 when the broker did not say.
        offset: i64,
    },
    /// It was not written.
    Returned {
        /// Kafka's error code; 0 when it was never sent.
        error: i16,
    },
    /// The connection died in between: it may have landed.
    #[default]
    Unknown,
}

/// What became of a released chunk.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// This send's key.
    #[serde(serialize_with = "json::hash")]
    pub send: Hash,
    /// Where it ended.
    pub landed: Landed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_every_key_and_their_order() {
        let (a, b) = (ContentKey([1; 32]), ContentKey([2; 32]));
        let ab = ContentDigest::of(&[a, b]);
        assert_eq!((ab.records, ab.first), (2, [1; 32]));
        assert_ne!(ab.all, ContentDigest::of(&[b, a]).all);
        assert_ne!(ab.all, ContentDigest::of(&[a]).all);
        assert_eq!(ContentDigest::of(&[]).first, [0; 32]);
    }
}
