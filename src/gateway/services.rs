//! What runs beside the desk on the control thread.
//!
//! Owns: the issuers' keys, the discovery of brokers, the signals, the HTTP servers. Refuses: to
//! touch the data plane but by snapshots and messages. Stays true: cores begin to listen only when
//! the cluster has been seen once, since before that nothing can be promised to a client.

use super::End;
use super::driver::Driver;
use super::health::Health;
use crate::chunk::{Principal, UnixMillis};
use crate::config::Config;
use crate::control::Surfaces;
use crate::control::brokers::{Brokers, ClusterSource, Discovered};
use crate::control::keys::{HttpOptions, IssuerSource, Keys};
use crate::data_plane::cluster::Cluster;
use crate::data_plane::core::{AskForKey, Shared};
use crate::hold::link::Post;
use crate::hold::messages::ToCore;
use crate::http::{self, ReviewerAuth};
use crate::identity::credential::Credential;
use crate::identity::key_set::KeySet;
use crate::identity::tokens::{self, IssuerRules, algorithm};
use crate::kafka::api::Allowed;
use crate::kafka::api_versions;
use anyhow::Context;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};

/// The services, made but not started.
pub struct Services {
    keys: Keys,
    brokers: Brokers,
    found: Arc<ArcSwap<Discovered>>,
    page: Option<TcpListener>,
    admin: Option<TcpListener>,
}

/// What the cores need of them.
pub struct Parts {
    /// The gateway's own credential at the brokers.
    pub credential: Option<Arc<Credential>>,
    /// Whose tokens are accepted.
    pub issuers: Vec<IssuerRules>,
    /// Their keys.
    pub keys: Arc<ArcSwap<KeySet>>,
    /// Asks for more.
    pub ask_for_key: AskForKey,
}

impl Services {
    /// Prepares everything that can fail before a thread starts.
    pub fn new(config: &Config) -> anyhow::Result<(Services, Parts)> {
        let credential = super::credential(config)?;
        let sources = config
            .identity
            .iter()
            .map(issuer)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let (keys, set) = Keys::new(&sources, HttpOptions::default()).context("identity")?;
        let bootstrap = config
            .cluster
            .bootstrap
            .iter()
            .map(|b| b.to_string())
            .collect();
        let source = ClusterSource {
            bootstrap,
            credential: credential.clone(),
        };
        let (brokers, found) = Brokers::new(source);
        let refresh = keys.refresh();
        let parts = Parts {
            credential,
            issuers: sources.into_iter().map(|source| source.rules).collect(),
            keys: set,
            ask_for_key: Arc::new(move |issuer, kid| refresh.ask(issuer, kid)),
        };
        let bind = |address: Option<SocketAddr>| {
            let bound = address.map(|a| {
                TcpListener::bind(a).with_context(|| format!("http: cannot listen on {a}"))
            });
            bound.transpose()
        };
        let services = Services {
            keys,
            brokers,
            found,
            page: bind(config.http.page)?,
            admin: bind(config.http.admin)?,
        };
        Ok((services, parts))
    }

    /// All of them, to run on the control thread.
    pub fn surfaces(
        self,
        config: &Config,
        driver: Driver,
        shared: Arc<Shared>,
        cores: Vec<Post<ToCore>>,
        ends: mpsc::Sender<End>,
    ) -> Surfaces {
        let health = Health {
            driver,
            wanted: config.io,
            shared: Arc::clone(&shared),
            cluster: self.brokers.health(),
            issuers: self.keys.health(),
        };
        let health = Arc::new(health);
        let (for_stats, for_ready) = (Arc::clone(&health), health);
        let http = http::surfaces(http::Setup {
            page: self.page,
            admin: self.admin,
            verifier: Arc::new(Reviewers(Arc::clone(&shared))),
            stats: Arc::new(move || for_stats.metrics()),
            ready: Arc::new(move || for_ready.ready()),
            public_url: config.http.public_url.clone(),
        });
        let mut follow = Follow {
            shared,
            cores,
            found: self.found,
            config: config
                .cluster
                .bootstrap
                .iter()
                .map(|b| b.to_string())
                .collect(),
        };
        let mut changes = self.brokers.changes();
        let (keys, brokers) = (self.keys, self.brokers);
        Box::new(move |desk| {
            Box::pin(async move {
                let follow = async move {
                    while changes.changed().await.is_ok() {
                        follow.publish().await;
                    }
                };
                tokio::join!(http(desk), keys.run(), brokers.run(), follow, signals(ends));
            })
        })
    }
}

fn issuer(from: &crate::config::Issuer) -> anyhow::Result<IssuerSource> {
    let mut rules = IssuerRules::new(&from.issuer, &from.audience);
    rules.groups_claim = from.groups_claim.clone();
    rules.principal_claim = from.principal_claim.clone();
    rules.token_types = from.token_types.clone();
    let named = from
        .algorithms
        .iter()
        .map(|name| algorithm(name).with_context(|| format!("unknown algorithm {name}")));
    rules.algorithms = named.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(IssuerSource {
        rules,
        jwks_url: from.jwks_url.clone(),
    })
}

/// Turns discoveries into what the cores read.
struct Follow {
    shared: Arc<Shared>,
    cores: Vec<Post<ToCore>>,
    found: Arc<ArcSwap<Discovered>>,
    config: Vec<String>,
}

impl Follow {
    async fn publish(&mut self) {
        let found = self.found.load_full();
        let mut brokers = BTreeMap::new();
        for (id, (host, port)) in &found.brokers {
            if self.shared.listener.port_of(*id).is_none() {
                tracing::error!(
                    broker = id,
                    "broker_ports has no port for this broker: it is not shown to clients"
                );
                continue;
            }
            brokers.insert(*id, resolve(&format!("{}:{port}", bracketed(host))).await);
        }
        let mut bootstrap = Vec::new();
        for address in &self.config {
            bootstrap.extend(resolve(address).await);
        }
        let cluster = Cluster {
            listener: self.shared.listener.clone(),
            brokers,
            bootstrap,
            clamped: api_versions::intersect(&found.offered, Allowed::default()),
        };
        tracing::info!(brokers = cluster.brokers.len(), "the cluster was seen");
        self.shared.cluster.store(Arc::new(cluster));
        for core in &self.cores {
            let _ = core.try_send(ToCore::Brokers); // a core that is that busy looks again at the next change
        }
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

async fn resolve(address: &str) -> Vec<SocketAddr> {
    match tokio::net::lookup_host(address).await {
        Ok(found) => found.collect(),
        Err(error) => {
            tracing::warn!(address, %error, "the broker's name cannot be resolved");
            Vec::new()
        }
    }
}

/// Tells the main thread about SIGTERM and SIGINT.
async fn signals(ends: mpsc::Sender<End>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return tracing::error!(
            "signals cannot be received: the gateway must be killed to stop it"
        );
    };
    let name = tokio::select! {
        _ = term.recv() => "SIGTERM",
        _ = int.recv() => "SIGINT",
    };
    let _ = ends.send(End::Signal(name));
}

/// Reviewers are principals of the same issuers.
struct Reviewers(Arc<Shared>);

impl ReviewerAuth for Reviewers {
    fn authenticate(&self, bearer: &str) -> Result<Principal, String> {
        let checked = tokens::verify(
            bearer,
            &self.0.issuers,
            &self.0.keys.load(),
            UnixMillis::now(),
        );
        if let Err(tokens::TokenFault::UnknownKey { issuer, kid }) = &checked {
            (self.0.ask_for_key)(*issuer, kid);
        }
        checked
            .map(|verified| verified.principal)
            .map_err(|fault| fault.to_string())
    }
}
