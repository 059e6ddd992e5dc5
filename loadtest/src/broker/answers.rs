//! What the sink broker answers.
//!
//! Owns: the APIs it speaks and the shape of its answers. Refuses: every other key and version.
//! Stays true: a Fetch that asks what the one before asked gets the same bytes under a new
//! correlation id, so that serving a frame costs one write.

use anyhow::bail;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiVersionsResponse, FetchRequest, FetchResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use lockgate::kafka::api::{API_VERSIONS, FETCH, METADATA, PRODUCE};
use lockgate::kafka::error::{NONE, UNKNOWN_TOPIC_OR_PARTITION, UNSUPPORTED_VERSION};
use lockgate::kafka::frame::{self, RequestHeader, request_header, response_begin};
use lockgate::kafka::produce::{self, PartitionReply, Produce};
use lockgate::kafka::topic::Topic;
use lockgate::kafka::writer::Writer;
use std::net::SocketAddr;

/// Key, oldest and newest version: the gateway's own, where it inspects.
const SPOKEN: [(i16, i16, i16); 4] = [
    (PRODUCE, 3, 9),
    (FETCH, 4, 12),
    (METADATA, 0, 12),
    (API_VERSIONS, 0, 4),
];
const NODE_ID: i32 = 1;
/// Where a request's body of questions starts: size, key, version and correlation id are before it.
const AFTER_CORRELATION_ID: usize = 12;

/// Everything the broker knows.
pub struct Answers {
    /// Its own address.
    pub address: SocketAddr,
    /// Its one topic.
    pub topic: String,
    /// A batch for each partition, at offset 0.
    pub batches: Vec<Vec<u8>>,
    /// Records in each.
    pub records_per_batch: i64,
}

/// The last Fetch of a connection and its answer, and scratch.
#[derive(Default)]
pub struct Last {
    question: Vec<u8>,
    reply: Vec<u8>,
    produce: Produce,
}

/// What goes back.
pub enum Answer<'a> {
    /// Nothing: acks=0.
    None,
    /// A frame.
    Small(Vec<u8>),
    /// A frame with records.
    Fetched(&'a [u8]),
}

impl Answers {
    /// Answers one request frame.
    ///
    /// # Errors
    /// Not a request this broker knows; the connection ends.
    pub fn answer<'a>(&self, request: &[u8], last: &'a mut Last) -> anyhow::Result<Answer<'a>> {
        let header = request_header(request)?;
        let (key, version) = (header.api_key, header.api_version);
        let spoken = SPOKEN
            .iter()
            .any(|(k, min, max)| *k == key && (*min..=*max).contains(&version));
        if !spoken && key != API_VERSIONS {
            bail!("API {key} version {version} is not spoken here");
        }
        Ok(match key {
            PRODUCE => acknowledge(&header, request, &mut last.produce)?,
            FETCH => Answer::Fetched(self.fetch(&header, request, last)?),
            METADATA => Answer::Small(self.metadata(&header, request)?),
            _ => Answer::Small(versions(&header, spoken)?),
        })
    }

    fn metadata(&self, header: &RequestHeader, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut body = &request[header.body..];
        let asked = MetadataRequest::decode(&mut body, header.api_version)?;
        let names: Vec<String> = match asked.topics {
            // Version 0 says "all" with an empty list.
            Some(topics) if !(topics.is_empty() && header.api_version == 0) => {
                let names = topics.into_iter().filter_map(|topic| topic.name);
                names.map(|name| name.0.to_string()).collect()
            }
            _ => vec![self.topic.clone()],
        };
        let host = self.address.ip().to_string();
        let me = MetadataResponseBroker::default()
            .with_node_id(NODE_ID.into())
            .with_host(StrBytes::from_string(host))
            .with_port(self.address.port().into());
        let reply = MetadataResponse::default()
            .with_brokers(vec![me])
            .with_cluster_id(Some(StrBytes::from_static_str("loadtest")))
            .with_controller_id(NODE_ID.into())
            .with_topics(
                names
                    .into_iter()
                    .map(|name| self.topic_entry(name))
                    .collect(),
            );
        encode(header, header.api_version, &reply)
    }

    fn topic_entry(&self, name: String) -> MetadataResponseTopic {
        let known = name == self.topic;
        let partition = |index| {
            MetadataResponsePartition::default()
                .with_partition_index(index)
                .with_leader_id(NODE_ID.into())
                .with_replica_nodes(vec![NODE_ID.into()])
                .with_isr_nodes(vec![NODE_ID.into()])
        };
        let count = if known { self.batches.len() as i32 } else { 0 };
        MetadataResponseTopic::default()
            .with_error_code(if known {
                NONE
            } else {
                UNKNOWN_TOPIC_OR_PARTITION
            })
            .with_name(Some(TopicName(StrBytes::from_string(name))))
            .with_partitions((0..count).map(partition).collect())
    }

    fn fetch<'a>(
        &self,
        header: &RequestHeader,
        request: &[u8],
        last: &'a mut Last,
    ) -> anyhow::Result<&'a [u8]> {
        // Key and version belong to the question, the correlation id between them does not.
        let (head, tail) = (&request[4..8], &request[AFTER_CORRELATION_ID..]);
        let same = last.question.get(..4) == Some(head) && last.question.get(4..) == Some(tail);
        if !same {
            last.reply = self.fetched(header, request)?;
            last.question = [head, tail].concat();
        }
        frame::set_response_correlation_id(&mut last.reply, header.correlation_id);
        Ok(&last.reply)
    }

    fn fetched(&self, header: &RequestHeader, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut body = &request[header.body..];
        let asked = FetchRequest::decode(&mut body, header.api_version)?;
        let mut topics = Vec::new();
        for topic in asked.topics {
            let known = topic.topic.0.as_str() == self.topic;
            let partitions = topic.partitions.iter().map(|asked| {
                let batch = usize::try_from(asked.partition).ok();
                let batch = batch
                    .and_then(|index| self.batches.get(index))
                    .filter(|_| known);
                self.fetched_partition(asked.partition, asked.fetch_offset, batch)
            });
            let partitions = partitions.collect();
            let topic = FetchableTopicResponse::default().with_topic(topic.topic);
            topics.push(topic.with_partitions(partitions));
        }
        let reply = FetchResponse::default().with_responses(topics);
        encode(header, header.api_version, &reply)
    }

    /// The log has no end: whatever offset is asked for, the batch is there. Its base offset is not
    /// under the CRC.
    fn fetched_partition(&self, index: i32, offset: i64, batch: Option<&Vec<u8>>) -> PartitionData {
        let data = PartitionData::default().with_partition_index(index);
        let Some(batch) = batch else {
            return data
                .with_error_code(UNKNOWN_TOPIC_OR_PARTITION)
                .with_high_watermark(-1);
        };
        let mut records = batch.clone();
        if let Some(base) = records.first_chunk_mut::<8>() {
            *base = offset.to_be_bytes();
        }
        let end = offset.saturating_add(self.records_per_batch);
        data.with_high_watermark(end)
            .with_last_stable_offset(end)
            .with_records(Some(Bytes::from(records)))
    }
}

fn acknowledge(
    header: &RequestHeader,
    request: &[u8],
    produce: &mut Produce,
) -> anyhow::Result<Answer<'static>> {
    produce::parse(request, header.body, header.api_version, produce)?;
    if produce.acks == 0 {
        return Ok(Answer::None);
    }
    let mut topics: Vec<(Topic<&str>, Vec<PartitionReply>)> = Vec::new();
    let mut current = None;
    for chunk in &produce.chunks {
        if current != Some(chunk.topic_index) {
            topics.push((chunk.topic.of(request), Vec::new()));
            current = Some(chunk.topic_index);
        }
        let reply = PartitionReply {
            base_offset: 0,
            ..PartitionReply::refused(chunk.partition, NONE, None)
        };
        if let Some((_, replies)) = topics.last_mut() {
            replies.push(reply);
        }
    }
    let topics = topics.iter().map(|(topic, replies)| (*topic, &replies[..]));
    let (version, id) = (header.api_version, header.correlation_id);
    Ok(Answer::Small(produce::write_response(
        version,
        id,
        0,
        &[],
        topics,
    )))
}

/// KIP-511: a version that is not spoken is answered in version 0.
fn versions(header: &RequestHeader, spoken: bool) -> anyhow::Result<Vec<u8>> {
    let range = |(key, min, max)| {
        let range = ApiVersion::default().with_api_key(key);
        range.with_min_version(min).with_max_version(max)
    };
    let reply = ApiVersionsResponse::default()
        .with_error_code(if spoken { NONE } else { UNSUPPORTED_VERSION })
        .with_api_keys(SPOKEN.into_iter().map(range).collect());
    encode(header, if spoken { header.api_version } else { 0 }, &reply)
}

fn encode(header: &RequestHeader, version: i16, reply: &impl Encodable) -> anyhow::Result<Vec<u8>> {
    let mut body = BytesMut::new();
    reply.encode(&mut body, version)?;
    let mut out = Vec::with_capacity(body.len() + 16);
    let mut writer = Writer::new(&mut out);
    let start = response_begin(
        &mut writer,
        (header.api_key, version),
        header.correlation_id,
    );
    writer.raw(&body);
    writer.frame_end(start);
    Ok(out)
}
