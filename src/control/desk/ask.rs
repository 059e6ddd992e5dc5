//! A flagged chunk at the desk: its question, its end, its outcome.
//!
//! Owns: what is done with what `weigh` found. Refuses: more than its bounds, with `Unavailable`,
//! which the client meets as a retriable error. Stays true: every ask is answered; a chunk that
//! waits gets one final answer unless it closes first.

use super::weigh::{Parts, Weighed};
use super::{Desk, Writing};
use crate::approvals::{Granting, Kind, Opened, Outcome, Policy, Redeemed, Rule, SendId, Subject};
use crate::chunk::{ContentKey, HoldId, UnixMillis};
use crate::hold::messages::{Answer, Ask, HoldRule, SendOutcome, Ticket};
use crate::limits::{
    CONTENT_KEYS_KEPT_MAX, CONTENT_KEYS_PER_CHUNK_MAX, GRANTS_MAX, HOLDS_KEPT_MAX,
    HOLDS_PENDING_MAX, HOLDS_PENDING_PER_PRINCIPAL_MAX, TICKETS_OPEN_MAX,
};

/// What no hold asks about yet.
struct New {
    /// Records.
    content: Vec<ContentKey>,
    /// How many of those were let through before.
    before: u32,
    /// Rules, by their index in the ask, that want a grant.
    grants: Vec<usize>,
}

impl Desk {
    /// Answers a chunk, or keeps it waiting.
    pub(super) fn ask(&mut self, ask: Box<Ask>, now: UnixMillis) {
        let ticket = ask.ticket;
        let of_records = ask.rules.iter().any(|rule| rule.grant.is_none());
        let sound = ask.content.is_empty() != of_records
            && ask.content.len() <= CONTENT_KEYS_PER_CHUNK_MAX
            && !ask.rules.is_empty();
        let known = self.waiting.contains(&ticket) || self.writing.contains_key(&ticket);
        if self.failed || !sound || known {
            return self.answer(ticket, Answer::Unavailable);
        }
        let mut weighed = self.weigh(&ask, now);
        if let Weighed::Doubted(sends) = weighed {
            for (hold, send) in sends {
                self.record(hold, now, Kind::Doubted { send });
            }
            weighed = self.weigh(&ask, now);
        }
        match weighed {
            Weighed::Final(answer) => self.answer(ticket, answer),
            Weighed::Authorised(parts, granted) => self.redeem(&ask, parts, &granted, now),
            Weighed::Undecided {
                pending,
                missing,
                written_before,
                ungranted,
            } => {
                let new = New {
                    content: missing,
                    before: written_before,
                    grants: ungranted,
                };
                self.attach(ask, pending, new, now);
            }
            // More sends in doubt than one look finds (a content sent many times): one look later.
            Weighed::Doubted(sends) => match sends.first() {
                Some((hold, _)) => self.answer(ticket, Answer::Busy { hold: *hold }),
                None => self.answer(ticket, Answer::Unavailable),
            },
        }
    }

    /// Nobody waits for the answer any more; the hold stays, and so does its approval.
    pub(super) fn closed(&mut self, ticket: &Ticket) {
        if let Some((_, ask)) = self.waiting.remove(ticket) {
            self.content_keys -= ask.content.len();
        }
    }

    /// A core says what became of a chunk it was to write.
    pub(super) fn sent(&mut self, ticket: &Ticket, outcome: SendOutcome, now: UnixMillis) {
        let Some(Writing { send, holds }) = self.writing.remove(ticket) else {
            if !self.failed {
                tracing::warn!(
                    ?ticket,
                    ?outcome,
                    "an outcome for a chunk that was not to be written"
                );
            }
            return;
        };
        let outcome = match outcome {
            SendOutcome::Written { offset } => Outcome::Written { offset },
            SendOutcome::Returned { error } => Outcome::Returned { error },
            SendOutcome::Unknown => Outcome::Unknown,
        };
        for hold in holds {
            self.record(hold, now, Kind::Ended { send, outcome });
        }
    }

    /// Weighs again whoever waits for a hold that changed, the oldest first. One that gets its
    /// records changes the hold once more, so this goes on until nothing does.
    pub(super) fn settle(&mut self, now: UnixMillis) {
        while let Some(hold) = self.unsettled.pop_first() {
            for ticket in self.waiting.on(&hold) {
                self.settle_one(&ticket, hold, now);
            }
        }
    }

    fn settle_one(&mut self, ticket: &Ticket, hold: HoldId, now: UnixMillis) {
        let Some((arrival, ask)) = self.waiting.remove(ticket) else {
            return;
        };
        match self.weigh(&ask, now) {
            Weighed::Undecided {
                pending,
                missing,
                ungranted,
                ..
            } if missing.is_empty() && ungranted.is_empty() => {
                return self.waiting.put(arrival, ask, pending);
            }
            Weighed::Final(answer) => self.answer(*ticket, answer),
            Weighed::Authorised(parts, granted) => self.redeem(&ask, parts, &granted, now),
            // Another chunk took the units that this one waited for: its retry is a new question.
            Weighed::Undecided { .. } | Weighed::Doubted(_) => {
                self.answer(*ticket, Answer::Busy { hold })
            }
        }
        self.content_keys -= ask.content.len();
    }

    /// Redeems every record of a chunk: one event a hold, all in the same step. What is granted needs no event: it
    /// passes as what nobody asks about.
    fn redeem(&mut self, ask: &Ask, parts: Parts, granted: &[HoldId], now: UnixMillis) {
        let send = SendId {
            partition: ask.partition,
            key: ask.send,
        };
        let mut holds = Vec::with_capacity(parts.len());
        for (hold, content) in parts {
            let Ticket { core, chunk } = ask.ticket;
            let redeemed = Redeemed {
                send,
                core,
                chunk,
                idempotent: ask.idempotent,
                content,
            };
            if self.record(hold, now, Kind::Redeemed(redeemed)).is_none() {
                return self.take_back(ask, send, holds, now);
            }
            holds.push(hold);
        }
        let Some(first) = holds.first().or(granted.first()).copied() else {
            return self.answer(ask.ticket, Answer::Unavailable);
        };
        self.writing.insert(ask.ticket, Writing { send, holds });
        self.answer(ask.ticket, Answer::Send { hold: first });
    }

    /// `weigh` found units that the machine does not give: nothing may leave. Not known to happen.
    fn take_back(&mut self, ask: &Ask, send: SendId, holds: Vec<HoldId>, now: UnixMillis) {
        tracing::error!(ticket = ?ask.ticket, "the desk's index and the machine disagree: nothing is written");
        for hold in holds {
            self.record(
                hold,
                now,
                Kind::Ended {
                    send,
                    outcome: Outcome::Returned { error: 0 },
                },
            );
        }
        self.answer(ask.ticket, Answer::Unavailable);
    }

    /// Waits for the holds that cover the chunk; what none covers becomes a hold of its own.
    fn attach(&mut self, ask: Box<Ask>, mut pending: Vec<HoldId>, new: New, at: UnixMillis) {
        let ticket = ask.ticket;
        let keys = self.content_keys + ask.content.len() + new.content.len();
        if self.waiting.len() >= TICKETS_OPEN_MAX || keys > CONTENT_KEYS_KEPT_MAX {
            return self.answer(ticket, Answer::Unavailable);
        }
        let opened = self.open_all(&ask, new, at);
        let first = opened.as_ref().is_some_and(|opened| !opened.is_empty());
        let Some(opened) = opened else {
            return self.answer(ticket, Answer::Unavailable);
        };
        pending.splice(0..0, opened);
        let Some(hold) = pending.first().copied() else {
            return self.answer(ticket, Answer::Unavailable);
        };
        self.content_keys += ask.content.len();
        self.waiting.insert(ask, pending);
        self.answer(ticket, Answer::Pending { hold, first });
    }

    /// Opens what is new: a hold for the records, and one for each grant. `None`: no room for one of them; those
    /// before it stay, and the client's next try finds them.
    fn open_all(&mut self, ask: &Ask, new: New, at: UnixMillis) -> Option<Vec<HoldId>> {
        let mut opened = Vec::new();
        if !new.content.is_empty() {
            let rules: Vec<&HoldRule> = ask.rules.iter().filter(|r| r.grant.is_none()).collect();
            opened.push(self.open_hold(ask, &rules, new.content, new.before, at)?);
        }
        for rule in new
            .grants
            .into_iter()
            .filter_map(|index| ask.rules.get(index))
        {
            opened.push(self.open_hold(ask, &[rule], Vec::new(), 0, at)?);
        }
        Some(opened)
    }

    fn open_hold(
        &mut self,
        ask: &Ask,
        rules: &[&HoldRule],
        content: Vec<ContentKey>,
        before: u32,
        at: UnixMillis,
    ) -> Option<HoldId> {
        let grant = rules.first().and_then(|rule| rule.grant.as_ref());
        let subject = Subject {
            principal: ask.principal.name.to_string(),
            issuer: ask.principal.issuer.to_string(),
            operation: ask.operation,
            cluster: ask.cluster.to_string(),
            topic: ask.topic.to_string(),
        };
        let who = (subject.principal.clone(), subject.issuer.clone());
        let of_principal = self.pending_of.get(&who).copied().unwrap_or(0);
        let full = self.pending.len() >= HOLDS_PENDING_MAX || self.holds.len() >= HOLDS_KEPT_MAX;
        if full || of_principal >= HOLDS_PENDING_PER_PRINCIPAL_MAX {
            return None;
        }
        if grant.is_some() && self.grants.len() >= GRANTS_MAX {
            return None;
        }
        let policies = self.asked(rules)?;
        let within = policies.iter().map(|p| p.within_ms).min()?;
        let opened = Opened {
            subject,
            partition: ask.partition,
            client_id: ask.client_id.to_string(),
            rules: rules
                .iter()
                .map(|r| Rule {
                    rule: r.rule.to_string(),
                    ask: r.ask.to_string(),
                })
                .collect(),
            policies,
            policy_hash: ask.policy,
            grant: grant.map(Granting::of),
            content,
            summary: ask.summary.clone(),
            deadline: UnixMillis(at.0.saturating_add(within)),
            written_before: before,
        };
        let id = self.fresh_id();
        self.record(id, at, Kind::Opened(Box::new(opened)))
            .map(|_| id)
    }

    /// Snapshots of the approval policies that these rules ask, each once.
    fn asked(&self, rules: &[&HoldRule]) -> Option<Vec<Policy>> {
        let mut policies: Vec<Policy> = Vec::new();
        for rule in rules {
            let Some(policy) = self.policies.get(&*rule.ask) else {
                tracing::error!(rule = %rule.rule, ask = %rule.ask, "a rule asks an approval policy that is not there");
                return None;
            };
            if !policies.iter().any(|p| p.name == policy.name) {
                policies.push(policy.clone());
            }
        }
        Some(policies)
    }

    fn fresh_id(&mut self) -> HoldId {
        loop {
            let id = HoldId((self.new_id)());
            if !self.holds.contains_key(&id) {
                return id;
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.step.answers.push((ticket, answer));
    }
}
