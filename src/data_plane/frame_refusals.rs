//! How many entries the refusals of one frame leave in the audit.
//!
//! Owns: one entry each up to `limits::REFUSALS_PER_FRAME_MAX`, and what the one entry for all others
//! says. Refuses: to lose one: every topic-partition that was refused is in an entry of its own or
//! under the digest of the last. Stays true: a frame of 100,000 topic-partitions costs as much in
//! the audit as one of a few hundred.

use super::inspect::Origin;
use crate::limits::{REFUSALS_PER_FRAME_MAX, REFUSED_RULES_LISTED_MAX};
use aws_lc_rs::digest::{Context, SHA256};
use std::sync::Arc;

/// The refusals of the frame in hand.
#[derive(Default)]
pub struct FrameRefusals {
    own: usize,
    rest: Option<Rest>,
}

/// What had no entry of its own.
struct Rest {
    count: u64,
    bytes: u64,
    rules: Vec<Arc<str>>,
    digest: Context,
}

/// The entry for what had none of its own.
pub struct Summary {
    /// Topic-partitions.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The rules that refused them, the first of many.
    pub rules: Vec<Arc<str>>,
    /// SHA-256 over, for each in order: length of the topic's name (u64), name, partition (i32), length
    /// of the bytes (u64), bytes; integers big-endian.
    pub sha256: [u8; 32],
}

impl FrameRefusals {
    /// Begins a frame.
    pub fn begin(&mut self) {
        *self = FrameRefusals::default();
    }

    /// Whether this refusal gets an entry of its own. If not, it is in the summary.
    pub fn admit(&mut self, origin: &Origin<'_>, bytes: &[u8], rules: &[Arc<str>]) -> bool {
        if self.own < REFUSALS_PER_FRAME_MAX {
            self.own += 1;
            return true;
        }
        let rest = self.rest.get_or_insert_with(|| Rest {
            count: 0,
            bytes: 0,
            rules: Vec::new(),
            digest: Context::new(&SHA256),
        });
        rest.count += 1;
        rest.bytes += bytes.len() as u64;
        for rule in rules {
            if rest.rules.len() < REFUSED_RULES_LISTED_MAX && !rest.rules.contains(rule) {
                rest.rules.push(Arc::clone(rule));
            }
        }
        rest.digest
            .update(&(origin.topic.len() as u64).to_be_bytes());
        rest.digest.update(origin.topic.as_bytes());
        rest.digest.update(&origin.partition.to_be_bytes());
        rest.digest.update(&(bytes.len() as u64).to_be_bytes());
        rest.digest.update(bytes);
        false
    }

    /// Ends the frame: the one entry for what had none of its own, if anything had not.
    pub fn take(&mut self) -> Option<Summary> {
        let rest = std::mem::take(self).rest?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(rest.digest.finish().as_ref());
        Some(Summary {
            count: rest.count,
            bytes: rest.bytes,
            rules: rest.rules,
            sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chunk::Operation;

    fn refuse(refusals: &mut FrameRefusals, partition: i32) -> bool {
        let origin = Origin {
            operation: Operation::Produce,
            grants: crate::policy::Grants::none(),
            principal: "svc",
            client_id: "c",
            topic: "t",
            partition,
            schemas: None,
            waits: false,
        };
        refusals.admit(&origin, b"12345", &["no".into()])
    }

    #[test]
    fn past_the_bound_one_entry_stands_for_all_others() {
        let mut refusals = FrameRefusals::default();
        let digest_of = |refusals: &mut FrameRefusals, partitions: std::ops::Range<i32>| {
            refusals.begin();
            let own = partitions.filter(|p| refuse(refusals, *p)).count();
            (own, refusals.take())
        };
        let max = REFUSALS_PER_FRAME_MAX as i32;
        let (own, summary) = digest_of(&mut refusals, 0..max);
        assert_eq!((own, summary.is_none()), (REFUSALS_PER_FRAME_MAX, true));
        let (own, summary) = digest_of(&mut refusals, 0..max + 3);
        let summary = summary.unwrap();
        assert_eq!((own, summary.count, summary.bytes), (max as usize, 3, 15));
        assert_eq!(summary.rules, ["no".into()]);
        let (_, other) = digest_of(&mut refusals, 1..max + 4);
        assert_ne!(other.unwrap().sha256, summary.sha256, "other partitions");
        let (_, same) = digest_of(&mut refusals, 0..max + 3);
        assert_eq!(same.unwrap().sha256, summary.sha256);
    }
}
