//! Ordinary text in which the detectors must stay silent at the likelihood rules act on.
//!
//! Owns: small generated corpora, the same on every run. Refuses: randomness. Stays true: a corpus
//! that fires is a false positive on somebody's traffic.

#![allow(clippy::unwrap_used)]

use super::detector;
use super::engine::tests::{field, scan};
use crate::chunk::Likelihood;

/// SplitMix64: the same numbers on every run and machine.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

const LINES: usize = 4_000;

pub(super) fn stays_silent(name: &str, line: impl FnMut(&mut Numbers) -> String) {
    silent_but_for(name, &[], line);
}

/// For text that does hold some identifiers.
pub(super) fn silent_but_for(
    name: &str,
    there: &[&str],
    mut line: impl FnMut(&mut Numbers) -> String,
) {
    let mut numbers = Numbers(7);
    let there: Vec<_> = there.iter().filter_map(|name| detector(name)).collect();
    for _ in 0..LINES {
        let text = line(&mut numbers);
        let mut found = scan(text.as_bytes(), &[field(0, text.len())]);
        found.retain(|f| f.likelihood >= Likelihood::Likely && !there.contains(&f.detector));
        assert!(found.is_empty(), "{name}: {text}: {found:?}");
    }
}

pub(super) fn uuid(n: &mut Numbers) -> String {
    let (a, b) = (n.next(), n.next());
    let tail = b & 0xffff_ffff_ffff;
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{tail:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        (b >> 48) & 0x3fff | 0x8000
    )
}

#[test]
fn uuids() {
    stays_silent("uuid", uuid);
    stays_silent("uuid near a keyword", |n| {
        format!(
            "{{\"card_id\":\"{}\",\"ssn_ref\":\"{}\"}}",
            uuid(n),
            uuid(n)
        )
    });
}

#[test]
fn all_digit_uuids() {
    stays_silent("all-digit uuid", |n| {
        let digits = format!(
            "{:016}{:016}",
            n.below(10u64.pow(16)),
            n.below(10u64.pow(16))
        );
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        format!("{{\"trace\":\"{}\"}}", parts.join("-"))
    });
}

#[test]
fn timestamps() {
    stays_silent("timestamps", |n| {
        let millis = 1_500_000_000_000 + n.below(400_000_000_000);
        let stamp = jiff::Timestamp::from_millisecond(millis as i64).unwrap();
        let compact = stamp.strftime("%Y%m%d%H%M%S");
        let spaced = stamp.strftime("%Y-%m-%d %H %M %S");
        format!(
            "{{\"at\":{millis},\"s\":{},\"us\":{millis}123,\"ns\":{millis}123456,\"iso\":\"{stamp}\",\"c\":\"{compact}\",\"p\":\"{spaced}\"}}",
            millis / 1000
        )
    });
}

#[test]
fn order_and_phone_numbers() {
    silent_but_for("orders", &["phone"], |n| {
        let (order, ten, twelve) = (
            n.below(1_000_000),
            n.below(10u64.pow(10)),
            n.below(10u64.pow(12)),
        );
        let phone = format!(
            "+1 {:03}-{:03}-{:04}",
            201 + n.below(780),
            n.below(1000),
            n.below(10_000)
        );
        let nine = n.below(10u64.pow(9));
        format!(
            "ORD-2024-{order:06},{ten:010},{twelve:012},{phone},{nine:09},ref 2024-{order:06}-{:02}",
            order % 97
        )
    });
}

#[test]
fn floats() {
    stays_silent("floats", |n| {
        let value = n.next() as f64 / u64::MAX as f64;
        format!(
            "{{\"lat\":{},\"lon\":-{},\"p\":{value}}}",
            value * 90.0,
            value * 180.0
        )
    });
}

#[test]
fn base64() {
    stays_silent("base64", |n| {
        let bytes: Vec<u8> = (0..16).flat_map(|_| n.next().to_le_bytes()).collect();
        format!(
            "{} {}",
            data_encoding::BASE64.encode(&bytes),
            data_encoding::HEXLOWER.encode(&bytes)
        )
    });
}

#[test]
fn log_lines() {
    silent_but_for("log lines", &["ipv4"], |n| {
        let (worker, took, port) = (n.below(64), n.below(90_000), n.below(65_536));
        let millis = 1_700_000_000_000 + n.below(10_000_000_000);
        let stamp = jiff::Timestamp::from_millisecond(millis as i64).unwrap();
        let clock = stamp.strftime("%Y-%m-%d %H:%M:%S");
        let host = format!(
            "10.{}.{}.{}:{port}",
            n.below(256),
            n.below(256),
            n.below(256)
        );
        format!(
            "{clock},{:03} INFO [worker-{worker}] class=session host={host} took={took}us id={:x} offset={}",
            millis % 1000,
            n.next(),
            n.below(10u64.pow(11))
        )
    });
}

#[test]
fn random_bare_cards_pass_at_the_arithmetic_rate() {
    let mut numbers = Numbers(11);
    let (mut hits, total) = (0u32, 40_000);
    for _ in 0..total {
        let text = format!("{:016}", numbers.below(10u64.pow(16)));
        hits += u32::from(!scan(text.as_bytes(), &[field(0, 16)]).is_empty());
    }
    // Of 10,000 four-digit starts: Visa 1000, Mastercard 500 + 500, Discover 10 + 8 + 60 + 100, JCB 61;
    // a tenth of those have the right check digit.
    let share = f64::from(hits) / f64::from(total);
    assert!((0.019..0.026).contains(&share), "{share}");
}
