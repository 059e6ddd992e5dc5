//! How keys and hashes are spelt in a stored event.
//!
//! Owns: base 64 for content keys (one string for all: a chunk may carry 100,000), hexadecimal for
//! single digests. Refuses: a string whose length is not a whole number of digests.

use data_encoding::{BASE64, HEXLOWER};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

fn digest<E: Error>(bytes: &[u8]) -> Result<[u8; 32], E> {
    bytes
        .try_into()
        .map_err(|_| E::custom("a digest has 32 bytes"))
}

/// `[u8; 32]` as 64 hexadecimal digits.
pub mod hash {
    use super::*;

    pub fn serialize<S: Serializer>(value: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        digest(&HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?)
    }
}

/// `SendKey` as 64 hexadecimal digits.
pub mod send_key {
    use super::*;
    use crate::chunk::SendKey;

    pub fn serialize<S: Serializer>(value: &SendKey, to: S) -> Result<S::Ok, S::Error> {
        super::hash::serialize(&value.0, to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SendKey, D::Error> {
        super::hash::deserialize(from).map(SendKey)
    }
}

/// `GrantKey` as 64 hexadecimal digits.
pub mod grant_key {
    use super::*;
    use crate::chunk::GrantKey;

    pub fn serialize<S: Serializer>(value: &GrantKey, to: S) -> Result<S::Ok, S::Error> {
        super::hash::serialize(&value.0, to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<GrantKey, D::Error> {
        super::hash::deserialize(from).map(GrantKey)
    }
}

/// `Vec<ContentKey>` as the base 64 of all of them, end to end.
pub mod content_keys {
    use super::*;
    use crate::chunk::ContentKey;

    pub fn serialize<S: Serializer>(value: &[ContentKey], to: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(value.len() * 32);
        value.iter().for_each(|key| bytes.extend_from_slice(&key.0));
        to.serialize_str(&BASE64.encode(&bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ContentKey>, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let (keys, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(D::Error::custom("content keys are 32 bytes each"));
        }
        Ok(keys.iter().map(|key| ContentKey(*key)).collect())
    }
}

/// `Operation` by its name.
pub mod operation {
    use super::*;
    use crate::chunk::Operation;

    pub fn serialize<S: Serializer>(value: &Operation, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Operation, D::Error> {
        let text = String::deserialize(from)?;
        let known = [Operation::Produce, Operation::Fetch];
        let found = known.into_iter().find(|o| o.name() == text);
        found.ok_or_else(|| D::Error::custom(format!("`{text}` is not an operation")))
    }
}
