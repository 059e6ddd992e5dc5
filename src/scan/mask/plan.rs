//! From findings and their masks to the edits of a body.
//!
//! Owns: the way through the fields, the grouping of findings that overlap, and the second look at
//! fields whose length changes. Refuses: records. Stays true: edits ascend and each lies in one field;
//! time is linear in the fields that have findings.

use super::super::{Engine, Scratch};
use super::edits::{Edit, Edits, Mark};
use super::fired::Fired;
use super::keys::MaskKeys;
use super::style::{Mask, MaskStyle};
use super::walk::FieldText;
use crate::chunk::{DetectorSet, Field, Finding, Likelihood, Part};
use std::ops::Range;

/// A finding, and how it is to be hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What was found.
    pub finding: Finding,
    /// What is left of it.
    pub mask: Mask,
}

/// Makes edits to a field whose values have lengths in front (Avro, Protobuf): the new field, its
/// inner lengths written anew. `None`: it cannot, and the field is masked in place. Edits are the
/// field's own offsets.
pub type Reframe = fn(field: &[u8], edits: &Edits) -> Option<Vec<u8>>;

/// Plans edits.
#[derive(Clone, Copy)]
pub struct Masker<'a> {
    /// Looks again at what a change of length made.
    pub engine: &'a Engine,
    /// For tokens and format-preserving encryption; without them those become full masks.
    pub keys: Option<&'a MaskKeys>,
    /// For fields that are neither JSON nor plain text.
    pub reframe: Option<Reframe>,
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
        let (mut rest, mut made) = (&*orders, Vec::new());
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
            };
            if !mine.is_empty() {
                self.field(&text, mine, scratch, &mut made, out);
            }
        }
    }

    fn field(
        &self,
        text: &FieldText<'_>,
        orders: &[Order],
        scratch: &mut Scratch,
        made: &mut Vec<u8>,
        out: &mut Edits,
    ) {
        let mark = out.mark();
        let elastic = text.edits(orders, made, out);
        if out.since(mark).all(|edit| edit.keeps_length()) {
            return;
        }
        let holds = match elastic {
            true => !self.fires_again(text, orders, out, mark, scratch),
            false => self.reframed(text, out, mark),
        };
        if !holds {
            out.forget_from(mark);
            let in_place: Vec<_> = orders.iter().map(in_place).collect();
            text.edits(&in_place, made, out);
        }
    }

    /// Whether the new text still has what the masks were to hide. What looks valid by purpose does not
    /// count.
    fn fires_again(
        &self,
        field: &FieldText<'_>,
        orders: &[Order],
        out: &Edits,
        mark: Mark,
        scratch: &mut Scratch,
    ) -> bool {
        let (made, exempt) = rewritten(field, out.since(mark));
        let whole = Field {
            record: 0,
            part: Part::Value,
            start: 0,
            end: made.len() as u32,
        };
        let mut found = Vec::new();
        let fields = std::iter::once(whole);
        self.engine.scan(&made, fields, scratch, &mut found);
        let lowest = orders.iter().map(|order| order.finding.likelihood).min();
        let acts = lowest.unwrap_or(ACTS).min(ACTS);
        let hidden = |new: &Finding| {
            let same = |order: &Order| order.finding.detector == new.detector;
            let row = self.engine.mask_row(new.detector);
            let of_place = row.is_some_and(|row| row.is_of_place());
            new.likelihood >= acts && !of_place && orders.iter().any(same)
        };
        let by_purpose = |new: &Finding| {
            let (start, end) = (new.start as usize, new.end as usize);
            exempt
                .iter()
                .any(|span| start < span.end && span.start < end)
        };
        found.iter().any(|new| hidden(new) && !by_purpose(new))
    }

    /// Puts one edit that replaces the whole field in the place of the field's own.
    fn reframed(&self, field: &FieldText<'_>, out: &mut Edits, mark: Mark) -> bool {
        let Some(reframe) = self.reframe else {
            return false;
        };
        let mut own = Edits::new();
        for edit in out.since(mark) {
            let span = edit.start - field.base..edit.end - field.base;
            own.push(span, edit.with, edit.looks_valid);
        }
        let Some(made) = reframe(field.text, &own) else {
            return false;
        };
        out.forget_from(mark);
        out.push(field.base..field.base + field.text.len(), &made, false);
        true
    }
}

/// What rules act on.
const ACTS: Likelihood = Likelihood::Likely;

/// The same in place: format-preserving where it was asked for, in full otherwise.
fn in_place(order: &Order) -> Order {
    let mask = match order.mask.style {
        MaskStyle::FormatPreserving => MaskStyle::FormatPreserving.into(),
        _ => Mask::FULL,
    };
    Order {
        finding: order.finding,
        mask,
    }
}

/// The field as it will be, and where in it stands what looks valid by purpose.
fn rewritten<'e>(
    field: &FieldText<'_>,
    edits: impl Iterator<Item = Edit<'e>>,
) -> (Vec<u8>, Vec<Range<usize>>) {
    let (mut made, mut exempt, mut at) = (Vec::new(), Vec::new(), 0);
    for edit in edits {
        let old = edit.start - field.base..edit.end - field.base;
        made.extend_from_slice(field.text.get(at..old.start).unwrap_or_default());
        if edit.looks_valid {
            exempt.push(made.len()..made.len() + edit.with.len());
        }
        made.extend_from_slice(edit.with);
        at = old.end;
    }
    made.extend_from_slice(field.text.get(at..).unwrap_or_default());
    (made, exempt)
}

fn detectors(orders: &[Order]) -> DetectorSet {
    orders
        .iter()
        .fold(DetectorSet::default(), |mut set, order| {
            set.insert(order.finding.detector);
            set
        })
}
