//! A client's Produce: inspected, then passed, edited, parted or answered.
//!
//! Owns: the parts that a request falls into, and the one reply made of them. Refuses: what does not
//! parse. Stays true: only flagged partitions leave the request; a request nobody flagged goes on
//! as it lies in the buffer, and its reply leaves as it lies, but for the brokers' addresses.

use super::answers::{Owed, Slot};
use super::connection::{Cause, Connection};
use super::held::{Asked, Sender};
use super::holding;
use super::inspect::Unacceptable;
use super::learn::{self, Learning};
use super::merge::Merge;
use super::record;
use super::replies::Edit;
use super::requests::{Step, relay};
use super::scratch::Scratch;
use super::writing::{Part, Waiting, Writing};
use crate::chunk::Operation;
use crate::hold::lanes::Lane;
use crate::kafka::error;
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::produce::{self as wire, Keep, PartitionReply};
use crate::kafka::topic::Topic;
use std::collections::HashSet;
use std::rc::Rc;

/// Deals with one Produce request.
pub fn handle(connection: &Rc<Connection>, header: &RequestHeader, request: &mut [u8]) -> Step {
    let Some(session) = connection.session() else {
        return Step::Close(Cause::OwnFault);
    };
    let core = Rc::clone(&connection.core);
    let mut scratch = core.scratch.borrow_mut();
    let Scratch {
        produce,
        chunk: chunk_scratch,
        ..
    } = &mut *scratch;
    if wire::parse(request, header.body, header.api_version, produce).is_err() {
        return Step::Close(Cause::ClientFault("the client sent a malformed Produce"));
    }
    let by_topic = produce
        .chunks
        .chunk_by(|a, b| a.topic_index == b.topic_index);
    let ids = by_topic.filter_map(|chunks| match chunks.first()?.topic {
        Topic::Id(id) => Some(id),
        Topic::Name(_) => None,
    });
    let missing = learn::missing(connection, ids);
    if !missing.is_empty() {
        return Step::Learn(missing);
    }
    let (operation, bytes) = (Operation::Produce, request.len());
    record::begin_frame(&core, &session, operation, bytes, chunk_scratch);
    let mut parts: Vec<(usize, Part)> = Vec::new(); // only what does not simply go on
    let mut writing = Writing {
        connection,
        session: &session,
        gated: produce.acks != 0,
        waits: connection.schemas.get() != Learning::Done,
        scratch: chunk_scratch,
        waiting: HashSet::new(),
    };
    for (index, chunk) in produce.chunks.iter().enumerate() {
        let part = writing.judge(request, chunk);
        if let Part::Unknown = part {
            return Step::Await(writing.scratch.missing());
        }
        if !matches!(part, Part::Forward) {
            parts.push((index, part));
        }
    }
    record::end_frame(&core, &session, Operation::Produce, chunk_scratch);
    if core.audit_failed() {
        return Step::Close(Cause::OwnFault); // what cannot be recorded does not go on
    }
    if parts.is_empty() && produce.tagged.is_empty() {
        if produce.acks == 0 {
            let id = connection.next_correlation_id();
            frame::set_request_correlation_id(request, id); // no reply comes: none is owed
            return Step::Forward;
        }
        return relay(connection, header, request);
    }
    split(connection, header, request, produce, parts)
}

/// Sends the clean partitions on, opens what is held, and prepares the merged reply.
fn split(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &[u8],
    produce: &wire::Produce,
    mut parts: Vec<(usize, Part)>,
) -> Step {
    if produce.acks == 0 {
        return split_unanswered(connection, header, request, produce, parts);
    }
    let mut merge = Merge::new(header.correlation_id, header.api_version);
    let mut waiting: Vec<(usize, Box<Waiting>)> = Vec::new();
    for (index, chunk) in produce.chunks.iter().enumerate() {
        let topic = chunk.topic.of(request);
        let part = place(&parts, index).map(|at| &mut parts[at].1);
        match part {
            None | Some(Part::Forward | Part::Replaced(_)) => {
                merge.push_upstream(topic, chunk.partition)
            }
            Some(Part::Unknown) => {} // of such a request nothing is judged yet
            Some(Part::Refused(fault)) => {
                merge.push(
                    topic,
                    chunk.partition,
                    Some(refusal(chunk.partition, fault)),
                );
            }
            Some(part @ Part::Waits(_)) => {
                let at = merge.push(topic, chunk.partition, None);
                if let Part::Waits(chunk) =
                    std::mem::replace(part, Part::Refused(Unacceptable::default()))
                {
                    waiting.push((at, chunk));
                }
            }
        }
    }
    let rebuilt = rebuild(header, request, produce, &parts);
    let number = connection.answers().push(Slot::Merge(Box::new(merge)));
    let step = match rebuilt {
        None => Step::Done,
        Some(mut rebuilt) => {
            let id = connection.next_correlation_id();
            frame::set_request_correlation_id(&mut rebuilt, id);
            connection.answers().owe(id, Owed::Reply(number));
            Step::Replace(rebuilt)
        }
    };
    let sender = Sender::of(header, request, produce);
    open_all(connection, number, &sender, waiting);
    finish(connection, number);
    step
}

/// Opens what waits, in order. Behind one that could not be opened, nothing of its lane is: it would be
/// written without what came before it.
fn open_all(
    connection: &Rc<Connection>,
    number: u64,
    sender: &Rc<Sender>,
    waiting: Vec<(usize, Box<Waiting>)>,
) {
    let mut fallen: HashSet<Lane> = HashSet::new();
    for (part, chunk) in waiting {
        let lane = chunk.lane.clone();
        if fallen.contains(&lane) {
            let why = Unacceptable {
                code: error::NOT_LEADER_OR_FOLLOWER,
                why: "an earlier batch was not held and not written".into(),
            };
            if let Some(merge) = connection.answers().merge(number) {
                merge.answer(part, refusal(lane.partition, &why));
            }
            continue;
        }
        let asked = Asked {
            number: Some(number),
            part,
            sender: Rc::clone(sender),
        };
        if !holding::open(connection, asked, *chunk) {
            fallen.insert(lane);
        }
    }
}

/// The same for acks=0, which has no reply: what is held is released when approved, what is
/// blocked closes the connection, as a broker would.
fn split_unanswered(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &[u8],
    produce: &wire::Produce,
    parts: Vec<(usize, Part)>,
) -> Step {
    if parts
        .iter()
        .any(|(_, part)| matches!(part, Part::Refused(_)))
    {
        return Step::Close(Cause::Policy);
    }
    let rebuilt = rebuild(header, request, produce, &parts);
    let sender = Sender::of(header, request, produce);
    for (_, part) in parts {
        if let Part::Waits(chunk) = part {
            holding::open(
                connection,
                Asked {
                    number: None,
                    part: 0,
                    sender: Rc::clone(&sender),
                },
                *chunk,
            );
        }
    }
    match rebuilt {
        None => Step::Done,
        Some(mut rebuilt) => {
            frame::set_request_correlation_id(&mut rebuilt, connection.next_correlation_id());
            Step::Replace(rebuilt)
        }
    }
}

/// The request without what does not go on; `None` when nothing does.
fn rebuild(
    header: &RequestHeader,
    request: &[u8],
    produce: &wire::Produce,
    parts: &[(usize, Part)],
) -> Option<Vec<u8>> {
    let mut keep = |index: usize| match place(parts, index).map(|at| &parts[at].1) {
        None | Some(Part::Forward) => Keep::AsIs,
        Some(Part::Replaced(bytes)) => Keep::Replace(bytes),
        Some(Part::Refused(_) | Part::Waits(_) | Part::Unknown) => Keep::Drop,
    };
    wire::rebuild_request(request, header.api_version, produce, &mut keep)
}

/// Where the part of this index is among those that do not simply go on (they are in order).
fn place(parts: &[(usize, Part)], index: usize) -> Option<usize> {
    parts.binary_search_by_key(&index, |(i, _)| *i).ok()
}

fn refusal(partition: i32, fault: &Unacceptable) -> PartitionReply {
    PartitionReply::refused(partition, fault.code, Some(fault.why.clone()))
}

/// Sends the merged reply off once it is whole.
pub fn finish(connection: &Rc<Connection>, number: u64) {
    let whole = connection.answers().merge(number).and_then(Merge::finish);
    if let Some(reply) = whole {
        connection.answers().set_ready(number, reply);
        connection.changed.notify_all();
    }
}

/// Takes the broker's reply to the clean partitions of a parted request.
pub fn merge_upstream(connection: &Rc<Connection>, number: u64, reply: &[u8]) -> Result<(), Cause> {
    let malformed = || Cause::BrokerFault("the broker sent a malformed Produce reply");
    let mut answers = connection.answers();
    let merge = answers.merge(number).ok_or(Cause::OwnFault)?;
    let view = connection.cluster.view.load();
    let seen = connection.seen(&view);
    let response = wire::parse_response(reply, merge.api_version(), &seen);
    let response = response.map_err(|_| malformed())?;
    merge.upstream(response);
    drop(answers);
    finish(connection, number);
    Ok(())
}

/// Takes the brokers' addresses out of a reply that the broker made alone.
pub fn clean_reply(connection: &Connection, version: i16, reply: &[u8]) -> Result<Edit, Cause> {
    let view = connection.cluster.view.load();
    match wire::clean_response(reply, version, &connection.seen(&view)) {
        Ok(None) => Ok(Edit::InPlace),
        Ok(Some(made)) => Ok(Edit::Made(made)),
        Err(_) => Err(Cause::BrokerFault(
            "the broker sent a malformed Produce reply",
        )),
    }
}
