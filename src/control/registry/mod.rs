//! Keeps the schemas that records name, as one snapshot for all cores.
//!
//! ```text
//! core ──wish (bounded, try_send)──► keeper ──HTTP──► registry
//! core ◄──────── snapshot ────────── keeper
//! ```
//!
//! Owns: what is asked of one Confluent-compatible registry, and when. Refuses: to let anybody wait:
//! a core meets an unknown schema, says so and goes on by its rules. Stays true: ids come from records,
//! which anybody may write, so they cost the registry a burst and then a trickle; a registry that is
//! down is asked less and less; what it once told stays known, since an id never changes its meaning.

mod answers;
mod bucket;
mod http;
#[cfg(test)]
mod tests;

pub use http::{Login, RegistryFault, RegistrySource};

use crate::limits::{
    REGISTRY_ABSENT_MAX, REGISTRY_ABSENT_S, REGISTRY_REQUESTS_AT_ONCE, REGISTRY_RETRY_MS,
    REGISTRY_SCHEMAS_MAX, REGISTRY_TEXT_BYTES_MAX, REGISTRY_WISHES_MAX,
};
use crate::schema::registered::{Known, Registered, Schemas};
use crate::schema::wire::SchemaId;
use arc_swap::ArcSwap;
use bucket::Bucket;
use http::RegistryClient;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How a registry is asked. The defaults are the named limits.
#[derive(Clone, Debug)]
pub struct Options {
    /// An absent id is asked for again after this.
    pub absent: Duration,
    /// Pause after a failed request; doubles from the first to the second.
    pub retry: (Duration, Duration),
    /// Most schemas kept.
    pub schemas_max: usize,
    /// Most bytes of their texts.
    pub text_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Options {
        let ms = Duration::from_millis;
        Options {
            absent: Duration::from_secs(REGISTRY_ABSENT_S),
            retry: (ms(REGISTRY_RETRY_MS.0), ms(REGISTRY_RETRY_MS.1)),
            schemas_max: REGISTRY_SCHEMAS_MAX,
            text_bytes_max: REGISTRY_TEXT_BYTES_MAX,
        }
    }
}

/// How it stands with a registry, for `/readyz` and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistryHealth {
    /// Schemas known.
    pub schemas: usize,
    /// Why the last request failed; none once one succeeds.
    pub fault: Option<String>,
}

/// A core's way to say which schema it misses.
#[derive(Clone, Debug)]
pub struct Wishes(mpsc::Sender<SchemaId>);

impl Wishes {
    /// Asks for a schema that the snapshot does not have, or has as absent. Never waits, works on any
    /// thread and runtime; a wish that is lost is made again by the next record of that schema.
    pub fn ask(&self, id: SchemaId) {
        let _ = self.0.try_send(id);
    }
}

/// The keeper of one registry's schemas; `run` is its life.
#[derive(Debug)]
pub struct Registry {
    client: Arc<RegistryClient>,
    wishes: mpsc::Receiver<SchemaId>,
    schemas: Arc<ArcSwap<Schemas>>,
    health: Arc<ArcSwap<RegistryHealth>>,
    options: Options,
    bucket: Bucket,
    under_way: HashSet<SchemaId>,
    /// When each absent id was asked for.
    absent: HashMap<SchemaId, Instant>,
    text_bytes: usize,
    /// Nothing is asked before this.
    paused_until: Option<Instant>,
    pause: Duration,
}

/// What a request came to.
type Answer = (SchemaId, Result<Option<Registered>, RegistryFault>);

impl Registry {
    /// Prepares to keep a registry's schemas; asks nothing yet.
    ///
    /// # Errors
    /// An address or authority that cannot be used: the configuration must change. A registry that is
    /// merely down is no error.
    pub fn new(
        source: RegistrySource,
        options: Options,
    ) -> Result<(Registry, Wishes), RegistryFault> {
        let (sender, wishes) = mpsc::channel(REGISTRY_WISHES_MAX);
        let registry = Registry {
            client: Arc::new(RegistryClient::new(source)?),
            wishes,
            schemas: Arc::default(),
            health: Arc::default(),
            pause: options.retry.0,
            options,
            bucket: Bucket::full(Instant::now()),
            under_way: HashSet::new(),
            absent: HashMap::new(),
            text_bytes: 0,
            paused_until: None,
        };
        Ok((registry, Wishes(sender)))
    }

    /// What is known, for the cores.
    pub fn schemas(&self) -> Arc<ArcSwap<Schemas>> {
        Arc::clone(&self.schemas)
    }

    /// How it stands.
    pub fn health(&self) -> Arc<ArcSwap<RegistryHealth>> {
        Arc::clone(&self.health)
    }

    /// Fetches what is wished for, until nobody can wish any more.
    pub async fn run(mut self) {
        let mut requests: JoinSet<Answer> = JoinSet::new();
        loop {
            let free = requests.len() < REGISTRY_REQUESTS_AT_ONCE;
            tokio::select! {
                Some(ended) = requests.join_next() => match ended {
                    Ok((id, answer)) => self.settle(id, answer, Instant::now()),
                    Err(error) => {
                        tracing::error!(%error, "a request to the schema registry broke off");
                        self.under_way.clear(); // whose it was is not told; the others come again
                    }
                },
                wish = self.wishes.recv(), if free => match wish {
                    None => return,
                    Some(id) if self.grants(&id, Instant::now()) => {
                        self.under_way.insert(id);
                        let client = Arc::clone(&self.client);
                        requests.spawn(async move { (id, client.schema(&id).await) });
                    }
                    Some(_) => {}
                },
            }
        }
    }

    /// Whether a wish leads to a request now.
    fn grants(&mut self, id: &SchemaId, now: Instant) -> bool {
        let paused = self.paused_until.is_some_and(|until| now < until);
        let known = match self.schemas.load().find(id) {
            None => false,
            Some(Known::Schema(_)) => true,
            Some(Known::Absent | Known::Refused) => {
                let asked = self.absent.get(id);
                asked.is_some_and(|at| now.saturating_duration_since(*at) < self.options.absent)
            }
        };
        !paused && !known && !self.under_way.contains(id) && self.bucket.take(now)
    }

    fn settle(
        &mut self,
        id: SchemaId,
        answer: Result<Option<Registered>, RegistryFault>,
        now: Instant,
    ) {
        self.under_way.remove(&id);
        match answer {
            Ok(found) => {
                (self.paused_until, self.pause) = (None, self.options.retry.0);
                let fault = match found {
                    Some(registered) => self.learn(id, registered),
                    None => {
                        self.miss(id, Known::Absent, now);
                        None
                    }
                };
                self.tell(fault.map(|fault| fault.to_string()));
            }
            Err(fault) if fault.is_of_one_schema() => {
                (self.paused_until, self.pause) = (None, self.options.retry.0);
                tracing::warn!(registry = %self.client, ?id, "schema not usable: {fault}");
                self.miss(id, Known::Refused, now);
                self.tell(None);
            }
            Err(fault) => {
                self.paused_until = Some(now + self.pause);
                self.pause = (self.pause * 2).min(self.options.retry.1);
                self.tell(Some(fault.to_string()));
            }
        }
    }

    fn learn(&mut self, id: SchemaId, registered: Registered) -> Option<RegistryFault> {
        let schemas = self.schemas.load_full();
        let bytes = self.text_bytes + registered.bytes();
        if schemas.len() >= self.options.schemas_max || bytes > self.options.text_bytes_max {
            return Some(RegistryFault::Full);
        }
        self.text_bytes = bytes;
        self.absent.remove(&id);
        let known = Known::Schema(Arc::new(registered));
        self.schemas.store(Arc::new(schemas.with(id, known)));
        None
    }

    /// Remembers that the registry has no such schema, or none that can be used, and forgets what it said so
    /// long ago.
    fn miss(&mut self, id: SchemaId, known: Known, now: Instant) {
        let old = |at: &Instant| now.saturating_duration_since(*at) >= self.options.absent;
        let forgotten: Vec<SchemaId> = self
            .absent
            .iter()
            .filter(|(_, at)| old(at))
            .map(|(id, _)| *id)
            .collect();
        for id in &forgotten {
            self.absent.remove(id);
        }
        let mut schemas = self.schemas.load().without(&forgotten);
        if self.absent.len() < REGISTRY_ABSENT_MAX {
            self.absent.insert(id, now);
            schemas = schemas.with(id, known);
        }
        self.schemas.store(Arc::new(schemas));
    }

    fn tell(&self, fault: Option<String>) {
        let before = self.health.load();
        if let Some(fault) = fault
            .as_ref()
            .filter(|fault| before.fault.as_ref() != Some(fault))
        {
            tracing::warn!(registry = %self.client, "schema not fetched: {fault}");
        }
        let schemas = self.schemas.load().len();
        self.health
            .store(Arc::new(RegistryHealth { schemas, fault }));
    }
}
