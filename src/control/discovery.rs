//! One look at a cluster through one of its brokers.
//!
//! Owns: the questions (who is there, what do you speak) and what is believed of the answers.
//! Refuses: an empty list of brokers, addresses that cannot be one, and brokers without a
//! version in common with the gateway. Stays true: no topic is asked for, so the answer grows
//! with brokers only.

use super::broker_link::{CLIENT_ID, Link, LinkFault};
use super::brokers::ClusterSource;
use crate::kafka::addresses::{Cluster, learn_brokers, metadata_request};
use crate::kafka::api::{API_VERSIONS, METADATA};
use crate::kafka::api_versions::{self, ApiRange, Offered};
use crate::kafka::error::{NONE, UNSUPPORTED_VERSION};
use crate::limits::DISCOVERY_METADATA_VERSION_MAX;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a look at the cluster found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// Host and port of each live broker by its id; empty until the first good look.
    pub brokers: BTreeMap<i32, (String, u16)>,
    /// The cluster's id; `None` until the first good look, or from a broker that has none.
    pub cluster_id: Option<String>,
    /// What the broker that answered speaks. During a rolling upgrade others may speak less.
    pub offered: Offered,
}

impl Discovered {
    /// Before the first look.
    pub(super) fn nothing() -> Discovered {
        let features = api_versions::Features {
            supported: Vec::new(),
            epoch: -1,
            finalized: Vec::new(),
        };
        let offered = Offered {
            error: NONE,
            apis: Vec::new(),
            features,
        };
        Discovered {
            brokers: BTreeMap::new(),
            cluster_id: None,
            offered,
        }
    }
}

/// Why a look failed. The cluster's fault or the configuration's; it is repeated.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryFault {
    /// Every address was tried; what the last one did.
    #[error("no broker answers; last {address}: {fault}")]
    NoBroker {
        /// The last address.
        address: String,
        /// What it did.
        fault: Box<DiscoveryFault>,
    },
    /// No address to try.
    #[error("no bootstrap address is configured")]
    NoAddress,
    /// The conversation failed.
    #[error(transparent)]
    Link(#[from] LinkFault),
    /// The broker refused a request.
    #[error("the broker answers {api} with error {error}")]
    Refused {
        /// ApiVersions or Metadata.
        api: &'static str,
        /// Kafka's error code.
        error: i16,
    },
    /// Older than the gateway can speak with.
    #[error("the broker has no version of {0} in common with the gateway")]
    TooOld(&'static str),
    /// No broker listed, or one with an address that cannot be one.
    #[error("the broker's list of brokers is empty or has a bad address")]
    BadAddress,
    /// Another cluster answers.
    #[error("cluster `{found}` answers where `{known}` was; restart the gateway if that is meant")]
    OtherCluster {
        /// The id seen first.
        known: String,
        /// The id seen now.
        found: String,
    },
}

/// Asks one broker everything: log in, ApiVersions, Metadata without topics.
pub(super) async fn ask(
    address: &str,
    source: &ClusterSource,
) -> Result<Discovered, DiscoveryFault> {
    let mut link = opened(address, source).await?;
    let offered = ask_versions(&mut link).await?;
    let versions = (1, DISCOVERY_METADATA_VERSION_MAX);
    let version = spoken(&offered, METADATA, versions, "Metadata")?;
    let reply = link
        .ask(|id| metadata_request(version, id, CLIENT_ID, false))
        .await?;
    let cluster = learn_brokers(version, &reply).map_err(LinkFault::from)?;
    if cluster.error != NONE {
        return Err(DiscoveryFault::Refused {
            api: "Metadata",
            error: cluster.error,
        });
    }
    let brokers = addresses(&cluster).ok_or(DiscoveryFault::BadAddress)?;
    Ok(Discovered {
        brokers,
        cluster_id: cluster.cluster_id,
        offered,
    })
}

/// A connection, logged in.
pub(super) async fn opened(address: &str, source: &ClusterSource) -> Result<Link, LinkFault> {
    let mut link = Link::open(address, source.dialer.as_ref()).await?;
    if let Some(credential) = &source.credential {
        link.login(Arc::clone(credential)).await?;
    }
    Ok(link)
}

/// The version of an API to speak with this broker, of those from the first to the second.
pub(super) fn spoken(
    offered: &Offered,
    key: i16,
    (least, most): (i16, i16),
    name: &'static str,
) -> Result<i16, DiscoveryFault> {
    let version = common(offered, key, most).filter(|version| *version >= least);
    version.ok_or(DiscoveryFault::TooOld(name))
}

/// Asks in the newest version; a broker that does not know it names the ones it does (KIP-511).
pub(super) async fn ask_versions(link: &mut Link) -> Result<Offered, DiscoveryFault> {
    let mut version = api_versions::ASKED_FIRST;
    let mut offered = ask_versions_in(link, version).await?;
    if offered.error == UNSUPPORTED_VERSION {
        let older = common(&offered, API_VERSIONS, version - 1);
        version = older.ok_or(DiscoveryFault::TooOld("ApiVersions"))?;
        offered = ask_versions_in(link, version).await?;
    }
    match offered.error {
        NONE => Ok(offered),
        error => Err(DiscoveryFault::Refused {
            api: "ApiVersions",
            error,
        }),
    }
}

async fn ask_versions_in(link: &mut Link, version: i16) -> Result<Offered, LinkFault> {
    let reply = link
        .ask(|id| api_versions::request(version, id, CLIENT_ID))
        .await?;
    Ok(api_versions::parse_response(version, &reply)?)
}

/// The newest version both sides speak, up to `max`.
pub(super) fn common(offered: &Offered, key: i16, max: i16) -> Option<i16> {
    let theirs: &ApiRange = offered.apis.iter().find(|range| range.key == key)?;
    let version = theirs.max.min(max);
    (version >= theirs.min.max(0)).then_some(version)
}

fn addresses(cluster: &Cluster) -> Option<BTreeMap<i32, (String, u16)>> {
    let mut brokers = BTreeMap::new();
    for broker in &cluster.brokers {
        let port = u16::try_from(broker.port).ok().filter(|port| *port != 0)?;
        if broker.host.is_empty() || broker.node_id < 0 {
            return None;
        }
        brokers.insert(broker.node_id, (broker.host.clone(), port));
    }
    (!brokers.is_empty()).then_some(brokers)
}
