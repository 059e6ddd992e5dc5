//! Masks, made in the text of a record and written back by its format.
//!
//! ```text
//! found as it lies  ─► edits of the body ──────────────────────────┐
//! found in a text   ─► edits of the text ─► change: the record anew ┴─► edits of the body
//! ```
//!
//! Owns: how the two come together. Refuses: to leave a record half masked: what cannot be written back is a
//! fault. Stays true: edits of the body ascend; a record is replaced by another of its schema; a mask that
//! would make a number a string makes none, for a schema's number stays one.

use super::change::Change;
use super::lexicon::Lexicon;
use super::scan::Opaque;
use super::{Told, Walker};
use crate::chunk::{Field, Finding};
use crate::scan::Scratch;
use crate::scan::mask::{Edit, Edits, JsonNumber, Mask, Masker, Order};
use crate::schema::edit::EditFault;

/// A mask that cannot be written into its record, which must not go on. It is the record's fault: it can be
/// read in more ways than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record cannot be masked: {0}")]
pub struct MaskFault(#[from] EditFault);

/// What a batch's masks are planned with.
pub struct Plan<'p> {
    /// Makes the edits.
    pub masker: &'p Masker<'p>,
    /// As it was for the scan.
    pub lexicon: &'p Lexicon<'p>,
    /// The batch's body.
    pub body: &'p [u8],
}

impl Walker {
    /// Appends the edits that hide what was found. `raw`: orders for what was found as it lies; `mask`: what
    /// hides a finding of a text, by its place among them.
    ///
    /// # Errors
    /// A record that cannot be written anew.
    pub fn plan<F>(
        &self,
        plan: &Plan<'_>,
        fields: F,
        raw: &mut [Order],
        mask: impl Fn(usize, &Finding) -> Option<Mask>,
        scratch: &mut Scratch,
        out: &mut Edits,
    ) -> Result<(), MaskFault>
    where
        F: Iterator<Item = Field>,
    {
        let Plan { masker, body, .. } = *plan;
        let again = Again {
            walker: self,
            fields,
            told: self.told.as_slice(),
            opaque: Opaque::default(),
        };
        if self.found.is_empty() {
            masker.plan(body, again, raw, scratch, out);
            return Ok(());
        }
        let mut as_it_lies = Edits::new();
        masker.plan(body, again, raw, scratch, &mut as_it_lies);
        let mut orders = orders(&self.found, mask);
        let texts = self.told.iter().map(|told| told.text);
        let mut in_texts = Edits::new();
        masker.plan(self.text(), texts, &mut orders, scratch, &mut in_texts);
        self.merge(plan, &as_it_lies, &in_texts, &mut orders, scratch, out)
    }

    /// Puts both in the order of the body.
    fn merge(
        &self,
        plan: &Plan<'_>,
        as_it_lies: &Edits,
        in_texts: &Edits,
        orders: &mut [Order],
        scratch: &mut Scratch,
        out: &mut Edits,
    ) -> Result<(), MaskFault> {
        let (mut raw, mut text) = (as_it_lies.iter().peekable(), in_texts.iter().peekable());
        for told in &self.told {
            while let Some(edit) = raw.next_if(|e| e.end <= told.field.start as usize) {
                out.push(edit.start..edit.end, edit.with, edit.looks_valid);
            }
            let inside = |e: &Edit<'_>| e.start < told.text.end as usize;
            let texts: Vec<_> = std::iter::from_fn(|| text.next_if(inside)).collect();
            let lying = |e: &Edit<'_>| e.start < told.field.end as usize;
            let lying: Vec<_> = std::iter::from_fn(|| raw.next_if(lying)).collect();
            if texts.is_empty() && lying.iter().all(|edit| edit.keeps_length()) {
                lying
                    .iter()
                    .for_each(|e| out.push(e.start..e.end, e.with, e.looks_valid));
                continue;
            }
            let whole = told.text.start as usize..told.text.end as usize;
            let moved = |e: &Edit<'_>| (e.start..e.end) == whole && !e.keeps_length();
            let full;
            let texts = match texts.iter().any(moved) {
                false => texts,
                true => {
                    full = self.in_full(plan, told, orders, scratch);
                    full.iter().collect()
                }
            };
            let change = Change {
                walker: self,
                told,
                lexicon: plan.lexicon,
                body: plan.body,
            };
            let made = change.made(&texts, &lying)?;
            let payload = told.payload as usize..told.field.end as usize;
            out.push(
                payload,
                &made,
                texts.iter().chain(&lying).any(|e| e.looks_valid),
            );
        }
        raw.for_each(|e| out.push(e.start..e.end, e.with, e.looks_valid));
        Ok(())
    }

    /// The edits of one text in which nothing moves, so that each value is found again.
    fn in_full(
        &self,
        plan: &Plan<'_>,
        told: &Told,
        orders: &[Order],
        scratch: &mut Scratch,
    ) -> Edits {
        let span = told.text.start..told.text.end;
        let mine = orders.iter().filter(|o| span.contains(&o.finding.start));
        let mut mine: Vec<_> = mine
            .map(|order| Order {
                finding: order.finding,
                mask: Mask::FULL,
            })
            .collect();
        let mut edits = Edits::new();
        let text = std::iter::once(told.text);
        plan.masker
            .plan(self.text(), text, &mut mine, scratch, &mut edits);
        edits
    }
}

/// The orders for findings of texts, in which a number stays one.
fn orders(found: &[Finding], mask: impl Fn(usize, &Finding) -> Option<Mask>) -> Vec<Order> {
    let order = |(at, finding): (usize, &Finding)| {
        let mask = Mask {
            json_number: JsonNumber::Number,
            ..mask(at, finding)?
        };
        let finding = *finding;
        Some(Order { finding, mask })
    };
    found.iter().enumerate().filter_map(order).collect()
}

/// The fields that were scanned as they lie, once more.
struct Again<'w, F> {
    walker: &'w Walker,
    fields: F,
    told: &'w [Told],
    opaque: Opaque,
}

impl<F: Iterator<Item = Field>> Iterator for Again<'_, F> {
    type Item = Field;

    fn next(&mut self) -> Option<Field> {
        loop {
            if let Some(value) = self.opaque.next(&self.walker.rendition) {
                return Some(value);
            }
            let field = self.fields.next()?;
            match self.told.split_first() {
                Some((told, rest)) if told.field == field => {
                    self.told = rest;
                    if told.also_raw {
                        return Some(field);
                    }
                    self.opaque = Opaque::of(told);
                }
                _ => return Some(field),
            }
        }
    }
}
