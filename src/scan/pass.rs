//! The pass over one body: tiles in, findings out.
//!
//! ```text
//! tile n     planes ─► bits outside fields cleared ─► shapes ─► words checked letter by letter
//! word n-1   each place with a bit, field by field ─► detectors ─► settle at the field's end
//! ```
//!
//! Owns: how far it has come. Refuses: to decide anything; detectors do. Stays true: places are
//! looked at one word (64 bytes) after the words around them were read, so what stands behind a value is
//! known; a place is looked at once; time is linear in the body.

use super::Vocabulary;
use super::candidates::{Kernel, Planes, Shapes, TILE_BYTES, TILE_WORDS, Wants};
use super::context::{Context, GAP_BYTES_MAX, Hit, Reader, Scope, owns_next};
use super::look::Look;
use super::scope::named_container;
use super::settle::{Found, settle};
use crate::chunk::{Field, Finding};
use crate::limits::SCAN_SCOPES_OPEN_MAX;

/// What one core re-uses from body to body.
pub struct Scratch {
    planes: Planes,
    shapes: Shapes,
    inside: [u64; TILE_WORDS],
    /// Fields that reach into the tile or the word before it.
    fields: Vec<Field>,
    hits: Vec<Hit>,
    scopes: Vec<Scope>,
    found: Vec<Found>,
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
            found: Vec::new(),
        }
    }

    fn restart(&mut self) {
        self.planes.forget();
        self.shapes.forget();
        self.fields.clear();
        self.hits.clear();
        self.scopes.clear();
        self.found.clear();
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

/// One pass.
pub(super) struct Pass<'a> {
    pub(super) kernel: Kernel,
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) wants: Wants,
    pub(super) body: &'a [u8],
    pub(super) scratch: &'a mut Scratch,
}

impl Pass<'_> {
    /// Reads the fields and appends what is in them.
    pub(super) fn run(mut self, fields: impl Iterator<Item = Field>, out: &mut Vec<Finding>) {
        self.scratch.restart();
        let end = self.body.len();
        let mut fields = fields
            .filter(|f| f.start < f.end && f.end as usize <= end)
            .peekable();
        let (mut at, mut floor) = (0, 0);
        while at < end && (fields.peek().is_some() || !self.scratch.fields.is_empty()) {
            let words = (end - at).min(TILE_BYTES).div_ceil(64);
            while let Some(field) = fields.next_if(|field| (field.start as usize) < at + TILE_BYTES)
            {
                self.scratch.fields.push(field);
            }
            self.read_tile(at, words);
            let last = end - at <= TILE_BYTES;
            floor = self.look_at(at, words, last, floor, out);
            self.scratch.planes.carry(words);
            self.scratch.shapes.carry(words);
            self.forget_hits(at);
            at += TILE_BYTES;
        }
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
        self.kernel
            .fill(planes, rest, words, &self.vocabulary.prints);
        planes.keep(inside, words);
        self.kernel.find(shapes, planes, words, self.wants);
        let mut field = 0;
        for word in 0..words {
            let mut bits = self.scratch.shapes.words[word + 1];
            while bits != 0 {
                let place = at + word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                field = self.check_word(place, field);
            }
        }
    }

    /// Notes a keyword that begins at `place`, which lies in the field with this index or a later one.
    fn check_word(&mut self, place: usize, mut index: usize) -> usize {
        let Scratch {
            fields,
            hits,
            scopes,
            ..
        } = &mut *self.scratch;
        while fields
            .get(index)
            .is_some_and(|field| field.end as usize <= place)
        {
            index += 1;
        }
        let Some(field) = fields.get(index) else {
            return index;
        };
        let base = field.start as usize;
        let text = self.body.get(base..field.end as usize).unwrap_or_default();
        if let Some((end, detectors)) = self.vocabulary.words.at(text, place - base) {
            hits.push(Hit {
                start: place,
                end: base + end,
                detectors,
                owns_next: owns_next(text, end),
            });
            note_scope(scopes, text, base, end, detectors);
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
            ..
        } = &mut *self.scratch;
        let mut look = Look {
            vocabulary: self.vocabulary,
            body: self.body,
            floor,
            found,
        };
        let known_to = if last { usize::MAX } else { at + TILE_BYTES };
        let mut index = 0;
        for word in 0..words + usize::from(last) {
            // Word 0 of the first tile is nothing.
            let Some(base) = (at + word * 64).checked_sub(64) else {
                continue;
            };
            let bits = look.bits(shapes, word);
            while let Some(field) = fields
                .get(index)
                .filter(|field| (field.start as usize) < base + 64)
            {
                if !bits.is_empty() {
                    let (start, end) = (field.start as usize, field.end as usize);
                    let text = self.body.get(start..end).unwrap_or_default();
                    let context = Context {
                        hits,
                        scopes,
                        field: (start, end),
                        known_to,
                        reader: Reader {
                            words: &self.vocabulary.words,
                            text,
                        },
                    };
                    look.at(&bits.within(base, field), base, field, context);
                }
                if field.end as usize > base + 64 {
                    break;
                }
                flush(look.found, out);
                index += 1;
            }
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

/// Remembers the object or array that a word names, unless one around it speaks for the same, or as
/// many as may be are open.
pub(super) fn note_scope(
    scopes: &mut Vec<Scope>,
    text: &[u8],
    base: usize,
    end: usize,
    detectors: crate::chunk::DetectorSet,
) {
    let open = scopes.iter().filter(|scope| scope.end > base + end);
    let (count, covered) = open.fold((0, false), |(count, covered), scope| {
        (
            count + 1,
            covered || scope.detectors.contains_all(detectors),
        )
    });
    if !covered
        && count < SCAN_SCOPES_OPEN_MAX
        && let Some(inner) = named_container(text, end)
    {
        scopes.push(Scope {
            start: base + inner.start,
            end: base + inner.end,
            named_at: base + end,
            detectors,
        });
    }
}

/// Puts a field's findings in order and hands them on.
fn flush(found: &mut Vec<Found>, out: &mut Vec<Finding>) {
    if !found.is_empty() {
        settle(found);
        out.extend(found.drain(..).map(|found| found.finding));
    }
}

/// Sets the bits of the tile's bytes that lie in a field.
fn mark_inside(inside: &mut [u64; TILE_WORDS], fields: &[Field], at: usize) {
    inside.fill(0);
    for field in fields {
        let from = (field.start as usize).saturating_sub(at);
        let to = (field.end as usize).saturating_sub(at).min(TILE_BYTES);
        if from >= to {
            continue;
        }
        let (first, last) = (from / 64, (to - 1) / 64);
        let head = u64::MAX << (from % 64);
        let tail = u64::MAX >> (63 - (to - 1) % 64);
        if first == last {
            inside[first] |= head & tail;
        } else {
            inside[first] |= head;
            inside[first + 1..last].fill(u64::MAX);
            inside[last] |= tail;
        }
    }
}
