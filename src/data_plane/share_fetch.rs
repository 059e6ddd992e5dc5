//! A share group's fetch (KIP-932): its request lowered to what is inspected at once, the records of
//! its reply inspected, masked or withheld, as in a Fetch.
//!
//! Owns: both directions of one ShareFetch. Refuses: nothing of its own: rules for `fetch` apply. Stays
//! true: of a partition whose records are withheld nothing is acquired in the client's eyes, or the
//! client would acknowledge them as gaps and they would be lost to the group. The broker has acquired
//! them all the same: they come again when their lock ends, and are archived after the group's last
//! delivery attempt (`docs/limits.md`).

use super::connection::{Cause, Connection};
use super::inspect;
use super::reading::{self, Part, Source};
use super::record;
use super::replies::Edit;
use super::requests::Step;
use super::scratch::Scratch;
use crate::chunk::Operation;
use crate::kafka::error;
use crate::kafka::frame::RequestHeader;
use crate::kafka::share::{self as wire, Outcome};
use crate::kafka::topic::Topic;
use crate::limits::FETCH_BYTES_MAX;
use std::rc::Rc;

/// Makes a ShareFetch request ready to go on: as it lies, or as the frame returned.
pub fn prepare(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &mut [u8],
) -> Result<Option<Vec<u8>>, Step> {
    let mut scratch = connection.core.scratch.borrow_mut();
    let sections = &mut scratch.asked;
    let (body, version) = (header.body, header.api_version);
    wire::lower_limit(request, body, version, FETCH_BYTES_MAX, sections)
        .map_err(|_| Step::Close(Cause::ClientFault("the client sent a malformed ShareFetch")))?;
    reading::ready(connection, request, sections, |each| {
        wire::topic_ids(request, body, version, each)
    })
}

/// Inspects a ShareFetch reply and edits it in place where that is enough.
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
        share_fetched,
        chunk: chunk_scratch,
        ..
    } = &mut *scratch;
    wire::parse_response(reply, version, share_fetched)
        .map_err(|_| Cause::BrokerFault("the broker sent a malformed ShareFetch reply"))?;
    let (operation, bytes) = (Operation::Fetch, reply.len());
    record::begin_frame(core, &session, operation, bytes, chunk_scratch);
    let mut parts: Vec<(usize, Part)> = Vec::new();
    for (index, chunk) in share_fetched.chunks.iter().enumerate() {
        if chunk.records.is_empty() {
            continue;
        }
        let source = Source {
            topic: Topic::Id(chunk.topic),
            partition: chunk.partition,
            waits,
        };
        let records = &mut reply[chunk.records.clone()];
        let part = reading::judge(connection, &session, &source, records, chunk_scratch);
        if let Some(Part::Unknown) = part {
            return Ok(Edit::Await(chunk_scratch.missing()));
        }
        parts.extend(part.map(|part| (index, part)));
    }
    record::end_frame(core, &session, Operation::Fetch, chunk_scratch);
    if core.audit_failed() {
        return Err(Cause::OwnFault); // what cannot be recorded does not leave
    }
    if parts.is_empty() && share_fetched.is_clean() {
        return Ok(Edit::InPlace);
    }
    let mut outcome = |index: usize| match parts.binary_search_by_key(&index, |(i, _)| *i) {
        Ok(at) => match &parts[at].1 {
            Part::Records { bytes, until } => Outcome::Records(bytes, *until),
            Part::Error(code) => Outcome::Error(*code, why(*code)),
            Part::Withheld => Outcome::Error(
                error::TOPIC_AUTHORIZATION_FAILED,
                why(error::TOPIC_AUTHORIZATION_FAILED),
            ),
            Part::Unknown => Outcome::Error(inspect::SCHEMA_NOT_HAD, why(inspect::SCHEMA_NOT_HAD)),
        },
        Err(_) => Outcome::AsIs,
    };
    let view = connection.cluster.view.load();
    let made = wire::rebuild_response(reply, share_fetched, &connection.seen(&view), &mut outcome);
    Ok(Edit::Made(made))
}

/// For the error's message. The rule's own reason goes to the audit: it may be for other eyes than a
/// consumer's.
fn why(code: i16) -> &'static str {
    match code {
        error::UNKNOWN_TOPIC_ID => "the gateway does not know this topic's name",
        inspect::SCHEMA_NOT_HAD => "the schema of the records could not be had yet",
        _ => "the records are withheld by a rule",
    }
}
