//! Memory that one core reuses from frame to frame.
//!
//! Owns: the spans of the frame in hand, and what its inspection needs. Refuses: to inflate more for
//! one frame than its share, however many batches it names. Stays true: what one frame needed beyond
//! the usual is given back at the next.

use super::frame_refusals::FrameRefusals;
use crate::chunk::Finding;
use crate::kafka::batch::BatchFault;
use crate::kafka::compression::{Codec, Deflater, InflateFault, Inflater};
use crate::kafka::fetch::Fetched;
use crate::kafka::produce::Produce;
use crate::kafka::share::ShareFetched;
use crate::kafka::tagged::Sections;
use crate::limits::{
    FRAME_BYTES_MAX, INFLATED_BYTES_KEPT, INFLATED_BYTES_MAX, INFLATED_BYTES_PER_FRAME_MAX,
};
use crate::policy::Places;
use crate::scan;
use crate::scan::mask::{Edits, Order};
use crate::schema::wire::SchemaId;
use crate::walk::Walker;

/// Reused memory of one core.
#[derive(Default)]
pub struct Scratch {
    /// Spans of the Produce request in hand.
    pub produce: Produce,
    /// Tagged fields of the Fetch or ShareFetch request in hand that may not go on.
    pub asked: Sections,
    /// Spans of the Fetch reply in hand.
    pub fetched: Fetched,
    /// Spans of the ShareFetch reply in hand.
    pub share_fetched: ShareFetched,
    /// For the inspection of one chunk.
    pub chunk: ChunkScratch,
}

/// Reused memory for the inspection of one chunk.
#[derive(Default)]
pub struct ChunkScratch {
    pub(super) scan: scan::Scratch,
    pub(super) inflater: Inflater,
    pub(super) deflater: Deflater,
    pub(super) body: Vec<u8>,
    pub(super) findings: Vec<Finding>,
    /// What of the chunk in hand was read by its format.
    pub(super) walker: Walker,
    /// Findings in front that were made in the bytes as they lie.
    pub(super) raw: usize,
    /// Which findings lie in fields that rules name.
    pub(super) places: Places,
    /// Whether the audit has heard of the frame in hand: then it is not looked at a second time.
    pub(super) recorded: bool,
    pub(super) refusals: FrameRefusals,
    /// What the masks of the chunk in hand ask for.
    pub(super) orders: Vec<Order>,
    pub(super) edits: Edits,
    /// A body whose masks changed its length.
    pub(super) rewritten: Vec<u8>,
    /// Bytes inflated for the frame in hand.
    inflated: usize,
    /// Bytes that masks may add to it.
    room: usize,
}

impl ChunkScratch {
    /// Begins a frame of so many bytes.
    pub fn begin(&mut self, bytes: usize) {
        self.inflated = 0;
        self.recorded = false;
        self.room = FRAME_BYTES_MAX.saturating_sub(bytes);
        self.refusals.begin();
        if self.body.capacity() > INFLATED_BYTES_KEPT {
            self.body = Vec::new();
        }
        if self.rewritten.capacity() > INFLATED_BYTES_KEPT {
            self.rewritten = Vec::new();
        }
    }

    /// Whether the frame in hand has had its share of inflating.
    pub fn is_spent(&self) -> bool {
        self.inflated >= INFLATED_BYTES_PER_FRAME_MAX
    }

    /// Inflates a batch's body into the scratch.
    pub(super) fn inflate(&mut self, codec: Codec, stored: &[u8]) -> Result<(), BatchFault> {
        if self.is_spent() {
            let max = INFLATED_BYTES_PER_FRAME_MAX;
            return Err(InflateFault::TooBig { max }.into());
        }
        let done = self
            .inflater
            .inflate(codec, stored, &mut self.body, INFLATED_BYTES_MAX);
        // what a fault had cost until it showed is not known: the most
        self.inflated += match &done {
            Ok(()) => self.body.len(),
            Err(_) => INFLATED_BYTES_MAX,
        };
        Ok(done?)
    }

    /// Whether a batch may be this much longer than it came; if so, that is the frame's.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let left = self.room.checked_sub(bytes);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// The schemas that its inspection lacks.
    pub fn missing(&self) -> Vec<SchemaId> {
        self.walker.missing().to_vec()
    }

    /// What was found in the batch that was inspected last.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_frame_of_bombs_gets_its_share_and_the_next_frame_its_own() {
        let zeros = vec![0; INFLATED_BYTES_MAX];
        let mut bomb = Vec::new();
        Deflater::new()
            .deflate(Codec::Zstd, &zeros, &mut bomb)
            .unwrap();
        let mut scratch = ChunkScratch::default();
        let share = INFLATED_BYTES_PER_FRAME_MAX.div_ceil(INFLATED_BYTES_MAX);
        for _ in 0..2 {
            scratch.begin(1);
            let inflated = (0..100).take_while(|_| scratch.inflate(Codec::Zstd, &bomb).is_ok());
            assert_eq!(inflated.count(), share);
            assert!(scratch.is_spent());
        }
        scratch.begin(1);
        assert_eq!(scratch.body.capacity(), 0, "a bomb's memory is given back");
    }

    #[test]
    fn a_frame_grows_no_further_than_the_largest_frame() {
        let mut scratch = ChunkScratch::default();
        scratch.begin(FRAME_BYTES_MAX - 100);
        assert!(scratch.grow(60) && !scratch.grow(41) && scratch.grow(40));
        assert!(!scratch.grow(1));
        scratch.begin(0);
        assert!(scratch.grow(FRAME_BYTES_MAX));
    }

    #[test]
    fn what_cannot_be_inflated_costs_too() {
        let mut scratch = ChunkScratch::default();
        while !scratch.is_spent() {
            assert!(scratch.inflate(Codec::Zstd, b"no frame").is_err());
        }
    }
}
