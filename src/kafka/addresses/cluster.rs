//! DescribeCluster, versions 0 to 2.
//!
//! ```text
//! throttle ms i32 | error i16 | message string? | endpoint type i8 (v1) | cluster id
//!   | controller i32 | [broker] | cluster operations i32 | tags
//! broker  node i32, host, port i32, rack string?, fenced bool (v2), tags
//! ```

use super::{Copy, Mapping};
use crate::kafka::reader::Malformed;

/// `endpoint type` of brokers; 2 is of the quorum's controllers, whose node ids are another
/// name space (KIP-919).
const BROKERS: i8 = 1;

/// Nothing is exposed.
struct Nobody;

impl Mapping for Nobody {
    fn map(&self, _: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        None
    }
}

impl Copy<'_> {
    pub(super) fn cluster(&mut self) -> Result<(), Malformed> {
        self.fixed(4 + 2, "error code")?;
        self.string()?; // message
        if self.version >= 1 {
            let endpoints = self.reader.i8()?;
            self.writer.i8(endpoints);
            if endpoints != BROKERS {
                self.mapping = &Nobody;
            }
        }
        self.string()?; // cluster id
        self.fixed(4, "controller id")?;
        self.brokers(0, if self.version >= 2 { 1 } else { 0 })?;
        self.fixed(4, "cluster operations")?;
        self.end_struct()
    }
}
