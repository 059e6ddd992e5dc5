//! A second look at a field that was masked.
//!
//! Owns: that nothing which was to be hidden is to be found afterwards. Refuses: to change a length again.
//! Stays true: it ends after [`LOOKS_MAX`] looks; what looks valid by purpose is left as it is.
//!
//! Masks are made so that what they leave is no value by itself. But a detector also looks at what
//! stands around: digits that made a neighbour a part of something longer are gone, a word comes within
//! reach of a number because what stood between them got shorter, of two readings of a number the one
//! that is not masked loses its word. What comes to light by that is masked as well, in place.

use super::super::Scratch;
use super::edits::{Edit, Edits, apply_in_place};
use super::plan::Order;
use super::style::Mask;
use super::walk::FieldText;
use crate::chunk::{Field, Finding, Likelihood, Part};
use std::ops::Range;

/// Looks at one field. Each finds less than the one before; the second already finds next to nothing.
const LOOKS_MAX: usize = 5;
/// What rules act on.
const ACTS: Likelihood = Likelihood::Likely;

/// Memory that is used from field to field.
#[derive(Default)]
pub(super) struct Work {
    /// The field as it will be.
    pub(super) text: Vec<u8>,
    /// One finding's mask.
    pub(super) made: Vec<u8>,
    /// Where in the field stands what looks valid by purpose.
    exempt: Vec<Range<usize>>,
    found: Vec<Finding>,
    edits: Edits,
}

impl Work {
    /// Puts the field with these edits into `text`, and masks what can be found in it. Whether there was
    /// something.
    pub(super) fn look_again<'e>(
        &mut self,
        field: &FieldText<'_>,
        orders: &[Order],
        edits: impl Iterator<Item = Edit<'e>>,
        scratch: &mut Scratch,
    ) -> bool {
        self.rewrite(field, edits);
        for look in 0..LOOKS_MAX {
            let again = self.again(field, orders, look, scratch);
            if again.is_empty() {
                return look > 0;
            }
            let text = std::mem::take(&mut self.text);
            let made = FieldText {
                text: &text,
                base: 0,
                ..*field
            };
            self.edits.clear();
            made.edits(&again, &mut self.made, &mut self.edits);
            self.text = text;
            apply_in_place(&mut self.text, self.edits.iter());
        }
        true
    }

    fn rewrite<'e>(&mut self, field: &FieldText<'_>, edits: impl Iterator<Item = Edit<'e>>) {
        self.text.clear();
        self.exempt.clear();
        let mut at = 0;
        for edit in edits {
            let old = edit.start - field.base..edit.end - field.base;
            let kept = field.text.get(at..old.start).unwrap_or_default();
            self.text.extend_from_slice(kept);
            let start = self.text.len();
            self.text.extend_from_slice(edit.with);
            if edit.looks_valid {
                self.exempt.push(start..self.text.len());
            }
            at = old.end;
        }
        let rest = field.text.get(at..).unwrap_or_default();
        self.text.extend_from_slice(rest);
    }

    /// What a mask was to hide and is there, and how to hide it.
    fn again(
        &mut self,
        field: &FieldText<'_>,
        orders: &[Order],
        look: usize,
        scratch: &mut Scratch,
    ) -> Vec<Order> {
        let whole = Field {
            record: 0,
            part: Part::Value,
            start: 0,
            end: self.text.len() as u32,
        };
        self.found.clear();
        let fields = std::iter::once(whole);
        field
            .engine
            .scan(&self.text, fields, scratch, &mut self.found);
        let lowest = orders.iter().map(|order| order.finding.likelihood).min();
        let acts = lowest.unwrap_or(ACTS).min(ACTS);
        let by_purpose = |new: &Finding| {
            let (start, end) = (new.start as usize, new.end as usize);
            let meets = |span: &Range<usize>| start < span.end && span.start < end;
            self.exempt.iter().any(meets)
        };
        let order = |new: &Finding| {
            let of_place = field.engine.mask_row(new.detector)?.is_of_place();
            let here = (new.start as usize) < field.upto;
            let hides = here && new.likelihood >= acts && !of_place && !by_purpose(new);
            let mask = hides.then(|| mask_for(new, orders, look))??;
            let finding = *new;
            Some(Order { finding, mask })
        };
        self.found.iter().filter_map(order).collect()
    }
}

/// How the detector's findings are masked in this field, as far as that can be done in place; in full
/// from the second time on.
fn mask_for(new: &Finding, orders: &[Order], look: usize) -> Option<Mask> {
    let same = |order: &&Order| order.finding.detector == new.detector;
    let masks = orders.iter().filter(same).map(|order| &order.mask);
    let style = Mask::strictest(masks)?.style;
    Some(match style.is_fill() && look == 0 {
        true => style.into(),
        false => Mask::FULL,
    })
}
