//! A client's Fetch: its request lowered to what is inspected at once, the records of its reply
//! inspected, masked or withheld.
//!
//! Owns: both directions of one Fetch. Refuses: a client that claims to be anything but a consumer.
//! Stays true: every partition that the broker named is named, so that sessions stay whole; a reply
//! that nobody flagged leaves as it lies in the buffer.

use super::connection::{Cause, Connection};
use super::inspect;
use super::reading::{self, Part, Source};
use super::record;
use super::replies::Edit;
use super::requests::{Step, refuse};
use super::scratch::Scratch;
use crate::chunk::Operation;
use crate::kafka::error;
use crate::kafka::fetch::{self as wire, Outcome};
use crate::kafka::frame::RequestHeader;
use crate::limits::FETCH_BYTES_MAX;
use std::rc::Rc;

/// The replica id that every consumer sends.
const CONSUMER: i32 = -1;

/// Makes a Fetch request ready to go on: as it lies, or as the frame returned.
pub fn prepare(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &mut [u8],
) -> Result<Option<Vec<u8>>, Step> {
    let mut scratch = connection.core.scratch.borrow_mut();
    let sections = &mut scratch.asked;
    let (body, version) = (header.body, header.api_version);
    let ask = wire::lower_limits(request, body, version, FETCH_BYTES_MAX, sections);
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
    reading::ready(connection, request, sections, |each| {
        wire::topic_ids(request, body, version, each)
    })
}

/// Inspects a Fetch reply and edits it in place where that is enough.
pub fn inspect_reply(
    connection: &Connection,
    version: i16,
    reply: &mut [u8],
    waits: bool,
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
    let (operation, bytes) = (Operation::Fetch, reply.len());
    record::begin_frame(core, &session, operation, bytes, chunk_scratch);
    let mut parts: Vec<(usize, Part)> = Vec::new();
    let mut passing = false; // whether the reader gets anything
    for (index, chunk) in fetched.chunks.iter().enumerate() {
        if chunk.records.is_empty() {
            continue;
        }
        let (head, records) = reply.split_at_mut(chunk.records.start);
        let source = Source {
            topic: chunk.topic.of(head),
            partition: chunk.partition,
            waits,
        };
        let records = &mut records[..chunk.records.len()];
        let part = reading::judge(connection, &session, &source, records, chunk_scratch);
        if let Some(Part::Unknown) = part {
            return Ok(Edit::Await(chunk_scratch.missing()));
        }
        passing |= !matches!(part, Some(Part::Withheld));
        parts.extend(part.map(|part| (index, part)));
    }
    if waits && !passing && !parts.is_empty() {
        return Ok(Edit::Withhold);
    }
    record::end_frame(core, &session, Operation::Fetch, chunk_scratch);
    if core.audit_failed() {
        return Err(Cause::OwnFault); // what cannot be recorded does not leave
    }
    if parts.is_empty() && fetched.tagged.is_empty() {
        return Ok(Edit::InPlace);
    }
    let mut outcome = |index: usize| match parts.binary_search_by_key(&index, |(i, _)| *i) {
        Ok(at) => match &parts[at].1 {
            Part::Records { bytes, .. } => Outcome::Records(bytes),
            Part::Error(code) => Outcome::Error(*code),
            Part::Withheld => Outcome::Records(&[]),
            Part::Unknown => Outcome::Error(inspect::SCHEMA_NOT_HAD),
        },
        Err(_) => Outcome::AsIs,
    };
    let view = connection.cluster.view.load();
    Ok(Edit::Made(wire::rebuild_response(
        reply,
        version,
        fetched,
        &connection.seen(&view),
        &mut outcome,
    )))
}
