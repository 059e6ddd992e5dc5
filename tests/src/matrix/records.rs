//! What a cell puts in, and what is to come out.
//!
//! Every record names its cell in its first header, so that a reader who is not told the topic can
//! sort it. With hits, the number in `ssn` is masked on its way in and the one in `card` on its way
//! out, in key, value and header; both masks are `full` and keep the length.

use crate::batch::Record;
use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::{Value, json};

/// The rules of the matrix: every record is scanned for both, whether one hits or not.
pub const RULES: &str = r#"
  ssn-never-goes-in:
    owner: team-tests
    when: {operations: [produce], topics: ["matrix*"]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: full}
  cards-never-come-out:
    owner: team-tests
    when: {operations: [fetch], topics: ["matrix*"]}
    if: {contains: {any: [payment_card]}}
    then: {mask: full}
"#;

/// The header that names a record's cell.
pub const CELL_HEADER: &str = "cell";

const SSN: (&str, &str) = ("536-22-8145", "XXX-XX-XXXX");
const CARD: (&str, &str) = ("4111 1111 1111 1111", "XXXX XXXX XXXX XXXX");
/// Enough for every library to find that compressing pays.
const PADDING_BYTES: usize = 3_000;

/// Whether a rule hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// The scanner is on and finds nothing.
    Clean,
    /// Every record is masked on its way in and again on its way out.
    Hits,
}

impl Mode {
    /// In names of topics and groups.
    pub fn stem(self) -> &'static str {
        match self {
            Mode::Clean => "clean",
            Mode::Hits => "hits",
        }
    }
}

/// `count` records of a cell, each with a key, a value that compresses, and headers.
pub fn plain(cell: &str, mode: Mode, count: usize) -> Vec<Record> {
    (0..count)
        .map(|i| of(cell, mode, i, PADDING_BYTES))
        .collect()
}

/// One record with a value of exactly `bytes`.
pub fn large(cell: &str, mode: Mode, bytes: usize) -> Vec<Record> {
    let empty = of(cell, mode, 0, 0).value.map_or(0, |value| value.len());
    vec![of(cell, mode, 0, bytes.saturating_sub(empty))]
}

/// A header's name three times over, its values in an order that sorting would break.
pub fn repeated_headers(cell: &str, mode: Mode) -> Vec<Record> {
    let mut record = of(cell, mode, 0, PADDING_BYTES);
    for value in ["second", "first", "second"] {
        record.headers.push(("again".into(), Some(value.into())));
    }
    vec![record]
}

/// A null key, and a null value; both at once is more than several libraries allow.
pub fn nulls(cell: &str, mode: Mode) -> Vec<Record> {
    let whole = of(cell, mode, 0, PADDING_BYTES);
    let (mut keyless, mut tombstone) = (whole.clone(), whole);
    keyless.key = None;
    tombstone.value = None;
    vec![keyless, tombstone]
}

/// The records as the broker is to have them, or as a consumer is to get them.
pub fn masked(records: &[Record], on_the_way_out: bool) -> Vec<Record> {
    let mask = |text: &Bytes| -> Bytes {
        let mut text = String::from_utf8_lossy(text).replace(SSN.0, SSN.1);
        if on_the_way_out {
            text = text.replace(CARD.0, CARD.1);
        }
        text.into()
    };
    let each = records.iter().map(|record| Record {
        key: record.key.as_ref().map(mask),
        value: record.value.as_ref().map(mask),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_ref().map(mask)))
            .collect(),
    });
    each.collect()
}

/// As programs are told it.
pub fn to_json(record: &Record) -> Value {
    let text = |bytes: &Option<Bytes>| {
        bytes
            .as_ref()
            .map(|b| String::from_utf8_lossy(b).into_owned())
    };
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| json!([String::from_utf8_lossy(name), text(value)]));
    json!({
        "key": text(&record.key),
        "value": text(&record.value),
        "headers": headers.collect::<Vec<_>>(),
    })
}

/// As programs tell it.
pub fn from_json(told: &Value) -> Result<Record> {
    let text = |value: &Value| value.as_str().map(|s| Bytes::from(s.to_owned()));
    let headers = told["headers"].as_array().context("no headers")?;
    Ok(Record {
        key: text(&told["key"]),
        value: text(&told["value"]),
        headers: headers
            .iter()
            .map(|h| (text(&h[0]).unwrap_or_default(), text(&h[1])))
            .collect(),
    })
}

fn of(cell: &str, mode: Mode, index: usize, padding: usize) -> Record {
    let (ssn, card) = match mode {
        Mode::Clean => ("none", "none"),
        Mode::Hits => (SSN.0, CARD.0),
    };
    let padding = "the quick brown fox ".repeat(padding / 20 + 1)[..padding].to_owned();
    Record {
        key: Some(format!("ssn {ssn} of {cell} {index}").into()),
        value: Some(
            format!(
                r#"{{"cell": "{cell}", "ssn": "{ssn}", "card": "{card}", "text": "{padding}"}}"#
            )
            .into(),
        ),
        headers: vec![
            (CELL_HEADER.into(), Some(cell.to_owned().into())),
            ("ssn".into(), Some(ssn.into())),
            ("card".into(), Some(card.into())),
        ],
    }
}
