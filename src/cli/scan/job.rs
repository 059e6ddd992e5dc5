//! One input, from its first byte to its tally.
//!
//! Owns: the loops over blocks of text and over batches of a segment. Refuses: to stop at a batch that
//! cannot be read while the next one can be found. Stays true: what was not read is told as a fault; a
//! fault in one input says nothing of the next.

use super::blocks::Blocks;
use super::choose::Choice;
use super::crew::{Closed, Voice};
use super::examine::{Examiner, Portion};
use super::input::Input;
use super::kind::{Format, Kind};
use super::lines::Lines;
use super::places::Places;
use super::progress::Progress;
use super::rewrite::Rewriter;
use super::segment::{Next, Segment};
use super::tally::Tally;
use super::{json, table};
use crate::chunk::Field;
use crate::kafka::batch::{self, Batch, BatchFault, Bodies, Fields};
use crate::limits::{SCAN_BLOCK_BYTES, SCAN_LINE_OVERLAP_BYTES, SUMMARY_SAMPLE_BYTES_MAX};
use crate::scan;
use crate::schema::registered::Registered;
use std::io::{self, ErrorKind, Read};

/// What every input of a run has in common.
pub struct Job<'r> {
    /// The detectors.
    pub choice: &'r Choice,
    /// What records of a segment are read by.
    pub schema: Option<&'r Registered>,
    /// What inputs are said to be.
    pub format: Format,
    /// Whether findings are told as JSON.
    pub json: bool,
    /// Whether places are kept with masked text.
    pub samples: bool,
    /// Where read bytes are counted.
    pub progress: &'r Progress,
}

/// Why an input is not read on.
enum Halt {
    Read(io::Error),
    Write(io::Error),
    Closed,
}

impl From<Closed> for Halt {
    fn from(_: Closed) -> Halt {
        Halt::Closed
    }
}

/// One input while it is read.
struct Reading<'r, 'v, 'c> {
    job: &'r Job<'r>,
    input: &'r Input,
    voice: &'v mut Voice<'c, Tally>,
    examiner: Examiner<'r>,
    tally: Tally,
}

impl Job<'_> {
    /// Reads an input to its end; masks it, where there is a rewriter.
    pub fn read(
        &self,
        input: &Input,
        rewriter: Option<Rewriter>,
        voice: &mut Voice<'_, Tally>,
    ) -> Tally {
        let mut reading = Reading {
            job: self,
            input,
            voice,
            examiner: Examiner::new(self.choice).by(self.schema),
            tally: Tally::default(),
        };
        let opened = match input.open(self.format) {
            Ok(opened) => opened,
            Err(fault) => {
                reading.tally.fault(fault);
                return reading.tally;
            }
        };
        reading.tally.kind = Some(opened.kind);
        let ended = match opened.kind {
            Kind::Text | Kind::Ndjson => reading.text(opened.bytes, rewriter),
            Kind::Segment if rewriter.is_some() => {
                reading.tally.fault(
                    "masks rewrite text; a log segment's records are masked by a gateway on their way",
                );
                Ok(())
            }
            Kind::Segment => reading.segment(opened.bytes),
        };
        reading.end(ended)
    }
}

impl Reading<'_, '_, '_> {
    fn text(&mut self, from: impl Read, mut rewriter: Option<Rewriter>) -> Result<(), Halt> {
        let mut blocks = Blocks::new(from, SCAN_BLOCK_BYTES, SCAN_LINE_OVERLAP_BYTES);
        while let Some(block) = blocks.next().map_err(Halt::Read)? {
            let body = blocks.bytes(&block);
            self.portion(&Portion {
                body,
                fields: Lines::new(body),
                record: block.line,
                within: block.within,
                owned: block.owned.clone(),
                binary: false,
            })?;
            if let Some(rewriter) = &mut rewriter {
                let counted = self.examiner.counted();
                let written = rewriter.block(body, counted, block.owned.end, block.release);
                written.map_err(Halt::Write)?;
            }
            self.advance(block.release);
            self.tally.records = blocks.lines_before();
        }
        match rewriter {
            Some(rewriter) => rewriter.finish().map_err(Halt::Write),
            None => Ok(()),
        }
    }

    fn segment(&mut self, from: impl Read) -> Result<(), Halt> {
        let (mut segment, mut bodies) = (Segment::new(from), Bodies::new());
        let mut control = 0;
        loop {
            match segment.next().map_err(Halt::Read)? {
                Next::End => break,
                Next::Tail(tail) if tail.is_sound() => self.tally.notes.push(tail.to_string()),
                Next::Tail(tail) => self.tally.fault(tail),
                Next::Batch(batch) => {
                    let (at, bytes) = (segment.at(), segment.bytes());
                    control += u64::from(batch.header.is_control());
                    match open(&mut bodies, bytes, &batch) {
                        Ok(body) => self.batch(body, &batch)?,
                        Err(fault) => {
                            let told =
                                format!("the record batch at byte {at} was not read: {fault}");
                            self.tally.fault(told);
                        }
                    }
                    self.advance(bytes.len());
                    // Numbers go on as the header says, also where the body cannot be read.
                    self.tally.records += u64::try_from(batch.header.records_count).unwrap_or(0);
                }
            }
        }
        if control > 0 {
            let batches = table::counted(control, "control batch", "control batches");
            let note = format!("{batches} with markers of transactions, not data");
            self.tally.notes.push(note);
        }
        Ok(())
    }

    fn batch(&mut self, body: &[u8], batch: &Batch) -> Result<(), Halt> {
        if batch.header.is_control() {
            return Ok(());
        }
        let fields = Fields::new(body, batch.header.records_count).map_while(Result::ok);
        self.portion(&Portion {
            body,
            fields,
            record: self.tally.records,
            within: 0,
            owned: 0..body.len(),
            binary: true,
        })
    }

    fn portion<F>(&mut self, portion: &Portion<'_, F>) -> Result<(), Halt>
    where
        F: Iterator<Item = Field> + Clone,
    {
        self.examiner.examine(portion);
        let found = self.examiner.found();
        let mut places = Places::new(portion.body, self.examiner.walker());
        for seen in self.examiner.seen(portion) {
            let sample = || {
                let safe = |max| scan::sample(portion.body, seen.field, found, max);
                self.job.samples.then(|| safe(SUMMARY_SAMPLE_BYTES_MAX))
            };
            self.tally.add(&seen, sample);
            if self.job.json {
                let name = self.job.choice.name(seen.finding.detector);
                let path = places.path(&seen);
                let line = |to: &mut Vec<u8>| json::write(to, &self.input.name, name, &path, &seen);
                self.voice.line(line)?;
            }
        }
        // A pipe's reader sees what was found before the next block is waited for.
        Ok(self.voice.flush()?)
    }

    fn advance(&mut self, bytes: usize) {
        self.tally.bytes += bytes as u64;
        self.job.progress.add(bytes as u64);
    }

    fn end(mut self, ended: Result<(), Halt>) -> Tally {
        match ended {
            Ok(()) | Err(Halt::Closed) => {}
            Err(Halt::Write(e)) if e.kind() == ErrorKind::BrokenPipe => {}
            Err(Halt::Write(e)) => {
                let told = format!("the masked text cannot be written: {e}");
                self.tally.fault(told);
            }
            Err(Halt::Read(e)) => {
                let at = self.tally.bytes;
                let told = format!("it cannot be read on from about byte {at}: {e}");
                self.tally.fault(told);
            }
        }
        self.tally
    }
}

/// The body of a batch that was found in `records`, if it is whole and sound.
pub fn open<'a>(
    bodies: &'a mut Bodies,
    records: &'a [u8],
    batch: &Batch,
) -> Result<&'a [u8], BatchFault> {
    let bytes = records.get(batch.span.clone()).unwrap_or_default();
    if !batch::check_crc(bytes) {
        return Err(BatchFault::Crc);
    }
    let body = bodies.open(records, batch)?;
    batch::check_records(body, batch.header.records_count)?;
    Ok(body)
}
