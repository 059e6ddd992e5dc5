//! The chunks that wait at the desk, in the order in which they came.
//!
//! Owns: which open chunk waits for which pending holds. Refuses: the same ticket twice. Stays
//! true: a ticket is here exactly while its core waits for a final answer.

use crate::chunk::HoldId;
use crate::hold::messages::{Ask, Ticket};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Default)]
pub(super) struct Waiting {
    arrivals: u64,
    asks: BTreeMap<u64, (Box<Ask>, Vec<HoldId>)>,
    by_ticket: HashMap<Ticket, u64>,
    by_hold: HashMap<HoldId, BTreeSet<u64>>,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.asks.len()
    }

    pub(super) fn contains(&self, ticket: &Ticket) -> bool {
        self.by_ticket.contains_key(ticket)
    }

    /// Chunks that wait for `hold`.
    pub(super) fn count(&self, hold: &HoldId) -> usize {
        self.by_hold.get(hold).map_or(0, BTreeSet::len)
    }

    pub(super) fn insert(&mut self, ask: Box<Ask>, holds: Vec<HoldId>) {
        self.arrivals += 1;
        self.put(self.arrivals, ask, holds);
    }

    /// Puts one back in its old place.
    pub(super) fn put(&mut self, arrival: u64, ask: Box<Ask>, holds: Vec<HoldId>) {
        self.by_ticket.insert(ask.ticket, arrival);
        for hold in &holds {
            self.by_hold.entry(*hold).or_default().insert(arrival);
        }
        self.asks.insert(arrival, (ask, holds));
    }

    pub(super) fn remove(&mut self, ticket: &Ticket) -> Option<(u64, Box<Ask>)> {
        let arrival = self.by_ticket.remove(ticket)?;
        let (ask, holds) = self.asks.remove(&arrival)?;
        for hold in holds {
            if let Some(arrivals) = self.by_hold.get_mut(&hold) {
                arrivals.remove(&arrival);
                if arrivals.is_empty() {
                    self.by_hold.remove(&hold);
                }
            }
        }
        Some((arrival, ask))
    }

    /// Tickets that wait for `hold`, the oldest first.
    pub(super) fn on(&self, hold: &HoldId) -> Vec<Ticket> {
        let arrivals = self.by_hold.get(hold).into_iter().flatten();
        arrivals
            .filter_map(|a| self.asks.get(a))
            .map(|(ask, _)| ask.ticket)
            .collect()
    }

    /// Takes them all, the oldest first.
    pub(super) fn drain(&mut self) -> Vec<Ticket> {
        let all = std::mem::take(self);
        self.arrivals = all.arrivals;
        all.asks.into_values().map(|(ask, _)| ask.ticket).collect()
    }
}
