//! The open chunks of a core: what waits for people, or behind something that does.
//!
//! Owns: the held bytes (copied out of their frames, inside a budget), the waits, and what the
//! client is told. Refuses: to decide: the control thread owns the index of holds. Stays true: a
//! chunk is written only after `Answer::Send`, or, unflagged, after everything before it in its
//! lane was written; every chunk that is opened is answered or closed exactly once; after
//! `Answer::Send` the control thread always hears what became of it.

use super::connection::{Connection, Release};
use super::core::Core;
use super::produce::{Waiting, finish};
use super::record;
use crate::chunk::HoldId;
use crate::hold::lanes::{Lane, Next, Sequence};
use crate::hold::messages::{Answer, Ask, SendOutcome, Then, Ticket, ToControl};
use crate::kafka::error;
use crate::kafka::frame::RequestHeader;
use crate::kafka::produce::{self as wire, PartitionReply};
use crate::limits::{
    HELD_BYTES_PER_CORE_MAX, HOLD_WAIT_BEHIND_MS, HOLD_WAIT_MS_MAX, TRANSACTION_HOLD_MS_MAX,
};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

/// The parts of a Produce request that a released chunk of it needs again.
pub struct Sender {
    client_id: Option<String>,
    api_version: i16,
    timeout_ms: i32,
    acks: i16,
    transactional_id: Option<String>,
}

impl Sender {
    /// Of this request.
    pub fn of(header: &RequestHeader, request: &[u8], produce: &wire::Produce) -> Rc<Sender> {
        let text = |span: &std::ops::Range<usize>| {
            String::from_utf8_lossy(&request[span.clone()]).into_owned()
        };
        Rc::new(Sender {
            client_id: header.client_id.as_ref().map(text),
            api_version: header.api_version,
            timeout_ms: produce.timeout_ms,
            acks: produce.acks,
            transactional_id: produce.transactional_id.as_ref().map(text),
        })
    }
}

/// Which request a chunk belongs to.
pub struct Asked {
    /// Number of the request on its connection; `None` for acks=0, which has no reply.
    pub number: Option<u64>,
    /// Index of the topic-partition in the merged reply.
    pub part: usize,
    /// What its release needs.
    pub sender: Rc<Sender>,
}

/// Where an open chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The control thread was asked, or people are being asked.
    Asked,
    /// It may be written once it is first of its lane.
    Allowed,
    /// It is on its way to the broker.
    Sending,
}

struct Open {
    connection: Weak<Connection>,
    asked: Asked,
    lane: Lane,
    sequence: Option<Sequence>,
    bytes: Vec<u8>,
    state: State,
    /// Whether the control thread knows it (it was flagged itself).
    known: bool,
    hold: Option<HoldId>,
    /// When the client is answered even if nobody has decided; `None` for acks=0.
    answer_by: Option<i64>,
    then: Then,
}

/// All open chunks of a core.
#[derive(Default)]
pub struct Held {
    open: HashMap<u64, Open>,
    next: u64,
    bytes: usize,
}

impl Held {
    /// Open chunks.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Bytes kept for them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Opens a chunk: it waits for people when it was flagged, else behind its lane.
pub fn open(connection: &Rc<Connection>, asked: Asked, waiting: Waiting) {
    let core = &connection.core;
    let Waiting {
        held,
        bytes,
        lane,
        sequence,
    } = waiting;
    let mut all = core.held.borrow_mut();
    let room = all.bytes + bytes.len() <= HELD_BYTES_PER_CORE_MAX;
    all.next += 1;
    let chunk = all.next;
    all.bytes += bytes.len();
    let wait_ms = held.as_ref().map_or(HOLD_WAIT_MS_MAX, |h| h.wait_ms);
    let answer_by = asked
        .number
        .map(|_| core.now().0 + wait_of(&asked.sender, wait_ms) as i64);
    let then = held.as_ref().map_or(Then::Retry, |h| h.then);
    let transactional = asked.sender.transactional_id.is_some();
    let open = Open {
        connection: Rc::downgrade(connection),
        lane: lane.clone(),
        sequence,
        bytes,
        state: if held.is_some() {
            State::Asked
        } else {
            State::Allowed
        },
        known: held.is_some(),
        hold: None,
        answer_by,
        // a transaction that must not wait longer aborts cleanly on a final error
        then: if transactional { Then::Refuse } else { then },
        asked,
    };
    let waits = open.asked.number.is_some();
    all.open.insert(chunk, open);
    drop(all);
    if waits {
        connection.lanes().open(&lane, chunk); // acks=0 is not gated: nobody waits for it
    }
    if !room {
        return no_room(core, chunk);
    }
    let Some(held) = held else {
        return;
    };
    let Some(session) = connection.session() else {
        return;
    };
    let ask = Ask {
        ticket: Ticket {
            core: core.index,
            chunk,
        },
        principal: session.principal.clone(),
        client_id: session.client_id.clone(),
        operation: crate::chunk::Operation::Produce,
        topic: lane.topic.clone(),
        partition: lane.partition,
        rules: held.rules,
        policy: core.rules().policy.hash,
        content: held.content,
        send: held.send,
        idempotent: sequence.is_some(),
        summary: held.summary,
    };
    if core.desk.try_send(ToControl::Ask(Box::new(ask))).is_err() {
        no_room(core, chunk);
    }
}

/// A bound is reached: nothing is kept, the client may try again.
fn no_room(core: &Rc<Core>, chunk: u64) {
    core.stats().holds_refused.add(1);
    let why = "the gateway cannot hold more now";
    not_written(core, chunk, error::NOT_LEADER_OR_FOLLOWER, why);
}

/// How long a reply is withheld: never more than half of the client's own limit, so that the
/// clean partitions of a merged reply are not sent twice.
fn wait_of(sender: &Sender, rule_ms: u64) -> u64 {
    let most = if sender.transactional_id.is_some() {
        TRANSACTION_HOLD_MS_MAX
    } else {
        rule_ms.min(HOLD_WAIT_MS_MAX)
    };
    most.min(sender.timeout_ms.max(0) as u64 / 2)
}

/// Makes every withheld reply of a connection due within a second: something that is not a
/// Produce waits behind it.
pub fn hurry(connection: &Connection) {
    let core = &connection.core;
    let soon = core.now().0 + HOLD_WAIT_BEHIND_MS as i64;
    for open in core.held.borrow_mut().open.values_mut() {
        if std::ptr::eq(open.connection.as_ptr(), connection) {
            open.answer_by = open.answer_by.map(|by| by.min(soon));
        }
    }
}

/// Takes the control thread's word on a chunk.
pub fn answered(core: &Rc<Core>, chunk: u64, answer: Answer) {
    let mut all = core.held.borrow_mut();
    let Some(open) = all.open.get_mut(&chunk) else {
        drop(all);
        if let Answer::Send { .. } = answer {
            tell(core, chunk, SendOutcome::Returned { error: 0 }); // closed meanwhile: not sent
        }
        return;
    };
    match answer {
        Answer::Pending { hold, first } => {
            open.hold = Some(hold);
            let attaches =
                !first && open.asked.sender.transactional_id.is_none() && open.answer_by.is_some();
            drop(all);
            if attaches {
                lapse(core, chunk);
            }
        }
        Answer::Send { hold } => {
            open.hold = Some(hold);
            open.state = State::Allowed;
            drop(all);
            try_send(core, chunk);
        }
        Answer::Written { offset, .. } => {
            drop(all);
            let reply = |partition| written_at(partition, offset);
            close(core, chunk, true, reply);
        }
        Answer::Rejected { hold, reason } => {
            drop(all);
            let reason = if reason.is_empty() {
                "no reason given"
            } else {
                &reason
            };
            refuse(core, chunk, hold, &format!("was rejected: {reason}"));
        }
        Answer::Expired { hold } => {
            drop(all);
            refuse(core, chunk, hold, "was not approved in time");
        }
        Answer::Busy { .. } => {
            drop(all);
            not_written(
                core,
                chunk,
                error::NOT_LEADER_OR_FOLLOWER,
                "an equal batch is being written",
            );
        }
        Answer::Unavailable => {
            drop(all);
            no_room(core, chunk);
        }
    }
}

fn refuse(core: &Rc<Core>, chunk: u64, hold: HoldId, what: &str) {
    not_written(
        core,
        chunk,
        error::POLICY_VIOLATION,
        &format!("hold {hold} {what}"),
    );
}

/// Sends an allowed chunk if it is first of its lane.
fn try_send(core: &Rc<Core>, chunk: u64) {
    let mut all = core.held.borrow_mut();
    let Some(open) = all.open.get_mut(&chunk) else {
        return;
    };
    let Some(connection) = open.connection.upgrade() else {
        return;
    };
    if open.state != State::Allowed || connection.is_closed() {
        return; // it was not sent, and `abandon` will say so
    }
    if open.asked.number.is_some() && !connection.lanes().is_first(&open.lane, chunk) {
        return;
    }
    open.state = State::Sending;
    let sender = &open.asked.sender;
    let frame = wire::single(&wire::Single {
        version: sender.api_version,
        correlation_id: 0,
        client_id: sender.client_id.as_deref(),
        transactional_id: sender.transactional_id.as_deref(),
        // with acks=0 the broker would not say whether it landed
        acks: if sender.acks == 0 { 1 } else { sender.acks },
        timeout_ms: sender.timeout_ms,
        topic: &open.lane.topic,
        partition: open.lane.partition,
        records: &open.bytes,
    });
    drop(all);
    connection.release(Release { chunk, frame });
}

/// Takes the broker's reply to a released chunk.
pub fn released(connection: &Rc<Connection>, chunk: u64, reply: &[u8]) {
    let core = &connection.core;
    let version = core
        .held
        .borrow()
        .open
        .get(&chunk)
        .map(|o| o.asked.sender.api_version);
    let Some(version) = version else { return };
    let part = wire::parse_response(reply, version)
        .ok()
        .and_then(|response| {
            response
                .topics
                .into_iter()
                .flat_map(|(_, parts)| parts)
                .next()
        });
    let Some(part) = part else {
        tell_if_known(core, chunk, SendOutcome::Unknown);
        connection.close(super::connection::Cause::BrokerFault(
            "the broker sent a malformed Produce reply",
        ));
        return;
    };
    let outcome = outcome_of(&part);
    let written = matches!(outcome, SendOutcome::Written { .. });
    tell_if_known(core, chunk, outcome);
    let answer = if written && part.error != error::NONE {
        written_at(part.partition, part.base_offset)
    } else {
        part
    };
    close(core, chunk, written, |_| answer);
}

/// What the broker's word on a released chunk amounts to.
fn outcome_of(part: &PartitionReply) -> SendOutcome {
    match part.error {
        // an idempotent repeat that the broker has already: written, just not now
        error::NONE | error::DUPLICATE_SEQUENCE_NUMBER => SendOutcome::Written {
            offset: part.base_offset,
        },
        // the leader appended it, or does not say: not "not written"
        error::REQUEST_TIMED_OUT
        | error::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        | error::UNKNOWN_SERVER_ERROR => SendOutcome::Unknown,
        error => SendOutcome::Returned { error },
    }
}

/// The wait of a chunk is over and nobody has decided: the client is told to try again, or no.
fn lapse(core: &Rc<Core>, chunk: u64) {
    let all = core.held.borrow();
    let Some(open) = all.open.get(&chunk) else {
        return;
    };
    let hold = open
        .hold
        .map_or_else(|| "the gateway".to_owned(), |h| format!("hold {h}"));
    let code = match open.then {
        Then::Retry => error::NOT_LEADER_OR_FOLLOWER,
        Then::Refuse => error::POLICY_VIOLATION,
    };
    drop(all);
    not_written(
        core,
        chunk,
        code,
        &format!("{hold} waits for approval; nothing was written"),
    );
}

/// Ends a chunk that was not written, and what waited behind it.
fn not_written(core: &Rc<Core>, chunk: u64, code: i16, why: &str) {
    if let Some(open) = core.held.borrow().open.get(&chunk) {
        tell_end(core, chunk, open);
        if let Some(connection) = open.connection.upgrade() {
            record_drop(&connection, open, why);
        }
    }
    close(core, chunk, false, |partition| {
        PartitionReply::refused(partition, code, Some(why.to_owned()))
    });
}

/// Takes a chunk off the table, answers its part of the request, and moves its lane on.
fn close(core: &Rc<Core>, chunk: u64, written: bool, reply: impl FnOnce(i32) -> PartitionReply) {
    let mut all = core.held.borrow_mut();
    let Some(open) = all.open.remove(&chunk) else {
        return;
    };
    all.bytes -= open.bytes.len();
    drop(all);
    let Some(connection) = open.connection.upgrade() else {
        return;
    };
    if let Some(number) = open.asked.number {
        if let Some(merge) = connection.answers().merge(number) {
            merge.answer(open.asked.part, reply(open.lane.partition));
        }
        finish(&connection, number);
    }
    let Next { first, fallen } =
        connection
            .lanes()
            .close(&open.lane, chunk, written, open.sequence);
    if let Some(first) = first {
        try_send(core, first);
    }
    for fallen in fallen {
        not_written(
            core,
            fallen,
            error::NOT_LEADER_OR_FOLLOWER,
            "an earlier batch was held and not written",
        );
    }
    connection.changed.notify_all();
    monoio::spawn(async move { connection.write_ready().await });
}

/// Answers every chunk whose wait is over. Called at each tick of the core.
pub fn tick(core: &Rc<Core>) {
    let now = core.now().0;
    let due =
        |open: &Open| open.state != State::Sending && open.answer_by.is_some_and(|by| now >= by);
    let mut lapsed: Vec<u64> = core
        .held
        .borrow()
        .open
        .iter()
        .filter(|(_, open)| due(open))
        .map(|(chunk, _)| *chunk)
        .collect();
    lapsed.sort_unstable(); // the first of a lane takes its followers along
    for chunk in lapsed {
        lapse(core, chunk);
    }
}

/// The connection is gone: its chunks are closed, and one on its way may have landed.
pub fn abandon(connection: &Connection) {
    let core = &connection.core;
    let mut all = core.held.borrow_mut();
    let gone = |open: &Open| std::ptr::eq(open.connection.as_ptr(), connection);
    let chunks: Vec<u64> = all
        .open
        .iter()
        .filter(|(_, o)| gone(o))
        .map(|(chunk, _)| *chunk)
        .collect();
    let ended: Vec<(u64, Open)> = chunks
        .into_iter()
        .filter_map(|chunk| Some((chunk, all.open.remove(&chunk)?)))
        .collect();
    for (_, open) in &ended {
        all.bytes -= open.bytes.len();
    }
    drop(all);
    for (chunk, open) in &ended {
        tell_end(core, *chunk, open);
        if open.state != State::Sending {
            record_drop(connection, open, "the client has gone");
        }
    }
}

/// Tells the control thread how a chunk ends that the broker did not answer. One that was allowed
/// and not sent gives its approval back: merely closed, it would count as under way for ever.
fn tell_end(core: &Core, chunk: u64, open: &Open) {
    match open.state {
        _ if !open.known => {}
        State::Asked => core.tell_desk(ToControl::Closed(Ticket {
            core: core.index,
            chunk,
        })),
        State::Allowed => tell(core, chunk, SendOutcome::Returned { error: 0 }),
        State::Sending => tell(core, chunk, SendOutcome::Unknown),
    }
}

/// The audit's word on records that end here: with acks=0 the client is not told and sends them
/// no second time.
fn record_drop(connection: &Connection, open: &Open, why: &str) {
    if open.asked.number.is_none()
        && let Some(session) = connection.session()
    {
        let hold = open.hold.map(|hold| hold.0);
        record::dropped(
            &connection.core,
            &session,
            &open.lane,
            &open.bytes,
            hold,
            why,
        );
    }
}

fn tell_if_known(core: &Core, chunk: u64, outcome: SendOutcome) {
    if core.held.borrow().open.get(&chunk).is_some_and(|o| o.known) {
        tell(core, chunk, outcome);
    }
}

fn tell(core: &Core, chunk: u64, outcome: SendOutcome) {
    let ticket = Ticket {
        core: core.index,
        chunk,
    };
    core.tell_desk(ToControl::Sent { ticket, outcome });
}

/// Success for a chunk whose offset is known from elsewhere.
fn written_at(partition: i32, base_offset: i64) -> PartitionReply {
    PartitionReply {
        base_offset,
        ..PartitionReply::refused(partition, error::NONE, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_means_not_written() {
        let outcome = |code| outcome_of(&PartitionReply::refused(0, code, None));
        assert_eq!(
            outcome(error::NOT_LEADER_OR_FOLLOWER),
            SendOutcome::Returned {
                error: error::NOT_LEADER_OR_FOLLOWER
            }
        );
        for code in [error::NONE, error::DUPLICATE_SEQUENCE_NUMBER] {
            assert_eq!(outcome(code), SendOutcome::Written { offset: -1 });
        }
        for code in [
            error::REQUEST_TIMED_OUT,
            error::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            error::UNKNOWN_SERVER_ERROR,
        ] {
            assert_eq!(
                outcome(code),
                SendOutcome::Unknown,
                "{code} may have landed"
            );
        }
    }
}
