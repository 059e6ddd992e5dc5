//! Masks of values that are escaped or encoded: made in the text as it reads, and written back.
//!
//! Owns: which findings go that way, and how their edits and those of the others come together. Refuses: to
//! decode (`views`). Stays true: where the edits of both ways would overlap, nothing is done here, and `foreign`
//! overwrites the bytes as they stand; so it is with what could not be written back, which the second look finds.
//!
//! A mask that takes a member or replaces the value hides what was written without reading it, so it does not come here.
//! Of the others, those that change a length become full.

use super::super::{Replacement, Scratch};
use super::again::Work;
use super::edits::Edits;
use super::nearby::is_plain_text;
use super::place::Ground;
use super::plan::Order;
use super::style::{Mask, MaskStyle};
use super::walk::FieldText;
use crate::chunk::{Finding, Form};

/// Appends the edits for all orders of a field some of which are written otherwise. False: nothing was done,
/// for there is none, or edits would overlap.
pub(super) fn edits(
    field: &FieldText<'_>,
    orders: &[Order],
    scratch: &mut Scratch,
    work: &mut Work,
    out: &mut Edits,
) -> bool {
    if !orders.iter().any(goes_here) {
        return false;
    }
    let (deep, flat): (Vec<Order>, Vec<Order>) = orders.iter().cloned().partition(goes_here);
    let written = rewritten(field, &deep, scratch);
    // A number that loses a leading zero would be shorter: what is only spelled otherwise keeps its length.
    let spelled = deep.iter().all(|order| order.finding.form == Form::Escaped);
    if spelled
        && written
            .iter()
            .any(|edit| edit.span.len() != edit.with.len())
    {
        return false;
    }
    let mut own = Edits::new();
    if !flat.is_empty() {
        field.edits(&flat, &mut work.made, &mut own);
    }
    let by_purpose = |order: &Order| order.mask.style == MaskStyle::FormatPreserving;
    let looks_valid = deep.iter().all(by_purpose);
    let written = written.iter().map(|edit| {
        let span = edit.span.start + field.base..edit.span.end + field.base;
        (span, edit.with.as_slice(), looks_valid)
    });
    let own = own
        .iter()
        .map(|edit| (edit.start..edit.end, edit.with, edit.looks_valid));
    let mut all: Vec<_> = own.clone().chain(written).collect();
    all.sort_by_key(|(span, ..)| (span.start, span.end));
    if all.windows(2).any(|pair| pair[0].0.end > pair[1].0.start) {
        return false;
    }
    for (span, with, looks_valid) in all {
        out.push(span, with, looks_valid);
    }
    true
}

/// Whether the field may change its length. One that is a gzip stream itself has its own end.
pub(super) fn is_elastic(text: &[u8]) -> bool {
    text.starts_with(&[0x1f, 0x8b]) || is_plain_text(text) || Ground::new(text).is_elastic()
}

fn goes_here(order: &Order) -> bool {
    let otherwise = matches!(order.finding.form, Form::Escaped | Form::Encoded);
    otherwise && !matches!(order.mask.style, MaskStyle::Remove | MaskStyle::Replace(_))
}

fn rewritten(field: &FieldText<'_>, deep: &[Order], scratch: &mut Scratch) -> Vec<Replacement> {
    let relative = |order: &Order| Finding {
        start: order.finding.start - field.base as u32,
        end: order.finding.end - field.base as u32,
        ..order.finding
    };
    let findings: Vec<_> = deep.iter().map(relative).collect();
    let mut made = Vec::new();
    let engine = field.engine;
    engine.rewrite(field.text, &findings, scratch, &mut |text, inner| {
        let orders: Vec<_> = inner.iter().filter_map(|new| within(new, deep)).collect();
        let view = FieldText {
            text,
            base: 0,
            ..*field
        };
        let mut edits = Edits::new();
        view.edits(&orders, &mut made, &mut edits);
        let replacement = |edit: super::Edit<'_>| Replacement {
            span: edit.start..edit.end,
            with: edit.with.to_vec(),
        };
        edits.iter().map(replacement).collect()
    })
}

/// The order for what a view shows: the strictest of its detector, in place.
fn within(new: &Finding, deep: &[Order]) -> Option<Order> {
    let same = |order: &&Order| order.finding.detector == new.detector;
    let style = Mask::strictest(deep.iter().filter(same).map(|order| &order.mask))?.style;
    let finding = Finding {
        form: Form::Plain,
        ..*new
    };
    let keeps = style.is_fill() || style == MaskStyle::FormatPreserving;
    let mask = if keeps { style.into() } else { Mask::FULL };
    Some(Order { finding, mask })
}
