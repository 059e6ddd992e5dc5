//! What was granted until further notice, and when that was taken back.
//!
//! Owns: the entries that prove who let what through for how long. Refuses: anything of a record; a grant is about
//! names. Stays true: `granted` follows its hold's `decision`, and both are synced before a core sees the grant.

use super::{Hash, Op, json};
use rkyv::{Archive, Deserialize, Serialize};

/// An approval goes on.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Granted {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold that asked for it; the grant's name.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// `schema`, `rate` or `access`.
    pub covers: String,
    /// The rule that asked.
    pub rule: String,
    /// What later chunks are recognised by.
    #[serde(serialize_with = "json::hash")]
    pub key: Hash,
    /// Whose chunk asked first.
    pub principal: String,
    /// Which way.
    pub operation: Op,
    /// The topic's name.
    pub topic: String,
    /// What it is, in one line.
    pub about: String,
    /// When it ends by itself, milliseconds since the Unix epoch; 0: never.
    pub until: i64,
    /// Who granted it.
    pub by: Vec<String>,
}

/// A grant ended before its time.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct GrantRevoked {
    /// Number of the event in the log of holds: an entry that is told again after a crash has the same.
    pub event: u64,
    /// The hold that asked for it; the grant's name.
    #[serde(serialize_with = "json::hold")]
    pub hold: u64,
    /// What was granted, in one line.
    pub about: String,
    /// The topic's name.
    pub topic: String,
    /// Who revoked it.
    pub by: String,
    /// Issuer that vouched for them.
    pub issuer: String,
    /// Why; may be empty.
    pub reason: String,
}
