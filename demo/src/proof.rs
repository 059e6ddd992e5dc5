//! Step 5: the audit is verified, and one flipped bit in a copy is found.
//!
//! Owns: the copy, the flip, and what `verify` must say of both. Refuses: to touch the gateway's own
//! files. Stays true: the same code runs as behind `lockgate audit verify` and `audit query`.

use crate::decide::Decision;
use crate::stage::Stage;
use crate::tell::Teller;
use anyhow::{Context, bail, ensure};
use lockgate::audit::describe::describe;
use lockgate::audit::query::{Filter, query};
use lockgate::audit::verify::{Fault, Report, Wrong, verify};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Entries of the lower tiers reach the kernel within this (50 ms, and a tick).
const SETTLES_WITHIN: Duration = Duration::from_millis(300);

/// Verifies, tells what the audit says of the holds, and tampers with a copy.
pub async fn audit(tell: Teller, stage: &Stage, holds: &[Decision]) -> anyhow::Result<()> {
    tell.step("5. The audit proves it, and shows when it was changed");
    tokio::time::sleep(SETTLES_WITHIN).await;
    let report = verify(&stage.audit(), true)?;
    ensure!(
        report.is_clean(),
        "the audit is not clean: {:?}",
        report.faults
    );
    let entries: u64 = report.chains.iter().map(|chain| chain.entries).sum();
    for hold in holds {
        tell.say(&format!(
            "Hold {}, as `lockgate audit query --hold` tells it:",
            hold.hold
        ));
        let kinds = lines_of(tell, &stage.audit(), hold)?;
        let expected = ["hold_opened", "review", "decision"];
        ensure!(
            expected.iter().all(|kind| kinds.iter().any(|k| k == kind)),
            "the audit only has {kinds:?}"
        );
    }
    tell.checked(&format!(
        "{entries} entries in {} hash chains, all as they were written",
        report.chains.len()
    ));
    let [first, ..] = holds else {
        bail!("nothing was decided")
    };
    tamper(tell, stage, first)
}

/// Shows the entries of a hold; gives their kinds.
fn lines_of(tell: Teller, audit: &Path, decision: &Decision) -> anyhow::Result<Vec<&'static str>> {
    let id = decision
        .hold
        .parse()
        .ok()
        .context("the hold's id cannot be read")?;
    let filter = Filter {
        hold: Some(id),
        ..Filter::default()
    };
    let mut kinds = Vec::new();
    query(audit, &filter, &mut |found| {
        let kind = found.body.root().name();
        kinds.push(kind);
        let text: String = describe(found.body).chars().take(150).collect();
        tell.wire(&format!("#{}", found.seq), &format!("{kind} {text}"));
        Ok(())
    })?;
    Ok(kinds)
}

/// Changes the name of whoever decided, by one bit, in a copy.
fn tamper(tell: Teller, stage: &Stage, decision: &Decision) -> anyhow::Result<()> {
    let copy = stage.directory.path().join("audit-copy");
    copy_files(&stage.audit(), &copy)?;
    ensure!(verify(&copy, true)?.is_clean(), "the copy is not clean");
    let (file, at) = find(&copy, decision)?;
    let path = copy.join(&file);
    let mut bytes = fs::read(&path)?;
    let byte = bytes.get_mut(at).context("the file became shorter")?;
    let (old, new) = (*byte, *byte ^ 1);
    *byte = new;
    fs::write(&path, bytes)?;
    tell.say(&format!(
        "Somebody would rather not be named: in a copy, one bit of the reviewer's name `{}` is flipped, \
         `{}` to `{}`, in {file} at offset {at}.",
        decision.by,
        char::from(old),
        char::from(new)
    ));
    let report = verify(&copy, true)?;
    ensure!(!report.is_clean(), "the flipped bit was not found");
    report
        .faults
        .iter()
        .for_each(|fault| tell.wire("FAULT", &fault.to_string()));
    names_the_place(&report, &file, at)?;
    tell.checked("`lockgate audit verify` found it and named the file and the entry's offset");
    ensure!(
        verify(&stage.audit(), true)?.is_clean(),
        "the original is not clean"
    );
    tell.checked("the original is as clean as before");
    Ok(())
}

/// One fault is damage in the changed file, over the very bytes where the flip is.
fn names_the_place(report: &Report, file: &str, at: usize) -> anyhow::Result<()> {
    let covers = |fault: &&Fault| match fault.wrong {
        Wrong::Damaged { bytes, .. } => (fault.offset..fault.offset + bytes).contains(&(at as u64)),
        _ => false,
    };
    ensure!(
        report
            .faults
            .iter()
            .any(|fault| fault.file == file && covers(&fault)),
        "no fault is where the flip is"
    );
    Ok(())
}

/// Where the copy says who decided: file name and offset of the name's first letter.
fn find(copy: &Path, decision: &Decision) -> anyhow::Result<(String, usize)> {
    for path in files_of(copy)? {
        let bytes = fs::read(&path)?;
        let found = bytes
            .windows(decision.by.len())
            .position(|part| part == decision.by.as_bytes());
        if let (Some(at), Some(name)) = (found, path.file_name().and_then(|n| n.to_str())) {
            return Ok((name.to_owned(), at));
        }
    }
    bail!("the audit does not name {}", decision.by)
}

fn copy_files(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to)?;
    for path in files_of(from)? {
        let name = path.file_name().context("a file without a name")?;
        fs::copy(&path, to.join(name))?;
    }
    Ok(())
}

fn files_of(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    Ok(files)
}

/// After the gateway has stopped: nothing is missing at the end of any chain.
pub fn closed_in_good_order(tell: Teller, stage: &Stage) -> anyhow::Result<()> {
    let report = verify(&stage.audit(), false)?;
    ensure!(
        report.is_clean(),
        "the audit is not clean: {:?}",
        report.faults
    );
    let open: Vec<&str> = report
        .chains
        .iter()
        .filter(|chain| !chain.stopped)
        .map(|chain| chain.name.as_str())
        .collect();
    ensure!(open.is_empty(), "these chains were not closed: {open:?}");
    tell.checked(
        "the gateway drained and stopped; every chain of the audit is closed and still clean",
    );
    Ok(())
}
