//! FindCoordinator, versions 0 to 6: one coordinator flat up to 3, an array since 4 (KIP-699).
//!
//! ```text
//! v0–3  throttle ms i32 (v1) | error i16 | message string? (v1) | node i32 | host | port i32 | tags (v3)
//! v4–6  throttle ms i32 | [key, node i32, host, port i32, error i16, message string?, tags] | tags
//! ```
//! Node −1 means "none" and keeps saying so. A coordinator that is not exposed becomes
//! COORDINATOR_NOT_AVAILABLE, which clients ask about again.

use super::Copy;
use crate::kafka::error::COORDINATOR_NOT_AVAILABLE;
use crate::kafka::reader::Malformed;

/// Smallest element of the array: empty strings and the numbers.
const COORDINATOR_BYTES_MIN: usize = 1 + 4 + 1 + 4 + 2 + 1;
/// No coordinator, as Kafka's `Node.noNode()` is written.
const NONE: (i32, &str, i32) = (-1, "", -1);

impl<'a> Copy<'a> {
    pub(super) fn coordinators(&mut self) -> Result<(), Malformed> {
        if self.version >= 1 {
            self.fixed(4, "throttle time")?;
        }
        if self.version >= 4 {
            for _ in 0..self.count(COORDINATOR_BYTES_MIN)? {
                self.coordinator()?;
            }
        } else {
            self.only_coordinator()?;
        }
        self.end_struct()
    }

    /// Versions 0 to 3: the error comes first.
    fn only_coordinator(&mut self) -> Result<(), Malformed> {
        let mut error = self.reader.i16()?;
        let mut message = None;
        if self.version >= 1 {
            message = self.reader.nullable_string(self.flexible)?;
        }
        let node = self.node(&mut error)?;
        self.writer.i16(error);
        if self.version >= 1 {
            self.writer.string(self.flexible, message);
        }
        self.write_node(node);
        Ok(())
    }

    /// Since version 4: the error comes last.
    fn coordinator(&mut self) -> Result<(), Malformed> {
        self.string()?; // key
        let mut hidden = 0;
        let node = self.node(&mut hidden)?;
        self.write_node(node);
        let error = self.reader.i16()?;
        self.writer.i16(if hidden == 0 { error } else { hidden });
        self.string()?; // message
        self.end_struct()
    }

    /// Reads a node and maps it; sets `error` when it may not be named.
    fn node(&mut self, error: &mut i16) -> Result<(i32, &'a str, i32), Malformed> {
        let node_id = self.reader.i32()?;
        let host = self.reader.string(self.flexible)?;
        let port = self.reader.i32()?;
        if node_id == NONE.0 {
            return Ok(NONE);
        }
        let mapped = self.mapping.map(node_id, host, port);
        if mapped.is_none() {
            *error = COORDINATOR_NOT_AVAILABLE;
        }
        Ok(mapped.map_or(NONE, |(host, port)| (node_id, host, port)))
    }

    fn write_node(&mut self, (node_id, host, port): (i32, &str, i32)) {
        self.writer.i32(node_id);
        self.writer.string(self.flexible, Some(host));
        self.writer.i32(port);
    }
}
