//! What lies in the broker, past the gateway: topics of the matrix, and what its batches must be.

use super::capture::Batches;
use super::trial::same;
use crate::batch::{Batch, HEADER_BYTES, Record, Stored};
use crate::broker::Broker;
use crate::wire::Wire;
use crate::{names, requests, wait};
use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::{CreateTopicsRequest, TopicName};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(15);
/// UNKNOWN_TOPIC_OR_PARTITION.
const UNKNOWN_TOPIC: i16 = 3;
/// Where the part of a header begins that a mask does not change: what follows length and CRC.
const ATTRIBUTES_AT: usize = 21;

/// What a topic's only partition is to hold.
#[derive(Debug)]
pub struct Expected {
    /// In order, aborted ones first.
    pub records: Vec<Record>,
    /// Of every batch.
    pub codec: &'static str,
    /// Every batch has a producer id and sequences.
    pub producer_id: bool,
    /// So many of the records, from the first on, are in transactions.
    pub in_transactions: usize,
    /// Whether each transaction was committed, in order.
    pub ended: Vec<bool>,
}

/// A new topic with settings, ready.
pub fn topic(
    broker: &Broker,
    stem: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) -> Result<String> {
    let name = names::unique(stem);
    let configs = settings.iter().map(|(key, value)| {
        CreatableTopicConfig::default()
            .with_name(requests::text(key))
            .with_value(Some(requests::text(value)))
    });
    let topic = CreatableTopic::default()
        .with_name(TopicName(requests::text(&name)))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(configs.collect());
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(20_000);
    let reply = Wire::connect(&broker.plain())?.call(&request, 7)?;
    let told = reply.topics.first().context("CreateTopics said nothing")?;
    ensure!(
        told.error_code == 0,
        "CreateTopics says {} {:?}",
        told.error_code,
        told.error_message
    );
    for partition in 0..partitions {
        wait::until_ok(&format!("{name}/{partition} to be led"), LIMIT, || {
            broker.end_offset(&name, partition)
        })?;
    }
    Ok(name)
}

/// Waits until the topic has so many partitions, or none: is not there.
pub fn has_partitions(broker: &Broker, topic: &str, wanted: Option<i32>) -> Result<()> {
    wait::until_ok(&format!("the broker to say so of {topic}"), LIMIT, || {
        let told = requests::metadata(&mut Wire::connect(&broker.plain())?, &[topic])?;
        let told = told.topics.first().context("Metadata said nothing")?;
        let there = match told.error_code {
            UNKNOWN_TOPIC => None,
            0 => Some(i32::try_from(told.partitions.len())?),
            code => bail!("Metadata says {code}"),
        };
        ensure!(there == wanted, "it has {there:?} partitions");
        Ok(())
    })
}

/// Waits until the partition holds the records (nobody tells when acks=0 or a marker landed), then
/// looks at the batches.
pub fn check(broker: &Broker, topic: &str, expected: &Expected) -> Result<()> {
    let batches = wait::until_ok("the broker to have it all", LIMIT, || {
        let batches = broker.batches(topic, 0)?;
        let decoded = batches.iter().map(Stored::decode);
        let decoded = decoded.collect::<Result<Vec<Batch>>>()?;
        let stored: Vec<Record> = decoded.into_iter().flat_map(|b| b.records).collect();
        same(&expected.records, &stored).context("in the log")?;
        let ended = batches.iter().filter(|b| is_control(b)).map(committed);
        let ended = ended.collect::<Result<Vec<bool>>>()?;
        ensure!(
            ended == expected.ended,
            "transactions committed: {ended:?}, not {:?}",
            expected.ended
        );
        Ok(batches)
    })?;
    let mut in_transactions = expected.in_transactions;
    for batch in batches.iter().filter(|batch| !is_control(batch)) {
        let batch = batch.decode()?;
        ensure!(
            batch.codec.name() == expected.codec,
            "it is stored as {}",
            batch.codec.name()
        );
        let sequenced = batch.producer_id >= 0 && batch.base_sequence >= 0;
        ensure!(sequenced || !expected.producer_id, "it has no producer id");
        ensure!(
            batch.transactional || in_transactions == 0,
            "it is stored outside of a transaction"
        );
        in_transactions = in_transactions.saturating_sub(batch.records.len());
    }
    Ok(())
}

/// Whether a batch is a transaction's marker.
pub fn is_control(batch: &Stored) -> bool {
    batch.bytes[ATTRIBUTES_AT + 1] & 0x20 != 0
}

/// Whether a marker commits: its record is length, attributes, two deltas, the key's length (a byte
/// each here), then the key: version i16, type i16 (0 abort, 1 commit).
fn committed(batch: &Stored) -> Result<bool> {
    let kind = batch.bytes.get(HEADER_BYTES + 7..HEADER_BYTES + 9);
    match kind.context("a marker without its type")? {
        [0, 0] => Ok(false),
        [0, 1] => Ok(true),
        other => bail!("a marker of type {other:?}"),
    }
}

/// The batch was sent as it is stored, and received as it is stored.
pub fn untouched(batch: &Stored, sent: &Batches, received: &Batches) -> Result<()> {
    ensure!(
        sent.has_kept(batch.kept()),
        "it is not stored as it was sent ({} batches were)",
        sent.count()
    );
    ensure!(
        received.has(&batch.bytes),
        "it was not received as it is stored ({} batches were)",
        received.count()
    );
    Ok(())
}

/// The batch was changed in both directions, but its header only in length and CRC.
pub fn only_masked(batch: &Stored, sent: &Batches, received: &Batches) -> Result<()> {
    ensure!(!sent.has_kept(batch.kept()), "nothing was masked going in");
    ensure!(!received.has(&batch.bytes), "nothing was masked coming out");
    let header = batch
        .bytes
        .get(ATTRIBUTES_AT..HEADER_BYTES)
        .context("a short batch")?;
    let same_header = |seen: &[u8]| seen.get(ATTRIBUTES_AT..HEADER_BYTES) == Some(header);
    ensure!(sent.any(same_header), "no batch was sent with its header");
    let offset = &batch.bytes[..8];
    ensure!(
        received.any(|seen| same_header(seen) && seen.starts_with(offset)),
        "no batch was received with its header"
    );
    Ok(())
}
