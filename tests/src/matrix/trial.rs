//! One client through all cells of one mode.
//!
//! Owns: topics, the order of steps, and every judgement. What landed is read from the broker past
//! the gateway; what the client says is compared with what was put in. Stays true: a cell is green
//! only when its assertions ran; a client's word alone makes none green.

use super::capture::Capture;
use super::cells::{Cell, OTHERS, RECORDS};
use super::log::{self, Expected};
use super::records::{self, CELL_HEADER, Mode};
use super::subject::{Consume, History, MADE, Produce, SHARED_PARTITIONS, Subject};
use crate::batch::Record;
use crate::broker::Broker;
use crate::{names, tap};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;

/// What became of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its assertions ran and held.
    Green,
    /// The client cannot do it; why.
    Cannot(&'static str),
    /// What was expected and what came.
    Red(String),
}

/// The cells of one client in one mode.
pub type Outcomes = BTreeMap<Cell, Outcome>;

/// One client, one mode.
pub struct Trial<'a> {
    /// The broker behind it all.
    pub broker: &'a Broker,
    /// Whether the rules hit.
    pub mode: Mode,
    /// Whether there are rules: without a gateway there are none.
    pub ruled: bool,
    /// Whether the client writes nothing outside of a transaction.
    pub always_transactional: bool,
    /// Between client and gateway.
    pub capture: Option<&'a Capture>,
    /// Why the client cannot do a cell, if it cannot.
    pub cannot: &'a dyn Fn(Cell) -> Option<&'static str>,
    /// The cells to be run.
    pub cells: &'a [Cell],
}

impl Trial<'_> {
    /// Runs the cells.
    pub fn run(&self, subject: &mut dyn Subject) -> Outcomes {
        let mut outcomes = Outcomes::new();
        let mut wanted: Vec<Cell> = Vec::new();
        for cell in self.cells {
            match (self.cannot)(*cell) {
                Some(why) => drop(outcomes.insert(*cell, Outcome::Cannot(why))),
                None => wanted.push(*cell),
            }
        }
        let in_and_out: Vec<Cell> = RECORDS.into_iter().filter(|c| wanted.contains(c)).collect();
        let passed = self.in_and_out(subject, &in_and_out, &mut outcomes);
        for cell in OTHERS.into_iter().filter(|c| wanted.contains(c)) {
            let told = match cell {
                Cell::Resume => self.resume(subject),
                Cell::Rebalance => self.rebalance(subject),
                Cell::Bytes => self.bytes(&passed),
                Cell::Addresses => self.addresses(),
                _ => self.admin(subject, cell),
            };
            outcomes.insert(cell, outcome(told));
        }
        outcomes
    }

    /// Each cell is produced; then all are read by one consumer, and alone where that fails. The
    /// topics of those that passed.
    fn in_and_out(
        &self,
        subject: &mut dyn Subject,
        cells: &[Cell],
        outcomes: &mut Outcomes,
    ) -> Vec<String> {
        let mut stored = Vec::new();
        for cell in cells {
            match self.put_in(subject, *cell) {
                Ok(topic) => stored.push((*cell, topic)),
                Err(error) => drop(outcomes.insert(*cell, Outcome::Red(format!("{error:#}")))),
            }
        }
        let mut sorted = self.read(subject, &stored).unwrap_or_default();
        let mut passed = Vec::new();
        for (cell, topic) in stored {
            let mut told = self.compare(cell, sorted.remove(&cell.name()).unwrap_or_default());
            if told.is_err() {
                told = self
                    .read(subject, &[(cell, topic.clone())])
                    .and_then(|mut alone| {
                        self.compare(cell, alone.remove(&cell.name()).unwrap_or_default())
                    });
            }
            if told.is_ok() {
                passed.push(topic);
            }
            outcomes.insert(cell, outcome(told));
        }
        passed
    }

    /// Produces a cell's records and looks at what was stored; its topic.
    fn put_in(&self, subject: &mut dyn Subject, cell: Cell) -> Result<String> {
        let topic = self.topic(cell, 1)?;
        let aborted = cell.aborted(self.mode);
        if !aborted.is_empty() {
            let mut produce = Produce::new(&topic, aborted.clone());
            produce.idempotent = true;
            produce.transaction = Some((format!("{topic}-tx"), false));
            subject
                .produce(&produce)
                .context("producing what is aborted")?;
        }
        subject.produce(&cell.produce(&topic, self.mode))?;
        let mut records = aborted.clone();
        records.extend(cell.records(self.mode));
        let expected = Expected {
            records: self.in_the_log(&records),
            codec: match cell {
                Cell::Codec(codec) => codec,
                _ => "none",
            },
            producer_id: self.always_transactional
                || matches!(cell, Cell::Idempotent | Cell::Commit),
            in_transactions: match cell {
                _ if self.always_transactional => records.len(),
                Cell::Commit => records.len(),
                _ => aborted.len(),
            },
            ended: self.ended(cell),
        };
        log::check(self.broker, &topic, &expected)?;
        Ok(topic)
    }

    /// How the transactions in the cell's topic ended, in order.
    fn ended(&self, cell: Cell) -> Vec<bool> {
        let mut ended = Vec::new();
        if cell == Cell::Abort {
            ended.push(false);
        }
        if self.always_transactional || cell == Cell::Commit {
            ended.push(true);
        }
        ended
    }

    /// Reads the topics of these cells with one consumer; the records by their cell's name.
    fn read(
        &self,
        subject: &mut dyn Subject,
        stored: &[(Cell, String)],
    ) -> Result<BTreeMap<String, Vec<Record>>> {
        let count = stored
            .iter()
            .map(|(cell, _)| cell.records(self.mode).len())
            .sum();
        let consume = Consume {
            topics: stored.iter().map(|(_, topic)| topic.clone()).collect(),
            group: names::unique("matrix-group"),
            count,
        };
        let mut sorted: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        if count > 0 {
            for record in subject.consume(&consume)? {
                sorted.entry(cell_of(&record)).or_default().push(record);
            }
        }
        Ok(sorted)
    }

    fn compare(&self, cell: Cell, read: Vec<Record>) -> Result<()> {
        same(&self.at_the_client(&cell.records(self.mode)), &read)
    }

    fn resume(&self, subject: &mut dyn Subject) -> Result<()> {
        let topic = self.topic(Cell::Resume, 1)?;
        let records = Cell::Resume.records(self.mode);
        subject.produce(&Cell::Resume.produce(&topic, self.mode))?;
        let group = names::unique("matrix-group");
        for half in records.chunks(records.len() / 2) {
            let consume = Consume {
                topics: vec![topic.clone()],
                group: group.clone(),
                count: half.len(),
            };
            same(&self.at_the_client(half), &subject.consume(&consume)?)?;
        }
        Ok(())
    }

    fn rebalance(&self, subject: &mut dyn Subject) -> Result<()> {
        let topic = self.topic(Cell::Rebalance, SHARED_PARTITIONS)?;
        let history = subject.rebalance(&topic, &names::unique("matrix-group"))?;
        shared_fairly(&history).with_context(|| format!("the members owned {history:?}"))
    }

    fn admin(&self, subject: &mut dyn Subject, cell: Cell) -> Result<()> {
        let (partitions, retention) = MADE;
        if cell == Cell::Create {
            let topic = names::unique("matrix-create");
            let topic = subject.create(&topic)?;
            return log::has_partitions(self.broker, &topic, Some(partitions));
        }
        let topic = self.topic(cell, partitions)?;
        if cell == Cell::Delete {
            subject.delete(&topic)?;
            return log::has_partitions(self.broker, &topic, None);
        }
        let told = subject.describe(&topic)?;
        ensure!(
            told == (partitions, retention.to_owned()),
            "the client is told {told:?}"
        );
        Ok(())
    }

    /// Every stored batch was sent as it lies there, and received as it lies there.
    fn bytes(&self, topics: &[String]) -> Result<()> {
        let capture = self
            .capture
            .context("nothing is captured without a gateway")?;
        ensure!(!topics.is_empty(), "no cell before this one passed");
        let (sent, received) = (capture.sent(), capture.received());
        for topic in topics {
            for batch in self.broker.batches(topic, 0)? {
                if !log::is_control(&batch) {
                    match self.mode {
                        Mode::Clean => log::untouched(&batch, &sent, &received),
                        Mode::Hits => log::only_masked(&batch, &sent, &received),
                    }
                    .with_context(|| format!("{topic} at offset {}", batch.base_offset))?;
                }
            }
        }
        Ok(())
    }

    fn addresses(&self) -> Result<()> {
        let capture = self
            .capture
            .context("nothing is captured without a gateway")?;
        tap::no_leak(&capture.heard(), &self.broker.addresses())
    }

    fn topic(&self, cell: Cell, partitions: i32) -> Result<String> {
        let stem = format!("matrix-{}-{}", self.mode.stem(), cell.name());
        log::topic(self.broker, &stem, partitions, cell.topic_settings())
    }

    fn in_the_log(&self, records: &[Record]) -> Vec<Record> {
        match self.ruled {
            true => records::masked(records, false),
            false => records.to_vec(),
        }
    }

    fn at_the_client(&self, records: &[Record]) -> Vec<Record> {
        match self.ruled {
            true => records::masked(records, true),
            false => records.to_vec(),
        }
    }
}

fn outcome(told: Result<()>) -> Outcome {
    match told {
        Ok(()) => Outcome::Green,
        Err(error) => Outcome::Red(format!("{error:#}")),
    }
}

fn cell_of(record: &Record) -> String {
    let header = record
        .headers
        .iter()
        .find(|(name, _)| name == CELL_HEADER.as_bytes());
    let name = header.and_then(|(_, value)| value.as_deref());
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}

/// The same records in the same order; large ones are not printed.
pub(super) fn same(expected: &[Record], got: &[Record]) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    let short = |records: &[Record]| {
        let mut text = format!("{} {records:?}", records.len());
        if let Some((end, _)) = text.char_indices().nth(600) {
            text.truncate(end);
            text.push('…');
        }
        text
    };
    bail!("expected {}\ngot {}", short(expected), short(got))
}

fn shared_fairly(history: &History) -> Result<()> {
    let all: Vec<i32> = (0..SHARED_PARTITIONS).collect();
    ensure!(history.len() == 3, "{} moments", history.len());
    for (moment, members) in history.iter().zip([1, 2, 1]) {
        ensure!(moment.len() == members, "{} members", moment.len());
        let mut owned = moment.concat();
        owned.sort_unstable();
        ensure!(owned == all, "not every partition is owned once");
        ensure!(
            moment.iter().all(|m| m.len() * members == all.len()),
            "the shares are not equal"
        );
    }
    Ok(())
}
