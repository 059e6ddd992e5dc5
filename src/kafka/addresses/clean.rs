//! What every reply of the broker goes through before a client sees it.
//!
//! Owns: which reply gets what. Refuses: a reply that does not walk to its last byte: the broker's
//! fault, and the connection ends. Stays true: no host, port or endpoint of a real broker leaves in
//! a field that Kafka made for one, and no tagged field leaves that nobody here knows.
//!
//! Where a broker's or controller's address stands in the replies of Kafka 4.4, all of them read
//! through (a test lists every field whose name says so):
//!
//! | reply | where | what becomes of it |
//! | --- | --- | --- |
//! | Metadata, FindCoordinator, DescribeCluster | host, port | mapped, else left out |
//! | Produce, Fetch, ShareFetch | node endpoints (KIP-951) | the codecs of these rewrite it |
//! | ShareAcknowledge | node endpoints | mapped, else left out |
//! | DescribeQuorum | the controllers' listeners (v2) | left out, the node ids stay |
//! | DescribeConfigs | values of brokers' settings | withheld, see `configs.rs` |
//!
//! Looks like one and is none: the client host of DescribeGroups, ConsumerGroupDescribe,
//! ShareGroupDescribe and StreamsGroupDescribe is the gateway's own address; the user endpoints of
//! streams groups are the applications'; hosts in ACLs and quotas of addresses were written by an
//! operator; DescribeLogDirs names paths. The text of an error is the broker's own word and is
//! passed as it is.

use super::{Mapping, rewrite_response};
use crate::kafka::api::{
    DESCRIBE_CLUSTER, DESCRIBE_CONFIGS, DESCRIBE_QUORUM, FIND_COORDINATOR, METADATA,
    SHARE_ACKNOWLEDGE,
};
use crate::kafka::frame::{SIZE_BYTES, response_begin, response_body, response_correlation_id};
use crate::kafka::messages::value::{Struct, Value};
use crate::kafka::messages::{self, Message};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::writer::Writer;

/// A reply as a client may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleaned {
    /// The frame as it came.
    AsIs,
    /// A new frame, under the same correlation id.
    Made(Vec<u8>),
}

/// Takes out of a whole reply frame what must not reach a client. For every API whose records are
/// not inspected; what is inspected has a codec of its own.
pub fn clean_reply(
    api_key: i16,
    version: i16,
    frame: &[u8],
    mapping: &dyn Mapping,
) -> Result<Cleaned, Malformed> {
    match api_key {
        METADATA | FIND_COORDINATOR | DESCRIBE_CLUSTER | DESCRIBE_CONFIGS => {
            rewrite_response(api_key, version, frame, mapping).map(Cleaned::Made)
        }
        SHARE_ACKNOWLEDGE => edited(api_key, version, frame, |reply| {
            map_endpoints(reply, mapping);
        }),
        DESCRIBE_QUORUM => edited(api_key, version, frame, |reply| {
            for node in reply.structs_mut("Nodes") {
                node.set("Listeners", Vec::<Value>::new());
            }
        }),
        _ => stripped(api_key, version, frame),
    }
}

/// Maps the node endpoints of a reply (KIP-951); those of brokers that are not exposed are left out.
fn map_endpoints(reply: &mut Struct, mapping: &dyn Mapping) {
    let Some(endpoints) = reply.array_mut("NodeEndpoints") else {
        return;
    };
    endpoints.retain_mut(|endpoint| {
        let Value::Struct(endpoint) = endpoint else {
            return false;
        };
        let host = endpoint.text("Host").unwrap_or_default();
        let mapped = mapping.map(endpoint.i32("NodeId"), host, endpoint.i32("Port"));
        let Some((host, port)) = mapped else {
            return false;
        };
        endpoint.set("Host", host) && endpoint.set("Port", port)
    });
}

/// A small reply, taken apart and written anew.
fn edited(
    api_key: i16,
    version: i16,
    frame: &[u8],
    edit: impl FnOnce(&mut Struct),
) -> Result<Cleaned, Malformed> {
    let (layout, body) = parts(api_key, version, frame)?;
    let mut reply = messages::decode(layout, version, body)?;
    edit(&mut reply);
    let body = messages::encode(layout, version, &reply);
    made(api_key, version, frame, |out| {
        out.extend_from_slice(&body);
        Ok(())
    })
}

/// A reply without addresses: as it came, unless there is something in it that nobody knows.
fn stripped(api_key: i16, version: i16, frame: &[u8]) -> Result<Cleaned, Malformed> {
    let (layout, body) = parts(api_key, version, frame)?;
    let checked = messages::check(layout, version, body)?;
    // Kafka knows no tagged field of a header
    let plain_header = SIZE_BYTES + 4 + usize::from(layout.is_flexible(version));
    let header = frame.len() - body.len();
    if header == plain_header && !checked.unknown_tags {
        return Ok(Cleaned::AsIs);
    }
    made(api_key, version, frame, |out| {
        messages::strip(layout, version, body, out)
    })
}

/// The layout and the body of a reply.
fn parts(api_key: i16, version: i16, frame: &[u8]) -> Result<(&'static Message, &[u8]), Malformed> {
    let start = response_body(frame, api_key, version)?;
    let reader = Reader::at(frame, start)?;
    let Some(layout) = messages::response(api_key, version) else {
        return Err(reader.malformed("a reply without a layout"));
    };
    Ok((layout, reader.slice(start..frame.len())))
}

/// A new frame with the header of the old one and what `write_body` appends.
fn made(
    api_key: i16,
    version: i16,
    frame: &[u8],
    write_body: impl FnOnce(&mut Vec<u8>) -> Result<(), Malformed>,
) -> Result<Cleaned, Malformed> {
    let correlation_id = response_correlation_id(frame)?;
    let mut out = Vec::with_capacity(frame.len());
    let mut writer = Writer::new(&mut out);
    let start = response_begin(&mut writer, (api_key, version), correlation_id);
    write_body(&mut out)?;
    Writer::new(&mut out).frame_end(start);
    Ok(Cleaned::Made(out))
}

#[cfg(test)]
mod tests;
