//! Fetch against kafka-protocol, version by version, and against bytes that lie.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::frame;
use crate::kafka::tagged::Sections;
use crate::kafka::test_peers::{Lenient, id};
use crate::kafka::topic::Topic;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use proptest::prelude::*;
use requests::{MAX, request_frame, their_request};
use responses::{endpoint, parsed, response_frame, their_response};

fn name(text: &'static str) -> TopicName {
    TopicName(StrBytes::from_static_str(text))
}

/// Gives a topic of a request or reply what this version names it by.
macro_rules! naming {
    ($version:expr, $text:expr, $topic:expr) => {
        if $version >= 13 {
            $topic.with_topic_id(hex(id($text)).parse().unwrap())
        } else {
            $topic.with_topic(name($text))
        }
    };
}

/// What a reply of this version names the topic by.
fn named(version: i16, text: &'static str) -> Topic<&'static str> {
    if version >= 13 {
        Topic::Id(id(text))
    } else {
        Topic::Name(text)
    }
}

mod requests;
mod responses;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_an_answer(
        version in VERSIONS,
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let _ = lower_limits(&mut noise.clone(), 0, version, MAX, &mut Sections::default());
        let _ = parsed(&noise, version);
        let mut request = request_frame(version, &their_request(version));
        let body = frame::request_header(&request).unwrap().body;
        let mut sent = their_response(version);
        if version >= 16 {
            sent.node_endpoints = vec![endpoint(1, "h", 1)];
        }
        let mut response = response_frame(version, &sent);
        for (at, byte) in edits {
            let in_request = at.index(request.len());
            request[in_request] = byte;
            let in_response = at.index(response.len());
            response[in_response] = byte;
        }
        let _ = lower_limits(&mut request, body, version, MAX, &mut Sections::default());
        let mut out = Fetched::default();
        if parse_response(&response, version, &mut out).is_ok() {
            let refuse = &mut |_| Outcome::Error(44);
            let again = rebuild_response(&response, version, &out, &Lenient, refuse);
            let again = parsed(&again, version).unwrap();
            prop_assert!(again.chunks.iter().all(|c| c.error == 44 && c.records.is_empty()));
            prop_assert_eq!(again.chunks.len(), out.chunks.len());
        }
        prop_assert!(out.chunks.capacity() <= 2 * response.len());
    }
}
