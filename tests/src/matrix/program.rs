//! A client program: started once, told steps, answering each.
//!
//! The contract, a line of JSON each way. The first line is the job, `{bootstrap, login}`; every
//! further line is a step, and is answered by one line before the next one is sent:
//!
//! ```text
//! {do: produce, topic, records, codec, acks, idempotent, transaction: null | {id, commit}}
//! {do: consume, topics, group, count, seconds}      -> {records: [{topic, key, value, headers}]}
//! {do: rebalance, topic, partitions, group, seconds} -> {history: [[owned by one, by the other]]}
//! {do: create, topic, partitions, retention} · {do: delete, topic}
//! {do: describe, topic}                             -> {partitions, retention}
//!                                                    -> {ok: true} or {ok: false, error}
//! ```
//!
//! Stays true: a program that says nothing in time, or ends, is an error that shows its log.

use crate::process::Process;
use crate::target::{Login, Target};
use crate::toolbox;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// For a step that names no `seconds`, the program's start included.
const STEP_LIMIT: Duration = Duration::from_secs(60);
/// On top of a step's own `seconds`, for joining, leaving and closing.
const STEP_GRACE: Duration = Duration::from_secs(20);
/// Lines of its log that an error shows.
const TAIL_LINES: usize = 12;

/// A running client program.
#[derive(Debug)]
pub struct Program {
    process: Process,
    stdin: ChildStdin,
    answers: Receiver<String>,
}

impl Program {
    /// Starts it and tells it where to connect.
    pub fn start(name: &str, command: Command, target: &Target) -> Result<Program> {
        let log = toolbox::fresh_dir(&format!("matrix-{name}"))?.join("log");
        let mut process = Process::start(name, command, &log, true)?;
        let (stdin, stdout) = (process.take_stdin()?, process.take_stdout()?);
        let (send, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Libraries may print to standard output too; an answer is an object.
                if line.starts_with('{') && send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut program = Program {
            process,
            stdin,
            answers,
        };
        program.tell(&job(target)?)?;
        Ok(program)
    }

    /// Tells it a step and waits for the answer; an answer that is not `ok` is an error.
    pub fn step(&mut self, step: &Value) -> Result<Value> {
        self.tell(step)?;
        let limit = step["seconds"]
            .as_u64()
            .map_or(STEP_LIMIT, |s| Duration::from_secs(s) + STEP_GRACE);
        let line = self
            .answers
            .recv_timeout(limit)
            .with_context(|| format!("no answer to {}\n{}", step["do"], self.tail()))?;
        let answer: Value = serde_json::from_str(&line)?;
        if answer["ok"] != true {
            bail!("{}", answer["error"].as_str().unwrap_or(&line));
        }
        Ok(answer)
    }

    fn tell(&mut self, line: &Value) -> Result<()> {
        writeln!(self.stdin, "{line}")
            .and_then(|()| self.stdin.flush())
            .with_context(|| format!("the program is gone\n{}", self.tail()))
    }

    fn tail(&self) -> String {
        self.process.tail(TAIL_LINES)
    }
}

fn job(target: &Target) -> Result<Value> {
    let login = match &target.login {
        Login::None => Value::Null,
        Login::Plain { token } => json!({"mechanism": "PLAIN", "token": token}),
        other => bail!("the programs of the matrix know no {other:?}"),
    };
    Ok(json!({"bootstrap": target.bootstrap, "login": login}))
}
