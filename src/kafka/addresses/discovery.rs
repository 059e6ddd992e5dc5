//! What the gateway learns for itself: the brokers of a cluster and the names of its topics.
//!
//! Owns: the gateway's own Metadata request and the reading of its reply. Refuses: a broker or
//! topic it cannot read whole. Stays true: what it returns was bounded by the frame's size.

use super::{PARTITION_BYTES_MIN, TOPIC_BYTES_MIN, broker_count};
use crate::kafka::api::METADATA;
use crate::kafka::error::NONE;
use crate::kafka::frame::{is_flexible, request_begin, response_body};
use crate::kafka::reader::{Malformed, Reader};
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
    let mut walk = Walk {
        reader: Reader::at(frame, response_body(frame, METADATA, version)?)?,
        version,
        flexible: is_flexible(METADATA, version) == Some(true),
    };
    let cluster = walk.cluster()?;
    walk.reader.end()?;
    Ok(cluster)
}

/// The layout is drawn in `metadata.rs`.
struct Walk<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
}

impl Walk<'_> {
    fn cluster(&mut self) -> Result<Cluster, Malformed> {
        let mut cluster = Cluster::default();
        if self.version >= 3 {
            self.reader.i32()?; // throttle time
        }
        for _ in 0..broker_count(&mut self.reader, self.flexible)? {
            cluster.brokers.push(self.broker()?);
        }
        if self.version >= 2 {
            cluster.cluster_id = self
                .reader
                .nullable_string(self.flexible)?
                .map(str::to_owned);
        }
        if self.version >= 1 {
            cluster.controller = Some(self.reader.i32()?).filter(|id| *id >= 0);
        }
        for _ in 0..self.count(TOPIC_BYTES_MIN)? {
            cluster.topics.extend(self.topic()?);
        }
        if (8..=10).contains(&self.version) {
            self.reader.i32()?; // cluster operations
        }
        if self.version >= 13 {
            cluster.error = self.reader.i16()?;
        }
        self.end_struct()?;
        Ok(cluster)
    }

    fn broker(&mut self) -> Result<Broker, Malformed> {
        let node_id = self.reader.i32()?;
        let host = self.reader.string(self.flexible)?.to_owned();
        let port = self.reader.i32()?;
        let mut rack = None;
        if self.version >= 1 {
            rack = self
                .reader
                .nullable_string(self.flexible)?
                .map(str::to_owned);
        }
        self.end_struct()?;
        Ok(Broker {
            node_id,
            host,
            port,
            rack,
        })
    }

    fn topic(&mut self) -> Result<Option<(String, [u8; 16])>, Malformed> {
        let error = self.reader.i16()?;
        let name = self.reader.nullable_string(self.flexible)?;
        let id = if self.version >= 10 {
            self.reader.uuid()?
        } else {
            [0; 16]
        };
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
        Ok(name
            .filter(|_| error == NONE)
            .map(|name| (name.to_owned(), id)))
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
