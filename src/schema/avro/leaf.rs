//! One value of a datum that holds no others.
//!
//! Owns: what is known about it. Refuses: to decode text. Stays true: its spans lie in the datum.

use super::frames::{Frame, elements};
use super::table::{Logical, Schema};
use crate::schema::path::{self, Element};
use std::ops::Range;

/// What a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The key of a map's entry; the last element of its path.
    Name,
    /// UTF-8, so the writer says.
    Text,
    /// Bytes with a length in front.
    Bytes,
    /// Bytes whose number the schema says.
    Fixed,
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    Long,
    /// A 32-bit fraction.
    Float,
    /// A 64-bit fraction.
    Double,
    /// One byte.
    Boolean,
    /// The index of a symbol.
    Enum,
    /// No byte at all.
    Null,
}

/// One value, or one key of a map.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'w> {
    /// What it is.
    pub kind: Kind,
    /// What it means beyond that.
    pub logical: Logical,
    /// An integer's value, or that of a fraction that is whole and below 2^53.
    pub number: Option<i64>,
    /// First byte of the length in front, if it has one; else that of the value.
    pub(super) prefix: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) union: Option<UnionIndex>,
    pub(super) schema: &'w Schema,
    pub(super) frames: &'w [Frame],
    pub(super) datum: &'w [u8],
}

/// The branch that a union chose, as it stands in front of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnionIndex {
    pub start: usize,
    /// The branch that is null, if there is one.
    pub null: Option<u32>,
}

impl<'w> Leaf<'w> {
    /// The value: a text without its length, an integer's varint.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The length in front of a text, of bytes and of keys; else empty.
    pub fn prefix(&self) -> Range<usize> {
        self.prefix..self.start
    }

    /// The bytes of the value.
    pub fn bytes(&self) -> &'w [u8] {
        self.datum.get(self.span()).unwrap_or_default()
    }

    /// Whether it may be null instead.
    pub fn is_optional(&self) -> bool {
        self.union.is_some_and(|union| union.null.is_some())
    }

    /// Names and indexes from the outside in.
    pub fn elements(&self) -> impl Iterator<Item = Element<'w>> + use<'w> {
        elements(self.schema, self.datum, self.frames)
    }

    /// The path as text, safe to show.
    pub fn path(&self) -> String {
        path::shown(self.elements())
    }
}
