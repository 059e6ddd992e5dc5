//! One walk over a message, leaf by leaf.
//!
//! Owns: the meeting of wire format and schema. Refuses: what is not well formed, and what nests too
//! deep. Stays true: a field whose bytes do not fit its type is taken as one that the schema does not
//! tell of, as every reader does; time is linear in the bytes, and memory is one frame a level, reused.

use super::fields::{self, RawField, Wire};
use super::found::{self, Found, whole, wire_of};
use super::frames::{Frame, Holds, Key};
use super::guess::{Guess, guess};
use super::leaf::{Kind, Leaf};
use super::table::{Field, FieldType, Label, MessageId, Scalar, Schema};
use crate::limits::{PROTOBUF_COUNTS_MAX, PROTOBUF_DEPTH_MAX, PROTOBUF_GUESSED_DEPTH_MAX};
use crate::schema::edit::{Malformed, Splices};
use crate::schema::varint;

/// The memory of a walk, kept so that the next walk need not allocate.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    frames: Vec<Frame>,
    /// Elements seen of repeated fields, by number; those of one frame in a row.
    counts: Vec<(u32, u32)>,
}

/// The schema of messages that have none.
static NO_SCHEMA: Schema = Schema {
    messages: Vec::new(),
    top: Vec::new(),
};

/// Walks one message.
#[derive(Debug)]
pub struct Walk<'a> {
    schema: &'a Schema,
    bytes: &'a [u8],
    at: usize,
    frames: &'a mut Vec<Frame>,
    counts: &'a mut Vec<(u32, u32)>,
    /// Lengths that are written anew, since what is behind them grows.
    pub(super) resized: Splices,
}

impl<'a> Walk<'a> {
    /// A message of a schema.
    pub fn new(
        schema: &'a Schema,
        message: MessageId,
        bytes: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Walk<'a> {
        Walk::start(schema, Holds::Message(message), bytes, scratch)
    }

    /// A message that no schema tells of: paths are field numbers, and types are guesses.
    pub fn by_look(bytes: &'a [u8], scratch: &'a mut Scratch) -> Walk<'a> {
        Walk::start(&NO_SCHEMA, Holds::Guessed, bytes, scratch)
    }

    fn start(
        schema: &'a Schema,
        holds: Holds,
        bytes: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Walk<'a> {
        scratch.frames.clear();
        scratch.counts.clear();
        scratch.frames.push(Frame::new(holds, bytes.len()));
        Walk {
            schema,
            bytes,
            at: 0,
            frames: &mut scratch.frames,
            counts: &mut scratch.counts,
            resized: Splices::new(),
        }
    }

    /// The next leaf; none behind the last one.
    pub fn next_leaf(&mut self) -> Result<Option<Leaf<'_>>, Malformed> {
        let found = loop {
            let Some(frame) = self.frames.last() else {
                return Ok(None);
            };
            if self.at >= frame.end {
                if frame.group.is_some() {
                    return Err(self.malformed("a group that does not end"));
                }
                self.close();
                continue;
            }
            let found = match frame.holds {
                Holds::Packed(scalar) => Some(self.element(scalar)?),
                _ => self.field()?,
            };
            if let Some(found) = found {
                break found;
            }
        };
        Ok(Some(Leaf {
            kind: found.kind,
            number: found.number,
            keeps_length: found.keeps_length,
            scalar: found.scalar,
            removable: found.removable,
            tag: found.raw.tag,
            prefix: found.raw.prefix,
            start: found.raw.start,
            end: found.raw.end,
            schema: self.schema,
            frames: self.frames,
            message: self.bytes,
        }))
    }

    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    /// Reads a field: a leaf, or what holds others and is opened.
    fn field(&mut self) -> Result<Option<Found>, Malformed> {
        let Some(frame) = self.frames.last() else {
            return Ok(None);
        };
        let (holds, group) = (frame.holds, frame.group);
        let raw = fields::read(self.bytes, self.at, frame.end);
        let raw = raw.map_err(|what| self.malformed(what))?;
        if raw.wire == Wire::GroupClose {
            if group != Some(raw.number) {
                return Err(self.malformed("the end of another group"));
            }
            self.at = raw.end;
            self.close();
            return Ok(None);
        }
        let schema = self.schema;
        let known = match holds {
            Holds::Message(id) | Holds::Entry(id) => {
                schema.message(id).and_then(|m| m.field(raw.number))
            }
            _ => None,
        };
        self.note(&raw, known);
        let found = match known {
            Some((_, field)) => self.known(raw, field)?,
            None => self.unknown(raw)?,
        };
        if found.is_some() {
            self.at = raw.end;
        }
        Ok(found)
    }

    /// Notes which field and which element of it is at hand.
    fn note(&mut self, raw: &RawField, known: Option<(u32, &Field)>) {
        let packed =
            |field: &Field| raw.wire == Wire::Len && matches!(field.of, FieldType::Scalar(_));
        let repeated = known.is_some_and(|(_, field)| {
            field.label == Label::Repeated && !packed(field) && !self.is_map(field)
        });
        let index = repeated.then(|| self.count(raw.number, 1));
        if let Some(frame) = self.frames.last_mut() {
            (frame.number, frame.index) = (raw.number, index);
            frame.field = known.map(|(at, _)| at);
        }
    }

    fn is_map(&self, field: &Field) -> bool {
        match field.of {
            FieldType::Message(id) => self.schema.message(id).is_some_and(|m| m.entry),
            _ => false,
        }
    }

    /// How many elements of this field were seen in the innermost frame, before `more` are added.
    fn count(&mut self, number: u32, more: u32) -> u32 {
        let start = self.frames.last().map_or(0, |frame| frame.counts);
        let own = self.counts.get_mut(start..).unwrap_or_default();
        if let Some((_, count)) = own.iter_mut().rev().find(|(known, _)| *known == number) {
            let before = *count;
            *count = before.saturating_add(more);
            return before;
        }
        if own.len() >= PROTOBUF_COUNTS_MAX {
            self.counts.pop();
        }
        self.counts.push((number, more));
        0
    }

    /// A field of the schema.
    fn known(&mut self, raw: RawField, field: &Field) -> Result<Option<Found>, Malformed> {
        let entry = matches!(
            self.frames.last().map(|frame| frame.holds),
            Some(Holds::Entry(_))
        );
        let key = entry && raw.number == 1;
        let removable = field.label == Label::Optional && !key;
        match (field.of, raw.wire) {
            (FieldType::Scalar(scalar), wire) if wire == wire_of(scalar) => {
                let mut found = found::scalar(raw, scalar, removable);
                found.kind = if key { Kind::Name } else { found.kind };
                Ok(Some(found))
            }
            (FieldType::Scalar(scalar), Wire::Len) if field.label == Label::Repeated => {
                let before = self.count(raw.number, 0);
                self.open(raw, Holds::Packed(Some(scalar)))?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.index = before.checked_sub(1);
                }
                Ok(None)
            }
            (FieldType::Text, Wire::Len) => {
                let kind = if key { Kind::Name } else { Kind::Text };
                Ok(Some(found::sized(raw, kind, removable)))
            }
            (FieldType::Bytes, Wire::Len) => Ok(Some(found::sized(raw, Kind::Bytes, removable))),
            (FieldType::Message(id), Wire::Len | Wire::GroupOpen) => {
                let holds = match self.is_map(field) {
                    true => Holds::Entry(id),
                    false => Holds::Message(id),
                };
                self.open(raw, holds).map(|()| None)
            }
            _ => self.unknown(raw),
        }
    }

    /// A field that no schema tells of.
    fn unknown(&mut self, raw: RawField) -> Result<Option<Found>, Malformed> {
        let guessed = self.frames.last().map_or(0, |frame| frame.guessed);
        let deep = guessed >= PROTOBUF_GUESSED_DEPTH_MAX;
        let scalar = match raw.wire {
            Wire::Varint => Scalar::Uint64,
            Wire::Fixed32 => Scalar::Fixed32,
            Wire::Fixed64 if whole(f64::from_bits(raw.value)).is_some_and(|n| n != 0) => {
                Scalar::Double
            }
            Wire::Fixed64 => Scalar::Fixed64,
            Wire::GroupOpen | Wire::GroupClose => {
                return self.open(raw, Holds::Guessed).map(|()| None);
            }
            Wire::Len => {
                let found = match guess(raw.bytes(self.bytes)) {
                    Guess::Message if !deep => {
                        return self.open(raw, Holds::Guessed).map(|()| None);
                    }
                    Guess::Packed => return self.open(raw, Holds::Packed(None)).map(|()| None),
                    Guess::Text(ambiguous) => Found {
                        keeps_length: ambiguous,
                        ..found::sized(raw, Kind::Text, true)
                    },
                    Guess::Message | Guess::Bytes => found::sized(raw, Kind::Bytes, true),
                };
                return Ok(Some(found));
            }
        };
        Ok(Some(found::scalar(raw, scalar, true)))
    }

    /// Opens what holds others; of a map's entry, the key is looked up first.
    fn open(&mut self, raw: RawField, holds: Holds) -> Result<(), Malformed> {
        if self.frames.len() >= PROTOBUF_DEPTH_MAX {
            return Err(self.malformed("more levels than are walked"));
        }
        let outer = self.frames.last();
        let (outer_end, guessed) = outer.map_or((0, 0), |frame| (frame.end, frame.guessed));
        let group = (raw.wire == Wire::GroupOpen).then_some(raw.number);
        let end = if group.is_some() { outer_end } else { raw.end };
        let mut frame = Frame::new(holds, end);
        frame.group = group;
        frame.prefix = (raw.prefix, raw.start);
        frame.guessed += guessed;
        frame.counts = self.counts.len();
        if let Holds::Entry(_) = holds {
            frame.key = self.key(raw.start, end);
        }
        self.frames.push(frame);
        self.at = raw.start;
        Ok(())
    }

    /// The key of an entry: its last field 1, for it need not come first.
    fn key(&self, mut at: usize, end: usize) -> Key {
        let mut key = Key::Text(0, 0);
        while let Some(raw) = fields::read(self.bytes, at, end).ok().filter(|_| at < end) {
            key = match (raw.number, raw.wire) {
                (1, Wire::Len) => Key::Text(raw.start, raw.end),
                (1, Wire::Varint | Wire::Fixed32 | Wire::Fixed64) => {
                    Key::Number(u32::try_from(raw.value).unwrap_or(u32::MAX))
                }
                _ => key,
            };
            at = raw.end;
        }
        key
    }

    /// The next of a row of packed scalars.
    fn element(&mut self, scalar: Option<Scalar>) -> Result<Found, Malformed> {
        let at = self.at;
        let Some(frame) = self.frames.last_mut() else {
            return Err(self.malformed("nothing open"));
        };
        frame.index = Some(frame.index.map_or(0, |index| index.saturating_add(1)));
        let bytes = self.bytes.get(..frame.end).unwrap_or_default();
        let rest = bytes.get(at..).unwrap_or_default();
        let scalar = scalar.unwrap_or(Scalar::Uint64);
        let read = match wire_of(scalar) {
            Wire::Fixed64 => rest.first_chunk().map(|b| (u64::from_le_bytes(*b), at + 8)),
            Wire::Fixed32 => rest
                .first_chunk()
                .map(|b| (u32::from_le_bytes(*b).into(), at + 4)),
            _ => varint::read(bytes, at),
        };
        let (value, end) = read.ok_or_else(|| self.malformed("a packed value"))?;
        self.at = end;
        let raw = RawField {
            number: 0,
            wire: wire_of(scalar),
            tag: at,
            prefix: at,
            start: at,
            end,
            value,
        };
        Ok(found::scalar(raw, scalar, false))
    }

    /// Closes the innermost frame, and tells the one around it by how much it grows.
    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.counts.truncate(frame.counts);
        let mut grows = frame.grows;
        let (start, end) = frame.prefix;
        if grows != 0 && start < end {
            let len = (frame.end - end) as i64 + grows;
            let mut prefix = Vec::new();
            varint::push(&mut prefix, len as u64);
            grows += prefix.len() as i64 - (end - start) as i64;
            self.resized.push((start..end, prefix));
        }
        self.grow(grows);
        if let Holds::Packed(_) = frame.holds {
            let number = self.frames.last().map_or(0, |frame| frame.number);
            let seen = frame.index.map_or(0, |index| index.saturating_add(1));
            let before = self.count(number, 0);
            self.count(number, seen.saturating_sub(before));
        }
    }

    /// What is innermost will be so many bytes longer.
    pub(super) fn grow(&mut self, bytes: i64) {
        if let Some(frame) = self.frames.last_mut() {
            frame.grows += bytes;
        }
    }
}
