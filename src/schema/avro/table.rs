//! A compiled schema: a table of types that refer to each other by index.
//!
//! Owns: the types. Refuses: anything a reader of bytes does not need: documentation, defaults,
//! aliases. Stays true: every index in it is within it.

use std::ops::Range;

/// A compiled schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub(super) nodes: Vec<Node>,
    /// Fields of all records, those of one record in a row.
    pub(super) fields: Vec<Field>,
    /// Branches of all unions, those of one union in a row.
    pub(super) branches: Vec<NodeId>,
    pub(super) root: NodeId,
}

/// An index into the table.
pub(super) type NodeId = u32;

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub name: Box<str>,
    pub node: NodeId,
}

/// How a value is laid out.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Null,
    Boolean,
    Int(Logical),
    Long(Logical),
    Float,
    Double,
    Bytes(Logical),
    Text(Logical),
    Fixed(usize, Logical),
    /// So many symbols.
    Enum(u32),
    /// Its fields.
    Record(Range<u32>),
    Array(NodeId),
    Map(NodeId),
    /// Its branches, and which of them is null.
    Union(Range<u32>, Option<u32>),
}

/// What a value means beyond its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Logical {
    /// What its type says.
    #[default]
    Plain,
    /// A number of so many decimal places, as bytes in two's complement, the highest first.
    Decimal(u32),
    /// A UUID, as text or as its 16 bytes.
    Uuid,
    /// Days since 1970.
    Date,
    /// Time of a day.
    Time,
    /// A moment, in any unit.
    Timestamp,
    /// Months, days, milliseconds.
    Duration,
}

impl Schema {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::Null)
    }

    pub(super) fn fields(&self, range: &Range<u32>) -> &[Field] {
        let range = range.start as usize..range.end as usize;
        self.fields.get(range).unwrap_or_default()
    }

    pub(super) fn branches(&self, range: &Range<u32>) -> &[NodeId] {
        let range = range.start as usize..range.end as usize;
        self.branches.get(range).unwrap_or_default()
    }

    /// Types and fields in it.
    pub fn size(&self) -> usize {
        self.nodes.len() + self.fields.len()
    }
}
