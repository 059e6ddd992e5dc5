//! The replies a client is owed, in the order of its requests; the replies the broker owes, in
//! the order they were sent.
//!
//! Owns: both queues. Refuses: I/O. Stays true: a reply leaves only when every request before it
//! was answered, wherever the answers come from (broker, gateway, a person); the broker answers
//! strictly in order, so a correlation id out of turn is a fault of the broker's.

use super::merge::Merge;
use crate::kafka::refusal::Patch;
use std::collections::VecDeque;

/// A client request that the broker answers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The client's correlation id.
    pub correlation_id: i32,
    /// API key of the request.
    pub api_key: i16,
    /// Its version.
    pub api_version: i16,
}

/// One client request without its reply yet.
#[derive(Debug)]
pub enum Slot {
    /// The broker's reply goes out, edited where the API table says so.
    Relay(Relay),
    /// The same, after it was completed.
    Patched(Relay, Box<Patch>),
    /// The reply, whole, waits for its turn.
    Ready(Vec<u8>),
    /// A Produce whose parts are answered from several sides.
    Merge(Box<Merge>),
}

/// A reply that the broker owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// It belongs to the client request of this number.
    Reply(u64),
    /// It is the outcome of a released chunk.
    Released(u64),
    /// It names topics, for the gateway itself.
    Names,
    /// It belongs to the renewal of the gateway's own login.
    Login,
}

/// Both queues of one connection.
#[derive(Default, Debug)]
pub struct Answers {
    slots: VecDeque<Slot>,
    first: u64,
    owed: VecDeque<(i32, Owed)>,
    ready_bytes: usize,
    merges: usize,
}

impl Answers {
    /// Queues a client request; returns its number.
    pub fn push(&mut self, slot: Slot) -> u64 {
        match &slot {
            Slot::Ready(bytes) => self.ready_bytes += bytes.len(),
            Slot::Merge(_) => self.merges += 1,
            Slot::Patched(_, patch) => self.ready_bytes += patch.bytes(),
            Slot::Relay(_) => {}
        }
        self.slots.push_back(slot);
        self.first + self.slots.len() as u64 - 1
    }

    /// Notes that the broker owes a reply under this correlation id of the gateway's own.
    pub fn owe(&mut self, correlation_id: i32, what: Owed) {
        self.owed.push_back((correlation_id, what));
    }

    /// What the broker's next reply is. `None`: it owes nothing, or not under this id.
    pub fn settle(&mut self, correlation_id: i32) -> Option<Owed> {
        match self.owed.front() {
            Some((expected, what)) if *expected == correlation_id => {
                let what = *what;
                self.owed.pop_front();
                Some(what)
            }
            _ => None,
        }
    }

    /// Whether the broker's reply is what all others wait for.
    pub fn awaits_broker(&self) -> bool {
        matches!(self.slots.front(), Some(Slot::Relay(_) | Slot::Patched(..)))
    }

    /// Client requests without a reply.
    pub fn waiting(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of replies, and of parts of some, that wait for their turn.
    pub fn ready_bytes(&self) -> usize {
        self.ready_bytes
    }

    /// Whether a reply is withheld or being merged.
    pub fn is_merging(&self) -> bool {
        self.merges > 0
    }

    /// Whether this request is the next to be answered.
    pub fn is_first(&self, number: u64) -> bool {
        number == self.first && !self.slots.is_empty()
    }

    /// The request of this number, unless it was answered.
    pub fn slot(&self, number: u64) -> Option<&Slot> {
        self.slots.get(number.checked_sub(self.first)? as usize)
    }

    /// The merge of this number.
    pub fn merge(&mut self, number: u64) -> Option<&mut Merge> {
        match self.slots.get_mut(number.checked_sub(self.first)? as usize) {
            Some(Slot::Merge(merge)) => Some(merge),
            _ => None,
        }
    }

    /// Takes what a request's reply is to be completed with; what is left is to be relayed.
    pub fn take_patch(&mut self, number: u64) -> Option<Box<Patch>> {
        let slot = self
            .slots
            .get_mut(number.checked_sub(self.first)? as usize)?;
        let Slot::Patched(relay, _) = slot else {
            return None;
        };
        let relayed = Slot::Relay(*relay);
        let Slot::Patched(_, patch) = std::mem::replace(slot, relayed) else {
            return None;
        };
        self.ready_bytes -= patch.bytes();
        Some(patch)
    }

    /// Gives a request its whole reply, to leave when its turn comes.
    pub fn set_ready(&mut self, number: u64, reply: Vec<u8>) {
        let Some(index) = number.checked_sub(self.first) else {
            return;
        };
        if let Some(slot) = self.slots.get_mut(index as usize) {
            self.ready_bytes += reply.len();
            if matches!(slot, Slot::Merge(_)) {
                self.merges -= 1;
            }
            *slot = Slot::Ready(reply);
        }
    }

    /// Takes the next request off the queue because its reply is being written.
    pub fn pop_relayed(&mut self) {
        debug_assert!(matches!(self.slots.front(), Some(Slot::Relay(_))));
        if self.slots.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// The next reply to write, if it is ready.
    pub fn pop_ready(&mut self) -> Option<Vec<u8>> {
        if !matches!(self.slots.front(), Some(Slot::Ready(_))) {
            return None;
        }
        self.first += 1;
        match self.slots.pop_front() {
            Some(Slot::Ready(reply)) => {
                self.ready_bytes -= reply.len();
                Some(reply)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn relay(id: i32) -> Slot {
        Slot::Relay(Relay {
            correlation_id: id,
            api_key: 3,
            api_version: 1,
        })
    }

    #[test]
    fn a_local_reply_waits_for_the_brokers_before_it() {
        let mut answers = Answers::default();
        let first = answers.push(relay(1));
        answers.owe(100, Owed::Reply(first));
        answers.push(Slot::Ready(vec![2]));
        assert_eq!(answers.pop_ready(), None);
        assert_eq!(answers.settle(101), None, "out of turn");
        assert_eq!(answers.settle(100), Some(Owed::Reply(first)));
        assert!(answers.is_first(first));
        answers.pop_relayed();
        assert_eq!(answers.ready_bytes(), 1);
        assert_eq!(answers.pop_ready(), Some(vec![2]));
        assert_eq!((answers.waiting(), answers.ready_bytes()), (0, 0));
    }

    #[test]
    fn replies_that_come_early_leave_in_order() {
        let mut answers = Answers::default();
        let (a, b, c) = (
            answers.push(relay(1)),
            answers.push(relay(2)),
            answers.push(relay(3)),
        );
        answers.set_ready(c, vec![3]);
        answers.set_ready(b, vec![2]);
        assert_eq!(answers.pop_ready(), None);
        answers.set_ready(a, vec![1]);
        let order: Vec<_> = std::iter::from_fn(|| answers.pop_ready())
            .flatten()
            .collect();
        assert_eq!(order, [1, 2, 3]);
        answers.set_ready(a, vec![9]);
        assert_eq!(
            answers.pop_ready(),
            None,
            "an answered request is not answered twice"
        );
    }
}
