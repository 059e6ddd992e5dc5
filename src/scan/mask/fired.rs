//! What must not be seen again.
//!
//! Owns: the question whether a text could be a value of a detector that fired. Refuses: context; only
//! the form of the text counts, so the answer may be yes too often and never no too often. Stays true:
//! asked of every mask before it is written.

use super::super::Engine;
use super::row::Row;
use super::units::units;
use crate::chunk::DetectorSet;
use std::cell::RefCell;

/// The detectors that fired.
pub(super) struct Fired<'e> {
    rows: Vec<Row<'e>>,
    /// A value without its separators.
    compact: RefCell<Vec<u8>>,
}

impl<'e> Fired<'e> {
    pub(super) fn new(engine: &'e Engine, set: DetectorSet) -> Fired<'e> {
        Fired {
            rows: set.iter().filter_map(|id| engine.mask_row(id)).collect(),
            compact: RefCell::default(),
        }
    }

    /// Whether the text, the value in it, or any of its words could be a value.
    pub(super) fn fits(&self, text: &[u8], row: &Row<'_>, in_string: bool) -> bool {
        let mut compact = self.compact.borrow_mut();
        compact.clear();
        for unit in units(text, row.alphabet, in_string).filter(|unit| unit.is_value) {
            compact.extend_from_slice(text.get(unit.span).unwrap_or_default());
        }
        self.is_value(&compact) || self.is_value(text) || self.has_value(text)
    }

    /// Whether it could be a value as it stands.
    pub(super) fn is_value(&self, text: &[u8]) -> bool {
        self.rows.iter().any(|row| row.fits(text))
    }

    fn has_value(&self, text: &[u8]) -> bool {
        text.split(|byte| !byte.is_ascii_alphanumeric())
            .any(|word| !word.is_empty() && word.len() < text.len() && self.is_value(word))
    }
}
