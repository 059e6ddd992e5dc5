//! The processes a run starts: the gateway, the sink broker.
//!
//! Owns: their start, and that they end with the run whatever happens to it. Refuses: a gateway whose
//! configuration wants a login, which this program does not have. Stays true: both serve loopback
//! only, on ports that were free a moment ago; what the gateway logged is shown when it fails.

use crate::client::{Address, loopback};
use crate::payload::Payload;
use crate::stream;
use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A stopped gateway drains for 10 s at most.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// Ports for brokers behind the gateway, and one for its clients.
const PORTS: u16 = 12;
/// Lines of its log that are shown when the gateway fails.
const LOG_LINES_SHOWN: usize = 15;

/// How the gateway is started.
#[derive(Clone, Debug, clap::Args)]
pub struct GatewayArgs {
    /// The `lockgate` binary; beside this one when absent.
    #[arg(long, value_name = "PATH")]
    pub gateway: Option<PathBuf>,
    /// Its configuration, whose first bootstrap address must be on loopback; made for the run when
    /// absent, with the scanner on.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A real broker instead of the sink broker; loopback only.
    #[arg(long, value_name = "HOST:PORT")]
    pub bootstrap: Option<String>,
    /// `io` of the configuration that is made.
    #[arg(long, default_value = "auto", value_parser = ["auto", "uring", "epoll"])]
    pub io: String,
    /// What the gateway logs (`--log` of its own); shown when a run fails.
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    pub gateway_log: String,
    /// Clients speak TLS with the gateway, in the configuration that is made.
    #[arg(long, conflicts_with = "config")]
    pub tls: bool,
    /// `cores` of the configuration that is made; one a CPU when absent.
    #[arg(long, value_name = "N")]
    pub cores: Option<usize>,
}

/// The sink broker's process; it ends when this is dropped.
pub struct Sink {
    child: Child,
    /// Where it listens.
    pub address: String,
}

impl Sink {
    /// Starts this program again as a broker.
    ///
    /// # Errors
    /// It does not start; its own words are on standard error.
    pub fn start(
        listen: &str,
        topic: &str,
        partitions: usize,
        threads: usize,
        payload: &Payload,
    ) -> anyhow::Result<Sink> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["broker", "--until-stdin-ends"]);
        command.args(["--listen", listen, "--topic", topic]);
        command.args(["--partitions", &partitions.to_string()]);
        command.args(["--threads", &threads.to_string()]);
        command.args(payload.to_args());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("listening on ");
        let address = address.context("the sink broker did not start")?.to_owned();
        Ok(Sink { child, address })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The gateway's process; it is stopped when this is dropped.
pub struct Gateway {
    child: Child,
    log: PathBuf,
    /// Where clients connect.
    pub address: Address,
    _state: TempDir,
}

impl Gateway {
    /// Starts the gateway in front of the broker at `bootstrap`. It may not serve yet.
    ///
    /// # Errors
    /// No binary, no ports, or a configuration that does not fit.
    pub fn start(args: &GatewayArgs, bootstrap: &str) -> anyhow::Result<Gateway> {
        let binary = binary(args)?;
        let state = tempfile::Builder::new()
            .prefix("lockgate-loadtest-")
            .tempdir()?;
        let config = match &args.config {
            Some(file) => file.clone(),
            None => made_config(args, bootstrap, state.path())?,
        };
        let mut address = listener_of(&config)?;
        if args.tls {
            address.tls = Some(stream::trusting(&state.path().join("gateway.pem"))?);
        }
        let log = state.path().join("gateway.log");
        let mut command = Command::new(&binary);
        command
            .args(["run", "--log", &args.gateway_log, "--config"])
            .arg(&config);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let child = command.spawn();
        let child = child.with_context(|| format!("{} does not start", binary.display()))?;
        Ok(Gateway {
            child,
            log,
            address,
            _state: state,
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// # Errors
    /// The gateway has ended; with the end of its log.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the gateway ended ({status}); its log:\n{}", self.log_end()),
        }
    }

    /// Stops it in good order.
    ///
    /// # Errors
    /// It had died, takes too long, or ends with a fault.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.check_alive()?;
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let give_up = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < give_up {
            if let Some(status) = self.child.try_wait()? {
                ensure!(
                    status.success(),
                    "the gateway ended with {status}; its log:\n{}",
                    self.log_end()
                );
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the gateway does not stop; its log:\n{}", self.log_end())
    }

    /// Adds to a failure what the gateway has to say about it.
    pub fn explain(&mut self, fault: anyhow::Error) -> anyhow::Error {
        if let Err(ended) = self.check_alive() {
            return fault.context(ended.to_string());
        }
        match self.log_end() {
            log if log.is_empty() => fault,
            log => fault.context(format!("the gateway's log:\n{log}\n")),
        }
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The gateway's binary.
///
/// # Errors
/// It is not there.
pub fn binary(args: &GatewayArgs) -> anyhow::Result<PathBuf> {
    let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("lockgate"));
    let path = args.gateway.clone().map_or_else(beside, Ok)?;
    ensure!(
        path.is_file(),
        "{} is not there; build it with `cargo build --release`, or name it with --gateway",
        path.display()
    );
    Ok(path)
}

/// Where the broker has to be: given, or what the configuration says. The sink broker listens there.
///
/// # Errors
/// A configuration with faults.
pub fn sink_listen(args: &GatewayArgs) -> anyhow::Result<String> {
    let Some(file) = &args.config else {
        return Ok("127.0.0.1:0".into());
    };
    let config = lockgate::config::load(file).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let first = config
        .clusters
        .first()
        .and_then(|cluster| cluster.bootstrap.first())
        .context("no bootstrap address")?;
    let address = loopback(&first.to_string())?;
    let address = address.sockets.first().context("no bootstrap address")?;
    Ok(address.to_string())
}

fn listener_of(file: &Path) -> anyhow::Result<Address> {
    let config = lockgate::config::load(file).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let listener = config.clusters.first().and_then(|c| c.listeners.first());
    let listener = listener.context("no listener")?;
    ensure!(
        listener.sasl == lockgate::config::Sasl::None,
        "{}: the load test has no login; set `sasl: none`",
        file.display()
    );
    loopback(&format!(
        "{}:{}",
        listener.advertise,
        listener.address.port()
    ))
}

/// Masks on both ways, by every detector there is: the scanner runs, and a clean payload passes.
fn made_config(args: &GatewayArgs, bootstrap: &str, state: &Path) -> anyhow::Result<PathBuf> {
    let port = free_ports()?;
    let (first, last) = (port + 1, port + PORTS - 1);
    let cores = args
        .cores
        .map_or_else(String::new, |n| format!("cores: {n}\n"));
    let (io, state_dir) = (&args.io, state.display());
    let tls = match args.tls {
        false => String::new(),
        true => {
            let (certificate, key) = stream::certificate(state)?;
            let (certificate, key) = (certificate.display(), key.display());
            format!(", tls: {{certificate: \"{certificate}\", key: \"{key}\"}}")
        }
    };
    let text = format!(
        "version: 1
clusters:
  loadtest:
    bootstrap: [\"{bootstrap}\"]
    listeners:
      default: {{address: \"127.0.0.1:{port}\", advertise: 127.0.0.1, broker_ports: {first}-{last}, sasl: none{tls}}}
rules:
  identifiers-are-masked:
    when: {{operations: [produce, fetch]}}
    if: {{contains: {{any: [us_ssn, payment_card]}}}}
    then: {{mask: full}}
audit: {{directory: \"{state_dir}/audit\"}}
holds: {{log: \"{state_dir}/holds.db\"}}
io: {io}
{cores}"
    );
    let file = state.join("lockgate.yaml");
    fs::write(&file, text)?;
    Ok(file)
}

/// The first of `PORTS` ports in a row that are free, below those the kernel hands out by itself.
fn free_ports() -> anyhow::Result<u16> {
    const FROM: u16 = 20_000;
    const SLOTS: u16 = 1000;
    let start = (std::process::id() % u32::from(SLOTS)) as u16;
    for slot in 0..SLOTS {
        let first = FROM + (start + slot) % SLOTS * PORTS;
        let bound: Result<Vec<_>, _> = (first..first + PORTS)
            .map(|port| TcpListener::bind(("127.0.0.1", port)))
            .collect();
        if bound.is_ok() {
            return Ok(first);
        }
    }
    bail!("no {PORTS} free ports in a row on loopback")
}
