//! What the tests of several codecs share: mappings, ids, and what only a newer peer would send.

use super::addresses::Mapping;
use super::topic::TopicId;
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// Real hosts all hold this, and nothing else in the tests does.
pub(super) const REAL: &str = "real-broker";

/// Exposes brokers with even ids.
pub(super) struct Even;

impl Mapping for Even {
    fn map(&self, node_id: i32, host: &str, port: i32) -> Option<(&str, i32)> {
        assert!(host.starts_with(REAL) && port == 9092);
        (node_id % 2 == 0).then_some(("gw.example.com", 19_100 + node_id))
    }
}

/// Exposes everybody under one name.
pub(super) struct Lenient;

impl Mapping for Lenient {
    fn map(&self, _: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        Some(("gw", 1))
    }
}

/// Whether a real host is in these bytes.
pub(super) fn leaks(frame: &[u8]) -> bool {
    memchr::memmem::find(frame, REAL.as_bytes()).is_some()
}

/// A tagged field that only a newer peer would send, with an address in it.
pub(super) fn unknown(tag: i32) -> BTreeMap<i32, Bytes> {
    [(tag, Bytes::from(format!("{REAL}-tag:9092")))].into()
}

/// Sixteen bytes that a test can tell from others.
pub(super) fn id(text: &str) -> TopicId {
    TopicId([text.len() as u8; 16])
}

/// An id as kafka-protocol reads it.
pub(super) fn hex(id: TopicId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A frame with its size filled in.
pub(super) fn sized(mut out: BytesMut) -> Vec<u8> {
    let size = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&size.to_be_bytes());
    out.to_vec()
}
