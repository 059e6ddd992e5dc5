//! How a record names its schema: the framing of Confluent-compatible serialisers.
//!
//! ```text
//! 0  id: u32 big-endian  …            in front of the payload, or alone in a header
//! 1  guid: 16 bytes      …            the same, by the serialisers of 2025 on
//!    Protobuf only: count n, then n message indexes, all zigzag varints; a lone 0 means [0]
//! ```
//!
//! Owns: that framing (docs.confluent.io, Schema Registry, *Wire format*; the headers are
//! `__key_schema_id` and `__value_schema_id`). Refuses: to know whether such a schema exists: any
//! record that starts with a zero byte looks framed, and only a registry can tell. Stays true:
//! nothing is allocated, and no more is read than is there.

use super::varint;
use crate::limits::MESSAGE_INDEXES_MAX;

/// The header that names the schema of a record's key.
pub const KEY_HEADER: &[u8] = b"__key_schema_id";
/// The header that names the schema of a record's value.
pub const VALUE_HEADER: &[u8] = b"__value_schema_id";

/// What a schema is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SchemaId {
    /// The registry's number for it.
    Number(u32),
    /// The registry's GUID for it.
    Guid([u8; 16]),
}

/// The schema named at the front of these bytes, and where what follows starts.
pub fn schema_id(bytes: &[u8]) -> Option<(SchemaId, usize)> {
    match bytes.split_first()? {
        (0, rest) => {
            let id = rest.first_chunk::<4>()?;
            Some((SchemaId::Number(u32::from_be_bytes(*id)), 5))
        }
        (1, rest) => Some((SchemaId::Guid(*rest.first_chunk::<16>()?), 17)),
        _ => None,
    }
}

/// Which message of a `.proto` file a payload is: the first index counts the file's messages, each
/// further one those within the message before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageIndexes {
    indexes: [u32; MESSAGE_INDEXES_MAX],
    len: usize,
}

impl MessageIndexes {
    /// The first message of the file.
    pub const FIRST: MessageIndexes = MessageIndexes {
        indexes: [0; MESSAGE_INDEXES_MAX],
        len: 1,
    };

    /// From the outside in; never empty.
    pub fn as_slice(&self) -> &[u32] {
        self.indexes.get(..self.len).unwrap_or_default()
    }
}

/// The message indexes at the front of these bytes, and where the message starts. None when they are
/// cut short, negative, or more than [`MESSAGE_INDEXES_MAX`].
pub fn message_indexes(bytes: &[u8]) -> Option<(MessageIndexes, usize)> {
    let (count, mut at) = index(bytes, 0)?;
    if count == 0 {
        return Some((MessageIndexes::FIRST, at));
    }
    let mut found = MessageIndexes {
        indexes: [0; MESSAGE_INDEXES_MAX],
        len: count as usize,
    };
    for slot in found.indexes.get_mut(..count as usize)? {
        (*slot, at) = index(bytes, at)?;
    }
    Some((found, at))
}

/// A zigzag varint that is not negative, and where it ends.
fn index(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let (value, end) = varint::read(bytes, at)?;
    Some((u32::try_from(varint::unzigzag(value)).ok()?, end))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_of_id_are_read() {
        let number = schema_id(b"\x00\x00\x00\x01\x02payload");
        assert_eq!(number, Some((SchemaId::Number(258), 5)));
        let guid = schema_id(&[1; 20]);
        assert_eq!(guid, Some((SchemaId::Guid([1; 16]), 17)));
        assert_eq!(schema_id(b"\x00\x00\x00\x01"), None);
        assert_eq!(schema_id(&[1; 16]), None);
        assert_eq!(schema_id(b"{}"), None);
        assert_eq!(schema_id(b""), None);
    }

    #[test]
    fn message_indexes_are_read() {
        let read = |bytes: &[u8]| message_indexes(bytes).map(|(i, at)| (i.as_slice().to_vec(), at));
        assert_eq!(read(&[0, 9]), Some((vec![0], 1)), "the short form");
        assert_eq!(read(&[2, 0, 9]), Some((vec![0], 2)), "the long form of it");
        assert_eq!(read(&[4, 2, 0x80, 1, 9]), Some((vec![1, 64], 4)));
        assert_eq!(read(&[1]), None, "minus one");
        assert_eq!(read(&[4, 2]), None, "cut short");
        assert_eq!(read(&[0x80, 1, 0, 0]), None, "more than there is room for");
        assert_eq!(read(&[0xff; 9]), None);
    }

    proptest! {
        #[test]
        fn what_is_read_is_within_the_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some((_, at)) = schema_id(&bytes) {
                prop_assert!(at <= bytes.len());
            }
            if let Some((indexes, at)) = message_indexes(&bytes) {
                prop_assert!(at <= bytes.len() && !indexes.as_slice().is_empty());
            }
        }
    }
}
