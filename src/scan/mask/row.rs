//! What a mask has to know of a detector, built in or the user's own.
//!
//! Owns: the bounds for the user's own, which have no row in the table. Refuses: to find anything.
//! Stays true: of a value that a user's detector finds every character is hidden, and at most half is kept.

use super::super::custom::{Custom, Kind};
use super::super::detector::{Alphabet, Detector};
use crate::limits::MASK_KEEP_MAX;

/// A detector, as masks see it.
#[derive(Clone, Copy)]
pub(in crate::scan) struct Row<'e> {
    pub(super) name: &'e str,
    pub(super) alphabet: Alphabet,
    pub(super) keep_first_max: u8,
    pub(super) keep_last_max: u8,
    from: From<'e>,
}

#[derive(Clone, Copy)]
enum From<'e> {
    Table(&'static Detector),
    User(&'e Custom),
}

impl<'e> Row<'e> {
    pub(in crate::scan) fn of_table(row: &'static Detector) -> Row<'e> {
        Row {
            name: row.name,
            alphabet: row.alphabet,
            keep_first_max: row.keep_first_max,
            keep_last_max: row.keep_last_max,
            from: From::Table(row),
        }
    }

    pub(in crate::scan) fn of_user(custom: &'e Custom) -> Row<'e> {
        Row {
            name: &custom.name,
            alphabet: Alphabet::Text,
            keep_first_max: MASK_KEEP_MAX,
            keep_last_max: MASK_KEEP_MAX,
            from: From::User(custom),
        }
    }

    /// Most characters of `count` that a mask may keep.
    pub(super) fn kept_max(&self, count: usize) -> usize {
        match self.from {
            From::Table(_) => count.saturating_sub(1),
            From::User(_) => count / 2,
        }
    }

    /// Whether this could be a value, context aside.
    pub(super) fn fits(&self, text: &[u8]) -> bool {
        match self.from {
            From::Table(row) => (row.fits)(text),
            From::User(custom) => match &custom.kind {
                Kind::Pattern(pattern) => pattern.matches(text).next().is_some(),
                // What fires on a name or a word of its own says nothing of what the mask has left.
                Kind::Words(_) | Kind::Fields(_) => false,
            },
        }
    }

    /// Whether it fires on whatever stands in its place, so that masks cannot keep it from firing.
    pub(super) fn is_of_place(&self) -> bool {
        matches!(self.from, From::User(custom) if matches!(custom.kind, Kind::Fields(_)))
    }
}
