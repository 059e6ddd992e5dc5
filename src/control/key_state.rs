//! What the keepers of the keys, the cores and the health page share.
//!
//! Owns: the snapshot of the keys, each issuer's health, and the answer to a core that met an
//! unknown key id. Stays true: cores only load the snapshot; the one lock in here is taken by a
//! login with an unknown key id and held for some comparisons.

use super::issuer_http::{IssuerFault, IssuerSource};
use super::key_gate::{Gate, Pass};
use crate::chunk::UnixMillis;
use crate::identity::key_set::{IssuerKeys, KeySet};
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// How it stands with one issuer, for `/readyz` and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerHealth {
    /// Its name.
    pub issuer: Arc<str>,
    /// Usable keys. With none, nobody of this issuer can log in.
    pub keys: usize,
    /// When keys were last fetched.
    pub fetched: Option<UnixMillis>,
    /// Why the last attempt failed.
    pub fault: Option<String>,
}

/// What the tasks, the cores and the health page share.
pub(super) struct Shared {
    pub(super) set: Arc<ArcSwap<KeySet>>,
    pub(super) health: Arc<ArcSwap<Vec<IssuerHealth>>>,
    /// Touched only by logins with an unknown key id.
    gate: Mutex<Gate>,
    /// Wakes an issuer's task.
    wake: Vec<Notify>,
}

/// A core's way to say that it met an unknown key id.
#[derive(Clone)]
pub struct KeyRefresh(Arc<Shared>);

impl KeyRefresh {
    /// A handle to this state.
    pub(super) fn new(shared: Arc<Shared>) -> KeyRefresh {
        KeyRefresh(shared)
    }

    /// Asks for a refresh. Never waits, works on any thread and runtime.
    ///
    /// `true`: one is under way. Look at `KeySet::version` for up to `KEY_REFRESH_WAIT_MS_MAX`,
    /// and verify again at each change. `false`: refuse the login now; the id was looked for a
    /// moment ago, or there are too many unknown ids.
    pub fn ask(&self, issuer: usize, kid: &str) -> bool {
        let Some(wake) = self.0.wake.get(issuer) else {
            return false;
        };
        if self.0.set.load().knows(issuer, kid) {
            return true; // it came in between
        }
        let mut gate = self.0.gate.lock().unwrap_or_else(PoisonError::into_inner);
        match gate.ask(issuer, kid, Instant::now()) {
            Pass::Refresh => {
                wake.notify_one();
                true
            }
            Pass::Wait => true,
            Pass::Refuse => false,
        }
    }
}

impl Shared {
    /// No key yet, for any of these issuers.
    pub(super) fn new(sources: &[IssuerSource]) -> Shared {
        let health = sources.iter().map(|source| IssuerHealth {
            issuer: source.rules.issuer.clone(),
            keys: 0,
            fetched: None,
            fault: None,
        });
        Shared {
            set: Arc::new(ArcSwap::from_pointee(KeySet::empty(sources.len()))),
            health: Arc::new(ArcSwap::from_pointee(health.collect())),
            gate: Mutex::new(Gate::new(Instant::now())),
            wake: sources.iter().map(|_| Notify::new()).collect(),
        }
    }

    /// Ends when somebody asks for this issuer's keys.
    pub(super) async fn wake_of(&self, issuer: usize) {
        match self.wake.get(issuer) {
            Some(wake) => wake.notified().await,
            None => std::future::pending().await,
        }
    }

    /// New keys came.
    pub(super) fn publish(&self, issuer: usize, keys: IssuerKeys) {
        let ignored = keys.ignored;
        let keys = Arc::new(keys);
        self.set.rcu(|set| set.with(issuer, keys.clone()));
        let count = self.set.load().keys_of(issuer);
        self.update_health(issuer, |health| {
            if health.keys != count || health.fault.is_some() {
                tracing::info!(
                    issuer = &*health.issuer,
                    keys = count,
                    ignored,
                    "keys fetched"
                );
            }
            health.keys = count;
            health.fetched = Some(UnixMillis::now());
            health.fault = None;
        });
    }

    /// The keys are too old to be trusted, or withdrawn.
    pub(super) fn drop_keys(&self, issuer: usize) {
        let none = Arc::new(IssuerKeys::default());
        self.set.rcu(|set| set.with(issuer, none.clone()));
        self.update_health(issuer, |health| {
            tracing::error!(
                issuer = &*health.issuer,
                "its keys are too old or withdrawn, and were dropped"
            );
            health.keys = 0;
        });
    }

    /// No keys came.
    pub(super) fn fail(&self, issuer: usize, fault: &IssuerFault) {
        let text = fault.to_string();
        self.update_health(issuer, |health| {
            if health.fault.as_deref() != Some(&text) {
                tracing::warn!(issuer = &*health.issuer, "keys not fetched: {text}");
            }
            health.fault = Some(text);
        });
    }

    /// Only the issuer's own task writes here, all tasks are on one thread, and none waits
    /// between reading and storing.
    fn update_health(&self, issuer: usize, change: impl FnOnce(&mut IssuerHealth)) {
        let mut all = Vec::clone(&self.health.load());
        if let Some(health) = all.get_mut(issuer) {
            change(health);
        }
        self.health.store(Arc::new(all));
    }
}
