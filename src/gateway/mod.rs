//! Start, drain, stop: who runs on which thread.
//!
//! ```text
//! main ──► control thread (tokio): desk · HTTP · issuers' keys · discovery · signals
//!      ├─► core-00 … core-NN (monoio, pinned): the data plane
//!      └── waits for a signal or a fault, then drains the cores, then stops control
//! ```
//!
//! Owns: the threads, and what is built from the configuration. Refuses: to start with an audit or a
//! log of holds it cannot write. Stays true: cores end before the control thread, so that every
//! outcome is known to it; `stopped` is the last entry of every chain.

mod certificates;
mod clusters;
pub mod driver;
mod health;
mod services;
mod sink;

pub use clusters::{cluster_source, registry_source};

use crate::audit::entry::{PolicyLoaded, Started};
use crate::audit::{AuditFault, Entry, Writer};
use crate::chunk::UnixMillis;
use crate::config::Config;
use crate::control;
use crate::data_plane::core::{Setup, Shared};
use crate::data_plane::inspect::Rules;
use crate::data_plane::mailbox::Bell;
use crate::data_plane::stats::Stats;
use crate::hold::link::{self, Post};
use crate::hold::messages::{ToControl, ToCore};
use crate::limits::{
    CORES_MAX, DESCRIPTORS_KEPT, DESCRIPTORS_PER_CONNECTION, DESCRIPTORS_PER_LISTENER,
};
use crate::scan::Engine;
use anyhow::Context;
use arc_swap::ArcSwap;
use crossbeam_channel::Receiver;
use driver::Driver;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::Notify;

/// Why the gateway ends.
#[derive(Debug)]
pub enum End {
    /// SIGTERM or SIGINT.
    Signal(&'static str),
    /// A core's thread ended by itself.
    Core(u16),
    /// The control thread ended by itself: held chunks would wait for ever.
    Control,
}

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// What keeps it from starting, or a thread that died.
pub fn run(config: Config) -> anyhow::Result<()> {
    control::keys::install_crypto_provider();
    raise_descriptor_limit();
    let (driver, fell_back) = driver::choose(config.io)?;
    if let Some(why) = &fell_back {
        tracing::warn!(
            why,
            "io_uring cannot be used here: falling back to epoll, at a higher cost in CPU"
        );
    }
    let cpus = cpus(config.cores);
    let mut writers = open_audit(&config, driver, cpus.len())?;
    let control_writer = writers
        .pop()
        .context("no audit chain for the control thread")?;
    let (services, parts) = services::Services::new(&config)?;
    let shared = Arc::new(shared(&config, parts, cpus.len())?);

    let wake = Arc::new(Notify::new());
    let rung = Arc::clone(&wake);
    let (desk, receiver) = link::to_control(Arc::new(move || rung.notify_one()));
    let bells: Vec<Arc<Bell>> = cpus.iter().map(|_| Arc::default()).collect();
    let (posts, inboxes): (Vec<_>, Vec<_>) =
        bells.iter().map(|bell| link::to_core(bell.wake())).unzip();
    let (ends, ended) = mpsc::channel();
    let setup = control::Setup {
        receiver,
        wake,
        cores: posts.clone(),
        approvals: approvals(&config),
        grants: Arc::clone(&shared.grants),
        log_path: config.state.clone(),
        audit: Box::new(sink::Sink::new(control_writer)),
        surfaces: services.surfaces(
            &config,
            driver,
            Arc::clone(&shared),
            posts.clone(),
            ends.clone(),
        ),
    };
    let control = control::spawn(setup).context("the control thread cannot start")?;
    let cores = start_cores(driver, &cpus, &shared, bells, inboxes, &desk, writers, ends)?;
    for (cluster, listener) in config
        .clusters
        .iter()
        .flat_map(|c| c.listeners.iter().map(move |l| (c, l)))
    {
        tracing::info!(cluster = cluster.name, listener = listener.name, address = %listener.address, "clients connect here");
    }
    tracing::info!(io = driver.name(), cores = cpus.len(), "lockgate is up");

    let end = wait(&ended, &control);
    tracing::info!(?end, "stopping: requests in flight may finish");
    for post in &posts {
        let _ = post.try_send(ToCore::Drain);
    }
    let panicked = cores
        .into_iter()
        .map(JoinHandle::join)
        .filter(Result::is_err)
        .count();
    control.stop().map_err(anyhow::Error::msg)?;
    match end {
        End::Signal(_) if panicked == 0 => Ok(()),
        End::Signal(_) => anyhow::bail!("{panicked} core threads died"),
        End::Core(index) => anyhow::bail!("core {index} ended by itself; see the log"),
        End::Control => anyhow::bail!("the control thread ended by itself; see the log"),
    }
}

fn wait(ended: &mpsc::Receiver<End>, control: &control::Handle) -> End {
    const LOOK_MS: u64 = 500;
    loop {
        match ended.recv_timeout(std::time::Duration::from_millis(LOOK_MS)) {
            Ok(end) => return end,
            Err(_) if control.is_finished() => return End::Control,
            Err(_) => {}
        }
    }
}

/// Opens a chain a core and one for the control thread (last), and says what starts.
fn open_audit(config: &Config, driver: Driver, cores: usize) -> Result<Vec<Writer>, AuditFault> {
    let now = UnixMillis::now();
    let dir = &config.audit.directory;
    let mut writers = Vec::new();
    for name in (0..cores)
        .map(|i| format!("core-{i:02}"))
        .chain(["control".to_owned()])
    {
        let (writer, recovered) = Writer::open(dir, &name, now)?;
        if let Some(recovered) = recovered {
            tracing::warn!(
                chain = name,
                ?recovered,
                "the last run did not end in good order"
            );
        }
        writers.push(writer);
    }
    let started = Started {
        version: env!("CARGO_PKG_VERSION").into(),
        io: driver.name().into(),
        cores: writers[..cores]
            .iter()
            .map(|writer| writer.opened().clone())
            .collect(),
    };
    let policy = PolicyLoaded {
        hash: config.policy.hash,
        text: config.policy_text.clone(),
    };
    if let Some(control) = writers.last_mut() {
        control.append(&Entry::new(now, started))?;
        control.append(&Entry::new(now, policy))?;
        control.sync()?;
    }
    Ok(writers)
}

fn shared(config: &Config, parts: services::Parts, cores: usize) -> anyhow::Result<Shared> {
    let policy = config.policy.clone();
    let engine = Engine::with(Arc::clone(&config.detectors), policy.detectors());
    let mask_keys = config.mask_keys.clone();
    Ok(Shared {
        clusters: parts.clusters,
        rules: ArcSwap::from_pointee(Rules {
            policy,
            engine,
            mask_keys,
        }),
        grants: Arc::default(),
        issuers: parts.issuers,
        keys: parts.keys,
        ask_for_key: parts.ask_for_key,
        stats: (0..cores).map(|_| Stats::default()).collect(),
        connections_max: connections_max(config, cores),
        // two directions on each core
        budget_bytes: config.memory / (2 * cores.max(1)),
    })
}

fn approvals(config: &Config) -> BTreeMap<String, crate::approvals::Policy> {
    use crate::config::Reason;
    let convert = |policy: &crate::config::ApprovalPolicy| crate::approvals::Policy {
        name: policy.name.clone(),
        any_of: policy.any_of.clone(),
        people: policy.people,
        within_ms: policy.within_ms,
        reason_on_approve: policy.reason_on_approve == Reason::Required,
        reason_on_reject: policy.reason_on_reject == Reason::Required,
        redeem_within_ms: policy.redeem_within_ms,
    };
    config
        .approvals
        .iter()
        .map(|(name, policy)| (name.clone(), convert(policy)))
        .collect()
}

#[allow(clippy::too_many_arguments)] // each is handed to every core once, here
fn start_cores(
    driver: Driver,
    cpus: &[usize],
    shared: &Arc<Shared>,
    bells: Vec<Arc<Bell>>,
    inboxes: Vec<Receiver<ToCore>>,
    desk: &Post<ToControl>,
    writers: Vec<Writer>,
    ends: mpsc::Sender<End>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let parts = bells
        .into_iter()
        .zip(inboxes)
        .zip(writers)
        .zip(cpus)
        .enumerate();
    let mut cores = Vec::new();
    for (index, (((bell, inbox), audit), cpu)) in parts {
        let index = index as u16;
        let setup = Setup {
            index,
            shared: Arc::clone(shared),
            bell,
            inbox,
            desk: desk.clone(),
            audit,
        };
        let (cpu, ends) = (*cpu, ends.clone());
        let thread = std::thread::Builder::new()
            .name(format!("core-{index:02}"))
            .spawn(move || {
                let _told = TellsEnd(index, ends);
                pin(cpu);
                if let Err(error) = driver::run(driver, setup) {
                    tracing::error!(core = index, %error, "the core cannot run");
                }
            });
        cores.push(thread.context("a core's thread cannot start")?);
    }
    Ok(cores)
}

/// Says that a core's thread has ended, by a panic outside of any connection too: a gateway with a
/// dead core would let its clients hang.
struct TellsEnd(u16, mpsc::Sender<End>);

impl Drop for TellsEnd {
    fn drop(&mut self) {
        let _ = self.1.send(End::Core(self.0));
    }
}

/// The CPUs this process may use, one core each.
fn cpus(wanted: Option<usize>) -> Vec<usize> {
    let allowed: Vec<usize> = match rustix::thread::sched_getaffinity(None) {
        Ok(set) => (0..rustix::thread::CpuSet::MAX_CPU)
            .filter(|cpu| set.is_set(*cpu))
            .collect(),
        Err(_) => vec![0],
    };
    let count = wanted.unwrap_or(allowed.len()).clamp(1, CORES_MAX);
    allowed.iter().copied().cycle().take(count).collect()
}

fn pin(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &set) {
        tracing::warn!(cpu, %error, "the core cannot be pinned to its CPU");
    }
}

/// As many as the limit of open files has room for beside everything else.
fn connections_max(config: &Config, cores: usize) -> u64 {
    use rustix::process::{Resource, getrlimit};
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let listeners: usize = config.clusters.iter().map(|c| c.listeners.len()).sum();
    let listening = (cores * listeners) as u64 * (1 + DESCRIPTORS_PER_LISTENER);
    let kept = DESCRIPTORS_KEPT + listening;
    (files.saturating_sub(kept) / DESCRIPTORS_PER_CONNECTION).max(1)
}

/// Two descriptors a connection: the soft limit of most systems is for a shell.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_panics_tells_its_end() {
        let (ends, ended) = mpsc::channel();
        let core = std::thread::spawn(move || {
            let _told = TellsEnd(7, ends);
            panic!("outside of any connection");
        });
        assert!(core.join().is_err());
        assert!(matches!(ended.try_recv(), Ok(End::Core(7))));
    }
}
