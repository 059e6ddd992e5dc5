//! Writes one chain: one per core, and one for the control thread.
//!
//! Owns: the chain's lock, its newest segment, the buffer in front of it. Refuses: to retry. A
//! failed write or sync is final: `failed` stays true and every later call is an error, so its
//! owner stops taking requests. Stays true: sequence numbers have no gap; an entry is in exactly one
//! segment; `append` makes no system call unless the buffer or the segment is full, and allocates
//! nothing once its scratch has grown; a run never writes into a segment of the run before.
//!
//! | call | afterwards an entry survives |
//! | --- | --- |
//! | `append` | nothing yet |
//! | `flush` | the end of the process |
//! | `request_sync` | the same, and within one sync a power cut |
//! | `sync` | a power cut |

use super::AuditFault;
use super::entry::{Entry, Hash, Opened, Oversized, Recovered, Root, Stopped, Tier};
use super::group_commit::GroupCommit;
use super::recover::{recover, sync_directory};
use super::segment::{
    FRAME_BYTES, HEADER_BYTES, Header, SegmentName, is_chain_name, push_frame, sha256,
};
use crate::chunk::UnixMillis;
use crate::limits::{AUDIT_BUFFER_BYTES, AUDIT_ENTRY_BYTES_MAX, AUDIT_SEGMENT_BYTES_MAX};
use rkyv::util::AlignedVec;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Appends to one chain. Owned by one thread at a time.
pub struct Writer {
    dir: PathBuf,
    segment: SegmentName,
    opened: Opened,
    file: File,
    commit: GroupCommit,
    /// Frames that the kernel does not have yet.
    buffer: Vec<u8>,
    scratch: AlignedVec,
    next_seq: u64,
    /// Of the last frame, or of the header.
    previous: Hash,
    /// The segment's size with what is in the buffer.
    segment_bytes: u64,
    segment_bytes_max: u64,
    failed: bool,
    /// Held while this lives: two writers would fork the chain.
    _lock: File,
}

impl Writer {
    /// Opens the chain `name` in `dir` (created if missing, readable by its owner alone), finds
    /// its end, repairs a half-written tail and begins a new segment. What was out of order stands
    /// in the chain, synced, when this returns; the newest of it is returned for the log.
    pub fn open(
        dir: &Path,
        name: &str,
        now: UnixMillis,
    ) -> Result<(Writer, Option<Recovered>), AuditFault> {
        if !is_chain_name(name) {
            return Err(AuditFault::ChainName(name.into()));
        }
        let created = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        created.map_err(|e| AuditFault::io("create", dir, e))?;
        let lock = lock(&dir.join(format!("{name}.lock")))?;
        let end = recover(dir, name)?;
        let clock = u64::try_from(now.0).unwrap_or(0);
        let segment = SegmentName {
            chain: name.into(),
            epoch: end
                .epoch
                .map_or(clock, |last| clock.max(last.saturating_add(1))),
            first_seq: end.next_seq,
        };
        let (path, file, opened) = create(dir, &segment, now, end.hash)?;
        file.sync_all()
            .map_err(|e| AuditFault::io("sync", &path, e))?;
        sync_directory(dir)?;
        let clone = file
            .try_clone()
            .map_err(|e| AuditFault::io("open", &path, e))?;
        let mut writer = Writer {
            dir: dir.into(),
            segment,
            file,
            commit: GroupCommit::start(dir, &path, clone, end.next_seq)?,
            buffer: Vec::with_capacity(AUDIT_BUFFER_BYTES),
            scratch: AlignedVec::new(),
            next_seq: end.next_seq,
            previous: opened.header,
            opened,
            segment_bytes: HEADER_BYTES as u64,
            segment_bytes_max: AUDIT_SEGMENT_BYTES_MAX,
            failed: false,
            _lock: lock,
        };
        for found in &end.recovered {
            writer.append_root(now, found)?;
        }
        writer.sync()?;
        Ok((writer, end.recovered.into_iter().next()))
    }

    /// Adds an entry; returns its sequence number. See `append_root`.
    pub fn append(&mut self, entry: &Entry) -> Result<u64, AuditFault> {
        self.append_root(entry.at, entry.body.root())
    }

    /// Adds an entry that its owner keeps for re-use (`Traffic`); returns its sequence number. One
    /// that is over `limits::AUDIT_ENTRY_BYTES_MAX` is replaced by an `oversized` that names it, so
    /// nothing a client sends can stop a core.
    pub fn append_root(&mut self, at: UnixMillis, root: &dyn Root) -> Result<u64, AuditFault> {
        if self.failed() {
            return Err(AuditFault::Stopped);
        }
        self.encode(root)?;
        let mut form = root.form();
        if self.scratch.len() > AUDIT_ENTRY_BYTES_MAX {
            let stand_in = Oversized {
                was: root.name().into(),
                bytes: self.scratch.len() as u64,
                sha256: sha256(&self.scratch),
            };
            self.scratch = AlignedVec::new(); // nothing that large is kept
            self.encode(&stand_in)?;
            form = stand_in.form();
        }
        self.make_room(at)?;
        let seq = self.next_seq;
        self.previous = push_frame(
            &mut self.buffer,
            seq,
            at,
            form,
            &self.previous,
            &self.scratch,
        );
        // A directory can claim any number; past the last one `verify` fails and nothing panics.
        self.next_seq = self.next_seq.saturating_add(1);
        self.segment_bytes += (FRAME_BYTES + self.scratch.len()) as u64;
        Ok(seq)
    }

    /// Does what a tier demands before the effect of what was appended.
    pub fn commit(&mut self, tier: Tier) -> Result<(), AuditFault> {
        match tier {
            Tier::Interval => Ok(()),
            Tier::Kernel => {
                self.flush()?;
                self.commit.ask();
                Ok(())
            }
            Tier::Durable => self.sync(),
        }
    }

    /// Hands everything to the kernel.
    pub fn flush(&mut self) -> Result<(), AuditFault> {
        if self.failed() {
            return Err(AuditFault::Stopped);
        }
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Err(e) = self.file.write_all(&self.buffer) {
            self.failed = true;
            return Err(AuditFault::io(
                "write",
                &self.dir.join(self.segment.to_string()),
                e,
            ));
        }
        self.buffer.clear();
        self.commit.wrote(self.next_seq);
        Ok(())
    }

    /// Hands everything to the kernel and waits until it is on the disk. Blocks: for the control
    /// thread only.
    pub fn sync(&mut self) -> Result<(), AuditFault> {
        self.flush()?;
        let done = self.commit.wait();
        self.failed |= done.is_err();
        done
    }

    /// Hands everything to the kernel and has it synced as soon as the disk is free; never waits
    /// for the disk. A failure shows in `failed`.
    pub fn request_sync(&mut self) {
        if self.flush().is_ok() {
            self.commit.ask();
        }
    }

    /// Whether a write or sync has failed. Final.
    pub fn failed(&self) -> bool {
        self.failed || self.commit.failed()
    }

    /// All entries with a sequence number below this are on the disk.
    pub fn durable(&self) -> u64 {
        self.commit.durable()
    }

    /// Sequence number of the next entry.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Bytes that wait for a flush.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The segment with which this run began, for the control chain's `started`.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Ends the chain in good order: a last entry, synced.
    pub fn close(mut self, now: UnixMillis, cause: &str) -> Result<(), AuditFault> {
        self.append_root(
            now,
            &Stopped {
                cause: cause.into(),
            },
        )?;
        self.sync()
    }

    fn encode(&mut self, root: &dyn Root) -> Result<(), AuditFault> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let fault = |e: rkyv::rancor::Error| AuditFault::Encode {
            kind: root.name(),
            reason: e.to_string(),
        };
        self.scratch = root.encode(scratch).map_err(fault)?;
        Ok(())
    }

    /// Makes the payload in `scratch` fit into segment and buffer.
    fn make_room(&mut self, at: UnixMillis) -> Result<(), AuditFault> {
        let frame = FRAME_BYTES + self.scratch.len();
        let begun = self.segment_bytes > HEADER_BYTES as u64;
        if begun && self.segment_bytes + frame as u64 > self.segment_bytes_max {
            self.flush()?;
            let turned = self.turn_segment(at);
            self.failed |= turned.is_err();
            return turned;
        }
        if !self.buffer.is_empty() && self.buffer.len() + frame > AUDIT_BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Goes on in a new segment; the sync thread makes the old one and the new name durable.
    fn turn_segment(&mut self, at: UnixMillis) -> Result<(), AuditFault> {
        self.segment.first_seq = self.next_seq;
        let (path, file, opened) = create(&self.dir, &self.segment, at, self.previous)?;
        let clone = file
            .try_clone()
            .map_err(|e| AuditFault::io("open", &path, e))?;
        self.commit.segment(clone, path, self.next_seq)?;
        self.file = file;
        self.previous = opened.header;
        self.segment_bytes = HEADER_BYTES as u64;
        Ok(())
    }
}

impl Drop for Writer {
    /// Without `close` the next run says that this one did not end in good order; what was
    /// appended is still worth keeping.
    fn drop(&mut self) {
        self.flush().ok();
        self.commit.stop();
    }
}

/// Creates a segment and writes its header.
fn create(
    dir: &Path,
    segment: &SegmentName,
    now: UnixMillis,
    previous: Hash,
) -> Result<(PathBuf, File, Opened), AuditFault> {
    let path = dir.join(segment.to_string());
    let header = Header {
        name: segment.clone(),
        opened_at: now,
        previous,
    }
    .encode();
    let file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    let mut file = file.map_err(|e| AuditFault::io("create", &path, e))?;
    file.write_all(&header)
        .map_err(|e| AuditFault::io("write", &path, e))?;
    Ok((
        path,
        file,
        Opened {
            segment: segment.to_string(),
            header: sha256(&header),
        },
    ))
}

fn lock(path: &Path) -> Result<File, AuditFault> {
    let fault = |e| AuditFault::io("lock", path, e);
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(AuditFault::InUse(path.into())),
        Err(std::fs::TryLockError::Error(e)) => Err(fault(e)),
    }
}

#[cfg(test)]
mod tests;
