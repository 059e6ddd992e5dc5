//! From findings and their masks to the edits of a body.
//!
//! Owns: the way through the fields, and what becomes of one whose length may not change. Refuses: records. Stays true: edits ascend and each lies in one field;
//! time is linear in the fields that have findings.

use super::super::{Engine, Scratch};
use super::again::Work;
use super::edits::Edits;
use super::fired::Fired;
use super::keys::MaskKeys;
use super::packed;
use super::style::{Mask, MaskStyle};
use super::walk::FieldText;
use crate::chunk::{DetectorSet, Field, Finding};

/// A finding, and how it is to be hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What was found.
    pub finding: Finding,
    /// What is left of it.
    pub mask: Mask,
}

/// Plans edits.
#[derive(Clone, Copy)]
pub struct Masker<'a> {
    /// Knows the detectors, and looks at each masked field again.
    pub engine: &'a Engine,
    /// For tokens and format-preserving encryption; without them those become full masks.
    pub keys: Option<&'a MaskKeys>,
    /// What is found again from this byte of the body on is left alone: what follows the body could make it
    /// something else. `usize::MAX` where nothing follows.
    pub upto: usize,
}

impl Masker<'_> {
    /// Appends the edits that carry out `orders`. Fields ascend and do not touch; an order whose
    /// finding lies in none of them is passed over.
    pub fn plan(
        &self,
        body: &[u8],
        fields: impl Iterator<Item = Field>,
        orders: &mut [Order],
        scratch: &mut Scratch,
        out: &mut Edits,
    ) {
        orders.sort_by_key(|order| (order.finding.start, order.finding.end));
        let fired = Fired::new(self.engine, detectors(orders));
        let (mut rest, mut work) = (&*orders, Work::default());
        for field in fields {
            let before = |order: &Order| order.finding.start < field.start;
            rest = &rest[rest.partition_point(before)..];
            if rest.is_empty() {
                return;
            }
            let inside = |order: &Order| order.finding.start < field.end;
            let (mine, others) = rest.split_at(rest.partition_point(inside));
            rest = others;
            let Some(text) = body.get(field.start as usize..field.end as usize) else {
                return;
            };
            let text = FieldText {
                text,
                base: field.start as usize,
                engine: self.engine,
                fired: &fired,
                keys: self.keys,
                upto: self.upto.saturating_sub(field.start as usize),
            };
            if !mine.is_empty() {
                self.field(&text, mine, scratch, &mut work, out);
            }
        }
    }

    fn field(
        &self,
        field: &FieldText<'_>,
        orders: &[Order],
        scratch: &mut Scratch,
        work: &mut Work,
        out: &mut Edits,
    ) {
        let mark = out.mark();
        let elastic = match packed::edits(field, orders, scratch, work, out) {
            true => packed::is_elastic(field.text),
            false => field.edits(orders, &mut work.made, out),
        };
        let in_place = out.since(mark).all(|edit| edit.keeps_length());
        if !in_place && !elastic {
            out.forget_from(mark);
            let orders: Vec<_> = orders.iter().map(in_full).collect();
            field.edits(&orders, &mut work.made, out);
        }
        if work.look_again(field, orders, out.since(mark), scratch) {
            out.forget_from(mark);
            let whole = field.base..field.base + field.text.len();
            out.push(whole, &work.text, false);
        }
    }
}

/// The same in place: format-preserving where it was asked for, in full otherwise.
fn in_full(order: &Order) -> Order {
    let mask = match order.mask.style {
        MaskStyle::FormatPreserving => MaskStyle::FormatPreserving.into(),
        _ => Mask::FULL,
    };
    Order {
        finding: order.finding,
        mask,
    }
}

fn detectors(orders: &[Order]) -> DetectorSet {
    orders.iter().map(|order| order.finding.detector).collect()
}
