//! The words every room shares and no front owns.
//!
//! Owns: names for who acts, on what, what was seen in it, and how a held chunk is recognised.
//! Refuses: anything that only Kafka (or only Kinesis) would understand; the fronts fill
//! these types in. Stays true: plain values, no I/O, no clock; a raw record value never
//! lives in one of them.

mod claims;
mod grant;
mod operation;
mod topic_shape;

pub use claims::{Claim, Claims};
pub use grant::{Covers, GrantKey, GrantOffer, GrantSubject};
pub use operation::{Nature, Operation};
pub use topic_shape::{TopicChange, TopicSetting, TopicShape};

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The part of a record in which something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The record's key.
    Key,
    /// The record's value.
    Value,
    /// A header's key or value.
    Header,
}

impl Part {
    /// The name used in rules (`in: [key, value, header]`) and summaries.
    pub fn name(self) -> &'static str {
        match self {
            Part::Key => "key",
            Part::Value => "value",
            Part::Header => "header",
        }
    }
}

/// One field of one record, as a range of bytes in the (uncompressed) records body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Index of the record within its batch, from 0.
    pub record: u32,
    /// Which part of the record.
    pub part: Part,
    /// First byte, from the start of the body.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Index of a detector in the engine's catalogue: the built-in table first, then the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DetectorId(pub u8);

/// A set of detectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DetectorSet(pub u128);

impl DetectorSet {
    /// Adds one.
    pub fn insert(&mut self, id: DetectorId) {
        self.0 |= 1_u128 << id.0;
    }
    /// Whether it is in the set.
    pub fn contains(self, id: DetectorId) -> bool {
        self.0 & (1_u128 << id.0) != 0
    }
    /// Both sets together.
    pub fn union(self, other: DetectorSet) -> DetectorSet {
        DetectorSet(self.0 | other.0)
    }
    /// What is in both.
    pub fn intersection(self, other: DetectorSet) -> DetectorSet {
        DetectorSet(self.0 & other.0)
    }
    /// Them, ascending.
    pub fn iter(self) -> impl Iterator<Item = DetectorId> {
        (0..128)
            .map(DetectorId)
            .filter(move |id| self.contains(*id))
    }
    /// Whether all of `other` are in it.
    pub fn contains_all(self, other: DetectorSet) -> bool {
        other.0 & !self.0 == 0
    }
    /// Whether the two have one in common.
    pub fn meets(self, other: DetectorSet) -> bool {
        !self.intersection(other).is_empty()
    }
    /// No detector at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<DetectorId> for DetectorSet {
    fn from_iter<I: IntoIterator<Item = DetectorId>>(ids: I) -> DetectorSet {
        let mut set = DetectorSet::default();
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

/// How sure a detector is. Rules act from `Likely` unless they say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Likelihood {
    /// The form fits and nothing speaks for it.
    Possible,
    /// Checksum, delimiters or context speak for it.
    #[default]
    Likely,
    /// Several of them do.
    Certain,
}

impl Likelihood {
    /// The name used in rules and summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Likelihood::Possible => "possible",
            Likelihood::Likely => "likely",
            Likelihood::Certain => "certain",
        }
    }
}

/// How a finding is written in the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// As it is: the bytes of the span are the value.
    #[default]
    Plain,
    /// Some of its characters are spelled otherwise: `\\u0031`, `%31`, full-width digits, zero-width
    /// characters or markup between them. The span covers all of it.
    Escaped,
    /// It lies inside something encoded (base64, hex, UTF-16, gzip); the span is all of that.
    Encoded,
    /// A binary number of a format that a schema describes; the span is the number's bytes.
    Packed,
}

impl Form {
    /// The name used in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Plain => "plain",
            Form::Escaped => "escaped",
            Form::Encoded => "encoded",
            Form::Packed => "packed",
        }
    }
}

/// Something a detector found, located in the records body that was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which detector.
    pub detector: DetectorId,
    /// How sure it is.
    pub likelihood: Likelihood,
    /// Index of the record within its batch, from 0.
    pub record: u32,
    /// Where in the record.
    pub part: Part,
    /// How it is written there.
    pub form: Form,
    /// First byte, from the start of the body.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Who a connection acts for, as the identity room established it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// `sub` (or the configured claim) of the token; `anonymous` on a listener without login.
    pub name: Arc<str>,
    /// Groups of the token, in its order; empty when the claim is absent.
    pub groups: Arc<[String]>,
    /// Issuer that vouched for it; empty for `anonymous`.
    pub issuer: Arc<str>,
    /// The claims of its token that the policy names.
    pub claims: Claims,
}

/// SHA-256 over a record's key, value and headers, uncompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey(pub [u8; 32]);

/// Names one send of a chunk: only an equal send is a duplicate of another. Opaque outside the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SendKey(pub [u8; 32]);

/// A hold's name, printed as 13 characters of Crockford base 32.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldId(pub u64);

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for i in (0..13).rev() {
            let digit = (self.0 >> (i * 5)) & 31;
            write!(f, "{}", CROCKFORD[digit as usize] as char)?;
        }
        Ok(())
    }
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HoldId({self})")
    }
}

/// The text is not a hold's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHoldId;

impl FromStr for HoldId {
    type Err = NotAHoldId;
    fn from_str(text: &str) -> Result<Self, NotAHoldId> {
        if text.len() != 13 {
            return Err(NotAHoldId);
        }
        let mut value: u64 = 0;
        for (i, byte) in text.bytes().enumerate() {
            let digit = CROCKFORD
                .iter()
                .position(|c| *c == byte.to_ascii_lowercase());
            let digit = digit.ok_or(NotAHoldId)? as u64;
            if i == 0 && digit > 15 {
                return Err(NotAHoldId); // 13 × 5 = 65 bits: the first digit carries four
            }
            value = (value << 5) | digit;
        }
        Ok(HoldId(value))
    }
}

/// What a reviewer may see of a held chunk: counts, shapes and masked samples, never a raw value. Its text
/// is at most `limits::SUMMARY_TEXT_BYTES_MAX` long. A chunk is of one topic, so counts by detector are
/// counts by topic too.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// Records in the chunk.
    pub records: u32,
    /// Records that a hold rule flagged.
    pub flagged: u32,
    /// Size of the chunk on the wire.
    pub bytes: u64,
    /// How often each detector fired, by its name.
    pub counts: Vec<(String, u32)>,
    /// Up to `limits::SUMMARY_SAMPLES_MAX` flagged fields, findings masked, cut to
    /// `limits::SUMMARY_SAMPLE_BYTES_MAX`.
    pub samples: Vec<String>,
    /// Structure and field names of the first flagged records, values replaced by their class and
    /// findings by their detector: one for each part of a record that has something to show.
    #[serde(default)]
    pub shapes: Vec<ShownShape>,
    /// The first findings in flagged records, one by one.
    #[serde(default)]
    pub findings: Vec<ShownFinding>,
    /// The flagged records, by their index in the batch; the first `limits::SUMMARY_RECORDS_MAX`.
    #[serde(default)]
    pub which: Vec<u32>,
}

/// The shape of keys, of values, or of headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ShownShape {
    /// `key`, `value` or `header`.
    pub part: String,
    /// One line.
    pub shape: String,
}

/// One finding as a reviewer sees it: where it is and why it is one, not what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ShownFinding {
    /// Index of the record within its batch, from 0.
    pub record: u32,
    /// `key`, `value` or `header`.
    #[serde(rename = "where")]
    pub part: String,
    /// The way to it in a JSON text; empty where there is none.
    pub path: String,
    /// The detector's name.
    pub detector: String,
    /// `possible`, `likely` or `certain`.
    pub likelihood: String,
    /// How it is written: `plain`, `escaped`, `encoded` or `packed`.
    pub form: String,
    /// What was checked.
    pub rule: String,
    /// The keywords that spoke for it, as the detector spells them.
    pub words: Vec<String>,
    /// The text around it, masked; at most `limits::SUMMARY_AROUND_BYTES_MAX` bytes.
    pub around: String,
}

/// Milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// Now, by the system's clock. The only place the pure rooms' callers take time from.
    pub fn now() -> UnixMillis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UnixMillis(since.map(|d| d.as_millis() as i64).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hold_ids_read_back() {
        for id in [0, 1, 31, 32, u64::MAX, 0x0123_4567_89ab_cdef] {
            let text = HoldId(id).to_string();
            assert_eq!(text.len(), 13);
            assert_eq!(text.parse(), Ok(HoldId(id)), "{text}");
        }
        for bad in ["", "0", "zzzzzzzzzzzzz", "u000000000000", "00000000000000"] {
            assert_eq!(bad.parse::<HoldId>(), Err(NotAHoldId), "{bad}");
        }
    }
}
