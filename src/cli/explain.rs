//! `lockgate explain`: what the policy says of one request, and why.
//!
//! Owns: the words. Refuses: to print a payload or what was found in it, save masked. Stays true: every rule of
//! the policy has its line, those that cannot match with the first thing that keeps them from it.

use super::judge::{Judge, Judged, Request, whole_of};
use crate::chunk::{Operation, UnixMillis};
use crate::policy::{Gate, Rule};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Say what the rules make of one request: the verdict, and of every rule whether it matches and why not.
///
/// Exit code: 0 explained, 1 the configuration has faults, 2 anything else.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The configuration file, in YAML.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// The principal.
    #[arg(long = "as", value_name = "NAME", default_value = "anonymous")]
    pub principal: String,
    /// A group of theirs; may be repeated.
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// A claim of their token; may be repeated.
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    pub claims: Vec<(String, String)>,
    /// What they do.
    #[arg(long, value_name = "NAME", default_value = "produce", value_parser = operation)]
    pub operation: Operation,
    /// The topic.
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,
    /// The client's own name.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub client_id: String,
    /// The listener, or CLUSTER/LISTENER.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub listener: String,
    /// A record's value; `-` is standard input.
    #[arg(value_name = "PAYLOAD")]
    pub payload: Option<PathBuf>,
}

fn claim(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

fn operation(text: &str) -> Result<Operation, String> {
    Operation::from_name(text).ok_or_else(|| "expected an operation, such as produce".to_owned())
}

/// Runs the verb.
///
/// # Errors
/// The payload cannot be read.
pub fn run(args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let Some(config) = super::loaded(&args.config) else {
        return Ok(ExitCode::FAILURE);
    };
    let request = request(args)?;
    let judge = Judge::new(&config);
    let judged = judge.judge(&request, UnixMillis::now());
    print!("{}", verdict(&judge, &judged));
    for rule in config.policy.rules() {
        println!("  {}: {}", rule.name, why(rule, &request, &judged));
    }
    if !judged.verdict.masks.is_empty() {
        println!("goes on as: {}", String::from_utf8_lossy(&judged.masked));
    }
    Ok(ExitCode::SUCCESS)
}

fn request(args: ExplainArgs) -> anyhow::Result<Request> {
    let payload = match &args.payload {
        None => Vec::new(),
        Some(path) => payload(path).with_context(|| path.display().to_string())?,
    };
    let mut request = Request {
        principal: args.principal,
        groups: args.groups,
        operation: args.operation,
        topic: args.topic,
        client_id: args.client_id,
        listener: args.listener,
        payload,
        ..Request::default()
    };
    for (name, value) in args.claims {
        request.claims.entry(name).or_default().push(value);
    }
    Ok(request)
}

fn payload(path: &Path) -> anyhow::Result<Vec<u8>> {
    match path.as_os_str() == "-" {
        true => whole_of(std::io::stdin()),
        false => whole_of(std::fs::File::open(path)?),
    }
}

fn verdict(judge: &Judge<'_>, judged: &Judged) -> String {
    let rules: Vec<String> = judged.rules().iter().map(ToString::to_string).collect();
    let by = match rules.is_empty() {
        true => String::new(),
        false => format!(" by {}", rules.join(", ")),
    };
    let mut out = format!("{}{by}\n", judged.word());
    match &judged.verdict.gate {
        Gate::Block { reason, .. } => out += &format!("the client is told: {reason}\n"),
        Gate::Hold { rules, .. } => {
            for order in rules {
                out += &format!("asks: {} (for {})\n", order.ask, order.rule);
                if let Some(offer) = &order.grant {
                    out += &format!("to grant: {}\n", offer.subject.about);
                }
            }
        }
        Gate::Allow => {}
    }
    for finding in &judged.findings {
        let name = judge.engine().name(finding.detector);
        let likely = finding.likelihood.name();
        out += &format!("found: {name}, {likely}, at byte {}\n", finding.start);
    }
    for exception in &judged.verdict.lifted {
        out += &format!("lifted by the exception {exception}\n");
    }
    out
}

/// Whether a rule matches, in a few words.
fn why(rule: &Rule, request: &Request, judged: &Judged) -> String {
    let (subject, on) = (request.subject(&judged.principal), request.target());
    if let Some(field) = rule.when.differs(&subject, request.operation, on) {
        return format!("no: `when.{field}` does not match");
    }
    let verdict = &judged.verdict;
    if judged.rules().contains(&rule.name) {
        "matches".to_owned()
    } else if verdict.observed.contains(&rule.name) {
        "matches, and only observes".to_owned()
    } else if judged.scope.lifted(&rule.name) {
        "lifted by an exception, if it matches".to_owned()
    } else if matches!(verdict.gate, Gate::Block { .. }) {
        "adds nothing to the block".to_owned()
    } else {
        "no: `if` does not match".to_owned()
    }
}
