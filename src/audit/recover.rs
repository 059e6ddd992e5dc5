//! Finds the end of a chain after the run before, and repairs the one thing that may be repaired.
//!
//! Owns: the rule of what a crash explains. A bad tail with no sound frame behind it is an entry
//! that was being written: it is cut off, and that is recorded. Sound frames behind bad ones are
//! no such thing: the segment is left as it is, the chain goes on in a new one, that is recorded,
//! and `verify` fails. Refuses: to cut silently (as Kafka's own recovery does), to touch any
//! segment but the newest. Stays true: `verify` walks with the same reader and comes to the same end.

use super::AuditFault;
use super::entry::{Hash, Recovered, Root, Stopped};
use super::reader::{Behind, Damage, Reader, Step};
use super::segment::{HeaderFault, SegmentName};
use crate::limits::AUDIT_READ_BYTES;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// Where a chain ends.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Sequence number for the next entry.
    pub next_seq: u64,
    /// What the next header names as previous.
    pub hash: Hash,
    /// Epoch of the newest segment, if there is any.
    pub epoch: Option<u64>,
    /// What was found out of order, newest segment first.
    pub recovered: Vec<Recovered>,
}

/// All segments in `dir`, sorted by chain and age.
pub(super) fn segments_in(dir: &Path) -> Result<Vec<SegmentName>, AuditFault> {
    let fault = |e| AuditFault::io("list", dir, e);
    let mut names = Vec::new();
    for file in std::fs::read_dir(dir).map_err(fault)? {
        let name = file.map_err(fault)?.file_name();
        names.extend(name.to_str().and_then(SegmentName::parse));
    }
    names.sort();
    Ok(names)
}

/// Finds where the chain ends; cuts off what a crash left half-written.
pub(super) fn recover(dir: &Path, chain: &str) -> Result<End, AuditFault> {
    let mut names = segments_in(dir)?;
    names.retain(|n| n.chain == chain);
    let mut end = End {
        epoch: names.last().map(|n| n.epoch),
        ..End::default()
    };
    while let Some(name) = names.pop() {
        let segment = name.to_string();
        let path = dir.join(&segment);
        let mut walk = Walk::new(&path, name.first_seq)?;
        walk.read_all()?;
        let mut found = Recovered {
            segment,
            last_seq: walk.next_seq.checked_sub(1),
            last_at: walk.last_at,
            quarantined: walk.broken,
            ..Recovered::default()
        };
        if walk.header.is_err() && walk.hash.is_none() {
            found.last_seq = None;
            if is_torn_header(&path)? {
                // Created in the last moment before a power cut: it holds nothing.
                found.cut_at = Some(0);
                found.cut_bytes = walk.reader.file_bytes();
                std::fs::remove_file(&path).map_err(|e| AuditFault::io("remove", &path, e))?;
                sync_directory(dir)?;
            }
            end.recovered.push(found);
            continue; // the chain's end is in the segment before
        }
        if let (Some(at), false) = (walk.torn_at, walk.broken) {
            found.cut_at = Some(at);
            found.cut_bytes = walk.reader.file_bytes() - at;
            cut(&path, at)?;
        }
        if !walk.stopped || walk.broken || walk.torn_at.is_some() {
            end.recovered.push(found);
        }
        end.next_seq = walk.next_seq;
        end.hash = walk.hash.unwrap_or(walk.reader.header_hash());
        break;
    }
    Ok(end)
}

/// One segment, front to back.
struct Walk {
    reader: Reader,
    header: Result<(), HeaderFault>,
    next_seq: u64,
    /// Of the last sound frame.
    hash: Option<Hash>,
    last_at: Option<i64>,
    /// Whether the last sound frame says that the chain was closed.
    stopped: bool,
    /// Where a bad tail begins.
    torn_at: Option<u64>,
    /// Something that a crash does not explain.
    broken: bool,
}

impl Walk {
    fn new(path: &Path, first_seq: u64) -> Result<Walk, AuditFault> {
        let reader = Reader::open(path)?;
        let header = reader.header().map(|_| ());
        let broken = header.is_err();
        let (hash, last_at, torn_at) = (None, None, None);
        Ok(Walk {
            reader,
            header,
            next_seq: first_seq,
            hash,
            last_at,
            stopped: false,
            torn_at,
            broken,
        })
    }

    fn read_all(&mut self) -> Result<(), AuditFault> {
        loop {
            match self.reader.step()? {
                Step::Frame(head) => {
                    let previous = self.hash.unwrap_or(self.reader.header_hash());
                    self.broken |= head.previous != previous || head.seq != self.next_seq;
                    self.next_seq = head.seq.saturating_add(1);
                    self.hash = Some(self.reader.frame_hash()?);
                    self.last_at = Some(head.at.0);
                    self.stopped = head.form == Stopped::default().form();
                }
                Step::Damaged(Damage {
                    behind: Behind::Nothing,
                    ..
                }) => {
                    self.torn_at = Some(self.reader.offset());
                }
                Step::Damaged(_) => self.broken = true,
                Step::End => return Ok(()),
            }
        }
    }
}

/// Whether a file with a bad header is one whose first bytes never reached the disk: shorter than
/// a header, or all zeros.
fn is_torn_header(path: &Path) -> Result<bool, AuditFault> {
    let fault = |e| AuditFault::io("read", path, e);
    let mut file = File::open(path).map_err(fault)?;
    if file.metadata().map_err(fault)?.len() < super::segment::HEADER_BYTES as u64 {
        return Ok(true);
    }
    let mut part = vec![0; AUDIT_READ_BYTES];
    loop {
        match file.read(&mut part).map_err(fault)? {
            0 => return Ok(true),
            n if part[..n].iter().any(|b| *b != 0) => return Ok(false),
            _ => {}
        }
    }
}

fn cut(path: &Path, at: u64) -> Result<(), AuditFault> {
    let file = OpenOptions::new().write(true).open(path);
    let file = file.map_err(|e| AuditFault::io("open", path, e))?;
    file.set_len(at)
        .map_err(|e| AuditFault::io("cut", path, e))?;
    file.sync_all().map_err(|e| AuditFault::io("sync", path, e))
}

/// Makes created and removed names durable.
pub(super) fn sync_directory(dir: &Path) -> Result<(), AuditFault> {
    let synced = File::open(dir).and_then(|d| d.sync_all());
    synced.map_err(|e| AuditFault::io("sync", dir, e))
}
