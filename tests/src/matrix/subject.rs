//! What a client under test can be asked to do.

use super::program::Program;
use super::records;
use crate::batch::Record;
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// How long a client may take to read, to share or to give up.
pub const SECONDS: u64 = 30;
/// Partitions of the topic that two members share.
pub const SHARED_PARTITIONS: i32 = 4;
/// Partitions and retention of the topics that are created and described.
pub const MADE: (i32, &str) = (3, "3600000");

/// Records to be produced by one producer.
#[derive(Clone, Debug)]
pub struct Produce {
    /// To its only partition.
    pub topic: String,
    /// In one go.
    pub records: Vec<Record>,
    /// `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub codec: &'static str,
    /// 0, 1 or −1 (all).
    pub acks: i16,
    /// With a producer id and sequences.
    pub idempotent: bool,
    /// The transactional id, and whether the transaction is committed or aborted.
    pub transaction: Option<(String, bool)>,
}

impl Produce {
    /// Uncompressed, acks=all.
    pub fn new(topic: &str, records: Vec<Record>) -> Produce {
        Produce {
            topic: topic.to_owned(),
            records,
            codec: "none",
            acks: -1,
            idempotent: false,
            transaction: None,
        }
    }
}

/// Records to be consumed by a group of one, from the earliest that it has not committed.
#[derive(Clone, Debug)]
pub struct Consume {
    /// Topics.
    pub topics: Vec<String>,
    /// The group.
    pub group: String,
    /// Read and commit so many, no more.
    pub count: usize,
}

/// Partitions that each of two members owns, moment by moment.
pub type History = Vec<Vec<Vec<i32>>>;

/// A client under test.
pub trait Subject {
    /// Produces, and waits for the broker's answer where there is one.
    fn produce(&mut self, produce: &Produce) -> Result<()>;
    /// Consumes only what is committed, commits how far it read, and leaves the group; less than
    /// was asked for comes back when the time is over.
    fn consume(&mut self, consume: &Consume) -> Result<Vec<Record>>;
    /// One member, then two, then one.
    fn rebalance(&mut self, topic: &str, group: &str) -> Result<History>;
    /// Creates a topic as [`MADE`] says; its name, which is the one given where the client lets
    /// its user name topics.
    fn create(&mut self, topic: &str) -> Result<String>;
    /// The number of partitions and `retention.ms` of a topic.
    fn describe(&mut self, topic: &str) -> Result<(i32, String)>;
    /// Deletes a topic.
    fn delete(&mut self, topic: &str) -> Result<()>;
}

impl Subject for Program {
    fn produce(&mut self, produce: &Produce) -> Result<()> {
        let transaction = produce
            .transaction
            .as_ref()
            .map(|(id, commit)| json!({"id": id, "commit": commit}));
        let records: Vec<Value> = produce.records.iter().map(records::to_json).collect();
        let step = json!({
            "do": "produce",
            "topic": produce.topic,
            "records": records,
            "codec": produce.codec,
            "acks": produce.acks,
            "idempotent": produce.idempotent,
            "transaction": transaction,
        });
        self.step(&step).map(drop)
    }

    fn consume(&mut self, consume: &Consume) -> Result<Vec<Record>> {
        let told = self.step(&json!({
            "do": "consume",
            "topics": consume.topics,
            "group": consume.group,
            "count": consume.count,
            "seconds": SECONDS,
        }))?;
        let records = told["records"].as_array().context("no records")?;
        records.iter().map(records::from_json).collect()
    }

    fn rebalance(&mut self, topic: &str, group: &str) -> Result<History> {
        let told = self.step(&json!({
            "do": "rebalance",
            "topic": topic,
            "partitions": SHARED_PARTITIONS,
            "group": group,
            "seconds": SECONDS,
        }))?;
        Ok(serde_json::from_value(told["history"].clone())?)
    }

    fn create(&mut self, topic: &str) -> Result<String> {
        let (partitions, retention) = MADE;
        let step = json!({"do": "create", "topic": topic, "partitions": partitions, "retention": retention});
        self.step(&step)?;
        Ok(topic.to_owned())
    }

    fn describe(&mut self, topic: &str) -> Result<(i32, String)> {
        let told = self.step(&json!({"do": "describe", "topic": topic}))?;
        let partitions = told["partitions"].as_i64().context("no partitions")?;
        let retention = told["retention"].as_str().context("no retention")?;
        Ok((i32::try_from(partitions)?, retention.to_owned()))
    }

    fn delete(&mut self, topic: &str) -> Result<()> {
        self.step(&json!({"do": "delete", "topic": topic}))
            .map(drop)
    }
}
