//! A cluster as its own administrator sees it, past the gateway: topics, leaders, end offsets, the
//! bytes that were stored.
//!
//! This is where a test learns what landed, whatever the gateway said. Stays true: what is asked of
//! a partition is asked of its leader.

use crate::batch::{Record, Stored};
use crate::wire::Wire;
use crate::{names, requests, wait};
use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    ElectLeadersRequest, ListOffsetsRequest, MetadataResponse, TopicName,
};
use std::time::Duration;

/// ListOffsets' name for "one past the last record".
const LATEST: i64 = -1;
const STEP_LIMIT: Duration = Duration::from_secs(30);
/// ElectLeaders: nothing to elect, the preferred replica leads already.
const ELECTION_NOT_NEEDED: i16 = 84;

/// Whether the broker at this address answers Metadata and lists itself.
pub fn knows_itself(address: &str, id: i32) -> bool {
    let asked = || -> Result<bool> {
        let mut wire = Wire::connect(address)?;
        wire.reply_limit(Duration::from_secs(2))?;
        let told = requests::metadata(&mut wire, &[])?;
        Ok(told.brokers.iter().any(|broker| broker.node_id.0 == id))
    };
    asked().unwrap_or(false)
}

/// What a topic is to be.
#[derive(Clone, Debug, Default)]
pub struct Topic {
    /// The nodes of each partition's replicas, the leader first.
    pub replicas: Vec<Vec<i32>>,
    /// Settings.
    pub configs: Vec<(&'static str, String)>,
}

impl Topic {
    /// With these replicas.
    pub fn on(replicas: &[&[i32]]) -> Topic {
        Topic {
            replicas: replicas.iter().map(|nodes| nodes.to_vec()).collect(),
            configs: Vec::new(),
        }
    }

    /// The same, with a setting.
    pub fn with(mut self, key: &'static str, value: &str) -> Topic {
        self.configs.push((key, value.to_owned()));
        self
    }
}

/// Somebody who may do everything and goes to the brokers directly.
#[derive(Clone, Debug)]
pub struct Admin {
    /// `host:port` of the brokers, asked in turn.
    pub addresses: Vec<String>,
}

impl Admin {
    /// A connection to the first broker that can be reached.
    pub fn wire(&self) -> Result<Wire> {
        let mut wires = self.addresses.iter().map(|address| Wire::connect(address));
        let found = wires.find_map(Result::ok);
        found.with_context(|| format!("no broker of {:?} can be reached", self.addresses))
    }

    /// Metadata of these topics.
    pub fn metadata(&self, topics: &[&str]) -> Result<MetadataResponse> {
        requests::metadata(&mut self.wire()?, topics)
    }

    /// A new topic, named uniquely from `stem`, and ready.
    pub fn create(&self, stem: &str, topic: &Topic) -> Result<String> {
        let name = names::unique(stem);
        self.create_named(&name, topic)?;
        Ok(name)
    }

    /// A new topic of exactly this name, and ready: every partition has a leader that knows it.
    pub fn create_named(&self, name: &str, topic: &Topic) -> Result<()> {
        let replicas = topic.replicas.iter().zip(0..).map(|(nodes, index)| {
            CreatableReplicaAssignment::default()
                .with_partition_index(index)
                .with_broker_ids(nodes.iter().map(|id| (*id).into()).collect())
        });
        let configs = topic.configs.iter().map(|(key, value)| {
            CreatableTopicConfig::default()
                .with_name(requests::text(key))
                .with_value(Some(requests::text(value)))
        });
        let asked = CreatableTopic::default()
            .with_name(TopicName(requests::text(name)))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_assignments(replicas.collect())
            .with_configs(configs.collect());
        let request = CreateTopicsRequest::default()
            .with_topics(vec![asked])
            .with_timeout_ms(20_000);
        let reply = self.wire()?.call(&request, 7)?;
        let told = reply.topics.first().context("CreateTopics said nothing")?;
        let (code, message) = (told.error_code, &told.error_message);
        ensure!(code == 0, "CreateTopics says {code} {message:?}");
        for partition in 0..topic.replicas.len() as i32 {
            // Metadata knows the leader a moment before the leader knows.
            wait::until_ok(&format!("{name}/{partition} to be led"), STEP_LIMIT, || {
                self.end_offset(name, partition)
            })?;
        }
        Ok(())
    }

    /// Deletes a topic, and waits until no broker of ours knows it.
    pub fn delete_topic(&self, name: &str) -> Result<()> {
        let topic = DeleteTopicState::default().with_name(Some(TopicName(requests::text(name))));
        let request = DeleteTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(20_000);
        let reply = self.wire()?.call(&request, 6)?;
        let code = reply.responses.first().context("no answer")?.error_code;
        ensure!(code == 0, "DeleteTopics says {code}");
        wait::until(&format!("{name} to be gone"), STEP_LIMIT, || {
            self.addresses
                .iter()
                .filter_map(|address| Wire::connect(address).ok())
                .all(|mut wire| {
                    let told = requests::metadata(&mut wire, &[name]);
                    told.is_ok_and(|m| m.topics.iter().all(|t| t.error_code != 0))
                })
                .then_some(())
        })
    }

    /// A topic's id.
    pub fn topic_id(&self, name: &str) -> Result<[u8; 16]> {
        let told = self.metadata(&[name])?;
        let topic = told.topics.first().context("no such topic")?;
        let code = topic.error_code;
        ensure!(code == 0, "Metadata of {name} says {code}");
        Ok(topic.topic_id.into_bytes())
    }

    /// Who leads a partition.
    pub fn leader(&self, topic: &str, partition: i32) -> Result<i32> {
        let told = self.metadata(&[topic])?;
        let mut parts = told.topics.iter().flat_map(|t| &t.partitions);
        let part = parts.find(|p| p.partition_index == partition);
        let part = part.with_context(|| format!("Metadata knows no {topic}/{partition}"))?;
        let code = part.error_code;
        ensure!(
            code == 0 && part.leader_id.0 >= 0,
            "{topic}/{partition} has no leader: {code}"
        );
        Ok(part.leader_id.0)
    }

    /// Makes `to` the leader of a partition, whose replicas become `[to]` and the rest of those it
    /// had; waits until it leads and knows it.
    pub fn move_leader(&self, topic: &str, partition: i32, to: i32) -> Result<()> {
        let told = self.metadata(&[topic])?;
        let mut parts = told.topics.iter().flat_map(|t| &t.partitions);
        let part = parts
            .find(|p| p.partition_index == partition)
            .with_context(|| format!("no {topic}/{partition}"))?;
        let had = part.replica_nodes.iter().map(|id| id.0);
        let replicas: Vec<i32> = std::iter::once(to)
            .chain(had.filter(|id| *id != to))
            .collect();
        self.reassign(topic, partition, &replicas)?;
        wait::until_ok(
            &format!("{to} to lead {topic}/{partition}"),
            STEP_LIMIT,
            || {
                self.elect(topic, partition)?;
                let leader = self.leader(topic, partition)?;
                ensure!(leader == to, "{leader} leads");
                self.end_offset(topic, partition).map(drop)
            },
        )
    }

    /// Other replicas for a partition, the preferred leader first.
    pub fn reassign(&self, topic: &str, partition: i32, replicas: &[i32]) -> Result<()> {
        let part = ReassignablePartition::default()
            .with_partition_index(partition)
            .with_replicas(Some(replicas.iter().map(|id| (*id).into()).collect()));
        let asked = ReassignableTopic::default()
            .with_name(TopicName(requests::text(topic)))
            .with_partitions(vec![part]);
        let request = AlterPartitionReassignmentsRequest::default()
            .with_timeout_ms(20_000)
            .with_topics(vec![asked]);
        let reply = self.wire()?.call(&request, 0)?;
        let parts = reply.responses.iter().flat_map(|t| &t.partitions);
        let codes: Vec<i16> = parts.map(|p| p.error_code).collect();
        ensure!(
            reply.error_code == 0 && codes == [0],
            "AlterPartitionReassignments says {} {codes:?}",
            reply.error_code
        );
        Ok(())
    }

    fn elect(&self, topic: &str, partition: i32) -> Result<()> {
        let asked = TopicPartitions::default()
            .with_topic(TopicName(requests::text(topic)))
            .with_partitions(vec![partition]);
        let request = ElectLeadersRequest::default()
            .with_election_type(0)
            .with_topic_partitions(Some(vec![asked]))
            .with_timeout_ms(20_000);
        let reply = self.wire()?.call(&request, 2)?;
        let results = reply.replica_election_results.iter();
        let codes: Vec<i16> = results
            .flat_map(|t| &t.partition_result)
            .map(|p| p.error_code)
            .filter(|code| ![0, ELECTION_NOT_NEEDED].contains(code))
            .collect();
        ensure!(
            reply.error_code == 0 && codes.is_empty(),
            "ElectLeaders says {} {codes:?}",
            reply.error_code
        );
        Ok(())
    }

    /// A connection to the leader of a partition.
    fn leader_wire(&self, topic: &str, partition: i32) -> Result<Wire> {
        let told = self.metadata(&[topic])?;
        let mut parts = told.topics.iter().flat_map(|t| &t.partitions);
        let part = parts.find(|p| p.partition_index == partition);
        let leader = part.context("no such partition")?.leader_id;
        let mut brokers = told.brokers.iter();
        let broker = brokers.find(|b| b.node_id == leader);
        let broker = broker.with_context(|| format!("{topic}/{partition} has no leader"))?;
        Wire::connect(&format!("127.0.0.1:{}", broker.port))
    }

    /// One past the last record of a partition.
    pub fn end_offset(&self, topic: &str, partition: i32) -> Result<i64> {
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
        let reply = self.leader_wire(topic, partition)?.call(&request, 7)?;
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
        let mut wire = self.leader_wire(topic, partition)?;
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
        let records = self.records(topic, partition)?;
        Ok(records.iter().map(Record::text).collect())
    }
}
