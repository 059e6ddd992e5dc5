//! `lockgate policy`: looking at a policy as a whole.
//!
//! Owns: the verbs below it. Refuses: to judge requests (`explain` does). Stays true: a line a rule, in the
//! order of names, whatever files they stand in.

use super::phrase;
use crate::config;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look at a policy as a whole.
#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    List(ListArgs),
    Diff(DiffArgs),
}

/// One line a rule: name, owner, mode, when, if, then. Exceptions follow.
///
/// Exit code: 0 listed, 1 the configuration has faults.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// The configuration file, in YAML.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// One JSON object a line: `{"rule": {"name", "owner", "mode", "when", "if", "then"}}`, or
    /// `{"exception": {"name", "lifts", "when", "until", "for"}}`.
    #[arg(long)]
    pub json: bool,
}

/// What NEW lets through that OLD does not, and the reverse.
///
/// A line for each rule, exception and approval policy that differs: `weaker`, `stronger`, `unclear` (it may let
/// something through that OLD does not), or `same` (nothing passes that did not). What is not told as weaker or
/// unclear is not weaker.
///
/// Exit code: 0 nothing is weaker, 1 something is or may be, 2 a configuration has faults.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The configuration file as it was.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The configuration file as it will be.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb.
///
/// # Errors
/// None today.
pub fn run(args: PolicyArgs) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::List(args) => list(args),
        Verb::Diff(args) => diff(&args),
    }
}

fn diff(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let (Some(old), Some(new)) = (super::loaded(&args.old), super::loaded(&args.new)) else {
        return Ok(ExitCode::from(2));
    };
    let changes = config::diff::changes(&old, &new);
    for change in &changes {
        match args.json {
            true => println!("{}", serde_json::to_string(change)?),
            false => {
                let way = format!("{:?}", change.way).to_lowercase();
                println!("{way:<8}  {}: {}", change.what, change.how);
            }
        }
    }
    let weakens = changes.iter().any(|change| change.way.weakens());
    Ok(ExitCode::from(u8::from(weakens)))
}

fn list(args: ListArgs) -> anyhow::Result<ExitCode> {
    let Some(config) = super::loaded(&args.config) else {
        return Ok(ExitCode::FAILURE);
    };
    let names: Vec<&str> = phrase::detectors(&config);
    for rule in config.policy.rules() {
        let line = phrase::rule(rule, &names);
        match args.json {
            true => println!("{}", json!({"rule": fields(&phrase::RULE, &line)})),
            false => println!("{}", line.join("  ")),
        }
    }
    for exception in config.policy.exceptions() {
        let line = phrase::exception(exception);
        match args.json {
            true => println!(
                "{}",
                json!({"exception": fields(&phrase::EXCEPTION, &line)})
            ),
            false => println!("{}", line.join("  ")),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a line tells by name: a name is the word in front of the text, which goes.
fn fields(names: &[&str], line: &[String]) -> serde_json::Value {
    let field = |(name, text): (&&str, &String)| {
        let text = text.strip_prefix(&format!("{name} ")).unwrap_or(text);
        ((*name).to_owned(), json!(text))
    };
    let named: serde_json::Map<_, _> = names.iter().zip(line).map(field).collect();
    named.into()
}
