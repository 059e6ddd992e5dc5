//! The order gate: what must stay in order behind a held chunk.
//!
//! Owns: per lane, the chunks that are open (held, or waiting behind a held one) and, for
//! idempotent producers, the gap that an unwritten chunk left. Refuses: to order anything across
//! connections (the broker's own sequence check is the gate there). Stays true: within a lane
//! chunks are written in the order they came; when one is not written, what waited behind it is
//! not written either, and what follows in sequence is turned away until the gap is filled.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// What must stay in order on one connection: a topic-partition, and a producer where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Producer id of an idempotent producer, -1 otherwise.
    pub producer: i64,
}

/// Where in an idempotent producer's stream a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Producer epoch.
    pub epoch: i16,
    /// First sequence number.
    pub base: i32,
}

/// Whether a chunk may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing is before it.
    Free,
    /// A chunk before it is open: it must wait.
    Behind,
    /// A chunk before it was not written: forwarding it would be a sequence gap.
    Gap,
}

#[derive(Default, Debug)]
struct State {
    open: VecDeque<u64>,
    gap: Option<Sequence>,
}

/// What follows from the end of an open chunk.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Next {
    /// The chunk that is now first of its lane: it may be written once it is allowed to.
    pub first: Option<u64>,
    /// The chunks that fell with it: "not written, try again".
    pub fallen: Vec<u64>,
}

/// All lanes of one connection.
#[derive(Default, Debug)]
pub struct Lanes {
    lanes: HashMap<Lane, State>,
}

impl Lanes {
    /// Whether no chunk is open and no gap remembered: the common case, one comparison.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Where a new chunk stands. A gap is closed by a chunk that starts where it began, or by a
    /// new producer epoch; what comes before it in sequence passes and leaves it.
    pub fn look(&mut self, lane: &Lane, sequence: Option<Sequence>) -> Gate {
        let Some(state) = self.lanes.get_mut(lane) else {
            return Gate::Free;
        };
        match (state.gap, sequence) {
            // also while a chunk before the gap is open: behind it this one would be sent
            (Some(gap), Some(at)) if gap.epoch == at.epoch && follows(gap.base, at.base) => {
                return Gate::Gap;
            }
            (Some(gap), Some(at)) if gap.epoch == at.epoch && gap.base != at.base => {}
            _ => state.gap = None,
        }
        if !state.open.is_empty() {
            return Gate::Behind;
        }
        if state.gap.is_none() {
            self.lanes.remove(lane);
        }
        Gate::Free
    }

    /// Opens a chunk at the end of its lane. Returns whether it is the first.
    pub fn open(&mut self, lane: &Lane, chunk: u64) -> bool {
        let state = self.lanes.entry(lane.clone()).or_default();
        state.open.push_back(chunk);
        state.open.len() == 1
    }

    /// Whether this chunk is first of its lane.
    pub fn is_first(&self, lane: &Lane, chunk: u64) -> bool {
        self.lanes
            .get(lane)
            .is_some_and(|s| s.open.front() == Some(&chunk))
    }

    /// Ends an open chunk. `unwritten` names where it stood when it was not written.
    pub fn close(
        &mut self,
        lane: &Lane,
        chunk: u64,
        written: bool,
        sequence: Option<Sequence>,
    ) -> Next {
        let Some(state) = self.lanes.get_mut(lane) else {
            return Next::default();
        };
        let Some(index) = state.open.iter().position(|c| *c == chunk) else {
            return Next::default();
        };
        let mut next = Next::default();
        if written {
            state.open.remove(index);
            if index == 0 {
                next.first = state.open.front().copied();
            }
        } else {
            next.fallen = state.open.split_off(index).into_iter().skip(1).collect();
            if state
                .gap
                .is_none_or(|gap| sequence.is_some_and(|s| !follows(gap.base, s.base)))
            {
                state.gap = sequence;
            }
        }
        if state.open.is_empty() && state.gap.is_none() {
            self.lanes.remove(lane);
        }
        next
    }
}

/// Whether sequence `b` comes after `a`. Sequences wrap from 2^31 - 1 to 0 (KIP-98).
fn follows(a: i32, b: i32) -> bool {
    let distance = b.wrapping_sub(a) & i32::MAX;
    distance != 0 && distance < 1 << 30
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(producer: i64) -> Lane {
        Lane {
            topic: "t".into(),
            partition: 0,
            producer,
        }
    }
    fn seq(base: i32) -> Option<Sequence> {
        Some(Sequence { epoch: 0, base })
    }

    #[test]
    fn what_comes_behind_an_open_chunk_waits_and_follows_it() {
        let mut lanes = Lanes::default();
        let lane = lane(7);
        assert_eq!(lanes.look(&lane, seq(0)), Gate::Free);
        assert!(lanes.open(&lane, 1));
        assert_eq!(lanes.look(&lane, seq(5)), Gate::Behind);
        assert!(!lanes.open(&lane, 2));
        let next = lanes.close(&lane, 1, true, seq(0));
        assert_eq!(
            next,
            Next {
                first: Some(2),
                fallen: vec![]
            }
        );
        assert!(lanes.is_first(&lane, 2));
        lanes.close(&lane, 2, true, seq(5));
        assert!(lanes.is_empty());
    }

    #[test]
    fn an_unwritten_chunk_takes_its_followers_along_and_leaves_a_gap() {
        let mut lanes = Lanes::default();
        let lane = lane(7);
        lanes.open(&lane, 1);
        lanes.open(&lane, 2);
        lanes.open(&lane, 3);
        assert_eq!(
            lanes.close(&lane, 1, false, seq(10)),
            Next {
                first: None,
                fallen: vec![2, 3]
            }
        );
        assert_eq!(lanes.look(&lane, seq(15)), Gate::Gap);
        assert_eq!(
            lanes.look(&lane, seq(15)),
            Gate::Gap,
            "looking does not fill it"
        );
        assert_eq!(
            lanes.look(&lane, seq(10)),
            Gate::Free,
            "the retry itself passes"
        );
        assert_eq!(lanes.look(&lane, seq(15)), Gate::Free);
    }

    #[test]
    fn a_gap_behind_an_open_chunk_turns_away_what_follows_it() {
        let mut lanes = Lanes::default();
        let lane = lane(7);
        lanes.open(&lane, 1);
        lanes.open(&lane, 2);
        let next = lanes.close(&lane, 2, false, seq(5));
        assert_eq!(next, Next::default());
        assert_eq!(
            lanes.look(&lane, seq(10)),
            Gate::Gap,
            "behind 1 it would be sent without 2"
        );
        assert_eq!(lanes.look(&lane, seq(5)), Gate::Behind, "the retry waits");
        lanes.open(&lane, 3);
        assert_eq!(lanes.look(&lane, seq(10)), Gate::Behind);
        assert_eq!(lanes.close(&lane, 1, true, seq(0)).first, Some(3));
        lanes.close(&lane, 3, true, seq(5));
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_repeat_from_before_a_gap_does_not_close_it() {
        let mut lanes = Lanes::default();
        let lane = lane(7);
        lanes.open(&lane, 1);
        lanes.close(&lane, 1, false, seq(10));
        assert_eq!(lanes.look(&lane, seq(0)), Gate::Free);
        assert_eq!(lanes.look(&lane, seq(15)), Gate::Gap);
        assert_eq!(lanes.look(&lane, seq(10)), Gate::Free);
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_new_epoch_and_a_plain_producer_know_no_gap() {
        let mut lanes = Lanes::default();
        let idempotent = lane(7);
        lanes.open(&idempotent, 1);
        lanes.close(&idempotent, 1, false, seq(10));
        assert_eq!(
            lanes.look(&idempotent, Some(Sequence { epoch: 1, base: 50 })),
            Gate::Free
        );
        let plain = lane(-1);
        lanes.open(&plain, 2);
        lanes.close(&plain, 2, false, None);
        assert_eq!(lanes.look(&plain, None), Gate::Free);
        assert!(lanes.is_empty());
    }

    #[test]
    fn sequences_wrap() {
        assert!(follows(i32::MAX, 0));
        assert!(follows(5, 6));
        assert!(!follows(6, 5));
        assert!(!follows(5, 5));
    }
}
