//! One node of a Kafka cluster: its settings, its directory, its process.
//!
//! Owns: laying out, starting, stopping, freezing and killing a node. Node 1 is broker and
//! controller; the others are brokers, which need no more of a formatted directory than
//! `meta.properties`, and that is written here instead of by another JVM. Stays true: brokers are
//! advertised as `localhost`, gateways as `127.0.0.1`: an address that slips through shows.

use crate::jars::{self, Version};
use crate::{admin, process::Process, random::Random, toolbox, wait};
use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const FREEZE_LIMIT: Duration = Duration::from_secs(10);

/// The user that gateways are known to the brokers by, and its password.
pub const SCRAM_USER: (&str, &str) = ("lockgate", "lockgate-broker-secret");
/// Users that clients log in as where the gateway lets their login pass, with their passwords.
pub const USERS: [(&str, &str); 2] = [("alice", "alice-secret"), ("bob", "bob-secret")];
/// The host name that only brokers report.
pub const ADVERTISED_HOST: &str = "localhost";
/// The node that is the controller too.
pub const CONTROLLER: i32 = 1;

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const JVM_SHORT: &[&str] = &["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// Somewhere a client must not be sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// A host's name or address, as text.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// What the nodes of one cluster have in common.
#[derive(Clone, Debug)]
pub struct Common {
    /// Which Kafka.
    pub version: Version,
    /// The cluster's id, as Kafka writes it.
    pub id: String,
    /// How many brokers it starts with: internal topics have as many replicas.
    pub brokers: usize,
    /// Where node 1 listens as the controller.
    pub controller: u16,
    /// Options of every JVM.
    pub jvm: &'static [&'static str],
    /// The host that the brokers tell their clients: [`ADVERTISED_HOST`], or where a tap listens.
    pub advertised: &'static str,
    /// Further properties, a line each.
    pub more: &'static str,
}

/// A node and its directory.
#[derive(Debug)]
pub struct Node {
    /// Its node id.
    pub id: i32,
    /// The port without login.
    pub plain: u16,
    /// The port for logins: SCRAM, PLAIN, and OAUTHBEARER with unsigned tokens.
    pub scram: u16,
    common: Common,
    dir: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Node {
    /// Prepares its directory. It listens at `first` without login and one above for SCRAM.
    pub fn lay_out(common: &Common, id: i32, first: u16) -> Result<Node> {
        let node = Node {
            id,
            plain: first,
            scram: first + 1,
            common: common.clone(),
            dir: toolbox::fresh_dir("kafka")?,
            process: Mutex::new(None),
        };
        fs::write(node.dir.join("server.properties"), node.properties())?;
        if id == CONTROLLER {
            node.format()?;
        } else {
            node.mark()?;
        }
        Ok(node)
    }

    /// Where it keeps a partition's log.
    pub fn log_dir(&self, topic: &str, partition: i32) -> PathBuf {
        self.dir.join(format!("data/{topic}-{partition}"))
    }

    /// `host:port` without login.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.plain)
    }

    /// Where it listens, and where its controller does, under every name it has.
    pub fn addresses(&self) -> Vec<Address> {
        let ports = [self.plain, self.scram, self.common.controller];
        let both = |port| {
            [ADVERTISED_HOST, "127.0.0.1"].map(|host| Address {
                host: host.to_owned(),
                port,
            })
        };
        ports.into_iter().flat_map(both).collect()
    }

    /// Starts the process on its directory, without waiting.
    pub fn launch(&self) -> Result<()> {
        let mut java = jars::java(self.common.version, self.common.jvm, "kafka.Kafka")?;
        java.arg(self.dir.join("server.properties"));
        let name = format!("Kafka {}, node {}", self.common.version.broker(), self.id);
        *self.process() = Some(Process::start(&name, java, &self.dir.join("log"), false)?);
        Ok(())
    }

    /// Waits until it serves.
    pub fn await_served(&self) -> Result<()> {
        let served = wait::until(&format!("node {} to serve", self.id), START_LIMIT, || {
            let listens = [self.plain, self.scram]
                .iter()
                .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok());
            (listens && admin::knows_itself(&self.address(), self.id))
                .then_some(Ok(()))
                .or_else(|| Some(Err(anyhow::anyhow!("it ended at once: {}", self.ended()?))))
        });
        let tail = || {
            let process = self.process();
            process.as_ref().map(|p| p.tail(30)).unwrap_or_default()
        };
        served.and_then(|r| r).with_context(tail)
    }

    /// Starts it, and waits until it serves.
    pub fn start(&self) -> Result<()> {
        self.launch()?;
        self.await_served()
    }

    /// Stops it in order: it hands over what it leads.
    pub fn stop(&self) -> Result<()> {
        let Some(mut process) = self.process().take() else {
            return Ok(());
        };
        process.signal(libc::SIGTERM);
        process.wait(STOP_LIMIT).map(drop)
    }

    /// kill −9.
    pub fn kill9(&self) {
        *self.process() = None;
    }

    /// Whether a process of it was started and not stopped since.
    pub fn runs(&self) -> bool {
        self.process().is_some()
    }

    /// SIGSTOP: connections stay open and nothing is answered from when this returns.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let stopped = wait::until("a broker to stand still", FREEZE_LIMIT, || {
            let process = self.process();
            let still = process.as_ref().is_none_or(Process::is_stopped);
            still.then_some(())
        });
        if let Err(error) = stopped {
            println!("{error:#}");
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: i32) {
        if let Some(process) = &*self.process() {
            process.signal(signal);
        }
    }

    fn ended(&self) -> Option<std::process::ExitStatus> {
        self.process().as_mut().and_then(Process::ended)
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The features are those that a format of this version finalizes by default: for the newest
    /// transaction.version 2, group.version 1, share.version and streams.version.
    fn format(&self) -> Result<()> {
        let mut java = jars::java(self.common.version, JVM_SHORT, "kafka.tools.StorageTool")?;
        java.args(["format", "--standalone", "-t", &self.common.id, "-c"])
            .arg(self.dir.join("server.properties"));
        for (user, password) in USERS.iter().chain([&SCRAM_USER]) {
            java.arg("--add-scram")
                .arg(format!("SCRAM-SHA-256=[name={user},password={password}]"));
        }
        toolbox::must(java, START_LIMIT).map(drop)
    }

    fn mark(&self) -> Result<()> {
        let data = self.dir.join("data");
        fs::create_dir_all(&data)?;
        let (cluster, id, directory) = (&self.common.id, self.id, random_id());
        let text =
            format!("version=1\ncluster.id={cluster}\nnode.id={id}\ndirectory.id={directory}\n");
        Ok(fs::write(data.join("meta.properties"), text)?)
    }

    fn properties(&self) -> String {
        let Node {
            id, plain, scram, ..
        } = self;
        let controller = self.common.controller;
        let (roles, more) = if *id == CONTROLLER {
            (
                "broker,controller",
                format!(",CONTROLLER://127.0.0.1:{controller}"),
            )
        } else {
            ("broker", String::new())
        };
        let data = self.dir.join("data").display().to_string();
        let replicas = self.common.brokers.min(3);
        let in_sync = replicas.min(2);
        let host = self.common.advertised;
        format!(
            "process.roles={roles}\n\
             node.id={id}\n\
             listeners=PLAIN://127.0.0.1:{plain},SCRAM://127.0.0.1:{scram}{more}\n\
             advertised.listeners=PLAIN://{host}:{plain},SCRAM://{host}:{scram}\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
             log.dirs={data}\n\
             offsets.topic.replication.factor={replicas}\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={in_sync}\n\
             share.coordinator.state.topic.replication.factor={replicas}\n\
             share.coordinator.state.topic.min.isr={in_sync}\n\
             {SAME_EVERYWHERE}{further}",
            further = self.common.more
        )
    }
}

/// Small, quick to notice a dead broker, and with an authorizer that allows everybody everything
/// until a test makes an ACL. Leaders stay where a test moves them.
const SAME_EVERYWHERE: &str = "\
listener.security.protocol.map=PLAIN:PLAINTEXT,SCRAM:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN,OAUTHBEARER
listener.name.scram.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
user_alice=\"alice-secret\" user_bob=\"bob-secret\";
listener.name.scram.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
create.topic.policy.class.name=TopicPolicy
auto.create.topics.enable=false
auto.leader.rebalance.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=5000
offsets.topic.num.partitions=3
transaction.state.log.num.partitions=3
share.coordinator.state.topic.num.partitions=3
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
";

/// 16 random bytes as Kafka writes ids; the first must not look like an option's dash.
pub fn random_id() -> String {
    let mut bytes = Random::new(Random::fresh_seed()).bytes(16);
    bytes[0] &= 0x3f;
    BASE64URL_NOPAD.encode(&bytes)
}
