//! Names for topic ids that no core knows yet, asked of the broker before a request is judged.
//!
//! Owns: the gateway's own Metadata request on the client's upstream connection, and what its reply
//! teaches. Refuses: to ask twice for one request: what the broker does not name then is unknown,
//! and is answered so. Stays true: no request that names a topic by id is judged before the name
//! was looked for; while a name is asked for, no further request of that client is taken.

use super::answers::Owed;
use super::connection::{Cause, Connection};
use crate::kafka::addresses::{each_topic, learn_brokers};
use crate::kafka::api::METADATA;
use crate::kafka::reader::Malformed;
use crate::kafka::topic::{NAMES_ASKED_IN, TopicId, ask_names};
use crate::limits::TOPIC_IDS_ASKED_MAX;

/// First version of Metadata that says ids (KIP-516).
const IDS_FROM: i16 = 10;

/// Where a connection stands with the names that its next request needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Learning {
    /// Nothing was asked.
    #[default]
    No,
    /// The broker was asked and has not answered.
    Asked,
    /// The broker has answered; the request is judged with what is known now.
    Done,
}

/// The ids without a name that the broker should be asked for; empty when there are none, or when
/// it was asked for this request already.
pub fn missing(connection: &Connection, ids: impl Iterator<Item = TopicId>) -> Vec<TopicId> {
    if connection.learning.get() == Learning::Done {
        return Vec::new();
    }
    let known = &connection.cluster.topic_ids;
    let mut missing: Vec<TopicId> = ids
        .filter(|id| id.is_some() && !known.knows(*id))
        .take(TOPIC_IDS_ASKED_MAX)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() && !connection.speaks(METADATA, NAMES_ASKED_IN) {
        return Vec::new(); // a broker that knows ids knows how to name them
    }
    missing
}

/// The same for a request whose ids `walk` calls out.
pub fn missing_of(
    connection: &Connection,
    walk: impl FnOnce(&mut dyn FnMut(TopicId)) -> Result<(), Malformed>,
) -> Vec<TopicId> {
    let known = &connection.cluster.topic_ids;
    let mut unnamed = Vec::new();
    let walked = walk(&mut |id| {
        if unnamed.len() < TOPIC_IDS_ASKED_MAX && !known.knows(id) {
            unnamed.push(id);
        }
    });
    debug_assert!(walked.is_ok(), "it was read to its last byte before");
    missing(connection, unnamed.into_iter())
}

/// The request to send, with the turn to write to the broker in hand.
pub fn ask(connection: &Connection, ids: &[TopicId]) -> Vec<u8> {
    let id = connection.next_correlation_id();
    connection.answers().owe(id, Owed::Names);
    connection.learning.set(Learning::Asked);
    ask_names(id, "lockgate", ids)
}

/// Takes the broker's reply.
pub fn learnt(connection: &Connection, reply: &[u8]) -> Result<(), Cause> {
    let seen = learn_brokers(NAMES_ASKED_IN, reply)
        .map_err(|_| Cause::BrokerFault("the broker sent a malformed reply"))?;
    let named = seen.topics.iter();
    let named = named.map(|(name, id)| (TopicId(*id), name.as_str()));
    connection.cluster.topic_ids.learn(named);
    connection.learning.set(Learning::Done);
    connection.changed.notify_all();
    Ok(())
}

/// Keeps the ids in a Metadata reply on its way to a client, who is about to use them. Allocates only
/// for what is new.
pub fn overhear(connection: &Connection, version: i16, reply: &[u8]) -> Result<(), Cause> {
    if version < IDS_FROM {
        return Ok(());
    }
    let ids = &connection.cluster.topic_ids;
    let mut new = Vec::new();
    let walked = each_topic(version, reply, &mut |id, name| {
        if id.is_some() && !ids.knows(id) {
            new.push((id, name));
        }
    });
    walked.map_err(|_| Cause::BrokerFault("the broker sent a malformed reply"))?;
    ids.learn(new.into_iter());
    Ok(())
}
