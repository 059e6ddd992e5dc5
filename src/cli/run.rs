//! `lockgate run`: the gateway itself.
//!
//! Owns: the log's form and the way from file to gateway. Refuses: to start on a configuration with a
//! fault. Stays true: exit 0 after a signal and a clean drain, 1 for a bad configuration, 2 for
//! anything else.

use crate::gateway;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Run the gateway until SIGTERM or SIGINT.
///
/// On a signal it takes no new connections, lets requests in flight finish for at most 10 s, and ends.
/// The log goes to standard error.
///
/// Exit code: 0 stopped by a signal, 1 the configuration has faults, 2 anything else.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The configuration file; `lockgate check` says what is wrong with one.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
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
    let Some(config) = super::loaded(&args.config) else {
        return Ok(ExitCode::FAILURE);
    };
    config
        .warnings
        .iter()
        .for_each(|warning| tracing::warn!("{warning}"));
    gateway::run(config)?;
    Ok(ExitCode::SUCCESS)
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
