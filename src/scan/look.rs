//! A closer look at the places of one word of the body.
//!
//! Owns: from a bit to the detectors that it calls on. Refuses: to judge. Stays true: calls on the
//! same detectors, for the same places, as `twin`.

use super::Vocabulary;
use super::candidates::Shapes;
use super::cluster::{Cluster, is_separator};
use super::context::{Context, GAP_BYTES_MAX};
use super::scene::{Scene, Sink, Word};
use super::settle::Found;
use super::twin;
use super::vocabulary::AtPlace;
use crate::chunk::{DetectorId, Field, Finding, Form, Likelihood};
use std::ops::Range;

/// The bits of one word, by what they call on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    numbers: u64,
    codes: u64,
    dots: u64,
    colons: u64,
    literals: u64,
    specials: u64,
    words: u64,
}

impl Bits {
    /// Whether there is nothing to look at.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers
            | self.codes
            | self.dots
            | self.colons
            | self.literals
            | self.specials
            | self.words
            == 0
    }

    /// Those that lie in the field; bit 0 is the body's byte `base`.
    pub(super) fn within(&self, base: usize, field: &Field) -> Bits {
        let from = (field.start as usize).saturating_sub(base).min(63);
        let to = (field.end as usize).saturating_sub(base).min(64);
        let mask = (u64::MAX << from) & u64::MAX.checked_shr(64 - to as u32).unwrap_or(0);
        Bits {
            numbers: self.numbers & mask,
            codes: self.codes & mask,
            dots: self.dots & mask,
            colons: self.colons & mask,
            literals: self.literals & mask,
            specials: self.specials & mask,
            words: self.words & mask,
        }
    }
}

/// The places of a word.
fn places(mut bits: u64, base: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (bits != 0).then(|| {
            let at = base + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            at
        })
    })
}

/// Looks at places, in order.
pub(super) struct Look<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) body: &'a [u8],
    /// End of the last cluster: nothing before it is looked at again.
    pub(super) floor: usize,
    pub(super) found: &'a mut Vec<Found>,
}

/// One field, and the words in it.
#[derive(Clone, Copy)]
struct Here<'a> {
    text: &'a [u8],
    field: &'a Field,
    context: Context<'a>,
}

impl Look<'_> {
    /// The bits of word `at` that somebody asked for.
    pub(super) fn bits(&self, shapes: &Shapes, at: usize) -> Bits {
        let asked = |yes: bool| if yes { u64::MAX } else { 0 };
        let calls = &self.vocabulary.calls;
        Bits {
            numbers: shapes.numbers[at],
            codes: shapes.codes[at],
            dots: shapes.dots[at],
            colons: shapes.colons[at],
            literals: shapes.literals[at],
            specials: shapes.specials[at] & asked(!calls.ats.is_empty() || !calls.opens.is_empty()),
            words: shapes.words[at] & asked(!calls.words.is_empty()),
        }
    }

    /// Looks at the bits, which lie in the field.
    pub(super) fn at(&mut self, bits: &Bits, base: usize, field: &Field, context: Context<'_>) {
        let text = self
            .body
            .get(field.start as usize..field.end as usize)
            .unwrap_or_default();
        let here = Here {
            text,
            field,
            context,
        };
        let (start, calls) = (field.start as usize, &self.vocabulary.calls);
        self.numbers(bits.numbers, base, here);
        for at in places(bits.codes, base) {
            if let Some(at) = code_start(text, at - start) {
                self.call(&calls.codes, at, here);
            }
        }
        places(bits.dots, base).for_each(|at| self.call(&calls.dots, at - start - 1, here));
        for at in places(bits.colons, base) {
            // Colons of the field before may have set it.
            if twin::is_colon(text, at - start) {
                self.call(&calls.colons, at - start, here);
            }
        }
        places(bits.literals, base).for_each(|at| self.literal(at - start, here));
        places(bits.specials, base).for_each(|at| self.special(at - start, here));
        self.words(bits.words, base, here);
    }

    fn call(&mut self, detectors: &[(DetectorId, AtPlace)], at: usize, here: Here<'_>) {
        for (id, find) in detectors {
            find(&here.scene(*id), at, &mut here.sink(*id, self.found));
        }
    }

    fn special(&mut self, at: usize, here: Here<'_>) {
        let calls = &self.vocabulary.calls;
        match here.text.get(at) {
            Some(b'@') if twin::is_at(here.text, at) => self.call(&calls.ats, at, here),
            Some(b'+' | b'(') if twin::is_open(here.text, at) => self.call(&calls.opens, at, here),
            _ => {}
        }
    }

    fn literal(&mut self, at: usize, here: Here<'_>) {
        let rest = here.text.get(at..).unwrap_or_default();
        for (text, id, find) in &self.vocabulary.calls.literals {
            if rest.starts_with(text.as_bytes()) {
                find(&here.scene(*id), at, &mut here.sink(*id, self.found));
            }
        }
    }

    /// Keywords that call on detectors themselves; the context has them already.
    fn words(&mut self, bits: u64, base: usize, here: Here<'_>) {
        if bits == 0 {
            return;
        }
        let start = here.field.start as usize;
        let (first, last) = (
            base + bits.trailing_zeros() as usize,
            base + 63 - bits.leading_zeros() as usize,
        );
        let hits = here.context.hits;
        let from = hits.partition_point(|hit| hit.start < first);
        for hit in hits[from..].iter().take_while(|hit| hit.start <= last) {
            if hit
                .detectors
                .intersection(self.vocabulary.worded)
                .is_empty()
            {
                continue;
            }
            let span = hit.start - start..hit.end - start;
            let container = here
                .context
                .container_of(hit)
                .map(|scope| scope.start - start..scope.end - start);
            let word = Word { span, container };
            for (id, find) in &self.vocabulary.calls.words {
                if hit.detectors.contains(*id) {
                    find(&here.scene(*id), &word, &mut here.sink(*id, self.found));
                }
            }
        }
    }

    fn numbers(&mut self, bits: u64, base: usize, here: Here<'_>) {
        let mut left = bits;
        while left != 0 {
            let at = base + left.trailing_zeros() as usize;
            left &= left - 1;
            if at < self.floor {
                continue;
            }
            let start = here.field.start as usize;
            let floor = self.floor.saturating_sub(start);
            let cluster = cluster_around(here.text, at - start, floor);
            self.floor = start + cluster.end;
            // The bits that the cluster covers.
            left &= u64::MAX
                .checked_shl((self.floor - base) as u32)
                .unwrap_or(0);
            self.cluster(&cluster, here);
        }
    }

    fn cluster(&mut self, cluster: &Range<usize>, here: Here<'_>) {
        let start = here.field.start as usize;
        if start + cluster.end + GAP_BYTES_MAX < here.context.known_to {
            return self.numbers_of(cluster, here);
        }
        // It reaches further than words are known: they are read once for all of it.
        let hits = here.context.reader.hits(start, cluster);
        let context = Context {
            hits: &hits,
            known_to: usize::MAX,
            ..here.context
        };
        self.numbers_of(cluster, Here { context, ..here });
    }

    fn numbers_of(&mut self, cluster: &Range<usize>, here: Here<'_>) {
        if !self.is_worth_it(cluster, here) {
            return;
        }
        let cluster = Cluster {
            start: cluster.start,
            end: cluster.end,
        };
        for (id, find) in &self.vocabulary.calls.numbers {
            find(&here.scene(*id), &cluster, &mut here.sink(*id, self.found));
        }
    }

    /// As `Trigger::Number` says. Most clusters are timestamps, dates and ids, and end here.
    fn is_worth_it(&self, cluster: &Range<usize>, here: Here<'_>) -> bool {
        let text = here.text.get(cluster.clone()).unwrap_or_default();
        if text.len() >= twin::LONG_BYTES_MIN {
            return true;
        }
        let grouped = text.len() >= twin::GROUPED_BYTES_MIN && twin::is_grouped(text);
        if grouped || twin::is_thirteen(text) {
            return true;
        }
        let start = here.field.start as usize;
        let said = here
            .context
            .detectors(&(start + cluster.start..start + cluster.end));
        !said.intersection(self.vocabulary.numbers).is_empty()
    }
}

impl<'a> Here<'a> {
    fn scene(&self, detector: DetectorId) -> Scene<'a> {
        Scene {
            text: self.text,
            detector,
            context: self.context,
        }
    }

    fn sink<'s>(&self, detector: DetectorId, out: &'s mut Vec<Found>) -> Sink<'s>
    where
        'a: 's,
    {
        let like = Finding {
            detector,
            likelihood: Likelihood::Possible,
            record: self.field.record,
            part: self.field.part,
            form: Form::Plain,
            start: self.field.start,
            end: self.field.start,
        };
        Sink {
            out,
            context: self.context,
            like,
        }
    }
}

/// Where the code that has its last digit at `at` begins: four bytes, or five with a separator.
fn code_start(text: &[u8], at: usize) -> Option<usize> {
    let separated = text
        .get(at.checked_sub(2)?)
        .is_some_and(|byte| is_separator(*byte));
    let start = at.checked_sub(if separated { 4 } else { 3 })?;
    twin::is_code(text, start).then_some(start)
}

/// The widest stretch of digits joined by single separators that holds the digit at `at` and does
/// not begin before `floor`.
fn cluster_around(text: &[u8], at: usize, floor: usize) -> Range<usize> {
    let before = text.get(floor..at).unwrap_or_default();
    let after = text.get(at + 1..).unwrap_or_default();
    at - joined(before.iter().rev())..at + 1 + joined(after.iter())
}

/// Bytes up to the last digit that is reached over single separators only.
fn joined<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let (mut len, mut separated) = (0, false);
    for (i, byte) in bytes.enumerate() {
        if byte.is_ascii_digit() {
            (len, separated) = (i + 1, false);
        } else if is_separator(*byte) && !separated {
            separated = true;
        } else {
            break;
        }
    }
    len
}
