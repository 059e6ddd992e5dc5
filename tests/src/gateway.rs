//! A running Lockgate, the binary that `cargo build` made.
//!
//! Owns: its configuration file, its process and its directories, which outlive a kill. Stays
//! true: it counts as started when `/readyz` says so, and its log is shown when a test fails.

use crate::broker::SCRAM_USER;
use crate::limits::{self, Files, Rings};
use crate::process::{Output, Process};
use crate::settings::{MASKING_KEY, MASKING_KEY_FILE, PASSWORD_FILE, Ports, Settings};
use crate::{http, process, toolbox, wait};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Any verb but `run`.
const VERB_LIMIT: Duration = Duration::from_secs(60);
/// Lines of the log that a failed test shows.
const TAIL_LINES: usize = 60;

/// A gateway and all that is its own.
#[derive(Debug)]
pub struct Gateway {
    /// Its ports.
    pub ports: Ports,
    /// Its directory: configuration, log, audit, holds.
    pub dir: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Gateway {
    /// Starts one, and waits until it is ready.
    pub fn start(settings: &Settings) -> Result<Gateway> {
        let gateway = Gateway::unstarted(settings)?;
        gateway.restart()?;
        Ok(gateway)
    }

    /// Lays everything out and starts nothing.
    pub fn unstarted(settings: &Settings) -> Result<Gateway> {
        let (dir, ports) = (toolbox::fresh_dir("gateway")?, Ports::fresh()?);
        let gateway = Gateway {
            ports,
            dir,
            process: Mutex::new(None),
        };
        gateway.configure(settings)?;
        Ok(gateway)
    }

    /// Writes another configuration; the next start reads it.
    pub fn configure(&self, settings: &Settings) -> Result<()> {
        for part in ["audit", "holds"] {
            fs::create_dir_all(self.dir.join(part))?;
        }
        fs::write(self.dir.join(PASSWORD_FILE), SCRAM_USER.1)?;
        fs::write(self.dir.join(MASKING_KEY_FILE), MASKING_KEY)?;
        Ok(fs::write(
            self.config(),
            settings.yaml(&self.dir, &self.ports),
        )?)
    }

    /// Starts it on its directories; whatever still runs is killed first.
    pub fn restart(&self) -> Result<()> {
        self.restart_with(Rings::AsTheyAre)
    }

    /// The same, with a limit on its open files.
    pub fn restart_with_files(&self, files: Files) -> Result<()> {
        self.restart_under(Rings::AsTheyAre, files)
    }

    /// The same, with or without io_uring.
    pub fn restart_with(&self, rings: Rings) -> Result<()> {
        self.restart_under(rings, Files::AsTheyAre)
    }

    fn restart_under(&self, rings: Rings, files: Files) -> Result<()> {
        self.kill9();
        let mut command = Command::new(binary("lockgate")?);
        command.arg("run").arg("-c").arg(self.config());
        if rings == Rings::Forbidden {
            limits::forbid_rings(&mut command);
        }
        if let Files::AtMost(most) = files {
            limits::bound_files(&mut command, most);
        }
        let mut process = Process::start("lockgate", command, &self.dir.join("log"), false)?;
        let ready = wait::until("the gateway's /readyz", START_LIMIT, || {
            match process.ended() {
                Some(status) => Some(Err(anyhow::anyhow!("the gateway ended at once: {status}"))),
                None => self.ready().then_some(Ok(())),
            }
        });
        ready
            .and_then(|r| r)
            .with_context(|| process.tail(TAIL_LINES))?;
        *self.process() = Some(process);
        Ok(())
    }

    /// Starts a gateway that must refuse to start; its exit code and what it said.
    pub fn refuses(settings: &Settings) -> Result<(Option<i32>, String)> {
        let gateway = Gateway::unstarted(settings)?;
        let config = gateway.config();
        let output = lockgate(&["run", "-c", &config.display().to_string()])?;
        Ok((output.code, output.out + &output.err))
    }

    /// Whether `/readyz` says 200.
    pub fn ready(&self) -> bool {
        http::get(&self.admin(), "/readyz", &[]).is_ok_and(|answer| answer.status == 200)
    }

    /// Where clients bootstrap.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.ports.listener)
    }

    /// Where people review.
    pub fn page(&self) -> String {
        format!("127.0.0.1:{}", self.ports.page)
    }

    /// Where machines ask how it is.
    pub fn admin(&self) -> String {
        format!("127.0.0.1:{}", self.ports.admin)
    }

    /// Its audit.
    pub fn audit_dir(&self) -> PathBuf {
        self.dir.join("audit")
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.join("lockgate.yaml")
    }

    /// kill −9.
    pub fn kill9(&self) {
        *self.process() = None;
    }

    /// SIGTERM, and how it ended.
    pub fn stop(&self) -> Result<ExitStatus> {
        let Some(mut process) = self.process().take() else {
            bail!("the gateway does not run")
        };
        process.signal(libc::SIGTERM);
        process.wait(STOP_LIMIT)
    }

    /// SIGHUP: it reads its certificates again.
    pub fn hang_up(&self) -> Result<()> {
        let process = self.process();
        let process = process.as_ref().context("the gateway does not run")?;
        process.signal(libc::SIGHUP);
        Ok(())
    }

    /// Whether it still runs.
    pub fn alive(&self) -> bool {
        self.process()
            .as_mut()
            .is_some_and(|process| process.ended().is_none())
    }

    /// Resident memory.
    pub fn resident_kib(&self) -> Result<u64> {
        self.process()
            .as_ref()
            .context("the gateway does not run")?
            .resident_kib()
    }

    /// What it has logged since its first start.
    pub fn logged(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Gateway {
    /// The end of the log, for the test's captured output: libtest prints it for failures only.
    fn drop(&mut self) {
        if let Some(process) = &*self.process() {
            println!("{}", process.tail(TAIL_LINES));
        }
    }
}

/// Runs a verb of the command line that ends by itself.
pub fn lockgate(args: &[&str]) -> Result<Output> {
    let mut command = Command::new(binary("lockgate")?);
    command.args(args);
    process::run(command, b"", VERB_LIMIT)
}

/// A binary of this workspace, beside the one that asks; `LOCKGATE_BIN_DIR` names another place,
/// such as `target/release`.
pub fn binary(name: &str) -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("LOCKGATE_BIN_DIR") {
        return Ok(Path::new(&dir).join(name));
    }
    let here = std::env::current_exe()?;
    let beside = here.ancestors().skip(1).take(2).map(|dir| dir.join(name));
    let found = beside
        .filter(|file| file.is_file())
        .find(|file| !in_deps(file));
    found.with_context(|| {
        format!(
            "there is no `{name}` beside {}: run `cargo build --workspace` first",
            here.display()
        )
    })
}

fn in_deps(file: &Path) -> bool {
    file.parent()
        .and_then(Path::file_name)
        .is_some_and(|name| name == "deps")
}
