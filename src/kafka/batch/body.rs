//! A batch's body, inflated when it is compressed.
//!
//! Owns: the scratch that bodies are inflated into. Refuses: bodies past the bound, and bytes where
//! the header says there is no record. Stays true: an uncompressed body is never copied.

use super::{Batch, BatchFault};
use crate::kafka::compression::{Codec, Inflater};
use crate::limits::INFLATED_BYTES_MAX;

/// Opens bodies one after the other, reusing contexts and scratch.
#[derive(Default)]
pub struct Bodies {
    inflater: Inflater,
    scratch: Vec<u8>,
}

impl Bodies {
    /// Nothing is allocated until a compressed batch is met.
    pub fn new() -> Bodies {
        Bodies::default()
    }

    /// The uncompressed records of `batch`, which was found in `records`: a part of `records`, or
    /// of the scratch, where it stays until the next call.
    pub fn open<'a>(
        &'a mut self,
        records: &'a [u8],
        batch: &Batch,
    ) -> Result<&'a [u8], BatchFault> {
        open(&mut self.inflater, &mut self.scratch, records, batch)
    }

    /// Gives scratch past `bytes` back to the allocator.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.scratch.clear();
        self.scratch.shrink_to(bytes);
    }
}

/// The same with an inflater and a scratch of the caller's.
pub fn open<'a>(
    inflater: &mut Inflater,
    scratch: &'a mut Vec<u8>,
    records: &'a [u8],
    batch: &Batch,
) -> Result<&'a [u8], BatchFault> {
    let codec = batch.header.codec()?;
    let stored = records.get(batch.body.clone()).unwrap_or_default();
    // Compaction leaves batches without records, whose attributes may still name a codec.
    let empty = batch.header.records_count == 0 && stored.is_empty();
    if codec == Codec::None || empty {
        return Ok(stored);
    }
    inflater.inflate(codec, stored, scratch, INFLATED_BYTES_MAX)?;
    Ok(scratch)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::batch::HEADER_BYTES;
    use crate::kafka::batch::samples::{batch_of, only, some_records};

    #[test]
    fn compacted_batches_are_empty_whatever_their_codec() {
        let mut bytes = batch_of(&[], 0);
        bytes[22] |= 4;
        let batch = only(&bytes);
        assert_eq!(Bodies::new().open(&bytes, &batch), Ok(&[][..]));
        bytes.push(0);
        let length = bytes.len() as i32 - 12;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let batch = only(&bytes);
        assert!(Bodies::new().open(&bytes, &batch).is_err());
    }

    #[test]
    fn an_uncompressed_body_is_not_copied() {
        let bytes = batch_of(&some_records(), 0);
        let mut scratch = vec![];
        let batch = only(&bytes);
        let body = open(&mut Inflater::new(), &mut scratch, &bytes, &batch).unwrap();
        assert_eq!(body.as_ptr(), bytes[HEADER_BYTES..].as_ptr());
        assert_eq!(scratch.capacity(), 0);
    }
}
