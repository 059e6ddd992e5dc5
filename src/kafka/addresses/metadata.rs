//! Metadata, versions 0 to 13.
//!
//! ```text
//! throttle ms i32 (v3) | [brokers] | cluster id string? (v2) | controller i32 (v1) | [topics]
//!   | cluster operations i32 (v8–10) | error i16 (v13) | tags
//! broker     node i32, host, port i32, rack string? (v1), tags
//! topic      error i16, name string?, id uuid (v10), internal bool (v1), [partitions],
//!            operations i32 (v8), tags
//! partition  error i16, index i32, leader i32, leader epoch i32 (v7), [replicas i32], [isr i32],
//!            [offline i32] (v5), tags
//! ```
//! Node ids stay as they are, also of a broker that is not exposed: clients treat a leader they
//! know no address of as a leader that is not available yet, and ask again.

use super::{Copy, PARTITION_BYTES_MIN, TOPIC_BYTES_MIN};
use crate::kafka::reader::Malformed;

impl Copy<'_> {
    pub(super) fn metadata(&mut self) -> Result<(), Malformed> {
        if self.version >= 3 {
            self.fixed(4, "throttle time")?;
        }
        self.brokers(1, 0)?;
        if self.version >= 2 {
            self.string()?; // cluster id
        }
        if self.version >= 1 {
            self.fixed(4, "controller id")?;
        }
        for _ in 0..self.count(TOPIC_BYTES_MIN)? {
            self.topic()?;
        }
        if (8..=10).contains(&self.version) {
            self.fixed(4, "cluster operations")?;
        }
        if self.version >= 13 {
            self.fixed(2, "error code")?;
        }
        self.end_struct()
    }

    fn topic(&mut self) -> Result<(), Malformed> {
        self.fixed(2, "topic error")?;
        self.string()?;
        if self.version >= 10 {
            self.fixed(16, "topic id")?;
        }
        if self.version >= 1 {
            self.fixed(1, "internal")?;
        }
        for _ in 0..self.count(PARTITION_BYTES_MIN)? {
            self.partition()?;
        }
        if self.version >= 8 {
            self.fixed(4, "topic operations")?;
        }
        self.end_struct()
    }

    fn partition(&mut self) -> Result<(), Malformed> {
        let leader_epoch = if self.version >= 7 { 4 } else { 0 };
        self.fixed(2 + 4 + 4 + leader_epoch, "partition")?;
        self.numbers()?; // replicas
        self.numbers()?; // in sync
        if self.version >= 5 {
            self.numbers()?; // offline
        }
        self.end_struct()
    }
}
