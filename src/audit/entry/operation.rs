//! What a principal asked of the cluster beside records, and whether it passed.
//!
//! Owns: one entry for each outcome of a request that changes the cluster, and for what a rule
//! blocked, observed or was kept from. Refuses: what the request carried (settings, passwords,
//! tokens): things are named, not quoted. Stays true: names beyond the bound are counted.

use super::{Hash, json};
use rkyv::{Archive, Deserialize, Serialize};

/// What became of a request, as far as the gateway decides it; the broker may still refuse what
/// passed.
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, Clone, Copy, Debug, Default, PartialEq, Eq,
)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// It went on to the broker.
    #[default]
    Passed,
    /// A rule refused it.
    Blocked,
    /// It went on, although a rule that only observes would have refused it.
    Observed,
}

impl Course {
    /// The word in a line for people.
    pub fn name(self) -> &'static str {
        match self {
            Course::Passed => "passed",
            Course::Blocked => "blocked",
            Course::Observed => "observed",
        }
    }
}

/// Somebody asked for something that is not records. Of one request, what had different courses
/// has an entry each.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Number of the session in this chain and run.
    pub session: u64,
    /// Who asked.
    pub principal: String,
    /// The operation's name, as in rules.
    pub operation: String,
    /// What became of it.
    pub course: Course,
    /// Topics that this entry is about, by name; one that could not be named by its id.
    pub topics: Vec<String>,
    /// Other things it is about, such as `group g1` or `broker 2`.
    pub others: Vec<String>,
    /// Topics and other things that did not fit.
    pub more: u32,
    /// The rules that said it.
    pub rules: Vec<String>,
    /// The exceptions that lifted others.
    pub exceptions: Vec<String>,
    /// SHA-256 of the policy, whose text an earlier `policy_loaded` holds.
    #[serde(serialize_with = "json::hash")]
    pub policy: Hash,
    /// What the client was told, where a rule blocked; may be empty.
    pub reason: String,
}
