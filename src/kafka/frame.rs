//! Frames and their headers: the outermost bytes of every request and reply.
//!
//! Owns: the size field, the two request headers, the two response headers, correlation ids.
//! Refuses: a size that is negative, too small or over the caller's bound, before anything is
//! allocated for it. Stays true: offsets count from the first size byte, so they index the frame
//! as it lies in its buffer.
//!
//! ```text
//! request   size i32 | key i16 | version i16 | correlation id i32 | client id string16? | tags (v2)
//! response  size i32 | correlation id i32 | tags (v1)
//! ```
//! The client id keeps its classic form in header v2 (KIP-482); the response header of ApiVersions
//! is always v0, because the client cannot know yet what the broker speaks (KIP-511).

use super::api;
use super::messages;
use super::reader::{Malformed, Reader};
use super::writer::Writer;
use kafka_protocol::messages::ApiKey;
use std::ops::Range;

/// Bytes of the size field.
pub const SIZE_BYTES: usize = 4;
/// Smallest size a peer may claim: a correlation id (a reply with an empty body).
const SIZE_MIN: usize = 4;

/// A size field that no frame can have. The stream cannot be followed any further: both sides of
/// the connection are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("peer claims a frame of {claimed} bytes; accepted are {SIZE_MIN} to {max}")]
pub struct BadFrame {
    /// The size as sent.
    pub claimed: i32,
    /// The bound in force.
    pub max: usize,
}

/// Length of the frame that starts `bytes`, its size field included; `None` while fewer than four
/// bytes are there. `max` bounds the size field's own value.
pub fn frame_size(bytes: &[u8], max: usize) -> Result<Option<usize>, BadFrame> {
    let Some(field) = bytes.first_chunk::<SIZE_BYTES>() else {
        return Ok(None);
    };
    let claimed = i32::from_be_bytes(*field);
    match usize::try_from(claimed) {
        Ok(size) if (SIZE_MIN..=max).contains(&size) => Ok(Some(SIZE_BYTES + size)),
        _ => Err(BadFrame { claimed, max }),
    }
}

/// What stands before a request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which API.
    pub api_key: i16,
    /// In which version.
    pub api_version: i16,
    /// The client's number for it, echoed by the reply.
    pub correlation_id: i32,
    /// Span of the client id within the frame, valid UTF-8; `None` when null or not read.
    pub client_id: Option<Range<usize>>,
    /// Offset of the body within the frame; 0 when the key or version is unknown, so that where
    /// the body starts cannot be told. Such a request is refused, never forwarded.
    pub body: usize,
}

/// Reads the header of a whole request frame (size field included).
pub fn request_header(frame: &[u8]) -> Result<RequestHeader, Malformed> {
    let mut reader = Reader::at(frame, SIZE_BYTES)?;
    let mut header = RequestHeader {
        api_key: reader.i16()?,
        api_version: reader.i16()?,
        correlation_id: reader.i32()?,
        client_id: None,
        body: 0,
    };
    let Some(flexible) = is_flexible(header.api_key, header.api_version) else {
        return Ok(header);
    };
    let start = reader.pos();
    let client_id = reader.nullable_string(false)?;
    header.client_id = client_id.map(|text| start + 2..start + 2 + text.len());
    if flexible {
        reader.skip_tags()?;
    }
    header.body = reader.pos();
    Ok(header)
}

/// Whether a message of this key and version is flexible (KIP-482); `None` when neither the
/// gateway nor kafka-protocol knows the version, so that its layout cannot be told.
pub fn is_flexible(api_key: i16, version: i16) -> Option<bool> {
    if let Some(known) = api::lookup(api_key)
        && (known.advertised_min..=known.max).contains(&version)
    {
        return Some(version >= known.flexible);
    }
    if let Some(layout) = messages::request(api_key, version) {
        return Some(layout.is_flexible(version));
    }
    let key = ApiKey::try_from(api_key).ok()?;
    let valid = key.valid_versions();
    if !(valid.min..=valid.max).contains(&version) {
        return None;
    }
    Some(key.request_header_version(version) >= 2)
}

/// Gives a request another correlation id. A frame too short to have one is left as it is.
pub fn set_request_correlation_id(frame: &mut [u8], id: i32) {
    set_i32(frame, 8, id);
}

/// Gives a reply another correlation id. A frame too short to have one is left as it is.
pub fn set_response_correlation_id(frame: &mut [u8], id: i32) {
    set_i32(frame, SIZE_BYTES, id);
}

/// The correlation id of a reply.
pub fn response_correlation_id(frame: &[u8]) -> Result<i32, Malformed> {
    Reader::at(frame, SIZE_BYTES)?.i32()
}

/// Offset of a reply's body within its frame, past the header that this key and version have.
pub fn response_body(frame: &[u8], api_key: i16, version: i16) -> Result<usize, Malformed> {
    let mut reader = Reader::at(frame, SIZE_BYTES)?;
    reader.i32()?;
    let Some(flexible) = is_flexible(api_key, version) else {
        return Err(reader.malformed("response of an unknown API or version"));
    };
    if flexible && api_key != api::API_VERSIONS {
        reader.skip_tags()?;
    }
    Ok(reader.pos())
}

/// Starts a request frame of the gateway's own; the caller appends the body and calls `frame_end`
/// with what this returns.
pub fn request_begin(
    writer: &mut Writer<'_>,
    (api_key, version): (i16, i16),
    correlation_id: i32,
    client_id: &str,
) -> usize {
    let start = writer.frame_begin();
    writer.i16(api_key);
    writer.i16(version);
    writer.i32(correlation_id);
    writer.string(false, Some(client_id));
    writer.end_struct(is_flexible(api_key, version) == Some(true));
    start
}

/// Starts a reply of the gateway's own; the caller appends the body and calls `frame_end` with
/// what this returns.
pub fn response_begin(
    writer: &mut Writer<'_>,
    (api_key, version): (i16, i16),
    correlation_id: i32,
) -> usize {
    let start = writer.frame_begin();
    writer.i32(correlation_id);
    let flexible = is_flexible(api_key, version) == Some(true);
    writer.end_struct(flexible && api_key != api::API_VERSIONS);
    start
}

fn set_i32(frame: &mut [u8], at: usize, value: i32) {
    if let Some(field) = frame.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::messages::{RequestHeader as Theirs, ResponseHeader};
    use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
    use proptest::prelude::*;

    #[test]
    fn sizes_outside_the_bound_are_refused() {
        assert_eq!(frame_size(&[0, 0, 0], 100), Ok(None));
        assert_eq!(frame_size(&[0, 0, 0, 4], 100), Ok(Some(8)));
        assert_eq!(frame_size(&[0, 0, 0, 100, 1], 100), Ok(Some(104)));
        for claimed in [-1, i32::MIN, i32::MAX, 0, 3, 101] {
            let refused = frame_size(&claimed.to_be_bytes(), 100);
            assert_eq!(refused, Err(BadFrame { claimed, max: 100 }));
        }
    }

    /// Every key and version that kafka-protocol knows: its header and ours are the same.
    #[test]
    fn headers_agree_with_kafka_protocol() {
        for (key, version) in known_versions() {
            let api = ApiKey::try_from(key).unwrap();
            let header = Theirs::default()
                .with_request_api_key(key)
                .with_request_api_version(version)
                .with_correlation_id(77)
                .with_client_id(Some(StrBytes::from_static_str("kcat")));
            let mut theirs = BytesMut::from(&[0; 4][..]);
            header
                .encode(&mut theirs, api.request_header_version(version))
                .unwrap();
            let ours = request_header(&theirs).unwrap();
            assert_eq!(
                (ours.api_key, ours.api_version, ours.correlation_id),
                (key, version, 77)
            );
            assert_eq!(&theirs[ours.client_id.unwrap()], b"kcat");
            assert_eq!(ours.body, theirs.len(), "{api:?} v{version}");

            let mut out = Vec::new();
            let start = request_begin(&mut Writer::new(&mut out), (key, version), 77, "kcat");
            Writer::new(&mut out).frame_end(start);
            assert_eq!(out[4..], theirs[4..], "{api:?} v{version}");

            let mut out = Vec::new();
            response_begin(&mut Writer::new(&mut out), (key, version), -9);
            let mut body = &out[4..];
            let read = ResponseHeader::decode(&mut body, api.response_header_version(version));
            assert_eq!(read.unwrap().correlation_id, -9);
            assert!(body.is_empty(), "{api:?} v{version}");
            assert_eq!(response_body(&out, key, version), Ok(out.len()));
        }
    }

    fn known_versions() -> impl Iterator<Item = (i16, i16)> {
        (0..=100)
            .filter_map(|key| Some((key, ApiKey::try_from(key).ok()?)))
            .flat_map(|(key, api)| {
                let valid = api.valid_versions();
                (valid.min..=valid.max).map(move |version| (key, version))
            })
    }

    #[test]
    fn an_unknown_version_gives_up_after_the_correlation_id() {
        for (key, version) in [(3, 99), (-1, 0), (999, 0), (3, -1)] {
            let mut frame = vec![0; 4];
            let mut writer = Writer::new(&mut frame);
            writer.i16(key);
            writer.i16(version);
            writer.i32(5);
            let header = request_header(&frame).unwrap();
            assert_eq!(
                (header.correlation_id, header.client_id, header.body),
                (5, None, 0)
            );
            assert!(response_body(&frame, key, version).is_err());
        }
    }

    #[test]
    fn correlation_ids_are_patched_in_place() {
        let mut frame = vec![0; 12];
        set_request_correlation_id(&mut frame, 0x0102_0304);
        set_response_correlation_id(&mut frame, -2);
        assert_eq!(frame, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 1, 2, 3, 4]);
        assert_eq!(response_correlation_id(&frame), Ok(-2));
        set_request_correlation_id(&mut [0; 9], 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_bytes_are_a_header_or_an_error(
            key in 0i16..30, version in 0i16..14, rest in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut frame = vec![0; 4];
            frame.extend_from_slice(&key.to_be_bytes());
            frame.extend_from_slice(&version.to_be_bytes());
            frame.extend_from_slice(&rest);
            if let Ok(header) = request_header(&frame) {
                prop_assert!(header.body <= frame.len());
                if let Some(span) = header.client_id {
                    prop_assert!(std::str::from_utf8(&frame[span]).is_ok());
                }
            }
            let _ = response_body(&frame, key, version);
        }
    }
}
