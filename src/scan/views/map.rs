//! The way back from a decoded text to what it was decoded from.
//!
//! Owns: units, and how offsets are carried over them. Refuses: to decode. Stays true: monotone: an
//! earlier decoded byte never comes from a later original one; what is between units was copied
//! byte for byte.

use crate::chunk::Form;
use std::ops::Range;

/// How a unit was spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One character that is none of ASCII; or something that is nothing.
    Spelled,
    /// ASCII characters, each spelled in so many bytes: JSON escape, percent, entity, other script.
    Row(u8),
    /// Characters of that many bytes each, all but one of them NUL.
    Wide(u8),
    /// A number with an exponent.
    Number,
    /// Base64 of either alphabet.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// A gzip member.
    Gzip,
    /// A zlib stream.
    Zlib,
}

impl Kind {
    /// Whether it wraps a text of its own.
    pub(super) fn is_wrapper(self) -> bool {
        !matches!(
            self,
            Kind::Spelled | Kind::Row(_) | Kind::Wide(_) | Kind::Number
        )
    }
}

/// A stretch that reads otherwise than it is written. Half-open; `to` may equal `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// First decoded byte.
    pub(super) from: u32,
    /// One past the last decoded byte.
    pub(super) to: u32,
    /// First original byte.
    pub(super) start: u32,
    /// One past the last.
    pub(super) end: u32,
    /// How it was spelled.
    pub(super) kind: Kind,
}

impl Unit {
    /// Where the bytes behind decoded byte `at` begin: within characters of one width those of the character, in any
    /// other unit the first of it.
    fn inside(&self, at: usize) -> usize {
        let width = match self.kind {
            Kind::Wide(width) | Kind::Row(width) => usize::from(width),
            _ => 0,
        };
        self.start as usize + width * (at - self.from as usize)
    }

    /// And where those of the bytes before `at` end.
    fn inside_end(&self, at: usize) -> usize {
        match self.kind {
            Kind::Wide(_) | Kind::Row(_) => self.inside(at),
            _ => self.end as usize,
        }
    }

    /// Takes more characters of its row.
    fn goes_on(&mut self, next: &Unit) -> bool {
        let in_row = matches!(self.kind, Kind::Row(_)) && self.kind == next.kind;
        let goes_on = in_row && (self.to, self.end) == (next.from, next.start);
        if goes_on {
            (self.to, self.end) = (next.to, next.end);
        }
        goes_on
    }
}

/// How far before a decoded character something may begin that it completes: a tag, an entity, or a run whose head
/// would have been seen without it if it were any longer.
const FRESH_BEFORE: usize = 64;
/// How far behind one something may begin that only it made look like anything.
const FRESH_BEHIND: u32 = 16;

/// Whether the byte may be of such a thing.
fn joins(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_<&%\\#;!\0".contains(&byte)
}

/// One layer of decoding: a text, and the units that made it from the text below.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    /// What was decoded.
    pub(super) text: Vec<u8>,
    /// Ascending, in both texts.
    pub(super) units: Vec<Unit>,
    /// Where in the text below it begins.
    pub(super) origin: u32,
    /// Where the text may hold something to be decoded in its turn: around what was decoded. Everything else was looked
    /// at when it was copied.
    pub(super) fresh: Vec<Range<u32>>,
}

impl Layer {
    /// Nothing yet, of a text from `origin` on.
    pub(super) fn begin(&mut self, origin: usize) {
        self.text.clear();
        self.units.clear();
        self.origin = origin as u32;
        self.fresh.clear();
    }

    /// What was decoded last; a character goes to those of its row.
    pub(super) fn push(&mut self, unit: Unit) {
        if !self
            .units
            .last_mut()
            .is_some_and(|last| last.goes_on(&unit))
        {
            self.units.push(unit);
        }
    }

    /// What was decoded last may hold something, or complete something that began before it.
    pub(super) fn mark_fresh(&mut self) {
        let Some(unit) = self.units.last() else {
            return;
        };
        let end = unit.to + FRESH_BEHIND;
        match self.fresh.last_mut() {
            Some(last) if unit.from <= last.end => last.end = end,
            _ => {
                let before = self.text.get(..unit.from as usize).unwrap_or_default();
                let joined = before.iter().rev().take(FRESH_BEFORE);
                let joined = joined.take_while(|byte| joins(**byte)).count();
                self.fresh.push(unit.from - joined as u32..end);
            }
        }
    }

    /// Where decoded byte `at` comes from: the unit's first byte, or, of a wrapper, what follows it.
    pub(super) fn source_of(&self, at: usize) -> usize {
        let next = self.units.partition_point(|unit| unit.to as usize <= at);
        if let Some(unit) = self.units.get(next).filter(|unit| unit.from as usize <= at) {
            let is_wrapper = unit.kind.is_wrapper();
            return if is_wrapper {
                unit.end as usize
            } else {
                unit.inside(at)
            };
        }
        let before = next.checked_sub(1).and_then(|last| self.units.get(last));
        let (end, to) = before.map_or((self.origin, 0), |unit| (unit.end, unit.to));
        end as usize + (at - to as usize)
    }

    /// Frees what is much.
    pub(super) fn shrink(&mut self, bytes_max: usize) {
        self.text.clear();
        self.text.shrink_to(bytes_max);
    }
}

/// A text as it reads, over what it was read from.
#[derive(Clone, Copy)]
pub(in crate::scan) struct View<'a> {
    /// The field, or a stretch of it, decoded.
    pub(in crate::scan) text: &'a [u8],
    pub(super) units: &'a [Unit],
    pub(super) origin: u32,
    /// The view that it was read from; none: the field.
    pub(super) under: Option<&'a View<'a>>,
    /// Where what this view shows must begin in the text below, for other stretches show the rest.
    pub(super) sure: &'a Range<usize>,
}

/// Where a stretch of a view comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Bytes of the field.
    pub(super) span: Range<usize>,
    /// How they are written.
    pub(super) form: Form,
}

impl View<'_> {
    /// Where `span` of the view comes from, if it is this view that is to tell of it.
    pub(super) fn told(&self, span: &Range<usize>) -> Option<Origin> {
        let (below, form) = self.below(span);
        if !self.sure.contains(&below.start) {
            return None;
        }
        match self.under {
            None => Some(Origin { span: below, form }),
            Some(under) => {
                let deeper = under.told(&below)?;
                let form = form.max(deeper.form);
                Some(Origin { form, ..deeper })
            }
        }
    }

    /// Where `span` of the view comes from.
    #[cfg(test)]
    pub(super) fn origin_of(&self, span: &Range<usize>) -> Origin {
        let (below, form) = self.below(span);
        match self.under {
            None => Origin { span: below, form },
            Some(under) => {
                let deeper = under.origin_of(&below);
                Origin {
                    form: form.max(deeper.form),
                    ..deeper
                }
            }
        }
    }

    /// One layer down.
    pub(super) fn below(&self, span: &Range<usize>) -> (Range<usize>, Form) {
        let from = |unit: &Unit| unit.from as usize;
        let first = self.units.partition_point(|unit| from(unit) <= span.start);
        let (upto, behind) = self.units.split_at_checked(first).unwrap_or_default();
        // A value has few units: those that begin in it are counted.
        let within = behind.iter().take_while(|unit| from(unit) < span.end);
        let within = within.count();
        let start = self.offset(upto.last(), span.start, false);
        let known = self.units.get(..first + within).unwrap_or_default();
        // An end lies right behind a byte: what begins there is not in it.
        let last = known.iter().rfind(|unit| from(unit) < span.end);
        let end = self.offset(last, span.end, true);
        let form = |unit: &Unit| match unit.kind.is_wrapper() {
            true => Form::Encoded,
            false => Form::Escaped,
        };
        let reaches_in = upto.last().filter(|unit| unit.to as usize > span.start);
        let touched = behind.iter().take(within).chain(reaches_in);
        let form = touched.map(form).max().unwrap_or(Form::Plain);
        (start..end.max(start), form)
    }

    /// The units that have a part in `span`.
    pub(super) fn touched(&self, span: &Range<usize>) -> impl Iterator<Item = &Unit> {
        let span = span.clone();
        let first = self
            .units
            .partition_point(|unit| (unit.to as usize) <= span.start);
        let rest = self.units.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |unit| (unit.from as usize) < span.end)
    }

    /// The original offset of a boundary: of the byte behind it, or, for an end, of the byte before. `unit` is the last
    /// that begins before.
    fn offset(&self, unit: Option<&Unit>, at: usize, is_end: bool) -> usize {
        let Some(unit) = unit else {
            return self.origin as usize + at;
        };
        let inside = match is_end {
            true => at <= unit.to as usize,
            false => at < unit.to as usize,
        };
        match (inside, is_end) {
            (true, false) => unit.inside(at),
            (true, true) => unit.inside_end(at),
            (false, _) => unit.end as usize + (at - unit.to as usize),
        }
    }
}
