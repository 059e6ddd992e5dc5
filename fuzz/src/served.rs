//! What a broker may send with records in it: four bytes of API key and version, then a whole frame.

use super::keyed;
use lockgate::kafka::fetch::{self, Fetched, Outcome};
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
