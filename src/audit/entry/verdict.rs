//! What the rules said of a chunk that was not simply clean.
//!
//! Owns: the verdict's proof: principal, rules, policy and evidence counts. Refuses: the records
//! themselves; the chunk is named by its SHA-256.

use super::Hash;
use super::json;
use rkyv::{Archive, Deserialize, Serialize};

/// Which way the records went.
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Towards the broker.
    #[default]
    Produce,
    /// From the broker.
    Fetch,
}

impl From<crate::chunk::Operation> for Op {
    /// The way that records take; no other operation has one, and none makes an entry of a chunk.
    fn from(operation: crate::chunk::Operation) -> Op {
        debug_assert!(
            operation.carries_records(),
            "{operation:?} moves no records"
        );
        match operation {
            crate::chunk::Operation::Produce => Op::Produce,
            _ => Op::Fetch,
        }
    }
}

impl Op {
    /// The name used in rules.
    pub fn name(self) -> &'static str {
        match self {
            Op::Produce => "produce",
            Op::Fetch => "fetch",
        }
    }
}

/// What a verdict amounts to.
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let by although a rule matched: an exception lifted it.
    #[default]
    Allow,
    /// Findings were overwritten.
    Mask,
    /// People are asked.
    Hold,
    /// Refused.
    Block,
}

impl Action {
    /// The name used in rules.
    pub fn name(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Mask => "mask",
            Action::Hold => "hold",
            Action::Block => "block",
        }
    }
}

/// How often a detector fired.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Count {
    /// The detector's name.
    pub detector: String,
    /// Findings.
    pub count: u32,
}

/// A rule matched a chunk.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Number of the session in this chain and run.
    pub session: u64,
    /// Who sent or asked for the records.
    pub principal: String,
    /// Which way they went.
    pub operation: Op,
    /// The topic's name.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// What the rules said.
    pub action: Action,
    /// Whether it was done; false in `mode: observe`, where everything passes.
    pub enforced: bool,
    /// The rules that said it.
    pub rules: Vec<String>,
    /// The exceptions that lifted others.
    pub exceptions: Vec<String>,
    /// SHA-256 of the policy, whose text an earlier `policy_loaded` holds.
    #[serde(serialize_with = "json::hash")]
    pub policy: Hash,
    /// What was found.
    pub detectors: Vec<Count>,
    /// Why, where it was no detector that spoke (`unreadable: unknown codec`); may be empty.
    pub reason: String,
    /// Records in the chunk.
    pub records: u32,
    /// Its size on the wire, bytes.
    pub bytes: u64,
    /// Offset of its first record; -1 when the broker has not given it one.
    pub base_offset: i64,
    /// SHA-256 of the chunk as it came; none for a verdict that changed nothing.
    #[serde(serialize_with = "json::maybe_hash")]
    pub sha256: Option<Hash>,
    /// The hold that was opened or met.
    #[serde(serialize_with = "json::maybe_hold")]
    pub hold: Option<u64>,
}
