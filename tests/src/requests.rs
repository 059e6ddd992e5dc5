//! The requests that the tests send by hand, and what is read from their replies.
//!
//! Owns: Produce, Fetch and producer ids, at versions that name topics by name.

use crate::batch::{self, Stored};
use crate::wait;
use crate::wire::{Owed, Wire};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    FetchRequest, FindCoordinatorRequest, InitProducerIdRequest, MetadataRequest, MetadataResponse,
    ProduceRequest, ProduceResponse, TopicName, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;
use std::time::{Duration, Instant};

/// Kafka error codes that the tests speak of.
pub mod code {
    /// Written.
    pub const NONE: i16 = 0;
    /// Not written, try again; what a held batch is answered when the wait is over.
    pub const NOT_LEADER_OR_FOLLOWER: i16 = 6;
    /// The batch is larger than the topic takes.
    pub const MESSAGE_TOO_LARGE: i16 = 10;
    /// Not written, since too few replicas are in sync.
    pub const NOT_ENOUGH_REPLICAS: i16 = 19;
    /// The topic is forbidden.
    pub const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
    /// The mechanism is not offered.
    pub const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
    /// A request came before login.
    pub const ILLEGAL_SASL_STATE: i16 = 34;
    /// Not this version.
    pub const UNSUPPORTED_VERSION: i16 = 35;
    /// A rule says no; what a rejected or blocked batch is answered.
    pub const POLICY_VIOLATION: i16 = 44;
    /// No topic has this id.
    pub const UNKNOWN_TOPIC_ID: i16 = 100;
    /// The login was refused.
    pub const SASL_AUTHENTICATION_FAILED: i16 = 58;
}

/// The newest that the gateway offers; the brokers go on to 13.
const PRODUCE_VERSION: i16 = 9;
const FETCH_VERSION: i16 = 12;
const METADATA_VERSION: i16 = 12;
/// What the tests' Produce requests tell of their patience.
const TIMEOUT_MS: i32 = 30_000;

/// Text as the protocol crate wants it.
pub fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

/// One partition's batch in a Produce request.
#[derive(Clone, Debug)]
pub struct Part {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// One encoded batch.
    pub batch: Bytes,
}

impl Part {
    /// A batch for this partition.
    pub fn new(topic: &str, partition: i32, batch: Bytes) -> Part {
        Part {
            topic: topic.to_owned(),
            partition,
            batch,
        }
    }
}

/// A Produce request.
#[derive(Clone, Debug)]
pub struct Send {
    /// Its partitions.
    pub parts: Vec<Part>,
    /// 0, 1 or −1 (all).
    pub acks: i16,
    /// Whose transaction.
    pub transactional_id: Option<String>,
    /// What the request tells of its patience.
    pub timeout_ms: i32,
}

impl Send {
    /// For these partitions, acks=all.
    pub fn all(parts: Vec<Part>) -> Send {
        Send {
            parts,
            acks: -1,
            transactional_id: None,
            timeout_ms: TIMEOUT_MS,
        }
    }

    /// One batch for one partition, acks=all.
    pub fn one(topic: &str, partition: i32, batch: Bytes) -> Send {
        Send::all(vec![Part::new(topic, partition, batch)])
    }

    /// As a request.
    pub fn request(&self) -> ProduceRequest {
        let topic_data = self.parts.iter().map(|part| {
            let data = PartitionProduceData::default()
                .with_index(part.partition)
                .with_records(Some(part.batch.clone()));
            TopicProduceData::default()
                .with_name(TopicName(text(&part.topic)))
                .with_partition_data(vec![data])
        });
        ProduceRequest::default()
            .with_acks(self.acks)
            .with_timeout_ms(self.timeout_ms)
            .with_transactional_id(
                self.transactional_id
                    .as_deref()
                    .map(|id| TransactionalId(text(id))),
            )
            .with_topic_data(topic_data.collect())
    }
}

/// What a Produce reply says of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Kafka's error code.
    pub code: i16,
    /// First offset.
    pub offset: i64,
    /// The error's message.
    pub message: String,
}

/// Sends a Produce without waiting for its reply.
pub fn produce_later(wire: &mut Wire, send: &Send) -> Result<Owed<ProduceRequest>> {
    wire.send(&send.request(), PRODUCE_VERSION)
}

/// The reply to it, partition by partition.
pub fn landed(wire: &mut Wire, owed: Owed<ProduceRequest>) -> Result<Vec<Landed>> {
    Ok(read_landed(&wire.receive(owed)?))
}

/// Sends a Produce and waits for its reply.
pub fn produce(wire: &mut Wire, send: &Send) -> Result<Vec<Landed>> {
    let owed = produce_later(wire, send)?;
    landed(wire, owed)
}

/// Sends one batch for one partition and waits for what became of it.
pub fn produce_one(wire: &mut Wire, topic: &str, partition: i32, batch: Bytes) -> Result<Landed> {
    let mut landed = produce(wire, &Send::one(topic, partition, batch))?;
    ensure!(landed.len() == 1, "a reply for {} partitions", landed.len());
    landed.pop().context("an empty reply")
}

/// Repeats one batch for as long as the reply says "not written, try again", as a client does.
pub fn produce_retrying(
    wire: &mut Wire,
    topic: &str,
    batch: &Bytes,
    limit: Duration,
) -> Result<Landed> {
    let end = Instant::now() + limit;
    loop {
        let landed = produce_one(wire, topic, 0, batch.clone())?;
        if landed.code != code::NOT_LEADER_OR_FOLLOWER || Instant::now() >= end {
            return Ok(landed);
        }
        std::thread::sleep(Duration::from_millis(100)); // Kafka's default retry.backoff.ms
    }
}

fn read_landed(reply: &ProduceResponse) -> Vec<Landed> {
    let each = reply
        .responses
        .iter()
        .flat_map(|topic| topic.partition_responses.iter().map(move |p| (topic, p)));
    let read = each.map(|(topic, p)| Landed {
        topic: topic.name.0.to_string(),
        partition: p.index,
        code: p.error_code,
        offset: p.base_offset,
        message: p
            .error_message
            .as_ref()
            .map(|m| m.to_string())
            .unwrap_or_default(),
    });
    read.collect()
}

/// A Fetch of one partition from `offset` on.
pub fn fetch_request(topic: &str, partition: i32, offset: i64) -> FetchRequest {
    let part = FetchPartition::default()
        .with_partition(partition)
        .with_current_leader_epoch(-1)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic(TopicName(text(topic)))
        .with_partitions(vec![part]);
    FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(200)
        .with_min_bytes(1)
        .with_topics(vec![topic])
}

/// The batches from `offset` on, until a Fetch comes back empty; the error code ends it too.
pub fn fetch_all(wire: &mut Wire, topic: &str, partition: i32) -> Result<Result<Vec<Stored>, i16>> {
    let (mut batches, mut offset) = (Vec::new(), 0);
    loop {
        let reply = wire.call(&fetch_request(topic, partition, offset), FETCH_VERSION)?;
        let part = reply.responses.first().and_then(|t| t.partitions.first());
        let part = part.with_context(|| format!("a Fetch without its partition: {reply:?}"))?;
        if reply.error_code != 0 || part.error_code != 0 {
            return Ok(Err(if reply.error_code != 0 {
                reply.error_code
            } else {
                part.error_code
            }));
        }
        let more = batch::cut(part.records.clone().unwrap_or_default())?;
        let Some(last) = more.last() else {
            return Ok(Ok(batches));
        };
        let delta = i32::from_be_bytes(last.bytes[23..27].try_into()?);
        offset = last.base_offset + i64::from(delta) + 1;
        batches.extend(more);
    }
}

/// A producer id and its epoch, from the broker through this connection.
pub fn producer_id(wire: &mut Wire, transactional_id: Option<&str>) -> Result<(i64, i16)> {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(transactional_id.map(|id| TransactionalId(text(id))))
        .with_transaction_timeout_ms(60_000)
        .with_producer_id((-1).into())
        .with_producer_epoch(-1);
    let loads = |code: i16| (14..=16).contains(&code); // the coordinator is loading or elsewhere
    let reply = wait::until_ok("a producer id", Duration::from_secs(30), || {
        let reply = wire.call(&request, 2)?;
        ensure!(
            !loads(reply.error_code),
            "InitProducerId says {}",
            reply.error_code
        );
        Ok(reply)
    })?;
    ensure!(
        reply.error_code == 0,
        "InitProducerId says {}",
        reply.error_code
    );
    Ok((reply.producer_id.0, reply.producer_epoch))
}

/// Waits until the broker has a coordinator for a transactional id; asking makes its topic.
pub fn await_coordinator(wire: &mut Wire, transactional_id: &str) -> Result<()> {
    let coordinator = FindCoordinatorRequest::default()
        .with_key_type(1)
        .with_coordinator_keys(vec![text(transactional_id)]);
    let limit = Duration::from_secs(30);
    wait::until_ok("the coordinator of transactions", limit, || {
        let told = wire.call(&coordinator, 4)?;
        let told = told.coordinators.first().context("no coordinator")?;
        ensure!(
            told.error_code == 0,
            "FindCoordinator says {}",
            told.error_code
        );
        Ok(())
    })
}

/// Metadata of these topics.
pub fn metadata_request(topics: &[&str]) -> MetadataRequest {
    let topics = topics
        .iter()
        .map(|t| MetadataRequestTopic::default().with_name(Some(TopicName(text(t)))));
    MetadataRequest::default().with_topics(Some(topics.collect()))
}

/// Metadata of these topics, asked and answered.
pub fn metadata(wire: &mut Wire, topics: &[&str]) -> Result<MetadataResponse> {
    wire.call(&metadata_request(topics), METADATA_VERSION)
}

/// Metadata of these topics, asked without waiting.
pub fn metadata_later(wire: &mut Wire, topics: &[&str]) -> Result<Owed<MetadataRequest>> {
    wire.send(&metadata_request(topics), METADATA_VERSION)
}
