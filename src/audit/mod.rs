//! The audit: what happened, in files that show when they were changed.
//!
//! Owns: the entries (`entry`, pure), their stored form (`segment`), one writer per core and one
//! for the control thread (`writer`), and the two readers, `verify` and `query`. Refuses: a raw
//! record value, a second writer for a chain, and any write after one that failed. Stays true: an
//! entry, once written, is never altered; the readers never write; the format of every version
//! ever released can still be read. The format's reference is `docs/audit.md`.

pub mod describe;
pub mod entry;
mod group_commit;
pub mod query;
pub mod reader;
mod recover;
pub mod segment;
pub mod verify;
pub mod writer;

#[cfg(test)]
mod format_v1;

use std::path::{Path, PathBuf};

pub use entry::{Body, Entry, Tier};
pub use writer::Writer;

/// Why the audit cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// The operating system refused. After a failed write or sync the writer stays stopped: the
    /// kernel may have dropped the bytes and marked them clean, so a retry would lie.
    #[error("audit: cannot {what} {path}: {source}; whoever writes here must stop taking requests")]
    Io {
        /// What was attempted, as a verb.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another process writes this chain.
    #[error(
        "audit: {0} is locked by another process; two writers would fork the chain, so give each gateway its own directory"
    )]
    InUse(PathBuf),
    /// The name cannot be part of a file name.
    #[error(
        "audit: {0:?} cannot name a chain: 1 to 32 of a-z, 0-9 and '-', not first or last a '-'"
    )]
    ChainName(String),
    /// An earlier write or sync failed.
    #[error("audit: an earlier write or sync failed; nothing more is written until a restart")]
    Stopped,
    /// The disk takes bytes far slower than they come.
    #[error("audit: the disk is {0} segments behind; nothing more is written until a restart")]
    Behind(usize),
    /// rkyv could not lay the entry out: a fault of ours, not of the disk.
    #[error("audit: an entry of kind {kind} could not be encoded: {reason}")]
    Encode {
        /// The kind's name.
        kind: &'static str,
        /// rkyv's reason.
        reason: String,
    },
    /// Nothing to read.
    #[error("audit: {0} holds no audit segments")]
    NoSegments(PathBuf),
}

impl AuditFault {
    fn io(what: &'static str, path: &Path, source: std::io::Error) -> AuditFault {
        AuditFault::Io {
            what,
            path: path.to_path_buf(),
            source,
        }
    }
}
