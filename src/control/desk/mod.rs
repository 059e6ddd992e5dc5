//! The approval desk: the index of holds over all cores, and what is done about each question.
//!
//! Owns: the holds, which content keys and sends they cover, the chunks that wait, and the order
//! of what follows. Refuses: clocks, threads, sockets and files: a message and the time come in, a
//! [`Step`] comes out, and whoever runs the desk makes its events durable **before** it delivers
//! its answers. Stays true: the holds are exactly what replaying the events gives; a chunk is
//! answered `Send` only with events that redeem each of its records.
//!
//! ```text
//! ask      a flagged chunk, its end, its outcome
//! weigh    what the holds say of a chunk
//! waiting  chunks that wait, in order of arrival
//! review   what a reviewer asks for and sees
//! grants   what is granted, and its revocation
//! keep     events → holds and their indexes; time; forgetting
//! ```

mod ask;
mod grants;
mod keep;
mod review;
#[cfg(test)]
mod tests;
mod view;
mod waiting;
mod weigh;

pub use grants::GrantListing;
pub use review::{Listing, Viewer, Wanted};
pub use view::View;

use super::log::{Logged, Marks};
use super::record::{About, Record};
use crate::approvals::{Hold, InForce, Policy, SendId};
use crate::chunk::{ContentKey, GrantKey, HoldId, UnixMillis};
use crate::hold::messages::{Answer, Ticket, ToControl};
use crate::policy::Grants;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What follows from a message: to be made durable, and then to be delivered.
#[derive(Debug, Default)]
pub struct Step {
    /// For the log, in order.
    pub events: Vec<Logged>,
    /// Holds whose events the log may drop.
    pub forgotten: Vec<HoldId>,
    /// For the audit, in order.
    pub records: Vec<Record>,
    /// What is granted from now on, for the cores, once the rest is durable and before the answers.
    pub grants: Option<Arc<Grants>>,
    /// For the cores, in order, once the rest is durable.
    pub answers: Vec<(Ticket, Answer)>,
}

/// Counts for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Holds that people are asked about.
    pub pending: usize,
    /// Holds in memory, decided ones included.
    pub kept: usize,
    /// Content keys in memory.
    pub content_keys: usize,
    /// Chunks that wait for a decision.
    pub waiting: usize,
    /// Chunks that a core is writing.
    pub writing: usize,
    /// Grants in force.
    pub grants: usize,
    /// When the oldest pending hold was opened.
    pub oldest_pending: Option<UnixMillis>,
}

/// The desk.
pub struct Desk {
    policies: BTreeMap<String, Policy>,
    new_id: Box<dyn FnMut() -> u64 + Send>,
    holds: HashMap<HoldId, Kept>,
    /// Content key → holds that cover it.
    content: HashMap<ContentKey, Vec<HoldId>>,
    /// Send → holds whose records it took.
    sends: HashMap<SendId, Vec<HoldId>>,
    /// Grant → the last hold that asked for it.
    grants: HashMap<GrantKey, HoldId>,
    /// Grants in force, by hold.
    in_force: BTreeMap<HoldId, InForce>,
    /// Whether those changed since the last step.
    regrant: bool,
    /// When time next changes a hold.
    due: BTreeSet<(UnixMillis, HoldId)>,
    /// Pending holds, the oldest first.
    pending: BTreeSet<(UnixMillis, HoldId)>,
    /// Pending holds of each (principal, issuer).
    pending_of: HashMap<(String, String), usize>,
    waiting: waiting::Waiting,
    /// Chunks answered `Send` that have not said `Sent`.
    writing: HashMap<Ticket, Writing>,
    /// Content keys of all holds and waiting chunks.
    content_keys: usize,
    /// Holds that changed: the chunks that wait for them are to be weighed again.
    unsettled: BTreeSet<HoldId>,
    marks: Marks,
    failed: bool,
    step: Step,
}

struct Kept {
    hold: Hold,
    about: Arc<About>,
    due: Option<UnixMillis>,
}

struct Writing {
    send: SendId,
    holds: Vec<HoldId>,
}

impl Desk {
    /// An empty desk. `new_id` gives random numbers: a hold's name must not be guessable.
    pub fn new(policies: BTreeMap<String, Policy>, new_id: Box<dyn FnMut() -> u64 + Send>) -> Desk {
        Desk {
            policies,
            new_id,
            holds: HashMap::new(),
            content: HashMap::new(),
            sends: HashMap::new(),
            grants: HashMap::new(),
            in_force: BTreeMap::new(),
            regrant: false,
            due: BTreeSet::new(),
            pending: BTreeSet::new(),
            pending_of: HashMap::new(),
            waiting: waiting::Waiting::default(),
            writing: HashMap::new(),
            content_keys: 0,
            unsettled: BTreeSet::new(),
            marks: Marks::default(),
            failed: false,
            step: Step::default(),
        }
    }

    /// Handles one message of a core.
    pub fn handle(&mut self, message: ToControl, now: UnixMillis) {
        self.pass_time(now);
        match message {
            ToControl::Ask(ask) => self.ask(ask, now),
            ToControl::Closed(ticket) => self.closed(&ticket),
            ToControl::Sent { ticket, outcome } => self.sent(&ticket, outcome, now),
        }
        self.settle(now);
    }

    /// Lets deadlines pass and forgets what nothing can ask for any more.
    pub fn tick(&mut self, now: UnixMillis) {
        self.pass_time(now);
        self.settle(now);
    }

    /// New approval policies, for holds opened from now on.
    pub fn set_policies(&mut self, policies: BTreeMap<String, Policy>) {
        self.policies = policies;
    }

    /// What follows from everything since the last call.
    pub fn take_step(&mut self) -> Step {
        if std::mem::take(&mut self.regrant) {
            self.step.grants = Some(self.granted());
        }
        std::mem::take(&mut self.step)
    }

    /// The log or the audit failed: nothing is decided or released until a restart, and whoever
    /// waits is told that the desk cannot take it. A chunk that was answered `Send` goes on: that
    /// was durable, and what becomes of it is in doubt after the restart.
    pub fn fail(&mut self) -> Vec<(Ticket, Answer)> {
        self.failed = true;
        let step = self.take_step();
        let told = step.answers.into_iter().map(|(ticket, _)| ticket);
        let all: BTreeSet<Ticket> = told.chain(self.waiting.drain()).collect();
        self.writing.clear();
        all.into_iter()
            .map(|ticket| (ticket, Answer::Unavailable))
            .collect()
    }

    /// Counts for the metrics.
    pub fn counts(&self) -> Counts {
        Counts {
            pending: self.pending.len(),
            kept: self.holds.len(),
            content_keys: self.content_keys,
            waiting: self.waiting.len(),
            writing: self.writing.len(),
            grants: self.in_force.len(),
            oldest_pending: self.pending.first().map(|(at, _)| *at),
        }
    }

    fn hold(&self, id: &HoldId) -> Option<&Hold> {
        self.holds.get(id).map(|kept| &kept.hold)
    }
}
