//! The batches of a Kafka log segment.
//!
//! Owns: reading them one at a time, and telling a torn end from a broken middle. Refuses: formats
//! before 2, and batches that no broker would take in. Stays true: memory is what a batch really has,
//! never what it claims; every byte is in a batch that is given out, or in the tail that is told of.

use crate::kafka::batch::{self, Batch, BatchFault, HEADER_BYTES, LENGTH_FROM};
use crate::limits::SCAN_BATCH_BYTES_MAX;
use std::io::{self, Read};

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A whole batch; [`Segment::bytes`] has it. Its checksum has not been looked at.
    Batch(Batch),
    /// What is no whole batch, to the end.
    Tail(Tail),
    /// The end.
    End,
}

/// Bytes at the end of a segment that are no whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Tail {
    /// Zeros.
    #[error("the last {bytes} bytes are zeros that were set aside and never written")]
    Unwritten {
        /// How many.
        bytes: u64,
    },
    /// A batch that is cut off.
    #[error(
        "the last {bytes} bytes, from byte {at} on, are an incomplete batch, as a broker leaves that was killed; they were not read"
    )]
    Torn {
        /// Where it begins.
        at: u64,
        /// How many.
        bytes: u64,
    },
    /// What no broker writes.
    #[error("{0}; what follows was not read. Where this is no log segment, say `--format text`")]
    Broken(BatchFault),
    /// A batch longer than any broker takes.
    #[error(
        "the batch at byte {at} claims {bytes} bytes, more than any broker takes in; the rest was not read"
    )]
    TooLong {
        /// Where it begins.
        at: u64,
        /// What it claims.
        bytes: u64,
    },
}

impl Tail {
    /// Whether a sound segment may end like this.
    pub fn is_sound(&self) -> bool {
        matches!(self, Tail::Unwritten { .. } | Tail::Torn { .. })
    }
}

/// A segment, read from front to end.
pub struct Segment<R> {
    from: R,
    bytes: Vec<u8>,
    at: u64,
}

impl<R: Read> Segment<R> {
    /// Nothing is read yet.
    pub fn new(from: R) -> Segment<R> {
        Segment {
            from,
            bytes: Vec::new(),
            at: 0,
        }
    }

    /// The batch that came last, header and all.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it begins in the segment.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Reads the next batch; after a tail comes the end.
    pub fn next(&mut self) -> io::Result<Next> {
        self.at += self.bytes.len() as u64;
        self.bytes.clear();
        self.fill(HEADER_BYTES)?;
        if self.bytes.is_empty() {
            return Ok(Next::End);
        }
        let mut found = batch::batches(&self.bytes).next();
        if let Some(Err(BatchFault::Partial { .. })) = found
            && self.bytes.len() == HEADER_BYTES
        {
            let whole = LENGTH_FROM + self.length();
            if whole > SCAN_BATCH_BYTES_MAX {
                let (at, bytes) = (self.at, whole as u64);
                return Ok(self.tail(Tail::TooLong { at, bytes }));
            }
            self.fill(whole)?;
            found = batch::batches(&self.bytes).next();
        }
        match found {
            Some(Ok(batch)) => Ok(Next::Batch(batch)),
            Some(Err(fault)) => self.end(fault),
            None => Ok(Next::End),
        }
    }

    /// The length field of the header that was read.
    fn length(&self) -> usize {
        let field = self.bytes.get(8..LENGTH_FROM).unwrap_or_default();
        let length = field.try_into().map_or(0, i32::from_be_bytes);
        usize::try_from(length).unwrap_or(0)
    }

    /// Reads until there are so many bytes, or no more.
    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        let missing = bytes.saturating_sub(self.bytes.len()) as u64;
        let mut from = self.from.by_ref().take(missing);
        from.read_to_end(&mut self.bytes).map(drop)
    }

    fn tail(&mut self, tail: Tail) -> Next {
        self.bytes.clear();
        Next::Tail(tail)
    }

    /// What follows is no batch: zeros, a cut, or something else.
    fn end(&mut self, fault: BatchFault) -> io::Result<Next> {
        let at = self.at;
        if matches!(fault, BatchFault::Partial { .. }) {
            let bytes = self.bytes.len() as u64;
            return Ok(self.tail(Tail::Torn { at, bytes }));
        }
        let mut bytes = 0;
        while !self.bytes.is_empty() && self.bytes.iter().all(|byte| *byte == 0) {
            bytes += self.bytes.len() as u64;
            self.bytes.clear();
            self.fill(SKIP_BYTES)?;
        }
        let zeros = self.bytes.is_empty();
        Ok(self.tail(match zeros {
            true => Tail::Unwritten { bytes },
            false => Tail::Broken(placed(fault, at)),
        }))
    }
}

/// The same fault, its place counted from the front of the segment.
fn placed(fault: BatchFault, at: u64) -> BatchFault {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    match fault {
        BatchFault::Magic { magic, .. } => BatchFault::Magic { at, magic },
        BatchFault::Length { length, .. } => BatchFault::Length { at, length },
        other => other,
    }
}

/// Zeros are looked over this much at a time.
const SKIP_BYTES: usize = 64 * crate::limits::KIB;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A batch of nothing, with this many bytes behind its header.
    fn batch(body: usize) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES + body];
        let length = (bytes.len() - LENGTH_FROM) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = 2;
        bytes
    }

    fn walk(bytes: &[u8]) -> (Vec<u64>, Option<Tail>) {
        let mut segment = Segment::new(bytes);
        let mut starts = Vec::new();
        loop {
            match segment.next().unwrap() {
                Next::Batch(batch) => {
                    assert_eq!(batch.span, 0..segment.bytes().len());
                    starts.push(segment.at());
                }
                Next::Tail(tail) => return (starts, Some(tail)),
                Next::End => return (starts, None),
            }
        }
    }

    #[test]
    fn batches_come_one_by_one() {
        let all = [batch(0), batch(100), batch(7)].concat();
        assert_eq!(walk(&all), (vec![0, 61, 222], None));
        assert_eq!(walk(b""), (vec![], None));
    }

    #[test]
    fn a_torn_end_is_told_wherever_it_is_torn() {
        let (one, two) = (batch(3), batch(50));
        let all = [&one[..], &two].concat();
        for cut in 1..two.len() {
            let (starts, tail) = walk(&all[..all.len() - cut]);
            let (at, bytes) = (64, (two.len() - cut) as u64);
            let torn = Tail::Torn { at, bytes };
            assert_eq!((starts, tail), (vec![0], Some(torn)), "cut by {cut}");
            assert!(torn.is_sound());
        }
    }

    #[test]
    fn zeros_that_were_set_aside_are_no_fault() {
        for zeros in [61, 62, 200_000] {
            let all = [batch(3), vec![0; zeros]].concat();
            let bytes = zeros as u64;
            assert_eq!(walk(&all), (vec![0], Some(Tail::Unwritten { bytes })));
        }
        let mut all = [batch(3), vec![0; 200_000]].concat();
        *all.last_mut().unwrap() = 1;
        let (_, tail) = walk(&all);
        let fault = BatchFault::Magic { at: 64, magic: 0 };
        assert_eq!(tail, Some(Tail::Broken(fault)));
    }

    #[test]
    fn what_no_broker_writes_is_a_fault_and_no_memory() {
        let mut old = batch(100);
        old[16] = 1;
        let (_, tail) = walk(&[batch(3), old].concat());
        let fault = BatchFault::Magic { at: 64, magic: 1 };
        assert_eq!(tail, Some(Tail::Broken(fault)));
        let mut long = batch(100);
        long[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
        let (_, tail) = walk(&long);
        assert!(
            matches!(tail, Some(Tail::TooLong { at: 0, .. })),
            "{tail:?}"
        );
        assert!(!tail.unwrap().is_sound());
        long[8..12].copy_from_slice(&(SCAN_BATCH_BYTES_MAX as i32 - 12).to_be_bytes());
        let mut segment = Segment::new(&long[..]);
        assert!(matches!(
            segment.next().unwrap(),
            Next::Tail(Tail::Torn { .. })
        ));
        assert!(segment.bytes.capacity() < 1000);
    }
}
