//! Events into holds and their indexes; what time does; forgetting.
//!
//! Owns: the one place where an event takes effect, live or replayed. Refuses: an event that the
//! machine calls void: it is neither applied nor logged. Stays true: every index follows from the
//! holds.

use super::{Desk, Kept};
use crate::approvals::spending::Progress;
use crate::approvals::{Change, Decision, Hold, Kind, Opened, Outcome, SendId, Void};
use crate::chunk::{HoldId, UnixMillis};
use crate::control::log::{Logged, Marks};
use crate::control::record::{About, Record, entries};
use std::sync::Arc;

impl Desk {
    /// Applies an event of the log at the start. Events past the audit's mark are told again.
    pub fn replay(&mut self, logged: Logged, audited: u64) {
        let Logged {
            sequence,
            hold,
            at,
            kind,
        } = logged;
        self.marks.sequence = self.marks.sequence.max(sequence);
        let before = self.step.records.len();
        if let Err(void) = self.apply(sequence, hold, at, &kind) {
            tracing::warn!(%hold, sequence, %void, "an event of the log has no effect");
        }
        if sequence <= audited {
            self.step.records.truncate(before);
        }
    }

    /// Ends the replay: sends that were under way when the process ended are in doubt now.
    pub fn recover(&mut self, marks: Marks, now: UnixMillis) {
        self.marks.sequence = self.marks.sequence.max(marks.sequence);
        let mut all: Vec<(HoldId, SendId)> = Vec::new();
        for (id, kept) in &self.holds {
            let under_way = kept
                .hold
                .spending
                .sends()
                .filter(|(_, s)| s.progress == Progress::Sending);
            all.extend(under_way.map(|(send, _)| (*id, *send)));
        }
        all.sort_unstable();
        for (hold, send) in all {
            self.record(
                hold,
                now,
                Kind::Ended {
                    send,
                    outcome: Outcome::Unknown,
                },
            );
        }
        self.tick(now);
    }

    /// Applies an event now and puts it into the step; `None` when it has no effect.
    pub(super) fn record(&mut self, id: HoldId, at: UnixMillis, kind: Kind) -> Option<Change> {
        let sequence = self.marks.sequence + 1;
        match self.apply(sequence, id, at, &kind) {
            Ok(change) => {
                self.marks.sequence = sequence;
                self.step.events.push(Logged {
                    sequence,
                    hold: id,
                    at,
                    kind,
                });
                Some(change)
            }
            Err(void) => {
                tracing::debug!(hold = %id, %void, "an event has no effect");
                None
            }
        }
    }

    fn apply(
        &mut self,
        sequence: u64,
        id: HoldId,
        at: UnixMillis,
        kind: &Kind,
    ) -> Result<Change, Void> {
        let change = match kind {
            Kind::Opened(opened) => self.open(id, at, opened)?,
            _ => self.advance(id, at, kind)?,
        };
        if let Some(kept) = self.holds.get(&id) {
            for what in entries(&kept.hold, kind, change) {
                self.step.records.push(Record {
                    sequence,
                    at,
                    hold: id,
                    about: Arc::clone(&kept.about),
                    what,
                });
            }
        }
        self.unsettled.insert(id);
        Ok(change)
    }

    fn open(&mut self, id: HoldId, at: UnixMillis, opened: &Opened) -> Result<Change, Void> {
        if self.holds.contains_key(&id) {
            return Err(Void::AlreadyOpen);
        }
        let hold = Hold::open(id, at, opened.clone());
        for key in hold.spending.keys() {
            self.content.entry(*key).or_default().push(id);
        }
        self.content_keys += opened.content.len();
        if let Some(granting) = &opened.grant {
            self.grants.insert(granting.key, id);
        }
        let about = Arc::new(About::of(&hold));
        self.holds.insert(
            id,
            Kept {
                hold,
                about,
                due: None,
            },
        );
        self.count_pending(id, false);
        self.reschedule(id);
        Ok(Change::Opened)
    }

    fn advance(&mut self, id: HoldId, at: UnixMillis, kind: &Kind) -> Result<Change, Void> {
        let kept = self.holds.get_mut(&id).ok_or(Void::NotAuthorised)?;
        let was_pending = kept.hold.is_pending();
        let change = kept.hold.apply(at, kind)?;
        if let Kind::Redeemed(r) = kind {
            self.index_send(r.send, id);
        }
        if let Kind::Ended { send, .. } | Kind::Doubted { send } = kind {
            self.index_send(*send, id);
        }
        self.note_grant(id, at);
        self.count_pending(id, was_pending);
        self.reschedule(id);
        Ok(change)
    }

    /// Keeps the index of sends equal to what the hold says.
    fn index_send(&mut self, send: SendId, id: HoldId) {
        let there = self
            .hold(&id)
            .is_some_and(|h| h.spending.send(&send).is_some());
        let holds = self.sends.entry(send).or_default();
        holds.retain(|h| *h != id);
        if there {
            holds.push(id);
        } else if holds.is_empty() {
            self.sends.remove(&send);
        }
    }

    fn count_pending(&mut self, id: HoldId, before: bool) {
        let Some(kept) = self.holds.get(&id) else {
            return;
        };
        let (now, opened_at) = (kept.hold.is_pending(), kept.hold.opened_at);
        let subject = &kept.hold.opened.subject;
        let who = (subject.principal.clone(), subject.issuer.clone());
        match (before, now) {
            (false, true) => {
                self.pending.insert((opened_at, id));
                *self.pending_of.entry(who).or_default() += 1;
            }
            (true, false) => {
                self.pending.remove(&(opened_at, id));
                if let Some(count) = self.pending_of.get_mut(&who) {
                    *count -= 1;
                    if *count == 0 {
                        self.pending_of.remove(&who);
                    }
                }
            }
            _ => {}
        }
    }

    fn reschedule(&mut self, id: HoldId) {
        let Some(kept) = self.holds.get_mut(&id) else {
            return;
        };
        let due = kept.hold.next_due();
        if due == kept.due {
            return;
        }
        if let Some(old) = std::mem::replace(&mut kept.due, due) {
            self.due.remove(&(old, id));
        }
        if let Some(new) = due {
            self.due.insert((new, id));
        }
    }

    /// Deadlines pass before anything else is looked at: a review that comes after its deadline
    /// finds the hold expired.
    pub(super) fn pass_time(&mut self, now: UnixMillis) {
        if self.failed {
            return;
        }
        while let Some((due, id)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            if !self.hold(&id).is_some_and(Hold::is_pending) {
                self.forget(id);
            } else if self.record(id, now, Kind::DeadlinePassed).is_none() {
                self.due.remove(&(due, id)); // cannot be: the machine took this for the deadline
            }
        }
    }

    fn forget(&mut self, id: HoldId) {
        let Some(kept) = self.holds.remove(&id) else {
            return;
        };
        if let Some(due) = kept.due {
            self.due.remove(&(due, id));
        }
        for key in kept.hold.spending.keys() {
            if let Some(holds) = self.content.get_mut(key) {
                holds.retain(|h| *h != id);
                if holds.is_empty() {
                    self.content.remove(key);
                }
            }
        }
        for (send, _) in kept.hold.spending.sends() {
            self.index_send(*send, id);
        }
        self.content_keys -= kept.hold.spending.covered_total() as usize;
        if let Some(granting) = &kept.hold.opened.grant {
            self.forget_grant(id, &granting.key);
        }
        self.step.forgotten.push(id);
        debug_assert!(!matches!(kept.hold.decision, Decision::Pending));
    }
}
