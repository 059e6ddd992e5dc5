//! What a broker may send with records in it: four bytes of API key and version, then a whole frame.

use super::keyed;
use super::replies::{Gateway, only_the_gateway};
use lockgate::kafka::api;
use lockgate::kafka::fetch::{self, Fetched, Outcome};
use lockgate::kafka::frame;
use lockgate::kafka::messages;
use lockgate::kafka::produce;
use lockgate::kafka::share::{self, ShareFetched};

/// Produce: what is walked is what is read, and what is cleaned reads the same.
pub fn produce(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let mut walked = 0;
    let walk = produce::for_each_ack(frame, version, &mut |_, _, _, _| walked += 1);
    let read = produce::parse_response(frame, version, &Gateway);
    assert!(walk.is_ok() || read.is_err(), "{walk:?}");
    let Ok(response) = read else { return };
    let partitions = response.topics.iter().map(|(_, them)| them.len());
    assert_eq!(walked, partitions.sum::<usize>());
    let cleaned = produce::clean_response(frame, version, &Gateway);
    let Ok(Some(cleaned)) = cleaned else {
        return assert_eq!(cleaned, Ok(None));
    };
    assert_eq!(
        produce::parse_response(&cleaned, version, &Gateway),
        Ok(response)
    );
    clean(api::PRODUCE, version, &cleaned);
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
    let mut every_second = |index: usize| match index % 3 {
        0 => Outcome::AsIs,
        1 => Outcome::Records(b"other"),
        _ => Outcome::Error(29),
    };
    let again = fetch::rebuild_response(frame, version, &parsed, &Gateway, &mut every_second);
    let mut second = Fetched::default();
    let read = fetch::parse_response(&again, version, &mut second);
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(parsed.chunks.len(), second.chunks.len());
    for (index, (was, is)) in parsed.chunks.iter().zip(&second.chunks).enumerate() {
        assert_eq!(was.partition, is.partition);
        let records = &again[is.records.clone()];
        match index % 3 {
            0 => assert_eq!(&frame[was.records.clone()], records),
            1 => assert_eq!(b"other", records),
            _ => assert!(is.error == 29 && records.is_empty()),
        }
    }
    clean(api::FETCH, version, &again);
    let mut rubbed = frame.to_vec();
    let all = 0..rubbed.len();
    fetch::blank_tail(&mut rubbed, all);
}

/// ShareFetch: the same; and of what was taken out nothing is acquired.
pub fn share_fetch(data: &[u8]) {
    let Some((_, version, frame)) = keyed(data) else {
        return;
    };
    let mut parsed = ShareFetched::default();
    if share::parse_response(frame, version, &mut parsed).is_err() {
        return;
    }
    let mut every_second = |index: usize| match index % 3 {
        0 => share::Outcome::AsIs,
        1 => share::Outcome::Records(b"other", Some(2)),
        _ => share::Outcome::Error(29, "no"),
    };
    let again = share::rebuild_response(frame, &parsed, &Gateway, &mut every_second);
    let mut second = ShareFetched::default();
    let read = share::parse_response(&again, version, &mut second);
    assert!(read.is_ok(), "{read:?}");
    assert_eq!(parsed.chunks.len(), second.chunks.len());
    for (index, (was, is)) in parsed.chunks.iter().zip(&second.chunks).enumerate() {
        assert_eq!((was.topic, was.partition), (is.topic, is.partition));
        let records = &again[is.records.clone()];
        match index % 3 {
            0 => assert_eq!(&frame[was.records.clone()], records),
            1 => assert_eq!(b"other", records),
            _ => {
                assert!(is.error == 29 && records.is_empty());
                assert_eq!(again[is.acquired.clone()], [1], "acquired without records");
            }
        }
    }
    clean(api::SHARE_FETCH, version, &again);
}

/// Nothing in a whole reply that clients may not see.
fn clean(key: i16, version: i16, frame: &[u8]) {
    assert_eq!(frame::frame_size(frame, usize::MAX), Ok(Some(frame.len())));
    let at = frame::response_body(frame, key, version);
    let (Some(message), Ok(at)) = (messages::response(key, version), at) else {
        return assert!(at.is_ok(), "{at:?}");
    };
    let body = frame.get(at..).unwrap_or_default();
    // What the codecs do not look into, a null in it for instance, may be of any form.
    if let Ok(found) = messages::check(message, version, body) {
        assert!(!found.unknown_tags);
        if let Ok(tree) = messages::decode(message, version, body) {
            only_the_gateway(&tree);
        }
    }
}
