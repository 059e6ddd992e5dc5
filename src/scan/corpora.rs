//! Ordinary text in which the detectors must stay silent at the likelihood rules act on.
//!
//! Owns: small generated corpora, the same on every run. Refuses: randomness. Stays true: a corpus
//! that fires is a false positive on somebody's traffic.

#![allow(clippy::unwrap_used)]

use super::detector;
use super::engine::tests::{field, found, scan};
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

/// Characters drawn from an alphabet.
fn token(n: &mut Numbers, alphabet: &[u8], len: u64) -> String {
    let mut pick = || char::from(alphabet[n.below(alphabet.len() as u64) as usize]);
    (0..len).map(|_| pick()).collect()
}

const HEX: &[u8] = b"0123456789abcdef";
const UPPER_HEX: &[u8] = b"0123456789ABCDEF";
const BASE_32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE_36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[test]
fn hex_tokens_of_every_length() {
    stays_silent("hex", |n| {
        let tokens: Vec<_> = (8..=40).map(|len| token(n, HEX, len)).collect();
        tokens.join(" ")
    });
    stays_silent("upper-case hex", |n| {
        let tokens: Vec<_> = [8, 12, 16, 20, 24, 32, 40]
            .map(|len| token(n, UPPER_HEX, len))
            .into();
        format!("{} 0x{}", tokens.join(","), token(n, UPPER_HEX, 16))
    });
}

#[test]
fn hashes_near_words() {
    stays_silent("git log", |n| {
        let (commit, parent) = (token(n, HEX, 40), token(n, HEX, 9));
        format!(
            "commit {commit} ({parent}) Fix the IBAN, NPI and Medicare checks, see {}",
            token(n, HEX, 7)
        )
    });
    stays_silent("keys of objects", |n| {
        let (object, span) = (token(n, HEX, 24), token(n, HEX, 16));
        format!(
            "{{\"account_number_ref\":\"{object}\",\"dea_ref\":\"{span}\",\"nhs_ref\":\"{object}\"}}"
        )
    });
}

#[test]
fn hex_dumps() {
    stays_silent("hex dumps", |n| {
        let pairs: Vec<_> = (0..16).map(|_| token(n, HEX, 2)).collect();
        let fours: Vec<_> = (0..8).map(|_| token(n, HEX, 4)).collect();
        let upper = pairs.join(" ").to_uppercase();
        format!(
            "{:08x}: {}  {}\n{} {upper}",
            n.below(1 << 32),
            pairs.join(" "),
            fours.join(" "),
            n.below(4096)
        )
    });
}

#[test]
fn encoded_keys() {
    stays_silent("url-safe, base 32 and base 36", |n| {
        let len = 8 + n.below(36);
        format!(
            "{}&{} {}",
            token(n, URL_SAFE, len),
            token(n, BASE_32, 16),
            token(n, BASE_36, len)
        )
    });
}

#[test]
fn product_and_shipment_codes() {
    stays_silent("codes", |n| {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let (two, three, four) = (
            token(n, letters, 2),
            token(n, letters, 3),
            token(n, letters, 4),
        );
        let (six, nine) = (n.below(1_000_000), n.below(1_000_000_000));
        let isin = format!("US{nine:09}{}", n.below(10));
        let container = format!("{four}{:07}", n.below(10_000_000));
        format!(
            "SKU-{three}-{six:06},{two}-{six:06}-{},{three}{six:06},{isin},{container},{two}{nine:09}{two},{two}{six:06},1Z{six:06}{nine:09}0",
            n.below(100)
        )
    });
}

#[test]
fn source_code() {
    let lines = [
        "let sin = f64::sin(x0) * 912901234.0; // sin of 0x1f2e",
        "const u8x16 = _mm_loadu_si128(ab12cd as *const __m128i);",
        "static int md5_transform(uint32_t a0[4], const uint8_t in64[64]) { /* RFC1321 */ }",
        "#define NI_NO 0x00AB12CD34EFL",
        "if (routing_key == 0x2100002u || ein >= 1e9) goto fail_no12;",
        "fn de89() -> Result<u64, E0308> { Ok(18446744073709551615) }",
        "import { iso8859, utf16le as be16 } from './no93/is14.js'; // v1.2.3-rc4",
        "assert_eq!(crc32(b\"123456789\"), 0xCBF43926);",
    ];
    let mut at = 0;
    stays_silent("source code", |n| {
        at += 1;
        format!(
            "{} {}_{}",
            lines[at % lines.len()],
            token(n, b"abcdef_", 6),
            n.below(1 << 20)
        )
    });
}

#[test]
fn words_without_values() {
    stays_silent("words far from numbers, or near others", |n| {
        let (eight, eleven) = (n.below(100_000_000), n.below(100_000_000_000));
        let money = format!("{}.{:02}", n.below(1_000_000_000), n.below(100));
        let stamp = 1_500_000_000_000 + n.below(400_000_000_000);
        format!(
            "NHS {eight:08}, SIN {eleven:011}; routing {stamp}; EIN v{}.{}.{}; NPI USD {money}; DEA case {eight:08}-{eleven:011}; MBI {eight:08}",
            n.below(10),
            n.below(100),
            n.below(1000)
        )
    });
}

/// The rate that is left at the words themselves: what a bare number of the right length near a word that
/// is about something else costs, and nothing else.
#[test]
fn random_numbers_near_a_word_pass_at_the_arithmetic_rate() {
    for (word, digits, name, share) in [
        ("itin", 9, "us_itin", 0.044),
        ("routing", 9, "us_aba_routing", 0.038),
        ("npi", 10, "us_npi", 0.02),
        ("nhs", 10, "uk_nhs", 1.0 / 11.0),
        ("sin", 9, "ca_sin", 0.08),
    ] {
        let (mut numbers, mut hits, total) = (Numbers(5), 0u32, 20_000);
        for _ in 0..total {
            let text = format!(
                "{word} {:0digits$}",
                numbers.below(10u64.pow(digits as u32))
            );
            hits += found(name, &text).len() as u32;
        }
        let seen = f64::from(hits) / f64::from(total);
        assert!((seen - share).abs() < share * 0.1, "{name}: {seen}");
    }
}

#[test]
fn random_bare_cards_pass_at_the_arithmetic_rate() {
    let mut numbers = Numbers(11);
    let (mut hits, total) = (0u32, 40_000);
    for _ in 0..total {
        let text = format!("{:016}", numbers.below(10u64.pow(16)));
        let found = scan(text.as_bytes(), &[field(0, 16)]);
        hits += u32::from(
            found
                .iter()
                .any(|finding| finding.likelihood >= Likelihood::Likely),
        );
    }
    // Of 10,000 four-digit starts: Visa 1000, Mastercard 500 + 500, Discover 1 + 160, UnionPay 100, JCB 62;
    // a tenth of those have the right check digit.
    let share = f64::from(hits) / f64::from(total);
    assert!((0.021..0.026).contains(&share), "{share}");
}
