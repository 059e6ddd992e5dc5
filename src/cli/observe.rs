//! `lockgate run --bootstrap B --observe`: a gateway without a file.
//!
//! Owns: the file that it writes for itself, and the telling of what went by. Refuses: to act: its one rule
//! observes. Stays true: what it runs on is a configuration like any other, lies in its directory, and may be
//! kept, changed and run with `-c`; what it tells is what its audit says.
//!
//! Clients are `anonymous`, unless the brokers want a login (`--username`): then clients' own logins pass
//! through to them (`sasl: relay`).

use super::target::{Target, quoted};
use crate::audit::Body;
use crate::audit::query::{Filter, query};
use crate::limits::OBSERVE_TELL_S;
use crate::scan::DETECTORS;
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Ports for brokers beside the listener's own: broker 0 has the eighth after it.
const BROKER_PORTS_AFTER: u16 = 8;
const BROKER_PORTS: u16 = 100;

/// What `--observe` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct ObserveArgs {
    #[command(flatten)]
    pub target: Target,
    /// Run without a file before these brokers: look for everything the detectors know, act on nothing, and say
    /// what went by. Without --username clients are not asked to log in; with it, their own logins pass through to
    /// the brokers.
    #[arg(long, requires = "bootstrap")]
    pub observe: bool,
    /// Where clients connect; brokers have the hundred ports from the eighth after it on.
    #[arg(
        long,
        value_name = "ADDRESS",
        requires = "observe",
        default_value = "127.0.0.1:19092"
    )]
    pub listen: SocketAddr,
    /// The host that clients are told [default: that of --listen].
    #[arg(long, value_name = "HOST", requires = "observe")]
    pub advertise: Option<String>,
    /// Keep configuration and audit in this directory [default: a new one among the temporary files].
    #[arg(long, value_name = "DIR", requires = "observe")]
    pub directory: Option<PathBuf>,
}

/// Lays the directory out; the configuration's path in it.
///
/// # Errors
/// A directory that cannot be made or written, a port too high.
pub fn lay_out(args: &ObserveArgs) -> anyhow::Result<PathBuf> {
    let temporary = || std::env::temp_dir().join(format!("lockgate-{}", std::process::id()));
    let dir = args.directory.clone().unwrap_or_else(temporary);
    let mut builder = DirBuilder::new();
    // One that is there already may be somebody else's, unless it was named.
    builder.mode(0o700).recursive(args.directory.is_some());
    let shown = dir.display();
    builder
        .create(&dir)
        .with_context(|| format!("cannot make the directory {shown}"))?;
    let dir = std::path::absolute(&dir)?;
    let file = dir.join("lockgate.yaml");
    std::fs::write(&file, text(args, &dir)?).with_context(|| format!("cannot write in {shown}"))?;
    Ok(file)
}

/// The configuration.
fn text(args: &ObserveArgs, dir: &Path) -> anyhow::Result<String> {
    let port = args.listen.port();
    let first = port.checked_add(BROKER_PORTS_AFTER);
    let ports = first.and_then(|first| Some((first, first.checked_add(BROKER_PORTS - 1)?)));
    let Some((first, last)) = ports else {
        bail!("--listen: above port {port} there is no room for the brokers' ports");
    };
    let host = args.listen.ip();
    if host.is_unspecified() && args.advertise.is_none() {
        bail!("--listen {host}: say with --advertise under which host clients reach it");
    }
    let told = args.advertise.clone().unwrap_or_else(|| host.to_string());
    let sasl = match args.target.username {
        Some(_) => "relay",
        None => "none",
    };
    let names: Vec<&str> = DETECTORS.iter().map(|detector| detector.name).collect();
    let path = |name: &str| quoted(&dir.join(name).display().to_string());
    Ok(format!(
        "# Written by `lockgate run --observe`. Run it again with `lockgate run -c FILE`.\n\
         version: 1\nclusters:\n  main:\n{}    listeners:\n      default: {{address: {}, advertise: {}, \
         broker_ports: {first}-{last}, sasl: {sasl}}}\n\
         defaults: {{mode: observe}}\n\
         rules:\n  everything:\n    when: {{operations: [produce, fetch]}}\n    \
         if: {{contains: {{any: [{}]}}}}\n    then: {{mask: full}}\n\
         audit: {{directory: {}}}\nholds: {{log: {}}}\n",
        args.target.words(),
        quoted(&args.listen.to_string()),
        quoted(&told),
        names.join(", "),
        path("audit"),
        path("holds.db"),
    ))
}

/// What went by in one topic and one direction.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    records: u64,
    bytes: u64,
    detectors: BTreeMap<String, u64>,
}

/// By topic and direction.
type Topics = BTreeMap<(String, &'static str), Seen>;

/// Tells from time to time what went by, and once more when it is dropped.
pub struct Teller {
    audit: PathBuf,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Teller {
    /// Begins to tell what is in this audit.
    pub fn start(audit: &Path) -> Teller {
        let (stop, stopped) = channel();
        let dir = audit.to_owned();
        let thread = std::thread::Builder::new().name("teller".to_owned());
        Teller {
            audit: audit.to_owned(),
            stop: Some(stop),
            thread: thread.spawn(move || now_and_then(&dir, &stopped)).ok(),
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        tell(&self.audit);
    }
}

fn now_and_then(audit: &Path, stopped: &Receiver<()>) {
    let (mut pause, most) = OBSERVE_TELL_S;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_secs(pause)) {
        tell(audit);
        pause = (2 * pause).min(most);
    }
}

fn tell(audit: &Path) {
    match seen(audit) {
        // Who reads no further is nobody's fault.
        Ok(topics) => drop(writeln!(std::io::stdout(), "{}", shown(&topics))),
        Err(fault) => tracing::warn!(%fault, "the audit cannot be read for a summary"),
    }
}

fn seen(audit: &Path) -> Result<Topics, crate::audit::query::QueryFault> {
    let mut topics = Topics::new();
    query(audit, &Filter::default(), &mut |found| {
        match found.body {
            Body::Traffic(traffic) => {
                for chunk in traffic.chunks() {
                    let of = (chunk.topic.to_owned(), traffic.operation().name());
                    let seen = topics.entry(of).or_default();
                    seen.records += u64::from(chunk.records);
                    seen.bytes += u64::from(chunk.bytes);
                }
            }
            Body::Verdict(verdict) => {
                let of = (verdict.topic.clone(), verdict.operation.name());
                let seen = topics.entry(of).or_default();
                for count in &verdict.detectors {
                    let found = seen.detectors.entry(count.detector.clone()).or_default();
                    *found += u64::from(count.count);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(topics)
}

/// A line for each topic and direction.
fn shown(topics: &Topics) -> String {
    let mut text = match topics.is_empty() {
        true => "what went by so far: nothing".to_owned(),
        false => "what went by so far:".to_owned(),
    };
    for ((topic, operation), seen) in topics {
        let found = seen.detectors.iter();
        let found: Vec<String> = found.map(|(name, n)| format!("{name} {n}")).collect();
        let found = match found.is_empty() {
            true => "nothing found".to_owned(),
            false => found.join(", "),
        };
        let (records, bytes) = (seen.records, seen.bytes);
        let topic = super::scan::printable(topic);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n  {topic}  {operation}  {records} records, {bytes} bytes: {found}"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(listen: &str, username: Option<&str>) -> ObserveArgs {
        ObserveArgs {
            target: Target {
                bootstrap: vec!["127.0.0.1:9092".into()],
                username: username.map(str::to_owned),
                password: username.map(|_| "${SECRET}".to_owned()),
                mechanism: "scram-sha-512".into(),
                ..Target::default()
            },
            observe: true,
            listen: listen.parse().unwrap(),
            advertise: None,
            directory: None,
        }
    }

    #[test]
    fn what_it_writes_is_a_configuration() {
        for (user, sasl) in [
            (None, crate::config::Sasl::None),
            (Some("ann"), crate::config::Sasl::Relay),
        ] {
            let text = text(&args("127.0.0.1:19092", user), Path::new("/var/a \"b\"")).unwrap();
            let env = |_: &str| Some("x".to_owned());
            let config = crate::config::parse(&text, "f", &env).unwrap();
            assert_eq!(config.clusters[0].listeners[0].sasl, sasl);
            assert_eq!(config.audit.directory, Path::new("/var/a \"b\"/audit"));
            assert_eq!(config.policy.detectors().iter().count(), DETECTORS.len());
        }
    }

    #[test]
    fn there_must_be_room_for_the_brokers_and_a_host_to_tell() {
        for listen in ["127.0.0.1:65500", "0.0.0.0:19092"] {
            assert!(
                text(&args(listen, None), Path::new("/a")).is_err(),
                "{listen}"
            );
        }
    }

    #[test]
    fn every_topic_has_a_line_for_each_direction() {
        let mut topics = Topics::new();
        assert_eq!(shown(&topics), "what went by so far: nothing");
        let seen = topics.entry(("a\n".to_owned(), "produce")).or_default();
        (seen.records, seen.bytes) = (3, 200);
        seen.detectors.insert("us_ssn".into(), 2);
        topics.entry(("b".to_owned(), "fetch")).or_default();
        assert_eq!(
            shown(&topics),
            "what went by so far:\n  a\\n  produce  3 records, 200 bytes: us_ssn 2\n  \
             b  fetch  0 records, 0 bytes: nothing found"
        );
    }
}
