//! How hashes and hold ids look in JSON: lower-case hex, and the name people see.

use super::Hash;
use crate::chunk::HoldId;
use data_encoding::HEXLOWER;
use serde::Serializer;

pub(super) fn hash<S: Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&HEXLOWER.encode(hash))
}

pub(super) fn maybe_hash<S: Serializer>(maybe: &Option<Hash>, to: S) -> Result<S::Ok, S::Error> {
    match maybe {
        Some(found) => hash(found, to),
        None => to.serialize_none(),
    }
}

pub(super) fn hold<S: Serializer>(id: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&HoldId(*id))
}

pub(super) fn maybe_hold<S: Serializer>(maybe: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    match maybe {
        Some(id) => hold(id, to),
        None => to.serialize_none(),
    }
}
