//! The thread on which decisions become durable.
//!
//! Owns: the log and the audit's sink, and the order between them: the log first, the audit
//! second, the effect last. Refuses: to go on after a failure of either. Stays true: when a batch
//! is reported done, its events are in the log and, where something was decided or released, the
//! audit is durable too.
//!
//! A crash between the two leaves an event that the audit has not seen. Its sequence is past the
//! audit's mark, so the next start tells it again before anything can follow from it.

use super::log::{Log, Logged};
use super::record::{AuditSink, PolicyChange, Record};
use crate::chunk::HoldId;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// One commit: everything that gathered while the one before was under way.
#[derive(Debug, Default)]
pub struct Batch {
    /// Events, in order.
    pub events: Vec<Logged>,
    /// Holds whose events may go.
    pub forgotten: Vec<HoldId>,
    /// Entries for the audit, in order.
    pub records: Vec<Record>,
    /// Changes of the policy, in order.
    pub policies: Vec<PolicyChange>,
}

impl Batch {
    /// Nothing to make durable.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.forgotten.is_empty()
            && self.records.is_empty()
            && self.policies.is_empty()
    }
}

/// The other end of the thread. At most one batch is under way: commits clock themselves.
pub struct Journal {
    batches: Sender<Batch>,
    done: UnboundedReceiver<Result<(), String>>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Starts the thread. `audited` is the mark that the replay found.
    pub fn start(
        log: Box<dyn Log>,
        audit: Box<dyn AuditSink>,
        audited: u64,
    ) -> std::io::Result<Journal> {
        let (batches, inbox) = bounded(1);
        let (report, done) = unbounded_channel();
        let mut writer = Writer {
            log,
            audit,
            told: audited,
            audited,
        };
        let work = move || writer.run(&inbox, &report);
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(work)?;
        Ok(Journal {
            batches,
            done,
            thread: Some(thread),
        })
    }

    /// Hands over a batch; gives it back when the thread is gone or busy.
    pub fn commit(&self, batch: Batch) -> Result<(), Batch> {
        self.batches.try_send(batch).map_err(|e| e.into_inner())
    }

    /// The end of the batch under way. Safe to drop and call again.
    pub async fn done(&mut self) -> Result<(), String> {
        self.done
            .recv()
            .await
            .unwrap_or_else(|| Err("the journal's thread has ended".into()))
    }

    /// Lets the thread end and waits for it.
    pub fn stop(mut self) {
        let (closed, _) = bounded(0);
        self.batches = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic was reported as a failed commit
        }
    }
}

struct Writer {
    log: Box<dyn Log>,
    audit: Box<dyn AuditSink>,
    /// Last event told to the audit.
    told: u64,
    /// Last event known to be durable there.
    audited: u64,
}

impl Writer {
    fn run(&mut self, inbox: &Receiver<Batch>, report: &UnboundedSender<Result<(), String>>) {
        for batch in inbox {
            let result = self.write(&batch);
            let failed = result.is_err();
            if report.send(result).is_err() || failed {
                return; // after a failure the disk's state is unknown: only a restart may go on
            }
        }
        if self.audited < self.told && self.audit.sync().is_ok() {
            self.audited = self.told;
        }
        if let Err(error) = self.log.append(&[], &[], self.audited) {
            tracing::warn!(%error, "the audit's mark was not moved: the next start tells it some entries again");
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), String> {
        self.log
            .append(&batch.events, &batch.forgotten, self.audited)
            .map_err(|e| e.to_string())?;
        for record in &batch.records {
            self.audit
                .record(record)
                .map_err(|e| format!("the audit failed: {e}"))?;
            self.told = self.told.max(record.sequence);
        }
        for change in &batch.policies {
            self.audit
                .policy(change)
                .map_err(|e| format!("the audit failed: {e}"))?;
        }
        if batch.records.iter().any(Record::weakens) || !batch.policies.is_empty() {
            self.audit
                .sync()
                .map_err(|e| format!("the audit failed: {e}"))?;
            self.audited = self.told;
        }
        Ok(())
    }
}
