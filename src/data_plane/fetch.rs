//! A client's Fetch: its request lowered to what is inspected at once, the records of its reply
//! inspected, masked or withheld.
//!
//! Owns: what happens to each topic-partition of a reply. Refuses: a client that claims to be
//! anything but a consumer; records it cannot read. Stays true: no byte of a record leaves uninspected: an
//! incomplete last batch, which cannot be read, is blanked; a reply that nobody flagged leaves as
//! it lies in the buffer.

use super::connection::{Cause, Connection};
use super::inspect::{self, Judged, Origin};
use super::record::{self, Subject};
use super::replies::Edit;
use super::requests::{Step, refuse};
use super::scratch::{ChunkScratch, Scratch};
use super::session::Session;
use crate::chunk::Operation;
use crate::kafka::batch::{self, BatchFault};
use crate::kafka::error;
use crate::kafka::fetch::{self as wire, FetchChunk, Outcome};
use crate::kafka::frame::RequestHeader;
use crate::limits::FETCH_BYTES_MAX;
use std::rc::Rc;

/// The replica id that every consumer sends.
const CONSUMER: i32 = -1;

/// Makes a Fetch request ready to go on.
pub fn prepare(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &mut [u8],
) -> Result<(), Step> {
    let ask = wire::lower_limits(request, header.body, header.api_version, FETCH_BYTES_MAX);
    let ask =
        ask.map_err(|_| Step::Close(Cause::ClientFault("the client sent a malformed Fetch")))?;
    // a consumer is -1; a broker's id, and the -2 and -3 of Kafka's own tools, read what the
    // cluster has not committed
    if ask.replica_id != CONSUMER {
        return Err(refuse(
            connection,
            header,
            request,
            error::CLUSTER_AUTHORIZATION_FAILED,
        ));
    }
    Ok(())
}

/// What becomes of one topic-partition of a reply.
enum Part {
    Records(Vec<u8>),
    Error(i16),
}

/// Inspects a Fetch reply and edits it in place where that is enough.
pub fn inspect_reply(
    connection: &Connection,
    version: i16,
    reply: &mut [u8],
) -> Result<Edit, Cause> {
    let session = connection.session().ok_or(Cause::OwnFault)?;
    let core = &connection.core;
    let mut scratch = core.scratch.borrow_mut();
    let Scratch {
        fetched,
        chunk: chunk_scratch,
        ..
    } = &mut *scratch;
    wire::parse_response(reply, version, fetched)
        .map_err(|_| Cause::BrokerFault("the broker sent a malformed Fetch reply"))?;
    core.traffic
        .borrow_mut()
        .reset(session.id, Operation::Fetch.into());
    chunk_scratch.begin();
    let mut parts: Vec<(usize, Part)> = Vec::new();
    for (index, chunk) in fetched.chunks.iter().enumerate() {
        if chunk.records.is_empty() {
            continue;
        }
        if let Some(part) = judge(connection, &session, reply, chunk, chunk_scratch) {
            parts.push((index, part));
        }
    }
    record::traffic(core);
    if core.audit_failed() {
        return Err(Cause::OwnFault); // what cannot be recorded does not leave
    }
    if parts.is_empty() {
        return Ok(Edit::InPlace);
    }
    let mut outcome = |index: usize| match parts.binary_search_by_key(&index, |(i, _)| *i) {
        Ok(at) => match &parts[at].1 {
            Part::Records(bytes) => Outcome::Records(bytes),
            Part::Error(code) => Outcome::Error(*code),
        },
        Err(_) => Outcome::AsIs,
    };
    Ok(Edit::Made(wire::rebuild_response(
        reply,
        version,
        fetched,
        &mut outcome,
    )))
}

/// Inspects one topic-partition. `None`: it leaves as it lies (masked in place, perhaps).
fn judge(
    connection: &Connection,
    session: &Session,
    reply: &mut [u8],
    chunk: &FetchChunk,
    scratch: &mut ChunkScratch,
) -> Option<Part> {
    let core = &connection.core;
    let rules = core.rules();
    let (head, records) = reply.split_at_mut(chunk.records.start);
    let records = &mut records[..chunk.records.len()];
    let topic_bytes = &head[chunk.topic.clone()];
    let topic = String::from_utf8_lossy(topic_bytes);
    let scope = session.scope(&rules.policy, Operation::Fetch, topic_bytes, core.now());
    let origin = Origin {
        operation: Operation::Fetch,
        principal: &session.principal.name,
        client_id: &session.client_id,
        topic: &topic,
        partition: chunk.partition,
    };
    if let Some(verdict) = scope.blocked_before_sending() {
        let subject = Subject {
            origin: &origin,
            records: 0,
            bytes: &[],
            base_offset: -1,
        };
        record::verdict(core, session, &subject, verdict, &[]);
        return Some(Part::Error(error::TOPIC_AUTHORIZATION_FAILED));
    }
    if scratch.is_spent() {
        return Some(Part::Records(Vec::new())); // the client asks again, for these first
    }
    record::chunk(core, session, &origin, records.len(), first_offset(records));
    let mut rebuilt: Option<Vec<u8>> = None; // all batches so far, once one changed its length
    let mut at = 0;
    while at < records.len() {
        if scratch.is_spent() {
            // the client goes on from here with its next request
            return Some(Part::Records(rebuilt.unwrap_or(records[..at].to_vec())));
        }
        let mut found = match batch::batches(&records[at..]).next() {
            Some(Ok(found)) => found,
            Some(Err(BatchFault::Partial { .. })) => {
                wire::blank_tail(records, at..records.len());
                let tail = &records[at..];
                if let Some(rebuilt) = &mut rebuilt {
                    rebuilt.extend_from_slice(tail);
                }
                break;
            }
            Some(Err(fault)) => {
                return Some(refused(connection, session, &origin, records, &fault));
            }
            None => break,
        };
        let facts = (found.header.crc, found.header.records_count.max(0) as u32);
        found.span = found.span.start + at..found.span.end + at;
        found.body = found.body.start + at..found.body.end + at;
        let end = found.span.end;
        let (judged, verdict) = inspect::batch(
            &rules,
            &scope,
            &origin,
            records,
            &found,
            scratch,
            core.now(),
        );
        if verdict.is_clean() {
            core.stats().chunks_clean.add(1);
        } else {
            let bytes = &records[found.span.clone()];
            let subject = Subject {
                origin: &origin,
                records: facts.1,
                bytes,
                base_offset: found.header.base_offset,
            };
            record::verdict(core, session, &subject, &verdict, scratch.findings());
        }
        match judged {
            Judged::Pass { .. } => {
                core.traffic.borrow_mut().batch(facts.0, facts.1);
                if let Some(rebuilt) = &mut rebuilt {
                    rebuilt.extend_from_slice(&records[found.span.clone()]);
                }
            }
            Judged::Rebuilt(bytes) => {
                let rebuilt = rebuilt.get_or_insert_with(|| records[..at].to_vec());
                rebuilt.extend_from_slice(&bytes);
            }
            Judged::Blocked(_) | Judged::Held(_) => {
                return Some(Part::Error(error::TOPIC_AUTHORIZATION_FAILED));
            }
        }
        at = end;
    }
    rebuilt.map(Part::Records)
}

/// Offset of the first batch, which is its first field; -1 when there is none.
fn first_offset(records: &[u8]) -> i64 {
    records
        .first_chunk()
        .map_or(-1, |bytes| i64::from_be_bytes(*bytes))
}

fn refused(
    connection: &Connection,
    session: &Session,
    origin: &Origin<'_>,
    records: &[u8],
    fault: &BatchFault,
) -> Part {
    let subject = Subject {
        origin,
        records: 0,
        bytes: records,
        base_offset: -1,
    };
    record::unreadable(&connection.core, session, &subject, &fault.to_string());
    Part::Error(error::CORRUPT_MESSAGE)
}
