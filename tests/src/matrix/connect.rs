//! A Connect worker in distributed mode, driven by its REST interface.
//!
//! A source connector sends what is to be produced and a sink connector keeps what is consumed, both
//! of `matrix/java/Connectors.java`. A worker is exactly-once or not for all its sources, so
//! transactions get a worker of their own.

use super::parts;
use super::records;
use super::subject::{Consume, History, MADE, Produce, SECONDS, SHARED_PARTITIONS, Subject};
use crate::batch::Record;
use crate::broker::Broker;
use crate::process::Process;
use crate::target::{Login, Target};
use crate::{http, names, ports, toolbox, wait};
use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const WORKER: &str = "org.apache.kafka.connect.cli.ConnectDistributed";
const START_LIMIT: Duration = Duration::from_secs(90);
const STEP_LIMIT: Duration = Duration::from_secs(SECONDS);

/// A running worker.
#[derive(Debug)]
struct Worker {
    rest: String,
    process: Process,
}

/// The workers, and the files their connectors read and write.
#[derive(Debug)]
pub struct Connect<'a> {
    target: Target,
    broker: &'a Broker,
    dir: PathBuf,
    plain: Worker,
    exact: Option<Worker>,
}

impl Worker {
    fn start(target: &Target, exactly_once: bool) -> Result<Worker> {
        let dir = toolbox::fresh_dir("matrix-connect")?;
        let rest = format!("127.0.0.1:{}", ports::one()?);
        fs::write(
            dir.join("worker.properties"),
            settings(target, &rest, exactly_once),
        )?;
        let mut java = parts::jvm_with("worker", "Connectors.java")?;
        java.arg(WORKER).arg(dir.join("worker.properties"));
        let process = Process::start("Connect", java, &dir.join("log"), false)?;
        let worker = Worker { rest, process };
        wait::until_ok("the worker's REST interface", START_LIMIT, || {
            let answer = http::get(&worker.rest, "/connectors", &[])?;
            ensure!(
                answer.status == 200,
                "it says {}: {}",
                answer.status,
                worker.process.tail(5)
            );
            Ok(())
        })?;
        Ok(worker)
    }

    /// Creates or changes a connector; a worker that rebalances says 409.
    fn put(&self, name: &str, config: &Value) -> Result<()> {
        wait::until_ok("the connector to be taken", STEP_LIMIT, || {
            let path = format!("/connectors/{name}/config");
            let answer = http::request(&self.rest, "PUT", &path, &[], &config.to_string())?;
            ensure!(matches!(answer.status, 200 | 201), "{}", answer.body);
            Ok(())
        })
    }

    fn delete(&self, name: &str) -> Result<()> {
        wait::until_ok("the connector to be deleted", STEP_LIMIT, || {
            let path = format!("/connectors/{name}");
            let answer = http::request(&self.rest, "DELETE", &path, &[], "")?;
            ensure!(matches!(answer.status, 204 | 404), "{}", answer.body);
            Ok(())
        })
    }

    /// What a task says of its failure, if it has failed.
    fn trace(&self, name: &str) -> String {
        let status = http::get(&self.rest, &format!("/connectors/{name}/status"), &[]);
        let told = status.and_then(|answer| answer.json()).unwrap_or_default();
        let trace = told["tasks"][0]["trace"].as_str().unwrap_or_default();
        trace
            .lines()
            .rfind(|line| line.starts_with("Caused by"))
            .unwrap_or(trace)
            .to_owned()
    }
}

impl<'a> Connect<'a> {
    /// Against `target`.
    pub fn start(target: &Target, broker: &'a Broker) -> Result<Connect<'a>> {
        Ok(Connect {
            target: target.clone(),
            broker,
            dir: toolbox::fresh_dir("matrix-connectors")?,
            plain: Worker::start(target, false)?,
            exact: None,
        })
    }

    fn source(&self, topic: &str, records: &[Record]) -> Result<(String, Value)> {
        let name = names::unique("source");
        let file = self.dir.join(&name);
        let lines: Vec<String> = records
            .iter()
            .map(|r| records::to_json(r).to_string())
            .collect();
        fs::write(&file, lines.join("\n") + "\n")?;
        let config = json!({
            "connector.class": "lockgate.matrix.Connectors$Source",
            "tasks.max": "1",
            "file": file,
            "to": topic,
            "producer.override.max.request.size": "16777216",
            "producer.override.linger.ms": "20",
            "producer.override.delivery.timeout.ms": "20000",
            "producer.override.request.timeout.ms": "10000",
        });
        Ok((name, config))
    }

    fn sink(&self, topics: &[String], count: usize, tasks: usize) -> (PathBuf, Value) {
        let file = self.dir.join(names::unique("sink"));
        let config = json!({
            "connector.class": "lockgate.matrix.Connectors$Sink",
            "tasks.max": tasks.to_string(),
            "topics": topics.join(","),
            "file": file,
            "count": count.to_string(),
            "consumer.override.auto.offset.reset": "earliest",
            "consumer.override.isolation.level": "read_committed",
            "consumer.override.session.timeout.ms": "10000",
            "consumer.override.heartbeat.interval.ms": "300",
        });
        (file, config)
    }

    /// Waits until the topic has so many more records than before.
    fn await_records(&self, worker: &Worker, name: &str, topic: &str, count: usize) -> Result<()> {
        wait::until_ok("the records to be in the log", STEP_LIMIT, || {
            let there = self.broker.records(topic, 0)?.len();
            ensure!(there >= count, "{there} are; {}", worker.trace(name));
            Ok(())
        })
    }
}

impl Subject for Connect<'_> {
    fn produce(&mut self, produce: &Produce) -> Result<()> {
        let before = self.broker.records(&produce.topic, 0)?.len();
        if produce.transaction.is_some() && self.exact.is_none() {
            self.exact = Some(Worker::start(&self.target, true)?);
        }
        let (name, mut config) = self.source(&produce.topic, &produce.records)?;
        let worker = match (&produce.transaction, &self.exact) {
            (Some((_, commit)), Some(exact)) => {
                config["transaction.boundary"] = json!("connector");
                config["exactly.once.support"] = json!("required");
                config["aborts"] = json!((!commit).to_string());
                exact
            }
            _ => {
                config["producer.override.acks"] = json!(produce.acks.to_string());
                config["producer.override.compression.type"] = json!(produce.codec);
                config["producer.override.enable.idempotence"] =
                    json!(produce.idempotent.to_string());
                &self.plain
            }
        };
        if matches!(produce.transaction, Some((_, true))) {
            config["transaction.boundary"] = json!("poll");
        }
        worker.put(&name, &config)?;
        let told = self.await_records(
            worker,
            &name,
            &produce.topic,
            before + produce.records.len(),
        );
        worker.delete(&name)?;
        told
    }

    fn consume(&mut self, consume: &Consume) -> Result<Vec<Record>> {
        let (file, config) = self.sink(&consume.topics, consume.count, 1);
        self.plain.put(&consume.group, &config)?;
        let read = || fs::read_to_string(&file).unwrap_or_default();
        let told = wait::until("the sink to have it all", STEP_LIMIT, || {
            (read().lines().count() >= consume.count).then_some(())
        });
        let trace = self.plain.trace(&consume.group);
        self.plain.delete(&consume.group)?;
        if told.is_err() && !trace.is_empty() {
            bail!("{trace}");
        }
        read()
            .lines()
            .map(|line| records::from_json(&serde_json::from_str(line)?))
            .collect()
    }

    /// The members are the tasks of one sink.
    fn rebalance(&mut self, topic: &str, group: &str) -> Result<History> {
        let topics = [topic.to_owned()];
        let (file, mut config) = self.sink(&topics, usize::MAX >> 33, 1);
        let mut history = History::new();
        for members in [1, 2, 1] {
            config["tasks.max"] = json!(members.to_string());
            self.plain.put(group, &config)?;
            let each = SHARED_PARTITIONS as usize / members;
            let owned = wait::until_ok("the tasks to share", STEP_LIMIT, || {
                let owned: Vec<Vec<i32>> = (0..members)
                    .map(|task| {
                        let text = fs::read_to_string(format!("{}.owned.{task}", file.display()))?;
                        Ok(serde_json::from_str(&text)?)
                    })
                    .collect::<Result<_>>()?;
                ensure!(
                    owned.iter().all(|one| one.len() == each),
                    "they own {owned:?}"
                );
                Ok(owned)
            })?;
            history.push(owned);
        }
        self.plain.delete(group)?;
        Ok(history)
    }

    /// A source's topic is created by the worker.
    fn create(&mut self, topic: &str) -> Result<String> {
        let (name, mut config) = self.source(topic, &[Record::of("nothing")])?;
        config["topic.creation.default.partitions"] = json!(MADE.0.to_string());
        config["topic.creation.default.replication.factor"] = json!("1");
        config["topic.creation.default.retention.ms"] = json!(MADE.1);
        self.plain.put(&name, &config)?;
        let told = self.await_records(&self.plain, &name, topic, 1);
        self.plain.delete(&name)?;
        told.map(|()| topic.to_owned())
    }

    fn describe(&mut self, _topic: &str) -> Result<(i32, String)> {
        bail!("Connect tells its user nothing of a topic")
    }

    fn delete(&mut self, _topic: &str) -> Result<()> {
        bail!("Connect deletes no topic")
    }
}

fn settings(target: &Target, rest: &str, exactly_once: bool) -> String {
    let group = names::unique("connect");
    let support = if exactly_once { "enabled" } else { "disabled" };
    let mut text = format!(
        "bootstrap.servers={}\ngroup.id={group}\nlisteners=http://{rest}\n\
         key.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.storage.StringConverter\n\
         header.converter=org.apache.kafka.connect.storage.StringConverter\n\
         config.storage.topic={group}-config\nconfig.storage.replication.factor=1\n\
         offset.storage.topic={group}-offsets\noffset.storage.replication.factor=1\n\
         offset.storage.partitions=1\noffset.flush.interval.ms=1000\n\
         status.storage.topic={group}-status\nstatus.storage.replication.factor=1\n\
         status.storage.partitions=1\nplugin.discovery=only_scan\n\
         scheduled.rebalance.max.delay.ms=0\nexactly.once.source.support={support}\n",
        target.bootstrap
    );
    if let Login::Plain { token } = &target.login {
        for role in ["", "producer.", "consumer.", "admin."] {
            text.push_str(&format!(
                "{role}security.protocol=SASL_PLAINTEXT\n{role}sasl.mechanism=PLAIN\n\
                 {role}sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
                 required username=\"token\" password=\"{token}\";\n"
            ));
        }
    }
    text
}
