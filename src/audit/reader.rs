//! Reads one segment from front to back, whatever is in it.
//!
//! Owns: the way past damage. Refuses: to write, to believe a length before the frame's end and
//! checksum confirm it, to look for ever. Stays true: every byte of the file is part of exactly
//! one step; memory is bounded by the largest entry; the file's length is taken once, so a
//! segment that is still being written reads as a snapshot.
//!
//! A step says what the bytes are; whether they are what the chain expects is for the caller.

use super::AuditFault;
use super::entry::{Body, Hash, Unreadable, check, decode};
use super::segment::{
    FRAME_BYTES, FRAME_HEAD_BYTES, FrameHead, HEADER_BYTES, Header, HeaderFault, sha256,
};
use crate::limits::{AUDIT_READ_BYTES, AUDIT_RESYNC_TRIES_MAX};
use rkyv::util::AlignedVec;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What comes next in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A sound frame; `Reader` gives its bytes until the next step.
    Frame(FrameHead),
    /// Bytes that are no frame.
    Damaged(Damage),
    /// The end of the file.
    End,
}

/// A stretch of a segment that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong at its first byte.
    pub how: How,
    /// One past its last byte, from the start of the file: the next sound frame, or the end.
    pub to: u64,
    /// What comes behind it.
    pub behind: Behind,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum How {
    /// The file ends before the frame does.
    #[error("the file ends within an entry: {left} bytes are left of at least {needed}")]
    Unfinished {
        /// Bytes to the end of the file.
        left: u64,
        /// Bytes that the frame claims, or the least that one takes.
        needed: u64,
    },
    /// The length is impossible.
    #[error("an entry cannot be {0} bytes long")]
    Length(u32),
    /// The two lengths differ.
    #[error("the length before the entry is {before}, the one behind it {behind}")]
    Lengths {
        /// In the frame's first bytes.
        before: u32,
        /// In its last.
        behind: u32,
    },
    /// Bytes changed.
    #[error("the stored checksum is {stored:#010x}, the bytes give {computed:#010x}")]
    Checksum {
        /// What the frame says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
}

/// What is behind a damaged stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing: it reaches to the end of the file.
    Nothing,
    /// A sound frame.
    Frame,
    /// Nobody knows: too many places looked like a frame and were none.
    Unknown,
}

/// An open segment.
pub struct Reader {
    path: PathBuf,
    file: File,
    file_bytes: u64,
    /// What was last read from the file, and from where.
    window: Vec<u8>,
    window_at: u64,
    header: Result<Header, HeaderFault>,
    header_hash: Hash,
    /// Where the next step begins.
    next_at: u64,
    /// Where the last step began.
    step_at: u64,
    /// Highest sequence number seen: what is looked for behind damage is higher.
    seq_seen: Option<u64>,
    payload: AlignedVec,
}

impl Reader {
    /// Opens a segment for reading. A bad header is not an error here: frames behind it may still
    /// be read.
    pub fn open(path: &Path) -> Result<Reader, AuditFault> {
        let file = File::open(path).map_err(|e| AuditFault::io("open", path, e))?;
        let file_bytes = file
            .metadata()
            .map_err(|e| AuditFault::io("read", path, e))?
            .len();
        let mut reader = Reader {
            path: path.to_path_buf(),
            file,
            file_bytes,
            window: Vec::new(),
            window_at: 0,
            header: Err(HeaderFault::Short),
            header_hash: Hash::default(),
            next_at: 0,
            step_at: 0,
            seq_seen: None,
            payload: AlignedVec::new(),
        };
        let head_bytes = reader.file_bytes.min(HEADER_BYTES as u64);
        let head = reader.bytes(0, head_bytes as usize)?;
        let (header, hash) = (Header::decode(head), sha256(head));
        (reader.header, reader.header_hash, reader.next_at) = (header, hash, head_bytes);
        Ok(reader)
    }

    /// What the header says, or why it cannot be used.
    pub fn header(&self) -> Result<&Header, HeaderFault> {
        self.header.as_ref().map_err(|fault| *fault)
    }

    /// SHA-256 of the header's bytes, sound or not.
    pub fn header_hash(&self) -> Hash {
        self.header_hash
    }

    /// Length of the file when it was opened.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Where the last step began, from the start of the file.
    pub fn offset(&self) -> u64 {
        self.step_at
    }

    /// The next frame, damaged stretch, or the end.
    pub fn step(&mut self) -> Result<Step, AuditFault> {
        self.step_at = self.next_at;
        if self.next_at == self.file_bytes {
            return Ok(Step::End);
        }
        match self.frame_at(self.next_at)? {
            Ok(head) => {
                self.next_at += FRAME_BYTES as u64 + u64::from(head.len);
                self.seq_seen = self.seq_seen.max(Some(head.seq));
                Ok(Step::Frame(head))
            }
            Err(how) => {
                let (to, behind) = self.resync(self.step_at + 1)?;
                self.next_at = to;
                Ok(Step::Damaged(Damage { how, to, behind }))
            }
        }
    }

    /// SHA-256 of the frame that the last step gave.
    pub fn frame_hash(&mut self) -> Result<Hash, AuditFault> {
        let (at, n) = (self.step_at, (self.next_at - self.step_at) as usize);
        Ok(sha256(self.bytes(at, n)?))
    }

    /// Whether the payload of the frame that the last step gave is a valid value of its kind.
    pub fn check(&mut self, head: &FrameHead) -> Result<Result<(), Unreadable>, AuditFault> {
        self.load_payload(head)?;
        Ok(check(head.form, &self.payload))
    }

    /// The value in the frame that the last step gave.
    pub fn body(&mut self, head: &FrameHead) -> Result<Result<Body, Unreadable>, AuditFault> {
        self.load_payload(head)?;
        Ok(decode(head.form, &self.payload))
    }

    /// rkyv reads aligned bytes only; a frame may lie anywhere.
    fn load_payload(&mut self, head: &FrameHead) -> Result<(), AuditFault> {
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        let at = self.step_at + FRAME_HEAD_BYTES as u64;
        payload.extend_from_slice(self.bytes(at, head.len as usize)?);
        self.payload = payload;
        Ok(())
    }

    /// Tells whether a sound frame begins at `at`.
    fn frame_at(&mut self, at: u64) -> Result<Result<FrameHead, How>, AuditFault> {
        let left = self.file_bytes - at;
        if left < FRAME_BYTES as u64 {
            return Ok(Err(How::Unfinished {
                left,
                needed: FRAME_BYTES as u64,
            }));
        }
        let Some(head) = self
            .bytes(at, FRAME_HEAD_BYTES)?
            .first_chunk()
            .map(FrameHead::decode)
        else {
            return Ok(Err(How::Unfinished {
                left,
                needed: FRAME_BYTES as u64,
            }));
        };
        if !head.fits() {
            return Ok(Err(How::Length(head.len)));
        }
        let needed = FRAME_BYTES as u64 + u64::from(head.len);
        if needed > left {
            return Ok(Err(How::Unfinished { left, needed }));
        }
        let frame = self.bytes(at, needed as usize)?;
        let behind = frame
            .last_chunk()
            .map_or(0, |tail| u32::from_le_bytes(*tail));
        if behind != head.len {
            return Ok(Err(How::Lengths {
                before: head.len,
                behind,
            }));
        }
        let computed = crc_fast::crc32_iscsi(&frame[8..]);
        if computed != head.crc {
            return Ok(Err(How::Checksum {
                stored: head.crc,
                computed,
            }));
        }
        Ok(Ok(head))
    }

    /// Looks for the first sound frame from `from` on.
    fn resync(&mut self, from: u64) -> Result<(u64, Behind), AuditFault> {
        let mut tries = 0;
        let mut at = from;
        while at + FRAME_BYTES as u64 <= self.file_bytes {
            if self.looks_like_a_frame(at)? {
                if self.frame_at(at)?.is_ok() {
                    return Ok((at, Behind::Frame));
                }
                tries += 1;
                if tries == AUDIT_RESYNC_TRIES_MAX {
                    return Ok((self.file_bytes, Behind::Unknown));
                }
            }
            at += 1;
        }
        Ok((self.file_bytes, Behind::Nothing))
    }

    /// Cheap signs, so that few places cost a checksum.
    fn looks_like_a_frame(&mut self, at: u64) -> Result<bool, AuditFault> {
        let (left, seen) = (self.file_bytes - at, self.seq_seen);
        let Some(head) = self
            .bytes(at, FRAME_HEAD_BYTES)?
            .first_chunk()
            .map(FrameHead::decode)
        else {
            return Ok(false);
        };
        let fits = head.fits() && FRAME_BYTES as u64 + u64::from(head.len) <= left;
        Ok(fits && head.reserved == 0 && head.form.version != 0 && Some(head.seq) > seen)
    }

    /// `n` bytes from `at`; the caller has checked that the file has them. A file that shrinks
    /// under the reader is an I/O fault.
    fn bytes(&mut self, at: u64, n: usize) -> Result<&[u8], AuditFault> {
        let cached =
            at >= self.window_at && at + n as u64 <= self.window_at + self.window.len() as u64;
        if !cached {
            let take = (n.max(AUDIT_READ_BYTES) as u64)
                .min(self.file_bytes.saturating_sub(at))
                .max(n as u64);
            self.window.resize(take as usize, 0);
            self.window_at = at;
            if let Err(e) = self.file.read_exact_at(&mut self.window, at) {
                self.window.clear();
                return Err(AuditFault::io("read", &self.path, e));
            }
        }
        let from = (at - self.window_at) as usize;
        Ok(&self.window[from..from + n])
    }
}

#[cfg(test)]
mod tests;
