//! What one core has counted and not yet seen in the totals of all.
//!
//! ```text
//! add ──▶ kept (a window) ── hand_over ──▶ sent ── a board that includes it ──▶ gone
//!           ▲                               │
//!           └────────── take_back ──────────┘  the control side had no room for it
//! ```
//!
//! Owns: these counts. Refuses: totals and limits (`board`, `ledger`). Stays true:
//! - a chunk counts once: among what is kept, what is sent, or in the board's total;
//! - one report is under way at most; while it is, the window of what is kept ages by itself, so a core
//!   whose reports nobody takes goes by its own last window;
//! - a known stream costs one look into a table; a full table counts what is new under the rule's
//!   shared name.

use super::board::Board;
use super::judge::Reading;
use super::series::SeriesId;
use super::terms::Terms;
use super::window::Window;
use crate::chunk::UnixMillis;
use crate::limits::{RATE_HAND_OVER_MS, RATE_SERIES_PER_CORE_MAX};
use std::collections::HashMap;
use std::sync::Arc;

/// An amount that one core counted in one slot of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The stream.
    pub id: SeriesId,
    /// What it is counted by.
    pub terms: Arc<Terms>,
    /// The slot of the window, by `Terms::slot`.
    pub slot: u64,
    /// Bytes or records.
    pub amount: u64,
}

/// What a core counted since its last report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The core's index.
    pub core: usize,
    /// Counts the core's reports, from 1.
    pub number: u64,
    /// What it counted.
    pub deltas: Vec<Delta>,
}

#[derive(Debug)]
struct Cell {
    id: SeriesId,
    terms: Arc<Terms>,
    kept: Window,
    sent: u64,
}

/// A core's counts.
#[derive(Debug)]
pub struct Meters {
    core: usize,
    room: usize,
    index: HashMap<SeriesId, u32>,
    cells: Vec<Cell>,
    /// Cells with something kept, each once.
    filled: Vec<u32>,
    /// Cells with something sent.
    away: Vec<u32>,
    number: u64,
    last: UnixMillis,
}

impl Meters {
    /// Of the core with this index.
    pub fn new(core: usize) -> Meters {
        Meters::with_room(core, RATE_SERIES_PER_CORE_MAX)
    }

    /// The same with room for fewer streams.
    pub fn with_room(core: usize, room: usize) -> Meters {
        Meters {
            core,
            room,
            index: HashMap::new(),
            cells: vec![],
            filled: vec![],
            away: vec![],
            number: 0,
            last: UnixMillis(0),
        }
    }

    /// Counts a chunk. `amount` is `Terms::amount` of it.
    pub fn add(&mut self, id: &SeriesId, terms: &Arc<Terms>, amount: u64, now: UnixMillis) {
        if amount == 0 {
            return;
        }
        let at = match self.index.get(id) {
            Some(at) => *at,
            None => self.open(id, terms),
        };
        let Some(cell) = self.cells.get_mut(at as usize) else {
            return; // cannot be: `open` gives a cell that is there
        };
        if !Arc::ptr_eq(&cell.terms, terms) {
            cell.terms = Arc::clone(terms); // the policy was loaded again
        }
        if cell.kept.is_empty() {
            self.filled.push(at);
        }
        cell.kept.add(terms.slot(now), amount);
    }

    /// What is known of a stream here and now: the totals of all, and what they do not have yet.
    pub fn read(&self, id: &SeriesId, terms: &Terms, board: &Board, now: UnixMillis) -> Reading {
        let at = match self.index.get(id) {
            None if self.cells.len() >= self.room => self.index.get(&SeriesId::shared(terms)),
            at => at,
        };
        let cell = at.and_then(|at| self.cells.get(*at as usize));
        let (kept, sent) =
            cell.map_or((0, 0), |cell| (cell.kept.total(terms.slot(now)), cell.sent));
        let sent = if self.has_arrived(board) { 0 } else { sent };
        let standing = board.standing(id);
        let shared = || board.standing(&SeriesId::shared(terms));
        let known = match standing {
            None if board.crowded => shared(),
            known => known,
        };
        let observed = match board.is_stale(now) {
            true => kept,
            false => {
                let total = known.map_or(0, |standing| standing.total);
                total.saturating_add(kept).saturating_add(sent)
            }
        };
        Reading {
            observed,
            standing: known,
        }
    }

    /// What there is to report, if it is time to and the last report has arrived.
    pub fn hand_over(&mut self, board: &Board, now: UnixMillis) -> Option<Handover> {
        self.arrived(board);
        let early = (0..RATE_HAND_OVER_MS).contains(&(now.0 - self.last.0));
        if early || !self.away.is_empty() || self.filled.is_empty() {
            return None;
        }
        self.last = now;
        self.number += 1;
        let mut deltas = Vec::with_capacity(self.filled.len());
        for at in &self.filled {
            let Some(cell) = self.cells.get_mut(*at as usize) else {
                continue;
            };
            for (slot, amount) in cell.kept.filled() {
                let (id, terms) = (cell.id, Arc::clone(&cell.terms));
                deltas.push(Delta {
                    id,
                    terms,
                    slot,
                    amount,
                });
            }
            cell.sent = cell.kept.total(cell.terms.slot(now));
            cell.kept = Window::default();
        }
        std::mem::swap(&mut self.filled, &mut self.away);
        let (core, number) = (self.core, self.number);
        Some(Handover {
            core,
            number,
            deltas,
        })
    }

    /// A report could not be delivered: it will be part of the next one.
    pub fn take_back(&mut self, handover: Handover) {
        for delta in handover.deltas {
            let Some(at) = self.index.get(&delta.id).copied() else {
                continue;
            };
            if let Some(cell) = self.cells.get_mut(at as usize) {
                if cell.kept.is_empty() {
                    self.filled.push(at);
                }
                cell.kept.add(delta.slot, delta.amount);
                cell.sent = 0;
            }
        }
        self.away.clear();
    }

    /// Streams that it counts.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether it has counted nothing yet.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn has_arrived(&self, board: &Board) -> bool {
        board.taken(self.core) >= self.number
    }

    fn arrived(&mut self, board: &Board) {
        if !self.has_arrived(board) {
            return;
        }
        for at in self.away.drain(..) {
            let cell = self.cells.get_mut(at as usize);
            cell.into_iter().for_each(|cell| cell.sent = 0);
        }
    }

    /// A cell for a stream that has none: its own, or where there is no room the shared one.
    fn open(&mut self, id: &SeriesId, terms: &Arc<Terms>) -> u32 {
        if self.cells.len() >= self.room {
            self.forget();
        }
        // The shared cell of a rule is made in any case: there are only as many as rules.
        let id = match self.cells.len() < self.room {
            true => *id,
            false => SeriesId::shared(terms),
        };
        let next = self.cells.len() as u32;
        let at = *self.index.entry(id).or_insert(next);
        if at == next {
            let terms = Arc::clone(terms);
            self.cells.push(Cell {
                id,
                terms,
                kept: Window::default(),
                sent: 0,
            });
        }
        at
    }

    /// Drops the streams that have nothing to report, at most once for each report: in a full table
    /// that is busy throughout it would be done for every new stream.
    fn forget(&mut self) {
        if !self.away.is_empty() || self.filled.len() * 2 > self.cells.len() {
            return;
        }
        self.cells.retain(|cell| !cell.kept.is_empty());
        self.index.clear();
        self.filled.clear();
        for (at, cell) in (0u32..).zip(&self.cells) {
            self.index.insert(cell.id, at);
            self.filled.push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::rates::Way;
    use crate::policy::rates::laws::{fixed, learned};

    const NOW: UnixMillis = UnixMillis(1_000_000_000);

    fn id(terms: &Terms, topic: &str) -> SeriesId {
        SeriesId::of(terms, Way::Read, "ann", topic)
    }

    fn observed(meters: &Meters, id: &SeriesId, terms: &Terms, now: UnixMillis) -> u64 {
        meters
            .read(
                id,
                terms,
                &Board {
                    at: now,
                    ..Board::empty()
                },
                now,
            )
            .observed
    }

    #[test]
    fn what_is_under_way_still_counts_and_comes_back() {
        let (terms, mut meters) = (Arc::new(fixed("r", 1)), Meters::new(0));
        let (a, board) = (id(&terms, "a"), Board::empty());
        meters.add(&a, &terms, 5, NOW);
        let first = meters.hand_over(&board, NOW).unwrap();
        meters.add(&a, &terms, 2, NOW);
        assert_eq!(observed(&meters, &a, &terms, NOW), 7);
        let later = UnixMillis(NOW.0 + RATE_HAND_OVER_MS);
        assert_eq!(meters.hand_over(&board, later), None);
        meters.take_back(first);
        assert_eq!(observed(&meters, &a, &terms, NOW), 7);
        let again = meters.hand_over(&board, later).unwrap();
        assert_eq!(
            again.deltas.iter().map(|delta| delta.amount).sum::<u64>(),
            7
        );
    }

    #[test]
    fn without_the_control_thread_its_own_last_window_counts() {
        let (terms, mut meters) = (Arc::new(fixed("r", 1)), Meters::new(0));
        let (a, board) = (id(&terms, "a"), Board::empty());
        meters.add(&a, &terms, 5, NOW);
        meters.hand_over(&board, NOW).unwrap();
        for second in 0..600 {
            meters.add(&a, &terms, 1, UnixMillis(NOW.0 + second * 1000));
        }
        let now = UnixMillis(NOW.0 + 600_000);
        let own = meters.read(&a, &terms, &board, now).observed;
        assert!((50..=60).contains(&own), "{own}");
    }

    #[test]
    fn a_full_table_counts_what_is_new_together() {
        let terms = Arc::new(learned("r", 50, 1));
        let mut meters = Meters::with_room(0, 2);
        for topic in ["a", "b", "c", "d"] {
            meters.add(&id(&terms, topic), &terms, 3, NOW);
        }
        let deltas = meters.hand_over(&Board::empty(), NOW).unwrap().deltas;
        let shared = SeriesId::shared(&terms);
        let of = |id: SeriesId| deltas.iter().find(|d| d.id == id).map(|d| d.amount);
        assert_eq!((of(id(&terms, "a")), of(shared)), (Some(3), Some(6)));
        assert_eq!(deltas.len(), 3);
    }

    #[test]
    fn room_is_made_by_what_is_silent() {
        let terms = Arc::new(learned("r", 50, 1));
        let mut meters = Meters::with_room(0, 2);
        meters.add(&id(&terms, "a"), &terms, 3, NOW);
        meters.add(&id(&terms, "b"), &terms, 3, NOW);
        meters.hand_over(&Board::empty(), NOW).unwrap();
        let board = Board {
            taken: Arc::from([1]),
            ..Board::empty()
        };
        assert_eq!(meters.hand_over(&board, NOW), None);
        meters.add(&id(&terms, "c"), &terms, 3, NOW);
        assert_eq!(
            (
                meters.len(),
                observed(&meters, &id(&terms, "c"), &terms, NOW)
            ),
            (1, 3)
        );
    }
}
