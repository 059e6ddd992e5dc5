//! `lockgate check`: reads a configuration and says everything that is wrong with it.
//!
//! Owns: the printing and the exit code. Refuses: to open a socket or start anything. Stays true:
//! exit 0 means that `lockgate run` would accept the file; warnings do not change that.

use crate::config::{self, Config, Fault, Faults};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a configuration without starting anything.
///
/// Says every fault at once, with line, column and what was expected. Secrets are fetched; nothing
/// is opened or connected.
///
/// Exit code: 0 `run` would accept it (warnings are no faults), 1 it would not.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The configuration file, in YAML.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb: faults and warnings on standard error, or one JSON object on standard output.
///
/// # Errors
/// None today; faults of the file are its exit code.
pub fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let read = config::load(&args.config);
    let good = read.is_ok();
    match args.json {
        true => println!("{}", as_json(&read)),
        false => print_lines(&args, &read),
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_lines(args: &CheckArgs, read: &Result<Config, Faults>) {
    match read {
        Ok(config) => {
            config
                .warnings
                .iter()
                .for_each(|warning| eprintln!("{warning}"));
            println!("{}: fine, {}", args.config.display(), contents(config));
        }
        Err(faults) => {
            eprintln!("{faults}");
            eprintln!("{}", counted(faults.0.len(), "fault"));
        }
    }
}

fn contents(config: &Config) -> String {
    let rules = counted(config.policy.rules().count(), "rule");
    let exceptions = counted(config.policy.exceptions().count(), "exception");
    format!("{rules}, {exceptions}")
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `{"ok", "faults": [{"file", "line", "column", "what", "expected"}], "warnings": [...]}`.
fn as_json(read: &Result<Config, Faults>) -> serde_json::Value {
    let faults: &[Fault] = read.as_ref().err().map_or(&[], |faults| &faults.0);
    let warnings = read.as_ref().map_or(&[][..], |config| &config.warnings);
    json!({"ok": read.is_ok(), "faults": faults, "warnings": warnings})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn json_names_every_fault_with_its_place() {
        let read = config::parse("version: 2\nclusters: {}\n", "x.yaml", &|_| None);
        let shown = as_json(&read);
        assert_eq!(shown["ok"], false);
        assert_eq!(shown["warnings"], json!([]));
        let first =
            json!({"file": "x.yaml", "line": 1, "column": 10, "what": "`2`", "expected": "1"});
        assert_eq!(
            (
                shown["faults"].as_array().unwrap().len(),
                &shown["faults"][0]
            ),
            (2, &first)
        );
    }
}
