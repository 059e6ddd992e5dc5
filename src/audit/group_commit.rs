//! The sync thread of one writer: fdatasync as soon as something waits and none is under way.
//!
//! Owns: the order in which files become durable (a segment, then the directory entry of the next,
//! then the next) and the word on how far that has got. Refuses: a second try. A failed sync is
//! final, because the kernel marks pages clean that it could not write (Rebello et al., ATC '20).
//! Stays true: `ask` never blocks; what was written before an `ask` is covered by the sync that
//! answers it, since the mark is taken after the question and before the sync.

use super::AuditFault;
use crate::limits::AUDIT_SEGMENTS_UNSYNCED_MAX;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// To the sync thread.
enum Job {
    /// Sync what is written.
    Sync,
    /// Sync what is written and answer.
    Answer,
    /// Everything after this goes to another file, newly created in the directory.
    Segment(Target),
}

/// A file, and how far it is written. The count belongs to the file: while the sync thread still
/// works on one segment, the writer may be filling the next.
struct Target {
    file: File,
    path: PathBuf,
    /// Entries handed to the kernel: all with a sequence number below this.
    written: Arc<AtomicU64>,
}

/// What the writer and its sync thread both know.
#[derive(Default)]
struct Shared {
    /// A `Job::Sync` is in the queue.
    asked: AtomicBool,
    /// Entries known to be on the disk: all below this.
    durable: AtomicU64,
    /// A sync failed.
    failed: AtomicBool,
}

/// The writer's end.
pub(super) struct GroupCommit {
    jobs: Option<Sender<Job>>,
    answers: Receiver<Result<(), AuditFault>>,
    /// Of the file that is being written.
    written: Arc<AtomicU64>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl GroupCommit {
    /// Starts the thread for a first file, whose directory entry is already durable.
    pub(super) fn start(
        dir: &Path,
        path: &Path,
        file: File,
        next_seq: u64,
    ) -> Result<GroupCommit, AuditFault> {
        let directory = File::open(dir).map_err(|e| AuditFault::io("open", dir, e))?;
        let (jobs, inbox) = bounded(AUDIT_SEGMENTS_UNSYNCED_MAX + 2); // + one Sync, one Answer
        let (outbox, answers) = bounded(1);
        let shared = Arc::new(Shared {
            durable: AtomicU64::new(next_seq),
            ..Shared::default()
        });
        let written = Arc::new(AtomicU64::new(next_seq));
        let target = Target {
            file,
            path: path.to_path_buf(),
            written: written.clone(),
        };
        let syncer = Syncer {
            directory,
            target,
            shared: shared.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("audit-sync".into())
            .spawn(move || syncer.run(inbox, outbox))
            .map_err(|e| AuditFault::io("start a sync thread for", path, e))?;
        Ok(GroupCommit {
            jobs: Some(jobs),
            answers,
            written,
            shared,
            thread: Some(thread),
        })
    }

    /// All entries below `next_seq` are in the kernel now.
    pub(super) fn wrote(&self, next_seq: u64) {
        self.written.store(next_seq, Ordering::Release);
    }

    /// Asks for a sync of what is written; returns at once.
    pub(super) fn ask(&self) {
        if self.shared.asked.swap(true, Ordering::AcqRel) {
            return; // one is in the queue, and will take its mark later than now
        }
        if self.send(Job::Sync).is_err() {
            // The queue is full of segments, each of which is synced anyway; or the thread has
            // failed, which `failed` tells.
            self.shared.asked.store(false, Ordering::Release);
        }
    }

    /// Syncs what is written; blocks until that is done.
    pub(super) fn wait(&self) -> Result<(), AuditFault> {
        let jobs = self.jobs.as_ref().ok_or(AuditFault::Stopped)?;
        jobs.send(Job::Answer).map_err(|_| AuditFault::Stopped)?;
        self.answers.recv().unwrap_or(Err(AuditFault::Stopped))
    }

    /// Hands over the file that everything from `next_seq` on goes to.
    pub(super) fn segment(
        &mut self,
        file: File,
        path: PathBuf,
        next_seq: u64,
    ) -> Result<(), AuditFault> {
        self.written = Arc::new(AtomicU64::new(next_seq));
        let written = self.written.clone();
        self.send(Job::Segment(Target {
            file,
            path,
            written,
        }))
        .map_err(|e| match e {
            TrySendError::Full(_) => AuditFault::Behind(AUDIT_SEGMENTS_UNSYNCED_MAX),
            TrySendError::Disconnected(_) => AuditFault::Stopped,
        })
    }

    /// Whether a sync has failed.
    pub(super) fn failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// All entries below this are on the disk.
    pub(super) fn durable(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    fn send(&self, job: Job) -> Result<(), TrySendError<Job>> {
        match &self.jobs {
            Some(jobs) => jobs.try_send(job),
            None => Err(TrySendError::Disconnected(job)),
        }
    }

    /// Ends the thread after what is in its queue.
    pub(super) fn stop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic there is a failed sync: `failed` was set on its way out.
            thread.join().ok();
        }
    }
}

/// The thread's end.
struct Syncer {
    directory: File,
    target: Target,
    shared: Arc<Shared>,
}

impl Syncer {
    fn run(mut self, inbox: Receiver<Job>, outbox: Sender<Result<(), AuditFault>>) {
        let fails = FailOnPanic(self.shared.clone());
        for job in inbox {
            let answer = matches!(job, Job::Answer);
            let done = self.work(job);
            let failed = done.is_err();
            if let Err(fault) = &done {
                tracing::error!(%fault, "the audit stops");
                self.shared.failed.store(true, Ordering::Release);
            }
            if answer {
                outbox.send(done).ok(); // the writer waits for it, or is gone
            }
            if failed {
                return;
            }
        }
        std::mem::forget(fails);
    }

    fn work(&mut self, job: Job) -> Result<(), AuditFault> {
        match job {
            Job::Answer => self.sync(),
            Job::Sync => {
                // Before the mark is taken: who writes later than the mark asks again.
                self.shared.asked.store(false, Ordering::Release);
                self.sync()
            }
            Job::Segment(next) => self.turn_to(next),
        }
    }

    fn sync(&self) -> Result<(), AuditFault> {
        let mark = self.target.written.load(Ordering::Acquire);
        if mark == self.shared.durable.load(Ordering::Acquire) {
            return Ok(());
        }
        let done = self.target.file.sync_data();
        done.map_err(|e| AuditFault::io("sync", &self.target.path, e))?;
        self.shared.durable.store(mark, Ordering::Release);
        Ok(())
    }

    fn turn_to(&mut self, next: Target) -> Result<(), AuditFault> {
        self.sync()?;
        let done = self.directory.sync_all();
        done.map_err(|e| AuditFault::io("sync the directory of", &next.path, e))?;
        self.target = next;
        Ok(())
    }
}

/// Sets `failed` unless it is forgotten: a sync thread that is gone syncs nothing.
struct FailOnPanic(Arc<Shared>);

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        self.0.failed.store(true, Ordering::Release);
    }
}
