//! Steps, commits and deliveries, in order.
//!
//! Owns: what waits for which commit. Refuses: to deliver anything before everything that
//! happened earlier is durable: the desk's memory runs ahead of the disk, its answers do not.
//! Stays true: at most one commit is under way, and what gathers meanwhile is the next one.

use super::client::Command;
use super::desk::{Desk, GrantListing, Listing, Step, View};
use super::gauges::Gauges;
use super::journal::Batch;
use crate::approvals::Refusal;
use crate::chunk::UnixMillis;
use crate::hold::messages::{Answer, Ticket, ToControl};
use crate::limits::CONTROL_EVENTS_WAITING_MAX;
use crate::policy::Grants;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Something that leaves the control thread.
#[derive(Debug)]
pub(super) enum Effect {
    Answer(Ticket, Answer),
    /// For the cores' snapshot.
    Grants(Arc<Grants>),
    GrantListing(oneshot::Sender<GrantListing>, GrantListing),
    Listing(oneshot::Sender<Listing>, Listing),
    View(
        oneshot::Sender<Result<View, Refusal>>,
        Box<Result<View, Refusal>>,
    ),
}

pub(super) struct Turn {
    desk: Desk,
    gauges: Arc<Gauges>,
    /// The next commit, and what waits for it.
    next: Batch,
    after_next: Vec<Effect>,
    /// What waits for the commit under way.
    after_this: Option<Vec<Effect>>,
    ready: Vec<Effect>,
}

impl Turn {
    pub(super) fn new(mut desk: Desk, gauges: Arc<Gauges>) -> Turn {
        let step = desk.take_step();
        let mut turn = Turn {
            desk,
            gauges,
            next: Batch::default(),
            after_next: vec![],
            after_this: None,
            ready: vec![],
        };
        turn.gather(step);
        turn
    }

    pub(super) fn message(&mut self, message: ToControl, now: UnixMillis) {
        self.desk.handle(message, now);
        let step = self.desk.take_step();
        self.gather(step);
    }

    pub(super) fn tick(&mut self, now: UnixMillis) {
        self.desk.tick(now);
        let step = self.desk.take_step();
        self.gather(step);
    }

    pub(super) fn command(&mut self, command: Command, now: UnixMillis) {
        let effect = match command {
            Command::Policies(policies) => return self.desk.set_policies(policies),
            Command::List(viewer, wanted, reply) => {
                Effect::Listing(reply, self.desk.list(&viewer, wanted, now))
            }
            Command::Show(hold, viewer, reply) => {
                Effect::View(reply, Box::new(self.desk.show(hold, &viewer)))
            }
            Command::ListGrants(viewer, reply) => {
                Effect::GrantListing(reply, self.desk.list_grants(&viewer, now))
            }
            Command::ShowGrant(hold, viewer, reply) => {
                Effect::View(reply, Box::new(self.desk.show_grant(hold, &viewer)))
            }
            Command::Revoke(hold, request, reply) => {
                Effect::View(reply, Box::new(self.desk.revoke(hold, &request, now)))
            }
            Command::Review(hold, request, reply) => {
                Effect::View(reply, Box::new(self.desk.review(hold, &request, now)))
            }
        };
        let step = self.desk.take_step();
        self.gather(step);
        self.after_next.push(effect);
    }

    /// Whether the disk is so far behind that nothing more should be taken in.
    pub(super) fn is_full(&self) -> bool {
        self.next.events.len() >= CONTROL_EVENTS_WAITING_MAX
    }

    /// Whether a commit is under way.
    pub(super) fn is_committing(&self) -> bool {
        self.after_this.is_some()
    }

    /// The next commit, if there is something to commit and none is under way.
    pub(super) fn start_commit(&mut self) -> Option<Batch> {
        if self.is_committing() {
            return None;
        }
        if self.next.is_empty() {
            self.ready.append(&mut self.after_next);
            return None;
        }
        self.after_this = Some(std::mem::take(&mut self.after_next));
        Some(std::mem::take(&mut self.next))
    }

    /// The commit under way has ended.
    pub(super) fn end_commit(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => self
                .ready
                .append(&mut self.after_this.take().unwrap_or_default()),
            Err(error) => self.fail(&error),
        }
    }

    /// What may leave now.
    pub(super) fn take_ready(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.ready)
    }

    /// Publishes the desk's numbers; `undelivered` answers wait for a core to take them.
    pub(super) fn publish(&self, undelivered: usize) {
        self.gauges.set(self.desk.counts(), undelivered);
    }

    fn gather(&mut self, step: Step) {
        self.gauges.count(&step);
        self.next.events.extend(step.events);
        self.next.forgotten.extend(step.forgotten);
        self.next.records.extend(step.records);
        self.after_next.extend(step.grants.map(Effect::Grants));
        self.after_next.extend(
            step.answers
                .into_iter()
                .map(|(ticket, answer)| Effect::Answer(ticket, answer)),
        );
    }

    /// Nothing that waited for a commit happens; all of it is told so.
    fn fail(&mut self, error: &str) {
        tracing::error!(
            error,
            "holds are closed until a restart: nothing is decided or released"
        );
        self.gauges.set_failed();
        self.next = Batch::default();
        let mut refused: BTreeSet<Ticket> = self
            .desk
            .fail()
            .into_iter()
            .map(|(ticket, _)| ticket)
            .collect();
        let waiting = self
            .after_this
            .take()
            .into_iter()
            .flatten()
            .chain(self.after_next.drain(..));
        for effect in waiting {
            match effect {
                Effect::Answer(ticket, _) => drop(refused.insert(ticket)),
                Effect::View(reply, _) => self
                    .ready
                    .push(Effect::View(reply, Box::new(Err(Refusal::Unavailable)))),
                Effect::Listing(..) | Effect::GrantListing(..) => self.ready.push(effect),
                Effect::Grants(_) => {} // what was not made durable is not granted, nor taken back
            }
        }
        self.ready.extend(
            refused
                .into_iter()
                .map(|ticket| Effect::Answer(ticket, Answer::Unavailable)),
        );
    }
}
