//! Kafka's own console tools, a JVM a step: `kafka-console-producer`, `kafka-console-consumer` and
//! `kafka-topics`, by their classes.
//!
//! Options have the names that 3.9 and 4.x both know.

use super::subject::{Consume, History, MADE, Produce, SECONDS, SHARED_PARTITIONS, Subject};
use crate::batch::Record;
use crate::jars::{self, Version};
use crate::process::{self, Output, Process};
use crate::target::{Login, Target};
use crate::{toolbox, wait};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const JVM: [&str; 4] = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
];
const RUN_LIMIT: Duration = Duration::from_secs(SECONDS + 20);
/// None of the records has these.
const NULL: &str = "<null>";
const FIELD_END: &str = "\x1f";
const HEADER_END: &str = "\x1e";
const NAME_END: &str = ":";
/// What a member logs of its assignment, at the level INFO.
const ASSIGNED: &str = "Adding newly assigned partitions: ";
const REVOKED: &str = "Revoke previously assigned partitions";

/// The tools.
#[derive(Debug)]
pub struct Console {
    version: Version,
    bootstrap: String,
    config: PathBuf,
}

impl Console {
    /// Against `target`.
    pub fn new(target: &Target, version: Version) -> Result<Console> {
        let config = toolbox::fresh_dir("matrix-console")?.join("client.properties");
        let login = match &target.login {
            Login::Plain { token } => format!(
                "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n\
                 sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
                 username=\"token\" password=\"{token}\";\n"
            ),
            _ => String::new(),
        };
        fs::write(&config, login)?;
        Ok(Console {
            version,
            bootstrap: target.bootstrap.clone(),
            config,
        })
    }

    fn tool(&self, class: &str, config: &str, level: &str) -> Result<Command> {
        let level = format!("-Dtest.loglevel={level}");
        let options: Vec<&str> = JVM.into_iter().chain([level.as_str()]).collect();
        let mut java = jars::tool(self.version, &options, class)?;
        java.args(["--bootstrap-server", &self.bootstrap, config]);
        java.arg(&self.config);
        Ok(java)
    }

    fn producer(&self) -> &'static str {
        match self.version {
            Version::Newest => "org.apache.kafka.tools.ConsoleProducer",
            Version::V3_9 => "kafka.tools.ConsoleProducer",
        }
    }

    fn consumer(&self, group: &str, level: &str) -> Result<Command> {
        let mut java = self.tool(CONSUMER, "--consumer.config", level)?;
        java.args(["--group", group, "--from-beginning"]);
        for property in [
            "check.crcs=true",
            "isolation.level=read_committed",
            "session.timeout.ms=10000",
            "heartbeat.interval.ms=300",
        ] {
            java.args(["--consumer-property", property]);
        }
        Ok(java)
    }

    fn member(&self, topic: &str, group: &str) -> Result<Process> {
        let mut java = self.consumer(group, "INFO")?;
        java.args(["--topic", topic]);
        let log = toolbox::fresh_dir("matrix-console")?.join("log");
        Process::start("kafka-console-consumer", java, &log, false)
    }

    fn topics(&self, args: &[&str]) -> Result<Output> {
        let mut java = self.tool(TOPICS, "--command-config", "WARN")?;
        java.args(args);
        succeeded(process::run(java, b"", RUN_LIMIT)?)
    }
}

impl Subject for Console {
    fn produce(&mut self, produce: &Produce) -> Result<()> {
        let mut java = self.tool(self.producer(), "--producer.config", "WARN")?;
        java.args([
            "--topic",
            &produce.topic,
            "--compression-codec",
            produce.codec,
        ]);
        let (acks, idempotent) = (produce.acks.to_string(), produce.idempotent.to_string());
        for (key, value) in [
            ("acks", acks.as_str()),
            ("enable.idempotence", &idempotent),
            ("max.request.size", "16777216"),
            ("batch.size", "16384"),
            ("delivery.timeout.ms", "20000"),
            ("request.timeout.ms", "10000"),
            ("linger.ms", "50"),
        ] {
            java.args(["--producer-property", &format!("{key}={value}")]);
        }
        for (key, value) in [
            ("parse.key", "true"),
            ("parse.headers", "true"),
            ("key.separator", FIELD_END),
            ("headers.delimiter", FIELD_END),
            ("headers.separator", HEADER_END),
            ("headers.key.separator", NAME_END),
            ("null.marker", NULL),
        ] {
            java.args(["--property", &format!("{key}={value}")]);
        }
        let lines: Vec<String> = produce.records.iter().map(line).collect();
        let output = process::run(java, (lines.join("\n") + "\n").as_bytes(), RUN_LIMIT)?;
        // Failed sends are logged; the exit code knows nothing of them.
        ensure!(!output.err.contains("ERROR"), "{}", output.err);
        succeeded(output).map(drop)
    }

    fn consume(&mut self, consume: &Consume) -> Result<Vec<Record>> {
        let mut java = self.consumer(&consume.group, "WARN")?;
        java.args(["--include", &consume.topics.join("|")]);
        java.args(["--max-messages", &consume.count.to_string()]);
        java.args(["--timeout-ms", &(SECONDS * 1000).to_string()]);
        for (key, value) in [
            ("print.key", "true"),
            ("print.headers", "true"),
            ("key.separator", FIELD_END),
            ("headers.separator", HEADER_END),
            ("null.literal", NULL),
        ] {
            java.args(["--property", &format!("{key}={value}")]);
        }
        let output = process::run(java, b"", RUN_LIMIT)?;
        // What is not a record is a warning of the tool's about its options.
        let lines = output.out.lines().filter(|line| line.contains(FIELD_END));
        lines.map(read).collect()
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

    fn create(&mut self, topic: &str) -> Result<String> {
        let (partitions, retention) = (MADE.0.to_string(), format!("retention.ms={}", MADE.1));
        let args = [
            "--create",
            "--topic",
            topic,
            "--partitions",
            &partitions,
            "--config",
            &retention,
        ];
        self.topics(&args)?;
        Ok(topic.to_owned())
    }

    /// It prints `Topic: t TopicId: … PartitionCount: 3 … Configs: retention.ms=3600000,…`.
    fn describe(&mut self, topic: &str) -> Result<(i32, String)> {
        let said = self.topics(&["--describe", "--topic", topic])?.out;
        let after = |word: &str| -> Result<&str> {
            let rest = said
                .split(word)
                .nth(1)
                .with_context(|| format!("no {word} in {said}"))?;
            rest.trim_start()
                .split([',', '\t', ' ', '\n'])
                .next()
                .context("nothing")
        };
        Ok((
            after("PartitionCount:")?.parse()?,
            after("retention.ms=")?.to_owned(),
        ))
    }

    fn delete(&mut self, topic: &str) -> Result<()> {
        self.topics(&["--delete", "--topic", topic]).map(drop)
    }
}

fn succeeded(output: Output) -> Result<Output> {
    if !output.success {
        bail!("{}{}", output.out, output.err);
    }
    Ok(output)
}

/// `header:value␞header:value␟key␟value`, as the producer parses and the consumer prints it.
fn line(record: &Record) -> String {
    let text = |bytes: &Option<Bytes>| match bytes {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => NULL.to_owned(),
    };
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| format!("{}{NAME_END}{}", String::from_utf8_lossy(name), text(value)));
    let headers: Vec<String> = headers.collect();
    [
        headers.join(HEADER_END),
        text(&record.key),
        text(&record.value),
    ]
    .join(FIELD_END)
}

fn read(line: &str) -> Result<Record> {
    let text = |text: &str| (text != NULL).then(|| Bytes::from(text.to_owned()));
    let mut fields = line.splitn(3, FIELD_END);
    let mut next = || {
        fields
            .next()
            .with_context(|| format!("a short line: {line}"))
    };
    let headers = next()?.split(HEADER_END).filter_map(|header| {
        let (name, value) = header.split_once(NAME_END)?;
        Some((name.to_owned().into(), text(value)))
    });
    Ok(Record {
        headers: headers.collect(),
        key: text(next()?),
        value: text(next()?),
    })
}

/// Waits until the last thing a member was assigned is so many partitions; which ones.
fn owns(member: &Process, count: usize) -> Result<Vec<i32>> {
    let limit = Duration::from_secs(SECONDS);
    wait::until_ok(
        &format!("the member to own {count} partitions"),
        limit,
        || {
            let said = member.logged();
            let last = said
                .lines()
                .rfind(|line| line.contains(ASSIGNED) || line.contains(REVOKED));
            let assigned = last
                .and_then(|line| line.split(ASSIGNED).nth(1))
                .unwrap_or_default();
            // The logger's name follows in parentheses.
            let names = assigned.split(" (").next().unwrap_or_default();
            let names = names
                .trim_matches(['[', ']', ' '])
                .split(", ")
                .filter(|name| !name.is_empty());
            let numbers =
                names.map(|name| Ok(name.rsplit('-').next().unwrap_or_default().parse()?));
            let mut owned = numbers.collect::<Result<Vec<i32>>>()?;
            owned.sort_unstable();
            ensure!(owned.len() == count, "it owns {owned:?}");
            Ok(owned)
        },
    )
}
