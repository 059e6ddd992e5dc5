//! What the gateway asks of a cluster to read a sample of it: topics, offsets, records.
//!
//! Owns: the requests and what is believed of the replies. Refuses: whatever would change the cluster or be
//! remembered by it: topics are not created by asking, there is no group, no session, no commit. Stays
//! true: a reply's tree is bounded by `messages`; records are spans of their frame and not copied.

use super::api::{FETCH, LIST_OFFSETS, METADATA};
use super::error::NONE;
use super::fetch::{self, Fetched};
use super::frame::{request_begin, response_body};
use super::messages::value::{Struct, Value};
use super::messages::{self, decode, encode};
use super::reader::{Malformed, Reader};
use super::topic::Topic;
use super::writer::Writer;
use std::collections::BTreeMap;
use std::ops::Range;

/// Versions that are asked for: from the oldest that the gateway knows to the last that names topics by
/// their names. Brokers from Kafka 2.1 to 4 have one of each.
pub const METADATA_VERSIONS: (i16, i16) = (4, 12);
/// See [`METADATA_VERSIONS`]. From 8 on there are places that only tiered storage has.
pub const LIST_OFFSETS_VERSIONS: (i16, i16) = (1, 7);
/// See [`METADATA_VERSIONS`].
pub const FETCH_VERSIONS: (i16, i16) = (4, 12);

/// A topic's first offset that is there, as ListOffsets names it.
pub const EARLIEST: i64 = -2;
/// The offset behind its last committed record.
pub const LATEST: i64 = -1;
/// Records of open and aborted transactions are read as well: they lie on the brokers' disks.
const READ_UNCOMMITTED: i8 = 0;
/// Who asks is no replica.
const NO_REPLICA: i32 = -1;

/// A topic of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicAt {
    /// Its name.
    pub name: String,
    /// Whether Kafka keeps its own records in it.
    pub internal: bool,
    /// Kafka's error code; a topic with one has no partitions.
    pub error: i16,
    /// Partition and the node id of its leader; none while it has none.
    pub partitions: Vec<(i32, Option<i32>)>,
}

/// The brokers and topics of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Host and port by node id.
    pub brokers: BTreeMap<i32, (String, i32)>,
    /// Its topics.
    pub topics: Vec<TopicAt>,
}

/// Asks for all brokers and all topics.
pub fn metadata_request(version: i16, id: i32, client: &str) -> Vec<u8> {
    request((METADATA, version), id, client, |body| {
        body.set("Topics", ());
        body.set("AllowAutoTopicCreation", false);
    })
}

/// Reads what came of it.
///
/// # Errors
/// A reply that is none, or one with more topics and partitions than a tree may hold.
pub fn metadata(version: i16, frame: &[u8]) -> Result<Found, Malformed> {
    let body = reply((METADATA, version), frame)?;
    let broker = |b: &Struct| {
        let host = b.text("Host").unwrap_or_default().to_owned();
        (b.i32("NodeId"), (host, b.i32("Port")))
    };
    Ok(Found {
        brokers: body.structs("Brokers").map(broker).collect(),
        topics: body.structs("Topics").filter_map(topic).collect(),
    })
}

fn topic(from: &Struct) -> Option<TopicAt> {
    let partition = |p: &Struct| {
        let leader = Some(p.i32("LeaderId")).filter(|id| *id >= 0);
        (p.i32("PartitionIndex"), leader)
    };
    Some(TopicAt {
        name: from.text("Name")?.to_owned(),
        internal: from.bool("IsInternal"),
        error: from.i16("ErrorCode"),
        partitions: from.structs("Partitions").map(partition).collect(),
    })
}

/// Partitions by topic.
pub type Wanted<'a, T> = BTreeMap<&'a str, Vec<T>>;

/// Asks where these partitions begin ([`EARLIEST`]) or end ([`LATEST`]).
pub fn offsets_request(
    version: i16,
    id: i32,
    client: &str,
    wanted: &Wanted<'_, i32>,
    at: i64,
) -> Vec<u8> {
    request((LIST_OFFSETS, version), id, client, |body| {
        body.set("ReplicaId", NO_REPLICA);
        body.set("IsolationLevel", READ_UNCOMMITTED);
        topics(body, "Name", wanted, |to, partition| {
            to.set("PartitionIndex", *partition);
            to.set("Timestamp", at);
        });
    })
}

/// Reads them: topic and partition, then the offset or Kafka's error code.
///
/// # Errors
/// A reply that is none.
pub fn offsets(version: i16, frame: &[u8]) -> Result<Vec<Offset>, Malformed> {
    let body = reply((LIST_OFFSETS, version), frame)?;
    let mut found = Vec::new();
    for topic in body.structs("Topics") {
        let name = topic.text("Name").unwrap_or_default();
        for partition in topic.structs("Partitions") {
            let offset = match partition.i16("ErrorCode") {
                NONE => Ok(partition.int("Offset")),
                error => Err(error),
            };
            found.push(((name.to_owned(), partition.i32("PartitionIndex")), offset));
        }
    }
    Ok(found)
}

/// Topic and partition, and the offset or Kafka's error code.
pub type Offset = ((String, i32), Result<i64, i16>);

/// How much a fetch may bring, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of all partitions; the first batch comes whole all the same.
    pub bytes: i32,
    /// Bytes of one.
    pub partition_bytes: i32,
    /// Milliseconds that the broker may wait for a first byte.
    pub wait_ms: i32,
}

/// Asks for records of these partitions from these offsets on.
pub fn fetch_request(
    version: i16,
    id: i32,
    client: &str,
    wanted: &Wanted<'_, (i32, i64)>,
    bounds: Bounds,
) -> Vec<u8> {
    request((FETCH, version), id, client, |body| {
        body.set("ReplicaId", NO_REPLICA);
        body.set("MaxWaitMs", bounds.wait_ms);
        body.set("MinBytes", 1);
        body.set("MaxBytes", bounds.bytes);
        body.set("IsolationLevel", READ_UNCOMMITTED);
        topics(body, "Topic", wanted, |to, (partition, from)| {
            to.set("Partition", *partition);
            to.set("FetchOffset", *from);
            to.set("PartitionMaxBytes", bounds.partition_bytes);
        });
    })
}

/// One partition's part of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Topic and partition.
    pub of: (String, i32),
    /// Kafka's error code.
    pub error: i16,
    /// Where in the frame its batches lie.
    pub records: Range<usize>,
}

/// Reads them; the second is the error of the whole reply.
///
/// # Errors
/// A reply that is none.
pub fn fetched(version: i16, frame: &[u8]) -> Result<(Vec<Read>, i16), Malformed> {
    let mut read = Fetched::default();
    fetch::parse_response(frame, version, &mut read)?;
    let part = |chunk: &fetch::FetchChunk| {
        let Topic::Name(name) = &chunk.topic else {
            return None;
        };
        let name = std::str::from_utf8(frame.get(name.clone())?).ok()?;
        Some(Read {
            of: (name.to_owned(), chunk.partition),
            error: chunk.error,
            records: chunk.records.clone(),
        })
    };
    Ok((read.chunks.iter().filter_map(part).collect(), read.error))
}

/// Fills the array `Topics`, whose elements have their name in the field `name`.
fn topics<T>(
    body: &mut Struct,
    name: &str,
    wanted: &Wanted<'_, T>,
    fill: impl Fn(&mut Struct, &T),
) {
    for (topic, partitions) in wanted {
        let mut one = body.element("Topics");
        one.set(name, *topic);
        for partition in partitions {
            let mut inner = one.element("Partitions");
            fill(&mut inner, partition);
            one.push("Partitions", Value::Struct(inner));
        }
        body.push("Topics", Value::Struct(one));
    }
}

/// A whole frame; empty for a version that is not known, which no broker reads.
fn request(
    (key, version): (i16, i16),
    id: i32,
    client: &str,
    fill: impl FnOnce(&mut Struct),
) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(message) = messages::request(key, version) else {
        debug_assert!(false, "no version {version} of API {key}");
        return out;
    };
    let mut body = message.defaults();
    fill(&mut body);
    let mut writer = Writer::new(&mut out);
    let start = request_begin(&mut writer, (key, version), id, client);
    writer.raw(&encode(message, version, &body));
    writer.frame_end(start);
    out
}

fn reply((key, version): (i16, i16), frame: &[u8]) -> Result<Struct, Malformed> {
    let at = response_body(frame, key, version)?;
    let reader = Reader::at(frame, at)?;
    let message = messages::response(key, version);
    let message = message.ok_or_else(|| reader.malformed("a version that is not known"))?;
    decode(message, version, frame.get(at..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::frame::{request_header, response_begin};

    fn versions((first, last): (i16, i16)) -> impl Iterator<Item = i16> {
        first..=last
    }

    fn asked(key: i16, version: i16, frame: &[u8]) -> Struct {
        let header = request_header(frame).unwrap();
        assert_eq!((header.api_key, header.api_version), (key, version));
        let message = messages::request(key, version).unwrap();
        decode(message, version, &frame[header.body..]).unwrap()
    }

    fn answer(key: i16, version: i16, fill: impl FnOnce(&mut Struct)) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        let start = response_begin(&mut writer, (key, version), 1);
        let message = messages::response(key, version).unwrap();
        let mut body = message.defaults();
        fill(&mut body);
        writer.raw(&encode(message, version, &body));
        writer.frame_end(start);
        out
    }

    #[test]
    fn asking_for_topics_makes_none() {
        for version in versions(METADATA_VERSIONS) {
            let body = asked(METADATA, version, &metadata_request(version, 7, "c"));
            assert!(body.is_null("Topics"), "all topics");
            assert!(!body.bool("AllowAutoTopicCreation"), "in version {version}");
        }
    }

    #[test]
    fn partitions_without_a_leader_and_internal_topics_are_told() {
        for version in versions(METADATA_VERSIONS) {
            let frame = answer(METADATA, version, |body| {
                let mut topic = body.element("Topics");
                topic.set("Name", "a");
                topic.set("IsInternal", true);
                for (index, leader) in [(0, 3), (1, -1)] {
                    let mut one = topic.element("Partitions");
                    one.set("PartitionIndex", index);
                    one.set("LeaderId", leader);
                    topic.push("Partitions", one);
                }
                body.push("Topics", topic);
            });
            let found = metadata(version, &frame).unwrap();
            let topic = &found.topics[0];
            assert!(topic.internal && topic.name == "a");
            assert_eq!(topic.partitions, [(0, Some(3)), (1, None)]);
        }
    }

    #[test]
    fn offsets_are_asked_for_and_read() {
        let wanted = Wanted::from([("a", vec![0, 2])]);
        for version in versions(LIST_OFFSETS_VERSIONS) {
            let frame = offsets_request(version, 7, "c", &wanted, EARLIEST);
            let body = asked(LIST_OFFSETS, version, &frame);
            let partitions = body.structs("Topics").next().unwrap();
            let got: Vec<_> = partitions
                .structs("Partitions")
                .map(|p| (p.i32("PartitionIndex"), p.int("Timestamp")))
                .collect();
            assert_eq!(got, [(0, EARLIEST), (2, EARLIEST)]);
            let frame = answer(LIST_OFFSETS, version, |body| {
                let mut topic = body.element("Topics");
                topic.set("Name", "a");
                for (index, error) in [(0, 0), (2, 29)] {
                    let mut one = topic.element("Partitions");
                    one.set("PartitionIndex", index);
                    one.set("ErrorCode", error);
                    one.set("Offset", 9i64);
                    topic.push("Partitions", one);
                }
                body.push("Topics", topic);
            });
            let told = offsets(version, &frame).unwrap();
            let a = |n| ("a".to_owned(), n);
            assert_eq!(told, [(a(0), Ok(9)), (a(2), Err(29))]);
        }
    }

    #[test]
    fn a_fetch_has_no_session_and_its_records_are_found() {
        let wanted = Wanted::from([("a", vec![(1, 40)])]);
        let bounds = Bounds {
            bytes: 1000,
            partition_bytes: 100,
            wait_ms: 5,
        };
        for version in versions(FETCH_VERSIONS) {
            let frame = fetch_request(version, 7, "c", &wanted, bounds);
            let body = asked(FETCH, version, &frame);
            assert_eq!((body.i32("SessionId"), body.i32("SessionEpoch")), (0, -1));
            let topic = body.structs("Topics").next().unwrap();
            let one = topic.structs("Partitions").next().unwrap();
            assert_eq!((one.i32("Partition"), one.int("FetchOffset")), (1, 40));
            let frame = answer(FETCH, version, |body| {
                let mut topic = body.element("Responses");
                topic.set("Topic", "a");
                let mut one = topic.element("Partitions");
                one.set("PartitionIndex", 1);
                one.set("Records", b"abc".to_vec());
                topic.push("Partitions", one);
                body.push("Responses", topic);
            });
            let (read, error) = fetched(version, &frame).unwrap();
            assert_eq!((error, read.len()), (0, 1));
            assert_eq!(&frame[read[0].records.clone()], b"abc");
            assert_eq!(read[0].of, ("a".to_owned(), 1));
        }
    }
}
