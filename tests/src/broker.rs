//! A real Kafka broker of the run.
//!
//! Owns: formatting, starting, stopping and killing one KRaft node. It listens twice for clients:
//! `plain()` and `scram()` (SCRAM-SHA-256). Both are advertised as `localhost`, while gateways
//! advertise `127.0.0.1`: an address that slips through a gateway shows.

use crate::{jars, ports, process::Process, random::Random, toolbox, wait};
use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// The user that gateways are known to the broker by, and its password.
pub const SCRAM_USER: (&str, &str) = ("lockgate", "lockgate-broker-secret");
/// The host name that only the broker reports.
pub const ADVERTISED_HOST: &str = "localhost";
/// The broker's only node id.
pub const NODE_ID: i32 = 1;

const START_LIMIT: Duration = Duration::from_secs(90);
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Small: the machine is shared with gateways and clients.
const JVM: &[&str] = &[
    "-Xmx512m",
    "-Xms256m",
    "-XX:+UseSerialGC",
    "-Dtest.loglevel=WARN",
];
const JVM_SHORT: &[&str] = &["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// A broker and its directory.
#[derive(Debug)]
pub struct Broker {
    dir: PathBuf,
    plain: u16,
    scram: u16,
    process: Mutex<Option<Process>>,
}

impl Broker {
    /// The broker that all tests share.
    pub fn shared() -> Result<&'static Broker> {
        static SHARED: OnceLock<Result<Broker, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Broker::fresh().map_err(|e| format!("{e:#}")));
        started
            .as_ref()
            .map_err(|e| anyhow::anyhow!("Kafka did not start: {e}"))
    }

    /// A broker of one's own, to be stopped, frozen or killed.
    pub fn fresh() -> Result<Broker> {
        let dir = toolbox::fresh_dir("kafka")?;
        let plain = ports::block(3)?;
        let broker = Broker {
            dir,
            plain,
            scram: plain + 1,
            process: Mutex::new(None),
        };
        broker.format(plain + 2)?;
        broker.start()?;
        Ok(broker)
    }

    /// Where it listens without login.
    pub fn plain(&self) -> String {
        format!("127.0.0.1:{}", self.plain)
    }

    /// Where it listens for SCRAM.
    pub fn scram(&self) -> String {
        format!("127.0.0.1:{}", self.scram)
    }

    /// Starts it on its directory, and waits until it serves.
    pub fn start(&self) -> Result<()> {
        let mut java = jars::java(JVM, "kafka.Kafka")?;
        java.arg(self.dir.join("server.properties"));
        let mut process = Process::start("Kafka", java, &self.dir.join("log"), false)?;
        let served = wait::until("Kafka to listen", START_LIMIT, || {
            let listens = [self.plain, self.scram]
                .iter()
                .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok());
            (listens && crate::cluster::ready(&self.plain()))
                .then_some(Ok(()))
                .or_else(|| {
                    process
                        .ended()
                        .map(|status| Err(anyhow::anyhow!("Kafka ended at once: {status}")))
                })
        });
        served.and_then(|r| r).with_context(|| process.tail(30))?;
        *self.process() = Some(process);
        Ok(())
    }

    /// Stops it in order.
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

    /// Stops its threads where they are; connections stay open and nothing is answered.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: i32) {
        if let Some(process) = &*self.process() {
            process.signal(signal);
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn format(&self, controller: u16) -> Result<()> {
        let properties = self.dir.join("server.properties");
        fs::write(&properties, self.properties(controller))?;
        let mut java = jars::java(JVM_SHORT, "kafka.tools.StorageTool")?;
        java.args(["format", "--standalone", "-t", &cluster_id(), "-c"])
            .arg(&properties);
        let (user, password) = SCRAM_USER;
        java.arg("--add-scram")
            .arg(format!("SCRAM-SHA-256=[name={user},password={password}]"));
        toolbox::must(java, START_LIMIT).map(drop)
    }

    fn properties(&self, controller: u16) -> String {
        let (plain, scram, data) = (
            self.plain,
            self.scram,
            self.dir.join("data").display().to_string(),
        );
        let host = ADVERTISED_HOST;
        format!(
            "process.roles=broker,controller\n\
             node.id={NODE_ID}\n\
             listeners=PLAIN://127.0.0.1:{plain},SCRAM://127.0.0.1:{scram},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners=PLAIN://{host}:{plain},SCRAM://{host}:{scram}\n\
             listener.security.protocol.map=PLAIN:PLAINTEXT,SCRAM:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             controller.listener.names=CONTROLLER\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
             inter.broker.listener.name=PLAIN\n\
             sasl.enabled.mechanisms=SCRAM-SHA-256\n\
             listener.name.scram.scram-sha-256.sasl.jaas.config=\
             org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
             log.dirs={data}\n\
             auto.create.topics.enable=false\n\
             offsets.topic.replication.factor=1\n\
             offsets.topic.num.partitions=3\n\
             transaction.state.log.replication.factor=1\n\
             transaction.state.log.min.isr=1\n\
             transaction.state.log.num.partitions=3\n\
             share.coordinator.state.topic.replication.factor=1\n\
             share.coordinator.state.topic.min.isr=1\n\
             group.initial.rebalance.delay.ms=0\n\
             num.network.threads=2\n\
             num.io.threads=4\n\
             log.cleaner.dedupe.buffer.size=8388608\n"
        )
    }
}

/// 16 random bytes as Kafka writes ids; the first must not look like an option's dash.
fn cluster_id() -> String {
    let mut bytes = Random::new(Random::fresh_seed()).bytes(16);
    bytes[0] &= 0x3f;
    BASE64URL_NOPAD.encode(&bytes)
}
