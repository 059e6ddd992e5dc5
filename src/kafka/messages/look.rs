//! What the gateway looks for in a request before it judges it.
//!
//! Owns: finding topic ids and topic patterns. Refuses: a request that does not walk. Stays true:
//! nothing is allocated, and every place that the table knows is looked at.

use super::layout::{Kind, Message};
use super::walk::{Checked, visit};
use crate::kafka::reader::Malformed;
use crate::kafka::topic::TopicId;

/// Shows every topic id in a message; the zero id, which names no topic, is left out. An id comes
/// as often as it stands there.
pub fn topic_ids(
    message: &'static Message,
    version: i16,
    body: &[u8],
    found: &mut dyn FnMut(TopicId),
) -> Result<Checked, Malformed> {
    visit(message, version, body, usize::MAX, |field, bytes| {
        let id = <[u8; 16]>::try_from(bytes).map(TopicId);
        let names_topic = *element(&field.kind) == Kind::Uuid && field.name.starts_with("TopicId");
        if let Ok(id) = id
            && names_topic
            && id.is_some()
        {
            found(id);
        }
    })
}

/// Whether a request subscribes by a pattern that the broker would evaluate: the broker alone
/// would then choose topics, and no rule for a topic be asked (ConsumerGroupHeartbeat v1, KIP-848;
/// StreamsGroupHeartbeat, KIP-1071). The answer to it is INVALID_REGULAR_EXPRESSION.
pub fn has_topic_regex(
    message: &'static Message,
    version: i16,
    body: &[u8],
) -> Result<bool, Malformed> {
    let mut any = false;
    visit(message, version, body, usize::MAX, |field, bytes| {
        let pattern = matches!(field.name, "SubscribedTopicRegex" | "SourceTopicRegex");
        any |= pattern && !bytes.is_empty();
    })?;
    Ok(any)
}

fn element(kind: &'static Kind) -> &'static Kind {
    match kind {
        Kind::Array(element) => element,
        other => other,
    }
}
