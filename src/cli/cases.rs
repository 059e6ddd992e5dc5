//! `lockgate check --cases DIR`: unit tests of a policy.
//!
//! Owns: the form of case files, and the table of what passed. Refuses: files past a bound, unknown keys.
//! Stays true: a case without an expectation is a fault of its file; a directory without cases is one, too,
//! since tests that do not run prove nothing.

use super::judge::{Judge, Judged, Request, whole_of};
use crate::chunk::{Operation, TopicChange, TopicSetting, TopicShape, UnixMillis};
use crate::config::Config;
use crate::policy::Cause;
use anyhow::Context;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    principal: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    claims: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    topic: Option<String>,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    listener: String,
    #[serde(default)]
    payload: Option<String>,
    #[serde(default)]
    payload_file: Option<PathBuf>,
    #[serde(default)]
    unreadable: Option<String>,
    #[serde(default)]
    asks: Option<Asks>,
    expect: Expected,
}

/// What is asked for the topic, of an operation that makes or changes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asks {
    #[serde(default)]
    partitions: Option<u64>,
    #[serde(default)]
    replication: Option<u64>,
    #[serde(default)]
    config: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    verdict: String,
    #[serde(default)]
    rules: Option<Vec<String>>,
    #[serde(default)]
    masked: Option<String>,
}

const VERDICTS: [&str; 5] = ["allow", "mask", "hold", "block", "observe"];

/// What became of one case.
#[derive(serde::Serialize)]
pub struct Outcome {
    /// The file it stands in.
    pub file: String,
    /// Its name.
    pub case: String,
    /// What is not as expected; empty if it passed. Never the payload.
    pub differs: Vec<String>,
    /// The rules that matched, those that only observe included.
    pub rules: Vec<String>,
}

/// The rules of a policy that no case meets, by name.
pub fn unmet(config: &Config, outcomes: &[Outcome]) -> Vec<String> {
    let met: BTreeSet<&String> = outcomes.iter().flat_map(|it| &it.rules).collect();
    let names = config.policy.rules().map(|rule| rule.name.to_string());
    names.filter(|name| !met.contains(name)).collect()
}

/// Runs every case in a directory's `*.yaml`, in the order of files and names.
///
/// # Errors
/// What keeps a file from being read as cases, with its name.
pub fn run(config: &Config, directory: &Path) -> anyhow::Result<Vec<Outcome>> {
    let judge = Judge::new(config);
    let mut outcomes = Vec::new();
    for path in files(directory)? {
        let name = path.display().to_string();
        let text = text(&path).with_context(|| name.clone())?;
        let file: File = serde_saphyr::from_str(&text).with_context(|| name.clone())?;
        for (case, given) in &file.cases {
            let request = request(given, directory).with_context(|| format!("{name}: `{case}`"))?;
            let judged = judge.judge(&request, UnixMillis::now());
            outcomes.push(Outcome {
                file: name.clone(),
                case: case.clone(),
                differs: differs(&judged, &given.expect),
                rules: judged.matched(),
            });
        }
    }
    anyhow::ensure!(!outcomes.is_empty(), "{}: no cases", directory.display());
    Ok(outcomes)
}

/// A line for each case, and how many there were.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut out = String::new();
    for outcome in outcomes {
        let word = if outcome.differs.is_empty() {
            "ok    "
        } else {
            "FAILED"
        };
        out += &format!("{word}  {}: {}\n", outcome.file, outcome.case);
        for line in &outcome.differs {
            out += &format!("        {line}\n");
        }
    }
    let failed = outcomes.iter().filter(|it| !it.differs.is_empty()).count();
    out + &format!("{} passed, {failed} failed", outcomes.len() - failed)
}

fn differs(judged: &Judged, expect: &Expected) -> Vec<String> {
    let mut differs = Vec::new();
    if judged.word() != expect.verdict {
        differs.push(format!(
            "verdict: {}, not {}",
            judged.word(),
            expect.verdict
        ));
    }
    let rules: Vec<String> = judged.rules().iter().map(ToString::to_string).collect();
    if let Some(wanted) = &expect.rules {
        let mut wanted = wanted.clone();
        wanted.sort();
        if wanted != rules {
            let (is, was) = (rules.join(", "), wanted.join(", "));
            differs.push(format!("rules: [{is}], not [{was}]"));
        }
    }
    let masked = String::from_utf8_lossy(&judged.masked);
    if expect
        .masked
        .as_ref()
        .is_some_and(|wanted| *wanted != masked)
    {
        differs.push(format!("masked: {masked}"));
    }
    differs
}

fn request(case: &Case, directory: &Path) -> anyhow::Result<Request> {
    let verdict = &case.expect.verdict;
    let known = VERDICTS.contains(&verdict.as_str());
    anyhow::ensure!(
        known,
        "`{verdict}`; expected one of {}",
        VERDICTS.join(", ")
    );
    let operation = match &case.operation {
        None => Operation::Produce,
        Some(name) => {
            Operation::from_name(name).with_context(|| format!("no operation `{name}`"))?
        }
    };
    let unreadable = match &case.unreadable {
        None => None,
        Some(name) => {
            let cause = Cause::ALL.into_iter().find(|cause| cause.name() == name);
            Some(cause.with_context(|| format!("no cause `{name}`"))?)
        }
    };
    let payload = match (&case.payload, &case.payload_file) {
        (Some(_), Some(_)) => anyhow::bail!("`payload` and `payload_file` together"),
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(path)) => {
            bytes(&directory.join(path)).with_context(|| format!("`{}`", path.display()))?
        }
        (None, None) => Vec::new(),
    };
    let nobody = Request::default();
    Ok(Request {
        shape: shape(operation, case.asks.as_ref()),
        principal: case.principal.clone().unwrap_or(nobody.principal),
        groups: case.groups.clone(),
        claims: case.claims.clone(),
        operation,
        topic: case.topic.clone(),
        client_id: case.client_id.clone(),
        listener: case.listener.clone(),
        payload,
        unreadable,
    })
}

/// What is asked for the topic. A new one about which nothing is said is as the broker would make it.
fn shape(operation: Operation, asks: Option<&Asks>) -> Option<TopicShape> {
    let new = operation == Operation::CreateTopics;
    let Some(asks) = asks else {
        return new.then(TopicShape::by_itself);
    };
    let setting = |(name, value): (&String, &String)| TopicSetting {
        name: name.clone(),
        value: Some(value.clone()),
    };
    let one = new.then_some(1);
    let copies = asks.replication.or(one);
    Some(TopicShape {
        change: match new {
            true => TopicChange::Made,
            false => TopicChange::Changed,
        },
        partitions: asks.partitions.or(one),
        copies: copies.map(|copies| (copies, copies)),
        settings: asks.config.iter().map(setting).collect(),
    })
}

fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(String::from_utf8(bytes(path)?)?)
}

fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    whole_of(std::fs::File::open(path)?)
}
