//! The pass over one body: tiles in, findings out.
//!
//! ```text
//! tile n     planes ─► bits outside fields cleared ─► shapes ─► words checked letter by letter
//! word n-1   each place with a bit, field by field ─► detectors ─► settle at the field's end
//! ```
//!
//! Owns: how far it has come. Refuses: to decide anything; detectors do. Stays true: places are
//! looked at one word (64 bytes) after the words around them were read, so what stands behind a value is
//! known; a place is looked at once; time is linear in the body, and what is kept of it is bounded.

use super::Vocabulary;
use super::candidates::{Kernel, Planes, Shapes, TILE_BYTES, TILE_WORDS, Wants};
use super::context::{Context, GAP_BYTES_MAX, Hit, Reader, Scope};
use super::inside::mark_inside;
use super::look::{Here, Look, Views};
use super::reach::Reach;
use super::scopes::note_scope;
use super::settle::Found;
use super::starts::Starts;
use super::views::{Fault, Unreadable, ViewScratch};
use super::words::Words;
use crate::chunk::{Field, Finding};
use crate::limits::FINDINGS_PER_BODY_MAX;

/// What one core re-uses from body to body.
pub struct Scratch {
    planes: Planes,
    shapes: Shapes,
    inside: [u64; TILE_WORDS],
    /// Fields that reach into the tile or the word before it.
    fields: Vec<Field>,
    hits: Vec<Hit>,
    scopes: Vec<Scope>,
    reach: Reach,
    found: Vec<Found>,
    /// Where parts of words begin in the tile, and then those that may be keywords or literals.
    starts: Box<Starts>,
    /// Whether the field in hand may spell or pack something otherwise.
    marked: bool,
    views: ViewScratch,
    /// For what views show; made when the first one does.
    inner: Option<Box<Scratch>>,
    unreadable: Option<Unreadable>,
}

impl Scratch {
    /// Empty; grows to what the first bodies need and stays.
    pub fn new() -> Scratch {
        Scratch {
            planes: Planes::new(),
            shapes: Shapes::new(),
            inside: [0; TILE_WORDS],
            fields: Vec::new(),
            hits: Vec::new(),
            scopes: Vec::new(),
            reach: Reach::new(),
            found: Vec::new(),
            starts: Box::new(Starts::new()),
            marked: false,
            views: ViewScratch::default(),
            inner: None,
            unreadable: None,
        }
    }

    /// Before the first field of a body.
    pub(super) fn begin_body(&mut self) {
        self.views.begin_body();
    }

    /// For views, and for what they show.
    pub(super) fn views(&mut self) -> (&mut ViewScratch, &mut Scratch) {
        (&mut self.views, self.inner.get_or_insert_default())
    }

    fn restart(&mut self) {
        self.planes.forget();
        self.shapes.forget();
        self.fields.clear();
        self.hits.clear();
        self.scopes.clear();
        self.reach.forget();
        self.found.clear();
        self.marked = false;
        self.unreadable = None;
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

/// One pass.
pub(super) struct Pass<'a> {
    kernel: Kernel,
    vocabulary: &'a Vocabulary,
    wants: Wants,
    body: &'a [u8],
    scratch: &'a mut Scratch,
    findings_max: usize,
}

impl<'a> Pass<'a> {
    /// Over a body; with `views`, fields that spell or pack something otherwise are read as they mean too.
    pub(super) fn new(
        kernel: Kernel,
        vocabulary: &'a Vocabulary,
        body: &'a [u8],
        scratch: &'a mut Scratch,
        views: bool,
    ) -> Pass<'a> {
        Pass {
            kernel,
            vocabulary,
            wants: vocabulary.wants(views),
            body,
            scratch,
            findings_max: FINDINGS_PER_BODY_MAX,
        }
    }

    /// Reads the fields and appends what is in them. Says of the first field that cannot be read whole why
    /// that is.
    pub(super) fn run(
        mut self,
        fields: impl Iterator<Item = Field>,
        out: &mut Vec<Finding>,
    ) -> Option<Unreadable> {
        self.scratch.restart();
        let end = self.body.len();
        let mut fields = fields
            .filter(|f| f.start < f.end && f.end as usize <= end)
            .peekable();
        let (mut at, mut floor, mut newest, before) = (0, 0, None, out.len());
        while at < end && (fields.peek().is_some() || !self.scratch.fields.is_empty()) {
            let words = (end - at).min(TILE_BYTES).div_ceil(64);
            while let Some(field) = fields.next_if(|field| (field.start as usize) < at + TILE_BYTES)
            {
                self.scratch.fields.push(field);
                newest = Some(field);
            }
            self.read_tile(at, words);
            let last = end - at <= TILE_BYTES;
            floor = self.look_at(at, words, last, floor, out);
            if out.len() - before + self.scratch.found.len() > self.findings_max {
                let fault = Fault::TooMany;
                let crowded = newest.map(|field| Unreadable { field, fault });
                return self.scratch.unreadable.or(crowded);
            }
            self.scratch.planes.carry(words);
            self.scratch.shapes.carry(words);
            self.scratch.reach.carry(words);
            self.forget_hits(at);
            at += TILE_BYTES;
        }
        self.scratch.unreadable
    }

    /// Fills planes and shapes, and checks the words that may be keywords.
    fn read_tile(&mut self, at: usize, words: usize) {
        let Scratch {
            planes,
            shapes,
            inside,
            fields,
            ..
        } = &mut *self.scratch;
        mark_inside(inside, fields, at);
        let rest = self.body.get(at..).unwrap_or_default();
        self.kernel.fill(planes, rest, words);
        if inside[..words].iter().any(|bits| *bits != u64::MAX) {
            planes.keep(inside, words);
        }
        self.kernel.find(shapes, planes, words, self.wants);
        for scope in &self.scratch.scopes {
            if scope.detectors.meets(self.vocabulary.numbers) {
                self.scratch.reach.add_zone(at, scope.start..scope.end);
            }
        }
        let count = self.sift_starts(at, words);
        let mut field = 0;
        for index in 0..count {
            let place = usize::from(self.scratch.starts.places[index]);
            field = self.check_word(at, place, field);
        }
    }

    /// Lists the places of the tile where a keyword or literal may begin; returns how many.
    fn sift_starts(&mut self, at: usize, words: usize) -> usize {
        let Scratch {
            planes,
            shapes,
            starts,
            inside,
            ..
        } = &mut *self.scratch;
        starts.mark_ends(inside);
        let text = self.body.get(at..).unwrap_or_default();
        self.kernel
            .sift(starts, planes, shapes, words, text, &self.vocabulary.parts)
    }

    /// Notes a keyword that begins at `place` of the tile at `at`, in the field with this index or a later
    /// one; returns that index.
    fn check_word(&mut self, at: usize, place: usize, mut index: usize) -> usize {
        let Scratch {
            fields,
            hits,
            scopes,
            reach,
            shapes,
            ..
        } = &mut *self.scratch;
        let start = at + place;
        while fields
            .get(index)
            .is_some_and(|field| field.end as usize <= start)
        {
            index += 1;
        }
        let Some(field) = fields.get(index) else {
            return index;
        };
        let base = field.start as usize;
        let text = self.body.get(base..field.end as usize).unwrap_or_default();
        let rest = text.get(start - base..).unwrap_or_default();
        if self.vocabulary.calls.begins_literal(rest) {
            shapes.literals[1 + place / 64] |= 1 << (place % 64);
        }
        let Some(hit) = Hit::at(&self.vocabulary.words, text, base, start - base) else {
            return index;
        };
        hits.push(hit);
        if hit.detectors.meets(self.vocabulary.worded) {
            shapes.words[1 + place / 64] |= 1 << (place % 64);
        }
        let scope = note_scope(scopes, text, base, &hit);
        if hit.detectors.meets(self.vocabulary.numbers) {
            reach.add_word(at, hit.start..hit.end);
            if let Some(scope) = scope {
                reach.add_zone(at, scope.start..scope.end);
            }
        }
        index
    }

    /// Looks at the places of the word before the tile and of its own but the last one, which must wait for
    /// what follows it unless nothing does; returns how far clusters were looked at.
    fn look_at(
        &mut self,
        at: usize,
        words: usize,
        last: bool,
        floor: usize,
        out: &mut Vec<Finding>,
    ) -> usize {
        let Scratch {
            shapes,
            fields,
            hits,
            scopes,
            found,
            reach,
            marked,
            views,
            inner,
            unreadable,
            ..
        } = &mut *self.scratch;
        self.kernel.gather(shapes, reach.words(), words, self.wants);
        let views = self.wants.views.then_some(Views {
            kernel: self.kernel,
            body: self.body,
            marked,
            scratch: views,
            inner,
            unreadable,
        });
        let mut look = Look {
            views,
            shapes,
            reach: reach.words(),
            word: 0,
            vocabulary: self.vocabulary,
            floor,
            found,
        };
        let around = Around {
            body: self.body,
            words: &self.vocabulary.words,
            hits,
            scopes,
            known_to: if last { usize::MAX } else { at + TILE_BYTES },
        };
        let (mut index, ready) = (0, words + usize::from(last));
        // Word 0 of the first tile is nothing.
        for word in usize::from(at == 0)..ready {
            if look.shapes.any[word] == 0 {
                continue;
            }
            let base = at + word * 64 - 64;
            look.word = word;
            let bits = look.bits();
            while let Some(field) = fields.get(index) {
                let (start, end) = (field.start as usize, field.end as usize);
                if start >= base + 64 {
                    break;
                }
                let context = around.context(field);
                let here = around.here(field, &context);
                if end > base {
                    look.at(&bits.within(base, field), base, here);
                }
                if end > base + 64 {
                    break;
                }
                look.finish(here, out);
                index += 1;
            }
        }
        let done = at + ready * 64 - 64;
        while let Some(field) = fields.get(index).filter(|field| field.end as usize <= done) {
            let context = around.context(field);
            look.finish(around.here(field, &context), out);
            index += 1;
        }
        let floor = look.floor;
        fields.drain(..index);
        floor
    }

    /// Words that no place still to come can have near.
    fn forget_hits(&mut self, at: usize) {
        let Scratch { hits, scopes, .. } = &mut *self.scratch;
        let far = (at + TILE_BYTES).saturating_sub(64 + 64 + GAP_BYTES_MAX);
        let gone = hits.partition_point(|hit| hit.end < far);
        hits.drain(..gone);
        scopes.retain(|scope| scope.end > far);
    }
}

/// What the pass knows around the places it looks at.
struct Around<'a> {
    body: &'a [u8],
    words: &'a Words,
    hits: &'a [Hit],
    scopes: &'a [Scope],
    known_to: usize,
}

impl<'a> Around<'a> {
    fn context(&self, field: &Field) -> Context<'a> {
        let span = (field.start as usize, field.end as usize);
        let text = self.body.get(span.0..span.1).unwrap_or_default();
        Context {
            hits: self.hits,
            scopes: self.scopes,
            field: span,
            known_to: self.known_to,
            reader: Reader {
                words: self.words,
                text,
            },
        }
    }

    fn here<'b>(&self, field: &'b Field, context: &'b Context<'a>) -> Here<'b>
    where
        'a: 'b,
    {
        Here {
            text: context.reader.text,
            field,
            context,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{detector, engine};

    /// What is said of a text of addresses, when so many findings are enough.
    fn crowded(text: &[u8], findings_max: usize) -> (Option<Unreadable>, usize) {
        let set = [detector("ipv4").expect("built in")].into_iter().collect();
        let vocabulary = Vocabulary::new(set);
        let (mut scratch, mut out) = (Scratch::new(), Vec::new());
        let pass = Pass::new(Kernel::best(), &vocabulary, text, &mut scratch, true);
        let pass = Pass {
            findings_max,
            ..pass
        };
        let field = engine::tests::field(0, text.len());
        (pass.run(std::iter::once(field), &mut out), out.len())
    }

    #[test]
    fn more_than_is_kept_track_of_is_told() {
        let text = b"10.20.30.40 ".repeat(4_000);
        assert_eq!(crowded(&text, 4_000), (None, 4_000));
        let (told, kept) = crowded(&text, 3_999);
        assert_eq!(told.map(|told| told.fault), Some(Fault::TooMany));
        assert!(kept <= 4_000);
        // Long before its end, a body costs no more memory.
        let (told, kept) = crowded(&text, 100);
        assert_eq!(told.map(|told| told.fault), Some(Fault::TooMany));
        assert!(kept < 100 + TILE_BYTES / 12 + 1, "{kept}");
    }
}
