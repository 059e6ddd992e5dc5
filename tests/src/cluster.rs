//! A real Kafka cluster of three brokers, and a fourth that may join.
//!
//! Owns: the one cluster that tests share, and who may disturb it. Node 1 is the controller too and
//! is never killed; what a dead controller does is Kafka's affair and not a gateway's. Stays true:
//! whoever had the cluster alone leaves it with brokers 1 to 3 up and broker 4 down.

use crate::admin::{Admin, Topic};
use crate::jars::Version;
use crate::kraft::{ADVERTISED_HOST, Address, Common, Node, random_id};
use crate::{ports, wait};
use anyhow::{Context, Result, ensure};
use std::ops::Deref;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// The brokers it starts with.
pub const BROKERS: [i32; 3] = [1, 2, 3];
/// The broker that joins later.
pub const LATECOMER: i32 = 4;

const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// Three of these run beside everything else, none of them for long: start quickly.
const JVM: &[&str] = &[
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Dtest.loglevel=WARN",
];

/// The cluster.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
}

/// Taken to read by who shares the cluster, to write by who wants it alone.
static TURN: RwLock<()> = RwLock::new(());

/// The cluster that tests share, which nobody disturbs meanwhile.
#[derive(Debug)]
pub struct Shared {
    cluster: &'static Cluster,
    _turn: RwLockReadGuard<'static, ()>,
}

/// The cluster that tests share, for one test alone: to kill brokers, and to add one.
#[derive(Debug)]
pub struct Alone {
    cluster: &'static Cluster,
    _turn: RwLockWriteGuard<'static, ()>,
}

impl Deref for Shared {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster
    }
}

impl Deref for Alone {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if let Err(error) = self.cluster.mend() {
            println!("the shared cluster is not whole again: {error:#}");
        }
    }
}

impl Cluster {
    /// The cluster that tests share. Move leaders and delete topics of your own only.
    pub fn shared() -> Result<Shared> {
        let cluster = Cluster::of_the_run()?;
        let _turn = TURN.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Shared { cluster, _turn })
    }

    /// The same cluster, once nobody else uses it.
    pub fn alone() -> Result<Alone> {
        let cluster = Cluster::of_the_run()?;
        let _turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Alone { cluster, _turn })
    }

    fn of_the_run() -> Result<&'static Cluster> {
        static RUNS: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let started =
            RUNS.get_or_init(|| Cluster::fresh(Version::Newest).map_err(|e| format!("{e:#}")));
        started
            .as_ref()
            .map_err(|e| anyhow::anyhow!("the cluster did not start: {e}"))
    }

    /// A cluster of one's own: three more JVMs.
    pub fn fresh(version: Version) -> Result<Cluster> {
        let first = ports::block(9)?;
        let common = Common {
            more: "",
            version,
            id: random_id(),
            brokers: BROKERS.len(),
            controller: first,
            jvm: JVM,
            advertised: ADVERTISED_HOST,
        };
        let all = BROKERS.into_iter().chain([LATECOMER]);
        let nodes = all.zip((first + 1..).step_by(2));
        let nodes = nodes.map(|(id, port)| Node::lay_out(&common, id, port));
        let cluster = Cluster {
            nodes: nodes.collect::<Result<_>>()?,
        };
        for id in BROKERS {
            cluster.node(id)?.launch()?;
        }
        for id in BROKERS {
            cluster.node(id)?.await_served()?;
        }
        cluster.await_brokers(&BROKERS)?;
        Ok(cluster)
    }

    /// `host:port` of the first three brokers, without login.
    pub fn bootstrap(&self) -> Vec<String> {
        self.nodes.iter().take(3).map(Node::address).collect()
    }

    /// `host:port` of the first three brokers, for SCRAM.
    pub fn scram(&self) -> Vec<String> {
        let nodes = self.nodes.iter().take(3);
        nodes.map(|n| format!("127.0.0.1:{}", n.scram)).collect()
    }

    /// `host:port` of one broker, without login.
    pub fn address(&self, id: i32) -> Result<String> {
        Ok(self.node(id)?.address())
    }

    /// Every address of every node, under every name it has: what no client may be told.
    pub fn addresses(&self) -> Vec<Address> {
        self.nodes.iter().flat_map(Node::addresses).collect()
    }

    /// Its administrator.
    pub fn admin(&self) -> Admin {
        Admin {
            addresses: self.nodes.iter().map(Node::address).collect(),
        }
    }

    /// A new topic with three replicas of each partition; partition 0 is led by broker 1, the
    /// next by broker 2, and so on.
    pub fn topic(&self, stem: &str, partitions: usize) -> Result<String> {
        let turns = BROKERS.iter().cycle();
        let replicas = (0..partitions)
            .map(|index| turns.clone().skip(index % 3).take(3).copied().collect())
            .collect();
        let topic = Topic {
            replicas,
            ..Topic::default()
        };
        self.admin().create(stem, &topic)
    }

    /// Who leads a partition.
    pub fn leader(&self, topic: &str, partition: i32) -> Result<i32> {
        self.admin().leader(topic, partition)
    }

    /// Moves a partition's leadership, and its data if need be; waits until it is done.
    pub fn move_leader(&self, topic: &str, partition: i32, to: i32) -> Result<()> {
        self.admin().move_leader(topic, partition, to)
    }

    /// Deletes a topic.
    pub fn delete_topic(&self, name: &str) -> Result<()> {
        self.admin().delete_topic(name)
    }

    /// Deletes a topic and makes one of the same name with as many partitions: its id changes.
    /// Gives the old id and the new one.
    pub fn recreate_topic(&self, name: &str) -> Result<([u8; 16], [u8; 16])> {
        let admin = self.admin();
        let (old, told) = (admin.topic_id(name)?, admin.metadata(&[name])?);
        let topic = told.topics.first().context("no such topic")?;
        let mut parts: Vec<_> = topic.partitions.iter().collect();
        parts.sort_by_key(|p| p.partition_index);
        let replicas = parts
            .iter()
            .map(|p| p.replica_nodes.iter().map(|id| id.0).collect())
            .collect();
        admin.delete_topic(name)?;
        let again = Topic {
            replicas,
            ..Topic::default()
        };
        admin.create_named(name, &again)?;
        let new = admin.topic_id(name)?;
        ensure!(old != new, "the topic has its old id");
        Ok((old, new))
    }

    /// Starts a broker, also the fourth, and waits until all who run know it.
    pub fn start(&self, id: i32) -> Result<()> {
        self.node(id)?.start()?;
        self.await_brokers(&self.running())
    }

    /// Stops a broker in order, and waits until the others have missed it.
    pub fn stop(&self, id: i32) -> Result<()> {
        self.node(id)?.stop()?;
        self.await_brokers(&self.running())
    }

    /// kill −9, without waiting for anything.
    pub fn kill9(&self, id: i32) -> Result<()> {
        self.node(id)?.kill9();
        Ok(())
    }

    /// SIGSTOP: its connections stay open and nothing is answered.
    pub fn freeze(&self, id: i32) -> Result<()> {
        self.node(id)?.freeze();
        Ok(())
    }

    /// Lets it go on.
    pub fn thaw(&self, id: i32) -> Result<()> {
        self.node(id)?.thaw();
        Ok(())
    }

    /// Waits until the brokers that run list exactly these.
    pub fn await_brokers(&self, ids: &[i32]) -> Result<()> {
        wait::until_ok(&format!("brokers {ids:?}"), SETTLE_LIMIT, || {
            for node in self.nodes.iter().filter(|node| node.runs()) {
                let one = Admin {
                    addresses: vec![node.address()],
                };
                let told = one.metadata(&[])?;
                let mut known: Vec<i32> = told.brokers.iter().map(|b| b.node_id.0).collect();
                known.sort_unstable();
                ensure!(known == ids, "broker {} lists {known:?}", node.id);
            }
            Ok(())
        })
    }

    fn running(&self) -> Vec<i32> {
        let running = self.nodes.iter().filter(|node| node.runs());
        running.map(|node| node.id).collect()
    }

    /// Brokers 1 to 3 up, broker 4 down.
    fn mend(&self) -> Result<()> {
        self.node(LATECOMER)?.stop()?;
        for id in BROKERS {
            let node = self.node(id)?;
            node.thaw();
            if !node.runs() {
                node.start()?;
            }
        }
        self.await_brokers(&BROKERS)
    }

    fn node(&self, id: i32) -> Result<&Node> {
        let mut nodes = self.nodes.iter();
        nodes
            .find(|node| node.id == id)
            .with_context(|| format!("there is no node {id}"))
    }
}
