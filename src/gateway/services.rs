//! What runs beside the desk on the control thread.
//!
//! Owns: the issuers' keys, the signals, the HTTP servers. Refuses: to
//! touch the data plane but by snapshots and messages. Stays true: cores begin to listen only when
//! the cluster has been seen once, since before that nothing can be promised to a client.

use super::End;
use super::certificates;
use super::clusters::{self, Followed, follow_all};
use super::driver::Driver;
use super::health::Health;
use super::reload::Reloader;
use crate::chunk::{Principal, UnixMillis};
use crate::config::Config;
use crate::control::Surfaces;
use crate::control::keys::{HttpOptions, IssuerSource, Keys};
use crate::data_plane::cluster::Cluster;
use crate::data_plane::core::{AskForKey, Shared};
use crate::hold::link::Post;
use crate::hold::messages::ToCore;
use crate::http::policy::PolicyFiles;
use crate::http::{self, ReviewerAuth};
use crate::identity::key_set::KeySet;
use crate::identity::tokens::{self, IssuerRules, algorithm};
use anyhow::Context;
use arc_swap::ArcSwap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};

/// The services, made but not started.
pub struct Services {
    keys: Keys,
    clusters: Vec<Followed>,
    page: Option<TcpListener>,
    admin: Option<TcpListener>,
}

/// What the cores need of them.
pub struct Parts {
    /// The clusters, not seen yet.
    pub clusters: Vec<Arc<Cluster>>,
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
        let claims = config.policy.claims();
        let sources = config
            .identity
            .iter()
            .map(|from| issuer(from, &claims))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let (keys, set) = Keys::new(&sources, HttpOptions::default()).context("identity")?;
        let clusters = config.clusters.iter().map(clusters::made);
        let (clusters, followed): (Vec<_>, Vec<_>) = clusters
            .collect::<anyhow::Result<Vec<_>>>()?
            .into_iter()
            .unzip();
        let refresh = keys.refresh();
        let parts = Parts {
            clusters,
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
            clusters: followed,
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
            clusters: self.clusters.iter().map(Followed::health).collect(),
            issuers: self.keys.health(),
        };
        let health = Arc::new(health);
        let (for_stats, for_ready) = (Arc::clone(&health), health);
        let policy = Arc::new(Reloader::new(config.clone(), Arc::clone(&shared)));
        let (policy_stats, policy_ready) = (Arc::clone(&policy), Arc::clone(&policy));
        let http = http::surfaces(http::Setup {
            page: self.page,
            admin: self.admin,
            verifier: Arc::new(Reviewers(Arc::clone(&shared))),
            stats: Arc::new(move || for_stats.metrics() + &policy_stats.metrics()),
            ready: Arc::new(move || {
                let how = for_ready.ready()?;
                let fault = policy_ready.status().fault;
                // It serves, by the policy that is in force; whoever looks should know that it is not the file's.
                let broken = fault.map(|fault| format!("; the policy was not replaced: {fault}"));
                Ok(how + &broken.unwrap_or_default())
            }),
            policy: Arc::clone(&policy) as Arc<dyn PolicyFiles>,
            public_url: config.http.public_url.clone(),
        });
        let (keys, clusters) = (self.keys, self.clusters);
        Box::new(move |desk| {
            Box::pin(async move {
                let followed = follow_all(clusters, cores);
                let certificates = certificates::follow(shared.clusters.clone());
                let files = desk.clone();
                tokio::join!(
                    http(desk),
                    policy.follow(&files),
                    keys.run(),
                    followed,
                    certificates,
                    signals(ends)
                );
            })
        })
    }
}

/// An issuer, and the claims that are read from its tokens.
fn issuer(from: &crate::config::Issuer, claims: &[Arc<str>]) -> anyhow::Result<IssuerSource> {
    let mut rules = IssuerRules::new(&from.issuer, &from.audience);
    rules.groups_claim = from.groups_claim.clone();
    rules.principal_claim = from.principal_claim.clone();
    rules.claims = claims.to_vec();
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
