//! kcat, as Debian ships it: a process a step.

use super::records::CELL_HEADER;
use super::subject::{Consume, History, Produce, SECONDS, SHARED_PARTITIONS, Subject};
use crate::batch::Record;
use crate::process::{self, Process};
use crate::target::{Login, Target};
use crate::{toolbox, wait};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

const RUN_LIMIT: Duration = Duration::from_secs(SECONDS + 10);
/// Between key and value on a line; none of the records has it.
const KEY_END: &str = "\x1f";
const LARGE: &str = "16777216";

/// The tool.
#[derive(Debug)]
pub struct Kcat {
    target: Target,
}

/// Its version and that of its librdkafka.
pub fn title() -> Result<String> {
    let mut kcat = toolbox::command("kcat")?;
    kcat.arg("-V");
    let output = process::run(kcat, b"", RUN_LIMIT)?;
    let after = |word: &str| {
        let rest = output.out.split(word).nth(1).unwrap_or_default();
        rest.split([' ', ')', ','])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    Ok(format!(
        "kcat {} (librdkafka {})",
        after("Version "),
        after("librdkafka ")
    ))
}

impl Kcat {
    /// Against `target`.
    pub fn new(target: &Target) -> Kcat {
        Kcat {
            target: target.clone(),
        }
    }

    fn command(&self, settings: &[(&str, &str)]) -> Result<Command> {
        let mut kcat = toolbox::command("kcat")?;
        kcat.args(["-b", &self.target.bootstrap]);
        if let Login::Plain { token } = &self.target.login {
            set(&mut kcat, "security.protocol", "SASL_PLAINTEXT");
            set(&mut kcat, "sasl.mechanisms", "PLAIN");
            set(&mut kcat, "sasl.username", "token");
            set(&mut kcat, "sasl.password", token);
        }
        for (key, value) in settings {
            set(&mut kcat, key, value);
        }
        Ok(kcat)
    }

    /// A producer: headers are the same for all its records, and empty is null.
    fn producer(&self, produce: &Produce) -> Result<Command> {
        let (acks, idempotent) = (produce.acks.to_string(), produce.idempotent.to_string());
        let mut kcat = self.command(&[
            ("acks", &acks),
            ("enable.idempotence", &idempotent),
            ("message.timeout.ms", "20000"),
            ("message.max.bytes", LARGE),
        ])?;
        if let Some((id, _)) = &produce.transaction {
            set(&mut kcat, "transactional.id", id);
        }
        kcat.args([
            "-P",
            "-Z",
            "-t",
            &produce.topic,
            "-z",
            produce.codec,
            "-K",
            KEY_END,
        ]);
        let first = produce.records.first().context("no records")?;
        for (name, value) in &first.headers {
            let value = value.as_deref().unwrap_or_default();
            let header = format!(
                "{}={}",
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(value)
            );
            kcat.args(["-H", &header]);
        }
        Ok(kcat)
    }

    /// A member that prints what it is assigned and never ends by itself.
    fn member(&self, topic: &str, group: &str) -> Result<Process> {
        let mut kcat = self.command(&[
            ("session.timeout.ms", "10000"),
            ("heartbeat.interval.ms", "300"),
        ])?;
        kcat.args(["-G", group, topic]);
        let log = toolbox::fresh_dir("matrix-kcat")?.join("log");
        Process::start("kcat", kcat, &log, false)
    }
}

impl Subject for Kcat {
    fn produce(&mut self, produce: &Produce) -> Result<()> {
        let kcat = self.producer(produce)?;
        let commits = !matches!(produce.transaction, Some((_, false)));
        ensure!(commits, "kcat aborts only when it is interrupted");
        let output = process::run(kcat, &lines(&produce.records), RUN_LIMIT)?;
        ensure!(
            output.success && !output.err.contains("failed"),
            "{}",
            output.err
        );
        Ok(())
    }

    fn consume(&mut self, consume: &Consume) -> Result<Vec<Record>> {
        let mut kcat = self.command(&[
            ("auto.offset.reset", "earliest"),
            ("isolation.level", "read_committed"),
            ("check.crcs", "true"),
            ("session.timeout.ms", "10000"),
            ("heartbeat.interval.ms", "300"),
            ("receive.message.max.bytes", "67108864"),
        ])?;
        kcat.args([
            "-q",
            "-J",
            "-c",
            &consume.count.to_string(),
            "-G",
            &consume.group,
        ]);
        kcat.args(&consume.topics);
        let output = process::run(kcat, b"", RUN_LIMIT)?;
        ensure!(output.success, "{}", output.err);
        output.out.lines().map(read).collect()
    }

    fn rebalance(&mut self, topic: &str, group: &str) -> Result<History> {
        let half = SHARED_PARTITIONS as usize / 2;
        let first = self.member(topic, group)?;
        let mut history = vec![vec![owns(&first, 2 * half)?]];
        let mut second = self.member(topic, group)?;
        history.push(vec![owns(&first, half)?, owns(&second, half)?]);
        second.signal(libc::SIGTERM);
        second.wait(RUN_LIMIT)?;
        history.push(vec![owns(&first, 2 * half)?]);
        Ok(history)
    }

    fn create(&mut self, _topic: &str) -> Result<String> {
        bail!("kcat creates no topics")
    }

    fn describe(&mut self, _topic: &str) -> Result<(i32, String)> {
        bail!("kcat describes no configuration")
    }

    fn delete(&mut self, _topic: &str) -> Result<()> {
        bail!("kcat deletes no topics")
    }
}

/// Keys and values, a record a line.
fn lines(records: &[Record]) -> Vec<u8> {
    let mut lines = Vec::new();
    for record in records {
        lines.extend_from_slice(record.key.as_deref().unwrap_or_default());
        lines.extend_from_slice(KEY_END.as_bytes());
        lines.extend_from_slice(record.value.as_deref().unwrap_or_default());
        lines.push(b'\n');
    }
    lines
}

/// A record as `-J` prints it: headers are names and values in turn.
fn read(line: &str) -> Result<Record> {
    let told: Value = serde_json::from_str(line)?;
    let text = |value: &Value| value.as_str().map(|s| Bytes::from(s.to_owned()));
    let flat = told["headers"].as_array().cloned().unwrap_or_default();
    let headers = flat.chunks(2).map(|pair| {
        let name = text(&pair[0]).unwrap_or_default();
        (name, pair.get(1).and_then(text))
    });
    let headers: Vec<_> = headers.collect();
    ensure!(
        headers
            .iter()
            .any(|(name, _)| name == CELL_HEADER.as_bytes()),
        "a record of no cell: {line}"
    );
    Ok(Record {
        key: text(&told["key"]),
        value: text(&told["payload"]),
        headers,
    })
}

/// Waits until the last thing it was assigned is so many partitions; which ones.
///
/// It says `% Group g rebalanced (memberid m): assigned: t [0], t [1]`.
fn owns(member: &Process, count: usize) -> Result<Vec<i32>> {
    let limit = Duration::from_secs(SECONDS);
    wait::until_ok(&format!("kcat to own {count} partitions"), limit, || {
        let said = member.logged();
        let last = said
            .lines()
            .rfind(|line| line.contains("): assigned: ") || line.contains("): revoked: "));
        let assigned = last
            .and_then(|line| line.split("): assigned: ").nth(1))
            .unwrap_or_default();
        let numbers = assigned
            .split('[')
            .skip(1)
            .map(|rest| rest.split(']').next().unwrap_or_default().parse::<i32>());
        let mut owned = numbers.collect::<Result<Vec<i32>, _>>()?;
        owned.sort_unstable();
        ensure!(owned.len() == count, "it owns {owned:?}");
        Ok(owned)
    })
}

fn set(kcat: &mut Command, key: &str, value: &str) {
    kcat.args(["-X", &format!("{key}={value}")]);
}
