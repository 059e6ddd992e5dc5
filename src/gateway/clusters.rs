//! The clusters: made from the configuration, and kept as they are discovered.
//!
//! Owns: what the cores read of each cluster, and when it is replaced. Refuses: to touch the data
//! plane but by snapshots and messages. Stays true: a core begins to listen for a cluster's brokers
//! only when the cluster has been seen once, since before that nothing can be promised to a client.

use crate::config;
use crate::control::brokers::{Brokers, ClusterHealth, ClusterSource, Discovered};
use crate::control::registry::{Login, Options, Registry, RegistrySource};
use crate::data_plane::cluster::{Broker, Cluster, Listener, SchemaSource, View};
use crate::data_plane::topic_ids::TopicIds;
use crate::hold::link::Post;
use crate::hold::messages::ToCore;
use crate::identity::credential::{Credential, Hash};
use crate::tls::{Acceptor, Certificates, Dialer};
use anyhow::Context;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A cluster, and who looks at it.
pub struct Followed {
    cluster: Arc<Cluster>,
    brokers: Brokers,
    found: Arc<ArcSwap<Discovered>>,
    bootstrap: Vec<config::HostPort>,
    registry: Option<Registry>,
}

/// A cluster that has not been seen yet.
///
/// # Errors
/// A credential, a certificate or an authority that cannot be used.
pub fn made(from: &config::Cluster) -> anyhow::Result<(Arc<Cluster>, Followed)> {
    let source = cluster_source(from)?;
    let (credential, dialer) = (source.credential.clone(), source.dialer.clone());
    let listeners = from.listeners.iter().map(listener);
    let (brokers, found) = Brokers::new(source);
    let wake = brokers.wake();
    let registry = from.registry.as_ref().map(registry).transpose();
    let (registry, schemas) = registry.context("registry")?.unzip();
    let cluster = Arc::new(Cluster {
        name: from.name.as_str().into(),
        listeners: listeners.collect::<anyhow::Result<_>>()?,
        credential,
        dialer,
        view: ArcSwap::default(),
        topic_ids: TopicIds::default(),
        telemetry: from.telemetry == config::Telemetry::Pass,
        schemas,
        look: Arc::new(move || wake.notify_one()),
    });
    let followed = Followed {
        cluster: Arc::clone(&cluster),
        brokers,
        found,
        bootstrap: from.bootstrap.clone(),
        registry,
    };
    Ok((cluster, followed))
}

/// Where a cluster is and how the gateway logs in to it.
///
/// # Errors
/// A credential or an authority that cannot be used.
pub fn cluster_source(from: &config::Cluster) -> anyhow::Result<ClusterSource> {
    Ok(ClusterSource {
        bootstrap: from.bootstrap.iter().map(ToString::to_string).collect(),
        credential: credential(&from.credential)?,
        dialer: from.upstream_tls.as_ref().map(dialer).transpose()?,
    })
}

/// Where a registry is and how the gateway logs in to it.
///
/// # Errors
/// A file of authorities that cannot be read.
pub fn registry_source(from: &config::Registry) -> anyhow::Result<RegistrySource> {
    let login = match &from.login {
        config::RegistryLogin::None => Login::None,
        config::RegistryLogin::Basic { username, password } => {
            Login::Basic(username.clone(), password.expose().to_owned())
        }
        config::RegistryLogin::Bearer(token) => Login::Bearer(token.expose().to_owned()),
    };
    Ok(RegistrySource {
        url: from.url.clone(),
        login,
        roots_pem: from.ca.as_ref().map(std::fs::read).transpose()?,
    })
}

/// The keeper of a registry's schemas, and what the cores see of it.
fn registry(from: &config::Registry) -> anyhow::Result<(Registry, SchemaSource)> {
    let (registry, wishes) = Registry::new(registry_source(from)?, Options::default())?;
    let known = registry.schemas();
    let health = registry.health();
    let schemas = SchemaSource {
        known,
        ask: Arc::new(move |id| wishes.ask(id)),
        is_down: Arc::new(move || health.load().fault.is_some()),
        wait_ms: from.timeout_ms,
        unavailable: from.unavailable,
    };
    Ok((registry, schemas))
}

fn listener(from: &config::Listener) -> anyhow::Result<Listener> {
    let mut listener = Listener {
        name: from.name.clone(),
        address: from.address,
        advertise: from.advertise.clone(),
        brokers: from.brokers.clone(),
        login: from.sasl,
        proxy_protocol: from.proxy_protocol,
        tls: None,
    };
    if let Some(files) = &from.tls {
        let acceptor = acceptor(&listener, files);
        let acceptor = acceptor.with_context(|| format!("listener {}", from.name))?;
        listener.tls = Some(acceptor);
    }
    Ok(listener)
}

/// Where brokers are told apart by name, a client that asks for a strange one is told so.
fn acceptor(listener: &Listener, files: &config::ListenerTls) -> anyhow::Result<Acceptor> {
    let certificates = Arc::new(Certificates::load(&files.certificate, &files.key)?);
    let names = listener.clone();
    Ok(match listener.brokers {
        config::Addressing::Ports { .. } => Acceptor::of_any_name(certificates)?,
        config::Addressing::Sni { .. } => Acceptor::of_names(certificates, move |name| {
            names.broker_of(name).is_some() || names.advertise.eq_ignore_ascii_case(name)
        })?,
    })
}

fn dialer(from: &config::UpstreamTls) -> anyhow::Result<Dialer> {
    let ca = from
        .ca
        .as_ref()
        .context("upstream tls names no authority")?;
    Ok(Dialer::new(ca, from.server_name.as_deref())?)
}

/// The gateway's own credential at the brokers.
fn credential(from: &config::Credential) -> anyhow::Result<Option<Arc<Credential>>> {
    let config::Credential::Scram {
        mechanism,
        username,
        password,
    } = from
    else {
        return Ok(None);
    };
    let hash = match mechanism {
        config::Scram::Sha256 => Hash::Sha256,
        config::Scram::Sha512 => Hash::Sha512,
    };
    let made = Credential::new(hash, username, password.expose());
    Ok(Some(Arc::new(
        made.context("the broker credential cannot be used")?,
    )))
}

/// Follows every cluster until dropped.
pub async fn follow_all(clusters: Vec<Followed>, cores: Vec<Post<ToCore>>) {
    let mut all = JoinSet::new();
    for cluster in clusters {
        all.spawn(cluster.follow(cores.clone()));
    }
    while let Some(ended) = all.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a cluster is no longer followed; its brokers stay as last seen");
        }
    }
}

impl Followed {
    /// How discovery goes.
    pub fn health(&self) -> (Arc<str>, Arc<ArcSwap<ClusterHealth>>) {
        (Arc::clone(&self.cluster.name), self.brokers.health())
    }

    async fn follow(self, cores: Vec<Post<ToCore>>) {
        let mut changes = self.brokers.changes();
        let (cluster, found, bootstrap) = (self.cluster, self.found, self.bootstrap);
        let registry = async {
            if let Some(registry) = self.registry {
                registry.run().await;
            }
        };
        let publish = async {
            while changes.changed().await.is_ok() {
                let view = view(&cluster, &found.load_full(), &bootstrap).await;
                tracing::debug!(cluster = %cluster.name, brokers = view.brokers.len(), "the cluster was seen");
                cluster.view.store(Arc::new(view));
                for core in &cores {
                    let _ = core.try_send(ToCore::Brokers); // a core that is that busy looks at the next change
                }
            }
        };
        tokio::join!(self.brokers.run(), publish, registry);
    }
}

/// What the cores are told of a discovery.
async fn view(cluster: &Cluster, found: &Discovered, bootstrap: &[config::HostPort]) -> View {
    let mut view = View {
        cluster_id: found.cluster_id.clone(),
        brokers: BTreeMap::new(),
        bootstrap: Vec::new(),
        offers: Vec::new(),
        told: Vec::new(),
    };
    let before = cluster.view.load_full();
    for (id, (host, port)) in &found.brokers {
        let known = before.brokers.get(id);
        view.brokers.insert(*id, resolve(host, *port, known).await);
    }
    for (address, place) in bootstrap.iter().zip(0..) {
        let known = before.bootstrap.get(place);
        view.bootstrap
            .push(resolve(&address.host, address.port, known).await);
    }
    let offers = cluster.listeners.iter();
    view.offers = offers
        .map(|listener| cluster.offer(listener, &found.offered))
        .collect();
    view.tell(&cluster.listeners);
    for (listener, told) in cluster.listeners.iter().zip(&view.told) {
        for id in view.brokers.keys().filter(|id| !told.contains_key(id)) {
            tracing::error!(
                cluster = %cluster.name, listener = listener.name, broker = id,
                "broker_ports has no port for this broker: it is not shown to clients"
            );
        }
    }
    view
}

/// Where a broker is now; where it was, while its name cannot be resolved.
async fn resolve(host: &str, port: u16, known: Option<&Broker>) -> Broker {
    let addresses: Vec<SocketAddr> = match tokio::net::lookup_host((host, port)).await {
        Ok(found) => found.collect(),
        Err(error) => {
            tracing::warn!(host, port, %error, "the broker's name cannot be resolved");
            let known = known.filter(|known| known.host == host);
            known.map_or_else(Vec::new, |known| known.addresses.clone())
        }
    };
    Broker {
        host: host.to_owned(),
        addresses,
    }
}
