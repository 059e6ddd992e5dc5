//! One topic-partition's records on their way to somebody who reads them: inspected batch by batch.
//!
//! Owns: what becomes of them, for Fetch and for ShareFetch alike. Refuses: records it cannot read,
//! records of a topic it cannot name. Stays true: no byte of a record leaves uninspected; an
//! incomplete last batch, which cannot be read, is blanked.
//!
//! Whatever is withheld is answered TOPIC_AUTHORIZATION_FAILED, be it blocked by a rule or unreadable
//! (unreadable records are blocked by a rule, too: `defaults.unreadable`). Every stock client reports
//! it to its application as final. CORRUPT_MESSAGE, which would fit a wrong checksum better, makes
//! librdkafka and aiokafka ask again for ever without a word. The audit tells the cases apart.

use super::connection::Connection;
use super::inspect::{self, HeldBatch, Judged, Origin, Rules};
use super::learn;
use super::record::{self, Subject};
use super::requests::Step;
use super::scratch::ChunkScratch;
use super::session::Session;
use super::withheld::{self, Fate, Wanted};
use crate::chunk::Operation;
use crate::kafka::batch::{self, Batch, BatchFault};
use crate::kafka::endpoints::Nobody;
use crate::kafka::error;
use crate::kafka::fetch::blank_tail;
use crate::kafka::reader::Malformed;
use crate::kafka::tagged::{Sections, Splice};
use crate::kafka::topic::{Topic, TopicId};
use crate::policy::{Scope, Verdict};

/// Ends the preparation of a request whose limits were lowered and whose layout was read: the topics
/// that it names by id are named first; what nobody knows is left out. As it lies, or a new frame.
pub fn ready(
    connection: &Connection,
    request: &[u8],
    sections: &Sections,
    walk: impl FnOnce(&mut dyn FnMut(TopicId)) -> Result<(), Malformed>,
) -> Result<Option<Vec<u8>>, Step> {
    let missing = learn::missing_of(connection, walk);
    if !missing.is_empty() {
        return Err(Step::Learn(missing));
    }
    if sections.is_empty() {
        return Ok(None);
    }
    Ok(Some(Splice::new(request, sections, &Nobody).finish()))
}

/// What becomes of one topic-partition of a reply.
pub enum Part {
    /// These records go instead.
    Records {
        /// The whole record set.
        bytes: Vec<u8>,
        /// First offset of what was left out behind them; `None` when that is nothing.
        until: Option<i64>,
    },
    /// This error goes, and no records.
    Error(i16),
    /// No records go, and no error: people are asked whether they may.
    Withheld,
    /// Nothing was done: the reply is to be looked at again once schemas have come.
    Unknown,
}

/// Where the records are from.
pub struct Source<'a> {
    /// The topic, as the reply names it.
    pub topic: Topic<&'a str>,
    /// The partition.
    pub partition: i32,
    /// Whether the reply may be looked at again.
    pub waits: bool,
}

/// Inspects one topic-partition's records. `None`: they leave as they lie (masked in place,
/// perhaps).
pub fn judge(
    connection: &Connection,
    session: &Session,
    source: &Source<'_>,
    records: &mut [u8],
    scratch: &mut ChunkScratch,
) -> Option<Part> {
    let core = &connection.core;
    let Some(topic) = connection.cluster.topic_ids.resolve(source.topic) else {
        // nobody can say which rules apply; the client asks for Metadata, which teaches the id
        return Some(Part::Error(error::UNKNOWN_TOPIC_ID));
    };
    let rules = core.rules();
    let scope = session.scope(
        &rules.policy,
        Operation::Fetch,
        topic.as_bytes(),
        core.now(),
    );
    let grants = core.shared.grants.load();
    let origin = Origin {
        operation: Operation::Fetch,
        grants: &grants,
        principal: &session.principal.name,
        client_id: &session.client_id,
        topic: &topic,
        partition: source.partition,
        schemas: connection.cluster.schemas.as_ref(),
        waits: source.waits && !scratch.recorded,
    };
    let mut reading = Reading {
        connection,
        session,
        rules: &rules,
        scope: &scope,
        origin: &origin,
        scratch,
    };
    if let Some(verdict) = scope.blocked_before_sending() {
        reading.record(verdict, 0, &[], -1);
        return Some(Part::Error(error::TOPIC_AUTHORIZATION_FAILED));
    }
    if let Some(verdict) = rules.policy.ungranted(&scope, &grants, core.now()) {
        return Some(reading.withhold(&verdict, inspect::terms(&verdict.gate)));
    }
    let first = first_offset(records);
    if reading.scratch.is_spent() {
        return Some(cut(&[], first)); // the client asks again, for these first
    }
    record::chunk(core, session, &origin, records.len(), first);
    reading.batches(records)
}

struct Reading<'a> {
    connection: &'a Connection,
    session: &'a Session,
    rules: &'a Rules,
    scope: &'a Scope,
    origin: &'a Origin<'a>,
    scratch: &'a mut ChunkScratch,
}

impl Reading<'_> {
    fn batches(&mut self, records: &mut [u8]) -> Option<Part> {
        let mut rebuilt: Option<Vec<u8>> = None; // all batches so far, once one changed its length
        let mut at = 0;
        while at < records.len() {
            if self.scratch.is_spent() {
                // the client goes on from here with its next request
                let before = rebuilt.as_deref().unwrap_or(&records[..at]);
                return Some(cut(before, first_offset(&records[at..])));
            }
            let found = match batch::batches(&records[at..]).next() {
                Some(Ok(found)) => shifted(found, at),
                Some(Err(BatchFault::Partial { .. })) => {
                    blank_tail(records, at..records.len());
                    if let Some(rebuilt) = &mut rebuilt {
                        rebuilt.extend_from_slice(&records[at..]);
                    }
                    break;
                }
                Some(Err(fault)) => return Some(self.unreadable(records, &fault)),
                None => break,
            };
            at = found.span.end;
            let (judged, verdict) = self.batch(records, &found);
            match judged {
                Judged::Pass { .. } => {
                    if let Some(rebuilt) = &mut rebuilt {
                        rebuilt.extend_from_slice(&records[found.span.clone()]);
                    }
                }
                Judged::Rebuilt(bytes) => rebuilt
                    .get_or_insert_with(|| records[..found.span.start].to_vec())
                    .extend_from_slice(&bytes),
                Judged::Unknown => return Some(Part::Unknown),
                // the client asks again by itself
                Judged::Blocked(fault) if fault.code == inspect::SCHEMA_NOT_HAD => {
                    return Some(Part::Error(fault.code));
                }
                Judged::Blocked(_) => {
                    return Some(Part::Error(error::TOPIC_AUTHORIZATION_FAILED));
                }
                Judged::Held(held) => return Some(self.withhold(&verdict, *held)),
            }
        }
        rebuilt.map(|bytes| Part::Records { bytes, until: None })
    }

    /// Inspects one batch and tells the audit.
    fn batch(&mut self, records: &mut [u8], found: &Batch) -> (Judged, Verdict) {
        let core = &self.connection.core;
        let count = found.header.records_count.max(0) as u32;
        let (judged, verdict) = inspect::batch(
            self.rules,
            self.scope,
            self.origin,
            records,
            found,
            self.scratch,
            core.now(),
        );
        if let Judged::Unknown = judged {
            return (judged, verdict);
        }
        if !self.scratch.walker.missing().is_empty() {
            core.stats().chunks_without_schema.add(1);
        }
        if verdict.is_clean() {
            core.stats().chunks_clean.add(1);
        } else if !matches!(judged, Judged::Held(_)) {
            let bytes = &records[found.span.clone()];
            self.record(&verdict, count, bytes, found.header.base_offset);
        }
        if let Judged::Pass { .. } = judged {
            core.traffic.borrow_mut().batch(found.header.crc, count);
        }
        (judged, verdict)
    }

    /// People are asked, or have been; the audit hears of it when they are asked. A rule that grants nothing cannot
    /// ask about a read, and keeps it back.
    fn withhold(&mut self, verdict: &Verdict, held: HeldBatch) -> Part {
        let wanted = Wanted {
            topic: self.origin.topic,
            partition: self.origin.partition,
        };
        let fate = withheld::look(self.connection, self.session, &wanted, held);
        if matches!(fate, None | Some(Fate::Nothing { asked: true })) {
            self.record(verdict, 0, &[], -1);
        }
        match fate {
            Some(Fate::Nothing { .. }) => Part::Withheld,
            Some(Fate::No) | None => Part::Error(error::TOPIC_AUTHORIZATION_FAILED),
        }
    }

    fn record(&mut self, verdict: &Verdict, records: u32, bytes: &[u8], base_offset: i64) {
        let subject = Subject {
            origin: self.origin,
            records,
            bytes,
            base_offset,
        };
        self.scratch.recorded = true;
        let core = &self.connection.core;
        // of what is blocked unread, the findings are another chunk's
        let findings = match bytes.is_empty() {
            true => &[][..],
            false => &self.scratch.findings,
        };
        let refusals = &mut self.scratch.refusals;
        record::verdict(core, self.session, &subject, verdict, findings, refusals);
    }

    fn unreadable(&mut self, records: &[u8], fault: &BatchFault) -> Part {
        let subject = Subject {
            origin: self.origin,
            records: 0,
            bytes: records,
            base_offset: -1,
        };
        self.scratch.recorded = true;
        let (core, refusals) = (&self.connection.core, &mut self.scratch.refusals);
        record::unreadable(core, self.session, &subject, &fault.to_string(), refusals);
        Part::Error(error::TOPIC_AUTHORIZATION_FAILED)
    }
}

fn cut(before: &[u8], until: i64) -> Part {
    Part::Records {
        bytes: before.to_vec(),
        until: Some(until),
    }
}

/// A batch found behind `at`, its spans counted from the start.
fn shifted(found: Batch, at: usize) -> Batch {
    Batch {
        span: found.span.start + at..found.span.end + at,
        body: found.body.start + at..found.body.end + at,
        ..found
    }
}

/// Offset of the first batch, which is its first field; -1 when there is none.
fn first_offset(records: &[u8]) -> i64 {
    records
        .first_chunk()
        .map_or(-1, |bytes| i64::from_be_bytes(*bytes))
}
