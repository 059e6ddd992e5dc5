//! The open chunks of a core: what waits for people, or behind something that does.
//!
//! Owns: the questions to the control thread, the waits, and what the client is told when they are
//! over. Refuses: to decide: the control thread owns the index of holds; more bytes than its budget.
//! Stays true: every chunk that is opened is answered or closed exactly once.

use super::connection::Connection;
use super::core::Core;
use super::ending::{close, not_written, tell, try_send, written_at};
use super::held::{Asked, Open, Sender, State};
use super::withheld;
use super::writing::Waiting;
use crate::chunk::HoldId;
use crate::hold::messages::{Answer, Ask, SendOutcome, Then, Ticket, ToControl};
use crate::kafka::error;
use crate::limits::{
    HELD_BYTES_PER_CORE_MAX, HOLD_WAIT_BEHIND_MS, HOLD_WAIT_MS_MAX, TRANSACTION_HOLD_MS_MAX,
};
use std::rc::Rc;
use std::sync::Arc;

/// Opens a chunk: it waits for people when it was flagged, else behind its lane. Returns whether it
/// does; if not, it has been answered.
pub fn open(connection: &Rc<Connection>, asked: Asked, waiting: Waiting) -> bool {
    let core = &connection.core;
    let Waiting {
        held,
        bytes,
        lane,
        topic_id,
        sequence,
    } = waiting;
    let mut all = core.held.borrow_mut();
    let room = all.bytes + bytes.len() <= HELD_BYTES_PER_CORE_MAX;
    let chunk = all.number();
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
        topic_id,
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
        no_room(core, chunk);
        return false;
    }
    let (Some(held), Some(session)) = (held, connection.session()) else {
        return true;
    };
    let ask = Ask {
        ticket: Ticket {
            core: core.index,
            chunk,
        },
        principal: session.principal.clone(),
        client_id: session.client_id.clone(),
        operation: crate::chunk::Operation::Produce,
        cluster: Arc::clone(&connection.cluster.name),
        topic: lane.topic.clone(),
        partition: lane.partition,
        rules: held.rules,
        policy: core.rules().policy.hash,
        content: held.content,
        send: held.send,
        idempotent: sequence.is_some(),
        summary: held.summary,
    };
    let asked = core.desk.try_send(ToControl::Ask(Box::new(ask))).is_ok();
    if !asked {
        no_room(core, chunk);
    }
    asked
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
        if withheld::answered(core, chunk, &answer) {
            return;
        }
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

/// The wait of a chunk is over and nobody has decided: the client is told to try again, or no.
fn lapse(core: &Rc<Core>, chunk: u64) {
    let all = core.held.borrow();
    let Some(open) = all.open.get(&chunk) else {
        return;
    };
    let hold = open
        .hold
        .map_or_else(|| "the gateway".to_owned(), |h| format!("hold {h}"));
    // a desk that has not answered at all has refused nothing: it may be approved already
    let unasked = open.hold.is_none() && open.asked.sender.transactional_id.is_none();
    let code = match open.then {
        Then::Refuse if !unasked => error::POLICY_VIOLATION,
        Then::Refuse | Then::Retry => error::NOT_LEADER_OR_FOLLOWER,
    };
    drop(all);
    not_written(
        core,
        chunk,
        code,
        &format!("{hold} waits for approval; nothing was written"),
    );
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
