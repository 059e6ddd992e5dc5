//! The tools and places that the tests need on the machine.
//!
//! Owns: finding programs, the work directory, and what is fetched once and kept there. Refuses:
//! skipping. A tool that is missing is a failure that names it and says how to get it.

use crate::process;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// Fetching from a package registry may take this long.
pub const FETCH_LIMIT: Duration = Duration::from_secs(300);

const TOOLS: &[(&str, &str)] = &[
    (
        "java",
        "Java 17 or newer: apt-get install openjdk-17-jdk-headless",
    ),
    (
        "javac",
        "the compiler of Java 17 or newer: apt-get install openjdk-17-jdk-headless",
    ),
    ("mvn", "Apache Maven: apt-get install maven"),
    ("node", "Node.js 20.19 or newer: https://nodejs.org"),
    ("npm", "npm, which comes with Node.js: https://nodejs.org"),
    (
        "python3",
        "Python 3.9 or newer with venv: apt-get install python3 python3-venv",
    ),
    (
        "go",
        "Go 1.21 or newer, which fetches the version that go.mod names: https://go.dev/dl",
    ),
    ("kcat", "kcat: apt-get install kcat"),
    ("haproxy", "HAProxy 2.4 or newer: apt-get install haproxy"),
];

/// A command for one of the tools.
pub fn command(name: &str) -> Result<Command> {
    Ok(Command::new(find(name)?))
}

fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file());
    let how = TOOLS
        .iter()
        .find(|(tool, _)| *tool == name)
        .map_or("", |(_, how)| how);
    found.with_context(|| {
        format!("`{name}` is missing on this machine, and the tests need it. {how}")
    })
}

/// The repository's root.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A file of this crate, such as `kafka/pom.xml`.
pub fn own_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where downloads and the files of runs lie: `LOCKGATE_WORK`, or `.work` in the repository.
pub fn work_dir() -> PathBuf {
    std::env::var_os("LOCKGATE_WORK").map_or_else(|| repository().join(".work"), PathBuf::from)
}

/// A directory of this run; those of runs that have ended are removed on the way.
pub fn run_dir() -> Result<&'static Path> {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    if let Some(dir) = DIR.get() {
        return Ok(dir);
    }
    let runs = work_dir().join("run");
    for entry in fs::read_dir(&runs).into_iter().flatten().flatten() {
        let alive = Path::new("/proc").join(entry.file_name()).exists();
        if !alive && std::env::var_os("LOCKGATE_KEEP").is_none() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let dir = runs.join(std::process::id().to_string());
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(DIR.get_or_init(|| dir))
}

/// A new directory of this run, named for what lies in it.
pub fn fresh_dir(stem: &str) -> Result<PathBuf> {
    let dir = run_dir()?.join(crate::names::unique(stem));
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

/// The directory `name` in the work directory, filled by `fill` when it is not there yet.
///
/// `fill` works on a directory of another name, which is renamed when it is whole; a lock keeps
/// two runs from filling at once.
pub fn cached(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let work = work_dir();
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let lock = File::create(work.join(format!("{name}.lock")))?;
    lock.lock()?;
    let whole = work.join(name);
    if !whole.is_dir() {
        let partial = work.join(format!("{name}.partial"));
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir_all(&partial)?;
        fill(&partial).with_context(|| format!("filling {}", whole.display()))?;
        fs::rename(&partial, &whole)?;
    }
    Ok(whole)
}

/// Runs a command that must succeed.
pub fn must(command: Command, limit: Duration) -> Result<process::Output> {
    let shown = format!("{command:?}");
    let output = process::run(command, b"", limit)?;
    if !output.success {
        bail!("{shown} failed:\n{}\n{}", output.out, output.err);
    }
    Ok(output)
}
