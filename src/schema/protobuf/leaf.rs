//! One value of a message that holds no others.
//!
//! Owns: what is known about it. Refuses: to decode text. Stays true: its spans lie in the message.

use super::frames::{Frame, elements};
use super::table::{Scalar, Schema};
use crate::schema::path::{self, Element};
use std::ops::Range;

/// What a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The key of a map's entry, text or number; the last element of its path.
    Name,
    /// UTF-8, so the schema or the look of it says.
    Text,
    /// Bytes with a length in front.
    Bytes,
    /// An integer of any width.
    Integer,
    /// A fraction of any width.
    Fraction,
    /// True or false.
    Boolean,
    /// The number of an enum's value.
    Enum,
}

/// One value, or one key of a map.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'w> {
    /// What it is.
    pub kind: Kind,
    /// An integer's value, as far as it has 63 bits, or that of a fraction that is whole and below
    /// 2^53. Without a schema the integer is taken as it stands, not as zigzag.
    pub number: Option<i64>,
    /// Its length must stay: it may be a message that looks like text.
    pub keeps_length: bool,
    pub(super) scalar: Option<Scalar>,
    /// Its field may be left away.
    pub(super) removable: bool,
    pub(super) tag: usize,
    pub(super) prefix: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) schema: &'w Schema,
    pub(super) frames: &'w [Frame],
    pub(super) message: &'w [u8],
}

impl<'w> Leaf<'w> {
    /// The value: a text without its length, an integer's varint.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The length in front of text and bytes; else empty.
    pub fn prefix(&self) -> Range<usize> {
        self.prefix..self.start
    }

    /// The bytes of the value.
    pub fn bytes(&self) -> &'w [u8] {
        self.message.get(self.span()).unwrap_or_default()
    }

    /// Whether it lies in a message that no schema tells of: what looks like one may be something else.
    pub fn is_guessed(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.guessed > 0)
    }

    /// Names and indexes from the outside in.
    pub fn elements(&self) -> impl Iterator<Item = Element<'w>> + use<'w> {
        elements(self.schema, self.message, self.frames)
    }

    /// The path as text, safe to show.
    pub fn path(&self) -> String {
        path::shown(self.elements())
    }
}

/// What an integer or fraction of this type is.
pub(super) fn scalar_kind(scalar: Scalar) -> Kind {
    match scalar {
        Scalar::Double | Scalar::Float => Kind::Fraction,
        Scalar::Boolean => Kind::Boolean,
        Scalar::Enum => Kind::Enum,
        _ => Kind::Integer,
    }
}
