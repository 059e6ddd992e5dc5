//! The columns of the matrix.

use super::records::{self, Mode};
use super::subject::Produce;
use crate::batch::Record;

/// `max.message.bytes` of the topic that [`Cell::Max`] fills: more than one Fetch reply of the
/// gateway's own bound (4 MiB − 64 KiB).
pub const TOPIC_BYTES_MAX: usize = 5 << 20;
/// What a batch's header, the record's own lengths, the key and the headers may take.
const AROUND_VALUE_BYTES: usize = 512;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// A codec, by its name in settings.
    Codec(&'static str),
    /// 0, 1 or −1 (all).
    Acks(i16),
    /// A producer id and sequences.
    Idempotent,
    /// A committed transaction.
    Commit,
    /// An aborted one, which a reader of committed records never sees.
    Abort,
    /// Null keys, null values.
    Nulls,
    /// A header's name repeated.
    Headers,
    /// A value of 1 MiB.
    Mebibyte,
    /// A record as large as the topic allows.
    Max,
    /// Half, commit, leave; come back, the other half.
    Resume,
    /// Two members share a topic.
    Rebalance,
    /// A topic is created.
    Create,
    /// A topic and its configuration are described.
    Describe,
    /// A topic is deleted.
    Delete,
    /// Batches are the same on both sides of the gateway.
    Bytes,
    /// No address of a broker is received.
    Addresses,
}

/// Those that put records in and take them out again.
pub const RECORDS: [Cell; 15] = [
    Cell::Codec("none"),
    Cell::Codec("gzip"),
    Cell::Codec("snappy"),
    Cell::Codec("lz4"),
    Cell::Codec("zstd"),
    Cell::Acks(0),
    Cell::Acks(1),
    Cell::Acks(-1),
    Cell::Idempotent,
    Cell::Commit,
    Cell::Abort,
    Cell::Nulls,
    Cell::Headers,
    Cell::Mebibyte,
    Cell::Max,
];

/// The others, in the order they are run.
pub const OTHERS: [Cell; 7] = [
    Cell::Resume,
    Cell::Rebalance,
    Cell::Create,
    Cell::Describe,
    Cell::Delete,
    Cell::Bytes,
    Cell::Addresses,
];

/// Every cell, in the order of the columns.
pub fn all() -> Vec<Cell> {
    RECORDS.iter().chain(&OTHERS).copied().collect()
}

impl Cell {
    /// The column's heading, and the name of the cell's topics.
    pub fn name(self) -> String {
        match self {
            Cell::Codec(codec) => codec.to_owned(),
            Cell::Acks(-1) => "acks-all".to_owned(),
            Cell::Acks(acks) => format!("acks-{acks}"),
            Cell::Mebibyte => "1MiB".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// What it asserts, for the legend.
    pub fn asserts(self) -> &'static str {
        match self {
            Cell::Codec(_) => {
                "batches of this codec are stored in this codec, and read back equal and in order"
            }
            Cell::Acks(0) => "records that nobody acknowledges land, and are read back",
            Cell::Acks(_) => "the client takes the acknowledgement, and the records are read back",
            Cell::Idempotent => "the stored batches carry a producer id and sequences",
            Cell::Commit => "a committed transaction is stored as one, with its marker, and read",
            Cell::Abort => {
                "an aborted transaction is stored with its marker, and its records are not read"
            }
            Cell::Nulls => "a null key and a null value stay null",
            Cell::Headers => "headers with one name thrice keep their values and their order",
            Cell::Mebibyte => "a value of 1 MiB is stored and read back",
            Cell::Max => "a record that fills `max.message.bytes` (5 MiB) is stored and read back",
            Cell::Resume => {
                "three of six records are read and committed; a second consumer of the group reads the other three"
            }
            Cell::Rebalance => {
                "one member owns four partitions, two own two each, and one owns all again"
            }
            Cell::Create => "a topic is created with its partitions and configuration",
            Cell::Describe => "a topic's partitions and its `retention.ms` are told",
            Cell::Delete => "a topic is gone from the broker",
            Cell::Bytes => {
                "every batch of the cells before is equal byte for byte at the client and in the log, in both directions; where a rule hits, all of its header but length and CRC"
            }
            Cell::Addresses => "no byte that the client received names a broker",
        }
    }

    /// Whether there is nothing to assert without a gateway.
    pub fn needs_a_gateway(self) -> bool {
        matches!(self, Cell::Bytes | Cell::Addresses)
    }

    /// Settings of the cell's topic.
    pub fn topic_settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Cell::Mebibyte => &[("max.message.bytes", "2097152")],
            Cell::Max => &[("max.message.bytes", "5242880")],
            Cell::Describe => &[("retention.ms", super::subject::MADE.1)],
            _ => &[],
        }
    }

    /// The records that a consumer is to get, before any mask.
    pub fn records(self, mode: Mode) -> Vec<Record> {
        let name = self.name();
        match self {
            Cell::Nulls => records::nulls(&name, mode),
            Cell::Headers => records::repeated_headers(&name, mode),
            Cell::Mebibyte => records::large(&name, mode, 1 << 20),
            Cell::Max => records::large(&name, mode, TOPIC_BYTES_MAX - AROUND_VALUE_BYTES),
            Cell::Abort => records::plain(&name, mode, 1),
            Cell::Resume => records::plain(&name, mode, 6),
            _ => records::plain(&name, mode, 3),
        }
    }

    /// The records that are written and then taken back, before those that stay.
    pub fn aborted(self, mode: Mode) -> Vec<Record> {
        match self {
            Cell::Abort => records::plain("never-read", mode, 2),
            _ => Vec::new(),
        }
    }

    /// How the records are to be produced.
    pub fn produce(self, topic: &str, mode: Mode) -> Produce {
        let mut produce = Produce::new(topic, self.records(mode));
        match self {
            Cell::Codec(codec) => produce.codec = codec,
            Cell::Acks(acks) => produce.acks = acks,
            Cell::Idempotent => produce.idempotent = true,
            Cell::Commit => {
                produce.idempotent = true;
                produce.transaction = Some((format!("{topic}-tx"), true));
            }
            _ => {}
        }
        produce
    }
}
