//! Which of a hold's records are unspent, under way, written, or in doubt.
//!
//! Owns: the account of a hold's content keys, record by record, and its sends. Refuses: to take
//! more units of a key than the hold covers. Stays true: for each key,
//! `free + under way + written = covered`; whether the hold is approved at all is not judged here.

use super::event::{Outcome, Redeemed, SendId};
use crate::chunk::{ContentKey, UnixMillis};
use std::collections::{BTreeMap, HashMap};

/// Where a send stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Handed to a core.
    Sending,
    /// The broker has it.
    Written {
        /// First offset of the batch, -1 when the broker did not say.
        offset: i64,
    },
    /// It may have landed.
    Unknown,
}

/// One send and the records of this hold that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Sorted, so that equal multisets are equal values.
    pub content: Vec<ContentKey>,
    /// Whether the broker recognises a repeat.
    pub idempotent: bool,
    /// Where it stands.
    pub progress: Progress,
    /// Since when.
    pub at: UnixMillis,
}

/// Units of one content key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Units {
    covered: u32,
    under_way: u32,
    written: u32,
}

/// The account of one hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    units: HashMap<ContentKey, Units>,
    sends: BTreeMap<SendId, Send>,
    covered: u64,
    under_way: u64,
    written: u64,
}

impl Spending {
    /// Everything covered, nothing spent.
    pub fn new(content: &[ContentKey]) -> Spending {
        let mut spending = Spending {
            covered: content.len() as u64,
            ..Spending::default()
        };
        for key in content {
            spending.units.entry(*key).or_default().covered += 1;
        }
        spending
    }

    /// Units of `key` that no send has taken.
    pub fn free(&self, key: &ContentKey) -> u32 {
        self.units
            .get(key)
            .map_or(0, |u| u.covered - u.under_way - u.written)
    }

    /// Units of `key` that are under way or in doubt.
    pub fn under_way(&self, key: &ContentKey) -> u32 {
        self.units.get(key).map_or(0, |u| u.under_way)
    }

    /// Units of `key` that landed.
    pub fn written(&self, key: &ContentKey) -> u32 {
        self.units.get(key).map_or(0, |u| u.written)
    }

    /// Records covered, over all keys.
    pub fn covered_total(&self) -> u64 {
        self.covered
    }

    /// Records written, over all keys.
    pub fn written_total(&self) -> u64 {
        self.written
    }

    /// Records that no send has taken.
    pub fn free_total(&self) -> u64 {
        self.covered - self.under_way - self.written
    }

    /// The distinct keys.
    pub fn keys(&self) -> impl Iterator<Item = &ContentKey> {
        self.units.keys()
    }

    /// The sends, in the order of their ids.
    pub fn sends(&self) -> impl Iterator<Item = (&SendId, &Send)> {
        self.sends.iter()
    }

    /// One send.
    pub fn send(&self, id: &SendId) -> Option<&Send> {
        self.sends.get(id)
    }

    /// Whether a send stands so.
    pub fn any(&self, progress: Progress) -> bool {
        self.sends.values().any(|s| s.progress == progress)
    }

    /// The send that keeps units of `key` in doubt.
    pub fn in_doubt(&self, key: &ContentKey) -> Option<SendId> {
        let holds =
            |s: &Send| s.progress == Progress::Unknown && s.content.binary_search(key).is_ok();
        self.sends.iter().find(|(_, s)| holds(s)).map(|(id, _)| *id)
    }

    /// Takes units for a send; `false`, and nothing taken, when they are not there. The same
    /// idempotent send may be taken again while it is in doubt: the broker tells a repeat.
    pub fn take(&mut self, at: UnixMillis, redeemed: &Redeemed) -> bool {
        let mut content = redeemed.content.clone();
        content.sort_unstable();
        if let Some(send) = self.sends.get_mut(&redeemed.send) {
            let same = send.idempotent && redeemed.idempotent && send.content == content;
            if !same || send.progress != Progress::Unknown {
                return false;
            }
            send.progress = Progress::Sending;
            send.at = at;
            return true;
        }
        if content.is_empty()
            || content
                .chunk_by(|a, b| a == b)
                .any(|run| run.len() > self.free(&run[0]) as usize)
        {
            return false;
        }
        for key in &content {
            if let Some(units) = self.units.get_mut(key) {
                units.under_way += 1;
            }
        }
        self.under_way += content.len() as u64;
        let send = Send {
            content,
            idempotent: redeemed.idempotent,
            progress: Progress::Sending,
            at,
        };
        self.sends.insert(redeemed.send, send);
        true
    }

    /// A send under way ended; `false` when it was not under way.
    pub fn end(&mut self, at: UnixMillis, id: &SendId, outcome: Outcome) -> bool {
        let Some(send) = self
            .sends
            .get_mut(id)
            .filter(|s| s.progress == Progress::Sending)
        else {
            return false;
        };
        send.at = at;
        match outcome {
            Outcome::Unknown => send.progress = Progress::Unknown,
            Outcome::Returned { .. } => self.give_back(id),
            Outcome::Written { offset } => {
                send.progress = Progress::Written { offset };
                for key in &send.content {
                    if let Some(units) = self.units.get_mut(key) {
                        units.under_way -= 1;
                        units.written += 1;
                    }
                }
                self.under_way -= send.content.len() as u64;
                self.written += send.content.len() as u64;
            }
        }
        true
    }

    /// Gives up on knowing what became of a send in doubt: its records are unspent again, for
    /// people to decide anew. `false` when it is not in doubt.
    pub fn forget_doubt(&mut self, id: &SendId) -> bool {
        let doubted = self
            .sends
            .get(id)
            .is_some_and(|s| s.progress == Progress::Unknown);
        if doubted {
            self.give_back(id);
        }
        doubted
    }

    fn give_back(&mut self, id: &SendId) {
        let Some(send) = self.sends.remove(id) else {
            return;
        };
        for key in &send.content {
            if let Some(units) = self.units.get_mut(key) {
                units.under_way -= 1;
            }
        }
        self.under_way -= send.content.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::SendKey;

    const NOW: UnixMillis = UnixMillis(0);

    fn key(n: u8) -> ContentKey {
        ContentKey([n; 32])
    }

    fn send(n: u8, idempotent: bool, content: &[u8]) -> Redeemed {
        let content = content.iter().map(|n| key(*n)).collect();
        let send = SendId {
            partition: 0,
            key: SendKey([n; 32]),
        };
        Redeemed {
            send,
            core: 0,
            chunk: 0,
            idempotent,
            content,
        }
    }

    #[test]
    fn a_key_covered_twice_is_taken_twice_and_no_more() {
        let mut spending = Spending::new(&[key(1), key(1), key(2)]);
        assert!(!spending.take(NOW, &send(1, false, &[1, 1, 1])));
        assert!(spending.take(NOW, &send(1, false, &[1])));
        assert!(!spending.take(NOW, &send(2, false, &[1, 1])));
        assert!(spending.take(NOW, &send(2, false, &[2, 1])));
        assert!(!spending.take(NOW, &send(3, false, &[1])));
        assert_eq!(spending.free_total(), 0);
        assert!(!spending.take(NOW, &send(4, false, &[9])));
        assert!(!spending.take(NOW, &send(4, false, &[])));
    }

    #[test]
    fn returned_units_are_free_again_and_written_ones_are_not() {
        let mut spending = Spending::new(&[key(1), key(2)]);
        let (a, b) = (send(1, true, &[1]), send(2, true, &[2]));
        assert!(spending.take(NOW, &a) && spending.take(NOW, &b));
        assert!(spending.end(NOW, &a.send, Outcome::Returned { error: 6 }));
        assert!(spending.end(NOW, &b.send, Outcome::Written { offset: 5 }));
        assert_eq!((spending.free(&key(1)), spending.free(&key(2))), (1, 0));
        assert!(
            !spending.end(NOW, &b.send, Outcome::Returned { error: 6 }),
            "ended once"
        );
        assert!(
            !spending.take(NOW, &b),
            "an equal send that landed is never taken again"
        );
    }

    #[test]
    fn only_the_same_idempotent_send_repeats_out_of_doubt() {
        let mut spending = Spending::new(&[key(1), key(2)]);
        let first = send(1, true, &[1, 2]);
        assert!(spending.take(NOW, &first));
        assert!(!spending.take(NOW, &first), "not while it is under way");
        assert!(spending.end(NOW, &first.send, Outcome::Unknown));
        assert_eq!(spending.in_doubt(&key(2)), Some(first.send));
        assert!(
            !spending.take(NOW, &send(1, true, &[1])),
            "other content under the same key"
        );
        assert!(!spending.take(NOW, &send(2, true, &[1, 2])), "another send");
        assert!(
            spending.take(NOW, &send(1, true, &[2, 1])),
            "the same records in another order"
        );
        assert!(spending.end(NOW, &first.send, Outcome::Written { offset: 0 }));
    }

    #[test]
    fn a_doubt_given_up_frees_its_units() {
        let mut spending = Spending::new(&[key(1)]);
        let first = send(1, false, &[1]);
        assert!(spending.take(NOW, &first));
        assert!(
            !spending.forget_doubt(&first.send),
            "it is not in doubt yet"
        );
        assert!(spending.end(NOW, &first.send, Outcome::Unknown));
        assert!(
            !spending.take(NOW, &first),
            "the broker cannot tell a repeat"
        );
        assert!(spending.forget_doubt(&first.send));
        assert_eq!((spending.free_total(), spending.free(&key(1))), (1, 1));
    }
}
