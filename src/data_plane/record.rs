//! What a core tells the audit.
//!
//! Owns: which entry is written when, and in which tier. Refuses: raw record values (an entry has
//! no place for one). Stays true: a mask, block or hold is with the kernel before its effect; once
//! an entry could not be written the core takes no further request.

use super::connection::{Cause, Connection};
use super::core::Core;
use super::frame_refusals::FrameRefusals;
use super::inspect::{self, Origin};
use super::scratch::ChunkScratch;
use super::session::Session;
use super::summary;
use crate::audit::entry::{
    Action, Asked, Count, LoginRefused, LoginsRefused, SessionClosed, SessionOpened,
    Verdict as VerdictEntry,
};
use crate::audit::{AuditFault, Entry, Tier, Writer};
use crate::chunk::{Finding, Operation};
use crate::hold::lanes::Lane;
use crate::identity::sasl;
use crate::policy::{Gate, Verdict};
use aws_lc_rs::digest;

/// What the verdict was about.
pub struct Subject<'a> {
    /// Session, operation, topic-partition.
    pub origin: &'a Origin<'a>,
    /// Records in the chunk, 0 when unknown.
    pub records: u32,
    /// The chunk's bytes.
    pub bytes: &'a [u8],
    /// Offset of the first record, -1 when it has none yet.
    pub base_offset: i64,
}

/// Starts a chunk of clean traffic, in a new entry when the one in hand is full.
pub fn chunk(core: &Core, session: &Session, origin: &Origin<'_>, bytes: usize, base_offset: i64) {
    let full = core.traffic.borrow().is_full();
    if full {
        traffic(core);
        core.traffic
            .borrow_mut()
            .reset(session.id, origin.operation.into());
    }
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    core.traffic
        .borrow_mut()
        .chunk(origin.topic, origin.partition, bytes, base_offset);
}

/// Begins a request or reply of this session, of so many bytes.
pub fn begin_frame(
    core: &Core,
    session: &Session,
    operation: Operation,
    bytes: usize,
    scratch: &mut ChunkScratch,
) {
    let mut traffic = core.traffic.borrow_mut();
    traffic.reset(session.id, operation.into());
    scratch.begin(bytes);
}

/// Ends it: the clean chunks and what is left of the refusals are written.
pub fn end_frame(core: &Core, session: &Session, operation: Operation, scratch: &mut ChunkScratch) {
    traffic(core);
    let Some(rest) = scratch.refusals.take() else {
        return;
    };
    let entry = VerdictEntry {
        session: session.id,
        principal: session.principal.name.to_string(),
        operation: operation.into(),
        partition: -1,
        action: Action::Block,
        enforced: true,
        rules: rest.rules.iter().map(|r| r.to_string()).collect(),
        policy: core.rules().policy.hash,
        reason: format!("{} more topic-partitions of one frame", rest.count),
        bytes: rest.bytes,
        base_offset: -1,
        sha256: Some(rest.sha256),
        ..VerdictEntry::default()
    };
    write(core, entry, Tier::Kernel);
}

/// Appends the clean chunks that the core's `traffic` scratch gathered.
fn traffic(core: &Core) {
    let traffic = core.traffic.borrow();
    if traffic.is_empty() {
        return;
    }
    with_writer(core, |writer| {
        writer.append_root(core.now(), &*traffic).map(|_| ())
    });
}

/// Writes a verdict that is not plain "allow".
pub fn verdict(
    core: &Core,
    session: &Session,
    subject: &Subject<'_>,
    verdict: &Verdict,
    findings: &[Finding],
    refusals: &mut FrameRefusals,
) {
    let (action, reason) = match &verdict.gate {
        Gate::Block { reason, .. } => (Action::Block, reason.to_string()),
        Gate::Hold { .. } => (Action::Hold, String::new()),
        Gate::Allow if !verdict.masks.is_empty() => (Action::Mask, String::new()),
        Gate::Allow => (Action::Allow, String::new()),
    };
    let acts = action != Action::Allow;
    count(core, action);
    let rules = inspect::rule_names(verdict);
    if action == Action::Block && !refusals.admit(subject.origin, subject.bytes, &rules) {
        return;
    }
    let rules = rules.iter().map(|r| r.to_string()).collect::<Vec<_>>();
    let observed = verdict.observed.iter().map(|r| r.to_string());
    let entry = VerdictEntry {
        action,
        enforced: acts || verdict.observed.is_empty(),
        rules: if acts { rules } else { observed.collect() },
        exceptions: verdict.lifted.iter().map(|e| e.to_string()).collect(),
        reason,
        detectors: counts(core, verdict, findings),
        sha256: acts.then(|| sha256(subject.bytes)),
        ..about(core, session, subject)
    };
    write(core, entry, Tier::Kernel);
}

/// Writes that a chunk could not be read and was refused.
pub fn unreadable(
    core: &Core,
    session: &Session,
    subject: &Subject<'_>,
    why: &str,
    refusals: &mut FrameRefusals,
) {
    count(core, Action::Block);
    let rule = [crate::policy::UNREADABLE.into()];
    if !refusals.admit(subject.origin, subject.bytes, &rule) {
        return;
    }
    let entry = VerdictEntry {
        action: Action::Block,
        enforced: true,
        rules: vec![crate::policy::UNREADABLE.into()],
        reason: why.to_owned(),
        sha256: Some(sha256(subject.bytes)),
        ..about(core, session, subject)
    };
    write(core, entry, Tier::Kernel);
}

/// Writes what somebody asked of the cluster beside records.
pub fn asked(core: &Core, entry: Asked) {
    write(core, entry, Tier::Kernel);
}

/// Writes that a held chunk of an acks=0 request was dropped: nobody else would say so.
pub fn dropped(
    core: &Core,
    session: &Session,
    lane: &Lane,
    bytes: &[u8],
    hold: Option<u64>,
    why: &str,
) {
    let entry = VerdictEntry {
        session: session.id,
        principal: session.principal.name.to_string(),
        operation: Operation::Produce.into(),
        topic: lane.topic.to_string(),
        partition: lane.partition,
        action: Action::Block,
        enforced: true,
        policy: core.rules().policy.hash,
        reason: format!("acks=0, dropped while held: {why}"),
        bytes: bytes.len() as u64,
        base_offset: -1,
        sha256: Some(sha256(bytes)),
        hold,
        ..VerdictEntry::default()
    };
    write(core, entry, Tier::Kernel);
}

fn about(core: &Core, session: &Session, subject: &Subject<'_>) -> VerdictEntry {
    VerdictEntry {
        session: session.id,
        principal: session.principal.name.to_string(),
        operation: subject.origin.operation.into(),
        topic: subject.origin.topic.to_owned(),
        partition: subject.origin.partition,
        policy: core.rules().policy.hash,
        records: subject.records,
        bytes: subject.bytes.len() as u64,
        base_offset: subject.base_offset,
        ..VerdictEntry::default()
    }
}

fn count(core: &Core, action: Action) {
    let stats = core.stats();
    match action {
        Action::Allow => stats.chunks_excepted.add(1),
        Action::Mask => stats.chunks_masked.add(1),
        Action::Hold => stats.chunks_held.add(1),
        Action::Block => stats.chunks_blocked.add(1),
    }
}

fn counts(core: &Core, verdict: &Verdict, findings: &[Finding]) -> Vec<Count> {
    let rules = core.rules();
    let named = summary::counts(&rules.engine, findings, verdict.least).into_iter();
    named
        .map(|(detector, count)| Count { detector, count })
        .collect()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Writes that somebody logged in.
pub fn session_opened(core: &Core, connection: &Connection, session: &Session, mechanism: &str) {
    let entry = SessionOpened {
        session: session.id,
        principal: session.principal.name.to_string(),
        issuer: session.principal.issuer.to_string(),
        groups: session.principal.groups.to_vec(),
        client_id: session.client_id.to_string(),
        peer: peer(connection),
        listener: session.listener.to_string(),
        mechanism: mechanism.to_owned(),
    };
    write(core, entry, Tier::Interval);
}

/// Writes that somebody was turned away.
pub fn login_refused(
    core: &Core,
    connection: &Connection,
    mechanism: &str,
    code: &'static str,
    claimed: Option<String>,
) {
    core.stats().logins_refused.add(1);
    if !core
        .crowd
        .refusals
        .alone(code, &peer(connection), core.now())
    {
        return; // so many come that it is counted with others
    }
    let entry = LoginRefused {
        peer: peer(connection),
        listener: listener(connection),
        mechanism: mechanism.to_owned(),
        code: code.to_owned(),
        reason: String::new(),
        claimed: claimed.map(|name| sasl::claimed_name(&name)),
    };
    write(core, entry, Tier::Kernel);
}

/// Writes how many were turned away beside those that were told one by one.
pub fn logins_refused(core: &Core, entry: LoginsRefused) {
    write(core, entry, Tier::Interval);
}

/// Writes that a session ended; what follows on the connection counts for the next.
pub fn session_closed(core: &Core, connection: &Connection, session: &Session, cause: Cause) {
    let entry = SessionClosed {
        session: session.id,
        cause: cause.text().to_owned(),
        bytes_in: connection.bytes.from_client.take(),
        bytes_out: connection.bytes.to_client.take(),
    };
    write(core, entry, Tier::Interval);
}

/// The cluster and the listener, as the configuration names them.
pub(super) fn listener(connection: &Connection) -> String {
    format!("{}/{}", connection.cluster.name, connection.listener().name)
}

fn peer(connection: &Connection) -> String {
    connection.peer().map(|p| p.to_string()).unwrap_or_default()
}

fn write(core: &Core, body: impl Into<crate::audit::Body>, tier: Tier) {
    let entry = Entry::new(core.now(), body);
    with_writer(core, |writer| {
        writer.append(&entry).and_then(|_| writer.commit(tier))
    });
}

/// Hands what is buffered to the kernel and asks for a sync. Called at every audit interval.
pub fn flush(core: &Core) {
    with_writer(core, |writer| {
        writer.request_sync();
        if writer.failed() {
            Err(AuditFault::Stopped)
        } else {
            Ok(())
        }
    });
}

/// Lets the writer work; a failure stops the core. After the core's end there is no writer.
fn with_writer(core: &Core, work: impl FnOnce(&mut Writer) -> Result<(), AuditFault>) {
    let result = match core.audit.borrow_mut().as_mut() {
        Some(writer) => work(writer),
        None => Ok(()),
    };
    if let Err(fault) = result {
        if !core.audit_failed() {
            tracing::error!(core = core.index, %fault, "the audit cannot be written: this core stops");
        }
        core.fail_audit();
    }
}
