//! A datum with some of its values replaced, still a datum of its schema.
//!
//! Owns: how a new value is written: its length, the union's branch, the heads of the blocks around
//! it. Refuses: a value that its type cannot hold. Stays true: what is not replaced is copied byte for
//! byte, but for the byte sizes of blocks that changed their size, which are left away (they are
//! optional).

use super::leaf::{Kind, Leaf};
use super::table::{Logical, Schema};
use super::walk::{Scratch, Walk};
use crate::schema::edit::{Edit, EditFault, Splices, With, spliced};
use crate::schema::varint;
use std::ops::Range;

/// The text of the UUID that is none.
const NIL_UUID: &[u8] = b"00000000-0000-0000-0000-000000000000";

/// The datum with these values replaced. Edits ascend. `Nothing` is null where the schema allows it,
/// else what is empty: no text, zero, the first symbol.
pub fn replace(
    schema: &Schema,
    datum: &[u8],
    edits: &[Edit<'_>],
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EditFault> {
    let mut walk = Walk::new(schema, datum, scratch);
    let mut left = edits.iter().peekable();
    let mut splices = Splices::new();
    while let Some(leaf) = walk.next_leaf()? {
        let span = leaf.span();
        let Some(edit) = left.next_if(|edit| edit.span == span && !span.is_empty()) else {
            continue;
        };
        let (place, bytes) = written(&leaf, edit.with)?;
        if place.len() != bytes.len() {
            walk.loosen(&mut splices);
        }
        splices.push((place, bytes));
    }
    if let Some(edit) = left.next() {
        let at = edit.span.start;
        return Err(EditFault::NoSuchLeaf { at });
    }
    Ok(spliced(datum, splices))
}

/// Which bytes go and which come.
fn written(leaf: &Leaf<'_>, with: With<'_>) -> Result<(Range<usize>, Vec<u8>), EditFault> {
    let mut bytes = Vec::new();
    let place = match with {
        With::Content(content) => write_content(leaf, content, &mut bytes)?,
        With::Number(number) => write_number(leaf, number, &mut bytes)?,
        With::Nothing => match leaf.union.and_then(|union| Some((union, union.null?))) {
            Some((union, null)) => {
                varint::push(&mut bytes, varint::zigzag(null.into()));
                union.start..leaf.end
            }
            None => write_empty(leaf, &mut bytes)?,
        },
    };
    Ok((place, bytes))
}

fn unfit(leaf: &Leaf<'_>, what: &'static str) -> EditFault {
    EditFault::Unfit {
        what,
        at: leaf.start,
    }
}

fn write_content(
    leaf: &Leaf<'_>,
    content: &[u8],
    out: &mut Vec<u8>,
) -> Result<Range<usize>, EditFault> {
    match leaf.kind {
        Kind::Text | Kind::Name if std::str::from_utf8(content).is_err() => {
            return Err(unfit(leaf, "bytes that are no text"));
        }
        Kind::Text | Kind::Name | Kind::Bytes => {
            varint::push(out, varint::zigzag(content.len() as i64));
            out.extend_from_slice(content);
            return Ok(leaf.prefix..leaf.end);
        }
        Kind::Fixed if content.len() == leaf.span().len() => out.extend_from_slice(content),
        Kind::Fixed => return Err(unfit(leaf, "bytes of another number")),
        _ => return Err(unfit(leaf, "text")),
    }
    Ok(leaf.span())
}

fn write_number(
    leaf: &Leaf<'_>,
    number: i64,
    out: &mut Vec<u8>,
) -> Result<Range<usize>, EditFault> {
    match leaf.kind {
        Kind::Int if i32::try_from(number).is_err() => {
            return Err(unfit(leaf, "a number beyond 32 bits"));
        }
        Kind::Int | Kind::Long => varint::push(out, varint::zigzag(number)),
        Kind::Float => out.extend_from_slice(&(number as f32).to_le_bytes()),
        Kind::Double => out.extend_from_slice(&(number as f64).to_le_bytes()),
        Kind::Bytes if matches!(leaf.logical, Logical::Decimal(_)) => {
            let bytes = number.to_be_bytes();
            return write_content(leaf, shortest(&bytes), out);
        }
        Kind::Fixed if matches!(leaf.logical, Logical::Decimal(_)) => {
            let size = leaf.span().len();
            let bytes = number.to_be_bytes();
            let short = shortest(&bytes);
            let room = size.checked_sub(short.len());
            let room = room.ok_or_else(|| unfit(leaf, "a number of so many digits"))?;
            out.resize(room, if number < 0 { 0xff } else { 0 });
            out.extend_from_slice(short);
        }
        _ => return Err(unfit(leaf, "a number")),
    }
    Ok(leaf.span())
}

fn write_empty(leaf: &Leaf<'_>, out: &mut Vec<u8>) -> Result<Range<usize>, EditFault> {
    match (leaf.kind, leaf.logical) {
        (Kind::Text, Logical::Uuid) => write_content(leaf, NIL_UUID, out),
        (Kind::Bytes, Logical::Decimal(_)) => write_number(leaf, 0, out),
        (Kind::Text | Kind::Name | Kind::Bytes, _) => write_content(leaf, b"", out),
        (Kind::Enum | Kind::Int | Kind::Long, _) => {
            out.push(0);
            Ok(leaf.span())
        }
        (Kind::Fixed | Kind::Float | Kind::Double | Kind::Boolean | Kind::Null, _) => {
            out.resize(leaf.span().len(), 0);
            Ok(leaf.span())
        }
    }
}

/// Two's complement in as few bytes as keep its sign.
fn shortest(bytes: &[u8; 8]) -> &[u8] {
    let mut rest = bytes.as_slice();
    while let [first @ (0 | 0xff), tail @ ..] = rest {
        match tail.first() {
            Some(next) if (next ^ first) & 0x80 == 0 => rest = tail,
            _ => break,
        }
    }
    rest
}
