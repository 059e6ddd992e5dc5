//! What of a datum is open while it is walked, and the path that it spells.
//!
//! Owns: one frame a level. Refuses: bytes. Stays true: a path has as many elements as a bound says,
//! however deep the walk is.

use super::table::{Node, NodeId, Schema};
use crate::schema::path::{Element, Name, elements_of};
use std::ops::Range;

/// A record, array or map that is open.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub node: NodeId,
    /// Fields or elements begun.
    pub begun: u32,
    /// Elements that are left in the block.
    pub left: u64,
    /// The key at hand.
    pub key: (usize, usize),
    /// Count and size of the block, when it has a size.
    pub sized: Option<Block>,
    /// The replacement has been told that this frame's sizes change.
    pub loose: bool,
}

/// The head of a block that says its own size.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub head: Range<usize>,
    pub count: u64,
    pub end: usize,
}

/// Names and indexes of the frames, from the outside in.
pub(super) fn elements<'w>(
    schema: &'w Schema,
    datum: &'w [u8],
    frames: &'w [Frame],
) -> impl Iterator<Item = Element<'w>> + use<'w> {
    elements_of(frames, move |frame: &'w Frame| {
        let index = frame.begun.checked_sub(1)?;
        match schema.node(frame.node) {
            Node::Record(fields) => {
                let field = schema.fields(fields).get(index as usize)?;
                Some(Element::Name(Name::plain(field.name.as_bytes())))
            }
            Node::Map(_) => {
                let (start, end) = frame.key;
                let raw = datum.get(start..end).unwrap_or_default();
                Some(Element::Name(Name::key(raw, start)))
            }
            _ => Some(Element::Index(index)),
        }
    })
}
