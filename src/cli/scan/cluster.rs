//! `lockgate scan --bootstrap`: what the topics of a running cluster carry.
//!
//! ```text
//! brokers ─► sample (a thread of its own) ─► batches ─► examine ─► topic ─► table, JSON, proposed rules
//!                         registry ◄── ids that records name ──┘
//! ```
//!
//! Owns: the thread that reads, and the loop over what it brings. Refuses: to print a raw value, and to change
//! anything in the cluster. Stays true: when time is up, or at Ctrl-C, what was read so far is told, and so is
//! that it is not all.

use super::choose::Choice;
use super::examine::{Examiner, Portion};
use super::places::Places;
use super::table::printable;
use super::topic::{Gathered, Topic};
use super::topics::{self, Topics};
use super::{ScanArgs, job, propose, quiet};
use crate::config::{self, Config};
use crate::control::brokers::ClusterSource;
use crate::control::keys::install_crypto_provider;
use crate::control::registry::{Options, Registry, RegistrySource, Wishes};
use crate::control::sample::{self, Ask, Sampled};
use crate::gateway::{cluster_source, registry_source};
use crate::kafka::batch::{self, Batch, Bodies, Fields};
use crate::limits::{REGISTRY_LOOK_MS, REGISTRY_WAIT_MS_MAX, SAMPLE_REPLIES_WAITING};
use crate::policy::Pattern;
use crate::schema::registered::Schemas;
use crate::schema::wire::SchemaId;
use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Why the reading ended.
enum End {
    Whole,
    TimeUp,
    Interrupted,
}

/// The schemas that records name, and how they are asked for.
struct Known {
    schemas: Arc<ArcSwap<Schemas>>,
    is_down: Box<dyn Fn() -> bool>,
    wishes: Wishes,
}

/// Scans the cluster and prints what came of it.
pub fn run(args: &ScanArgs, choice: &Choice, own: Option<&Config>) -> anyhow::Result<ExitCode> {
    let (words, cluster) = cluster(args, own)?;
    let source = cluster_source(&cluster)?;
    let registry = cluster.registry.as_ref().map(registry_source).transpose()?;
    let started = Instant::now();
    let (mut topics, end) = sampled(args, choice, source, registry)?;
    let left_out = match end {
        End::Whole => None,
        End::TimeUp => Some("time was up (--time)"),
        End::Interrupted => Some("it was interrupted"),
    };
    match (topics.is_empty(), left_out) {
        (true, Some(why)) => bail!("the cluster told no topics: {why}"),
        (true, None) => bail!("no topic of the cluster matches, or none may be seen"),
        (false, _) => {}
    }
    for (name, topic) in &mut topics {
        if let Some(why) = left_out.filter(|_| topic.whole < topic.partitions) {
            let (whole, all) = (topic.whole, topic.partitions);
            topic.fault(format!(
                "{whole} of {all} partitions were read whole: {why}"
            ));
        }
        tell(name, topic);
    }
    quiet(print(args, choice, &words, &topics, started.elapsed()))?;
    let faulty = topics.values().any(|t| !t.faults.is_empty());
    let found = topics.values().any(|t| !t.rows.is_empty());
    Ok(ExitCode::from(match (faulty, found) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }))
}

/// The cluster, and its words for a proposal: of the command line, or of the configuration.
fn cluster(args: &ScanArgs, own: Option<&Config>) -> anyhow::Result<(String, config::Cluster)> {
    if !args.target.bootstrap.is_empty() {
        let words = args.target.words();
        let text = format!("version: 1\nclusters:\n  main:\n{words}{UNUSED}");
        let env = |name: &str| std::env::var(name).ok();
        let read = config::parse(&text, "the command line", &env)?;
        let mut clusters = read.clusters.into_iter();
        return Ok((words, clusters.next().context("no cluster")?));
    }
    let clusters = own.map(|config| config.clusters.as_slice());
    let clusters = clusters.context("--topics wants --bootstrap, or a --config with a cluster")?;
    let named = |c: &&config::Cluster| args.cluster.as_ref().is_none_or(|name| *name == c.name);
    let mut fitting = clusters.iter().filter(named);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => {
            let brokers: Vec<_> = only.bootstrap.iter().map(ToString::to_string).collect();
            let words = format!("    bootstrap: [{}]\n", brokers.join(", "));
            Ok((words, only.clone()))
        }
        (Some(_), Some(_)) => {
            bail!("the configuration has several clusters: name one with --cluster")
        }
        (None, _) => bail!("the configuration has no cluster of that name"),
    }
}

/// What a configuration must have and a scan has no use for.
const UNUSED: &str = "    listeners: {default: {address: 127.0.0.1:19092, advertise: localhost, \
                      broker_ports: 19100-19199, sasl: none}}\naudit: {directory: lockgate-audit}\n";

/// Reads the sample on a thread of its own and looks at it on this one.
fn sampled(
    args: &ScanArgs,
    choice: &Choice,
    source: ClusterSource,
    registry: Option<RegistrySource>,
) -> anyhow::Result<(Topics, End)> {
    install_crypto_provider();
    let patterns: Vec<Pattern> = args.topics.iter().map(|t| Pattern::new(t.trim())).collect();
    let ask = Ask {
        wanted: Box::new(move |name| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
        }),
        records: args.records,
        from: args.from.into(),
    };
    let (keeper, known) = match registry {
        None => (None, None),
        Some(source) => {
            let (keeper, wishes) = Registry::new(source, Options::default())?;
            let health = keeper.health();
            let known = Known {
                schemas: keeper.schemas(),
                is_down: Box::new(move || health.load().fault.is_some()),
                wishes,
            };
            (Some(keeper), Some(known))
        }
    };
    let time = Duration::from_secs(args.time);
    let (to, from) = mpsc::channel(SAMPLE_REPLIES_WAITING);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let reading = std::thread::spawn(move || {
        let end = runtime.block_on(async move {
            let keeper = keeper.map(|keeper| tokio::spawn(keeper.run()));
            let end = tokio::select! {
                read = sample::sample(source, ask, to) => read.map(|()| End::Whole),
                () = tokio::time::sleep(time) => Ok(End::TimeUp),
                _ = tokio::signal::ctrl_c() => Ok(End::Interrupted),
            };
            // What was read may still name schemas: the keeper ends when nobody can ask any more.
            if let Some(keeper) = keeper {
                let _ = keeper.await;
            }
            end
        });
        // A name that is being resolved is not waited for.
        runtime.shutdown_background();
        end
    });
    let topics = Look::new(choice, known).all(from);
    let end = reading.join();
    let end = end.map_err(|_| anyhow::anyhow!("the thread that reads the cluster broke off"))?;
    Ok((topics, end.context("the cluster cannot be read")?))
}

/// The looking at what was read.
struct Look<'c> {
    examiner: Examiner<'c>,
    bodies: Bodies,
    known: Option<Known>,
    topics: Topics,
    /// When the way was told last, if anybody sees it.
    told: Option<Instant>,
}

impl<'c> Look<'c> {
    fn new(choice: &'c Choice, known: Option<Known>) -> Look<'c> {
        Look {
            examiner: Examiner::new(choice),
            bodies: Bodies::new(),
            known,
            topics: Topics::new(),
            told: io::stderr().is_terminal().then(Instant::now),
        }
    }

    fn all(mut self, mut from: mpsc::Receiver<Sampled>) -> Topics {
        while let Some(sampled) = from.blocking_recv() {
            match sampled {
                Sampled::Topics(all) => {
                    let new = |(name, partitions)| (name, Topic::new(partitions));
                    self.topics = all.into_iter().map(new).collect();
                }
                Sampled::Records { topic, batches } => self.records(&topic, &batches),
                Sampled::Whole { topic } => {
                    if let Some(topic) = self.topics.get_mut(&*topic) {
                        topic.whole += 1;
                    }
                }
                Sampled::Fault { topic, what } => {
                    if let Some(topic) = self.topics.get_mut(&*topic) {
                        topic.fault(what);
                    }
                }
            }
            self.progress();
        }
        self.topics
    }

    fn records(&mut self, topic: &str, records: &[u8]) {
        let Some(mut topic) = self.topics.remove_entry(topic) else {
            return;
        };
        for found in batch::batches(records) {
            match found {
                Ok(found) => self.batch(&mut topic.1, records, &found),
                Err(fault) => topic.1.fault(fault),
            }
        }
        self.topics.insert(topic.0, topic.1);
    }

    fn batch(&mut self, topic: &mut Topic, records: &[u8], found: &Batch) {
        topic.bytes += found.span.len() as u64;
        if found.header.is_control() {
            return;
        }
        let base = found.header.base_offset;
        let mut bodies = std::mem::take(&mut self.bodies);
        match job::open(&mut bodies, records, found) {
            Ok(body) => self.body(topic, body, found),
            Err(fault) => topic.fault(format!("the batch at offset {base} was not read: {fault}")),
        }
        self.bodies = bodies;
    }

    fn body(&mut self, topic: &mut Topic, body: &[u8], found: &Batch) {
        let count = found.header.records_count;
        let portion = Portion {
            body,
            fields: Fields::new(body, count).map_while(Result::ok),
            record: 0,
            within: 0,
            owned: 0..body.len(),
            binary: true,
        };
        topic.records += u64::try_from(count).unwrap_or(0);
        self.examiner
            .knows(self.known.as_ref().map(|known| known.schemas.load_full()));
        self.examiner.examine(&portion);
        if let Some(known) = &self.known {
            let missing = self.examiner.walker().missing().to_vec();
            if !missing.is_empty() {
                if !known.fetch(&missing) {
                    topic.fault("records name schemas that the registry does not tell in time; they were read as they lie");
                }
                self.examiner.knows(Some(known.schemas.load_full()));
                self.examiner.examine(&portion);
            }
        }
        let mut places = Places::new(body, self.examiner.walker());
        let mut gathered = Gathered::default();
        for seen in self.examiner.seen(&portion) {
            topic.add(&mut gathered, &seen, &places.path(&seen));
        }
        topic.settle(&mut gathered);
    }

    /// A line on standard error now and then, where somebody sees it.
    fn progress(&mut self) {
        const EVERY: Duration = Duration::from_secs(1);
        let due = self.told.is_some_and(|told| told.elapsed() >= EVERY);
        if due {
            self.told = Some(Instant::now());
            let sum = |of: fn(&Topic) -> u64| self.topics.values().map(of).sum::<u64>();
            let (whole, all) = (sum(|t| t.whole as u64), sum(|t| t.partitions as u64));
            eprintln!(
                "lockgate: {whole} of {all} partitions, {} records",
                sum(|t| t.records)
            );
        }
    }
}

impl Known {
    /// Waits until the registry has said something of all of them; whether it did in time.
    fn fetch(&self, ids: &[SchemaId]) -> bool {
        ids.iter().for_each(|id| self.wishes.ask(*id));
        let until = Instant::now() + Duration::from_millis(REGISTRY_WAIT_MS_MAX);
        loop {
            let schemas = self.schemas.load();
            if ids.iter().all(|id| schemas.find(id).is_some()) {
                return true;
            }
            if (self.is_down)() || Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(REGISTRY_LOOK_MS));
        }
    }
}

fn tell(name: &str, topic: &Topic) {
    let name = printable(name);
    for fault in &topic.faults {
        eprintln!("lockgate: {name}: {}", printable(fault));
    }
    if topic.more_faults > 0 {
        eprintln!("lockgate: {name}: … and {} more", topic.more_faults);
    }
}

fn print(
    args: &ScanArgs,
    choice: &Choice,
    words: &str,
    all: &Topics,
    took: Duration,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        for (name, topic) in all {
            topics::line(&mut out, name, topic, choice)?;
        }
    } else if args.propose {
        // The rules may be meant for a file, so the table goes where it is seen.
        topics::table(&mut io::stderr().lock(), all, choice, took)?;
        propose::write(&mut out, words, all, choice)?;
    } else {
        topics::table(&mut out, all, choice, took)?;
    }
    out.flush()
}
