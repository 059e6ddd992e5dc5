//! What a client may send about records: a whole frame, as it would lie in a core's buffer.

use super::requests::headed;
use lockgate::kafka::api;
use lockgate::kafka::fetch;
use lockgate::kafka::produce::{self, Keep, Produce};

/// Produce: what was parsed can be written anew, and reads the same.
pub fn produce(data: &[u8]) {
    let Some(header) = headed(data).filter(|h| h.api_key == api::PRODUCE) else {
        return;
    };
    let mut parsed = Produce::default();
    if produce::parse(data, header.body, header.api_version, &mut parsed).is_err() {
        return;
    }
    let mut keep = |_| Keep::AsIs;
    let version = header.api_version;
    let Some(again) = produce::rebuild_request(data, version, &parsed, &mut keep) else {
        return assert!(parsed.chunks.is_empty());
    };
    let mut second = Produce::default();
    let read = produce::parse(&again, header.body, version, &mut second);
    assert!(read.is_ok(), "{read:?}");
    let records = |frame: &[u8], parsed: &Produce| -> Vec<Vec<u8>> {
        let spans = parsed.chunks.iter().map(|chunk| chunk.records.clone());
        spans.map(|span| frame[span].to_vec()).collect()
    };
    assert_eq!(records(data, &parsed), records(&again, &second));
    let mut keep = |index: usize| match index % 2 {
        0 => Keep::Drop,
        _ => Keep::Replace(b"other"),
    };
    let _ = produce::rebuild_request(data, version, &parsed, &mut keep);
}

/// Fetch: limits are lowered in place, and nothing else changes.
pub fn fetch(data: &[u8]) {
    let Some(header) = headed(data).filter(|h| h.api_key == api::FETCH) else {
        return;
    };
    let (mut frame, version) = (data.to_vec(), header.api_version);
    if fetch::lower_limits(&mut frame, header.body, version, 1_000).is_ok() {
        assert_eq!(frame.len(), data.len());
        let lowered = frame.clone();
        let again = fetch::lower_limits(&mut frame, header.body, version, 1_000);
        assert!(
            again.is_ok() && frame == lowered,
            "lowering twice is lowering once"
        );
    }
}
