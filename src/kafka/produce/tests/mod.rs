//! Produce against kafka-protocol, version by version, and against bytes that lie.

#![allow(clippy::unwrap_used)]

mod requests;
mod responses;

use super::*;
use crate::kafka::frame;
use crate::kafka::test_peers::{Lenient, id};
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use proptest::prelude::*;
use requests::{request_frame, their_request};
use responses::{response_frame, written};

/// What a request or reply of this version names the topic by.
fn named(version: i16, text: &'static str) -> Topic<&'static str> {
    if version >= 13 {
        Topic::Id(id(text))
    } else {
        Topic::Name(text)
    }
}

fn name(text: &'static str) -> TopicName {
    TopicName(StrBytes::from_static_str(text))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_an_answer(
        version in VERSIONS,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let _ = parse(&noise, 0, version, &mut Produce::default());
        let _ = parse_response(&noise, version, &Lenient);
        let _ = clean_response(&noise, version, &Lenient);
        let (mut request, mut response) =
            (request_frame(version, &their_request(version, true)), response_frame(version));
        let body = frame::request_header(&request).unwrap().body;
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let mut out = Produce::default();
        if parse(&request, body, version, &mut out).is_ok() {
            // Whatever reads, rebuilds to something that reads the same.
            if let Some(again) = rebuild_request(&request, version, &out, &mut |_| Keep::AsIs) {
                let mut back = Produce::default();
                let body = out.header_end + usize::from(version >= 9);
                prop_assert!(parse(&again, body, version, &mut back).is_ok());
                prop_assert_eq!(back.chunks.len(), out.chunks.len());
                prop_assert!(back.tagged.is_empty());
            }
        }
        prop_assert!(out.chunks.capacity() * 5 <= 64 * request.len());
        if let Ok(read) = parse_response(&response, version, &Lenient) {
            let back = parse_response(&written(version, &read), version, &Lenient);
            prop_assert_eq!(back, Ok(read));
        }
        if let Ok(Some(cleaned)) = clean_response(&response, version, &Lenient) {
            // the endpoints are mapped again; there is nothing else to do
            let again = clean_response(&cleaned, version, &Lenient).unwrap();
            prop_assert_eq!(again.unwrap_or(cleaned.clone()), cleaned);
        }
    }
}
