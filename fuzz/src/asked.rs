//! What a client may send about records: a whole frame, as it would lie in a core's buffer.

use super::requests::headed;
use lockgate::kafka::api;
use lockgate::kafka::fetch;
use lockgate::kafka::frame::{self, RequestHeader};
use lockgate::kafka::messages;
use lockgate::kafka::produce::{self, Keep, Produce};
use lockgate::kafka::share;
use lockgate::kafka::tagged::Sections;

/// The header of a request of this API.
fn of(frame: &[u8], key: i16) -> Option<RequestHeader> {
    headed(frame).filter(|header| header.api_key == key)
}

/// Produce: what was parsed can be written anew, and reads the same.
pub fn produce(data: &[u8]) {
    let Some(header) = of(data, api::PRODUCE) else {
        return;
    };
    let (body, version) = (header.body, header.api_version);
    let mut parsed = Produce::default();
    if produce::parse(data, body, version, &mut parsed).is_err() {
        return;
    }
    let keeps: [fn(usize) -> Keep<'static>; 2] = [
        |_| Keep::AsIs,
        |index| match index % 3 {
            0 => Keep::AsIs,
            1 => Keep::Drop,
            _ => Keep::Replace(b"other"),
        },
    ];
    for keep in keeps {
        let left: Vec<&[u8]> = parsed
            .chunks
            .iter()
            .enumerate()
            .filter_map(|(index, chunk)| match keep(index) {
                Keep::AsIs => Some(&data[chunk.records.clone()]),
                Keep::Replace(records) => Some(records),
                Keep::Drop => None,
            })
            .collect();
        match produce::rebuild_request(data, version, &parsed, &mut |index| keep(index)) {
            None => assert!(left.is_empty()),
            Some(again) => sends(&again, &header, &left),
        }
    }
}

/// The frame is the same request with exactly these records, and nothing that nobody knows.
fn sends(frame: &[u8], was: &RequestHeader, records: &[&[u8]]) {
    assert_eq!(frame::frame_size(frame, usize::MAX), Ok(Some(frame.len())));
    let Ok(header) = frame::request_header(frame) else {
        panic!("no request any more")
    };
    assert_eq!(header.correlation_id, was.correlation_id);
    let mut read = Produce::default();
    let parsed = produce::parse(frame, header.body, header.api_version, &mut read);
    assert!(parsed.is_ok() && read.tagged.is_empty(), "{parsed:?}");
    let found = read
        .chunks
        .iter()
        .map(|chunk| &frame[chunk.records.clone()]);
    assert!(found.eq(records.iter().copied()));
}

/// Fetch: limits are lowered in place, and nothing else changes.
pub fn fetch(data: &[u8]) {
    let Some(header) = of(data, api::FETCH) else {
        return;
    };
    let (mut frame, version) = (data.to_vec(), header.api_version);
    let lower = |frame: &mut Vec<u8>| {
        fetch::lower_limits(frame, header.body, version, 1_000, &mut Sections::default())
    };
    let Ok(asked) = lower(&mut frame) else { return };
    assert_eq!(frame.len(), data.len());
    let changed = data
        .iter()
        .zip(&frame)
        .filter(|(was, is)| was != is)
        .count();
    assert!(changed <= 4 * (1 + asked.partitions), "only limits change");
    let lowered = frame.clone();
    assert!(lower(&mut frame).is_ok_and(|again| again.max_bytes <= 1_000));
    assert_eq!(frame, lowered, "lowering twice is lowering once");
    let mut seen = Vec::new();
    let found = fetch::topic_ids(data, header.body, version, &mut |id| seen.push(id));
    assert!(found.is_ok(), "{found:?}");
    same_ids(data, &header, seen);
}

/// ShareFetch: the same.
pub fn share_fetch(data: &[u8]) {
    let Some(header) = of(data, api::SHARE_FETCH) else {
        return;
    };
    let (mut frame, version) = (data.to_vec(), header.api_version);
    let lower = |frame: &mut Vec<u8>| {
        share::lower_limit(frame, header.body, version, 1_000, &mut Sections::default())
    };
    if lower(&mut frame).is_err() {
        return;
    }
    let changed = data
        .iter()
        .zip(&frame)
        .filter(|(was, is)| was != is)
        .count();
    assert!(
        frame.len() == data.len() && changed <= 4,
        "only the limit changes"
    );
    let lowered = frame.clone();
    assert!(lower(&mut frame).is_ok() && frame == lowered);
    let mut seen = Vec::new();
    let found = share::topic_ids(data, header.body, version, &mut |id| seen.push(id));
    assert!(found.is_ok(), "{found:?}");
}

/// The codec and the table find the same topics.
fn same_ids(data: &[u8], header: &RequestHeader, mut seen: Vec<lockgate::kafka::topic::TopicId>) {
    let Some(message) = messages::request(header.api_key, header.api_version) else {
        return;
    };
    let mut told = Vec::new();
    let body = data.get(header.body..).unwrap_or_default();
    if messages::topic_ids(message, header.api_version, body, &mut |id| told.push(id)).is_ok() {
        seen.retain(|id| id.is_some());
        assert!(seen.iter().all(|id| told.contains(id)));
    }
}
