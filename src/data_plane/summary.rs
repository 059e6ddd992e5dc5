//! What a reviewer may see of a chunk.
//!
//! ```text
//! flagged records ─► shapes    structure and names, values by class, findings by detector
//!                 ─► findings  where each is, what was checked, which words spoke for it
//!                 ─► samples   the text with what matters masked
//! ```
//!
//! Owns: the choice of what is shown, and its bounds. Refuses: raw values: each text here comes from a
//! maker that shows none (`scan::sample`, `schema::shape`, `schema::path`), and a name that is a finding
//! itself is replaced. Stays true: time and size are bounded however large the chunk is; nothing of this
//! runs for records that are not held.

use crate::chunk::{DetectorId, Field, Finding, Part, ShownFinding, ShownShape, Summary};
use crate::kafka::batch::Fields;
use crate::limits::{
    SUMMARY_AROUND_BYTES_MAX, SUMMARY_FINDINGS_MAX, SUMMARY_MARKS_MAX, SUMMARY_RECORDS_MAX,
    SUMMARY_SAMPLE_BYTES_MAX, SUMMARY_SAMPLES_MAX, SUMMARY_SHAPED_RECORDS_MAX,
    SUMMARY_TEXT_BYTES_MAX, SUMMARY_WALK_BYTES_MAX,
};
use crate::policy::{Records, Verdict};
use crate::scan::{self, Engine};
use crate::schema::json::{self, Place, looks_like_json};
use crate::schema::path::{self, Element, Name};
use crate::schema::shape::{Class, Marks, Shape};
use crate::walk::Walker;
use std::borrow::Cow;

/// The order in which parts are shown, the most telling first.
const PARTS: [Part; 3] = [Part::Value, Part::Key, Part::Header];

/// A chunk that is to be held, as it was read.
pub struct Seen<'a> {
    /// What found the findings.
    pub engine: &'a Engine,
    /// The records' body, uncompressed.
    pub plain: &'a [u8],
    /// Records in it.
    pub count: i32,
    /// What was found.
    pub findings: &'a [Finding],
    /// Findings in front that were made in the bytes as they lie.
    pub raw: usize,
    /// The texts of records that were read by their format, and what was found in them.
    pub walker: &'a Walker,
    /// What the rules said.
    pub verdict: &'a Verdict,
}

/// The summary of a chunk; `bytes` is its size on the wire.
pub fn summary(seen: &Seen<'_>, bytes: u64) -> Summary {
    let count = seen.count.max(0) as u32;
    let least = seen.verdict.least;
    let raw = seen.findings.get(..seen.raw).unwrap_or(seen.findings);
    let sorted = sorted(raw);
    let counts = counts(seen.engine, seen.findings, least);
    let mut notes = Notes {
        seen,
        each_max: (SUMMARY_FINDINGS_MAX / counts.len().max(1)).max(2),
        told: Vec::new(),
        samples: Vec::new(),
        findings: Vec::new(),
        shapes: Default::default(),
        records: Vec::new(),
    };
    notes.read(&sorted);
    let mut summary = Summary {
        records: count,
        flagged: flagged(&seen.verdict.flagged, count),
        bytes,
        counts,
        which: which(&seen.verdict.flagged, count),
        ..Summary::default()
    };
    notes.fill(&mut summary);
    summary
}

/// How often each detector fired, with at least this likelihood.
pub fn counts(
    engine: &Engine,
    findings: &[Finding],
    least: crate::chunk::Likelihood,
) -> Vec<(String, u32)> {
    let mut counts: Vec<(DetectorId, u32)> = Vec::new();
    for finding in findings.iter().filter(|f| f.likelihood >= least) {
        match counts.iter_mut().find(|(id, _)| *id == finding.detector) {
            Some((_, n)) => *n += 1,
            None => counts.push((finding.detector, 1)),
        }
    }
    let named = counts.into_iter();
    named
        .map(|(id, n)| (engine.name(id).to_owned(), n))
        .collect()
}

/// How many records a hold rule flagged.
pub fn flagged(records: &Records, count: u32) -> u32 {
    match records {
        Records::All => count,
        Records::Some(them) => them.len() as u32,
        Records::None => 0,
    }
}

fn which(records: &Records, count: u32) -> Vec<u32> {
    match records {
        Records::All => (0..count).take(SUMMARY_RECORDS_MAX).collect(),
        Records::Some(them) => them.iter().copied().take(SUMMARY_RECORDS_MAX).collect(),
        Records::None => Vec::new(),
    }
}

/// In the order of the body, so that those of a field stand together.
fn sorted(findings: &[Finding]) -> Cow<'_, [Finding]> {
    match findings.is_sorted_by_key(|f| f.start) {
        true => Cow::Borrowed(findings),
        false => {
            let mut sorted = findings.to_vec();
            sorted.sort_by_key(|f| f.start);
            Cow::Owned(sorted)
        }
    }
}

/// What is noted of the flagged records on the one way through them.
struct Notes<'a> {
    seen: &'a Seen<'a>,
    /// Findings of one detector that are told, so that one that fires often leaves room for the others.
    each_max: usize,
    /// How many of each are told.
    told: Vec<(DetectorId, usize)>,
    samples: Vec<String>,
    findings: Vec<ShownFinding>,
    /// By the order of `PARTS`.
    shapes: [Option<Shape>; 3],
    /// The records whose shapes are in there.
    records: Vec<u32>,
}

impl Notes<'_> {
    fn read(&mut self, findings: &[Finding]) {
        let seen = self.seen;
        let least = seen.verdict.least;
        let told = self.seen.walker.found();
        let silent = !findings.iter().chain(told).any(|f| f.likelihood >= least);
        for field in Fields::new(seen.plain, seen.count).map_while(Result::ok) {
            if !seen.verdict.flagged.contains(field.record) {
                continue;
            }
            let mine = of_field(findings, &field);
            // A record that was read by its format is shown as its text.
            match seen.walker.told(&field) {
                None => self.note(seen.plain, field, mine, silent),
                Some(told) => {
                    let found = of_field(seen.walker.found(), &told.text);
                    self.note(seen.walker.text(), told.text, found, silent);
                    if !mine.is_empty() {
                        self.note(seen.plain, field, mine, false);
                    }
                }
            }
            let shaped = self.records.len() >= SUMMARY_SHAPED_RECORDS_MAX
                && self.records.last().is_some_and(|last| *last < field.record);
            let all_told = silent || self.findings.len() >= SUMMARY_FINDINGS_MAX;
            if shaped && all_told && self.samples.len() >= SUMMARY_SAMPLES_MAX {
                break;
            }
        }
    }

    /// Notes one field; `plain` is what its spans count in.
    fn note(&mut self, plain: &[u8], field: Field, mine: &[Finding], silent: bool) {
        let least = self.seen.verdict.least;
        let hit = mine.iter().any(|f| f.likelihood >= least);
        if (hit || silent) && self.samples.len() < SUMMARY_SAMPLES_MAX {
            let safe = scan::sample(plain, field, mine, SUMMARY_SAMPLE_BYTES_MAX);
            self.samples.push(format!("{}: {safe}", field.part.name()));
        }
        if hit && self.findings.len() < SUMMARY_FINDINGS_MAX {
            self.note_findings(plain, field, mine);
        }
        self.note_shape(plain, field, mine, hit);
    }

    fn note_findings(&mut self, plain: &[u8], field: Field, mine: &[Finding]) {
        let text = text_of(plain, field);
        let json = Json::of(text);
        let mut walker = json.as_ref().map(|json| json::Walker::new(json.text));
        for finding in mine {
            if finding.likelihood < self.seen.verdict.least || !self.admits(finding.detector) {
                continue;
            }
            let at = finding.start.saturating_sub(field.start) as usize;
            let path = match (&json, &mut walker) {
                (Some(json), Some(walker)) => at
                    .checked_sub(json.skipped)
                    .and_then(|at| walker.seek(at))
                    .map(|place| self.path(&place, field.start as usize + json.skipped, mine)),
                _ => None,
            };
            self.findings
                .push(self.shown(plain, field, mine, finding, path.unwrap_or_default()));
        }
    }

    /// Whether one more of this detector is told.
    fn admits(&mut self, detector: DetectorId) -> bool {
        if self.findings.len() >= SUMMARY_FINDINGS_MAX {
            return false;
        }
        let known = self.told.iter_mut().find(|(id, _)| *id == detector);
        match known {
            Some((_, told)) => {
                *told += 1;
                *told <= self.each_max
            }
            None => {
                self.told.push((detector, 1));
                true
            }
        }
    }

    fn shown(
        &self,
        plain: &[u8],
        field: Field,
        mine: &[Finding],
        finding: &Finding,
        path: String,
    ) -> ShownFinding {
        let engine = self.seen.engine;
        let explained = engine.explain(plain, field, finding);
        ShownFinding {
            record: finding.record,
            part: finding.part.name().to_owned(),
            path,
            detector: engine.name(finding.detector).to_owned(),
            likelihood: finding.likelihood.name().to_owned(),
            form: finding.form.name().to_owned(),
            rule: explained.rule.to_owned(),
            words: explained.words.into_iter().map(str::to_owned).collect(),
            around: scan::around(plain, field, mine, finding.start, SUMMARY_AROUND_BYTES_MAX),
        }
    }

    /// The way to a place; a name in which something was found is called by its detector. `base` is
    /// where the walked text begins in the body.
    fn path(&self, place: &Place<'_>, base: usize, mine: &[Finding]) -> String {
        let found = |name: &Name<'_>| {
            let span = name.span()?;
            let (start, end) = ((base + span.start) as u32, (base + span.end) as u32);
            let overlaps = |f: &&Finding| f.start < end && f.end > start;
            let finding = mine.iter().find(overlaps)?;
            Some(format!("<{}>", self.seen.engine.name(finding.detector)))
        };
        let hidden: Vec<Option<String>> = place
            .elements()
            .map(|element| match &element {
                Element::Name(name) => found(name),
                _ => None,
            })
            .collect();
        let elements = place.elements().zip(&hidden);
        path::shown(elements.map(|(element, hidden)| match hidden {
            Some(class) => Element::Name(Name::plain(class.as_bytes())),
            None => element,
        }))
    }

    /// Adds the field to the shape of its part. Headers have a shape only where something was found.
    fn note_shape(&mut self, plain: &[u8], field: Field, mine: &[Finding], hit: bool) {
        if self.records.last() != Some(&field.record) {
            if self.records.len() >= SUMMARY_SHAPED_RECORDS_MAX {
                return;
            }
            self.records.push(field.record);
        }
        if field.part == Part::Header && !hit {
            return;
        }
        let text = text_of(plain, field);
        let json = Json::of(text);
        let skipped = json.as_ref().map_or(0, |json| json.skipped);
        let base = field.start as usize + skipped;
        let spans = mine.iter().take(SUMMARY_MARKS_MAX).filter_map(|f| {
            let (start, end) = (f.start as usize, f.end as usize);
            let span = start.checked_sub(base)?..end.checked_sub(base)?;
            Some((span, self.seen.engine.name(f.detector)))
        });
        let marks = Marks::new(spans);
        let at = PARTS
            .iter()
            .position(|part| *part == field.part)
            .unwrap_or(0);
        let Some(shape) = self.shapes.get_mut(at) else {
            return;
        };
        let shape = shape.get_or_insert_default();
        match json {
            Some(json) => shape.add_json(json.text, &marks),
            None if text.len() <= SUMMARY_WALK_BYTES_MAX => shape.add_plain(text, &marks),
            None => {
                let class = Class::Bytes(text.len());
                shape.add(std::iter::empty(), class, 0..text.len(), &marks);
            }
        }
    }

    /// Hands over what fits: samples, the most telling shape, findings, the other shapes.
    fn fill(self, summary: &mut Summary) {
        let mut left = SUMMARY_TEXT_BYTES_MAX;
        let mut room = |bytes: usize| {
            let fits = bytes <= left;
            left -= if fits { bytes } else { 0 };
            fits
        };
        let samples = self.samples.into_iter();
        summary.samples = samples.filter(|sample| room(sample.len())).collect();
        let shapes = PARTS.iter().zip(self.shapes);
        let mut shapes = shapes.filter_map(|(part, shape)| {
            Some(ShownShape {
                part: part.name().to_owned(),
                shape: shape?.to_string(),
            })
        });
        let size = |shown: &ShownShape| shown.part.len() + shown.shape.len();
        summary
            .shapes
            .extend(shapes.next().filter(|shown| room(size(shown))));
        let findings = self.findings.into_iter();
        summary.findings = findings.filter(|finding| room(size_of(finding))).collect();
        summary
            .shapes
            .extend(shapes.filter(|shown| room(size(shown))));
    }
}

fn size_of(finding: &ShownFinding) -> usize {
    let ShownFinding {
        record: _,
        part,
        path,
        detector,
        likelihood,
        form,
        rule,
        words,
        around,
    } = finding;
    let texts = [part, path, detector, likelihood, form, rule, around];
    let texts: usize = texts.iter().map(|text| text.len()).sum();
    texts + words.iter().map(String::len).sum::<usize>()
}

/// The findings in a field, of findings in the order of the body.
fn of_field<'f>(findings: &'f [Finding], field: &Field) -> &'f [Finding] {
    let from = findings.partition_point(|f| f.start < field.start);
    let rest = findings.get(from..).unwrap_or_default();
    let len = rest.partition_point(|f| f.start < field.end);
    rest.get(..len).unwrap_or_default()
}

fn text_of(plain: &[u8], field: Field) -> &[u8] {
    let span = field.start as usize..field.end as usize;
    plain.get(span).unwrap_or_default()
}

/// The JSON text in a field, as far as it is walked.
struct Json<'a> {
    text: &'a [u8],
    /// Bytes before it that name its schema.
    skipped: usize,
}

impl<'a> Json<'a> {
    fn of(text: &'a [u8]) -> Option<Json<'a>> {
        let skipped = json::start(text);
        let text = text.get(skipped..).filter(|text| looks_like_json(text))?;
        let text = text.get(..SUMMARY_WALK_BYTES_MAX).unwrap_or(text);
        Some(Json { text, skipped })
    }
}

#[cfg(test)]
mod tests;
