//! What a core knows of a cluster: its brokers, its listeners, where clients are told to find
//! each broker, and what may be asked of them.
//!
//! Owns: the mapping between a broker's real address and the gateway's own, for each listener.
//! Refuses: a broker that a listener has no address for: it is not shown there. Stays true: where a
//! broker is found depends on its node id and the configuration alone, so every gateway with the
//! same configuration gives the same answer; clients of one listener never hear of another's.

use super::topic_ids::TopicIds;
use crate::config::{Addressing, Sasl, Unavailable};
use crate::identity::credential::Credential;
use crate::kafka::addresses::Mapping;
use crate::kafka::api::Allowed;
use crate::kafka::api_versions::{self, Clamped, Offered};
use crate::schema::registered::Schemas;
use crate::schema::wire::SchemaId;
use crate::tls::{Acceptor, Dialer};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Where clients of a cluster connect.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name in the configuration.
    pub name: String,
    /// The bootstrap address to listen on; the brokers' ports are on the same interface.
    pub address: SocketAddr,
    /// The host that clients are told.
    pub advertise: String,
    /// How brokers are told apart.
    pub brokers: Addressing,
    /// How clients log in.
    pub login: Sasl,
    /// Whether every connection begins with a header that names its source (PROXY protocol v2).
    pub proxy_protocol: bool,
    /// What clients meet in TLS, if they must speak it.
    pub tls: Option<Acceptor>,
}

impl Listener {
    /// The port to listen on for a broker; `None` when it has none of its own.
    pub fn port_of(&self, node_id: i32) -> Option<u16> {
        match &self.brokers {
            Addressing::Ports { listen, .. } => nth(listen, node_id),
            Addressing::Sni { .. } => None,
        }
    }

    /// Where clients are told that a broker is.
    pub fn advertised(&self, node_id: i32) -> Option<(String, u16)> {
        match &self.brokers {
            Addressing::Ports { advertise, .. } => {
                Some((self.advertise.clone(), nth(advertise, node_id)?))
            }
            Addressing::Sni {
                before,
                after,
                port,
            } if node_id >= 0 => Some((format!("{before}{node_id}{after}"), *port)),
            Addressing::Sni { .. } => None,
        }
    }

    /// The broker that a TLS server name stands for; `None` when it is no broker's. Names are not
    /// case-sensitive (RFC 6066 §3), and a node id has one spelling.
    pub fn broker_of(&self, server_name: &str) -> Option<i32> {
        let Addressing::Sni { before, after, .. } = &self.brokers else {
            return None;
        };
        let name = server_name.to_ascii_lowercase();
        let digits = name
            .strip_prefix(&before.to_ascii_lowercase())?
            .strip_suffix(&after.to_ascii_lowercase())?;
        let node_id: i32 = digits.parse().ok().filter(|id| *id >= 0)?;
        (node_id.to_string() == digits).then_some(node_id)
    }
}

fn nth(ports: &RangeInclusive<u16>, node_id: i32) -> Option<u16> {
    let offset = u16::try_from(node_id).ok()?;
    let port = ports.start().checked_add(offset)?;
    ports.contains(&port).then_some(port)
}

/// A cluster, shared by all cores.
pub struct Cluster {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Its listeners; their place here is how the rest refers to them.
    pub listeners: Vec<Listener>,
    /// The gateway's own credential at its brokers.
    pub credential: Option<Arc<Credential>>,
    /// How its brokers are dialled in TLS, if they are.
    pub dialer: Option<Dialer>,
    /// The brokers as they were last discovered. Replaced whole.
    pub view: ArcSwap<View>,
    /// Whether clients may send their telemetry to the brokers (KIP-714).
    pub telemetry: bool,
    /// Its topics' names by id.
    pub topic_ids: TopicIds,
    /// Its schemas, when it has a registry.
    pub schemas: Option<SchemaSource>,
    /// Asks for a look at the cluster soon, without waiting: a broker turned up that the view does
    /// not have, or one of the view could not be reached.
    pub look: Arc<dyn Fn() + Send + Sync>,
}

/// What is known of a cluster's schemas, and how to ask for more.
pub struct SchemaSource {
    /// What is known. Replaced whole.
    pub known: Arc<ArcSwap<Schemas>>,
    /// Asks for one that is not known, or is absent, without waiting.
    pub ask: Arc<dyn Fn(SchemaId) + Send + Sync>,
    /// Whether the registry did not answer last time: then nobody waits for it.
    pub is_down: Arc<dyn Fn() -> bool + Send + Sync>,
    /// How long records may wait for their schema.
    pub wait_ms: u64,
    /// What records are whose schema could not be had.
    pub unavailable: Unavailable,
}

/// The brokers of a cluster at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The cluster's own id, once known.
    pub cluster_id: Option<String>,
    /// Real addresses by node id, resolved, with the host's name.
    pub brokers: BTreeMap<i32, Broker>,
    /// Where to go when any broker will do.
    pub bootstrap: Vec<Broker>,
    /// What clients of each listener are offered.
    pub offers: Vec<Clamped>,
    /// What clients of each listener are told, by node id.
    pub told: Vec<BTreeMap<i32, (String, u16)>>,
}

impl Cluster {
    /// What the brokers offer, as far as clients of a listener may have it.
    pub fn offer(&self, listener: &Listener, offered: &Offered) -> Clamped {
        let allowed = Allowed {
            telemetry: self.telemetry,
            // where the gateway logs in, what is bound to a login would be bound to the gateway's
            own_login: listener.login == Sasl::Relay,
        };
        api_versions::intersect(offered, allowed)
    }
}

/// A broker's real address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broker {
    /// Its name or address, as the cluster says it.
    pub host: String,
    /// What the name resolved to.
    pub addresses: Vec<SocketAddr>,
}

impl View {
    /// What the listeners of `cluster` tell of these brokers.
    pub fn tell(&mut self, listeners: &[Listener]) {
        let told = |listener: &Listener| {
            let ids = self.brokers.keys();
            ids.filter_map(|id| Some((*id, listener.advertised(*id)?)))
                .collect()
        };
        self.told = listeners.iter().map(told).collect();
    }
}

/// The brokers as the clients of one listener see them.
pub struct Seen<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Its brokers now.
    pub view: &'a View,
    /// The listener's place among the cluster's.
    pub listener: usize,
}

impl Mapping for Seen<'_> {
    fn map(&self, node_id: i32, _host: &str, _port: i32) -> Option<(&str, i32)> {
        if !self.view.brokers.contains_key(&node_id) {
            (self.cluster.look)(); // new, or back: a client that asks again finds it
        }
        let (host, port) = self.view.told.get(self.listener)?.get(&node_id)?;
        Some((host, i32::from(*port)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn listener(brokers: Addressing) -> Listener {
        Listener {
            name: "default".into(),
            address: SocketAddr::from(([127, 0, 0, 1], 19092)),
            advertise: "gw".into(),
            brokers,
            login: Sasl::Oidc,
            proxy_protocol: false,
            tls: None,
        }
    }

    #[test]
    fn a_port_depends_on_the_node_id_alone() {
        let listener = listener(Addressing::Ports {
            listen: 19100..=19109,
            advertise: 29100..=29109,
        });
        assert_eq!(listener.port_of(0), Some(19100));
        assert_eq!(listener.port_of(9), Some(19109));
        assert_eq!(listener.advertised(9), Some(("gw".into(), 29109)));
        for outside in [10, -1, i32::MAX] {
            assert_eq!(listener.port_of(outside), None);
            assert_eq!(listener.advertised(outside), None);
        }
        assert_eq!(listener.broker_of("gw"), None);
    }

    #[test]
    fn a_server_name_stands_for_one_broker() {
        let listener = listener(Addressing::Sni {
            before: "b".into(),
            after: ".Kafka.example".into(),
            port: 9092,
        });
        for id in [0, 7, 12, i32::MAX] {
            let (host, port) = listener.advertised(id).unwrap();
            assert_eq!((listener.broker_of(&host), port), (Some(id), 9092));
        }
        assert_eq!(listener.broker_of("B7.KAFKA.EXAMPLE"), Some(7));
        for no in [
            "b.kafka.example",
            "b07.kafka.example",
            "b-1.kafka.example",
            "b+1.kafka.example",
            "b1.kafka.example.org",
            "kafka.example",
            "b99999999999.kafka.example",
        ] {
            assert_eq!(listener.broker_of(no), None, "{no}");
        }
        assert_eq!((listener.port_of(1), listener.advertised(-1)), (None, None));
    }

    #[test]
    fn each_listener_tells_its_own_names_and_an_unknown_broker_causes_a_look() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let ports = |first: u16| Addressing::Ports {
            listen: first..=first + 9,
            advertise: first..=first + 9,
        };
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let cluster = Cluster {
            name: "main".into(),
            listeners: vec![listener(ports(100)), listener(ports(200))],
            credential: None,
            dialer: None,
            view: ArcSwap::default(),
            telemetry: false,
            topic_ids: TopicIds::default(),
            schemas: None,
            look: Arc::new(move || _ = counted.fetch_add(1, Ordering::Relaxed)),
        };
        let mut view = View::default();
        view.brokers.insert(3, Broker::default());
        view.brokers.insert(30, Broker::default());
        view.tell(&cluster.listeners);
        let seen = |listener| Seen {
            cluster: &cluster,
            view: &view,
            listener,
        };
        assert_eq!(seen(0).map(3, "real", 9092), Some(("gw", 103)));
        assert_eq!(seen(1).map(3, "real", 9092), Some(("gw", 203)));
        assert_eq!(seen(0).map(30, "real", 9092), None, "no port for it");
        assert_eq!(looks.load(Ordering::Relaxed), 0);
        assert_eq!(seen(0).map(4, "real", 9092), None);
        assert_eq!(looks.load(Ordering::Relaxed), 1);
    }
}
