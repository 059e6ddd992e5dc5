//! From a body and its fields to findings that count, each with its place in the input.
//!
//! Owns: the call of the engine, and the arithmetic of places. Refuses: to know what the input is: a
//! file, or a topic of a cluster, that somebody cut into portions. Stays true: a
//! finding that counts is told once, with its field.

use super::choose::Choice;
use crate::chunk::{Field, Finding};
use crate::scan::Scratch;
use crate::schema::registered::{Registered, Schemas};
use crate::walk::{Lexicon, Walker};
use std::ops::Range;
use std::sync::Arc;

/// Something that is scanned at once.
#[derive(Clone, Debug)]
pub struct Portion<'b, F> {
    /// The bytes that spans count in.
    pub body: &'b [u8],
    /// The fields in it, in order, at least a byte between neighbours.
    pub fields: F,
    /// Number in the input of the record that the fields number 0.
    pub record: u64,
    /// Bytes of that record's field that stand before the body: it is the rest of a long line.
    pub within: u64,
    /// Findings that begin elsewhere are told by another portion.
    pub owned: Range<usize>,
    /// Whether its fields may be of a binary format: lines of text are not.
    pub binary: bool,
}

/// A finding and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What was found; its spans count in the body.
    pub finding: Finding,
    /// The field around it, in the body.
    pub field: Field,
    /// Number of the record in the input, from 0.
    pub record: u64,
    /// First byte, in the field.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// Scans one portion after the other.
pub struct Examiner<'c> {
    choice: &'c Choice,
    /// What records are read by.
    schema: Option<&'c Registered>,
    /// What a registry has told of those that records name.
    known: Option<Arc<Schemas>>,
    walker: Walker,
    scratch: Scratch,
    found: Vec<Finding>,
    counted: Vec<Finding>,
}

impl<'c> Examiner<'c> {
    /// For these detectors.
    pub fn new(choice: &'c Choice) -> Examiner<'c> {
        Examiner {
            choice,
            schema: None,
            known: None,
            walker: Walker::default(),
            scratch: Scratch::new(),
            found: Vec::new(),
            counted: Vec::new(),
        }
    }

    /// Reads binary records by this.
    pub fn by(mut self, schema: Option<&'c Registered>) -> Examiner<'c> {
        self.schema = schema;
        self
    }

    /// Reads records by the schemas that they name, as far as a registry has told them.
    pub fn knows(&mut self, schemas: Option<Arc<Schemas>>) {
        self.known = schemas;
    }

    /// Scans a portion; what was found in the one before is forgotten.
    pub fn examine<F: Iterator<Item = Field> + Clone>(&mut self, portion: &Portion<'_, F>) {
        self.found.clear();
        self.counted.clear();
        let fields = portion.fields.clone();
        let engine = &self.choice.engine;
        let (body, scratch, found) = (portion.body, &mut self.scratch, &mut self.found);
        self.walker.begin();
        if portion.binary {
            let lexicon = Lexicon::new(self.known.as_deref(), self.schema);
            self.walker
                .scan(engine, body, fields, &lexicon, scratch, found);
            found.sort_by_key(|finding| (finding.start, finding.end));
        } else {
            engine.scan(body, fields, scratch, found);
        }
        let mine = |f: &&Finding| portion.owned.contains(&(f.start as usize));
        let counts = self.found.iter().filter(mine);
        let counts = counts.filter(|finding| self.choice.counts(finding));
        self.counted.extend(counts);
    }

    /// What the portion's records were read as.
    pub fn walker(&self) -> &Walker {
        &self.walker
    }

    /// Everything that was found, likely or not: what no sample may show.
    pub fn found(&self) -> &[Finding] {
        &self.found
    }

    /// What counts.
    pub fn counted(&self) -> &[Finding] {
        &self.counted
    }

    /// The same with places. `portion` is the one that was examined last.
    pub fn seen<F: Iterator<Item = Field> + Clone>(
        &self,
        portion: &Portion<'_, F>,
    ) -> impl Iterator<Item = Seen> {
        let (record, within) = (portion.record, portion.within);
        let mut fields = portion.fields.clone().peekable();
        // Both come in order: a walk over the fields beside one over the findings.
        self.counted.iter().filter_map(move |finding| {
            while fields.next_if(|field| !holds(field, finding)).is_some() {}
            let field = *fields.peek()?;
            let before = if field.record == 0 { within } else { 0 };
            let place = |at: u32| before + u64::from(at - field.start);
            Some(Seen {
                finding: *finding,
                field,
                record: record + u64::from(finding.record),
                start: place(finding.start),
                end: place(finding.end),
            })
        })
    }
}

fn holds(field: &Field, finding: &Finding) -> bool {
    field.record == finding.record && field.start <= finding.start && finding.end <= field.end
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::choose::every;
    use super::super::lines::Lines;
    use super::*;
    use crate::chunk::Likelihood;

    fn portion(body: &[u8]) -> Portion<'_, Lines<'_>> {
        Portion {
            body,
            fields: Lines::new(body),
            record: 100,
            within: 1000,
            owned: 0..body.len(),
            binary: false,
        }
    }

    fn places(portion: &Portion<'_, Lines<'_>>, least: Likelihood) -> Vec<(u64, u64, u64)> {
        let choice = every(least);
        let mut examiner = Examiner::new(&choice);
        examiner.examine(portion);
        let seen = examiner.seen(portion);
        seen.map(|seen| (seen.record, seen.start, seen.end))
            .collect()
    }

    #[test]
    fn places_count_from_their_line_and_the_first_line_goes_on() {
        let text = b"a 536-90-4399\n\nnone\r\n536-90-4399 b 4111111111111111";
        assert_eq!(
            places(&portion(text), Likelihood::Likely),
            [(100, 1002, 1013), (103, 0, 11), (103, 14, 30)]
        );
    }

    #[test]
    fn what_begins_elsewhere_and_what_is_not_likely_enough_does_not_count() {
        let text = b"536-90-4399 / 536-90-4399 / 12-536-90-4399";
        let mut part = portion(text);
        assert_eq!(places(&part, Likelihood::Possible).len(), 3);
        assert_eq!(places(&part, Likelihood::Likely).len(), 2);
        part.owned = 1..14;
        assert_eq!(places(&part, Likelihood::Likely), []);
        part.owned = 14..15;
        assert_eq!(places(&part, Likelihood::Likely), [(100, 1014, 1025)]);
    }
}
