//! A client's Produce: inspected, then passed, edited, parted or answered.
//!
//! Owns: what happens to each topic-partition of the request, and the one reply made of it.
//! Refuses: records it cannot read, more than one batch a partition (as a broker would).
//! Stays true: only flagged partitions leave the request; a request nobody flagged goes on as it
//! lies in the buffer.

use super::answers::{Owed, Slot};
use super::connection::{Cause, Connection};
use super::held::{Asked, Sender};
use super::holding;
use super::inspect::{self, HeldBatch, Judged, Origin, Unacceptable};
use super::merge::Merge;
use super::record::{self, Subject};
use super::requests::{Step, relay};
use super::scratch::{ChunkScratch, Scratch};
use super::session::Session;
use crate::chunk::Operation;
use crate::hold::lanes::{Gate, Lane, Sequence};
use crate::kafka::batch::{self, Batch};
use crate::kafka::error;
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::produce::{self as wire, Keep, PartitionReply, ProduceChunk};
use std::rc::Rc;

/// What becomes of one topic-partition.
enum Part {
    /// It goes on as it lies.
    Forward,
    /// It goes on as these bytes.
    Replaced(Vec<u8>),
    /// The client gets this error for it.
    Refused(Unacceptable),
    /// It waits for people, or behind a chunk that does.
    Waits(Box<Waiting>),
}

/// A chunk that does not go on now.
pub struct Waiting {
    /// Set when people are to be asked; otherwise it only waits behind another.
    pub held: Option<HeldBatch>,
    /// The batch as it will be sent.
    pub bytes: Vec<u8>,
    /// Its order gate.
    pub lane: Lane,
    /// Where it stands in it.
    pub sequence: Option<Sequence>,
}

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
    core.traffic
        .borrow_mut()
        .reset(session.id, Operation::Produce.into());
    chunk_scratch.begin();
    let mut parts: Vec<(usize, Part)> = Vec::new(); // only what does not simply go on
    for (index, chunk) in produce.chunks.iter().enumerate() {
        let gated = produce.acks != 0; // without a reply nothing waits, in order or otherwise
        let part = judge(connection, &session, request, chunk, gated, chunk_scratch);
        if !matches!(part, Part::Forward) {
            parts.push((index, part));
        }
    }
    record::traffic(&core);
    if core.audit_failed() {
        return Step::Close(Cause::OwnFault); // what cannot be recorded does not go on
    }
    if parts.is_empty() {
        if produce.acks == 0 {
            let id = connection.next_correlation_id();
            frame::set_request_correlation_id(request, id); // no reply comes: none is owed
            return Step::Forward;
        }
        return relay(connection, header, request);
    }
    split(connection, header, request, produce, parts)
}

/// Inspects one topic-partition and says what becomes of it.
fn judge(
    connection: &Rc<Connection>,
    session: &Session,
    request: &mut [u8],
    chunk: &ProduceChunk,
    gated: bool,
    scratch: &mut ChunkScratch,
) -> Part {
    let core = &connection.core;
    let now = core.now();
    let rules = core.rules();
    let (head, records) = request.split_at_mut(chunk.records.start);
    let records = &mut records[..chunk.records.len()];
    let topic_bytes = &head[chunk.topic.clone()];
    let scope = session.scope(&rules.policy, Operation::Produce, topic_bytes, now);
    let topic = String::from_utf8_lossy(topic_bytes);
    let origin = Origin {
        operation: Operation::Produce,
        principal: &session.principal.name,
        client_id: &session.client_id,
        topic: &topic,
        partition: chunk.partition,
    };
    let subject = |records: u32, bytes| Subject {
        origin: &origin,
        records,
        bytes,
        base_offset: -1,
    };
    if wire::is_internal(topic_bytes) {
        let why = "only the cluster itself writes its internal topics";
        record::unreadable(core, session, &subject(0, records), why);
        return Part::Refused(Unacceptable {
            code: error::TOPIC_AUTHORIZATION_FAILED,
            why: why.into(),
        });
    }
    if let Some(verdict) = scope.blocked_before_sending() {
        record::verdict(core, session, &subject(0, records), verdict, &[]);
        return Part::Refused(inspect::blocked(origin.operation, &verdict.gate));
    }
    let found = match batch::produced_batch(records) {
        Ok(found) => found,
        Err(fault) => {
            record::unreadable(core, session, &subject(0, records), &fault.to_string());
            return Part::Refused(inspect::unacceptable(&fault));
        }
    };
    let count = found.header.records_count.max(0) as u32;
    let (judged, verdict) = inspect::batch(&rules, &scope, &origin, records, &found, scratch, now);
    if verdict.is_clean() {
        core.stats().chunks_clean.add(1);
    } else {
        record::verdict(
            core,
            session,
            &subject(count, records),
            &verdict,
            scratch.findings(),
        );
    }
    let (held, replaced) = match judged {
        Judged::Blocked(fault) => return Part::Refused(fault),
        Judged::Held(held) => (Some(*held), None),
        Judged::Rebuilt(bytes) => (None, Some(bytes)),
        Judged::Pass { .. } => (None, None),
    };
    if held.is_none() {
        record::chunk(core, session, &origin, records.len(), -1);
        core.traffic.borrow_mut().batch(found.header.crc, count);
        if !gated || connection.lanes().is_empty() {
            return replaced.map_or(Part::Forward, Part::Replaced);
        }
    }
    in_order(
        gated.then_some(connection),
        &origin,
        &found,
        records,
        held,
        replaced,
    )
}

/// Looks at the order gate of the connection: whether the chunk may pass an open one, and must be
/// held itself. `None`: it is not gated.
fn in_order(
    gates: Option<&Rc<Connection>>,
    origin: &Origin<'_>,
    found: &Batch,
    records: &[u8],
    held: Option<HeldBatch>,
    replaced: Option<Vec<u8>>,
) -> Part {
    let header = &found.header;
    let producer = header.producer_id;
    let lane = Lane {
        topic: origin.topic.into(),
        partition: origin.partition,
        producer,
    };
    let sequence = (producer >= 0).then_some(Sequence {
        epoch: header.producer_epoch,
        base: header.base_sequence,
    });
    let gate = gates.map_or(Gate::Free, |c| c.lanes().look(&lane, sequence));
    match (gate, &held) {
        (Gate::Gap, _) => Part::Refused(Unacceptable {
            code: error::NOT_LEADER_OR_FOLLOWER,
            why: "an earlier batch of this producer is held and was not written".into(),
        }),
        (Gate::Free, None) => replaced.map_or(Part::Forward, Part::Replaced),
        (Gate::Behind, _) | (Gate::Free, Some(_)) => {
            let bytes = match &held {
                Some(held) => held.bytes.clone(),
                None => replaced.unwrap_or_else(|| records.to_vec()),
            };
            Part::Waits(Box::new(Waiting {
                held,
                bytes,
                lane,
                sequence,
            }))
        }
    }
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
        let topic = String::from_utf8_lossy(&request[chunk.topic.clone()]);
        let part = place(&parts, index).map(|at| &mut parts[at].1);
        match part {
            None | Some(Part::Forward | Part::Replaced(_)) => {
                merge.push_upstream(&topic, chunk.partition)
            }
            Some(Part::Refused(fault)) => {
                merge.push(
                    &topic,
                    chunk.partition,
                    Some(refusal(chunk.partition, fault)),
                );
            }
            Some(part @ Part::Waits(_)) => {
                let at = merge.push(&topic, chunk.partition, None);
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
    for (part, chunk) in waiting {
        holding::open(
            connection,
            Asked {
                number: Some(number),
                part,
                sender: Rc::clone(&sender),
            },
            *chunk,
        );
    }
    finish(connection, number);
    step
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
        Some(Part::Refused(_) | Part::Waits(_)) => Keep::Drop,
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
    let response = wire::parse_response(reply, merge.api_version()).map_err(|_| malformed())?;
    merge.upstream(response);
    drop(answers);
    finish(connection, number);
    Ok(())
}
