//! Produce, Fetch and transactions in the versions that name topics by id.
//!
//! Owns: the requests and what is read from their replies. Stays true: whatever is answered is checked
//! to name the topic by the id that was sent.

use crate::batch::{self, Stored};
use crate::requests::{self, Landed, Send};
use crate::wire::{Owed, Wire};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{
    EndTxnRequest, FetchRequest, FetchResponse, ProduceRequest, ProduceResponse, TransactionalId,
};
use std::fmt;

/// The first version of Produce that names ids, and the newest.
pub const PRODUCE: i16 = 13;
/// The versions of Fetch that name ids.
pub const FETCH: std::ops::RangeInclusive<i16> = 13..=18;
/// EndTxn of the second transaction protocol (KIP-890).
const END_TXN: i16 = 5;

/// A topic's id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// Of a topic, as Metadata through this connection says.
    pub fn of(wire: &mut Wire, topic: &str) -> Result<Id> {
        let told = requests::metadata(wire, &[topic])?;
        let told = told.topics.first().context("Metadata names no topic")?;
        ensure!(told.error_code == 0, "Metadata says {}", told.error_code);
        Ok(Id(told.topic_id.into_bytes()))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The request of `send`, each topic named by the id at its place.
pub fn produce_request(send: &Send, ids: &[Id]) -> Result<ProduceRequest> {
    let mut request = send.request();
    ensure!(request.topic_data.len() == ids.len(), "an id for each part");
    for (topic, id) in request.topic_data.iter_mut().zip(ids) {
        topic.name = Default::default();
        topic.topic_id = format!("{id:?}").parse()?;
    }
    Ok(request)
}

/// Sends a Produce without waiting for its reply.
pub fn produce_later(wire: &mut Wire, send: &Send, ids: &[Id]) -> Result<Owed<ProduceRequest>> {
    wire.send(&produce_request(send, ids)?, PRODUCE)
}

/// What the reply to it says, in its order; the `topic` of each is the id in hexadecimal.
pub fn landed(wire: &mut Wire, owed: Owed<ProduceRequest>) -> Result<Vec<Landed>> {
    Ok(read_landed(&wire.receive(owed)?))
}

/// Sends a Produce and waits for its reply.
pub fn produce(wire: &mut Wire, send: &Send, ids: &[Id]) -> Result<Vec<Landed>> {
    let owed = produce_later(wire, send, ids)?;
    landed(wire, owed)
}

/// Sends one batch for one partition and waits for what became of it.
pub fn produce_one(wire: &mut Wire, id: Id, partition: i32, batch: Bytes) -> Result<Landed> {
    let mut landed = produce(wire, &Send::one("", partition, batch), &[id])?;
    ensure!(landed.len() == 1, "a reply for {} partitions", landed.len());
    let landed = landed.pop().context("an empty reply")?;
    ensure!(landed.topic == format!("{id:?}"), "{landed:?} for {id:?}");
    Ok(landed)
}

fn read_landed(reply: &ProduceResponse) -> Vec<Landed> {
    let each = reply
        .responses
        .iter()
        .flat_map(|topic| topic.partition_responses.iter().map(move |p| (topic, p)));
    let message = |text: &Option<_>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let read = each.map(|(topic, p)| Landed {
        topic: format!("{:?}", Id(topic.topic_id.into_bytes())),
        partition: p.index,
        code: p.error_code,
        offset: p.base_offset,
        message: message(&p.error_message),
    });
    read.collect()
}

/// A Fetch of one partition from `offset` on.
pub fn fetch_request(id: Id, partition: i32, offset: i64) -> Result<FetchRequest> {
    let part = FetchPartition::default()
        .with_partition(partition)
        .with_current_leader_epoch(-1)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default()
        .with_topic_id(format!("{id:?}").parse()?)
        .with_partitions(vec![part]);
    Ok(FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(200)
        .with_min_bytes(1)
        .with_topics(vec![topic]))
}

/// What a reply says of its only partition, which must be this topic's.
pub fn only(reply: &FetchResponse, id: Id) -> Result<&PartitionData> {
    let topic = reply.responses.first().context("no topic in the reply")?;
    ensure!(topic.topic_id.into_bytes() == id.0, "not {id:?}: {topic:?}");
    topic
        .partitions
        .first()
        .context("no partition in the reply")
}

/// The batches from `offset` on, until a Fetch comes back empty; an error code is an error.
pub fn fetch_all(wire: &mut Wire, id: Id, partition: i32, version: i16) -> Result<Vec<Stored>> {
    let (mut batches, mut offset) = (Vec::new(), 0);
    loop {
        let reply = wire.call(&fetch_request(id, partition, offset)?, version)?;
        let part = only(&reply, id)?;
        let codes = (reply.error_code, part.error_code);
        ensure!(codes == (0, 0), "Fetch v{version} says {codes:?}");
        let more = batch::cut(part.records.clone().unwrap_or_default())?;
        let Some(last) = more.last() else {
            return Ok(batches);
        };
        let delta = i32::from_be_bytes(last.bytes[23..27].try_into()?);
        offset = last.base_offset + i64::from(delta) + 1;
        batches.extend(more);
    }
}

/// Ends a transaction of the second protocol; the producer's id and epoch for the next one.
pub fn end_transaction(
    wire: &mut Wire,
    transactional_id: &str,
    (producer, epoch): (i64, i16),
    commit: bool,
) -> Result<(i64, i16)> {
    let request = EndTxnRequest::default()
        .with_transactional_id(TransactionalId(requests::text(transactional_id)))
        .with_producer_id(producer.into())
        .with_producer_epoch(epoch)
        .with_committed(commit);
    let told = wire.call(&request, END_TXN)?;
    ensure!(told.error_code == 0, "EndTxn says {}", told.error_code);
    Ok((told.producer_id.0, told.producer_epoch))
}
