//! confluent-kafka and kafkajs, by the small scripts in `clients/`: JSON in, one line of JSON out.

use super::{Client, Consume, Produce, RUN_LIMIT, Report};
use crate::target::{Login, Target};
use crate::{node, process, tls};
use anyhow::{Context, Result};
use serde_json::{Value, json};

pub(super) fn produce(client: Client, target: &Target, produce: &Produce) -> Result<Report> {
    let told = run(
        client,
        target,
        json!({
            "do": "produce",
            "topic": produce.topic,
            "lines": produce.lines,
            "codec": produce.codec,
            "acks": produce.acks,
            "idempotent": produce.idempotent,
            "seconds": produce.patience.as_secs(),
        }),
    )?;
    let clean =
        errors(&told).is_empty() && told["delivered"].as_u64() == Some(produce.lines.len() as u64);
    Ok(Report {
        clean,
        said: told.to_string(),
    })
}

pub(super) fn consume(
    client: Client,
    target: &Target,
    consume: &Consume,
) -> Result<(Vec<String>, String)> {
    let told = run(
        client,
        target,
        json!({
            "do": "consume",
            "topics": consume.topics,
            "count": consume.count,
            "group": consume.group,
            "seconds": consume.patience.as_secs(),
        }),
    )?;
    let values = told["values"].as_array().context("no values")?;
    let values = values
        .iter()
        .map(|v| v.as_str().unwrap_or_default().to_owned());
    Ok((values.collect(), errors(&told).join("\n")))
}

fn run(client: Client, target: &Target, mut job: Value) -> Result<Value> {
    job["bootstrap"] = json!(target.bootstrap);
    job["login"] = match &target.login {
        Login::None => Value::Null,
        Login::Plain { token } => json!({"mechanism": "PLAIN", "token": token}),
        Login::Bearer { token } => json!({"mechanism": "OAUTHBEARER", "token": token}),
        Login::User {
            mechanism,
            name,
            password,
        } => json!({"mechanism": mechanism, "username": name, "token": password}),
    };
    job["protocol"] = json!(target.protocol());
    job["authority"] = json!(target.authority);
    job["hosts"] = json!({ tls::DOMAIN: "127.0.0.1" });
    let command = match client {
        Client::Kafkajs => node::script("clients", "kafkajs.mjs")?,
        _ => node::python("confluent.py")?,
    };
    let output = process::run(command, job.to_string().as_bytes(), RUN_LIMIT)?;
    let line = output.out.lines().last().unwrap_or_default();
    serde_json::from_str(line)
        .with_context(|| format!("{client:?} said:\n{}\n{}", output.out, output.err))
}

fn errors(told: &Value) -> Vec<String> {
    let all = told["errors"].as_array().into_iter().flatten();
    all.map(|e| e.as_str().unwrap_or_default().to_owned())
        .collect()
}
