//! What a broker may send: four bytes of API key and version, then a whole frame.

use super::keyed;
use lockgate::kafka::addresses::{self, Mapping};
use lockgate::kafka::api_versions;
use lockgate::kafka::fetch::{self, Fetched, Outcome};
use lockgate::kafka::frame;
use lockgate::kafka::messages;
use lockgate::kafka::produce;

/// Produce: the outcomes that are walked are those that are read.
pub fn produce(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let mut walked = 0;
    let walk = produce::for_each_ack(frame, version, &mut |_, _, _, _| walked += 1);
    let read = produce::parse_response(frame, version);
    assert_eq!(walk.is_ok(), read.is_ok());
    if let Ok(response) = read {
        let partitions = response.topics.iter().map(|(_, them)| them.len());
        assert_eq!(walked, partitions.sum::<usize>());
    }
}

/// Fetch: spans lie in the frame, and a reply made anew keeps what it was told to keep.
pub fn fetch(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let mut parsed = Fetched::default();
    if fetch::parse_response(frame, version, &mut parsed).is_err() {
        return;
    }
    for chunk in &parsed.chunks {
        assert!(frame.get(chunk.records.clone()).is_some());
    }
    let mut emptied = |index: usize| match index % 2 {
        0 => Outcome::AsIs,
        _ => Outcome::Error(29),
    };
    let again = fetch::rebuild_response(frame, version, &parsed, &mut emptied);
    let mut second = Fetched::default();
    let read = fetch::parse_response(&again, version, &mut second);
    assert!(read.is_ok(), "{read:?}");
    for (index, (was, is)) in parsed.chunks.iter().zip(&second.chunks).enumerate() {
        assert_eq!(was.partition, is.partition);
        match index % 2 {
            0 => assert_eq!(frame[was.records.clone()], again[is.records.clone()]),
            _ => assert!(is.error == 29 && is.records.is_empty()),
        }
    }
    let mut rubbed = frame.to_vec();
    let all = 0..rubbed.len();
    fetch::blank_tail(&mut rubbed, all);
}

/// Any reply: without unknown tags it is what it was.
pub fn any(data: &[u8]) {
    let Some((key, version, frame)) = keyed(data) else {
        return;
    };
    let Some(message) = messages::response(key, version) else {
        return;
    };
    let Ok(at) = frame::response_body(frame, key, version) else {
        return;
    };
    let body = frame.get(at..).unwrap_or_default();
    let (checked, tree) = (
        messages::check(message, version, body),
        messages::decode(message, version, body),
    );
    if let (Ok(_), Ok(tree)) = (checked, tree) {
        let written = messages::encode(message, version, &tree);
        assert_eq!(messages::decode(message, version, &written), Ok(tree));
    }
}

struct Gateway;

impl Mapping for Gateway {
    fn map(&self, node_id: i32, _: &str, _: i32) -> Option<(&str, i32)> {
        (node_id % 2 == 0).then_some(("gw", 9092))
    }
}

/// Addresses: what is rewritten can be rewritten again, and is then the same.
pub fn addresses(data: &[u8]) {
    let Some((key, version, frame)) = keyed(data) else {
        return;
    };
    if let Ok(once) = addresses::rewrite_response(key, version, frame, &Gateway) {
        let twice = addresses::rewrite_response(key, version, &once, &Gateway);
        assert_eq!(twice.as_ref(), Ok(&once));
    }
    let _ = addresses::learn_brokers(version, frame);
}

/// ApiVersions: whatever a broker offers, what is answered is never more than the table.
pub fn api_versions(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    if let Ok(offered) = api_versions::parse_response(version, frame) {
        let clamped = api_versions::intersect(&offered);
        for asked in 0..=4 {
            let reply = api_versions::answer(asked, 1, &clamped);
            let heard = api_versions::parse_response(asked, &reply);
            for range in heard.map(|offered| offered.apis).unwrap_or_default() {
                assert!(lockgate::kafka::api::lookup(range.key).is_some());
            }
        }
    }
}
