//! Texts made to keep detectors busy: time stays linear in their length.
//!
//! Owns: one text for each trigger and mixtures of them. Refuses: absolute speeds; `benches/` has those. Stays
//! true: four times the text costs about four times the time; quadratic work would cost sixteen.

use super::engine::tests::{field, scan};
use std::time::{Duration, Instant};

const SHORT: usize = 32 * 1024;

/// Times the work may grow by; another program on the machine may slow one try down, not all of them.
const GROWTH_MAX: u32 = 10;
const TRIES: usize = 12;

fn time(text: &[u8]) -> Duration {
    let start = Instant::now();
    scan(text, &[field(0, text.len())]);
    start.elapsed()
}

fn repeated(piece: &str, len: usize) -> Vec<u8> {
    piece.bytes().cycle().take(len).collect()
}

#[test]
fn four_times_the_text_costs_four_times_the_time() {
    for piece in [
        "@",
        "a@",
        "a@a.a-a@",
        "a.",
        ".@.",
        ":",
        "a:",
        "a::",
        "1:2:3:4:",
        "::1",
        ".",
        "1.",
        "1.1.1.1.",
        "255.",
        "+1",
        "(1",
        "+1 (2",
        "1 1-",
        "212-555-",
        "212 555 0123 ",
        "eyJ",
        "eyJ-",
        "eyJhbGciOjE.",
        "eyJhbGciOiJub25lIn0.eyJhbGciOiJub25lIn0.",
        "-eyJhbGciOiJub25lIn0",
        "BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----AAAA",
        "AKIA",
        "AKIA ",
        "ghp_",
        "ghp_a ",
        "github_pat_",
        "xoxb-1-",
        "xoxb-1 ",
        "hooks.slack.com/services/",
        "AIza-",
        "dob ",
        "dob 1/1/",
        "dob:",
        "phone ",
        "phone(",
        "phone 1 1 1 ",
        "\"phone\":{",
        "\"phone\":[\"",
        "\"mrn\":[{\"phone\":",
        "<phone>",
        "<phone ",
        "passport A1",
        "mrn-",
        "account number 1-",
        "aws secret ",
        "aws secret //",
        "\\n",
        "1\\n",
        "\\\"phone\\\":",
    ] {
        let (short, long) = (repeated(piece, SHORT), repeated(piece, 4 * SHORT));
        let grows_little = |_| time(&long) < time(&short) * GROWTH_MAX;
        assert!((0..TRIES).any(grows_little), "{piece}");
    }
}
