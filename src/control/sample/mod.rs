//! A bounded sample of a cluster's records, read from the leaders of its partitions.
//!
//! ```text
//! bootstrap ─► topics and leaders ─► a reader for each broker ─► offsets ─► records ─► whoever asked
//! ```
//!
//! Owns: which topics, which brokers, and when it ends. Refuses: to change anything: it asks for Metadata,
//! ListOffsets and Fetch, joins no group, commits nothing and makes no topic. Stays true: a reader waits
//! while nobody takes what it read, so memory is a few replies whatever the cluster holds; what could
//! not be read is told.

mod reader;
mod slices;

pub use slices::From;

use super::broker_link::{CLIENT_ID, LinkFault};
use super::brokers::{ClusterSource, address};
use super::discovery::{DiscoveryFault, ask_versions, opened, spoken};
use crate::kafka::api::METADATA;
use crate::kafka::error::NONE;
use crate::kafka::sampling::{self, Found, METADATA_VERSIONS, TopicAt};
use crate::limits::{FRAME_BYTES_MAX, SAMPLE_BROKERS_AT_ONCE, SAMPLE_TOPICS_MAX};
use reader::Reader;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// What is asked for.
pub struct Ask {
    /// Whether a topic is wanted, by its name.
    pub wanted: Box<dyn Fn(&str) -> bool + Send>,
    /// Most offsets of each partition. Batches are read whole, so a little more may come.
    pub records: u32,
    /// Where they are.
    pub from: From,
}

/// What comes of it, in any order but that of a partition's records; `Topics` comes first.
#[derive(Debug)]
pub enum Sampled {
    /// The topics that are read, each with its number of partitions.
    Topics(Vec<(String, usize)>),
    /// Batches of a partition.
    Records {
        /// The topic.
        topic: Arc<str>,
        /// A record set as Fetch brings it, without a batch that is cut off.
        batches: Vec<u8>,
    },
    /// All of a partition's sample was told.
    Whole {
        /// The topic.
        topic: Arc<str>,
    },
    /// A partition, or what is left of it, could not be read.
    Fault {
        /// The topic.
        topic: Arc<str>,
        /// What happened, with the partition.
        what: String,
    },
}

/// Nobody listens any more.
#[derive(Debug)]
pub(super) struct Deaf;

/// Reads the sample. It may be dropped at any moment.
///
/// # Errors
/// No broker answers, or none in a way that topics can be read from. What goes wrong with a single broker
/// or partition is a [`Sampled::Fault`].
pub async fn sample(
    source: ClusterSource,
    ask: Ask,
    to: mpsc::Sender<Sampled>,
) -> Result<(), DiscoveryFault> {
    let found = look(&source).await?;
    let chosen: Vec<&TopicAt> = found
        .topics
        .iter()
        .filter(|topic| !is_internal(topic) && (ask.wanted)(&topic.name))
        .take(SAMPLE_TOPICS_MAX)
        .collect();
    let told = chosen.iter().map(|t| (t.name.clone(), t.partitions.len()));
    // Who does not listen wants no more: that is no fault.
    if to.send(Sampled::Topics(told.collect())).await.is_ok() {
        let plan = plan(&chosen, &to).await;
        read(&source, &ask, found, plan, to).await;
    }
    Ok(())
}

/// Topics that are the software's own, not people's.
fn is_internal(topic: &TopicAt) -> bool {
    topic.internal || topic.name.starts_with("__")
}

/// Asks the bootstrap addresses in turn.
async fn look(source: &ClusterSource) -> Result<Found, DiscoveryFault> {
    let mut last = DiscoveryFault::NoAddress;
    for address in &source.bootstrap {
        match topics(address, source).await {
            Ok(found) => return Ok(found),
            Err(fault) => {
                last = DiscoveryFault::NoBroker {
                    address: address.clone(),
                    fault: Box::new(fault),
                }
            }
        }
    }
    Err(last)
}

async fn topics(address: &str, source: &ClusterSource) -> Result<Found, DiscoveryFault> {
    let mut link = opened(address, source).await?;
    let offered = ask_versions(&mut link).await?;
    let version = spoken(&offered, METADATA, METADATA_VERSIONS, "Metadata")?;
    let request = |id| sampling::metadata_request(version, id, CLIENT_ID);
    let reply = link.ask_up_to(FRAME_BYTES_MAX, request).await?;
    Ok(sampling::metadata(version, &reply).map_err(LinkFault::from)?)
}

/// Which partitions each broker is asked for.
type Plan = BTreeMap<i32, Vec<(Arc<str>, i32)>>;

async fn plan(topics: &[&TopicAt], to: &mpsc::Sender<Sampled>) -> Plan {
    let mut plan = Plan::new();
    for topic in topics {
        let name: Arc<str> = topic.name.as_str().into();
        if topic.error != NONE {
            let what = format!("the broker answers with Kafka's error {}", topic.error);
            fault(to, &name, what).await.ok();
        }
        for (partition, leader) in &topic.partitions {
            match leader {
                Some(leader) => {
                    let of = (Arc::clone(&name), *partition);
                    plan.entry(*leader).or_default().push(of);
                }
                None => {
                    let what = format!("partition {partition} has no leader");
                    fault(to, &name, what).await.ok();
                }
            }
        }
    }
    plan
}

async fn read(
    source: &ClusterSource,
    ask: &Ask,
    found: Found,
    plan: Plan,
    to: mpsc::Sender<Sampled>,
) {
    let places = Arc::new(Semaphore::new(SAMPLE_BROKERS_AT_ONCE));
    let mut readers = JoinSet::new();
    for (broker, partitions) in plan {
        let at = found.brokers.get(&broker);
        let reader = Reader {
            address: at.map(|(host, port)| address(host, *port)),
            source: source.clone(),
            records: ask.records,
            from: ask.from,
            to: to.clone(),
        };
        let places = Arc::clone(&places);
        readers.spawn(async move {
            let _place = places.acquire_owned().await;
            reader.run(broker, partitions).await
        });
    }
    while let Some(ended) = readers.join_next().await {
        if matches!(ended, Ok(Err(Deaf))) {
            return;
        }
    }
}

async fn fault(to: &mpsc::Sender<Sampled>, topic: &Arc<str>, what: String) -> Result<(), Deaf> {
    let topic = Arc::clone(topic);
    let told = to.send(Sampled::Fault { topic, what });
    told.await.map_err(|_| Deaf)
}
