//! A binary record as JSON text, and the way back from the text to its bytes.
//!
//! ```text
//! leaves ─► trail   objects, arrays and names around each, as its path says
//!        ─► values  what stands there: a string, a number
//!        ─► Piece   which bytes of the record that is
//! ```
//!
//! Owns: the text and its pieces, in memory that is used again. Refuses: detectors; and bytes that are no
//! text: those are told apart, to be looked at as they lie. Stays true: the text is JSON; pieces ascend in it
//! and do not overlap; names and nesting are those of the leaf's path; nothing is allocated once the
//! memory has grown to its size, which has a bound.
//!
//! One text for both formats means that whatever is known of JSON is known of them: words in names,
//! paths, numbers that must stay numbers.

mod trail;
mod values;

#[cfg(test)]
mod tests;

use super::edit::Malformed;
use super::protobuf::MessageId;
use super::{avro, protobuf};
use crate::limits::{RENDITION_BYTES_MAX, RENDITION_PIECES_MAX};
use std::ops::Range;
use trail::Trail;
pub use values::{Nature, changed};

/// One value in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands: a string without its quotes, a number whole.
    pub text: Range<u32>,
    /// The value's own bytes, counted as the caller counts.
    pub bytes: Range<u32>,
    /// What may be written in its place.
    pub nature: Nature,
}

/// Why a record has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenditionFault {
    /// It is not what its schema says: its writer's fault, or another schema's.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its names repeated for each of its values come to more than there is room for.
    #[error("records whose text would be longer than {RENDITION_BYTES_MAX} bytes")]
    TooLarge,
}

/// The texts of some records, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Rendition {
    text: Vec<u8>,
    pieces: Vec<Piece>,
    opaque: Vec<Range<u32>>,
    trail: Trail,
    avro: avro::Scratch,
    protobuf: protobuf::Scratch,
}

impl Rendition {
    /// Forgets everything and keeps the memory, up to so many bytes of text.
    pub fn clear(&mut self, kept_bytes: usize) {
        if self.text.capacity() > kept_bytes {
            *self = Rendition::default();
        }
        self.text.clear();
        self.pieces.clear();
        self.opaque.clear();
    }

    /// All texts, a line end between them.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The values in them, ascending.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Values that are bytes and no text, ascending, counted as the caller counts. In the text stands
    /// `null` for them.
    pub fn opaque(&self) -> &[Range<u32>] {
        &self.opaque
    }

    /// Adds an Avro datum, whose first byte the caller counts as `base`. Where its text stands.
    ///
    /// # Errors
    /// Nothing of it was added then.
    pub fn avro(
        &mut self,
        schema: &avro::Schema,
        datum: &[u8],
        base: usize,
    ) -> Result<Range<u32>, RenditionFault> {
        let mut scratch = std::mem::take(&mut self.avro);
        let mut walk = avro::Walk::new(schema, datum, &mut scratch);
        let added = self.add(|draft| {
            while let Some(leaf) = walk.next_leaf()? {
                draft.avro(&leaf, base)?;
            }
            Ok(())
        });
        self.avro = scratch;
        added
    }

    /// Adds a Protobuf message, by its look where there is no schema. Where its text stands, and whether some
    /// of it was guessed.
    ///
    /// # Errors
    /// Nothing of it was added then.
    pub fn protobuf(
        &mut self,
        schema: Option<(&protobuf::Schema, MessageId)>,
        message: &[u8],
        base: usize,
    ) -> Result<(Range<u32>, bool), RenditionFault> {
        let mut guessed = schema.is_none();
        let mut scratch = std::mem::take(&mut self.protobuf);
        let mut walk = match schema {
            Some((schema, id)) => protobuf::Walk::new(schema, id, message, &mut scratch),
            None => protobuf::Walk::by_look(message, &mut scratch),
        };
        let added = self.add(|draft| {
            while let Some(leaf) = walk.next_leaf()? {
                guessed |= leaf.is_guessed();
                draft.protobuf(&leaf, base)?;
            }
            Ok(())
        });
        self.protobuf = scratch;
        Ok((added?, guessed))
    }

    fn add(
        &mut self,
        write: impl FnOnce(&mut Draft<'_>) -> Result<(), RenditionFault>,
    ) -> Result<Range<u32>, RenditionFault> {
        let before = (self.text.len(), self.pieces.len(), self.opaque.len());
        if !self.text.is_empty() {
            self.text.push(b'\n');
        }
        let start = self.text.len();
        self.trail.clear();
        let mut draft = Draft {
            text: &mut self.text,
            pieces: &mut self.pieces,
            opaque: &mut self.opaque,
            trail: &mut self.trail,
        };
        if let Err(fault) = write(&mut draft) {
            self.text.truncate(before.0);
            self.pieces.truncate(before.1);
            self.opaque.truncate(before.2);
            return Err(fault);
        }
        self.trail.end(&mut self.text);
        Ok(start as u32..self.text.len() as u32)
    }

    /// The pieces whose text lies in a range, or reaches into it.
    pub fn pieces_in(&self, text: &Range<u32>) -> &[Piece] {
        let from = self.pieces.partition_point(|p| p.text.end <= text.start);
        let rest = self.pieces.get(from..).unwrap_or_default();
        let count = rest.partition_point(|p| p.text.start < text.end);
        rest.get(..count).unwrap_or_default()
    }

    /// The record's bytes that a range of the text stands for: exact within a string, all of a number.
    /// None where the range lies in names of a schema and brackets alone.
    pub fn origin(&self, text: &Range<u32>) -> Option<(Range<u32>, Nature)> {
        let pieces = self.pieces_in(text);
        let (first, last) = (pieces.first()?, pieces.last()?);
        let start = self.byte_at(first, text.start.max(first.text.start), false);
        let end = self.byte_at(last, text.end.min(last.text.end), true);
        Some((start..end, first.nature))
    }

    /// The byte of a piece that one of the text stands for; `end`: one past it.
    fn byte_at(&self, piece: &Piece, at: u32, end: bool) -> u32 {
        if !piece.nature.is_text() {
            return if end {
                piece.bytes.end
            } else {
                piece.bytes.start
            };
        }
        let text = self.text.get(piece.text.start as usize..at as usize);
        let before = values::unescaped_len(text.unwrap_or_default()) as u32;
        (piece.bytes.start + before).min(piece.bytes.end)
    }
}

/// A record's text while it is written.
struct Draft<'r> {
    text: &'r mut Vec<u8>,
    pieces: &'r mut Vec<Piece>,
    opaque: &'r mut Vec<Range<u32>>,
    trail: &'r mut Trail,
}

impl Draft<'_> {
    fn avro(&mut self, leaf: &avro::Leaf<'_>, base: usize) -> Result<(), RenditionFault> {
        use avro::Kind::*;
        self.room()?;
        let name = self.trail.go(leaf.elements(), self.text);
        let bytes = place(leaf.span(), base);
        match leaf.kind {
            Name => {
                self.name(name, bytes);
                return Ok(());
            }
            Boolean | Enum | Null => values::word(self.text),
            Text if leaf.logical == avro::Logical::Uuid => {
                self.value(bytes, Nature::Uuid, |to| values::string(to, leaf.bytes()));
            }
            Text => self.value(bytes, Nature::Text, |to| values::string(to, leaf.bytes())),
            Bytes | Fixed => self.raw(leaf, bytes),
            Int | Long => self.number(bytes, leaf.number),
            Float | Double => self.fraction(bytes, values::fraction(leaf.bytes())),
        }
        self.trail.filled();
        Ok(())
    }

    /// Bytes of a datum: a decimal, text, or neither.
    fn raw(&mut self, leaf: &avro::Leaf<'_>, bytes: Range<u32>) {
        let avro::Logical::Decimal(places) = leaf.logical else {
            return self.bytes(bytes, leaf.bytes(), leaf.kind == avro::Kind::Fixed);
        };
        match values::unscaled(leaf.bytes()).filter(|_| places <= values::PLACES_MAX) {
            Some(unscaled) => self.value(bytes, Nature::Decimal(places), |to| {
                values::decimal(to, unscaled, places);
            }),
            None => self.bytes(bytes, leaf.bytes(), true),
        }
    }

    fn protobuf(&mut self, leaf: &protobuf::Leaf<'_>, base: usize) -> Result<(), RenditionFault> {
        use protobuf::Kind::*;
        self.room()?;
        let name = self.trail.go(leaf.elements(), self.text);
        let bytes = place(leaf.span(), base);
        match leaf.kind {
            Name if leaf.number.is_none() => {
                self.name(name, bytes);
                return Ok(());
            }
            Boolean | Enum => values::word(self.text),
            Text => self.value(bytes, Nature::Text, |to| values::string(to, leaf.bytes())),
            Bytes => self.bytes(bytes, leaf.bytes(), false),
            Integer | Name => self.number(bytes, leaf.number),
            Fraction => self.fraction(bytes, values::fraction(leaf.bytes())),
        }
        self.trail.filled();
        Ok(())
    }

    fn room(&self) -> Result<(), RenditionFault> {
        let fits =
            self.text.len() < RENDITION_BYTES_MAX && self.pieces.len() < RENDITION_PIECES_MAX;
        fits.then_some(()).ok_or(RenditionFault::TooLarge)
    }

    /// The key of a map, which the trail has just written.
    fn name(&mut self, text: Option<Range<u32>>, bytes: Range<u32>) {
        if let Some(text) = text {
            let nature = Nature::Text;
            self.pieces.push(Piece {
                text,
                bytes,
                nature,
            });
        }
    }

    fn value(&mut self, bytes: Range<u32>, nature: Nature, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        write(self.text);
        let mut text = start as u32..self.text.len() as u32;
        if self.text.get(start) == Some(&b'"') {
            text = text.start + 1..text.end - 1;
        }
        self.pieces.push(Piece {
            text,
            bytes,
            nature,
        });
    }

    fn number(&mut self, bytes: Range<u32>, number: Option<i64>) {
        match number {
            Some(number) => self.value(bytes, Nature::Integer, |to| values::integer(to, number)),
            None => values::word(self.text),
        }
    }

    fn fraction(&mut self, bytes: Range<u32>, value: Option<f64>) {
        match value.filter(|value| value.is_finite()) {
            Some(value) => self.value(bytes, Nature::Fraction, |to| {
                values::write_fraction(to, value);
            }),
            None => values::word(self.text),
        }
    }

    /// Text where it is text; `rigid`: its length may not change.
    fn bytes(&mut self, bytes: Range<u32>, raw: &[u8], rigid: bool) {
        if values::is_text(raw) {
            let nature = if rigid { Nature::Rigid } else { Nature::Text };
            return self.value(bytes, nature, |to| values::string(to, raw));
        }
        self.opaque.push(bytes);
        values::word(self.text);
    }
}

fn place(span: Range<usize>, base: usize) -> Range<u32> {
    (span.start + base) as u32..(span.end + base) as u32
}
