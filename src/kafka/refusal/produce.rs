//! Produce, versions 0 to 13, refused for every partition it names.
//!
//! Walked by hand: its records may be a hundred megabytes, which decoding would copy, and its
//! versions 0 to 2 are advertised (see `api`) though kafka-protocol cannot read them.
//!
//! ```text
//! request   transactional id string? (v3) | acks i16 | timeout i32 | [topic, [index i32, records]]
//! response  [topic, [index i32, error i16, base offset i64, append time i64 (v2),
//!                    log start i64 (v5), record errors [] (v8), message string? (v8)]]
//!           | throttle ms i32 (v1)
//! topic     name string (up to v12) or id uuid (v13)
//! ```

use super::answer::No;
use crate::kafka::api::PRODUCE;
use crate::kafka::frame::{RequestHeader, is_flexible, response_begin};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::writer::Writer;
use crate::limits::REFUSED_ELEMENTS_MAX;

/// Smallest topic: empty name, no partitions. Smallest partition: index, empty records.
const TOPIC_BYTES_MIN: usize = 1 + 1;
const PARTITION_BYTES_MIN: usize = 4 + 1;

/// The reply; `Ok(None)` when acks=0 says that none is read.
pub(super) fn refuse(
    header: &RequestHeader,
    body: &[u8],
    no: &No<'_>,
) -> Result<Option<Vec<u8>>, Malformed> {
    let version = header.api_version;
    let flexible = is_flexible(PRODUCE, version) == Some(true);
    let mut reader = Reader::new(body);
    if version >= 3 {
        reader.string_span(flexible)?; // transactional id
    }
    let acks = reader.i16()?;
    if acks == 0 {
        return Ok(None);
    }
    reader.i32()?; // timeout
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = response_begin(&mut writer, (PRODUCE, version), header.correlation_id);
    let mut walk = Walk {
        no,
        reader,
        writer,
        version,
        flexible,
        partitions: 0,
    };
    walk.topics()?;
    if version >= 1 {
        walk.writer.i32(0); // throttle time
    }
    walk.end_struct()?;
    walk.reader.end()?;
    walk.writer.frame_end(start);
    Ok(Some(out))
}

struct Walk<'a> {
    no: &'a No<'a>,
    reader: Reader<'a>,
    writer: Writer<'a>,
    version: i16,
    flexible: bool,
    /// Partitions so far, over all topics.
    partitions: usize,
}

impl Walk<'_> {
    fn topics(&mut self) -> Result<(), Malformed> {
        for _ in 0..self.count(TOPIC_BYTES_MIN)? {
            let start = self.reader.pos();
            if self.version >= 13 {
                self.reader.uuid()?;
            } else {
                self.reader.string_span(self.flexible)?;
            }
            self.writer.raw(self.reader.slice(start..self.reader.pos()));
            for _ in 0..self.count(PARTITION_BYTES_MIN)? {
                self.partition()?;
            }
            self.end_struct()?;
        }
        Ok(())
    }

    fn partition(&mut self) -> Result<(), Malformed> {
        let index = self.reader.i32()?;
        self.reader.nullable_bytes(self.flexible)?;
        self.writer.i32(index);
        self.writer.i16(self.no.code);
        self.writer.i64(-1); // base offset
        if self.version >= 2 {
            self.writer.i64(-1); // append time
        }
        if self.version >= 5 {
            self.writer.i64(-1); // log start offset
        }
        if self.version >= 8 {
            self.writer.array_len(self.flexible, Some(0)); // record errors
            self.writer.string(self.flexible, Some(self.no.text));
        }
        self.end_struct()
    }

    /// The same count in the reply as in the request.
    fn count(&mut self, min_element_bytes: usize) -> Result<usize, Malformed> {
        let count = self
            .reader
            .array_len(self.flexible, min_element_bytes)?
            .unwrap_or(0);
        self.partitions += count;
        if self.partitions > REFUSED_ELEMENTS_MAX {
            return Err(self.reader.malformed("too many partitions"));
        }
        self.writer.array_len(self.flexible, Some(count));
        Ok(count)
    }

    fn end_struct(&mut self) -> Result<(), Malformed> {
        if self.flexible {
            self.reader.skip_tags()?;
        }
        self.writer.end_struct(self.flexible);
        Ok(())
    }
}
