//! In which fields findings lie, as the names that rules compare.
//!
//! Owns: one way through a batch's fields for all findings that are wanted. Refuses: to compare. Stays true: the
//! path of a header is its name; what stands in no field, such as all of a plain text, has an empty path; what
//! cannot be told, such as a value within an archive, is told as unknown.

use super::{Paths, Walker};
use crate::chunk::{DetectorSet, Field, Finding, Form, Part};
use crate::kafka::reader::Reader;
use crate::schema::field_path::FieldPath;
use std::ops::Range;

/// What is located, and in what.
pub struct Located<'l> {
    /// The batch's body.
    pub body: &'l [u8],
    /// Its findings, as [`Walker::scan`] gave them.
    pub findings: &'l [Finding],
    /// Those in front that were made in the bytes as they lie.
    pub raw: usize,
    /// Findings of these detectors are located.
    pub wanted: DetectorSet,
}

impl Walker {
    /// Gives the path of each finding that is wanted, by its place among the batch's, in the order of the
    /// body. `fields` are those that were scanned.
    pub fn locate<F>(
        &self,
        located: &Located<'_>,
        fields: F,
        each: &mut dyn FnMut(usize, &FieldPath),
    ) where
        F: Iterator<Item = Field>,
    {
        let raw = located.findings.get(..located.raw).unwrap_or_default();
        let as_it_lies = starts(raw, 0, located.wanted);
        let in_texts = starts(&self.found, raw.len(), located.wanted);
        let (mut as_it_lies, mut in_texts) = (as_it_lies.as_slice(), in_texts.as_slice());
        let mut header = Header::default();
        let mut path = FieldPath::default();
        for field in fields {
            if as_it_lies.is_empty() && in_texts.is_empty() {
                return;
            }
            header.next(located.body, &field);
            let mut mine = self.in_field(&field, taken(&mut as_it_lies, field.end));
            if let Some(told) = self.told(&field) {
                let texts = taken(&mut in_texts, told.text.end).iter();
                let at = |start: u32| Some(start.saturating_sub(told.text.start) as usize);
                mine.extend(texts.map(|(start, index)| (at(*start), *index)));
            }
            if mine.is_empty() {
                continue;
            }
            mine.sort_unstable();
            if field.part == Part::Header {
                path.read_name(located.body.get(header.name.clone()).unwrap_or_default());
                mine.iter().for_each(|(_, index)| each(*index, &path));
                continue;
            }
            let mut paths = self.paths(located.body, &field);
            for (at, index) in mine {
                let form = located.findings.get(index).map(|finding| finding.form);
                match at {
                    Some(at) => paths.read(at, &mut path),
                    None => path.unknown(),
                }
                if path.is_empty() && form == Some(Form::Encoded) {
                    path.unknown();
                }
                each(index, &path);
            }
        }
    }

    /// Where in the text that a field is walked by each finding begins.
    fn in_field(&self, field: &Field, raw: &[(u32, usize)]) -> Vec<(Option<usize>, usize)> {
        let told = self.told(field);
        let at = |start: u32| match told {
            Some(told) => self.text_of(told, start),
            None => Some(start.saturating_sub(field.start) as usize),
        };
        raw.iter()
            .map(|(start, index)| (at(*start), *index))
            .collect()
    }

    fn paths<'t>(&'t self, body: &'t [u8], field: &Field) -> Paths<'t> {
        let span = field.start as usize..field.end as usize;
        match self.told(field) {
            Some(told) => Paths::of_text(self, told),
            None => Paths::of_bytes(body.get(span).unwrap_or_default()),
        }
    }
}

/// Where the wanted findings begin, ascending, with their places among the batch's.
fn starts(findings: &[Finding], before: usize, wanted: DetectorSet) -> Vec<(u32, usize)> {
    let all = findings.iter().enumerate();
    let mine = all.filter(|(_, finding)| wanted.contains(finding.detector));
    let mut starts: Vec<_> = mine
        .map(|(at, finding)| (finding.start, before + at))
        .collect();
    starts.sort_unstable();
    starts
}

/// Takes those in front that begin before an end.
fn taken<'s>(from: &mut &'s [(u32, usize)], end: u32) -> &'s [(u32, usize)] {
    let (mine, rest) = from.split_at(from.partition_point(|(start, _)| *start < end));
    *from = rest;
    mine
}

/// The header that the fields at hand are of.
#[derive(Default)]
struct Header {
    record: Option<u32>,
    name: Range<usize>,
    /// Whether its value comes next, unless it is null.
    awaits: bool,
}

impl Header {
    /// Goes on to the next field: a header's name, or the value behind it. Between a name and its value is
    /// the value's length, which is negative where the value is null and the next field another name.
    fn next(&mut self, body: &[u8], field: &Field) {
        if field.part != Part::Header {
            *self = Header::default();
            return;
        }
        let another = self.record != Some(field.record);
        let is_value = !another && self.awaits && {
            let length = body.get(self.name.end..field.start as usize);
            length.is_some_and(|bytes| Reader::new(bytes).varint().is_ok_and(|n| n >= 0))
        };
        self.record = Some(field.record);
        self.awaits = !is_value;
        if !is_value {
            self.name = field.start as usize..field.end as usize;
        }
    }
}

#[cfg(test)]
mod tests;
