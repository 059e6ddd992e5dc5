//! What a detector gets to see, and where it puts what it finds.
//!
//! Owns: the field, the words around, the list of findings. Refuses: a view beyond the field. Stays
//! true: offsets a detector sees and reports are the field's own.

use super::context::{Context, GAP_BYTES_MAX};
use super::settle::Found;
use crate::chunk::{DetectorId, Finding, Likelihood};
use std::ops::Range;

/// One field, to one detector.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The field's bytes.
    pub(super) text: &'a [u8],
    pub(super) detector: DetectorId,
    pub(super) context: Context<'a>,
}

impl Scene<'_> {
    /// Likely, and certain with a keyword near `span`.
    pub(super) fn likely(&self, span: &Range<usize>) -> Likelihood {
        if self.near(span) {
            Likelihood::Certain
        } else {
            Likelihood::Likely
        }
    }

    /// Whether a keyword of this detector stands near `span`, or names what holds it.
    pub(super) fn near(&self, span: &Range<usize>) -> bool {
        let base = self.context.field.0;
        self.context
            .speaks_for(self.detector, &(base + span.start..base + span.end))
    }

    /// The same of keywords that pass the test; it is given their bytes in the field.
    pub(super) fn near_with(
        &self,
        span: &Range<usize>,
        counts: &dyn Fn(Range<usize>) -> bool,
    ) -> bool {
        let base = self.context.field.0;
        let place = base + span.start..base + span.end;
        self.context.some_speaks_for(self.detector, &place, counts)
    }
}

/// A keyword of the detector, and where the values it speaks for may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word itself.
    pub(super) span: Range<usize>,
    /// The inside of the JSON object or array that it names, if it does.
    pub(super) container: Option<Range<usize>>,
}

impl Word {
    /// Text after the word in which a value may begin (it may end later): thirty bytes, or all of the
    /// container.
    pub(super) fn after(&self, text: &[u8]) -> Range<usize> {
        let near = self.span.end..(self.span.end + GAP_BYTES_MAX + 1).min(text.len());
        self.container.clone().unwrap_or(near)
    }

    /// Text before the word in which a value may end.
    pub(super) fn before(&self) -> Range<usize> {
        self.span.start.saturating_sub(GAP_BYTES_MAX)..self.span.start
    }
}

/// Where detectors put what they find in one field.
pub(super) struct Sink<'a> {
    /// Everything found so far in the field.
    pub(super) out: &'a mut Vec<Found>,
    /// The words of the field.
    pub(super) context: Context<'a>,
    /// What every finding of this field and detector has in common; spans count from its `start`.
    pub(super) like: Finding,
}

impl Sink<'_> {
    /// Adds a finding, `span` being bytes of the field. The same may be reported twice, or one
    /// within another: `settle` keeps what counts.
    pub(super) fn report(&mut self, span: Range<usize>, likelihood: Likelihood) {
        let start = self.like.start + span.start as u32;
        let end = self.like.start + span.end as u32;
        let finding = Finding {
            likelihood,
            start,
            end,
            ..self.like
        };
        if self.out.last().is_none_or(|last| last.finding != finding) {
            let span = start as usize..end as usize;
            let distance = self.context.distance(finding.detector, &span);
            let distance = distance.map_or(u16::MAX, |bytes| bytes as u16);
            self.out.push(Found { finding, distance });
        }
    }
}
