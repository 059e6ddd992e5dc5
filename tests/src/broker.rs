//! A real Kafka broker of the run: a cluster of one node.
//!
//! It listens twice for clients: `plain()` and `scram()` (SCRAM-SHA-256). For three brokers, and
//! what happens between them, see `cluster`.

use crate::admin::{Admin, Topic};
use crate::batch::{Record, Stored};
use crate::jars::Version;
use crate::kraft::{Address, CONTROLLER, Common, Node, random_id};
use crate::ports;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::OnceLock;

pub use crate::kraft::{ADVERTISED_HOST, SCRAM_USER, USERS};

/// The broker's only node id.
pub const NODE_ID: i32 = CONTROLLER;

/// Small: the machine is shared with gateways and clients.
const JVM: &[&str] = &[
    "-Xmx512m",
    "-Xms256m",
    "-XX:+UseSerialGC",
    "-Dtest.loglevel=WARN",
];

/// A broker and its directory.
#[derive(Debug)]
pub struct Broker {
    node: Node,
}

impl Broker {
    /// The broker that all tests share, of the newest version.
    pub fn shared() -> Result<&'static Broker> {
        Broker::shared_of(Version::Newest)
    }

    /// The broker of this version that all tests share; started on first use.
    pub fn shared_of(version: Version) -> Result<&'static Broker> {
        static NEWEST: OnceLock<Result<Broker, String>> = OnceLock::new();
        static V3_9: OnceLock<Result<Broker, String>> = OnceLock::new();
        let shared = match version {
            Version::Newest => &NEWEST,
            Version::V3_9 => &V3_9,
        };
        let started =
            shared.get_or_init(|| Broker::fresh_of(version).map_err(|e| format!("{e:#}")));
        started
            .as_ref()
            .map_err(|e| anyhow::anyhow!("Kafka did not start: {e}"))
    }

    /// A broker of one's own, to be stopped, frozen or killed.
    pub fn fresh() -> Result<Broker> {
        Broker::fresh_of(Version::Newest)
    }

    /// The same, of this version.
    pub fn fresh_of(version: Version) -> Result<Broker> {
        Broker::fresh_with(version, "")
    }

    /// The same, with further properties, a line each.
    pub fn fresh_with(version: Version, more: &'static str) -> Result<Broker> {
        Broker::new(version, more, ADVERTISED_HOST)
    }

    /// The same, which sends its clients to another host: to a tap on its own port numbers.
    pub fn advertised(version: Version, advertised: &'static str) -> Result<Broker> {
        Broker::new(version, "", advertised)
    }

    fn new(version: Version, more: &'static str, advertised: &'static str) -> Result<Broker> {
        let first = ports::block(3)?;
        let common = Common {
            version,
            id: random_id(),
            brokers: 1,
            controller: first + 2,
            jvm: JVM,
            more,
            advertised,
        };
        let node = Node::lay_out(&common, NODE_ID, first)?;
        node.start()?;
        Ok(Broker { node })
    }

    /// Where it listens without login.
    pub fn plain(&self) -> String {
        self.node.address()
    }

    /// Where it listens for logins: SCRAM, PLAIN, and OAUTHBEARER with unsigned tokens.
    pub fn scram(&self) -> String {
        format!("127.0.0.1:{}", self.node.scram)
    }

    /// What no client of a gateway may be told.
    pub fn addresses(&self) -> Vec<Address> {
        self.node.addresses()
    }

    /// Where it keeps a partition's log.
    pub fn log_dir(&self, topic: &str, partition: i32) -> PathBuf {
        self.node.log_dir(topic, partition)
    }

    /// Starts it on its directory, and waits until it serves.
    pub fn start(&self) -> Result<()> {
        self.node.start()
    }

    /// Stops it in order.
    pub fn stop(&self) -> Result<()> {
        self.node.stop()
    }

    /// kill −9.
    pub fn kill9(&self) {
        self.node.kill9();
    }

    /// Stops its threads where they are; connections stay open and nothing is answered.
    pub fn freeze(&self) {
        self.node.freeze();
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.node.thaw();
    }

    /// Its administrator.
    pub fn admin(&self) -> Admin {
        Admin {
            addresses: vec![self.plain()],
        }
    }

    /// A new topic, named uniquely from `stem`, and ready: every partition has a leader.
    pub fn topic(&self, stem: &str, partitions: i32) -> Result<String> {
        let replicas = vec![vec![NODE_ID]; partitions as usize];
        self.admin().create(
            stem,
            &Topic {
                replicas,
                ..Topic::default()
            },
        )
    }

    /// A new topic of exactly this name, ready.
    pub fn make(&self, name: &str, partitions: i32) -> Result<()> {
        let replicas = vec![vec![NODE_ID]; partitions as usize];
        self.admin().create_named(
            name,
            &Topic {
                replicas,
                ..Topic::default()
            },
        )
    }

    /// One past the last record of a partition.
    pub fn end_offset(&self, topic: &str, partition: i32) -> Result<i64> {
        self.admin().end_offset(topic, partition)
    }

    /// Every batch of a partition, as it lies in the log.
    pub fn batches(&self, topic: &str, partition: i32) -> Result<Vec<Stored>> {
        self.admin().batches(topic, partition)
    }

    /// Every record of a partition, in order; the CRC of each batch is checked.
    pub fn records(&self, topic: &str, partition: i32) -> Result<Vec<Record>> {
        self.admin().records(topic, partition)
    }

    /// Every value of a partition, in order.
    pub fn values(&self, topic: &str, partition: i32) -> Result<Vec<String>> {
        self.admin().values(topic, partition)
    }
}
