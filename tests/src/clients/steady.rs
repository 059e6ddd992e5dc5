//! Idempotent producers that send all the time, while a test does something to the brokers.
//!
//! Owns: starting and ending them, and what they were told. What they say is acknowledged must be in
//! the log, once and in the order of the answers.

use super::java;
use crate::node;
use crate::process::Process;
use crate::target::{Login, Target};
use crate::toolbox;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command};
use std::time::Duration;

const END_LIMIT: Duration = Duration::from_secs(90);

/// A producer under way: numbered values to every partition of a topic.
#[derive(Debug)]
pub struct Steady {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What it was told.
#[derive(Debug)]
pub struct Told {
    /// The acknowledged values by partition, in the order of the answers.
    pub acked: BTreeMap<i32, Vec<String>>,
    /// Sends that failed in the end.
    pub errors: Vec<String>,
}

impl Steady {
    /// The Java client. Returns when its first records are acknowledged.
    pub fn java(target: &Target, topic: &str, partitions: i32) -> Result<Steady> {
        let config = java::config(target);
        Steady::start(java::command("Steady")?, config, topic, partitions)
    }

    /// confluent-kafka. Returns when its first records are acknowledged.
    pub fn confluent(target: &Target, topic: &str, partitions: i32) -> Result<Steady> {
        let config = confluent_config(target);
        Steady::start(node::python("steady.py")?, config, topic, partitions)
    }

    fn start(
        command: Command,
        config: Map<String, Value>,
        topic: &str,
        partitions: i32,
    ) -> Result<Steady> {
        let log = toolbox::fresh_dir("steady")?.join("log");
        let mut process = Process::start("a steady producer", command, &log, true)?;
        let mut input = process.take_stdin()?;
        let job = json!({"config": config, "topic": topic, "partitions": partitions});
        writeln!(input, "{job}")?;
        let mut output = BufReader::new(process.take_stdout()?);
        let mut first = String::new();
        output.read_line(&mut first)?;
        ensure!(
            first.trim_end() == "begun",
            "it says {first:?}\n{}",
            process.tail(30)
        );
        Ok(Steady {
            process,
            input,
            output,
        })
    }

    /// Lets it send what it has, and ends it.
    pub fn stop(self) -> Result<Told> {
        let Steady {
            mut process,
            input,
            mut output,
        } = self;
        drop(input);
        let mut line = String::new();
        output.read_line(&mut line)?;
        process.wait(END_LIMIT)?;
        let told: Value = serde_json::from_str(&line)
            .with_context(|| format!("it says {line:?}\n{}", process.tail(30)))?;
        let acked = told["acked"].as_object().context("nothing acknowledged")?;
        let each = acked
            .iter()
            .map(|(partition, values)| Ok((partition.parse()?, strings(values))));
        Ok(Told {
            acked: each.collect::<Result<_>>()?,
            errors: strings(&told["errors"]),
        })
    }
}

/// The settings of confluent-kafka for this target.
pub fn confluent_config(target: &Target) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("bootstrap.servers".into(), json!(target.bootstrap));
    if let Login::Plain { token } = &target.login {
        config.insert("security.protocol".into(), json!("SASL_PLAINTEXT"));
        config.insert("sasl.mechanism".into(), json!("PLAIN"));
        config.insert("sasl.username".into(), json!("token"));
        config.insert("sasl.password".into(), json!(token));
    }
    config
}

fn strings(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}
