//! One topic-partition's records on their way to the broker: inspected, judged, and put in their
//! place behind what is held.
//!
//! Owns: what becomes of one chunk of a Produce. Refuses: records it cannot read, more than one batch
//! a partition (as a broker would), topics that nobody can name. Stays true: rules, holds, lanes and
//! the audit know a topic by its name, however the client names it; a chunk passes no earlier one of
//! its lane that waits, not even one of the same request.

use super::connection::Connection;
use super::inspect::{self, HeldBatch, Judged, Origin, Unacceptable};
use super::record::{self, Subject};
use super::scratch::ChunkScratch;
use super::session::Session;
use crate::chunk::Operation;
use crate::hold::lanes::{Gate, Lane, Sequence};
use crate::kafka::batch::{self, Batch};
use crate::kafka::error;
use crate::kafka::produce::{self as wire, ProduceChunk};
use crate::kafka::topic::{Topic, TopicId};
use std::collections::HashSet;
use std::rc::Rc;

/// What becomes of one topic-partition.
pub enum Part {
    /// It goes on as it lies.
    Forward,
    /// It goes on as these bytes.
    Replaced(Vec<u8>),
    /// The client gets this error for it.
    Refused(Unacceptable),
    /// It waits for people, or behind a chunk that does.
    Waits(Box<Waiting>),
    /// Nothing was done: the request is to be looked at again once schemas have come.
    Unknown,
}

/// A chunk that does not go on now.
pub struct Waiting {
    /// Set when people are to be asked; otherwise it only waits behind another.
    pub held: Option<HeldBatch>,
    /// The batch as it will be sent.
    pub bytes: Vec<u8>,
    /// Its order gate.
    pub lane: Lane,
    /// The topic's id, when the client named it by that: it is written by the same.
    pub topic_id: Option<TopicId>,
    /// Where it stands in it.
    pub sequence: Option<Sequence>,
}

/// A batch that may be written, now or later.
struct Inspected {
    found: Batch,
    /// Set when people are to be asked.
    held: Option<HeldBatch>,
    /// What goes in its place.
    replaced: Option<Vec<u8>>,
}

/// One request's chunks, judged one after the other.
pub struct Writing<'a> {
    /// Whose they are.
    pub connection: &'a Rc<Connection>,
    /// For whom.
    pub session: &'a Session,
    /// Whether order matters: without a reply (acks=0) nothing waits, in order or otherwise.
    pub gated: bool,
    /// Whether the request may be looked at again.
    pub waits: bool,
    /// Reused memory.
    pub scratch: &'a mut ChunkScratch,
    /// Lanes in which a chunk of this very request waits; its gate opens when all are judged.
    pub waiting: HashSet<Lane>,
}

impl Writing<'_> {
    /// Inspects one topic-partition and says what becomes of it.
    pub fn judge(&mut self, request: &mut [u8], chunk: &ProduceChunk) -> Part {
        let (head, records) = request.split_at_mut(chunk.records.start);
        let records = &mut records[..chunk.records.len()];
        let sent = chunk.topic.of(head);
        let Some(topic) = self.connection.cluster.topic_ids.resolve(sent) else {
            return Part::Refused(Unacceptable {
                code: error::UNKNOWN_TOPIC_ID,
                why: "the gateway does not know a topic of this id".into(),
            });
        };
        let grants = self.connection.core.shared.grants.load();
        let origin = Origin {
            operation: Operation::Produce,
            grants: &grants,
            principal: &self.session.principal.name,
            client_id: &self.session.client_id,
            topic: &topic,
            partition: chunk.partition,
            schemas: self.connection.cluster.schemas.as_ref(),
            waits: self.waits && !self.scratch.recorded && self.waiting.is_empty(),
        };
        let inspected = match self.inspect(&origin, records) {
            Ok(Some(inspected)) => inspected,
            Ok(None) => return Part::Unknown,
            Err(refused) => return Part::Refused(refused),
        };
        let in_order =
            self.gated && !(self.waiting.is_empty() && self.connection.lanes().is_empty());
        if inspected.held.is_none() && !in_order {
            return inspected.replaced.map_or(Part::Forward, Part::Replaced);
        }
        let topic_id = match sent {
            Topic::Id(id) => Some(id),
            Topic::Name(_) => None,
        };
        self.in_order(&origin, topic_id, records, inspected)
    }

    /// What the rules say of the batch, unless its schema is to be waited for; or the refusal.
    fn inspect(
        &mut self,
        origin: &Origin<'_>,
        records: &mut [u8],
    ) -> Result<Option<Inspected>, Unacceptable> {
        let core = &self.connection.core;
        let (rules, now) = (core.rules(), core.now());
        let topic = origin.topic.as_bytes();
        let scope = self
            .session
            .scope(&rules.policy, Operation::Produce, topic, now);
        if wire::is_internal(topic) {
            let why = "only the cluster itself writes its internal topics";
            self.record_unreadable(origin, records, why);
            return Err(Unacceptable {
                code: error::TOPIC_AUTHORIZATION_FAILED,
                why: why.into(),
            });
        }
        if let Some(verdict) = scope.blocked_before_sending() {
            let subject = subject(origin, 0, records);
            self.scratch.recorded = true;
            let refusals = &mut self.scratch.refusals;
            record::verdict(core, self.session, &subject, verdict, &[], refusals);
            return Err(inspect::blocked(origin.operation, &verdict.gate));
        }
        let found = batch::produced_batch(records).map_err(|fault| {
            self.record_unreadable(origin, records, &fault.to_string());
            inspect::unacceptable(&fault)
        })?;
        let count = found.header.records_count.max(0) as u32;
        let (judged, verdict) =
            inspect::batch(&rules, &scope, origin, records, &found, self.scratch, now);
        if let Judged::Unknown = judged {
            return Ok(None);
        }
        if !self.scratch.walker.missing().is_empty() {
            core.stats().chunks_without_schema.add(1);
        }
        if verdict.is_clean() {
            core.stats().chunks_clean.add(1);
        } else {
            let subject = subject(origin, count, records);
            self.scratch.recorded = true;
            let ChunkScratch {
                findings, refusals, ..
            } = &mut *self.scratch;
            record::verdict(core, self.session, &subject, &verdict, findings, refusals);
        }
        let (held, replaced) = match judged {
            Judged::Blocked(fault) => return Err(fault),
            Judged::Held(held) => (Some(*held), None),
            Judged::Rebuilt(bytes) => (None, Some(bytes)),
            Judged::Pass { .. } | Judged::Unknown => (None, None),
        };
        if held.is_none() {
            record::chunk(core, self.session, origin, records.len(), -1);
            core.traffic.borrow_mut().batch(found.header.crc, count);
        }
        Ok(Some(Inspected {
            found,
            held,
            replaced,
        }))
    }

    fn record_unreadable(&mut self, origin: &Origin<'_>, records: &[u8], why: &str) {
        self.scratch.recorded = true;
        let (core, refusals) = (&self.connection.core, &mut self.scratch.refusals);
        let subject = subject(origin, 0, records);
        record::unreadable(core, self.session, &subject, why, refusals);
    }

    /// Looks at the order gate of the connection: whether the chunk may pass an open one, and must be
    /// held itself.
    fn in_order(
        &mut self,
        origin: &Origin<'_>,
        topic_id: Option<TopicId>,
        records: &[u8],
        inspected: Inspected,
    ) -> Part {
        let Inspected {
            found,
            held,
            replaced,
        } = inspected;
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
        let gate = match self.gated {
            true => self.connection.lanes().look(&lane, sequence),
            false => Gate::Free,
        };
        let behind = gate == Gate::Behind || self.waiting.contains(&lane);
        match (gate, behind, &held) {
            (Gate::Gap, ..) => Part::Refused(Unacceptable {
                code: error::NOT_LEADER_OR_FOLLOWER,
                why: "an earlier batch of this producer is held and was not written".into(),
            }),
            (_, false, None) => replaced.map_or(Part::Forward, Part::Replaced),
            _ => {
                let bytes = match &held {
                    Some(held) => held.bytes.clone(),
                    None => replaced.unwrap_or_else(|| records.to_vec()),
                };
                if self.gated {
                    self.waiting.insert(lane.clone());
                }
                Part::Waits(Box::new(Waiting {
                    held,
                    bytes,
                    lane,
                    topic_id,
                    sequence,
                }))
            }
        }
    }
}

fn subject<'a>(origin: &'a Origin<'a>, records: u32, bytes: &'a [u8]) -> Subject<'a> {
    Subject {
        origin,
        records,
        bytes,
        base_offset: -1,
    }
}
