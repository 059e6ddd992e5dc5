//! What one topic-partition's records carry, and what the rules say of it.
//!
//! Owns: the way of a chunk through walk, CRC, inflate, scan, decide and mask; and what it leaves
//! behind. Refuses: records it cannot read whole. Stays true: clean uncompressed bytes are
//! neither copied nor allocated for; a masked chunk has a valid CRC; a chunk that is to be held
//! has its content keys taken before anything in it is masked.

use super::cluster::SchemaSource;
use super::masking::{self, Masked};
use super::placing;
use super::scratch::ChunkScratch;
use super::summary;
use crate::chunk::{ContentKey, Operation, SendKey, Summary, UnixMillis};
use crate::config::Unavailable;
use crate::hold::messages::{self, HoldRule};
use crate::kafka::batch::{self, Batch, BatchFault, Fields};
use crate::kafka::compression::{Codec, InflateFault};
use crate::kafka::error;
use crate::limits::CONTENT_KEYS_PER_CHUNK_MAX;
use crate::policy::{
    Cause, Evidence, Gate, Grants, Policy, Scope, Then, UNREADABLE, Unreadable, Verdict,
};
use crate::scan::mask::MaskKeys;
use crate::scan::{Engine, Fault};
use crate::walk::{Lexicon, Scanned};
use std::ops::Range;
use std::sync::Arc;

/// The policy and the scanner compiled for it.
pub struct Rules {
    /// The compiled policy.
    pub policy: Policy,
    /// A scanner for every detector that some rule needs.
    pub engine: Engine,
    /// For masks that need a key.
    pub mask_keys: Option<Arc<MaskKeys>>,
}

/// Why records are not acceptable, in the broker's own terms.
#[derive(Clone, Debug, Default)]
pub struct Unacceptable {
    /// Kafka error code.
    pub code: i16,
    /// For the client's error text and the audit.
    pub why: String,
}

/// What a batch's inspection came to.
pub enum Judged {
    /// It goes on as it lies (masked in place when `masked`).
    Pass {
        /// Whether it was edited.
        masked: bool,
    },
    /// It goes on in another form: these bytes replace the batch.
    Rebuilt(Vec<u8>),
    /// It does not go on.
    Blocked(Unacceptable),
    /// People are to be asked.
    Held(Box<HeldBatch>),
    /// Its records name schemas that were asked for just now ([`ChunkScratch::missing`]); nothing was done.
    Unknown,
}

/// A batch that people are asked about.
pub struct HeldBatch {
    /// Every hold rule that matched.
    pub rules: Vec<HoldRule>,
    /// How long the reply may be withheld.
    pub wait_ms: u64,
    /// What the client meets after that.
    pub then: messages::Then,
    /// The batch as it will be sent when released, masks applied; copied out of its frame.
    pub bytes: Vec<u8>,
    /// Keys of the flagged records.
    pub content: Vec<ContentKey>,
    /// This send's own key.
    pub send: SendKey,
    /// What a reviewer may see.
    pub summary: Summary,
}

/// Who sends the batch to where; goes into its send key.
pub struct Origin<'a> {
    /// Produce or Fetch.
    pub operation: Operation,
    /// The principal's name.
    pub principal: &'a str,
    /// The client's own name for itself.
    pub client_id: &'a str,
    /// Topic, as it is in the frame.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// What was granted.
    pub grants: &'a Grants,
    /// Where the schemas of its records are.
    pub schemas: Option<&'a SchemaSource>,
    /// Whether it may be looked at again once schemas have come that are not known yet.
    pub waits: bool,
}

/// Inspects one whole batch of `records` and edits it in place where the verdict is a mask.
pub fn batch(
    rules: &Rules,
    scope: &Scope,
    origin: &Origin<'_>,
    records: &mut [u8],
    found: &Batch,
    scratch: &mut ChunkScratch,
    now: UnixMillis,
) -> (Judged, Verdict) {
    let bytes = &mut records[found.span.clone()];
    let body = found.body.start - found.span.start..found.body.end - found.span.start;
    scratch.findings.clear();
    scratch.walker.begin();
    scratch.raw = 0;
    if let Err(fault) = open(bytes, &body, found, scratch) {
        return unreadable(rules, scope, origin.grants, &fault, now);
    }
    let known = origin.schemas.map(|source| source.known.load());
    let lexicon = Lexicon::new(known.as_ref().map(|known| &***known), None);
    let compressed = is_compressed(found).unwrap_or(false);
    let plain = bytes.get(body.clone()).filter(|_| !compressed);
    let seen = match scope.looks() {
        true => look(rules, origin, plain, found, &lexicon, scratch),
        false => Seen::default(),
    };
    if seen.lacks_schema && origin.waits {
        return (Judged::Unknown, Verdict::default());
    }
    let placed = placing::places(scope, plain, found, scratch).is_some();
    let evidence = Evidence {
        findings: &scratch.findings,
        places: placed.then_some(&scratch.places),
        topic: None,
        unreadable: seen
            .unreadable
            .as_ref()
            .map(|(cause, why)| Unreadable { cause: *cause, why }),
        grants: origin.grants,
    };
    let verdict = rules.policy.decide(scope, &evidence, now);
    let mut judged = if verdict.masks.is_empty() && verdict.gate == Gate::Allow {
        Judged::Pass { masked: false }
    } else {
        let batch = Whole {
            body: &body,
            found,
            lexicon: &lexicon,
        };
        act(rules, origin, bytes, &batch, scratch, &verdict)
    };
    // The schema may be there in a moment: the client asks again by itself.
    let passing = matches!(&verdict.gate, Gate::Block { rule, .. } if **rule == *UNREADABLE);
    if let Judged::Blocked(fault) = &mut judged
        && seen.lacks_schema
        && passing
    {
        fault.code = SCHEMA_NOT_HAD;
    }
    (judged, verdict)
}

/// What clients are told of records whose schema could not be had: every one of them tries again.
pub const SCHEMA_NOT_HAD: i16 = error::NOT_LEADER_OR_FOLLOWER;

/// A batch's place and how its records are read.
pub(super) struct Whole<'a> {
    /// Its records' bytes, in the batch.
    pub(super) body: &'a Range<usize>,
    /// Its header.
    pub(super) found: &'a Batch,
    /// The schemas at hand, the same for the scan and the masks.
    pub(super) lexicon: &'a Lexicon<'a>,
}

/// What a look into a batch showed beside findings.
#[derive(Default)]
struct Seen {
    /// Why some of it cannot be read; the rest was looked at.
    unreadable: Option<(Cause, String)>,
    /// Records name schemas that are not known, and may not be read without.
    lacks_schema: bool,
}

/// Scans a batch; `plain` is its body unless that is in the scratch.
fn look(
    rules: &Rules,
    origin: &Origin<'_>,
    plain: Option<&[u8]>,
    found: &Batch,
    lexicon: &Lexicon<'_>,
    scratch: &mut ChunkScratch,
) -> Seen {
    let ChunkScratch {
        scan,
        findings,
        walker,
        body,
        raw,
        ..
    } = scratch;
    let plain = plain.unwrap_or(body);
    let fields = Fields::new(plain, found.header.records_count).map_while(Result::ok);
    let scanned = walker.scan(&rules.engine, plain, fields, lexicon, scan, findings);
    let Scanned {
        unreadable, fault, ..
    } = scanned;
    *raw = scanned.raw;
    let mut seen = Seen {
        unreadable: unreadable.map(|found| (cause_of_value(found.fault), found.fault.to_string())),
        lacks_schema: false,
    };
    if let Some(fault) = fault {
        seen.unreadable
            .get_or_insert_with(|| (Cause::Schema, fault.to_string()));
    }
    let Some(source) = origin.schemas else {
        return seen;
    };
    let wished = walker.missing().iter().chain(walker.absent());
    wished.for_each(|id| (source.ask)(*id));
    if !walker.missing().is_empty() && source.unavailable == Unavailable::Unreadable {
        // What else is wrong with it stays so, however long one waits.
        seen.lacks_schema = seen.unreadable.is_none();
        let why = "records of a schema that the registry has not told";
        seen.unreadable
            .get_or_insert_with(|| (Cause::Schema, why.to_owned()));
    }
    seen
}

/// A batch that cannot be opened is blocked, unless an exception lets it by. It is not held: there is nothing
/// to show a reviewer, and no record to know it by when it is sent again.
fn unreadable(
    rules: &Rules,
    scope: &Scope,
    grants: &Grants,
    fault: &BatchFault,
    now: UnixMillis,
) -> (Judged, Verdict) {
    let cause = cause_of_batch(fault);
    let mut fault = unacceptable(fault);
    let evidence = Evidence {
        unreadable: Some(Unreadable {
            cause,
            why: &fault.why,
        }),
        grants,
        ..Evidence::NONE
    };
    let verdict = rules.policy.decide(scope, &evidence, now);
    let judged = match &verdict.gate {
        Gate::Allow => Judged::Pass { masked: false },
        Gate::Block { rule, reason } if rule.as_ref() != UNREADABLE => {
            fault.why = format!("blocked by rule {rule}: {reason} ({})", fault.why);
            Judged::Blocked(fault)
        }
        _ => Judged::Blocked(fault),
    };
    (judged, verdict)
}

fn cause_of_batch(fault: &BatchFault) -> Cause {
    match fault {
        BatchFault::Codec { .. } => Cause::UnknownCodec,
        BatchFault::Inflate(InflateFault::TooBig { .. }) => Cause::TooLarge,
        _ => Cause::Damaged,
    }
}

/// Why a value inside a record cannot be read, in the words of rules.
pub fn cause_of_value(fault: Fault) -> Cause {
    match fault {
        Fault::TooLarge | Fault::TooMany => Cause::TooLarge,
        Fault::Damaged => Cause::Damaged,
        Fault::Foreign(_) => Cause::UnknownCodec,
        Fault::TooDeep => Cause::TooDeep,
    }
}

/// Checks a batch whole and, where it is compressed, inflates it into the scratch body.
fn open(
    bytes: &[u8],
    body: &Range<usize>,
    found: &Batch,
    scratch: &mut ChunkScratch,
) -> Result<(), BatchFault> {
    if !batch::check_crc(bytes) {
        return Err(BatchFault::Crc);
    }
    if is_compressed(found)? {
        let stored = &bytes[body.clone()];
        scratch.inflate(found.header.codec()?, stored)?;
        return batch::check_records(&scratch.body, found.header.records_count);
    }
    batch::check_records(&bytes[body.clone()], found.header.records_count)
}

/// Whether the body is not what it says. Compaction leaves batches without records whose
/// attributes may still name a codec.
pub(super) fn is_compressed(found: &Batch) -> Result<bool, BatchFault> {
    let empty = found.header.records_count == 0 && found.body.is_empty();
    Ok(found.header.codec()? != Codec::None && !empty)
}

/// A fault of the records, with the code that a broker has for it; a body that cannot be inflated
/// and a codec without a name make a broker fail with UNKNOWN_SERVER_ERROR, which tells nobody why.
pub fn unacceptable(fault: &BatchFault) -> Unacceptable {
    let code = match fault {
        BatchFault::Crc | BatchFault::Length { .. } => error::CORRUPT_MESSAGE,
        BatchFault::Magic { magic: 3.., .. } => error::CORRUPT_MESSAGE,
        BatchFault::Codec { .. } => error::UNSUPPORTED_COMPRESSION_TYPE,
        _ => error::INVALID_RECORD,
    };
    Unacceptable {
        code,
        why: fault.to_string(),
    }
}

/// What the client is told when a rule blocks.
pub fn blocked(operation: Operation, gate: &Gate) -> Unacceptable {
    let code = match operation {
        Operation::Produce => error::POLICY_VIOLATION,
        _ => error::TOPIC_AUTHORIZATION_FAILED,
    };
    let why = match gate {
        Gate::Block { rule, reason } => format!("blocked by rule {rule}: {reason}"),
        _ => "blocked".to_owned(),
    };
    Unacceptable { code, why }
}

/// Carries a verdict out.
fn act(
    rules: &Rules,
    origin: &Origin<'_>,
    bytes: &mut [u8],
    batch: &Whole<'_>,
    scratch: &mut ChunkScratch,
    verdict: &Verdict,
) -> Judged {
    if let Gate::Block { .. } = &verdict.gate {
        return Judged::Blocked(blocked(origin.operation, &verdict.gate));
    }
    let held = match &verdict.gate {
        Gate::Hold { .. } => match describe(rules, origin, bytes, batch, scratch, verdict) {
            Ok(described) => Some(described),
            Err(fault) => return Judged::Blocked(fault),
        },
        _ => None,
    };
    let masked = match masking::edit(rules, bytes, batch, scratch, verdict) {
        Ok(masked) => masked,
        Err(fault) => return Judged::Blocked(fault),
    };
    match (held, masked) {
        (None, Masked::No) => Judged::Pass { masked: false },
        (None, Masked::InPlace) => Judged::Pass { masked: true },
        (None, Masked::Rebuilt(rebuilt)) => Judged::Rebuilt(rebuilt),
        (Some((content, send, summary)), masked) => {
            let bytes = match masked {
                Masked::Rebuilt(rebuilt) => rebuilt,
                Masked::No | Masked::InPlace => bytes.to_vec(),
            };
            Judged::Held(Box::new(HeldBatch {
                bytes,
                content,
                send,
                summary,
                ..terms(&verdict.gate)
            }))
        }
    }
}

/// The terms of a hold; the rest is filled in by the caller.
pub(super) fn terms(gate: &Gate) -> HeldBatch {
    let (rules, wait_ms, then) = match gate {
        Gate::Hold {
            rules,
            wait_ms,
            then,
        } => (rules.as_slice(), *wait_ms, *then),
        _ => (&[][..], 0, Then::Retry),
    };
    let rules = rules.iter().map(|r| HoldRule {
        rule: Arc::clone(&r.rule),
        ask: Arc::clone(&r.ask),
        grant: r.grant.clone(),
    });
    let then = match then {
        Then::Retry => messages::Then::Retry,
        Then::Refuse => messages::Then::Refuse,
    };
    HeldBatch {
        rules: rules.collect(),
        wait_ms,
        then,
        bytes: Vec::new(),
        content: Vec::new(),
        send: SendKey([0; 32]),
        summary: Summary::default(),
    }
}

/// Keys and summary of a batch that is to be held.
fn describe(
    rules: &Rules,
    origin: &Origin<'_>,
    bytes: &[u8],
    batch: &Whole<'_>,
    scratch: &ChunkScratch,
    verdict: &Verdict,
) -> Result<(Vec<ContentKey>, SendKey, Summary), Unacceptable> {
    let Whole { body, found, .. } = *batch;
    let compressed = is_compressed(found).unwrap_or(false);
    let plain = if compressed {
        scratch.body.as_slice()
    } else {
        &bytes[body.clone()]
    };
    let count = found.header.records_count;
    let flagged = summary::flagged(&verdict.flagged, count.max(0) as u32) as usize;
    if flagged > CONTENT_KEYS_PER_CHUNK_MAX {
        return Err(Unacceptable {
            code: error::POLICY_VIOLATION,
            why: "too many flagged records in one batch".into(),
        });
    }
    let mut content = Vec::new();
    let mut is_flagged = |record: u32| verdict.flagged.contains(record);
    batch::content_keys(plain, count, &mut is_flagged, &mut content)
        .map_err(|fault| unacceptable(&fault))?;
    let sender = batch::Sender {
        principal: origin.principal,
        client_id: origin.client_id,
        topic: origin.topic,
        partition: origin.partition,
    };
    let send = batch::send_key(&sender, &found.header, plain);
    let seen = summary::Seen {
        engine: &rules.engine,
        plain,
        count,
        findings: &scratch.findings,
        raw: scratch.raw,
        walker: &scratch.walker,
        verdict,
    };
    let summary = summary::summary(&seen, bytes.len() as u64);
    Ok((
        content,
        send.map_err(|fault| unacceptable(&fault))?,
        summary,
    ))
}

/// The rules that a verdict names, for the audit.
pub fn rule_names(verdict: &Verdict) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = verdict.masks.iter().map(|m| Arc::clone(&m.rule)).collect();
    match &verdict.gate {
        Gate::Hold { rules, .. } => names.extend(rules.iter().map(|r| Arc::clone(&r.rule))),
        Gate::Block { rule, .. } => names.push(Arc::clone(rule)),
        Gate::Allow => {}
    }
    names
}
