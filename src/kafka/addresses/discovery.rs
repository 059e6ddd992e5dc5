//! What the gateway learns for itself: the brokers of a cluster and the names of its topics.
//!
//! Owns: the gateway's own Metadata request and the reading of its reply. Refuses: a broker or
//! topic it cannot read whole. Stays true: what it returns was bounded by the frame's size.

use super::{PARTITION_BYTES_MIN, TOPIC_BYTES_MIN, broker_count};
use crate::kafka::api::METADATA;
use crate::kafka::error::NONE;
use crate::kafka::frame::{is_flexible, request_begin, response_body};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::topic::TopicId;
use crate::kafka::writer::Writer;

/// A broker as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its id, stable over restarts.
    pub node_id: i32,
    /// Where it says it listens.
    pub host: String,
    /// On which port.
    pub port: i32,
    /// Its rack; `None` when it has none.
    pub rack: Option<String>,
}

/// What one Metadata reply says of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Kafka's error for the whole reply (v13), else 0.
    pub error: i16,
    /// Every broker that is alive.
    pub brokers: Vec<Broker>,
    /// The controller, in the broker's eyes; `None` before version 1 or when there is none.
    pub controller: Option<i32>,
    /// The cluster's id (v2).
    pub cluster_id: Option<String>,
    /// Name and id of each topic without an error; the id is zero before version 10.
    pub topics: Vec<(String, [u8; 16])>,
}

/// Asks for the brokers and, with `all_topics`, for every topic (else for none). Version 1 to 13.
pub fn metadata_request(
    version: i16,
    correlation_id: i32,
    client_id: &str,
    all_topics: bool,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let flexible = is_flexible(METADATA, version) == Some(true);
    let start = request_begin(&mut writer, (METADATA, version), correlation_id, client_id);
    writer.array_len(flexible, if all_topics { None } else { Some(0) });
    if version >= 4 {
        writer.bool(false); // topics are not created by asking
    }
    if (8..=10).contains(&version) {
        writer.bool(false); // no cluster operations
    }
    if version >= 8 {
        writer.bool(false); // no topic operations
    }
    writer.end_struct(flexible);
    writer.frame_end(start);
    out
}

/// Reads a Metadata reply, the gateway's own or one that passes by.
pub fn learn_brokers(version: i16, frame: &[u8]) -> Result<Cluster, Malformed> {
    let mut brokers = Vec::new();
    let mut topics = Vec::new();
    let mut cluster = walk(
        version,
        frame,
        &mut |broker| brokers.push(broker.owned()),
        &mut |id, name| topics.push((name.to_owned(), id.0)),
    )?;
    (cluster.brokers, cluster.topics) = (brokers, topics);
    Ok(cluster)
}

/// Calls `each` with id and name of every topic without an error in a Metadata reply, without
/// allocating; the id is zero before version 10. After a fault some may have been called already.
pub fn each_topic<'a>(
    version: i16,
    frame: &'a [u8],
    each: &mut dyn FnMut(TopicId, &'a str),
) -> Result<(), Malformed> {
    let mut walk = Walk::at(version, frame)?;
    walk.head(&mut |_| {})?;
    walk.topics(each)
}

fn walk<'a>(
    version: i16,
    frame: &'a [u8],
    on_broker: &mut dyn FnMut(BrokerAt<'a>),
    on_topic: &mut dyn FnMut(TopicId, &'a str),
) -> Result<Cluster, Malformed> {
    let mut walk = Walk::at(version, frame)?;
    let (cluster_id, controller) = walk.head(on_broker)?;
    let mut cluster = Cluster {
        cluster_id: cluster_id.map(str::to_owned),
        controller,
        ..Cluster::default()
    };
    walk.topics(on_topic)?;
    if (8..=10).contains(&version) {
        walk.reader.i32()?; // cluster operations
    }
    if version >= 13 {
        cluster.error = walk.reader.i16()?;
    }
    walk.end_struct()?;
    walk.reader.end()?;
    Ok(cluster)
}

/// A broker, in the reply.
struct BrokerAt<'a> {
    node_id: i32,
    host: &'a str,
    port: i32,
    rack: Option<&'a str>,
}

impl BrokerAt<'_> {
    fn owned(&self) -> Broker {
        Broker {
            node_id: self.node_id,
            host: self.host.to_owned(),
            port: self.port,
            rack: self.rack.map(str::to_owned),
        }
    }
}

/// The layout is drawn in `metadata.rs`.
struct Walk<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
}

impl<'a> Walk<'a> {
    fn at(version: i16, frame: &'a [u8]) -> Result<Walk<'a>, Malformed> {
        Ok(Walk {
            reader: Reader::at(frame, response_body(frame, METADATA, version)?)?,
            version,
            flexible: is_flexible(METADATA, version) == Some(true),
        })
    }

    /// What comes before the topics: the cluster's id and its controller's.
    fn head(
        &mut self,
        on_broker: &mut dyn FnMut(BrokerAt<'a>),
    ) -> Result<(Option<&'a str>, Option<i32>), Malformed> {
        let (mut cluster_id, mut controller) = (None, None);
        if self.version >= 3 {
            self.reader.i32()?; // throttle time
        }
        for _ in 0..broker_count(&mut self.reader, self.flexible)? {
            on_broker(self.broker()?);
        }
        if self.version >= 2 {
            cluster_id = self.reader.nullable_string(self.flexible)?;
        }
        if self.version >= 1 {
            controller = Some(self.reader.i32()?).filter(|id| *id >= 0);
        }
        Ok((cluster_id, controller))
    }

    fn broker(&mut self) -> Result<BrokerAt<'a>, Malformed> {
        let node_id = self.reader.i32()?;
        let host = self.reader.string(self.flexible)?;
        let port = self.reader.i32()?;
        let mut rack = None;
        if self.version >= 1 {
            rack = self.reader.nullable_string(self.flexible)?;
        }
        self.end_struct()?;
        Ok(BrokerAt {
            node_id,
            host,
            port,
            rack,
        })
    }

    fn topics(&mut self, each: &mut dyn FnMut(TopicId, &'a str)) -> Result<(), Malformed> {
        for _ in 0..self.count(TOPIC_BYTES_MIN)? {
            let error = self.reader.i16()?;
            let name = self.reader.nullable_string(self.flexible)?;
            let mut id = TopicId::NONE;
            if self.version >= 10 {
                id = TopicId(self.reader.uuid()?);
            }
            if self.version >= 1 {
                self.reader.bool()?; // internal
            }
            for _ in 0..self.count(PARTITION_BYTES_MIN)? {
                self.partition()?;
            }
            if self.version >= 8 {
                self.reader.i32()?; // topic operations
            }
            self.end_struct()?;
            if let Some(name) = name.filter(|_| error == NONE) {
                each(id, name);
            }
        }
        Ok(())
    }

    fn partition(&mut self) -> Result<(), Malformed> {
        let leader_epoch = if self.version >= 7 { 4 } else { 0 };
        self.reader.take(2 + 4 + 4 + leader_epoch, "partition")?;
        let arrays = if self.version >= 5 { 3 } else { 2 };
        for _ in 0..arrays {
            let count = self.count(4)?;
            self.reader.take(4 * count, "array past the end")?;
        }
        self.end_struct()
    }

    fn count(&mut self, min_element_bytes: usize) -> Result<usize, Malformed> {
        Ok(self
            .reader
            .array_len(self.flexible, min_element_bytes)?
            .unwrap_or(0))
    }

    fn end_struct(&mut self) -> Result<(), Malformed> {
        if self.flexible {
            self.reader.skip_tags()
        } else {
            Ok(())
        }
    }
}
