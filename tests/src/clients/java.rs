//! The Java client itself, by the small programs in `clients/java/`: JSON in, JSON out.

use crate::jars;
use crate::process;
use crate::target::{Login, Target};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::process::Command;
use std::time::Duration;

const JVM: &[&str] = &[
    "-Xmx192m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
];

/// The settings of a client that goes to this target.
pub fn config(target: &Target) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("bootstrap.servers".into(), json!(target.bootstrap));
    if let Login::Plain { token } = &target.login {
        config.insert("security.protocol".into(), json!("SASL_PLAINTEXT"));
        config.insert("sasl.mechanism".into(), json!("PLAIN"));
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
        config.insert(
            "sasl.jaas.config".into(),
            json!(format!(
                "{module} required username=\"token\" password=\"{token}\";"
            )),
        );
    }
    config
}

/// A program of `clients/java/`, to be started.
pub(super) fn command(class: &str) -> Result<Command> {
    jars::client(JVM, class)
}

/// Runs a program of `clients/java/` to its end: one job in, one line of JSON for each answer.
pub fn run(class: &str, job: &Value, limit: Duration) -> Result<Vec<Value>> {
    let input = format!("{job}\n");
    let output = process::run(command(class)?, input.as_bytes(), limit)?;
    let lines = output.out.lines().map(serde_json::from_str);
    let answers: Result<Vec<Value>, _> = lines.collect();
    let answers = answers.ok().filter(|_| output.success);
    answers.with_context(|| format!("{class} said:\n{}\n{}", output.out, output.err))
}
