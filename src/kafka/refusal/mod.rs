//! "No", in the shape the client waits for: to a whole request, or to some of what it asks.
//!
//! Owns: an error reply for every request that a client may send, with the error wherever that API
//! puts it (once, or for each topic, partition, group or resource that was asked for); the request
//! without what was denied, and the broker's reply with it ([`Ask`], [`Patch`]). Refuses: a body it
//! cannot read, and versions that the table of messages does not describe (the client would misread
//! any answer). Stays true: a refusal names only what the request named; one row of the table
//! (`rows`) says all there is to know of an API, over all of its versions.

mod answer;
mod ask;
mod patch;
mod produce;
mod row;
mod rows;
mod shape;
mod split;

pub use ask::{Ask, Denied, Judge, Named, Parted};
pub use patch::Patch;

use super::api::{API_VERSIONS, PRODUCE};
use super::api_versions;
use super::frame::RequestHeader;
use super::messages::value::Struct;
use super::messages::{self, Message};
use super::writer::Writer;
use crate::chunk::Operation;
use crate::limits::REFUSAL_TEXT_BYTES_MAX;
use answer::No;

/// What a rule calls the requests of an API; `None` for those of the login, which no rule forbids,
/// and for those between brokers.
pub fn operation(api_key: i16) -> Option<Operation> {
    match api_key {
        PRODUCE => Some(Operation::Produce),
        key => rows::row(key).map(|row| row.operation),
    }
}

/// The whole reply frame that refuses `frame`, whose header is `header`, with a Kafka error code
/// and a text for those replies that carry one (cut to `limits::REFUSAL_TEXT_BYTES_MAX`).
///
/// `None` means that no reply has a right shape, and the caller closes the connection, as a broker
/// would: unknown keys and versions, malformed bodies, and a Produce with acks=0, which must not
/// be answered at all.
pub fn refuse(header: &RequestHeader, frame: &[u8], error: i16, message: &str) -> Option<Vec<u8>> {
    if header.body == 0 {
        // KIP-511: the one version mismatch that has an answer.
        let newer = header.api_key == API_VERSIONS;
        return newer.then(|| api_versions::answer_newer(header.correlation_id));
    }
    let (key, version) = (header.api_key, header.api_version);
    let no = No {
        code: error,
        text: cut(message),
    };
    let body = frame.get(header.body..)?;
    if key == PRODUCE {
        return produce::refuse(header, body, &no).ok().flatten();
    }
    let (request, response) = (
        messages::request(key, version)?,
        messages::response(key, version)?,
    );
    let decoded = || messages::decode(request, version, body).ok();
    let reply = answer::refuse_all(rows::row(key), (response, version), decoded, &no)?;
    Some(self::frame(
        response,
        version,
        header.correlation_id,
        &reply,
    ))
}

/// As much of a text as a refusal repeats.
pub fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(REFUSAL_TEXT_BYTES_MAX)]
}

/// The frame around a reply's body.
fn frame(response: &Message, version: i16, correlation_id: i32, body: &Struct) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = writer.frame_begin();
    writer.i32(correlation_id);
    writer.end_struct(response.is_flexible(version) && response.key != API_VERSIONS);
    writer.raw(&messages::encode(response, version, body));
    writer.frame_end(start);
    out
}

#[cfg(test)]
mod tests;
