//! krafka, told on standard input what to do: a line of JSON a step, a line of JSON an answer.

mod steps;

use anyhow::{Context, Result};
use krafka::Kafka;
use krafka::auth::AuthConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::time::Duration;
use steps::Step;

#[derive(Deserialize)]
struct Job {
    bootstrap: String,
    login: Option<Login>,
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

async fn connect(job: &Job) -> Result<Kafka> {
    let mut builder = Kafka::builder(&job.bootstrap).client_id("lockgate-matrix-krafka").request_timeout(Duration::from_secs(10));
    if let Some(Login { token }) = &job.login {
        builder = builder.security(AuthConfig::sasl_plain("token", token));
    }
    Ok(builder.connect().await?)
}

async fn carry_out(job: &Job, step: &Step) -> Result<Value> {
    let kafka = connect(job).await?;
    match step.what.as_str() {
        "produce" => steps::produce(&kafka, step).await,
        "consume" => steps::consume(&kafka, step).await,
        // Members that share a connection would wait for each other.
        "rebalance" => steps::rebalance(&kafka, &connect(job).await?, step).await,
        "create" => steps::create(&kafka, step).await,
        "describe" => steps::describe(&kafka, step).await,
        "delete" => steps::delete(&kafka, step).await,
        other => anyhow::bail!("no such step: {other}"),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut lines = std::io::stdin().lock().lines();
    let job: Job = serde_json::from_str(&lines.next().context("no job")??)?;
    for line in lines {
        let step: Step = serde_json::from_str(&line?)?;
        let answer = match carry_out(&job, &step).await {
            Ok(mut answer) => {
                answer["ok"] = json!(true);
                answer
            }
            Err(error) => json!({"ok": false, "error": format!("{error:#}")}),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
