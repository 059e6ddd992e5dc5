//! Kafka Streams: an application a step, exactly once.
//!
//! Streams carries on what it finds, so what is to be produced is laid past the gateway into a topic
//! that no rule is for; the application copies it, and that copy is what is judged.

use super::log;
use super::parts;
use super::program::Program;
use super::records;
use super::subject::{Consume, History, MADE, Produce, Subject};
use crate::batch::{Batch, Record};
use crate::broker::Broker;
use crate::target::Target;
use crate::wire::Wire;
use crate::{names, requests, toolbox};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

/// Records of one batch that is laid: a topic's `max.message.bytes` bounds it.
const LAID: &[(&str, &str)] = &[("max.message.bytes", "16777216")];

/// The program that runs the applications.
#[derive(Debug)]
pub struct Streams<'a> {
    program: Program,
    broker: &'a Broker,
}

impl<'a> Streams<'a> {
    /// Against `target`.
    pub fn start(target: &Target, broker: &'a Broker) -> Result<Streams<'a>> {
        let mut java = parts::jvm("worker")?;
        let state = toolbox::fresh_dir("matrix-streams-state")?;
        java.arg(format!("-Djava.io.tmpdir={}", state.display()));
        java.arg(toolbox::own_file("matrix/java/Streams.java"));
        let program = Program::start("streams", java, target)?;
        Ok(Streams { program, broker })
    }

    /// A topic with these records.
    fn laid(&self, records: &[Record]) -> Result<String> {
        let topic = log::topic(self.broker, "laid", 1, LAID)?;
        let mut wire = Wire::connect(&self.broker.plain())?;
        let batch = Batch::of(records.to_vec()).encode()?;
        let landed = requests::produce_one(&mut wire, &topic, 0, batch)?;
        ensure!(landed.code == 0, "{landed:?}");
        Ok(topic)
    }
}

impl Subject for Streams<'_> {
    fn produce(&mut self, produce: &Produce) -> Result<()> {
        let aborts = matches!(produce.transaction, Some((_, false)));
        let step = json!({
            "do": "copy",
            "from": self.laid(&produce.records)?,
            "topic": produce.topic,
            "group": names::unique("matrix-copy"),
            "codec": produce.codec,
            "count": produce.records.len(),
            "fails": aborts,
        });
        self.program.step(&step).map(drop)
    }

    fn consume(&mut self, consume: &Consume) -> Result<Vec<Record>> {
        let told = self.program.step(&json!({
            "do": "consume",
            "topics": consume.topics,
            "group": consume.group,
            "count": consume.count,
            "seconds": super::subject::SECONDS,
        }))?;
        let records = told["records"].as_array().context("no records")?;
        records.iter().map(records::from_json).collect()
    }

    fn rebalance(&mut self, topic: &str, group: &str) -> Result<History> {
        self.program.rebalance(topic, group)
    }

    /// A topic between two halves of an application, which it creates itself.
    fn create(&mut self, topic: &str) -> Result<String> {
        let name = "between";
        self.program.step(&json!({
            "do": "repartition",
            "from": self.laid(&[Record::of("nothing")])?,
            "name": name,
            "group": topic,
            "partitions": MADE.0,
        }))?;
        Ok(format!("{topic}-{name}-repartition"))
    }

    fn describe(&mut self, _topic: &str) -> Result<(i32, String)> {
        bail!("Streams tells its user nothing of a topic")
    }

    fn delete(&mut self, _topic: &str) -> Result<()> {
        bail!("Streams deletes no topic")
    }
}
