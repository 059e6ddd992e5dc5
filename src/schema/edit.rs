//! What is to be changed in a binary record, and why that may fail; of Avro and Protobuf alike.
//!
//! Owns: the words. Refuses: formats. Stays true: no fault quotes a value.

use super::splice::splice;
use std::ops::Range;

/// The bytes are not what their format or schema says. It is the writer's fault, or the schema is
/// another; the record is unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record that its schema does not fit: {what} at byte {at}")]
pub struct Malformed {
    /// What was being read.
    pub what: &'static str,
    /// Where.
    pub at: usize,
}

/// One value to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<'e> {
    /// The span of the leaf, as the walk gave it; not empty.
    pub span: Range<usize>,
    /// What comes instead.
    pub with: With<'e>,
}

/// A new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With<'e> {
    /// For text, keys and bytes, of any length; of its own length where the type fixes that.
    Content(&'e [u8]),
    /// For integers and fractions; for decimals, their unscaled value.
    Number(i64),
    /// No value: the format's `replace` says what stands there then.
    Nothing,
}

/// The record cannot be edited so. It is the caller's fault, save for `Malformed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditFault {
    /// There is no record to edit.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The value's type cannot hold the new one.
    #[error("a value at byte {at} cannot hold {what}")]
    Unfit {
        /// The new value.
        what: &'static str,
        /// The leaf.
        at: usize,
    },
    /// No leaf has this span, or the edits do not ascend.
    #[error("no value at byte {at}")]
    NoSuchLeaf {
        /// Where it was said to be.
        at: usize,
    },
}

/// Ranges of bytes and what takes their place.
pub(super) type Splices = Vec<(Range<usize>, Vec<u8>)>;

/// The bytes with all of them made, in any order.
pub(super) fn spliced(bytes: &[u8], mut splices: Splices) -> Vec<u8> {
    splices.sort_by_key(|(place, _)| place.start);
    let borrowed = splices.iter();
    let borrowed = borrowed.map(|(place, with)| (place.clone(), with.as_slice()));
    splice(bytes, borrowed)
}
