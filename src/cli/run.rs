//! `lockgate run`: the gateway itself.
//!
//! Owns: the log's form and the way from file to gateway; `observe` has the way without one. Refuses: to start on a configuration with a
//! fault. Stays true: exit 0 after a signal and a clean drain, 1 for a bad configuration, 2 for
//! anything else.

use super::observe::{self, ObserveArgs, Teller};
use crate::gateway;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Run the gateway until SIGTERM or SIGINT.
///
/// On a signal it takes no new connections, lets requests in flight finish for at most 10 s, and ends.
/// The log goes to standard error. With --bootstrap and --observe it needs no file, and prints what went by
/// on standard output: after a minute, then less and less often, and at its end.
///
/// Exit code: 0 stopped by a signal, 1 the configuration has faults, 2 anything else.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The configuration file; `lockgate check` says what is wrong with one.
    #[arg(
        short,
        long,
        value_name = "FILE",
        required_unless_present = "observe",
        conflicts_with = "observe"
    )]
    pub config: Option<PathBuf>,
    /// In place of a file: before which cluster, and where.
    #[command(flatten)]
    pub observe: ObserveArgs,
    /// Log one JSON object a line.
    #[arg(long)]
    pub log_json: bool,
    /// What to log: error, warn, info, debug, trace, or directives such as
    /// `info,lockgate::control=debug`.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "info",
        env = "LOCKGATE_LOG"
    )]
    pub log: String,
}

/// Runs the verb.
///
/// # Errors
/// What kept the gateway from starting, or ended it.
pub fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    start_log(&args)?;
    if !args.observe.observe && !args.observe.target.bootstrap.is_empty() {
        anyhow::bail!("--bootstrap without --observe: a cluster to act on is named in a file");
    }
    let path = match &args.config {
        Some(path) => path.clone(),
        None => observe::lay_out(&args.observe)?,
    };
    let Some(config) = super::loaded(&path) else {
        return Ok(ExitCode::FAILURE);
    };
    config
        .warnings
        .iter()
        .for_each(|warning| tracing::warn!("{warning}"));
    if !args.observe.observe {
        gateway::run(config)?;
        return Ok(ExitCode::SUCCESS);
    }
    let audit = config.audit.directory.clone();
    tracing::info!(config = %path.display(), audit = %audit.display(), "observing: every record passes");
    let teller = Teller::start(&audit);
    let ran = gateway::run(config);
    drop(teller);
    ran.map(|()| ExitCode::SUCCESS)
}

fn start_log(args: &RunArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&args.log)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if args.log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    Ok(())
}
