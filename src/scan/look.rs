//! A closer look at the places of one word of the body.
//!
//! Owns: from a bit to the detectors that it calls on. Refuses: to judge. Stays true: calls on the
//! same detectors, for the same places, as `twin`.

use super::Vocabulary;
use super::candidates::{Kernel, Shapes};
use super::cluster::{Cluster, is_separator};
use super::context::{Context, GAP_BYTES_MAX};
use super::pass::{Pass, Scratch};
use super::scene::{Scene, Sink, Word};
use super::settle::{Found, settle};
use super::views::{self, Unreadable, ViewScratch};
use super::vocabulary::AtPlace;
use super::{own, triggers};
use crate::chunk::{DetectorId, Field, Finding};
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
    odd: u64,
    runs: u64,
}

impl Bits {
    /// Those that lie in the field; bit 0 is the body's byte `base`.
    pub(super) fn within(&self, base: usize, field: &Field) -> Bits {
        if field.start as usize <= base && base + 64 <= field.end as usize {
            return *self;
        }
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
            odd: self.odd & mask,
            runs: self.runs & mask,
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

/// What it takes to read fields as they mean.
pub(super) struct Views<'a> {
    pub(super) kernel: Kernel,
    pub(super) body: &'a [u8],
    /// Whether the field in hand carries a sign.
    pub(super) marked: &'a mut bool,
    pub(super) scratch: &'a mut ViewScratch,
    pub(super) inner: &'a mut Option<Box<Scratch>>,
    /// The first field that cannot be read whole.
    pub(super) unreadable: &'a mut Option<Unreadable>,
}

impl Views<'_> {
    /// Notes whether a place is a sign; one is enough.
    #[inline]
    fn note(&mut self, bits: &Bits, base: usize, here: Here<'_>) {
        let odd = bits.specials | bits.odd;
        if odd | bits.runs != 0 && !*self.marked {
            let (text, start) = (here.text, here.field.start as usize);
            *self.marked = places(odd, base).any(|at| views::is_sign(text, at - start))
                || places(bits.runs, base).any(|at| views::ends_run(text, at - start));
        }
    }

    /// Adds what the views of a field show to what was found in it, which is `out[first..]`.
    fn scan(
        &mut self,
        vocabulary: &Vocabulary,
        here: Here<'_>,
        first: usize,
        out: &mut Vec<Finding>,
    ) {
        let marked = std::mem::take(self.marked);
        if !marked && !views::is_head(here.text) {
            return;
        }
        let inner = self.inner.get_or_insert_default();
        let mut crowded = None;
        let mut scan = |body: &[u8], field: Field, out: &mut Vec<Finding>| {
            let pass = Pass::new(self.kernel, vocabulary, body, inner, false);
            crowded = crowded.or(pass.run(std::iter::once(field), out));
        };
        let fault = views::scan_field(self.body, *here.field, self.scratch, out, first, &mut scan);
        // What a view has too much of, its field has.
        let crowded = crowded.map(|crowded| Unreadable {
            field: *here.field,
            ..crowded
        });
        *self.unreadable = self.unreadable.or(fault).or(crowded);
    }
}

/// Looks at places, in order.
pub(super) struct Look<'a> {
    /// None within a view.
    pub(super) views: Option<Views<'a>>,
    pub(super) vocabulary: &'a Vocabulary,
    /// End of the last cluster: nothing before it is looked at again.
    pub(super) floor: usize,
    pub(super) found: &'a mut Vec<Found>,
    pub(super) shapes: &'a Shapes,
    /// Where words speak for numbers.
    pub(super) reach: &'a [u64],
    /// The word of the planes that is looked at.
    pub(super) word: usize,
}

/// One field, and the words in it.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) text: &'a [u8],
    pub(super) field: &'a Field,
    pub(super) context: &'a Context<'a>,
}

impl Look<'_> {
    /// The bits of the word.
    pub(super) fn bits(&self) -> Bits {
        let (shapes, at) = (self.shapes, self.word);
        Bits {
            numbers: shapes.numbers[at] | (shapes.nines[at] & self.reach[at]),
            codes: shapes.codes[at],
            dots: shapes.dots[at],
            colons: shapes.colons[at],
            literals: shapes.literals[at],
            specials: shapes.specials[at],
            words: shapes.words[at],
            odd: shapes.wide[at],
            runs: shapes.runs[at],
        }
    }

    /// The field is at its end: its findings are put in order and handed on.
    pub(super) fn finish(&mut self, here: Here<'_>, out: &mut Vec<Finding>) {
        own::finish(self.vocabulary, &here, self.found);
        let first = out.len();
        if !self.found.is_empty() {
            settle(self.found);
            out.extend(self.found.drain(..).map(|found| found.finding));
        }
        if let Some(views) = &mut self.views {
            views.scan(self.vocabulary, here, first, out);
        }
    }

    /// Looks at the bits, which lie in the field.
    pub(super) fn at(&mut self, bits: &Bits, base: usize, here: Here<'_>) {
        let text = here.text;
        let (start, calls) = (here.field.start as usize, &self.vocabulary.calls);
        self.numbers(bits.numbers, base, here);
        for at in places(bits.codes, base) {
            if let Some(at) = code_start(text, at - start) {
                self.call(&calls.codes, at, here);
            }
        }
        places(bits.dots, base).for_each(|at| self.call(&calls.dots, at - start - 1, here));
        for at in places(bits.colons, base) {
            // Colons of the field before may have set it.
            if triggers::is_colon(text, at - start) {
                self.call(&calls.colons, at - start, here);
            }
        }
        places(bits.literals, base).for_each(|at| self.literal(at - start, here));
        places(bits.specials, base).for_each(|at| self.special(at - start, here));
        self.words(bits.words, base, here);
        if let Some(views) = &mut self.views {
            views.note(bits, base, here);
        }
    }

    fn call(&mut self, detectors: &[(DetectorId, AtPlace)], at: usize, here: Here<'_>) {
        for (id, find) in detectors {
            find(&here.scene(*id), at, &mut here.sink(*id, self.found));
        }
    }

    fn special(&mut self, at: usize, here: Here<'_>) {
        let calls = &self.vocabulary.calls;
        match here.text.get(at) {
            Some(b'@') if triggers::is_at(here.text, at) => self.call(&calls.ats, at, here),
            Some(b'+' | b'(') if triggers::is_open(here.text, at) => {
                self.call(&calls.opens, at, here)
            }
            _ => {}
        }
    }

    fn literal(&mut self, at: usize, here: Here<'_>) {
        let rest = here.text.get(at..).unwrap_or_default();
        if !triggers::is_token_start(here.text, at) {
            return;
        }
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
            if !hit.detectors.meets(self.vocabulary.worded) {
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
            own::word(self.vocabulary, &here, hit.detectors, &word, self.found);
        }
    }

    fn numbers(&mut self, bits: u64, base: usize, here: Here<'_>) {
        let mut left = bits;
        while left != 0 {
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            if base + bit < self.floor {
                continue;
            }
            let start = here.field.start as usize;
            let Range { start: from, end } = self.cluster_around(base, bit, here);
            self.floor = end;
            // The bits that the cluster covers.
            left &= u64::MAX.checked_shl((end - base) as u32).unwrap_or(0);
            self.cluster(&(from - start..end - start), here);
        }
    }

    /// The widest stretch of digits joined by single separators around a bit of the word at `base`,
    /// as bytes of the body. The planes tell, unless it goes on beyond them.
    fn cluster_around(&self, base: usize, bit: usize, here: Here<'_>) -> Range<usize> {
        let joined = &self.shapes.joined;
        let at = base + bit;
        let gaps_before = !joined[self.word] & ((1 << bit) - 1);
        let gaps_after = !joined[self.word] & !(u64::MAX >> (63 - bit));
        let first = here.field.start as usize;
        let start = match (gaps_before, self.word) {
            (0, 0) => at - joined_bytes(here.text[..at - first].iter().rev()),
            (0, word) => match !joined[word - 1] {
                0 => at - joined_bytes(here.text[..at - first].iter().rev()),
                gaps => base - gaps.leading_zeros() as usize,
            },
            (gaps, _) => base + 64 - gaps.leading_zeros() as usize,
        };
        let end = match gaps_after {
            0 => at + 1 + joined_bytes(here.text[at + 1 - first..].iter()),
            gaps => base + gaps.trailing_zeros() as usize,
        };
        // Fields that touch, which they should not, are kept apart all the same.
        let (start, end) = (start.max(first), end.min(here.field.end as usize));
        // What follows the last digit does not belong to it.
        let tail = usize::from(!here.text[end - 1 - first].is_ascii_digit());
        start..end - tail
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
            ..*here.context
        };
        let context = &context;
        self.numbers_of(cluster, Here { context, ..here });
    }

    fn numbers_of(&mut self, cluster: &Range<usize>, here: Here<'_>) {
        let text = &here.text[cluster.clone()];
        let start = here.field.start as usize;
        let structured = text.len() >= triggers::LONG_BYTES_MIN
            || triggers::is_thirteen(text)
            || triggers::is_grouped(text);
        let said = || {
            here.context
                .detectors(&(start + cluster.start..start + cluster.end))
        };
        if !structured && !said().meets(self.vocabulary.numbers) {
            return;
        }
        let cluster = Cluster::new(here.text, cluster.start, cluster.end);
        for (id, find) in &self.vocabulary.calls.numbers {
            find(&here.scene(*id), &cluster, &mut here.sink(*id, self.found));
        }
    }
}

impl<'a> Here<'a> {
    pub(super) fn scene(&self, detector: DetectorId) -> Scene<'a> {
        Scene {
            text: self.text,
            detector,
            context: self.context,
        }
    }

    pub(super) fn sink<'s>(&self, detector: DetectorId, out: &'s mut Vec<Found>) -> Sink<'s>
    where
        'a: 's,
    {
        Sink {
            out,
            context: self.context,
            field: self.field,
            detector,
        }
    }
}

/// Where the code whose first four to six bytes end at `at` begins. The last bytes tell: `LLDD`, `LL-DD`,
/// `DLXDL`, `DLXD-L`.
fn code_start(text: &[u8], at: usize) -> Option<usize> {
    let [before, middle, last] = *text.get(at.checked_sub(2)?..)?.first_chunk()?;
    let back = match (before, middle) {
        _ if last.is_ascii_digit() => 3 + usize::from(is_separator(before)),
        _ => 4 + usize::from(is_separator(middle)),
    };
    let start = at.checked_sub(back)?;
    triggers::is_code(text, start).then_some(start)
}

/// Bytes up to the last digit that is reached over single separators only.
fn joined_bytes<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
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
