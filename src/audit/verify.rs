//! Checks that the audit is as it was written, and says where it is not.
//!
//! Owns: what is expected of every byte: header, frame, checksum, sequence, chain, payload, and
//! that each segment a chain or a `started` entry names is there. Refuses: to write. Stays true:
//! all faults are found in one pass, each with file, offset and what was expected; memory is
//! bounded by the largest entry and `limits::AUDIT_FAULTS_LISTED_MAX`.
//!
//! What a chain alone cannot show: that its newest entries were cut off at an entry's edge, or that
//! everything was written anew. Each chain's head (sequence number and hash) is in the report;
//! kept elsewhere, it shows both.

use super::AuditFault;
use super::entry::{Body, Hash, Opened, Root, Started, Stopped};
use super::reader::{Behind, Damage, How, Reader, Step};
use super::recover::segments_in;
use super::segment::{FrameHead, HeaderFault, SegmentName};
use crate::limits::AUDIT_FAULTS_LISTED_MAX;
use std::collections::HashMap;
use std::path::Path;

mod fault;
pub use fault::{Fault, Wrong};

/// What `verify` found.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// The chains, by name.
    pub chains: Vec<Chain>,
    /// Faults, in the order of the files, up to `limits::AUDIT_FAULTS_LISTED_MAX`.
    pub faults: Vec<Fault>,
    /// Faults that are not listed.
    pub more_faults: u64,
}

/// One chain, as far as it can be read.
#[derive(Debug, Default, serde::Serialize)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Segments.
    pub segments: u64,
    /// Entries that can be read.
    pub entries: u64,
    /// The last of them; none in a chain without entries.
    pub head: Option<Head>,
    /// Whether it was closed in good order. If not, the gateway runs, or it crashed, or the end
    /// was cut off.
    pub stopped: bool,
    /// Bytes of an unfinished last entry that `live` forgave.
    pub unfinished_bytes: u64,
}

/// The last entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Head {
    /// Its sequence number.
    pub seq: u64,
    /// Its SHA-256.
    #[serde(serialize_with = "fault::hex")]
    pub hash: Hash,
}

impl Report {
    /// Nothing is wrong, as far as the chains alone can show.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(&mut self, fault: Fault) {
        if self.faults.len() < AUDIT_FAULTS_LISTED_MAX {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }
}

/// Checks a directory. With `live`, an entry that is still being written at the very end of a
/// chain is no fault.
pub fn verify(dir: &Path, live: bool) -> Result<Report, AuditFault> {
    let names = segments_in(dir)?;
    let mut check = Check {
        live,
        ..Check::default()
    };
    check.foreign_files(dir)?;
    if names.is_empty() && check.report.is_clean() {
        return Err(AuditFault::NoSegments(dir.into()));
    }
    for (i, name) in names.iter().enumerate() {
        let newest = names.get(i + 1).is_none_or(|next| next.chain != name.chain);
        check.segment(dir, name, newest)?;
    }
    check.opened_are_there();
    Ok(check.report)
}

#[derive(Default)]
struct Check {
    live: bool,
    report: Report,
    /// SHA-256 of every segment's header, by file name.
    headers: HashMap<String, Hash>,
    /// What `started` entries name, with the place of the entry.
    opened: Vec<(Opened, Place)>,
    end: End,
}

/// How the chain stands after what was read of it.
#[derive(Default)]
struct End {
    next_seq: u64,
    hash: Hash,
}

/// Where something was found.
#[derive(Clone, Debug)]
struct Place {
    file: String,
    offset: u64,
    seq: Option<u64>,
}

impl Place {
    fn is(&self, wrong: Wrong) -> Fault {
        Fault {
            file: self.file.clone(),
            offset: self.offset,
            seq: self.seq,
            wrong,
        }
    }
}

impl Check {
    /// A segment under a name that is none would otherwise be overlooked.
    fn foreign_files(&mut self, dir: &Path) -> Result<(), AuditFault> {
        let fault = |e| AuditFault::io("list", dir, e);
        for file in std::fs::read_dir(dir).map_err(fault)? {
            let name = file.map_err(fault)?.file_name();
            let name = name.to_string_lossy();
            if name.contains(".seg") && SegmentName::parse(&name).is_none() {
                let place = Place {
                    file: name.into_owned(),
                    offset: 0,
                    seq: None,
                };
                self.report.add(place.is(Wrong::FileName));
            }
        }
        Ok(())
    }

    fn segment(&mut self, dir: &Path, name: &SegmentName, newest: bool) -> Result<(), AuditFault> {
        let file = name.to_string();
        let mut reader = Reader::open(&dir.join(&file))?;
        self.begin_chain(name);
        let place = Place {
            file,
            offset: 0,
            seq: None,
        };
        self.header(&reader, name, &place, newest);
        self.headers
            .insert(place.file.clone(), reader.header_hash());
        let mut frames = 0;
        let mut expect = End {
            next_seq: name.first_seq,
            hash: reader.header_hash(),
        };
        // A frame behind damage names a frame that cannot be read: nothing to compare with.
        let mut lost_track = reader.header().is_err();
        loop {
            let step = reader.step()?;
            let mut place = Place {
                offset: reader.offset(),
                ..place.clone()
            };
            match step {
                Step::End => break,
                Step::Damaged(damage) => {
                    self.damaged(&place, expect.next_seq, damage, newest);
                    lost_track = true;
                }
                Step::Frame(head) => {
                    place.seq = Some(head.seq);
                    self.frame(&place, &head, &expect, lost_track);
                    self.payload(&mut reader, &head, &place)?;
                    expect = End {
                        next_seq: head.seq.saturating_add(1),
                        hash: reader.frame_hash()?,
                    };
                    self.note_head(&head, expect.hash);
                    (lost_track, frames) = (false, frames + 1);
                }
            }
        }
        if frames > 0 || reader.header().is_ok() {
            self.end = expect;
        }
        Ok(())
    }

    fn begin_chain(&mut self, name: &SegmentName) {
        if self
            .report
            .chains
            .last()
            .is_none_or(|c| c.name != name.chain)
        {
            self.report.chains.push(Chain {
                name: name.chain.clone(),
                ..Chain::default()
            });
            self.end = End::default();
        }
        if let Some(chain) = self.report.chains.last_mut() {
            chain.segments += 1;
            chain.stopped = false;
        }
    }

    fn header(&mut self, reader: &Reader, name: &SegmentName, place: &Place, newest: bool) {
        let header = match reader.header() {
            Ok(header) => header.clone(),
            // Created this moment: its header is being written.
            Err(HeaderFault::Short) if self.live && newest => return,
            Err(fault) => return self.report.add(place.is(Wrong::Header(fault))),
        };
        if header.name != *name {
            self.report.add(place.is(Wrong::Renamed {
                header: header.name.to_string(),
            }));
        }
        if header.name.first_seq != self.end.next_seq {
            let (expected, found) = (self.end.next_seq, header.name.first_seq);
            self.report
                .add(place.is(Wrong::FirstSeq { expected, found }));
        }
        if header.previous != self.end.hash {
            let (expected, found) = (self.end.hash, header.previous);
            self.report
                .add(place.is(Wrong::PreviousSegment { expected, found }));
        }
    }

    fn damaged(&mut self, place: &Place, expected: u64, damage: Damage, newest: bool) {
        let Damage { how, to, behind } = damage;
        let bytes = to - place.offset;
        let cut_short = matches!(how, How::Unfinished { .. }) && behind == Behind::Nothing;
        if !(newest && cut_short) {
            return self.report.add(place.is(Wrong::Damaged {
                expected,
                how,
                bytes,
                behind,
            }));
        }
        match (self.live, self.report.chains.last_mut()) {
            (true, Some(chain)) => chain.unfinished_bytes = bytes,
            _ => self
                .report
                .add(place.is(Wrong::UnfinishedTail { expected, bytes })),
        }
    }

    fn frame(&mut self, place: &Place, head: &FrameHead, expect: &End, lost_track: bool) {
        if head.seq != expect.next_seq {
            let (expected, found) = (expect.next_seq, head.seq);
            self.report.add(place.is(Wrong::Seq { expected, found }));
        }
        if !lost_track && head.previous != expect.hash {
            let (expected, found) = (expect.hash, head.previous);
            self.report
                .add(place.is(Wrong::Previous { expected, found }));
        }
        if head.reserved != 0 {
            self.report.add(place.is(Wrong::Reserved(head.reserved)));
        }
    }

    fn payload(
        &mut self,
        reader: &mut Reader,
        head: &FrameHead,
        place: &Place,
    ) -> Result<(), AuditFault> {
        if head.form != Started::default().form() {
            if let Err(reason) = reader.check(head)? {
                self.report
                    .add(place.is(Wrong::Payload(reason.to_string())));
            }
            return Ok(());
        }
        match reader.body(head)? {
            Ok(Body::Started(started)) => {
                self.opened
                    .extend(started.cores.into_iter().map(|o| (o, place.clone())));
            }
            Ok(_) => {}
            Err(reason) => self
                .report
                .add(place.is(Wrong::Payload(reason.to_string()))),
        }
        Ok(())
    }

    fn note_head(&mut self, head: &FrameHead, hash: Hash) {
        if let Some(chain) = self.report.chains.last_mut() {
            chain.entries += 1;
            chain.head = Some(Head {
                seq: head.seq,
                hash,
            });
            chain.stopped = head.form == Stopped::default().form();
        }
    }

    /// A chain that was removed whole is missed by none of the others, save through `started`.
    fn opened_are_there(&mut self) {
        for (opened, place) in std::mem::take(&mut self.opened) {
            match self.headers.get(&opened.segment) {
                Some(found) if *found == opened.header => {}
                Some(found) => {
                    let (expected, found) = (opened.header, *found);
                    self.report.add(place.is(Wrong::OpenedOther {
                        segment: opened.segment,
                        expected,
                        found,
                    }));
                }
                None => self.report.add(place.is(Wrong::OpenedMissing {
                    segment: opened.segment,
                })),
            }
        }
    }
}

#[cfg(test)]
mod tests;
