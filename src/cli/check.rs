//! `lockgate check`: reads a configuration and says everything that is wrong with it.
//!
//! Owns: the printing and the exit code. Refuses: to open a socket or start anything. Stays true:
//! exit 0 means that `lockgate run` would accept the file; warnings do not change that.

use super::cases::{self, Outcome};
use crate::config::{self, Addressing, Cluster, Config, Fault, Faults, Listener};
use serde_json::json;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a configuration without starting anything.
///
/// Says every fault at once, with line, column and what was expected. Secrets are fetched
/// and the files of TLS are read; nothing is opened or connected.
///
/// Exit code: 0 `run` would accept it (warnings are no faults) and every case passed, 1 it would not or one
/// failed, 2 the cases cannot be read.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The configuration file, in YAML.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Run the policy's unit tests in the `*.yaml` of this directory. Rules that no case meets are named.
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb: faults and warnings on standard error, or one JSON object on standard output.
///
/// # Errors
/// Cases that cannot be read; faults of the configuration are its exit code.
pub fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let read = config::load(&args.config);
    let cases = match (&args.cases, &read) {
        (Some(directory), Ok(config)) => Some(cases::run(config, directory)?),
        _ => None,
    };
    let passed = |cases: &Vec<Outcome>| cases.iter().all(|case| case.differs.is_empty());
    let good = read.is_ok() && cases.as_ref().is_none_or(passed);
    if args.json {
        let mut shown = as_json(&read);
        if let Some(cases) = &cases {
            shown["cases"] = json!(cases);
        }
        if let (Some(cases), Ok(config)) = (&cases, &read) {
            shown["unmet"] = json!(cases::unmet(config, cases));
        }
        println!("{shown}");
    } else {
        print_lines(&args, &read);
        if let (Some(cases), Ok(config)) = (&cases, &read) {
            cases::unmet(config, cases)
                .iter()
                .for_each(|rule| println!("no case meets the rule {rule}"));
            println!("{}", cases::table(cases));
        }
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
            listeners(config)
                .iter()
                .for_each(|line| println!("  {line}"));
        }
        Err(faults) => {
            eprintln!("{faults}");
            eprintln!("{}", counted(faults.0.len(), "fault"));
        }
    }
}

fn contents(config: &Config) -> String {
    let listeners = config.clusters.iter().map(|c| c.listeners.len()).sum();
    [
        counted(config.clusters.len(), "cluster"),
        counted(listeners, "listener"),
        counted(config.policy.rules().count(), "rule"),
        counted(config.policy.exceptions().count(), "exception"),
    ]
    .join(", ")
}

/// A line for each listener: what it opens, and where clients are told to find brokers.
fn listeners(config: &Config) -> Vec<String> {
    let of_cluster = |cluster: &Cluster| {
        let line = |listener| format!("{}/{}", cluster.name, offered(listener));
        cluster.listeners.iter().map(line).collect::<Vec<_>>()
    };
    config.clusters.iter().flat_map(of_cluster).collect()
}

fn offered(listener: &Listener) -> String {
    let tls = if listener.tls.is_some() { " (TLS)" } else { "" };
    let (also, told) = match &listener.brokers {
        Addressing::Ports { listen, advertise } => {
            let host = &listener.advertise;
            let host = match host.contains(':') {
                true => format!("[{host}]"),
                false => host.clone(),
            };
            (
                format!(" and {}", range(listen)),
                format!("{host}:{}", range(advertise)),
            )
        }
        Addressing::Sni {
            before,
            after,
            port,
        } => (String::new(), format!("{before}{{node}}{after}:{port}")),
    };
    let Listener { name, address, .. } = listener;
    format!("{name} listens on {address}{also}{tls}; brokers are {told}")
}

fn range(ports: &RangeInclusive<u16>) -> String {
    format!("{}-{}", ports.start(), ports.end())
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
    fn every_listener_has_a_line() {
        let text = "\
version: 1
clusters:
  a:
    bootstrap: [k:9092]
    listeners:
      nat: {address: 127.0.0.1:1000, advertise: \"::1\", broker_ports: 1001-1009, advertised_ports: 11-19, sasl: none}
      names: {address: 127.0.0.1:443, broker_names: \"b{node}.x\", sasl: none,
              tls: {certificate: tests/fixtures/tls/gateway.crt, key: tests/fixtures/tls/gateway.key}}
";
        let config = config::parse(text, "x.yaml", &|_| None).unwrap();
        assert_eq!(
            contents(&config),
            "1 cluster, 2 listeners, 0 rules, 0 exceptions"
        );
        let lines = [
            "a/nat listens on 127.0.0.1:1000 and 1001-1009; brokers are [::1]:11-19",
            "a/names listens on 127.0.0.1:443 (TLS); brokers are b{node}.x:443",
        ];
        assert_eq!(listeners(&config), lines);
    }

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
