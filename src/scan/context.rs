//! Where a word must stand to speak for a value.
//!
//! Owns: how near is near, and what a JSON name reaches. Refuses: to know what a word means to a
//! detector beyond that it speaks for it. Stays true: a word outside the field says nothing about
//! what is in it; the answer is the same whether hits were collected by the pass or by the twin.

use super::words::{KEYWORD_BYTES_MAX, Words};
use crate::chunk::{DetectorId, DetectorSet};
use std::ops::Range;

/// Bytes that may lie between a keyword and the value, on either side.
pub(super) const GAP_BYTES_MAX: usize = 30;

/// A keyword in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    /// Whom it speaks for.
    pub(super) detectors: DetectorSet,
    /// A value follows at once (`ssn: 536…`): it says nothing of what stands before it.
    pub(super) owns_next: bool,
}

impl Hit {
    /// The keyword at `at` of a field that begins at `base` of the body.
    pub(super) fn at(words: &Words, text: &[u8], base: usize, at: usize) -> Option<Hit> {
        let (end, detectors) = words.at(text, at)?;
        Some(Hit {
            start: base + at,
            end: base + end,
            detectors,
            owns_next: owns_next(text, end),
        })
    }
}

/// The inside of a JSON object or array that a keyword names: it speaks for all that is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// First byte inside.
    pub(super) start: usize,
    /// One past the last.
    pub(super) end: usize,
    /// Where the word that names it ends.
    pub(super) named_at: usize,
    /// For whom the name speaks.
    pub(super) detectors: DetectorSet,
}

/// What words say about one field. Offsets are the body's.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// Keywords, ascending; some may lie outside the field.
    pub(super) hits: &'a [Hit],
    /// Containers named by one, ascending by start.
    pub(super) scopes: &'a [Scope],
    /// The field, in the body.
    pub(super) field: (usize, usize),
    /// Keywords that begin before this byte of the body are among the hits.
    pub(super) known_to: usize,
    /// How to read further.
    pub(super) reader: Reader<'a>,
}

/// What it takes to read words on the spot.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The words.
    pub(super) words: &'a Words,
    /// The field's bytes.
    pub(super) text: &'a [u8],
}

impl Reader<'_> {
    /// The keywords before and after `around`, bytes of the field that begins at `base`: what the pass
    /// would find, read slowly. Inside `around` it does not look.
    pub(super) fn hits(&self, base: usize, around: &Range<usize>) -> Vec<Hit> {
        let text = self.text;
        let before = around
            .start
            .saturating_sub(GAP_BYTES_MAX + KEYWORD_BYTES_MAX)..around.start;
        let after = around.end..(around.end + GAP_BYTES_MAX + 1).min(text.len());
        let hit = |at: usize| Hit::at(self.words, text, base, at);
        before.chain(after).filter_map(hit).collect()
    }
}

impl Context<'_> {
    /// Whether a word speaks for `span` being one of `detector`'s.
    pub(super) fn speaks_for(&self, detector: DetectorId, span: &Range<usize>) -> bool {
        self.distance(detector, span).is_some()
    }

    /// Whether one of `detector`'s words stands near `span`, bytes of the field, however far the pass has
    /// come: it is read on the spot.
    pub(super) fn is_near(&self, detector: DetectorId, span: &Range<usize>) -> bool {
        let base = self.field.0;
        let hits = self.reader.hits(base, span);
        let span = base + span.start..base + span.end;
        let mine = |hit: &&Hit| hit.detectors.contains(detector);
        hits.iter()
            .filter(mine)
            .any(|hit| gap(hit, &span).is_some())
    }

    /// Bytes between `span` and the nearest such word; a word after the value counts as twice as far
    /// and one more, and a JSON name that holds the value in an object or array as the gap itself.
    pub(super) fn distance(&self, detector: DetectorId, span: &Range<usize>) -> Option<usize> {
        if span.end + GAP_BYTES_MAX >= self.known_to {
            return self.distance_beyond(detector, span);
        }
        let mine = |hit: &&Hit| hit.detectors.contains(detector) && self.holds(hit);
        let near = self.around(span).iter().filter(mine);
        let nearest = near.filter_map(|hit| gap(hit, span)).min();
        nearest.or_else(|| self.in_scope(detector, span).then_some(GAP_BYTES_MAX))
    }

    /// The same where the pass has not read far enough yet.
    #[cold]
    fn distance_beyond(&self, detector: DetectorId, span: &Range<usize>) -> Option<usize> {
        let base = self.field.0;
        let hits = self
            .reader
            .hits(base, &(span.start - base..span.end - base));
        let known = Context {
            hits: &hits,
            known_to: usize::MAX,
            ..*self
        };
        known.distance(detector, span)
    }

    /// Whether one of `detector`'s words near `span` passes the test, which is given its bytes in the
    /// field, or names what holds `span`. `speaks_for` without the test.
    pub(super) fn some_speaks_for(
        &self,
        detector: DetectorId,
        span: &Range<usize>,
        counts: &dyn Fn(Range<usize>) -> bool,
    ) -> bool {
        let base = self.field.0;
        let test = |hit: &Hit| {
            let mine = hit.detectors.contains(detector) && self.holds(hit);
            mine && gap(hit, span).is_some() && counts(hit.start - base..hit.end - base)
        };
        let near = if span.end + GAP_BYTES_MAX >= self.known_to {
            let inside = span.start - base..span.end - base;
            self.reader.hits(base, &inside).iter().any(test)
        } else {
            self.around(span).iter().any(test)
        };
        near || self.in_scope(detector, span)
    }

    /// Everyone some word near `span` speaks for.
    pub(super) fn detectors(&self, span: &Range<usize>) -> DetectorSet {
        let near = self
            .around(span)
            .iter()
            .filter(|hit| self.holds(hit) && gap(hit, span).is_some());
        let all = near.fold(DetectorSet::default(), |all, hit| all.union(hit.detectors));
        let scopes = self
            .scopes
            .iter()
            .filter(|scope| scope.start <= span.start && span.end <= scope.end);
        scopes.fold(all, |all, scope| all.union(scope.detectors))
    }

    /// The container that a word names.
    pub(super) fn container_of(&self, hit: &Hit) -> Option<Scope> {
        let first = self.scopes.partition_point(|scope| scope.start <= hit.end);
        let next = self.scopes.get(first).copied();
        next.filter(|scope| scope.named_at == hit.end)
    }

    fn in_scope(&self, detector: DetectorId, span: &Range<usize>) -> bool {
        let holds = |scope: &Scope| scope.start <= span.start && span.end <= scope.end;
        self.scopes
            .iter()
            .any(|scope| scope.detectors.contains(detector) && holds(scope))
    }

    fn holds(&self, hit: &Hit) -> bool {
        self.field.0 <= hit.start && hit.end <= self.field.1
    }

    /// The hits that may be near enough.
    fn around(&self, span: &Range<usize>) -> &[Hit] {
        let first = self
            .hits
            .partition_point(|hit| hit.end + GAP_BYTES_MAX < span.start);
        let rest = self.hits.get(first..).unwrap_or_default();
        let len = rest.partition_point(|hit| hit.start <= span.end + GAP_BYTES_MAX);
        rest.get(..len).unwrap_or_default()
    }
}

/// Bytes between them, if they are near; a word after the value counts as twice as far and one more.
pub(super) fn gap(hit: &Hit, span: &Range<usize>) -> Option<usize> {
    let before = span
        .start
        .checked_sub(hit.end)
        .filter(|gap| *gap <= GAP_BYTES_MAX);
    let after = hit
        .start
        .checked_sub(span.end)
        .filter(|gap| *gap <= GAP_BYTES_MAX && !hit.owns_next);
    before.or(after.map(|gap| 2 * gap + 1))
}

/// Whether a value follows the word that ends at `end`: a digit after at most six bytes that are no
/// letters, as in `ssn: 5`, `"ssn": "5` or `SSN#5`; `X` is
/// what a mask leaves of a digit, and must not make the word speak for something else.
fn owns_next(text: &[u8], end: usize) -> bool {
    let after = text.get(end..).unwrap_or_default();
    let gap = after
        .iter()
        .take(OWNED_GAP_BYTES_MAX + 1)
        .take_while(|byte| !byte.is_ascii_alphanumeric())
        .count();
    gap <= OWNED_GAP_BYTES_MAX
        && after
            .get(gap)
            .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'X')
}

/// Bytes between a word and a value that is its own.
const OWNED_GAP_BYTES_MAX: usize = 6;
