//! "No", in the shape the client waits for: the reply to a request that is not forwarded.
//!
//! Owns: an error reply for every request of the table and for what a stock admin client sends,
//! with the error wherever that API puts it: once, or for each topic, partition, group or
//! resource that was asked for. Refuses: a body it cannot read, and versions that neither the
//! gateway nor kafka-protocol knows (the client would misread any answer). Stays true: a refusal
//! names only what the request named, and every byte of the request passed `guard` or `Reader`
//! first.

mod admin;
mod clients;
mod produce;
mod whole;

use super::api::{API_VERSIONS, PRODUCE};
use super::api_versions;
use super::frame::{RequestHeader, response_begin};
use super::guard;
use super::writer::Writer;
use crate::limits::REFUSAL_TEXT_BYTES_MAX;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};

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
    let text = &message[..message.floor_char_boundary(REFUSAL_TEXT_BYTES_MAX)];
    let refusal = Refusal {
        header,
        body: frame.get(header.body..)?,
        error,
        text: StrBytes::from_string(text.to_owned()),
    };
    if header.api_key == PRODUCE {
        return produce::refuse(&refusal).ok().flatten();
    }
    let api = ApiKey::try_from(header.api_key).ok()?;
    whole::refuse(&refusal, api)
        .or_else(|| clients::refuse(&refusal, api))
        .or_else(|| admin::refuse(&refusal, api))
}

/// A request on its way to being refused.
struct Refusal<'a> {
    header: &'a RequestHeader,
    body: &'a [u8],
    error: i16,
    text: StrBytes,
}

impl Refusal<'_> {
    fn version(&self) -> i16 {
        self.header.api_version
    }

    /// The text, for a field that is there from version `first` on and may be null.
    fn text_since(&self, first: i16) -> Option<StrBytes> {
        (self.version() >= first).then(|| self.text())
    }

    fn text(&self) -> StrBytes {
        self.text.clone()
    }

    /// Decodes the request behind the guard and answers what `build` makes of it.
    fn answer<Q>(&self, build: impl FnOnce(Q) -> Q::Response) -> Option<Vec<u8>>
    where
        Q: Request + Decodable,
        Q::Response: Encodable,
    {
        let request = guard::decode::<Q>(self.version(), self.body).ok()?;
        self.reply(&build(request))
    }

    /// The frame around a reply's body.
    fn reply<R: Encodable>(&self, response: &R) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        let api = (self.header.api_key, self.version());
        let start = response_begin(&mut writer, api, self.header.correlation_id);
        let mut body = bytes::BytesMut::new();
        response.encode(&mut body, self.version()).ok()?;
        writer.raw(&body);
        writer.frame_end(start);
        Some(out)
    }
}

/// One result for each thing asked for.
fn each<A, B>(asked: Vec<A>, result: impl FnMut(A) -> B) -> Vec<B> {
    asked.into_iter().map(result).collect()
}

#[cfg(test)]
mod tests;
