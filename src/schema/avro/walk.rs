//! One walk over a datum, leaf by leaf.
//!
//! Owns: the binary encoding. Refuses: a datum that its schema does not fit to the last byte, one
//! that nests too deep, and one that claims more values than its bytes can pay for. Stays true: time
//! is linear in the bytes, and the only memory is one frame a level, reused.

use super::frames::{Block, Frame};
use super::leaf::{Kind, Leaf, UnionIndex};
use super::table::{Logical, Node, NodeId, Schema};
use crate::limits::{AVRO_DEPTH_MAX, AVRO_VALUES_FREE_MAX, AVRO_VALUES_PER_BYTE_MAX};
use crate::schema::edit::{Malformed, Splices};
use crate::schema::varint;

/// The frames of a walk, kept so that the next walk need not allocate.
#[derive(Clone, Debug, Default)]
pub struct Scratch(Vec<Frame>);

/// Walks one datum.
#[derive(Debug)]
pub struct Walk<'a> {
    schema: &'a Schema,
    datum: &'a [u8],
    at: usize,
    frames: &'a mut Vec<Frame>,
    /// The value that comes next, and the union that chose it.
    next: Option<(NodeId, Option<UnionIndex>)>,
    /// Values that may still come.
    budget: usize,
}

impl<'a> Walk<'a> {
    /// Starts at the first byte.
    pub fn new(schema: &'a Schema, datum: &'a [u8], scratch: &'a mut Scratch) -> Walk<'a> {
        scratch.0.clear();
        let paid = datum.len().saturating_mul(AVRO_VALUES_PER_BYTE_MAX);
        Walk {
            schema,
            datum,
            at: 0,
            frames: &mut scratch.0,
            next: Some((schema.root, None)),
            budget: paid.saturating_add(AVRO_VALUES_FREE_MAX),
        }
    }

    /// The next leaf; none behind the last one.
    pub fn next_leaf(&mut self) -> Result<Option<Leaf<'_>>, Malformed> {
        let found = loop {
            let left = self.budget.checked_sub(1);
            self.budget = left.ok_or_else(|| self.malformed("more values than bytes"))?;
            let step = match self.next.take() {
                Some((node, union)) => self.value(node, union)?,
                None if self.frames.is_empty() => return self.end(),
                None => self.resume()?,
            };
            if let Some(found) = step {
                break found;
            }
        };
        Ok(Some(Leaf {
            kind: found.kind,
            logical: found.logical,
            number: found.number,
            prefix: found.prefix,
            start: found.start,
            end: self.at,
            union: found.union,
            schema: self.schema,
            frames: self.frames,
            datum: self.datum,
        }))
    }

    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    fn end<T>(&self) -> Result<Option<T>, Malformed> {
        match self.at == self.datum.len() {
            true => Ok(None),
            false => Err(self.malformed("bytes behind its end")),
        }
    }

    /// Reads a leaf, or opens what holds others.
    fn value(&mut self, id: NodeId, union: Option<UnionIndex>) -> Result<Option<Found>, Malformed> {
        let schema = self.schema;
        let mut found = Found::at(self.at, union);
        match schema.node(id) {
            Node::Record(_) | Node::Array(_) | Node::Map(_) => return self.open(id),
            Node::Union(branches, null) => {
                let branches = schema.branches(branches);
                return self.union(branches, *null);
            }
            Node::Null => {}
            Node::Boolean => {
                self.skip(1)?;
                found.kind = Kind::Boolean;
            }
            Node::Int(logical) => {
                let value = self.long()?;
                i32::try_from(value).map_err(|_| self.malformed("an int beyond 32 bits"))?;
                found.integer(Kind::Int, *logical, value);
            }
            Node::Long(logical) => found.integer(Kind::Long, *logical, self.long()?),
            Node::Float => {
                let bits = self.fixed::<4>()?;
                found.fraction(Kind::Float, f64::from(f32::from_le_bytes(bits)));
            }
            Node::Double => {
                let bits = self.fixed::<8>()?;
                found.fraction(Kind::Double, f64::from_le_bytes(bits));
            }
            Node::Bytes(logical) => {
                found.start = self.sized()?;
                found.raw(Kind::Bytes, *logical, self.since(found.start));
            }
            Node::Text(logical) => {
                found.start = self.sized()?;
                (found.kind, found.logical) = (Kind::Text, *logical);
            }
            Node::Fixed(size, logical) => {
                self.skip(*size)?;
                found.raw(Kind::Fixed, *logical, self.since(found.start));
            }
            Node::Enum(symbols) => {
                let symbol = self.long()?;
                let known = u32::try_from(symbol).is_ok_and(|symbol| symbol < *symbols);
                known
                    .then_some(())
                    .ok_or_else(|| self.malformed("an enum's symbol"))?;
                found.kind = Kind::Enum;
            }
        }
        Ok(Some(found))
    }

    fn open(&mut self, node: NodeId) -> Result<Option<Found>, Malformed> {
        if self.frames.len() >= AVRO_DEPTH_MAX {
            return Err(self.malformed("more levels than are walked"));
        }
        self.frames.push(Frame {
            node,
            begun: 0,
            left: 0,
            key: (0, 0),
            sized: None,
            loose: false,
        });
        Ok(None)
    }

    fn union(
        &mut self,
        branches: &[NodeId],
        null: Option<u32>,
    ) -> Result<Option<Found>, Malformed> {
        let start = self.at;
        let index = self.long()?;
        let branch = usize::try_from(index).ok().and_then(|i| branches.get(i));
        let branch = branch.ok_or_else(|| self.malformed("a union's branch"))?;
        self.next = Some((*branch, Some(UnionIndex { start, null })));
        Ok(None)
    }

    /// Goes on with what is open: the next field, element or key, or its end.
    fn resume(&mut self) -> Result<Option<Found>, Malformed> {
        let schema = self.schema;
        let Some(frame) = self.frames.last_mut() else {
            return Ok(None);
        };
        let (inner, map) = match schema.node(frame.node) {
            Node::Record(fields) => {
                match schema.fields(fields).get(frame.begun as usize) {
                    Some(field) => {
                        frame.begun += 1;
                        self.next = Some((field.node, None));
                    }
                    None => drop(self.frames.pop()),
                }
                return Ok(None);
            }
            Node::Array(inner) => (*inner, false),
            Node::Map(inner) => (*inner, true),
            _ => return Ok(None),
        };
        if frame.left == 0 && !self.block()? {
            self.frames.pop();
            return Ok(None);
        }
        let key = match map {
            true => Some((self.at, self.sized()?)),
            false => None,
        };
        let end = self.at;
        self.next = Some((inner, None));
        if let Some(frame) = self.frames.last_mut() {
            frame.left -= 1;
            frame.begun = frame.begun.saturating_add(1);
            frame.key = key.map_or((0, 0), |(_, start)| (start, end));
        }
        Ok(key.map(|(prefix, start)| {
            let mut found = Found::at(prefix, None);
            (found.start, found.kind) = (start, Kind::Name);
            found
        }))
    }

    /// Reads the head of the next block of the innermost frame. False at the end.
    fn block(&mut self) -> Result<bool, Malformed> {
        let before = self.frames.last().and_then(|frame| frame.sized.as_ref());
        if before.is_some_and(|block| block.end != self.at) {
            return Err(self.malformed("a block of another size than it says"));
        }
        let start = self.at;
        let claimed = self.long()?;
        let count = claimed.unsigned_abs();
        let mut sized = None;
        if claimed < 0 {
            let size = self.len()?;
            let head = start..self.at;
            let end = self.at + size;
            sized = Some(Block { head, count, end });
        }
        if let Some(frame) = self.frames.last_mut() {
            (frame.left, frame.sized, frame.loose) = (count, sized, false);
        }
        Ok(count > 0)
    }

    /// A zigzag varint.
    fn long(&mut self) -> Result<i64, Malformed> {
        let read = varint::read(self.datum, self.at);
        let (value, end) = read.ok_or_else(|| self.malformed("an integer"))?;
        self.at = end;
        Ok(varint::unzigzag(value))
    }

    /// A length that the rest of the datum can hold.
    fn len(&mut self) -> Result<usize, Malformed> {
        let claimed = self.long()?;
        let rest = self.datum.len() - self.at;
        let len = usize::try_from(claimed).ok().filter(|len| *len <= rest);
        len.ok_or_else(|| self.malformed("a length past the end"))
    }

    /// Passes a length and so many bytes; where they start.
    fn sized(&mut self) -> Result<usize, Malformed> {
        let len = self.len()?;
        let start = self.at;
        self.skip(len)?;
        Ok(start)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Malformed> {
        let rest = self.datum.len() - self.at;
        if bytes > rest {
            return Err(self.malformed("a value past the end"));
        }
        self.at += bytes;
        Ok(())
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let rest = self.datum.get(self.at..).unwrap_or_default();
        let bytes = rest.first_chunk::<N>().copied();
        self.skip(N)?;
        bytes.ok_or_else(|| self.malformed("a value past the end"))
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.datum.get(start..self.at).unwrap_or_default()
    }

    /// Tells the blocks around the last leaf that they will be of another size: what to write in place
    /// of their heads is added. A block need not say its size, so the count alone is written.
    pub(super) fn loosen(&mut self, edits: &mut Splices) {
        for frame in self.frames.iter_mut().rev() {
            if frame.loose {
                break; // and so are those around it
            }
            frame.loose = true;
            if let Some(block) = &frame.sized {
                let mut head = Vec::new();
                varint::push(&mut head, varint::zigzag(block.count as i64));
                edits.push((block.head.clone(), head));
            }
        }
    }
}

/// A leaf whose end is where the walk is.
#[derive(Debug)]
struct Found {
    kind: Kind,
    logical: Logical,
    number: Option<i64>,
    prefix: usize,
    start: usize,
    union: Option<UnionIndex>,
}

impl Found {
    fn at(at: usize, union: Option<UnionIndex>) -> Found {
        Found {
            kind: Kind::Null,
            logical: Logical::Plain,
            number: None,
            prefix: at,
            start: at,
            union,
        }
    }

    fn integer(&mut self, kind: Kind, logical: Logical, value: i64) {
        (self.kind, self.logical, self.number) = (kind, logical, Some(value));
    }

    fn fraction(&mut self, kind: Kind, value: f64) {
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0; // 2^53
        let whole = value.trunc() == value && value.abs() < EXACT_MAX;
        (self.kind, self.number) = (kind, whole.then_some(value as i64));
    }

    /// Bytes, which are a number when they are a decimal without places.
    fn raw(&mut self, kind: Kind, logical: Logical, bytes: &[u8]) {
        (self.kind, self.logical) = (kind, logical);
        if logical == Logical::Decimal(0) && (1..=8).contains(&bytes.len()) {
            let sign = if bytes[0] & 0x80 != 0 { -1i64 } else { 0 };
            let value = bytes
                .iter()
                .fold(sign, |sum, byte| sum << 8 | i64::from(*byte));
            self.number = Some(value);
        }
    }
}
