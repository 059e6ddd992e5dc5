//! The scan of a batch's fields, as they lie and as their texts.
//!
//! Owns: the two calls of the engine, and the way of what was found in a text back to the body. Refuses: to
//! judge. Stays true: what was found twice, as it lies and in the text, is told once; findings that
//! lie in a schema's names alone are not told, for they are in no record.

use super::lexicon::Lexicon;
use super::{Told, WalkFault, Walker};
use crate::chunk::{Field, Finding, Form, Part};
use crate::scan::{Engine, Scratch, Unreadable};
use crate::schema::rendition::Rendition;
use crate::schema::wire::{KEY_HEADER, VALUE_HEADER};
use std::ops::Range;

/// What a scan could not read.
#[derive(Debug, Default)]
pub struct Scanned {
    /// A field that claims to be compressed and cannot be opened.
    pub unreadable: Option<Unreadable>,
    /// A record that its schema does not fit.
    pub fault: Option<WalkFault>,
    /// Findings in front that were made in the bytes as they lie; those behind are the walker's, in its
    /// order.
    pub raw: usize,
}

impl Walker {
    /// Scans the fields of a body, which come as [`Engine::scan`] wants them. Findings are the body's.
    pub fn scan<F>(
        &mut self,
        engine: &Engine,
        body: &[u8],
        fields: F,
        lexicon: &Lexicon<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<Finding>,
    ) -> Scanned
    where
        F: Iterator<Item = Field> + Clone,
    {
        self.begin();
        let first = out.len();
        let by_header = lexicon.asks && memchr::memmem::find(body, HEADERS_END).is_some();
        let raw = Raw {
            walker: &mut *self,
            body,
            fields,
            lexicon,
            by_header,
            opaque: Opaque::default(),
        };
        let mut unreadable = engine.scan(body, raw, scratch, out);
        let raw = out.len() - first;
        if !self.told.is_empty() {
            let texts = self.told.iter().map(|told| told.text);
            let text = self.rendition.text();
            unreadable = unreadable.or(engine.scan(text, texts, scratch, &mut self.found));
            self.bring_back(out, first..first + raw);
        }
        Scanned {
            unreadable,
            fault: self.fault.take(),
            raw,
        }
    }

    /// Appends what was found in the texts, as it lies in the body.
    fn bring_back(&mut self, out: &mut Vec<Finding>, raw: Range<usize>) {
        let mut found = std::mem::take(&mut self.found);
        found.retain(|finding| {
            let Some((span, nature)) = self.rendition.origin(&(finding.start..finding.end)) else {
                return false;
            };
            let same = |other: &Finding| {
                let meets = other.start < span.end && span.start < other.end;
                meets
                    && other.detector == finding.detector
                    && other.likelihood >= finding.likelihood
            };
            let raw = out.get(raw.clone()).unwrap_or_default();
            if near(raw, &span).iter().any(same) {
                return false;
            }
            let packed = !nature.is_text();
            out.push(Finding {
                form: if packed { Form::Packed } else { finding.form },
                start: span.start,
                end: span.end,
                ..*finding
            });
            true
        });
        self.found = found;
    }
}

/// Of findings that ascend within their fields, those that may reach a span: a few before it, for they may
/// be long, and all that begin in it.
fn near<'f>(raw: &'f [Finding], span: &Range<u32>) -> &'f [Finding] {
    const BEFORE: usize = 8;
    let from = raw.partition_point(|f| f.start < span.start);
    let to = raw.partition_point(|f| f.start < span.end);
    raw.get(from.saturating_sub(BEFORE)..to.max(from))
        .unwrap_or_default()
}

/// How the names of both headers end.
const HEADERS_END: &[u8] = b"_schema_id";

/// The fields that are scanned as they lie; those that have a text are written on the way.
struct Raw<'w, 's, F> {
    walker: &'w mut Walker,
    body: &'w [u8],
    fields: F,
    lexicon: &'w Lexicon<'s>,
    /// Whether some record may say its schema in a header.
    by_header: bool,
    /// Of the field before.
    opaque: Opaque,
}

impl<F: Iterator<Item = Field> + Clone> Iterator for Raw<'_, '_, F> {
    type Item = Field;

    #[inline]
    fn next(&mut self) -> Option<Field> {
        loop {
            if let Some(value) = self.opaque.next(&self.walker.rendition) {
                return Some(value);
            }
            let field = self.fields.next()?;
            if field.part == Part::Header || !self.may_have_format(&field) {
                return Some(field);
            }
            let header = self.header(&field);
            match self.walker.take(self.body, field, header, self.lexicon) {
                None => return Some(field),
                Some(told) if told.also_raw => return Some(field),
                Some(told) => self.opaque = Opaque::of(told),
            }
        }
    }
}

impl<'w, F: Iterator<Item = Field> + Clone> Raw<'w, '_, F> {
    /// A look at one byte. JSON objects and arrays are told apart by it: they begin with neither the zero or
    /// one of a schema's id nor the tag of a Protobuf field, but with those of a group.
    #[inline]
    fn may_have_format(&self, field: &Field) -> bool {
        let first = self.body.get(field.start as usize);
        let tag = |byte: &u8| matches!(byte & 7, 0 | 1 | 2 | 5);
        self.by_header || self.lexicon.any.is_some() || first.is_some_and(tag)
    }

    /// What the record's headers say of this field's schema.
    fn header(&self, field: &Field) -> Option<&'w [u8]> {
        if !self.by_header {
            return None;
        }
        let wanted = match field.part {
            Part::Key => KEY_HEADER,
            _ => VALUE_HEADER,
        };
        let bytes = |field: &Field| self.body.get(field.start as usize..field.end as usize);
        let mut ahead = self.fields.clone();
        let mine = |next: &Field| next.record == field.record;
        while let Some(next) = ahead.next().filter(mine) {
            if next.part == Part::Header && bytes(&next) == Some(wanted) {
                let value = ahead.next().filter(mine)?;
                return bytes(&value).filter(|_| value.part == Part::Header);
            }
        }
        None
    }
}

/// The values of a field that are no text: they are scanned as they lie, each as a field of its own.
#[derive(Default)]
pub(super) struct Opaque {
    /// Those that are left, among those of the rendition.
    rest: Range<usize>,
    of: Option<Field>,
}

impl Opaque {
    /// Those of a field that has a text.
    pub(super) fn of(told: &Told) -> Opaque {
        Opaque {
            rest: told.opaque.clone(),
            of: Some(told.field),
        }
    }

    /// The next one; those that touch are one.
    pub(super) fn next(&mut self, rendition: &Rendition) -> Option<Field> {
        let (of, all) = (
            self.of.filter(|_| !self.rest.is_empty())?,
            rendition.opaque(),
        );
        let mut span = all.get(self.rest.next()?)?.clone();
        while let Some(next) = all
            .get(self.rest.start)
            .filter(|next| next.start <= span.end)
            && self.rest.next().is_some()
        {
            span.end = next.end;
        }
        Some(Field {
            start: span.start,
            end: span.end,
            ..of
        })
    }
}
