//! Every codec under libFuzzer, one target a run: `bash fuzz/run.sh [SECONDS] [TARGET…]`.
//!
//! Owns: the list of targets. Refuses: a target that only looks for panics: each also holds its codec
//! to what it promises. Stays true: the same bytes do the same, whatever ran before them.
//!
//! `LOCKGATE_FUZZ` names the target; without libFuzzer's own arguments nothing else is needed.
#![no_main]

mod logins;
mod records;
mod replies;
mod requests;

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// A target.
type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("request_header", requests::header),
    ("produce_request", requests::produce),
    ("fetch_request", requests::fetch),
    ("any_request", requests::any),
    ("refusal", requests::refusal),
    ("produce_response", replies::produce),
    ("fetch_response", replies::fetch),
    ("any_response", replies::any),
    ("addresses", replies::addresses),
    ("api_versions", replies::api_versions),
    ("record_batch", records::batches),
    ("compression", records::compression),
    ("mask", records::mask),
    ("sasl", logins::sasl),
    ("scram", logins::scram),
];

fn target() -> Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("LOCKGATE_FUZZ").unwrap_or_default();
        let found = TARGETS.iter().find(|(target, _)| *target == name);
        let names: Vec<_> = TARGETS.iter().map(|(target, _)| *target).collect();
        match found {
            Some((_, target)) => *target,
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
