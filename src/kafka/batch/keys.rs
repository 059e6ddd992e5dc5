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

use super::headers::Headers;
use super::records::{Record, records};
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::batch::samples::{Plain, batch_of, body_of, only, plain, some_records};

    fn key(record: &Plain) -> ContentKey {
        let mut out = vec![];
        let body = body_of(std::slice::from_ref(record));
        content_keys(&body, 1, &mut |_| true, &mut out).unwrap();
        assert_eq!(out.len(), 1);
        out[0]
    }

    #[test]
    fn different_contents_have_different_keys() {
        let all = [
            plain(None, None, &[]),
            plain(Some(""), None, &[]),
            plain(None, Some(""), &[]),
            plain(Some("a"), Some("b"), &[]),
            plain(Some("ab"), Some(""), &[]),
            plain(Some("b"), Some("a"), &[]),
            plain(Some("a"), None, &[("b", None)]),
            plain(Some("a"), None, &[("b", Some(""))]),
            plain(Some("a"), None, &[("b", None), ("b", None)]),
            plain(Some("a"), None, &[("b", Some("1")), ("c", Some("2"))]),
            plain(Some("a"), None, &[("c", Some("2")), ("b", Some("1"))]),
        ];
        for (i, one) in all.iter().enumerate() {
            for (j, other) in all.iter().enumerate() {
                assert_eq!(key(one) == key(other), i == j, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_retry_keeps_the_content_key() {
        let record = plain(Some("k"), Some("v"), &[("h", None)]);
        let stamped = Plain {
            timestamp: 77,
            offset: 5,
            ..record.clone()
        };
        assert_eq!(key(&record), key(&stamped));
        // The stored form outlives a release: a changed encoding must not go unseen.
        let hex = data_encoding::HEXLOWER.encode(&key(&record).0);
        assert_eq!(
            hex,
            "7ac8cb0ab2536e64df5e553c97e46a0ef7a79e90845f6f9a267195cc955b83f0"
        );
    }

    #[test]
    fn only_flagged_records_get_one() {
        let mut out = vec![];
        let list = some_records();
        content_keys(&body_of(&list), 3, &mut |i| i != 1, &mut out).unwrap();
        assert_eq!(out, [key(&list[0]), key(&list[2])]);
        assert!(content_keys(&[1, 2, 3], 1, &mut |_| true, &mut out).is_err());
        let full = &mut vec![ContentKey([0; 32]); crate::limits::CONTENT_KEYS_PER_CHUNK_MAX];
        let fault = content_keys(&body_of(&list), 3, &mut |_| true, full);
        assert!(matches!(fault, Err(BatchFault::TooManyFlagged { .. })));
    }

    fn send(edit: impl Fn(&mut Sender<'_>, &mut BatchHeader, &mut Vec<Plain>)) -> SendKey {
        let mut sender = Sender {
            principal: "p",
            client_id: "c",
            topic: "t",
            partition: 1,
        };
        let mut list = some_records();
        let mut header = only(&batch_of(&list, 0)).header;
        edit(&mut sender, &mut header, &mut list);
        send_key(&sender, &header, &body_of(&list)).unwrap()
    }

    #[test]
    fn an_idempotent_send_is_its_sequence_and_content() {
        let base = send(|_, _, _| {});
        assert_eq!(
            base,
            send(|s, _, l| (s.client_id, l[0].timestamp) = ("other", 9))
        );
        assert_ne!(base, send(|_, h, _| h.producer_id += 1));
        assert_ne!(base, send(|_, h, _| h.producer_epoch += 1));
        assert_ne!(base, send(|_, h, _| h.base_sequence += 1));
        assert_ne!(base, send(|s, _, _| s.partition = 2));
        assert_ne!(base, send(|s, _, _| s.topic = "u"));
        assert_ne!(base, send(|_, _, l| l[1].value = Some(vec![])));
    }

    #[test]
    fn another_send_is_its_sender_times_and_content() {
        let not_idempotent = |h: &mut BatchHeader| h.producer_id = -1;
        let base = send(|_, h, _| not_idempotent(h));
        assert_ne!(base, send(|_, _, _| {}));
        let same_time = send(|_, h, l| {
            not_idempotent(h);
            h.base_timestamp -= 5;
            l.iter_mut().for_each(|r| r.timestamp += 5);
        });
        assert_eq!(base, same_time, "the time counts, not how it is split");
        for edit in [
            |s: &mut Sender<'_>, _: &mut Vec<Plain>| s.principal = "q",
            |s: &mut Sender<'_>, _: &mut Vec<Plain>| s.client_id = "d",
            |s: &mut Sender<'_>, _: &mut Vec<Plain>| s.partition = 0,
            |_: &mut Sender<'_>, l: &mut Vec<Plain>| l[2].timestamp = 1,
            |_: &mut Sender<'_>, l: &mut Vec<Plain>| l[2].key = None,
        ] {
            let other = send(|s, h, l| {
                not_idempotent(h);
                edit(s, l);
            });
            assert_ne!(base, other);
        }
    }
}
