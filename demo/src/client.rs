//! The demo's Kafka client: finds leaders, produces idempotently, fetches.
//!
//! Owns: what a stock client does with an answer, above all that it sends a batch again, unchanged,
//! after NOT_LEADER_OR_FOLLOWER, with a growing pause. Refuses: more than one batch in flight and
//! more than partition 0; the story needs no more. Stays true: a sequence number is used up only by
//! a batch that was acknowledged, so a broker can tell a repeat from a new batch (KIP-98).

use crate::connection::{Connection, Login};
use anyhow::{Context, ensure};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    BrokerId, FetchRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use lockgate::chunk::UnixMillis;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The Java client's `retry.backoff.ms` and `retry.backoff.max.ms`.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// The Java client's `delivery.timeout.ms`.
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);
const REQUEST_TIMEOUT_MS: i32 = 30_000;
/// NOT_LEADER_OR_FOLLOWER.
const NOT_LEADER: i16 = 6;

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// Acknowledged, at this offset.
    Written(i64),
    /// Refused for good: the error's code and its text.
    Refused(i16, String),
}

/// A reply that told the client to try again.
pub struct Retry {
    /// The error's text.
    pub text: String,
    /// How long this reply was withheld.
    pub after: Duration,
}

/// A client with at most one connection.
pub struct Client {
    bootstrap: SocketAddr,
    login: Login,
    leader: Option<Connection>,
    producer: Option<(i64, i16)>,
    sequences: BTreeMap<String, i32>,
}

impl Client {
    /// A client that starts at this address. Nothing is connected yet.
    pub fn new(bootstrap: SocketAddr, client_id: &str, token: Option<String>) -> Client {
        let login = Login {
            client_id: client_id.to_owned(),
            token,
        };
        Client {
            bootstrap,
            login,
            leader: None,
            producer: None,
            sequences: BTreeMap::new(),
        }
    }

    /// The address of partition 0's leader, as the other side tells it. The client is connected to it
    /// afterwards.
    pub async fn find_leader(&mut self, topic: &str) -> anyhow::Result<SocketAddr> {
        let mut asked = match self.leader.take() {
            Some(connection) => connection,
            None => Connection::open(self.bootstrap, &self.login).await?,
        };
        let wanted = MetadataRequestTopic::default().with_name(Some(topic_name(topic)));
        let ask = MetadataRequest::default()
            .with_topics(Some(vec![wanted]))
            .with_allow_auto_topic_creation(true);
        let answer = asked.ask(&ask).await?;
        let partition = answer
            .topics
            .first()
            .and_then(|t| t.partitions.first())
            .context("the topic has no partition")?;
        let leader = answer
            .brokers
            .iter()
            .find(|b| b.node_id == partition.leader_id)
            .context("the leader is unknown")?;
        let address = SocketAddr::new(leader.host.parse()?, u16::try_from(leader.port)?);
        if asked.peer != address {
            asked = Connection::open(address, &self.login).await?;
        }
        self.leader = Some(asked);
        Ok(address)
    }

    async fn leader(&mut self, topic: &str) -> anyhow::Result<&mut Connection> {
        if self.leader.is_none() {
            self.find_leader(topic).await?;
        }
        self.leader.as_mut().context("no leader")
    }

    /// Sends a batch of (key, value) and goes on until it is acknowledged or refused for good. Every
    /// answer that asks for another try is shown to `on_retry`.
    pub async fn produce(
        &mut self,
        topic: &str,
        records: &[(&str, &str)],
        mut on_retry: impl FnMut(&Retry),
    ) -> anyhow::Result<Outcome> {
        let batch = self.batch(topic, records).await?;
        let started = tokio::time::Instant::now();
        let mut pause = BACK_OFF.0;
        loop {
            let asked = tokio::time::Instant::now();
            let (code, offset, text) = self.produce_once(topic, batch.clone()).await?;
            match code {
                0 => {
                    *self.sequences.entry(topic.to_owned()).or_default() +=
                        i32::try_from(records.len())?;
                    return Ok(Outcome::Written(offset));
                }
                NOT_LEADER => on_retry(&Retry {
                    text,
                    after: asked.elapsed(),
                }),
                other => return Ok(Outcome::Refused(other, text)),
            }
            ensure!(
                started.elapsed() < GIVE_UP_AFTER,
                "the client gave up after {} s",
                GIVE_UP_AFTER.as_secs()
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
            self.find_leader(topic).await?;
        }
    }

    async fn produce_once(
        &mut self,
        topic: &str,
        batch: Bytes,
    ) -> anyhow::Result<(i16, i64, String)> {
        let partition = PartitionProduceData::default()
            .with_index(0)
            .with_records(Some(batch));
        let topic_data = TopicProduceData::default()
            .with_name(topic_name(topic))
            .with_partition_data(vec![partition]);
        let ask = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(REQUEST_TIMEOUT_MS)
            .with_topic_data(vec![topic_data]);
        let answer = self.leader(topic).await?.ask(&ask).await?;
        let partition = answer
            .responses
            .first()
            .and_then(|t| t.partition_responses.first());
        let partition = partition.context("the partition is missing in the answer")?;
        let text = partition
            .error_message
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        Ok((partition.error_code, partition.base_offset, text))
    }

    /// One record batch with the producer's id, epoch and next sequence.
    async fn batch(&mut self, topic: &str, records: &[(&str, &str)]) -> anyhow::Result<Bytes> {
        let (producer_id, producer_epoch) = self.producer_id(topic).await?;
        let sequence = self.sequences.get(topic).copied().unwrap_or(0);
        let timestamp = UnixMillis::now().0;
        let record = |(index, (key, value)): (usize, &(&str, &str))| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: -1,
            producer_id,
            producer_epoch,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: sequence + index as i32,
            timestamp,
            key: Some(Bytes::copy_from_slice(key.as_bytes())),
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: Default::default(),
        };
        let records: Vec<Record> = records.iter().enumerate().map(record).collect();
        let mut out = BytesMut::new();
        let options = RecordEncodeOptions {
            version: 2,
            compression: Compression::None,
        };
        RecordBatchEncoder::encode(&mut out, &records, &options)?;
        Ok(out.freeze())
    }

    async fn producer_id(&mut self, topic: &str) -> anyhow::Result<(i64, i16)> {
        if let Some(known) = self.producer {
            return Ok(known);
        }
        let ask = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(i32::MAX);
        let answer = self.leader(topic).await?.ask(&ask).await?;
        ensure!(
            answer.error_code == 0,
            "InitProducerId was answered with error {}",
            answer.error_code
        );
        Ok(*self
            .producer
            .insert((answer.producer_id.0, answer.producer_epoch)))
    }

    /// Everything from an offset to the end of the log, as (offset, value). CRCs are checked.
    pub async fn fetch(&mut self, topic: &str, from: i64) -> anyhow::Result<Vec<(i64, String)>> {
        let mut found = Vec::new();
        let mut next = from;
        loop {
            let (records, end) = self.fetch_once(topic, next).await?;
            if next >= end {
                return Ok(found);
            }
            let before = next;
            for (offset, value) in records.into_iter().filter(|(offset, _)| *offset >= before) {
                next = offset + 1;
                found.push((offset, value));
            }
            ensure!(
                next > before,
                "the log ends at {end}, but nothing came from offset {before} on"
            );
        }
    }

    async fn fetch_once(
        &mut self,
        topic: &str,
        offset: i64,
    ) -> anyhow::Result<(Vec<(i64, String)>, i64)> {
        let partition = FetchPartition::default()
            .with_partition(0)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(offset)
            .with_log_start_offset(-1)
            .with_partition_max_bytes(1 << 20);
        let wanted = FetchTopic::default()
            .with_topic(topic_name(topic))
            .with_partitions(vec![partition]);
        let ask = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(500)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(vec![wanted]);
        let answer = self.leader(topic).await?.ask(&ask).await?;
        ensure!(
            answer.error_code == 0,
            "Fetch was answered with error {}",
            answer.error_code
        );
        let partition = answer
            .responses
            .into_iter()
            .flat_map(|t| t.partitions)
            .next();
        let partition = partition.context("the partition is missing in the answer")?;
        ensure!(
            partition.error_code == 0,
            "Fetch was answered with error {}",
            partition.error_code
        );
        let mut bytes = partition.records.unwrap_or_default();
        let sets = RecordBatchDecoder::decode_all(&mut bytes)?;
        let text = |record: Record| {
            let value = record.value.unwrap_or_default();
            (record.offset, String::from_utf8_lossy(&value).into_owned())
        };
        Ok((
            sets.into_iter()
                .flat_map(|set| set.records)
                .map(text)
                .collect(),
            partition.high_watermark,
        ))
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.leader = None;
    }
}

fn topic_name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}
