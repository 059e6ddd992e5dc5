//! Clean chunks of one request: what passed, by count, offset and batch CRC, never hashed.
//!
//! Owns: the one entry on the hot path. It is flat (all names in one string, all CRCs in one
//! list), so a core keeps a single `Traffic`, resets it per request, and allocates nothing once
//! its vectors have grown. Stays true: its size is bounded whatever the request holds: past the
//! bound of CRCs a chunk's remaining ones are folded into one.

use super::Op;
use crate::limits::{AUDIT_TRAFFIC_BYTES_MAX, AUDIT_TRAFFIC_CRCS_MAX};
use rkyv::{Archive, Deserialize, Serialize};
use serde::ser::SerializeStruct;

/// One topic-partition's records. Ranges point into the lists of its `Traffic`.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
struct TrafficChunk {
    /// One past the end of the topic's name in `names`; it starts where the one before ended.
    topic_end: u32,
    /// One past the end of the CRCs in `crcs`; they start where the ones before ended.
    crcs_end: u32,
    /// The partition.
    partition: i32,
    /// Records.
    records: u32,
    /// Size on the wire.
    bytes: u32,
    /// Batches, also those whose CRC was folded.
    batches: u32,
    /// The CRCs that no longer fitted in `crcs`, folded one by one: CRC-32C over (fold so far,
    /// CRC), both big-endian; 0 if all fitted.
    folded: u32,
    /// Offset of the first record, or -1.
    base_offset: i64,
}

/// Clean chunks of one request.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    session: u64,
    operation: Op,
    names: String,
    chunks: Vec<TrafficChunk>,
    crcs: Vec<u32>,
}

/// A chunk as a reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TrafficChunkView<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// Offset of the first record; -1 when the broker did not say (yet).
    pub base_offset: i64,
    /// Records.
    pub records: u32,
    /// Size on the wire, bytes.
    pub bytes: u32,
    /// Record batches.
    pub batches: u32,
    /// CRC-32C of each batch, as stored in it (KIP-98 §message format), up to the bound.
    pub crcs: &'a [u32],
    /// The CRCs past the bound, folded: CRC-32C over (fold so far, CRC), both big-endian; 0 if
    /// there are none.
    pub folded: u32,
}

impl Traffic {
    /// Empties it for the next request, keeping its storage.
    pub fn reset(&mut self, session: u64, operation: Op) {
        self.session = session;
        self.operation = operation;
        self.names.clear();
        self.chunks.clear();
        self.crcs.clear();
    }

    /// Starts a chunk of `bytes` on the wire; returns its index, for `set_base_offset`.
    pub fn chunk(&mut self, topic: &str, partition: i32, bytes: u32, base_offset: i64) -> usize {
        self.names.push_str(topic);
        self.chunks.push(TrafficChunk {
            topic_end: self.names.len() as u32,
            crcs_end: self.crcs.len() as u32,
            partition,
            bytes,
            base_offset,
            ..TrafficChunk::default()
        });
        self.chunks.len() - 1
    }

    /// Adds a record batch to the chunk that was started last; nothing without one.
    pub fn batch(&mut self, crc: u32, records: u32) {
        let Some(chunk) = self.chunks.last_mut() else {
            return;
        };
        chunk.records = chunk.records.saturating_add(records);
        chunk.batches = chunk.batches.saturating_add(1);
        if self.crcs.len() < AUDIT_TRAFFIC_CRCS_MAX {
            self.crcs.push(crc);
            chunk.crcs_end += 1;
        } else {
            let mut both = [0; 8];
            both[..4].copy_from_slice(&chunk.folded.to_be_bytes());
            both[4..].copy_from_slice(&crc.to_be_bytes());
            chunk.folded = crc_fast::crc32_iscsi(&both);
        }
    }

    /// Notes where the broker put a chunk, once it has said.
    pub fn set_base_offset(&mut self, chunk: usize, base_offset: i64) {
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            chunk.base_offset = base_offset;
        }
    }

    /// True when it should be appended and reset before the next chunk.
    pub fn is_full(&self) -> bool {
        let chunks = self.chunks.len() * size_of::<TrafficChunk>();
        self.names.len() + chunks + self.crcs.len() * 4 >= AUDIT_TRAFFIC_BYTES_MAX
    }

    /// Whether there is nothing to append.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Number of the session in this chain and run.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// Which way the records went.
    pub fn operation(&self) -> Op {
        self.operation
    }

    /// The chunks. Ranges from a hostile file that do not fit give an empty name or list.
    pub fn chunks(&self) -> impl Iterator<Item = TrafficChunkView<'_>> {
        let (mut name, mut crc) = (0, 0);
        self.chunks.iter().map(move |chunk| {
            let names = name..chunk.topic_end as usize;
            let crcs = crc..chunk.crcs_end as usize;
            (name, crc) = (names.end, crcs.end);
            TrafficChunkView {
                topic: self.names.get(names).unwrap_or_default(),
                partition: chunk.partition,
                base_offset: chunk.base_offset,
                records: chunk.records,
                bytes: chunk.bytes,
                batches: chunk.batches,
                crcs: self.crcs.get(crcs).unwrap_or_default(),
                folded: chunk.folded,
            }
        })
    }
}

impl serde::Serialize for Traffic {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut line = to.serialize_struct("Traffic", 3)?;
        line.serialize_field("session", &self.session)?;
        line.serialize_field("operation", &self.operation)?;
        line.serialize_field("chunks", &self.chunks().collect::<Vec<_>>())?;
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_read_back_as_they_were_pushed() {
        let mut traffic = Traffic::default();
        traffic.reset(7, Op::Fetch);
        traffic.batch(1, 1); // no chunk yet: nothing
        traffic.chunk("a", 0, 10, 5);
        traffic.batch(11, 2);
        traffic.batch(12, 3);
        traffic.chunk("", 1, 0, -1);
        let last = traffic.chunk("bé", 2, 20, -1);
        traffic.batch(13, 4);
        traffic.set_base_offset(last, 99);
        let seen: Vec<_> = traffic
            .chunks()
            .map(|c| (c.topic, c.records, c.crcs.to_vec(), c.base_offset))
            .collect();
        assert_eq!(
            seen,
            vec![
                ("a", 5, vec![11, 12], 5),
                ("", 0, vec![], -1),
                ("bé", 4, vec![13], 99)
            ]
        );
    }

    #[test]
    fn crcs_past_the_bound_are_folded_and_still_count() {
        let fold_of = |crcs: &[u32]| {
            let mut traffic = Traffic::default();
            traffic.chunk("t", 0, 0, -1);
            for _ in 0..AUDIT_TRAFFIC_CRCS_MAX {
                traffic.batch(1, 1);
            }
            assert_eq!(traffic.chunks().next().map(|c| c.folded), Some(0));
            crcs.iter().for_each(|crc| traffic.batch(*crc, 1));
            let view = traffic
                .chunks()
                .next()
                .map(|c| (c.batches as usize, c.crcs.len(), c.folded));
            let (batches, kept, folded) = view.unwrap_or_default();
            assert_eq!(
                (batches, kept),
                (AUDIT_TRAFFIC_CRCS_MAX + crcs.len(), AUDIT_TRAFFIC_CRCS_MAX)
            );
            folded
        };
        assert_ne!(fold_of(&[2, 3]), fold_of(&[3, 2]));
        assert_ne!(fold_of(&[2, 3]), 0);
    }

    #[test]
    fn it_is_full_long_before_an_entry_would_be() {
        let mut traffic = Traffic::default();
        while !traffic.is_full() {
            traffic.chunk(&"t".repeat(249), 0, 0, -1);
            traffic.batch(1, 1);
        }
        let bytes = super::super::Root::encode(&traffic, rkyv::util::AlignedVec::new());
        let bytes = bytes.map(|b| b.len()).unwrap_or(usize::MAX);
        assert!(bytes < 2 * AUDIT_TRAFFIC_BYTES_MAX, "{bytes}");
    }

    #[test]
    fn ranges_that_lie_read_as_nothing() {
        let chunk = TrafficChunk {
            topic_end: 9,
            crcs_end: 9,
            ..TrafficChunk::default()
        };
        let back = TrafficChunk {
            topic_end: 1,
            ..chunk.clone()
        };
        let traffic = Traffic {
            names: "é".into(),
            chunks: vec![chunk, back],
            ..Traffic::default()
        };
        for chunk in traffic.chunks() {
            assert_eq!((chunk.topic, chunk.crcs), ("", &[][..]));
        }
    }
}
