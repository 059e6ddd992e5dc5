//! The desk, state by state (`docs/holds.md`), with injected time and no threads.

mod grants;
mod regroup;
mod storm;
mod table;

use super::{Desk, Step};
use crate::approvals::{Policy, Refusal, ReviewRequest, State, Verdict};
use crate::chunk::*;
use crate::control::desk::View;
use crate::control::log::{Logged, Marks};
use crate::control::record::{Record, What};
use crate::hold::messages::*;
use crate::policy::Grants;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const WITHIN: i64 = 60_000;
pub(super) const REDEEM: i64 = 600_000;

/// A chunk to ask for; `sends` and `content` are small numbers that stand for keys.
#[derive(Clone)]
pub(super) struct Chunk {
    pub core: u16,
    pub principal: &'static str,
    pub topic: &'static str,
    pub rules: &'static [&'static str],
    pub send: u8,
    pub idempotent: bool,
    pub content: Vec<u8>,
}

pub(super) fn chunk(send: u8, content: &[u8]) -> Chunk {
    let content = content.to_vec();
    Chunk {
        core: 0,
        principal: "svc",
        topic: "payments",
        rules: &["cards"],
        send,
        idempotent: true,
        content,
    }
}

/// A desk, the log that its events went to, and what it said.
pub(super) struct Bench {
    pub desk: Desk,
    pub now: i64,
    pub log: Vec<Logged>,
    pub records: Vec<Record>,
    pub forgotten: Vec<HoldId>,
    /// What the cores were last told.
    pub granted: Arc<Grants>,
    chunks: u64,
}

fn policy(name: &str, people: u32) -> (String, Policy) {
    let policy = Policy {
        name: name.into(),
        any_of: vec![name.into()],
        people,
        within_ms: WITHIN,
        reason_on_approve: false,
        reason_on_reject: false,
        redeem_within_ms: REDEEM,
    };
    (name.into(), policy)
}

fn empty_desk(first_id: u64) -> Desk {
    let policies = BTreeMap::from([policy("security", 1), policy("dpo", 1), policy("pair", 2)]);
    let mut id = first_id;
    let ids = Box::new(move || {
        id += 1;
        id
    });
    Desk::new(policies, ids)
}

impl Bench {
    pub fn new() -> Bench {
        Bench {
            desk: empty_desk(0),
            now: 1_000,
            log: vec![],
            records: vec![],
            forgotten: vec![],
            granted: Arc::default(),
            chunks: 0,
        }
    }

    /// What a new process makes of the log.
    pub fn restart(&mut self) {
        let mut desk = empty_desk(1_000 + self.log.len() as u64);
        let sequence = self.log.last().map_or(0, |e| e.sequence);
        for event in self.log.clone() {
            desk.replay(event, sequence);
        }
        desk.recover(
            Marks {
                sequence,
                audited: sequence,
            },
            self.at(),
        );
        self.granted = desk.granted();
        self.desk = desk;
        assert_eq!(self.collect(), vec![], "nobody waits after a restart");
    }

    pub fn at(&self) -> UnixMillis {
        UnixMillis(self.now)
    }

    pub fn collect(&mut self) -> Vec<(Ticket, Answer)> {
        let Step {
            events,
            forgotten,
            records,
            grants,
            answers,
        } = self.desk.take_step();
        self.log.extend(events);
        self.log.retain(|e| !forgotten.contains(&e.hold));
        self.forgotten.extend(forgotten);
        self.records.extend(records);
        if let Some(grants) = grants {
            self.granted = grants;
        }
        answers
    }

    pub fn handle(&mut self, message: ToControl) -> Vec<(Ticket, Answer)> {
        self.desk.handle(message, UnixMillis(self.now));
        self.collect()
    }

    /// Lets time pass, with a tick at its end.
    pub fn pass(&mut self, ms: i64) -> Vec<(Ticket, Answer)> {
        self.now += ms;
        self.desk.tick(UnixMillis(self.now));
        self.collect()
    }

    /// Sends a chunk; gives its ticket and every answer.
    pub fn ask_all(&mut self, chunk: &Chunk) -> (Ticket, Vec<(Ticket, Answer)>) {
        let mut ask = self.question(rule_of(chunk), &chunk.content);
        ask.ticket.core = chunk.core;
        ask.principal.name = chunk.principal.into();
        ask.topic = chunk.topic.into();
        ask.send = SendKey([chunk.send; 32]);
        ask.idempotent = chunk.idempotent;
        ask.summary.records = 9;
        ask.summary.flagged = chunk.content.len() as u32;
        self.put(ask)
    }

    /// The next question, of a usual sender and about a send of its own.
    pub fn question(&mut self, rules: Vec<HoldRule>, content: &[u8]) -> Ask {
        self.chunks += 1;
        Ask {
            ticket: Ticket {
                core: 0,
                chunk: self.chunks,
            },
            principal: Principal {
                name: "svc".into(),
                groups: [].into(),
                issuer: "idp".into(),
                claims: Default::default(),
            },
            client_id: "app".into(),
            operation: Operation::Produce,
            cluster: "main".into(),
            topic: "payments".into(),
            partition: 0,
            rules,
            policy: [1; 32],
            content: content.iter().map(|n| ContentKey([*n; 32])).collect(),
            send: SendKey([self.chunks as u8; 32]),
            idempotent: true,
            summary: Summary::default(),
        }
    }

    /// Puts a question; gives its ticket and every answer.
    pub fn put(&mut self, ask: Ask) -> (Ticket, Vec<(Ticket, Answer)>) {
        let ticket = ask.ticket;
        let answers = self.handle(ToControl::Ask(Box::new(ask)));
        (ticket, answers)
    }

    /// Sends a chunk that is answered by exactly one word.
    pub fn ask(&mut self, chunk: &Chunk) -> (Ticket, Answer) {
        let (ticket, mut answers) = self.ask_all(chunk);
        assert_eq!(answers.len(), 1, "{answers:?}");
        let (to, answer) = answers.remove(0);
        assert_eq!(to, ticket);
        (ticket, answer)
    }

    /// Sends a chunk that opens a hold.
    pub fn open(&mut self, chunk: &Chunk) -> (Ticket, HoldId) {
        match self.ask(chunk) {
            (ticket, Answer::Pending { hold, first: true }) => (ticket, hold),
            other => panic!("{other:?}"),
        }
    }

    pub fn close(&mut self, ticket: Ticket) {
        assert_eq!(self.handle(ToControl::Closed(ticket)), vec![]);
    }

    pub fn sent(&mut self, ticket: Ticket, outcome: SendOutcome) -> Vec<(Ticket, Answer)> {
        self.handle(ToControl::Sent { ticket, outcome })
    }

    pub fn review(
        &mut self,
        hold: HoldId,
        by: &str,
        group: &str,
        verdict: Verdict,
    ) -> Result<View, Refusal> {
        let request = ReviewRequest {
            name: by.into(),
            issuer: "idp".into(),
            groups: vec![group.into()],
            verdict,
            reason: "seen".into(),
            if_match: None,
        };
        self.desk.review(hold, &request, UnixMillis(self.now))
    }

    /// A review that counts; gives the answers that follow from it.
    pub fn decide(&mut self, hold: HoldId, verdict: Verdict) -> Vec<(Ticket, Answer)> {
        let view = self.review(hold, "ann", "security", verdict);
        assert!(view.is_ok(), "{view:?}");
        self.collect()
    }

    pub fn approve(&mut self, hold: HoldId) -> Vec<(Ticket, Answer)> {
        self.decide(hold, Verdict::Approve)
    }

    pub fn state(&self, hold: HoldId) -> State {
        self.desk
            .hold(&hold)
            .map(|h| h.state())
            .unwrap_or_else(|| panic!("{hold} is forgotten"))
    }

    /// How often each kind of entry was told to the audit.
    pub fn releases(&self) -> usize {
        self.records
            .iter()
            .filter(|r| matches!(r.what, What::Release { .. }))
            .count()
    }
}

fn rule_of(chunk: &Chunk) -> Vec<HoldRule> {
    let ask = |rule: &str| match rule {
        "privacy" => "dpo",
        "large" => "pair",
        _ => "security",
    };
    chunk
        .rules
        .iter()
        .map(|rule| HoldRule {
            rule: (*rule).into(),
            ask: ask(rule).into(),
            grant: None,
        })
        .collect()
}
