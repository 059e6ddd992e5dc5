//! Every codec under libFuzzer, one target a run: `bash fuzz/run.sh [SECONDS] [TARGET…]`.
//!
//! Owns: the list of targets. Refuses: a target that only looks for panics: each also holds its codec
//! to what it promises. Stays true: the same bytes do the same, whatever ran before them.
//!
//! `LOCKGATE_FUZZ` names the target; without libFuzzer's own arguments nothing else is needed.
#![no_main]

mod asked;
mod edge;
mod files;
mod formats;
mod logins;
mod parting;
mod records;
mod replies;
mod requests;
mod served;
mod views;

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// A target.
type Target = fn(&[u8]);

/// Names, the seeds (a directory of `fuzz/corpus`), and what is done. `run.sh` reads this table, a line a target.
const TARGETS: &[(&str, &str, Target)] = &[
    ("request_header", "requests", requests::header),
    ("produce_request", "requests", asked::produce),
    ("fetch_request", "requests", asked::fetch),
    ("share_fetch_request", "requests", asked::share_fetch),
    ("any_request", "requests", requests::any),
    ("refusal", "requests", requests::refusal),
    ("parts", "pairs", parting::parts),
    ("produce_response", "replies", served::produce),
    ("fetch_response", "replies", served::fetch),
    ("share_fetch_response", "replies", served::share_fetch),
    ("any_response", "replies", replies::any),
    ("addresses", "replies", replies::addresses),
    ("api_versions", "replies", replies::api_versions),
    ("record_batch", "batches", records::batches),
    ("content_keys", "batches", records::content_keys),
    ("compression", "compressed", records::compression),
    ("mask", "texts", records::mask),
    ("views", "spellings", views::views),
    ("sasl", "logins", logins::sasl),
    ("scram", "scram", logins::scram),
    ("exchange", "exchanges", logins::exchange),
    ("proxy_header", "proxy_headers", edge::proxy_header),
    ("audit_segment", "segments", files::segment),
    ("audit_entry", "entries", files::entry),
    ("json", "json", formats::json),
    ("avro", "avro", formats::avro),
    ("protobuf", "protobuf", formats::protobuf),
    ("protobuf_by_look", "messages", formats::protobuf_by_look),
    ("shape", "json", formats::shape),
    ("configuration", "../../config", files::configuration),
];

fn target() -> Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("LOCKGATE_FUZZ").unwrap_or_default();
        let found = TARGETS.iter().find(|(target, ..)| *target == name);
        let names: Vec<_> = TARGETS.iter().map(|(target, ..)| *target).collect();
        match found {
            Some((.., target)) => *target,
            None => panic!("LOCKGATE_FUZZ={name}: one of {}", names.join(" ")),
        }
    })
}

fuzz_target!(|data: &[u8]| target()(data));

/// Takes an API key and a version off the front, as replies do not carry them.
fn keyed(data: &[u8]) -> Option<(i16, i16, &[u8])> {
    let (head, rest) = data.split_first_chunk::<4>()?;
    let [a, b, c, d] = *head;
    Some((i16::from_be_bytes([a, b]), i16::from_be_bytes([c, d]), rest))
}
