//! Stock clients, unchanged but for the address and the login.
//!
//! Owns: one set of words for what the tests ask of them, and who can do what. Each client is a
//! file of its own.

mod console;
pub mod java;
mod kcat;
mod script;
pub mod steady;

use crate::target::Target;
use anyhow::Result;
use std::time::Duration;

/// Time for one client's run, its start included.
const RUN_LIMIT: Duration = Duration::from_secs(90);

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// `kafka-console-producer` and `-consumer`, the Java client.
    Console,
    /// kcat, librdkafka as Debian ships it.
    Kcat,
    /// confluent-kafka for Python, the newest librdkafka.
    Confluent,
    /// kafkajs.
    Kafkajs,
}

/// All of them.
pub const CLIENTS: [Client; 4] = [
    Client::Console,
    Client::Kcat,
    Client::Confluent,
    Client::Kafkajs,
];

/// Records to be produced: a value a line.
#[derive(Clone, Debug)]
pub struct Produce {
    /// Topic.
    pub topic: String,
    /// Values.
    pub lines: Vec<String>,
    /// `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub codec: &'static str,
    /// 0, 1 or −1 (all).
    pub acks: i16,
    /// With a producer id and sequences.
    pub idempotent: bool,
    /// How long the client keeps trying.
    pub patience: Duration,
}

impl Produce {
    /// Plain records, acks=all.
    pub fn new(topic: &str, lines: &[&str]) -> Produce {
        Produce {
            topic: topic.to_owned(),
            lines: lines.iter().map(|l| (*l).to_owned()).collect(),
            codec: "none",
            acks: -1,
            idempotent: false,
            patience: Duration::from_secs(20),
        }
    }

    /// Compressed.
    pub fn codec(mut self, codec: &'static str) -> Produce {
        self.codec = codec;
        self
    }

    /// Other acks.
    pub fn acks(mut self, acks: i16) -> Produce {
        self.acks = acks;
        self
    }

    /// Idempotent.
    pub fn idempotent(mut self) -> Produce {
        self.idempotent = true;
        self
    }

    /// More or less patient.
    pub fn patience(mut self, patience: Duration) -> Produce {
        self.patience = patience;
        self
    }
}

/// What a producer told its user.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whether it told of no error.
    pub clean: bool,
    /// All that it said.
    pub said: String,
}

/// `kafka-topics`, the Java admin client.
pub fn topics(target: &Target, args: &[&str]) -> Result<Report> {
    console::tool(target, "org.apache.kafka.tools.TopicCommand", args)
}

/// `kafka-configs`, the Java admin client.
pub fn configs(target: &Target, args: &[&str]) -> Result<Report> {
    console::tool(target, "kafka.admin.ConfigCommand", args)
}

/// Records to be consumed in a group.
#[derive(Clone, Debug)]
pub struct Consume {
    /// Topics.
    pub topics: Vec<String>,
    /// Stop after so many records.
    pub count: usize,
    /// The group.
    pub group: String,
    /// Stop after so long.
    pub patience: Duration,
}

impl Consume {
    /// `count` records of one topic, in a group of its own, from the beginning.
    pub fn new(topic: &str, count: usize) -> Consume {
        Consume::of(&[topic], count)
    }

    /// `count` records of several topics.
    pub fn of(topics: &[&str], count: usize) -> Consume {
        Consume {
            topics: topics.iter().map(|t| (*t).to_owned()).collect(),
            count,
            group: crate::names::unique("group"),
            patience: Duration::from_secs(20),
        }
    }

    /// In a named group.
    pub fn group(mut self, group: &str) -> Consume {
        self.group = group.to_owned();
        self
    }

    /// More or less patient.
    pub fn patience(mut self, patience: Duration) -> Consume {
        self.patience = patience;
        self
    }
}

/// Consumes one topic as a member of a share group, with Kafka's own tool.
pub fn share_consume(target: &Target, consume: &Consume) -> Result<(Vec<String>, String)> {
    console::share_consume(target, consume)
}

impl Client {
    /// The codecs it has without plug-ins.
    pub fn codecs(self) -> &'static [&'static str] {
        match self {
            Client::Kafkajs => &["none", "gzip"],
            _ => &["none", "gzip", "snappy", "lz4", "zstd"],
        }
    }

    /// Whether it can log in by OAUTHBEARER with a token of an issuer: Debian's kcat cannot.
    pub fn has_bearer(self) -> bool {
        self != Client::Kcat
    }

    /// Produces.
    pub fn produce(self, target: &Target, produce: &Produce) -> Result<Report> {
        match self {
            Client::Console => console::produce(target, produce),
            Client::Kcat => kcat::produce(target, produce),
            Client::Confluent | Client::Kafkajs => script::produce(self, target, produce),
        }
    }

    /// Consumes; the values, in the order they came, with whatever errors were told at the end.
    pub fn consume(self, target: &Target, consume: &Consume) -> Result<(Vec<String>, String)> {
        match self {
            Client::Console => console::consume(target, consume),
            Client::Kcat => kcat::consume(target, consume),
            Client::Confluent | Client::Kafkajs => script::consume(self, target, consume),
        }
    }
}
