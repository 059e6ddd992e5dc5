//! Edits of a view, carried back to the field it was read from.
//!
//! Owns: the way of an edit down one layer. Refuses: to say what is edited: the caller plans edits of a text as it reads,
//! as for any field. Stays true: reading the field again gives the edited view; what is not edited keeps
//! its bytes; characters are edited in their own spelling, and a wrapper is written again around its
//! edited content, in its own fashion. Lengths stay where the edits keep them, save in gzip and zlib.

use super::map::{Kind, Unit, View};
use super::respell::respell;
use super::{base64, deflate, hex, number};
use std::ops::Range;

/// Bytes that take the place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What goes; offsets of the text that is edited.
    pub span: Range<usize>,
    /// What comes.
    pub with: Vec<u8>,
}

/// Both lists as one. Of two that overlap the longer stays: it was made by whoever saw more.
pub(super) fn merge(edits: &mut Vec<Replacement>, more: Vec<Replacement>) {
    if more.is_empty() {
        return;
    }
    edits.extend(more);
    edits.sort_by_key(|edit| (edit.span.start, std::cmp::Reverse(edit.span.end)));
    edits.dedup_by(|next, kept| {
        let overlap = next.span.start < kept.span.end;
        if overlap && next.span.len() > kept.span.len() {
            std::mem::swap(next, kept);
        }
        overlap
    });
}

/// What is to be done to the text below, so that the view reads as edited.
pub(super) fn lower(view: &View<'_>, edits: Vec<Replacement>, below: &[u8]) -> Vec<Replacement> {
    let mut pieces = Vec::with_capacity(edits.len());
    edits
        .into_iter()
        .for_each(|edit| split(view, edit, &mut pieces));
    let mut out = Vec::with_capacity(pieces.len());
    let mut rest = pieces.as_slice();
    while let Some((first, others)) = rest.split_first() {
        let whole = view
            .touched(&first.span)
            .find(|unit| unit.is_whole())
            .copied();
        let Some(unit) = whole else {
            out.push(spelled(view, first, below));
            rest = others;
            continue;
        };
        // Everything within one wrapper is done at once.
        let inside = |edit: &&Replacement| edit.span.start < unit.to as usize;
        let count = 1 + others.iter().take_while(inside).count();
        let (mine, others) = rest.split_at(count.min(rest.len()));
        rest = others;
        let span = unit.start as usize..unit.end as usize;
        let like = below.get(span.clone()).unwrap_or_default();
        let content = apply(view.text, unit.from as usize..unit.to as usize, mine);
        out.push(Replacement {
            with: wrap(unit.kind, content, like),
            span,
        });
    }
    out
}

impl Unit {
    /// Whether it can only be written again as a whole.
    fn is_whole(&self) -> bool {
        !matches!(self.kind, Kind::Spelled | Kind::Row(_) | Kind::Wide(_))
    }
}

/// Cuts an edit where something begins or ends that is written as a whole. Text of the same length is cut with it;
/// of any other the first piece has all.
fn split(view: &View<'_>, edit: Replacement, pieces: &mut Vec<Replacement>) {
    let inside = |at: &usize| edit.span.start < *at && *at < edit.span.end;
    let whole = view.touched(&edit.span).filter(|unit| unit.is_whole());
    let mut cuts: Vec<usize> = whole
        .flat_map(|unit| [unit.from as usize, unit.to as usize])
        .filter(inside)
        .collect();
    if cuts.is_empty() {
        return pieces.push(edit);
    }
    cuts.push(edit.span.end);
    let same = edit.with.len() == edit.span.len();
    let (mut start, mut with) = (edit.span.start, edit.with.as_slice());
    for cut in cuts.into_iter().filter(|cut| *cut > edit.span.start) {
        if cut == start {
            continue;
        }
        let (head, tail) = with.split_at(if same {
            (cut - start).min(with.len())
        } else {
            with.len()
        });
        pieces.push(Replacement {
            span: start..cut,
            with: head.to_vec(),
        });
        (start, with) = (cut, tail);
    }
}

fn apply(text: &[u8], range: Range<usize>, edits: &[Replacement]) -> Vec<u8> {
    let mut out = Vec::with_capacity(range.len());
    let mut at = range.start;
    for edit in edits {
        out.extend_from_slice(text.get(at..edit.span.start).unwrap_or_default());
        out.extend_from_slice(&edit.with);
        at = edit.span.end;
    }
    out.extend_from_slice(text.get(at..range.end).unwrap_or_default());
    out
}

fn wrap(kind: Kind, content: Vec<u8>, like: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Base64 => base64::encode(&content, like),
        Kind::Hex => hex::encode(&content, like),
        Kind::Gzip => deflate::gzip(&content),
        Kind::Zlib => deflate::zlib(&content),
        Kind::Number => number::rewritten(&content, like).unwrap_or(content),
        Kind::Spelled | Kind::Row(_) | Kind::Wide(_) => content,
    }
}

/// An edit of plain and spelled characters.
fn spelled(view: &View<'_>, edit: &Replacement, below: &[u8]) -> Replacement {
    let (span, _) = view.below(&edit.span);
    let old = view.text.get(edit.span.clone()).unwrap_or_default();
    if old.len() != edit.with.len() {
        return Replacement {
            span,
            with: edit.with.clone(),
        };
    }
    let mut out = Vec::with_capacity(span.len());
    let mut at = edit.span.start;
    let new = |from: usize, to: usize| {
        let (from, to) = (
            from.saturating_sub(edit.span.start),
            to.saturating_sub(edit.span.start),
        );
        edit.with
            .get(from..to.min(edit.with.len()))
            .unwrap_or_default()
    };
    for unit in view.touched(&edit.span) {
        let part = (unit.from as usize).max(at)..(unit.to as usize).min(edit.span.end);
        out.extend_from_slice(new(at, part.start));
        let (was, is) = (
            view.text.get(part.clone()).unwrap_or_default(),
            new(part.start, part.end),
        );
        let (like, _) = view.below(&part);
        let like = below.get(if part.is_empty() {
            unit.start as usize..unit.end as usize
        } else {
            like
        });
        characters(unit.kind, was, is, like.unwrap_or_default(), &mut out);
        at = part.end;
    }
    out.extend_from_slice(new(at, edit.span.end));
    Replacement { span, with: out }
}

/// Writes what `is` there now; `like` is how `was` was written.
fn characters(kind: Kind, was: &[u8], is: &[u8], like: &[u8], out: &mut Vec<u8>) {
    if let Kind::Wide(width) = kind {
        let each = like.chunks(usize::from(width).max(1)).zip(is);
        return each.for_each(|(like, byte)| {
            out.extend(like.iter().map(|old| if *old == 0 { 0 } else { *byte }))
        });
    }
    if let Kind::Row(width) = kind {
        let each = like
            .chunks(usize::from(width).max(1))
            .zip(was.iter().zip(is));
        return each.for_each(|(like, (was, is))| match was == is {
            true => out.extend_from_slice(like),
            false => out.extend(respell(*is, like)),
        });
    }
    match is {
        _ if was == is => out.extend_from_slice(like),
        [byte] => out.extend(respell(*byte, like)),
        _ => out.extend_from_slice(is),
    }
}
