//! The gateway's own life: started, stopped, recovered, and under which policy.
//!
//! Owns: the entries that tie the chains together and tell of gaps. Stays true: `started` is
//! written after every core's writer is open, and names what each opened, so a chain that is
//! removed later is missed.

use super::Hash;
use super::json;
use rkyv::{Archive, Deserialize, Serialize};

/// The segment with which a chain began this run.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// The segment's file name.
    pub segment: String,
    /// SHA-256 of its header, which in turn names the end of the segment before.
    #[serde(serialize_with = "json::hash")]
    pub header: Hash,
}

/// The gateway is up.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Started {
    /// The program's version.
    pub version: String,
    /// How it does I/O (`uring`, `epoll`).
    pub io: String,
    /// What each core opened.
    pub cores: Vec<Opened>,
}

/// A chain was closed in good order: a later end without this is a cut or a crash.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Stopped {
    /// Why.
    pub cause: String,
}

/// The run before did not end in good order. Written by the writer itself, first thing.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Recovered {
    /// The segment that was found.
    pub segment: String,
    /// The last entry that is sound, if there is one.
    pub last_seq: Option<u64>,
    /// Its time, milliseconds since the Unix epoch: what came later and was not yet synced may
    /// be missing.
    pub last_at: Option<i64>,
    /// Where the file was cut, from its start in bytes.
    pub cut_at: Option<u64>,
    /// Bytes that were cut off: an entry that was being written.
    pub cut_bytes: u64,
    /// The segment is damaged in its middle and was left as it is: `verify` fails on it.
    pub quarantined: bool,
}

/// A policy is in force from here on.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct PolicyLoaded {
    /// SHA-256 of the text.
    #[serde(serialize_with = "json::hash")]
    pub hash: Hash,
    /// The text, without secrets.
    pub text: String,
}

/// The policy changed while the gateway ran; the text of the new one is in a [`PolicyLoaded`] before it.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct PolicyChanged {
    /// SHA-256 of the new text.
    #[serde(serialize_with = "json::hash")]
    pub hash: Hash,
    /// SHA-256 of the old one.
    #[serde(serialize_with = "json::hash")]
    pub before: Hash,
    /// What asked for it: a signal, a file and its owner, a person.
    pub by: String,
    /// Whether it may let something through that the old one did not.
    pub weakens: bool,
    /// What differs, a line each: which way, what, how.
    pub changes: Vec<String>,
}

/// Stands for an entry that was over `limits::AUDIT_ENTRY_BYTES_MAX`.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Oversized {
    /// The kind it had.
    pub was: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// SHA-256 of its payload.
    #[serde(serialize_with = "json::hash")]
    pub sha256: Hash,
}
