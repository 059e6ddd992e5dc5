//! A message with some of its values replaced, still a message of its schema.
//!
//! Owns: how a new value is written, and the lengths of all that is around it. Refuses: a value that
//! its type cannot hold, and another length where that could break what only looks like text. Stays
//! true: what is not replaced is copied byte for byte, but for lengths that change.

use super::leaf::{Kind, Leaf};
use super::table::{MessageId, Scalar, Schema};
use super::walk::{Scratch, Walk};
use crate::schema::edit::{Edit, EditFault, Splices, With, spliced};
use crate::schema::varint;
use std::ops::Range;

/// The message with these values replaced; without a schema, by its look. Edits ascend. `Nothing` leaves
/// the field away. An element of a repeated field, a key and a required field become empty or zero, so
/// that the others keep their places and the message stays readable; what must keep its length becomes
/// blank.
pub fn replace(
    schema: Option<(&Schema, MessageId)>,
    message: &[u8],
    edits: &[Edit<'_>],
    scratch: &mut Scratch,
) -> Result<Vec<u8>, EditFault> {
    let mut walk = match schema {
        Some((schema, id)) => Walk::new(schema, id, message, scratch),
        None => Walk::by_look(message, scratch),
    };
    let mut left = edits.iter().peekable();
    let mut splices = Splices::new();
    while let Some(leaf) = walk.next_leaf()? {
        let span = leaf.span();
        let Some(edit) = left.next_if(|edit| edit.span == span && !span.is_empty()) else {
            continue;
        };
        let (place, bytes) = written(&leaf, edit.with)?;
        walk.grow(bytes.len() as i64 - place.len() as i64);
        splices.push((place, bytes));
    }
    if let Some(edit) = left.next() {
        let at = edit.span.start;
        return Err(EditFault::NoSuchLeaf { at });
    }
    splices.append(&mut walk.resized);
    Ok(spliced(message, splices))
}

/// Which bytes go and which come.
fn written(leaf: &Leaf<'_>, with: With<'_>) -> Result<(Range<usize>, Vec<u8>), EditFault> {
    let mut bytes = Vec::new();
    let place = match (with, leaf.scalar) {
        (With::Content(content), None) => write_content(leaf, content, &mut bytes)?,
        (With::Content(_), Some(_)) => return Err(unfit(leaf, "text")),
        (With::Number(number), Some(scalar)) => write_number(leaf, scalar, number, &mut bytes)?,
        (With::Number(_), None) => return Err(unfit(leaf, "a number")),
        (With::Nothing, _) if leaf.removable && !leaf.keeps_length => leaf.tag..leaf.end,
        (With::Nothing, Some(scalar)) => write_number(leaf, scalar, 0, &mut bytes)?,
        (With::Nothing, None) if leaf.keeps_length => {
            let blank = vec![b' '; leaf.span().len()];
            write_content(leaf, &blank, &mut bytes)?
        }
        (With::Nothing, None) => write_content(leaf, b"", &mut bytes)?,
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
    if leaf.kind != Kind::Bytes && std::str::from_utf8(content).is_err() {
        return Err(unfit(leaf, "bytes that are no text"));
    }
    if leaf.keeps_length && content.len() != leaf.span().len() {
        return Err(unfit(leaf, "text of another length"));
    }
    varint::push(out, content.len() as u64);
    out.extend_from_slice(content);
    Ok(leaf.prefix..leaf.end)
}

fn write_number(
    leaf: &Leaf<'_>,
    scalar: Scalar,
    number: i64,
    out: &mut Vec<u8>,
) -> Result<Range<usize>, EditFault> {
    let narrow = || i32::try_from(number).map_err(|_| unfit(leaf, "a number beyond 32 bits"));
    let natural = || u64::try_from(number).map_err(|_| unfit(leaf, "a number below zero"));
    let unsigned = || u32::try_from(number).map_err(|_| unfit(leaf, "a number beyond 32 bits"));
    match scalar {
        Scalar::Double => out.extend_from_slice(&(number as f64).to_le_bytes()),
        Scalar::Float => out.extend_from_slice(&(number as f32).to_le_bytes()),
        Scalar::Fixed64 => out.extend_from_slice(&natural()?.to_le_bytes()),
        Scalar::Sfixed64 => out.extend_from_slice(&number.to_le_bytes()),
        Scalar::Fixed32 => out.extend_from_slice(&unsigned()?.to_le_bytes()),
        Scalar::Sfixed32 => out.extend_from_slice(&narrow()?.to_le_bytes()),
        Scalar::Int64 => varint::push(out, number as u64),
        Scalar::Int32 | Scalar::Enum => varint::push(out, i64::from(narrow()?) as u64),
        Scalar::Uint64 => varint::push(out, natural()?),
        Scalar::Uint32 => varint::push(out, unsigned()?.into()),
        Scalar::Sint64 => varint::push(out, varint::zigzag(number)),
        Scalar::Sint32 => varint::push(out, varint::zigzag(narrow()?.into())),
        Scalar::Boolean => varint::push(out, u64::from(number != 0)),
    }
    Ok(leaf.span())
}
