//! `lockgate policy`: looking at a policy as a whole.
//!
//! Owns: the verbs below it. Refuses: to judge requests (`explain` does). Stays true: a line a rule, in the
//! order of names, whatever files they stand in.

use super::phrase;
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

/// Runs the verb.
///
/// # Errors
/// None today.
pub fn run(args: PolicyArgs) -> anyhow::Result<ExitCode> {
    let Verb::List(args) = args.verb;
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
