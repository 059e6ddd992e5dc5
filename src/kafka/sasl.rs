//! The two SASL messages, from both sides: the gateway is the server for its clients and the
//! client of its broker.
//!
//! Owns: SaslHandshake and SaslAuthenticate, whole frames. Refuses: what SASL bytes mean (the
//! identity room's), and the handshake-less form of Kafka before 1.0, whose tokens have no frame
//! header. Stays true: the bytes of a login are spans of their frame, never copied or shown.
//!
//! ```text
//! SaslHandshake     request   mechanism                               v0 and v1 look the same; after
//!                   response  error i16, [mechanism]                  v0 bare tokens would follow
//! SaslAuthenticate  request   auth bytes
//!                   response  error i16, message string?, auth bytes, session lifetime ms i64 (v1)
//! ```

use super::api::{SASL_AUTHENTICATE, SASL_HANDSHAKE};
use super::frame::{RequestHeader, is_flexible, request_begin, response_begin, response_body};
use super::reader::{Malformed, Reader};
use super::writer::Writer;
use std::ops::Range;

/// Mechanisms a broker may list; Kafka has five.
const MECHANISMS_MAX: usize = 64;

/// What the broker says to a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeReply<'a> {
    /// 0, or why not.
    pub error: i16,
    /// What the broker would accept.
    pub mechanisms: Vec<&'a str>,
}

/// What the broker says to one step of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticateReply<'a> {
    /// 0, or why not.
    pub error: i16,
    /// The broker's own words on it.
    pub message: Option<&'a str>,
    /// Span of the mechanism's next bytes within the frame.
    pub auth: Range<usize>,
    /// Milliseconds until the broker wants a new login (KIP-368); 0 for never.
    pub session_lifetime_ms: i64,
}

/// The mechanism a client asks for. The caller refuses version 0, whose next bytes are no frame.
pub fn parse_handshake<'a>(header: &RequestHeader, frame: &'a [u8]) -> Result<&'a str, Malformed> {
    let mut reader = body(header, frame)?;
    let mechanism = reader.string(false)?;
    reader.end()?;
    Ok(mechanism)
}

/// The reply to a handshake: 0, or UNSUPPORTED_SASL_MECHANISM with what is offered.
pub fn handshake_response(
    version: i16,
    correlation_id: i32,
    error: i16,
    mechanisms: &[&str],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = response_begin(&mut writer, (SASL_HANDSHAKE, version), correlation_id);
    writer.i16(error);
    writer.array_len(false, Some(mechanisms.len()));
    for mechanism in mechanisms {
        writer.string(false, Some(mechanism));
    }
    writer.frame_end(start);
    out
}

/// Span of a client's login bytes within the frame. They are a secret: never log or keep them.
pub fn parse_authenticate(header: &RequestHeader, frame: &[u8]) -> Result<Range<usize>, Malformed> {
    let mut reader = body(header, frame)?;
    let flexible = is_flexible(SASL_AUTHENTICATE, header.api_version) == Some(true);
    let auth = reader
        .nullable_bytes(flexible)?
        .ok_or(reader.malformed("null login bytes"))?;
    if flexible {
        reader.skip_tags()?;
    }
    reader.end()?;
    Ok(auth)
}

/// The reply to one step of a login. A `message` is what the client's log will show.
pub fn authenticate_response(
    version: i16,
    correlation_id: i32,
    error: i16,
    message: Option<&str>,
    auth: &[u8],
    session_lifetime_ms: i64,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let flexible = is_flexible(SASL_AUTHENTICATE, version) == Some(true);
    let start = response_begin(&mut writer, (SASL_AUTHENTICATE, version), correlation_id);
    writer.i16(error);
    writer.string(flexible, message);
    writer.bytes(flexible, Some(auth));
    if version >= 1 {
        writer.i64(session_lifetime_ms);
    }
    writer.end_struct(flexible);
    writer.frame_end(start);
    out
}

/// Asks the broker for a mechanism, in version 1 (framed tokens follow).
pub fn handshake_request(correlation_id: i32, client_id: &str, mechanism: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = request_begin(&mut writer, (SASL_HANDSHAKE, 1), correlation_id, client_id);
    writer.string(false, Some(mechanism));
    writer.frame_end(start);
    out
}

/// Reads the broker's reply to `handshake_request`.
pub fn parse_handshake_response(frame: &[u8]) -> Result<HandshakeReply<'_>, Malformed> {
    let mut reader = Reader::at(frame, response_body(frame, SASL_HANDSHAKE, 1)?)?;
    let error = reader.i16()?;
    let count = reader.array_len(false, 2)?.unwrap_or(0);
    if count > MECHANISMS_MAX {
        return Err(reader.malformed("too many SASL mechanisms"));
    }
    let mut mechanisms = Vec::with_capacity(count);
    for _ in 0..count {
        mechanisms.push(reader.string(false)?);
    }
    reader.end()?;
    Ok(HandshakeReply { error, mechanisms })
}

/// Sends one step of a login to the broker.
pub fn authenticate_request(
    version: i16,
    correlation_id: i32,
    client_id: &str,
    auth: &[u8],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let flexible = is_flexible(SASL_AUTHENTICATE, version) == Some(true);
    let start = request_begin(
        &mut writer,
        (SASL_AUTHENTICATE, version),
        correlation_id,
        client_id,
    );
    writer.bytes(flexible, Some(auth));
    writer.end_struct(flexible);
    writer.frame_end(start);
    out
}

/// Reads the broker's reply to `authenticate_request` of the same version.
pub fn parse_authenticate_response(
    version: i16,
    frame: &[u8],
) -> Result<AuthenticateReply<'_>, Malformed> {
    let flexible = is_flexible(SASL_AUTHENTICATE, version) == Some(true);
    let mut reader = Reader::at(frame, response_body(frame, SASL_AUTHENTICATE, version)?)?;
    let error = reader.i16()?;
    let message = reader.nullable_string(flexible)?;
    let auth = reader.nullable_bytes(flexible)?.unwrap_or(0..0);
    let session_lifetime_ms = if version >= 1 { reader.i64()? } else { 0 };
    if flexible {
        reader.skip_tags()?;
    }
    reader.end()?;
    Ok(AuthenticateReply {
        error,
        message,
        auth,
        session_lifetime_ms,
    })
}

fn body<'a>(header: &RequestHeader, frame: &'a [u8]) -> Result<Reader<'a>, Malformed> {
    let reader = Reader::at(frame, header.body)?;
    if header.body == 0 {
        return Err(reader.malformed("SASL request of an unknown version"));
    }
    Ok(reader)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::frame::{SIZE_BYTES, frame_size, request_header};
    use bytes::Bytes;
    use kafka_protocol::messages as theirs;
    use kafka_protocol::protocol::{Decodable, HeaderVersion, StrBytes};
    use proptest::prelude::*;

    /// The body of a frame as kafka-protocol reads it, all of it.
    fn read<M: Decodable + HeaderVersion>(frame: &[u8], version: i16, is_request: bool) -> M {
        assert_eq!(frame_size(frame, 1 << 20), Ok(Some(frame.len())));
        let mut bytes = Bytes::copy_from_slice(&frame[SIZE_BYTES..]);
        let header = M::header_version(version);
        if is_request {
            theirs::RequestHeader::decode(&mut bytes, header).unwrap();
        } else {
            theirs::ResponseHeader::decode(&mut bytes, header).unwrap();
        }
        let message = M::decode(&mut bytes, version).unwrap();
        assert!(bytes.is_empty());
        message
    }

    #[test]
    fn the_handshake_from_both_sides() {
        let frame = handshake_request(3, "lockgate", "SCRAM-SHA-512");
        let seen: theirs::SaslHandshakeRequest = read(&frame, 1, true);
        assert_eq!(&*seen.mechanism, "SCRAM-SHA-512");
        let header = request_header(&frame).unwrap();
        assert_eq!(parse_handshake(&header, &frame), Ok("SCRAM-SHA-512"));
        for version in 0..=1 {
            let reply = handshake_response(version, 3, 33, &["OAUTHBEARER", "PLAIN"]);
            let seen: theirs::SaslHandshakeResponse = read(&reply, version, false);
            assert_eq!((seen.error_code, seen.mechanisms.len()), (33, 2));
            let ours = parse_handshake_response(&reply).unwrap();
            assert_eq!(
                (ours.error, ours.mechanisms),
                (33, vec!["OAUTHBEARER", "PLAIN"])
            );
        }
    }

    #[test]
    fn every_version_of_authenticate_from_both_sides() {
        for version in 0..=2 {
            let frame = authenticate_request(version, 4, "lockgate", b"n,,n=u,r=x");
            let seen: theirs::SaslAuthenticateRequest = read(&frame, version, true);
            assert_eq!(&*seen.auth_bytes, b"n,,n=u,r=x");
            let header = request_header(&frame).unwrap();
            let span = parse_authenticate(&header, &frame).unwrap();
            assert_eq!(&frame[span], b"n,,n=u,r=x");

            let reply = authenticate_response(version, 4, 58, Some("token expired"), b"{}", 900);
            let seen: theirs::SaslAuthenticateResponse = read(&reply, version, false);
            assert_eq!(seen.error_code, 58);
            assert_eq!(
                seen.error_message,
                Some(StrBytes::from_static_str("token expired"))
            );
            let ours = parse_authenticate_response(version, &reply).unwrap();
            assert_eq!((ours.error, ours.message), (58, Some("token expired")));
            assert_eq!(&reply[ours.auth], b"{}");
            assert_eq!(ours.session_lifetime_ms, seen.session_lifetime_ms);
            assert_eq!(seen.session_lifetime_ms, if version >= 1 { 900 } else { 0 });
        }
    }

    #[test]
    fn an_unknown_version_is_malformed() {
        let mut frame = authenticate_request(2, 4, "lockgate", b"x");
        frame[7] = 9;
        let header = request_header(&frame).unwrap();
        assert!(parse_authenticate(&header, &frame).is_err());
        assert!(parse_handshake(&header, &frame).is_err());
        assert!(parse_authenticate_response(9, &frame).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_a_message_or_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..64), version in 0i16..4,
        ) {
            let mut frame = vec![0, 0, 0, 0, 0, 36, 0, version as u8];
            frame.extend_from_slice(&bytes);
            if let Ok(header) = request_header(&frame) {
                let _ = parse_handshake(&header, &frame);
                if let Ok(span) = parse_authenticate(&header, &frame) {
                    prop_assert!(span.end <= frame.len());
                }
            }
            let _ = parse_handshake_response(&bytes);
            if let Ok(reply) = parse_authenticate_response(version, &bytes) {
                prop_assert!(reply.auth.end <= bytes.len());
            }
        }
    }
}
