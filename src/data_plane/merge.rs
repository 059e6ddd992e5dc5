//! One Produce request whose topic-partitions are answered from several sides.
//!
//! Owns: which partitions still lack an outcome, and the reply made of all of them. Refuses:
//! to decide anything. Stays true: every partition of the request appears once in the reply, in
//! the request's order, whoever answered it.

use crate::kafka::endpoints::Endpoint;
use crate::kafka::error;
use crate::kafka::produce::{self, PartitionReply, ProduceResponse};
use crate::kafka::topic::Topic;
use std::collections::HashMap;

/// A Produce reply in the making.
#[derive(Debug)]
pub struct Merge {
    correlation_id: i32,
    api_version: i16,
    throttle_ms: i32,
    parts: Vec<Part>,
    /// Where leaders are that the broker hinted at, each once.
    endpoints: Vec<Endpoint>,
    /// Whether the clean partitions went to the broker and its reply is still owed.
    upstream_owed: bool,
}

#[derive(Debug)]
struct Part {
    topic: Topic<String>,
    partition: i32,
    /// Whether the broker's reply answers it.
    upstream: bool,
    reply: Option<PartitionReply>,
}

impl Merge {
    /// An empty reply to the request with this correlation id and version.
    pub fn new(correlation_id: i32, api_version: i16) -> Merge {
        Merge {
            correlation_id,
            api_version,
            throttle_ms: 0,
            parts: Vec::new(),
            endpoints: Vec::new(),
            upstream_owed: false,
        }
    }

    /// Adds the request's next partition; returns its index. `None`: the gateway answers it later.
    pub fn push(
        &mut self,
        topic: Topic<&str>,
        partition: i32,
        reply: Option<PartitionReply>,
    ) -> usize {
        self.parts.push(Part {
            topic: topic.owned(),
            partition,
            upstream: false,
            reply,
        });
        self.parts.len() - 1
    }

    /// Adds a partition that the broker answers.
    pub fn push_upstream(&mut self, topic: Topic<&str>, partition: i32) {
        self.parts.push(Part {
            topic: topic.owned(),
            partition,
            upstream: true,
            reply: None,
        });
        self.upstream_owed = true;
    }

    /// The version of the request, and so of the replies to it.
    pub fn api_version(&self) -> i16 {
        self.api_version
    }

    /// Takes the broker's reply to the clean partitions.
    pub fn upstream(&mut self, response: ProduceResponse) {
        self.upstream_owed = false;
        self.throttle_ms = self.throttle_ms.max(response.throttle_ms);
        self.hint(response.endpoints);
        let mut replies: HashMap<(Topic<String>, i32), PartitionReply> = HashMap::new();
        for (topic, of_topic) in response.topics {
            replies.extend(
                of_topic
                    .into_iter()
                    .map(|r| ((topic.clone(), r.partition), r)),
            );
        }
        for part in self
            .parts
            .iter_mut()
            .filter(|p| p.upstream && p.reply.is_none())
        {
            let reply = replies.remove(&(part.topic.clone(), part.partition));
            // a partition that the broker left out is not known to be written
            let unknown =
                || PartitionReply::refused(part.partition, error::UNKNOWN_SERVER_ERROR, None);
            part.reply = Some(reply.unwrap_or_else(unknown));
        }
    }

    /// Takes where leaders are, for the hints in the broker's own answers.
    pub fn hint(&mut self, endpoints: Vec<Endpoint>) {
        for endpoint in endpoints {
            if !self.endpoints.iter().any(|e| e.node_id == endpoint.node_id) {
                self.endpoints.push(endpoint);
            }
        }
    }

    /// Answers one of the gateway's own partitions; the first answer stands.
    pub fn answer(&mut self, index: usize, reply: PartitionReply) {
        if let Some(part) = self.parts.get_mut(index) {
            part.reply.get_or_insert(reply);
        }
    }

    /// The whole reply, once no partition lacks an outcome.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        if self.upstream_owed || self.parts.iter().any(|p| p.reply.is_none()) {
            return None;
        }
        let mut topics: Vec<(Topic<String>, Vec<PartitionReply>)> = Vec::new();
        for part in self.parts.drain(..) {
            let Some(reply) = part.reply else { continue };
            match topics.last_mut() {
                Some((topic, replies)) if *topic == part.topic => replies.push(reply),
                _ => topics.push((part.topic, vec![reply])),
            }
        }
        let parts = topics
            .iter()
            .map(|(topic, parts)| (topic.borrowed(), parts.as_slice()));
        Some(produce::write_response(
            self.api_version,
            self.correlation_id,
            self.throttle_ms,
            &self.endpoints,
            parts,
        ))
    }
}
