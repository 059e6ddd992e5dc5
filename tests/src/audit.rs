//! What the audit says, by the command line that an auditor has.

use crate::gateway::{Gateway, lockgate};
use crate::process::Output;
use crate::wait;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Entries of the third tier may be written this late.
const WRITTEN_LIMIT: Duration = Duration::from_secs(10);

/// `lockgate audit verify DIR`.
pub fn verify(dir: &Path) -> Result<Output> {
    lockgate(&["audit", "verify", &dir.display().to_string()])
}

/// The audit must verify.
pub fn must_verify(dir: &Path) -> Result<()> {
    let output = verify(dir)?;
    ensure!(
        output.success,
        "the audit does not verify:\n{}{}",
        output.out,
        output.err
    );
    Ok(())
}

/// The audit of a gateway that runs must verify.
pub fn must_verify_live(dir: &Path) -> Result<()> {
    let output = lockgate(&["audit", "verify", "--live", &dir.display().to_string()])?;
    ensure!(
        output.success,
        "the audit does not verify:\n{}{}",
        output.out,
        output.err
    );
    Ok(())
}

/// What `verify` finds wrong: objects with `file` and `offset`.
pub fn faults(dir: &Path) -> Result<Vec<Value>> {
    let output = lockgate(&["audit", "verify", "--json", &dir.display().to_string()])?;
    let told: Value = serde_json::from_str(&output.out).with_context(|| output.err.clone())?;
    let faults = told["faults"].as_array().cloned().unwrap_or_default();
    ensure!(
        output.success == faults.is_empty(),
        "exit code {:?} with {} faults",
        output.code,
        faults.len()
    );
    Ok(faults)
}

/// Every entry, by `lockgate audit query --json DIR`: a line each.
pub fn entries(dir: &Path) -> Result<Vec<Value>> {
    let output = lockgate(&["audit", "query", "--json", &dir.display().to_string()])?;
    ensure!(
        output.success,
        "the audit cannot be queried:\n{}{}",
        output.out,
        output.err
    );
    let read = output
        .out
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}")));
    read.collect()
}

/// The entries in which each of these words occurs, once there is one.
pub fn await_entries(gateway: &Gateway, words: &[&str]) -> Result<Vec<Value>> {
    wait::until_ok(
        &format!("an audit entry with {words:?}"),
        WRITTEN_LIMIT,
        || {
            let mut found = entries(&gateway.audit_dir())?;
            found.retain(|entry| mentions(entry, words));
            ensure!(!found.is_empty(), "there is none");
            Ok(found)
        },
    )
}

/// Whether each of these words occurs in the entry.
pub fn mentions(entry: &Value, words: &[&str]) -> bool {
    let text = entry.to_string();
    words.iter().all(|word| text.contains(word))
}

/// Every file of an audit that has entries, with its size.
pub fn segments(dir: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(segments(&entry.path())?);
        } else if entry.metadata()?.len() > 0 {
            found.push((entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(found)
}

/// A copy of an audit, to do harm to.
pub fn copy(dir: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Flips the lowest bit of one byte.
pub fn flip(file: &Path, at: u64) -> Result<()> {
    let mut bytes = fs::read(file)?;
    let byte = bytes
        .get_mut(usize::try_from(at)?)
        .context("past the end")?;
    *byte ^= 1;
    Ok(fs::write(file, bytes)?)
}
