//! `lockgate scan`, as somebody at a shell meets it.
//!
//! Owns: running it over files and pipes, and reading what `--json` prints.

use crate::gateway::binary;
use crate::process::{self, Output, Process};
use crate::toolbox;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A debug build reads some MB a second.
pub const SCAN_LIMIT: Duration = Duration::from_secs(120);

/// The fields every line of `--json` begins with, in their order.
pub const FIELDS: [&str; 6] = ["input", "record", "start", "end", "detector", "where"];

/// `lockgate scan` with these arguments, in this directory.
pub fn command(dir: &Path, args: &[&str]) -> Result<Command> {
    let mut command = Command::new(binary("lockgate")?);
    command.current_dir(dir).arg("scan").args(args);
    Ok(command)
}

/// Runs it to its end, with this as standard input.
pub fn scan(dir: &Path, args: &[&str], stdin: &[u8]) -> Result<Output> {
    process::run(command(dir, args)?, stdin, SCAN_LIMIT)
}

/// Starts it, its standard output a pipe.
pub fn start(dir: &Path, args: &[&str]) -> Result<Process> {
    let log = dir.join("stderr");
    Process::start("scan", command(dir, args)?, &log, true)
}

/// A new directory with these files.
pub fn files(files: &[(&str, &[u8])]) -> Result<PathBuf> {
    let dir = toolbox::fresh_dir("scan")?;
    for (name, bytes) in files {
        std::fs::write(dir.join(name), bytes)?;
    }
    Ok(dir)
}

/// A finding, as `--json` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The input's name.
    pub input: String,
    /// Line or record, from 0.
    pub record: u64,
    /// First byte in it, and one past the last.
    pub span: (u64, u64),
    /// Which detector.
    pub detector: String,
    /// key, value or header.
    pub part: String,
}

/// Record, bytes, detector and part of a finding.
pub type Place<'a> = (u64, (u64, u64), &'a str, &'a str);

/// Where they are, and what.
pub fn places(found: &[Finding]) -> Vec<Place<'_>> {
    let all = found.iter();
    all.map(|f| (f.record, f.span, f.detector.as_str(), f.part.as_str()))
        .collect()
}

/// The findings that were printed; each line must begin with [`FIELDS`], in their order.
pub fn findings(output: &Output) -> Result<Vec<Finding>> {
    output.out.lines().map(finding).collect()
}

fn finding(line: &str) -> Result<Finding> {
    let mut from = 0;
    for field in FIELDS {
        let key = format!("\"{field}\":");
        let at = line[from..].find(&key);
        from += at.with_context(|| format!("{field} is not in its place: {line}"))? + key.len();
    }
    ensure!(line.starts_with("{\"input\":"), "something first: {line}");
    let told: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
    let number = |name: &str| {
        told[name]
            .as_u64()
            .with_context(|| format!("{name}: {line}"))
    };
    let text = |name: &str| {
        let text = told[name].as_str();
        text.map(str::to_owned)
            .with_context(|| format!("{name}: {line}"))
    };
    Ok(Finding {
        input: text("input")?,
        record: number("record")?,
        span: (number("start")?, number("end")?),
        detector: text("detector")?,
        part: text("where")?,
    })
}
