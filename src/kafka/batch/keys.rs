//! What names a record's content, and what names one send of it.
//!
//! Owns: the encoding under both hashes. Refuses: more keys than a chunk may have. Stays true:
//! two records have the same content key exactly when key, value and headers are the same, null
//! told from empty and headers in order; timestamps, producer ids, sequences and codecs do not
//! count, because clients change them when they send again.
//!
//! Encoding, all big-endian: each optional byte string is `00`, or `01`, its length in 8 bytes and
//! itself; a record is key, value, header count in 4 bytes, then key and value of each header.
//! Every hash opens with a name of its own, so that one is never taken for the other.

use super::records::{Headers, Record, records};
use super::{BatchFault, BatchHeader};
use crate::chunk::{ContentKey, SendKey};
use crate::limits::CONTENT_KEYS_PER_CHUNK_MAX;
use aws_lc_rs::digest::{Context, SHA256};
use std::ops::Range;

const CONTENT: &[u8] = b"lockgate content key 1";
const SEND: &[u8] = b"lockgate send key 1";

/// Appends the content key of each record for which `flagged(index)` holds, in order. More than
/// `limits::CONTENT_KEYS_PER_CHUNK_MAX` in `out` is a fault.
pub fn content_keys(
    body: &[u8],
    count: i32,
    flagged: &mut dyn FnMut(u32) -> bool,
    out: &mut Vec<ContentKey>,
) -> Result<(), BatchFault> {
    for record in records(body, count) {
        let record = record?;
        if !flagged(record.index) {
            continue;
        }
        if out.len() >= CONTENT_KEYS_PER_CHUNK_MAX {
            return Err(BatchFault::TooManyFlagged {
                max: CONTENT_KEYS_PER_CHUNK_MAX,
            });
        }
        let mut hash = Hash::new(CONTENT);
        hash.content(body, &record);
        out.push(ContentKey(hash.finish()));
    }
    Ok(())
}

/// Who sends a chunk, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The principal's name.
    pub principal: &'a str,
    /// The client's own name for itself.
    pub client_id: &'a str,
    /// The topic's name.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
}

/// Names this send: with idempotence by producer id, epoch, base sequence, topic-partition and the
/// content of all records, flagged or not; without it by principal, client id, topic-partition, and
/// the timestamp and content of all records.
pub fn send_key(
    sender: &Sender<'_>,
    header: &BatchHeader,
    body: &[u8],
) -> Result<SendKey, BatchFault> {
    let mut hash = Hash::new(SEND);
    hash.bytes(Some(sender.topic.as_bytes()));
    hash.0.update(&sender.partition.to_be_bytes());
    hash.0.update(&[header.is_idempotent().into()]);
    if header.is_idempotent() {
        hash.0.update(&header.producer_id.to_be_bytes());
        hash.0.update(&header.producer_epoch.to_be_bytes());
        hash.0.update(&header.base_sequence.to_be_bytes());
    } else {
        hash.bytes(Some(sender.principal.as_bytes()));
        hash.bytes(Some(sender.client_id.as_bytes()));
    }
    for record in records(body, header.records_count) {
        let record = record?;
        if !header.is_idempotent() {
            let timestamp = header.base_timestamp.wrapping_add(record.timestamp_delta);
            hash.0.update(&timestamp.to_be_bytes());
        }
        hash.content(body, &record);
    }
    Ok(SendKey(hash.finish()))
}

struct Hash(Context);

impl Hash {
    fn new(name: &[u8]) -> Hash {
        let mut hash = Hash(Context::new(&SHA256));
        hash.bytes(Some(name));
        hash
    }

    fn content(&mut self, body: &[u8], record: &Record) {
        self.span(body, record.key.as_ref());
        self.span(body, record.value.as_ref());
        self.0.update(&record.headers_count.to_be_bytes());
        for header in Headers::new(body, record) {
            self.span(body, Some(&header.key));
            self.span(body, header.value.as_ref());
        }
    }

    fn span(&mut self, body: &[u8], span: Option<&Range<usize>>) {
        self.bytes(span.map(|span| body.get(span.clone()).unwrap_or_default()));
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.0.update(&[0]),
            Some(bytes) => {
                self.0.update(&[1]);
                self.0.update(&(bytes.len() as u64).to_be_bytes());
                self.0.update(bytes);
            }
        }
    }

    fn finish(self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.0.finish().as_ref());
        out
    }
}
