//! Child processes that never outlive the run.
//!
//! Owns: starting, signalling and burying them, and the files they log to. Stays true: a child
//! dies when its handle is dropped, and, because statics are never dropped, also when this
//! process ends however it ends (PR_SET_PDEATHSIG).

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use crate::wait;

/// What a finished command said.
#[derive(Debug)]
pub struct Output {
    /// Whether it exited with 0.
    pub success: bool,
    /// Its exit code, if it was not killed.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a command to its end, feeding it `input`; kills it after `limit`.
pub fn run(mut command: Command, input: &[u8], limit: Duration) -> Result<Output> {
    let shown = format!("{command:?}");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    die_with_parent(&mut command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let input = input.to_vec();
    // A child that reads nothing must not stop us, so its input has a thread of its own.
    std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let out = collect(child.stdout.take().context("no stdout")?);
    let err = collect(child.stderr.take().context("no stderr")?);
    let ended = wait::until(&shown, limit, || child.try_wait().ok().flatten());
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let out = out.recv().unwrap_or_default();
    let err = err.recv().unwrap_or_default();
    let Ok(status) = ended else {
        bail!(
            "{shown} did not end within {} s\n{out}\n{err}",
            limit.as_secs()
        );
    };
    Ok(Output {
        success: status.success(),
        code: status.code(),
        out,
        err,
    })
}

fn collect(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

/// A long-running child, its standard error in a file.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; `log` receives standard error, and standard output too unless the command has
    /// been given a pipe for it (see [`Process::take_stdout`]).
    pub fn start(
        name: &str,
        mut command: Command,
        log: &Path,
        pipe_stdout: bool,
    ) -> Result<Process> {
        let errors = File::options().create(true).append(true).open(log)?;
        command.stdout(if pipe_stdout {
            Stdio::piped()
        } else {
            errors.try_clone()?.into()
        });
        command.stderr(errors).stdin(Stdio::piped());
        let child = in_nursery(command).with_context(|| format!("cannot start {name}"))?;
        Ok(Process {
            name: name.to_owned(),
            child,
            log: log.to_path_buf(),
        })
    }

    /// Its standard output, if it was started with a pipe.
    pub fn take_stdout(&mut self) -> Result<std::process::ChildStdout> {
        self.child
            .stdout
            .take()
            .context("standard output is not a pipe")
    }

    /// Its standard input, to be written to, or dropped to end it.
    pub fn take_stdin(&mut self) -> Result<std::process::ChildStdin> {
        self.child.stdin.take().context("standard input is taken")
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The last lines of its log, headed by its name.
    pub fn tail(&self, lines: usize) -> String {
        let text = self.logged();
        let all: Vec<&str> = text.lines().collect();
        let from = all.len().saturating_sub(lines);
        format!(
            "---- {} ({})\n{}\n----",
            self.name,
            self.log.display(),
            all[from..].join("\n")
        )
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        wait::until(&what, limit, || self.ended()).with_context(|| self.tail(30))
    }

    /// kill −9, and bury it.
    pub fn kill9(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal such as `libc::SIGTERM`.
    pub fn signal(&self, signal: i32) {
        // SAFETY: kill(2) takes two integers and touches no memory of ours; the child is not yet
        // waited for while we hold its handle, so the pid is still its own.
        let _ = unsafe { libc::kill(self.child.id() as libc::pid_t, signal) };
    }

    /// Whether every one of its threads stands still. SIGSTOP is delivered a while after kill(2) has
    /// returned.
    pub fn is_stopped(&self) -> bool {
        let tasks = format!("/proc/{}/task", self.child.id());
        let Ok(tasks) = fs::read_dir(tasks) else {
            return false;
        };
        let mut tasks = tasks.flatten();
        tasks.all(|task| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
            state.is_some_and(|state| state.starts_with('T'))
        })
    }

    /// Resident memory.
    pub fn resident_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let line = status
            .lines()
            .find(|l| l.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let number = line
            .split_whitespace()
            .nth(1)
            .context("no number in VmRSS")?;
        Ok(number.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill9();
    }
}

fn die_with_parent(command: &mut Command) {
    // SAFETY: the closure runs in the forked child before exec and makes one system call, which
    // is async-signal-safe and touches no memory.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
}

type Job = (Command, mpsc::Sender<std::io::Result<Child>>);

/// Starts the child from a thread that lives as long as the run: the parent-death signal follows
/// the thread that forked, and a test's thread ends with its test.
fn in_nursery(mut command: Command) -> Result<Child> {
    static NURSERY: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (send, receive) = mpsc::channel::<Job>();
        std::thread::spawn(move || {
            for (mut command, reply) in receive {
                let _ = reply.send(command.spawn());
            }
        });
        send
    });
    die_with_parent(&mut command);
    let (reply, answer) = mpsc::channel();
    nursery
        .send((command, reply))
        .ok()
        .context("the nursery thread is gone")?;
    Ok(answer.recv().context("the nursery thread died")??)
}
