//! What `/metrics` and `/readyz` say of the gateway as a whole.
//!
//! Owns: the sum over the cores. Refuses: to wait for a core: counters are read as they stand.
//! Stays true: ready means that a client that connects now can log in and be served.

use super::driver::Driver;
use crate::config::{Io, Sasl};
use crate::control::brokers::ClusterHealth;
use crate::control::keys::IssuerHealth;
use crate::data_plane::cluster::Cluster;
use crate::data_plane::core::Shared;
use arc_swap::ArcSwap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// Everything they are read from.
pub struct Health {
    /// What the cores run on.
    pub driver: Driver,
    /// What the configuration asked for.
    pub wanted: Io,
    /// The cores' counters.
    pub shared: Arc<Shared>,
    /// How the discovery of each cluster goes.
    pub clusters: Vec<(Arc<str>, Arc<ArcSwap<ClusterHealth>>)>,
    /// How the issuers' keys are.
    pub issuers: Arc<ArcSwap<Vec<IssuerHealth>>>,
}

/// Gauges among the cores' numbers; the others only grow.
const GAUGES: [&str; 5] = [
    "connections_active",
    "open_chunks",
    "open_chunk_bytes",
    "frame_bytes",
    "audit_failed",
];

impl Health {
    /// Prometheus text.
    pub fn metrics(&self) -> String {
        let mut registry = Registry::with_prefix("lockgate");
        registry.register_collector(Box::new(Sums(
            Arc::clone(&self.shared),
            self.driver == Driver::Epoll,
        )));
        let mut text = String::new();
        match prometheus_client::encoding::text::encode_registry(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }

    /// On what clients are served, or why they cannot be.
    pub fn ready(&self) -> Result<String, String> {
        let mut faults = Vec::new();
        for (name, health) in &self.clusters {
            let health = health.load();
            if health.seen.is_none() {
                let why = health.fault.as_deref().unwrap_or("not asked yet");
                faults.push(format!("the cluster `{name}` has not been seen: {why}"));
            }
        }
        // seen by the control thread is not yet known to the cores: clients would be turned away
        for cluster in &self.shared.clusters {
            if faults.is_empty() && cluster.view.load().told.len() < cluster.listeners.len() {
                faults.push(format!("the cluster `{}` has just been seen", cluster.name));
            }
        }
        let listeners = || self.shared.clusters.iter().flat_map(|c| &c.listeners);
        if listeners().any(|listener| listener.login == Sasl::Oidc) {
            for issuer in self.issuers.load().iter().filter(|issuer| issuer.keys == 0) {
                let why = issuer
                    .fault
                    .clone()
                    .unwrap_or_else(|| "not fetched yet".into());
                faults.push(format!("no keys of {}: {why}", issuer.issuer));
            }
        }
        if self
            .shared
            .stats
            .iter()
            .any(|core| core.audit_failed.get() > 0)
        {
            faults.push("the audit cannot be written".into());
        }
        if faults.is_empty() {
            faults.extend(self.shared.clusters.iter().filter_map(unshown));
        }
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        let fell_back = self.wanted == Io::Auto && self.driver == Driver::Epoll;
        let note = if fell_back {
            ", for want of io_uring"
        } else {
            ""
        };
        Ok(format!("io {}{note}", self.driver.name()))
    }
}

/// A listener that no client could go on from.
fn unshown(cluster: &Arc<Cluster>) -> Option<String> {
    let view = cluster.view.load();
    let told = cluster.listeners.iter().zip(&view.told);
    let (listener, _) = told.into_iter().find(|(_, told)| told.is_empty())?;
    let (cluster, listener) = (&cluster.name, &listener.name);
    Some(format!(
        "no broker of `{cluster}` has a port in the broker_ports of `{listener}`"
    ))
}

struct Sums(Arc<Shared>, bool);

impl std::fmt::Debug for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sums")
    }
}

impl Collector for Sums {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut sums: Vec<(&'static str, u64)> = Vec::new();
        for core in &self.0.stats {
            for (index, (name, value)) in core.all().enumerate() {
                match sums.get_mut(index) {
                    Some((_, sum)) => *sum += value,
                    None => sums.push((name, value)),
                }
            }
        }
        for (name, value) in sums {
            if GAUGES.contains(&name) {
                let gauge = ConstGauge::new(value as i64);
                let one = encoder.encode_descriptor(
                    name,
                    "Now, over all cores",
                    None,
                    gauge.metric_type(),
                )?;
                gauge.encode(one)?;
            } else {
                let counter = ConstCounter::new(value);
                let one = encoder.encode_descriptor(
                    name,
                    "Since the start, over all cores",
                    None,
                    counter.metric_type(),
                )?;
                counter.encode(one)?;
            }
        }
        let fell_back = ConstGauge::new(i64::from(self.1));
        let help = "1 when the cores run on epoll";
        let one = encoder.encode_descriptor("io_epoll", help, None, fell_back.metric_type())?;
        fell_back.encode(one)
    }
}
