//! What a core knows of the cluster: the brokers, where clients are told to find them, and what
//! may be asked of them.
//!
//! Owns: the mapping between a broker's real address and the gateway's own. Refuses: a broker whose
//! node id has no port: it is not shown. Stays true: the port of a broker depends on its node id
//! alone, so every gateway with the same configuration gives the same answer.

use crate::kafka::addresses::Mapping;
use crate::kafka::api_versions::Clamped;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

/// The listener's facts that do not change.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name in the configuration.
    pub name: String,
    /// The bootstrap address to listen on; the brokers' ports are on the same interface.
    pub address: SocketAddr,
    /// The host that clients are told.
    pub advertise: String,
    /// Ports for brokers: the first plus the node id.
    pub broker_ports: RangeInclusive<u16>,
    /// Whether clients must log in with a token.
    pub login: bool,
}

impl Listener {
    /// The port that stands for a broker.
    pub fn port_of(&self, node_id: i32) -> Option<u16> {
        let offset = u16::try_from(node_id).ok()?;
        let port = self.broker_ports.start().checked_add(offset)?;
        self.broker_ports.contains(&port).then_some(port)
    }
}

/// The cluster as it was last discovered. Replaced whole.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The listener that clients came through.
    pub listener: Listener,
    /// Real addresses by node id, resolved.
    pub brokers: BTreeMap<i32, Vec<SocketAddr>>,
    /// Where to go when any broker will do.
    pub bootstrap: Vec<SocketAddr>,
    /// What clients are told the broker offers.
    pub clamped: Clamped,
}

impl Mapping for Cluster {
    fn map(&self, node_id: i32, _host: &str, _port: i32) -> Option<(&str, i32)> {
        let port = self.listener.port_of(node_id)?;
        Some((&self.listener.advertise, i32::from(port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_depends_on_the_node_id_alone() {
        let listener = Listener {
            name: "default".into(),
            address: SocketAddr::from(([127, 0, 0, 1], 19092)),
            advertise: "gw".into(),
            broker_ports: 19100..=19109,
            login: true,
        };
        assert_eq!(listener.port_of(0), Some(19100));
        assert_eq!(listener.port_of(9), Some(19109));
        for outside in [10, -1, i32::MAX] {
            assert_eq!(listener.port_of(outside), None);
        }
    }
}
