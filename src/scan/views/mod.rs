//! Values that are spelled or packed otherwise are seen too.
//!
//! ```text
//! field ─► marks   cheap signs that something may be spelled otherwise; without one nothing below runs
//!       ─► walk    one layer off: `\u0031` → 1, `４` → 4, base64 → bytes, gzip → bytes, …; the rest is copied
//!       ─► a view  the text as it reads, with a map back; scanned like any field
//!       ─► walk    once more, if what came out may hold something again; four layers at most
//! ```
//!
//! Owns: views, the layers of them, what they may cost, and the way back of what was found in one.
//! Refuses: encryption, numbers in binary, any format that only its reader knows; what claims to be
//! compressed and cannot be read is told as a [`Fault`], so that a rule can act. Stays true: linear in
//! the field and bounded by `limits::VIEW_*`; maps are monotone; a field without marks costs nothing.
//!
//! A view is the whole field with everything in its place, so a word outside speaks for what was
//! packed: `"ssn": "NTM2OTA0Mzk5"`. What a view says beside the field as it is counts in addition: `%204111…` hides no
//! digit, but the space before them. Such a finding is [`Form::Plain`]; its bytes are the value.

mod base64;
mod character;
mod claims;
mod deflate;
mod fold;
mod head;
mod hex;
mod map;
mod marks;
mod markup;
mod number;
mod packed;
mod respell;
mod rewrite;
mod scout;
mod walk;
mod wide;

#[cfg(test)]
mod evasion;
#[cfg(test)]
mod hidden;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unread;

pub(super) use map::View;
#[cfg(test)]
pub(super) use marks::is_marked;
pub(super) use marks::{ends_run, is_head, is_sign};
pub use rewrite::Replacement;

use crate::chunk::{Field, Finding, Form};
use crate::limits;
use map::{Layer, Origin};
use std::ops::Range;
use walk::{Start, Stretch, Tools};

/// Whatever scans a field.
pub(super) type Scan<'a> = &'a mut dyn FnMut(&[u8], Field, &mut Vec<Finding>);

/// What is to stand in the place of findings: given a text as it reads, and what was found there.
pub type Plan<'a> = &'a mut dyn FnMut(&[u8], &[Finding]) -> Vec<Replacement>;

/// Wrappers, and the spelling of what is innermost.
const LAYERS: usize = limits::VIEW_DEPTH_MAX + 1;

/// Why part of a field cannot be read. Its text goes into the audit and to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It inflates to more than may be spent on it.
    #[error("a compressed value that is too large to be looked into")]
    TooLarge,
    /// It claims to be gzip and breaks off or breaks down.
    #[error("a compressed value that is damaged")]
    Damaged,
    /// It is compressed in a way that nothing here reads.
    #[error("a value that is compressed with {0}")]
    Foreign(&'static str),
    /// Packed more often than is taken off.
    #[error("a value that is packed more than {depth} times", depth = limits::VIEW_DEPTH_MAX)]
    TooDeep,
    /// More is found than is kept track of; not every record after it was looked at.
    #[error("more than {most} values that are looked for", most = limits::FINDINGS_PER_BODY_MAX)]
    TooMany,
}

/// A field that cannot be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub field: Field,
    /// Why; the first reason met.
    pub fault: Fault,
}

/// What a core re-uses from field to field.
#[derive(Default)]
pub struct ViewScratch {
    layers: [Layer; LAYERS],
    tools: Tools,
    found: Vec<Finding>,
}

impl ViewScratch {
    /// To be called before the first field of a body: its fields share a budget.
    pub(super) fn begin_body(&mut self) {
        self.tools.inflater.begin_body();
    }
}

/// Calls with every view of a text. Says what could not be read in it.
pub(super) fn expand(
    text: &[u8],
    scratch: &mut ViewScratch,
    each: &mut dyn FnMut(&View<'_>),
) -> Option<Fault> {
    scratch.tools.fault = None;
    scratch.tools.inflater.begin_field();
    let ViewScratch { layers, tools, .. } = &mut *scratch;
    let look = &mut |view: &View<'_>| {
        each(view);
        Vec::new()
    };
    descend(text, &whole(text), None, layers, tools, look);
    for layer in &mut scratch.layers {
        layer.shrink(limits::VIEW_BYTES_KEPT);
    }
    scratch.tools.fault
}

/// All of a text, as the one window of its first layer.
#[allow(clippy::single_range_in_vec_init, reason = "one range is meant")]
fn whole(text: &[u8]) -> [Range<u32>; 1] {
    [0..u32::try_from(text.len()).unwrap_or(u32::MAX)]
}

/// Goes down the layers of a text, as far as it lies in one of `windows`; calls `plan` with each view. What is to be
/// replaced in the views is returned as what is to be replaced in the text.
fn descend(
    text: &[u8],
    windows: &[Range<u32>],
    under: Option<&View<'_>>,
    layers: &mut [Layer],
    tools: &mut Tools,
    plan: &mut dyn FnMut(&View<'_>) -> Vec<Replacement>,
) -> Vec<Replacement> {
    let mut all = Vec::new();
    let Some((layer, deeper)) = layers.split_first_mut() else {
        too_deep(text, windows, tools);
        return all;
    };
    let mut start = Some(Start::default());
    while let Some(from) = start {
        let Stretch { sure, next } = walk::stretch(text, windows, from, layer, tools);
        start = next;
        if layer.units.is_empty() {
            continue;
        }
        let view = View {
            text: &layer.text,
            units: &layer.units,
            origin: layer.origin,
            under,
            sure: &sure,
        };
        let mut edits = plan(&view);
        if !layer.fresh.is_empty() {
            let (text, windows) = (&layer.text, &layer.fresh);
            let deeper = descend(text, windows, Some(&view), deeper, tools, plan);
            rewrite::merge(&mut edits, deeper);
        }
        if !edits.is_empty() {
            rewrite::merge(&mut all, rewrite::lower(&view, edits, text));
        }
    }
    all
}

/// Whether yet another wrapper is there. A layer of spellings alone is let be: nothing that a program does
/// escapes a text five times.
fn too_deep(text: &[u8], windows: &[Range<u32>], tools: &mut Tools) {
    let mut layer = Layer::default();
    walk::stretch(text, windows, Start::default(), &mut layer, tools);
    if layer.units.iter().any(|unit| unit.kind.is_wrapper()) {
        tools.note(Some(Fault::TooDeep));
    }
}

/// Adds what the views of one field, which carries a sign, show to what was found in it as it is, which is `out[first..]`; ordered by
/// start, each once. `scan` is whatever scans a field.
pub(super) fn scan_field(
    body: &[u8],
    field: Field,
    scratch: &mut ViewScratch,
    out: &mut Vec<Finding>,
    first: usize,
    scan: Scan<'_>,
) -> Option<Unreadable> {
    let text = body.get(field.start as usize..field.end as usize)?;
    let mut found = std::mem::take(&mut scratch.found);
    let before = out.len();
    let fault = expand(text, scratch, &mut |view| {
        found.clear();
        let whole = Field {
            start: 0,
            end: view.text.len() as u32,
            ..field
        };
        scan(view.text, whole, &mut found);
        let span = |finding: &Finding| finding.start as usize..finding.end as usize;
        out.extend(found.iter().filter_map(|finding| {
            let origin = view.told(&span(finding))?;
            Some(Finding {
                form: origin.form,
                start: field.start + origin.span.start as u32,
                end: field.start + origin.span.end as u32,
                ..*finding
            })
        }));
    });
    scratch.found = found;
    if out.len() > before {
        beside_plain(out, first, before);
        once_each(out, first);
    }
    fault.map(|fault| Unreadable { field, fault })
}

/// Of a value that is found in the field as it is (`out[first..before]`) and in a view too, one finding counts: the
/// field's own, unless the view shows more of it and is as sure.
fn beside_plain(out: &mut [Finding], first: usize, before: usize) {
    let Some((plain, shown)) = out
        .get_mut(first..)
        .and_then(|all| all.split_at_mut_checked(before - first))
    else {
        return;
    };
    if plain.is_empty() {
        return;
    }
    let place = |f: &Finding| (f.detector, f.start, std::cmp::Reverse(f.end));
    plain.sort_unstable_by_key(place);
    shown.sort_unstable_by_key(place);
    let mut at = 0;
    for new in shown {
        let is_before =
            |old: &Finding| (old.detector, old.end) <= (new.detector, new.start) || is_gone(old);
        while plain.get(at).is_some_and(is_before) {
            at += 1;
        }
        let meets = |old: &&mut Finding| old.detector == new.detector && old.start < new.end;
        let (mut met, mut more) = (false, true);
        for old in plain.iter_mut().skip(at).take_while(meets) {
            met |= !is_gone(old);
            more &= covers_more(new, old);
        }
        match (met, more) {
            (false, _) => {}
            (true, false) => new.end = new.start,
            (true, true) => plain
                .iter_mut()
                .skip(at)
                .take_while(meets)
                .for_each(|old| old.end = old.start),
        }
    }
}

/// Whether `new` has all of `old` and more, and is as sure of it.
fn covers_more(new: &Finding, old: &Finding) -> bool {
    let covers = new.start <= old.start && old.end <= new.end;
    covers && new.end - new.start > old.end - old.start && new.likelihood >= old.likelihood
}

/// Whether another finding counts in the place of this one.
fn is_gone(finding: &Finding) -> bool {
    finding.start == finding.end
}

/// Orders findings from `first` on, and keeps the likeliest of those that one detector has of one span.
fn once_each(out: &mut Vec<Finding>, first: usize) {
    let Some(tail) = out.get_mut(first..) else {
        return;
    };
    tail.sort_unstable_by_key(|f| {
        (
            f.start,
            f.end,
            f.detector,
            std::cmp::Reverse(f.likelihood),
            f.form,
        )
    });
    let mut kept = first;
    for at in first..out.len() {
        let same =
            |a: &Finding, b: &Finding| (a.start, a.end, a.detector) == (b.start, b.end, b.detector);
        let again = kept > first && same(&out[kept - 1], &out[at]);
        if !again && !is_gone(&out[at]) {
            out[kept] = out[at];
            kept += 1;
        }
    }
    out.truncate(kept);
}

/// What is to be replaced in a field so that `findings` (spans count from the field's start) read as
/// `plan` wants them. It is called with a text as it reads, and with what of the findings lies in it; the edits
/// that it returns ascend and do not overlap. Findings that are written as they are ([`Form::Plain`]) are passed over.
pub(super) fn rewrite_field(
    text: &[u8],
    findings: &[Finding],
    scratch: &mut ViewScratch,
    scan: Scan<'_>,
    plan: Plan<'_>,
) -> Vec<Replacement> {
    let key = |f: &Finding| (f.start, f.end, f.detector);
    let mut wanted: Vec<_> = findings
        .iter()
        .filter(|f| f.form != Form::Plain)
        .map(|f| (key(f), *f))
        .collect();
    wanted.sort_unstable_by_key(|(key, _)| *key);
    let Some((_, like)) = wanted.first().copied() else {
        return Vec::new();
    };
    let mut found = std::mem::take(&mut scratch.found);
    scratch.tools.inflater.begin_body();
    scratch.tools.inflater.begin_field();
    let ViewScratch { layers, tools, .. } = &mut *scratch;
    let made = descend(text, &whole(text), None, layers, tools, &mut |view| {
        found.clear();
        let whole = Field {
            record: like.record,
            part: like.part,
            start: 0,
            end: view.text.len() as u32,
        };
        scan(view.text, whole, &mut found);
        found.retain(|finding| {
            let span = finding.start as usize..finding.end as usize;
            let Some(Origin { span, .. }) = view.told(&span) else {
                return false;
            };
            let there = (span.start as u32, span.end as u32, finding.detector);
            wanted.binary_search_by_key(&there, |(key, _)| *key).is_ok()
        });
        if found.is_empty() {
            Vec::new()
        } else {
            plan(view.text, &found)
        }
    });
    scratch.found = found;
    made
}
