//! How an open chunk ends: written, not written, or left by its client.
//!
//! Owns: the way of a released chunk to the broker and back, and what its end means for the client,
//! the lane and the control thread. Refuses: to decide. Stays true: a chunk is written only after
//! `Answer::Send`, or, unflagged, after everything before it in its lane was written; it ends
//! exactly once; after `Answer::Send` the control thread always hears what became of it.

use super::connection::{Cause, Connection, Release};
use super::core::Core;
use super::held::{Open, State};
use super::produce::finish;
use super::record;
use crate::hold::lanes::Next;
use crate::hold::messages::{SendOutcome, Ticket, ToControl};
use crate::kafka::error;
use crate::kafka::produce::{self as wire, PartitionReply};
use crate::kafka::topic::Topic;
use std::rc::Rc;

/// Sends an allowed chunk if it is first of its lane.
pub(super) fn try_send(core: &Rc<Core>, chunk: u64) {
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
        topic: open
            .topic_id
            .map_or(Topic::Name(&open.lane.topic), Topic::Id),
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
    let view = connection.cluster.view.load();
    let part = wire::parse_response(reply, version, &connection.seen(&view))
        .ok()
        .and_then(|response| {
            let mut parts = response.topics.into_iter().flat_map(|(_, parts)| parts);
            Some((parts.next()?, response.endpoints))
        });
    let Some((part, endpoints)) = part else {
        tell_if_known(core, chunk, SendOutcome::Unknown);
        connection.close(Cause::BrokerFault(
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
    if let Some(number) = asked_by(core, chunk)
        && let Some(merge) = connection.answers().merge(number)
    {
        merge.hint(endpoints);
    }
    close(core, chunk, written, |_| answer);
}

/// The request that a chunk is of; `None` for acks=0.
fn asked_by(core: &Core, chunk: u64) -> Option<u64> {
    core.held.borrow().open.get(&chunk)?.asked.number
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

/// Ends a chunk that was not written, and what waited behind it.
pub(super) fn not_written(core: &Rc<Core>, chunk: u64, code: i16, why: &str) {
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
pub(super) fn close(
    core: &Rc<Core>,
    chunk: u64,
    written: bool,
    reply: impl FnOnce(i32) -> PartitionReply,
) {
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

pub(super) fn tell(core: &Core, chunk: u64, outcome: SendOutcome) {
    let ticket = Ticket {
        core: core.index,
        chunk,
    };
    core.tell_desk(ToControl::Sent { ticket, outcome });
}

/// Success for a chunk whose offset is known from elsewhere.
pub(super) fn written_at(partition: i32, base_offset: i64) -> PartitionReply {
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
