//! What a value with a length is when no schema tells.
//!
//! Owns: the order of guesses. Refuses: to be sure. Stays true: printable text is text, even if it
//! would pass for a message, as `123-45-6789` does; such a value is marked, so that nobody changes its
//! length.
//!
//! ```text
//! printable UTF-8                                 text
//! fields one after the other to the last byte     message
//! varints of four bytes and more to the last      packed integers
//! anything else                                   bytes
//! ```

use super::fields::{Wire, each};
use crate::limits::PROTOBUF_GUESSED_FIELD_MAX;
use crate::schema::varint;

/// Shortest varint that is believed to be one of a row: identifiers of nine digits take four bytes,
/// and text would take one.
const PACKED_BYTES_MIN: usize = 4;

/// A guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// With whether it could be a message as well.
    Text(bool),
    Message,
    Packed,
    Bytes,
}

pub(super) fn guess(bytes: &[u8]) -> Guess {
    let message = is_message(bytes);
    if is_printable(bytes) {
        return Guess::Text(message);
    }
    match message {
        true => Guess::Message,
        false if is_packed(bytes) => Guess::Packed,
        false => Guess::Bytes,
    }
}

/// Whether a whole value may be a Protobuf message: no text, and fields to the last byte.
pub fn looks_like_protobuf(bytes: &[u8]) -> bool {
    is_message(bytes) && !is_printable(bytes) // in this order: of most text the first bytes tell
}

fn is_printable(bytes: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    !bytes.iter().any(|byte| control(byte) || *byte == 0x7f) && std::str::from_utf8(bytes).is_ok()
}

/// Groups are not believed: nobody has written one for long.
fn is_message(bytes: &[u8]) -> bool {
    let believed = |field: Result<super::fields::RawField, _>| {
        field.is_ok_and(|field| {
            let group = matches!(field.wire, Wire::GroupOpen | Wire::GroupClose);
            !group && field.number <= PROTOBUF_GUESSED_FIELD_MAX
        })
    };
    !bytes.is_empty() && each(bytes).all(believed)
}

fn is_packed(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        match varint::read(bytes, at) {
            Some((value, end))
                if end - at >= PACKED_BYTES_MIN && varint::len(value) == end - at =>
            {
                at = end;
            }
            _ => return false,
        }
    }
    at > 0
}
