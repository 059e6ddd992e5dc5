//! The rows of the matrix: how each client is started, and what its library cannot do.

use super::cells::Cell;
use super::program::Program;
use super::subject::Subject;
use super::{connect, console, kcat, parts, streams};
use crate::broker::Broker;
use crate::jars::Version;
use crate::target::Target;
use anyhow::Result;

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Client {
    JavaNewest,
    Java28,
    Console,
    Streams,
    Connect,
    Confluent,
    Kcat,
    KafkaPython,
    Aiokafka,
    Kafkajs,
    Platformatic,
    FranzGo,
    Sarama,
    Krafka,
}

/// All of them, in the order of the rows.
pub const CLIENTS: [Client; 14] = [
    Client::JavaNewest,
    Client::Java28,
    Client::Console,
    Client::Streams,
    Client::Connect,
    Client::Confluent,
    Client::Kcat,
    Client::KafkaPython,
    Client::Aiokafka,
    Client::Kafkajs,
    Client::Platformatic,
    Client::FranzGo,
    Client::Sarama,
    Client::Krafka,
];

impl Client {
    /// Its name and version, as the row says them.
    pub fn title(self, kafka: Version) -> Result<String> {
        let (name, version) = match self {
            Client::JavaNewest => ("Java kafka-clients", parts::jar("newest", "kafka-clients")?),
            Client::Java28 => ("Java kafka-clients", parts::jar("2.8", "kafka-clients")?),
            Client::Console => ("Kafka's console tools", kafka.tools().to_owned()),
            Client::Streams => (
                "Kafka Streams, exactly once",
                parts::jar("worker", "kafka-streams")?,
            ),
            Client::Connect => (
                "Kafka Connect worker",
                parts::jar("worker", "connect-runtime")?,
            ),
            Client::Confluent => ("confluent-kafka (Python)", parts::wheel("confluent-kafka")?),
            Client::Kcat => return kcat::title(),
            Client::KafkaPython => ("kafka-python", parts::wheel("kafka-python")?),
            Client::Aiokafka => ("aiokafka", parts::wheel("aiokafka")?),
            Client::Kafkajs => ("kafkajs, with codec plug-ins", parts::package("kafkajs")?),
            Client::Platformatic => (
                "@platformatic/kafka",
                parts::package("@platformatic/kafka")?,
            ),
            Client::FranzGo => ("franz-go", parts::module("github.com/twmb/franz-go")?),
            Client::Sarama => ("sarama", parts::module("github.com/IBM/sarama")?),
            Client::Krafka => ("krafka (Rust)", parts::krate("krafka")?),
        };
        Ok(format!("{name} {version}"))
    }

    /// In names of logs, and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Client::JavaNewest => "java-newest",
            Client::Java28 => "java-2.8",
            Client::Console => "console",
            Client::Streams => "streams",
            Client::Connect => "connect",
            Client::Confluent => "confluent",
            Client::Kcat => "kcat",
            Client::KafkaPython => "kafka-python",
            Client::Aiokafka => "aiokafka",
            Client::Kafkajs => "kafkajs",
            Client::Platformatic => "platformatic",
            Client::FranzGo => "franz-go",
            Client::Sarama => "sarama",
            Client::Krafka => "krafka",
        }
    }

    /// Starts it against `target`; `broker` is for what has to be laid before a client that only
    /// carries on what it finds.
    pub fn start<'a>(
        self,
        target: &Target,
        broker: &'a Broker,
        version: Version,
    ) -> Result<Box<dyn Subject + 'a>> {
        let command = match self {
            Client::Console => return Ok(Box::new(console::Console::new(target, version)?)),
            Client::Streams => return Ok(Box::new(streams::Streams::start(target, broker)?)),
            Client::Connect => return Ok(Box::new(connect::Connect::start(target, broker)?)),
            Client::Kcat => return Ok(Box::new(kcat::Kcat::new(target))),
            Client::JavaNewest => parts::java("newest", "Matrix.java")?,
            Client::Java28 => parts::java("2.8", "Matrix.java")?,
            Client::Confluent => parts::python("confluent.py")?,
            Client::KafkaPython => parts::python("kafkapython.py")?,
            Client::Aiokafka => parts::python("aio.py")?,
            Client::Kafkajs => parts::node("kafkajs.mjs")?,
            Client::Platformatic => parts::node("platformatic.mjs")?,
            Client::FranzGo => parts::go("franz")?,
            Client::Sarama => parts::go("sarama")?,
            Client::Krafka => parts::rust()?,
        };
        Ok(Box::new(Program::start(self.name(), command, target)?))
    }

    /// Whether it writes nothing outside of a transaction.
    pub fn is_always_transactional(self) -> bool {
        self == Client::Streams
    }

    /// Why the library cannot do a cell, whatever it talks to.
    pub fn cannot(self, cell: Cell) -> Option<&'static str> {
        match (self, cell) {
            (Client::Console, Cell::Commit | Cell::Abort) => {
                Some("kafka-console-producer begins no transaction")
            }
            (Client::Kcat, Cell::Abort) => {
                Some("kcat aborts a transaction only when a signal interrupts it")
            }
            (Client::Kcat, Cell::Create | Cell::Describe | Cell::Delete) => {
                Some("kcat administers no topics")
            }
            (Client::Streams, Cell::Acks(0 | 1)) => Some("exactly once is acks=all by definition"),
            (Client::Streams, Cell::Describe | Cell::Delete) => Some(
                "Streams creates topics of its own, but describes and deletes none for its user",
            ),
            (Client::Connect, Cell::Describe | Cell::Delete) => {
                Some("Connect creates its sources' topics, but describes and deletes none")
            }
            _ => None,
        }
    }
}
