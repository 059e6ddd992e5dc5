//! What can be wrong with an audit, in words that say where and what was expected.

use crate::audit::describe::short;
use crate::audit::entry::Hash;
use crate::audit::reader::{Behind, How};
use crate::audit::segment::HeaderFault;
use data_encoding::HEXLOWER;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file's name within the directory.
    pub file: String,
    /// Where in the file, bytes from its start.
    pub offset: u64,
    /// Sequence number of the entry there, if it can be read.
    pub seq: Option<u64>,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The name is not one that a writer gives.
    #[error("this is not the name of a segment: renamed, or not from a lockgate")]
    FileName,
    /// The first 128 bytes are not a sound header.
    #[error("{0}")]
    Header(HeaderFault),
    /// Name and header differ.
    #[error("the header says that this file is {header}: renamed, or swapped with another")]
    Renamed {
        /// What the header makes of it.
        header: String,
    },
    /// The segment does not go on where the one before ended.
    #[error("expected the segment that begins with entry {expected}, this one begins with {found}: {}", gap(*expected, *found))]
    FirstSeq {
        /// One past the last entry before.
        expected: u64,
        /// What the header says.
        found: u64,
    },
    /// The segment follows another one than is there.
    #[error(
        "expected previous hash {}, the header names {}: the segment before is missing, changed or cut",
        short(expected),
        short(found)
    )]
    PreviousSegment {
        /// Of the last entry before.
        expected: Hash,
        /// In the header.
        found: Hash,
    },
    /// Bytes that are no entry.
    #[error("expected entry {expected}: {how}; {bytes} bytes cannot be read{}", behind_words(*behind))]
    Damaged {
        /// Sequence number of the entry that should be there.
        expected: u64,
        /// What is wrong at the first of them.
        how: How,
        /// How many.
        bytes: u64,
        /// What comes behind.
        behind: Behind,
    },
    /// The newest segment ends within an entry.
    #[error(
        "expected entry {expected}: unfinished tail: the last {bytes} bytes are the beginning of an entry. A crash leaves this, and the next start cuts it off and records it; so does a cut. If the gateway is running, use --live"
    )]
    UnfinishedTail {
        /// Sequence number of the entry that should be there.
        expected: u64,
        /// How many.
        bytes: u64,
    },
    /// The entry is out of its place.
    #[error("expected entry {expected}, found {found}: {}", gap(*expected, *found))]
    Seq {
        /// One past the entry before.
        expected: u64,
        /// In the entry.
        found: u64,
    },
    /// The entry follows another one than is there.
    #[error(
        "expected previous hash {}, the entry names {}: the entry before was changed or exchanged",
        short(expected),
        short(found)
    )]
    Previous {
        /// Of the bytes before.
        expected: Hash,
        /// In the entry.
        found: Hash,
    },
    /// Bytes that must be zero are not.
    #[error("expected 0 in the reserved field, found {0:#x}")]
    Reserved(u32),
    /// The payload is sound bytes but no value.
    #[error("{0}")]
    Payload(String),
    /// A `started` entry names a segment that is gone.
    #[error("this entry says that the run began {segment}, which is missing")]
    OpenedMissing {
        /// The missing file.
        segment: String,
    },
    /// A `started` entry names a segment whose header was another one then.
    #[error(
        "this entry says that the header of {segment} has hash {}, it has {}: replaced",
        short(expected),
        short(found)
    )]
    OpenedOther {
        /// The file.
        segment: String,
        /// In the entry.
        expected: Hash,
        /// Of the file.
        found: Hash,
    },
}

impl Wrong {
    /// A short, stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Wrong::FileName => "file_name",
            Wrong::Header(_) => "header",
            Wrong::Renamed { .. } => "renamed",
            Wrong::FirstSeq { .. } => "first_seq",
            Wrong::PreviousSegment { .. } => "previous_segment",
            Wrong::Damaged { .. } => "damaged",
            Wrong::UnfinishedTail { .. } => "unfinished_tail",
            Wrong::Seq { .. } => "seq",
            Wrong::Previous { .. } => "previous",
            Wrong::Reserved(_) => "reserved",
            Wrong::Payload(_) => "payload",
            Wrong::OpenedMissing { .. } => "opened_missing",
            Wrong::OpenedOther { .. } => "opened_other",
        }
    }
}

fn gap(expected: u64, found: u64) -> String {
    match found.checked_sub(expected) {
        Some(0) => "nothing is missing".into(),
        Some(1) => format!("entry {expected} is missing"),
        Some(_) => format!("entries {expected} to {} are missing", found - 1),
        None => "out of order, or there twice".into(),
    }
}

fn behind_words(behind: Behind) -> &'static str {
    match behind {
        Behind::Nothing => ", to the end of the file",
        Behind::Frame => "; a sound entry follows",
        Behind::Unknown => {
            ", to the end of the file: too much there looks like entries and is none"
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} offset {}", self.file.escape_debug(), self.offset)?;
        if let Some(seq) = self.seq {
            write!(f, " entry {seq}")?;
        }
        write!(f, ": {}", self.wrong)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fault = to.serialize_struct("Fault", 5)?;
        fault.serialize_field("file", &self.file)?;
        fault.serialize_field("offset", &self.offset)?;
        fault.serialize_field("seq", &self.seq)?;
        fault.serialize_field("code", self.wrong.code())?;
        fault.serialize_field("message", &self.wrong.to_string())?;
        fault.end()
    }
}

pub(super) fn hex<S: Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&HEXLOWER.encode(hash))
}
