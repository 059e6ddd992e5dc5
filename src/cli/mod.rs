//! The command line: one file a verb.
//!
//! Owns: the verbs and their order in `--help`. Refuses: logic; a verb reads its arguments and calls
//! the room that does the work. Stays true: exit codes are those documented in `docs/cli.md`.

pub mod audit;
mod cases;
pub mod check;
pub mod explain;
pub mod grants;
mod judge;
mod observe;
mod phrase;
pub mod policy;
pub mod run;
pub mod scan;
mod target;

use crate::config::{self, Config};
use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;

/// A gateway that puts a person in the loop of a Kafka stream: it masks, holds for approval,
/// blocks, and proves what was decided.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// What each does is said at its arguments: a comment here would hide all but the first line of that
/// from `--help`, the exit codes among it.
#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<run::RunArgs>),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Policy(policy::PolicyArgs),
    Scan(Box<scan::ScanArgs>),
    Grants(grants::GrantsArgs),
    Audit(audit::AuditArgs),
}

/// Runs the verb.
///
/// # Errors
/// What the verb could not do; printed by `main`, exit code 2.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.verb {
        Verb::Run(args) => run::run(*args),
        Verb::Check(args) => check::run(args),
        Verb::Explain(args) => explain::run(args),
        Verb::Policy(args) => policy::run(args),
        Verb::Scan(args) => scan::run(*args),
        Verb::Grants(args) => grants::run(args),
        Verb::Audit(args) => audit::run(args),
    }
}

/// The configuration, unless it has faults: those are told on standard error.
fn loaded(path: &Path) -> Option<Config> {
    match config::load(path) {
        Ok(config) => Some(config),
        Err(faults) => {
            eprintln!("{faults}");
            None
        }
    }
}
