//! Looking into the broker, past the gateway: topics, end offsets, the bytes that were stored.
//!
//! This is where a test learns what landed, whatever the gateway said.

use crate::batch::{Record, Stored};
use crate::broker::Broker;
use crate::wire::Wire;
use crate::{names, requests, wait};
use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{CreateTopicsRequest, ListOffsetsRequest, TopicName};
use std::time::Duration;

/// ListOffsets' name for "one past the last record".
const LATEST: i64 = -1;
const STEP_LIMIT: Duration = Duration::from_secs(30);

/// Whether the broker at this address answers Metadata and knows itself.
pub fn ready(address: &str) -> bool {
    let asked = || -> Result<bool> {
        let mut wire = Wire::connect(address)?;
        wire.reply_limit(Duration::from_secs(2))?;
        Ok(!requests::metadata(&mut wire, &[])?.brokers.is_empty())
    };
    asked().unwrap_or(false)
}

impl Broker {
    /// A new topic, named uniquely from `stem`, and ready: every partition has a leader.
    pub fn topic(&self, stem: &str, partitions: i32) -> Result<String> {
        let name = names::unique(stem);
        self.make(&name, partitions)?;
        Ok(name)
    }

    /// A topic of this name, ready.
    pub fn make(&self, name: &str, partitions: i32) -> Result<()> {
        let mut wire = Wire::connect(&self.plain())?;
        let topic = CreatableTopic::default()
            .with_name(TopicName(requests::text(name)))
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let request = CreateTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(20_000);
        let reply = wire.call(&request, 7)?;
        let told = reply.topics.first().context("CreateTopics said nothing")?;
        ensure!(
            told.error_code == 0,
            "CreateTopics says {} {:?}",
            told.error_code,
            told.error_message
        );
        wait::until_ok(&format!("{name} to have leaders"), STEP_LIMIT, || {
            let told = requests::metadata(&mut wire, &[name])?;
            let led = told
                .topics
                .iter()
                .flat_map(|t| &t.partitions)
                .filter(|p| p.error_code == 0 && p.leader_id.0 >= 0);
            ensure!(
                led.count() == partitions as usize,
                "not all partitions have a leader"
            );
            Ok(())
        })?;
        // Metadata knows the leader a moment before the leader knows.
        for partition in 0..partitions {
            wait::until_ok(&format!("{name}/{partition} to be led"), STEP_LIMIT, || {
                self.end_offset(name, partition)
            })?;
        }
        Ok(())
    }

    /// One past the last record of a partition.
    pub fn end_offset(&self, topic: &str, partition: i32) -> Result<i64> {
        let mut wire = Wire::connect(&self.plain())?;
        let part = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_current_leader_epoch(-1)
            .with_timestamp(LATEST);
        let asked = ListOffsetsTopic::default()
            .with_name(TopicName(requests::text(topic)))
            .with_partitions(vec![part]);
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_topics(vec![asked]);
        let reply = wire.call(&request, 7)?;
        let told = reply
            .topics
            .first()
            .and_then(|t| t.partitions.first())
            .context("ListOffsets said nothing")?;
        ensure!(told.error_code == 0, "ListOffsets says {}", told.error_code);
        Ok(told.offset)
    }

    /// Every batch of a partition, as it lies in the log.
    pub fn batches(&self, topic: &str, partition: i32) -> Result<Vec<Stored>> {
        let mut wire = Wire::connect(&self.plain())?;
        let fetched = requests::fetch_all(&mut wire, topic, partition)?;
        fetched.map_err(|code| anyhow::anyhow!("the broker's Fetch says {code}"))
    }

    /// Every record of a partition, in order; the CRC of each batch is checked.
    pub fn records(&self, topic: &str, partition: i32) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for batch in self.batches(topic, partition)? {
            records.extend(batch.decode()?.records);
        }
        Ok(records)
    }

    /// Every value of a partition, in order.
    pub fn values(&self, topic: &str, partition: i32) -> Result<Vec<String>> {
        Ok(self
            .records(topic, partition)?
            .iter()
            .map(Record::text)
            .collect())
    }
}
