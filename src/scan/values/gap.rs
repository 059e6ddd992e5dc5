//! What the words between a keyword and a value say about them.
//!
//! Owns: the words that turn a value into something else, and those that only lead from one to the other.
//! Refuses: grammar. Stays true: words count in any case, and within camelCase names.

use super::Wanted;

/// Words that say the value is about the thing and not the thing: `phone_id`, `account number type`.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "id", "ids", "uuid", "guid", "count", "counter", "total", "type", "ts", "timestamp", "ms", "millis",
    "seconds", "duration", "len", "length", "size", "index", "idx", "hash", "digest", "checksum", "version",
    "ver", "model", "price", "cost", "amount", "balance", "status", "state", "rate", "order", "invoice",
    "ticket", "tracking", "transaction", "bytes", "offset", "limit", "port", "line", "took", "seq", "year",
];

/// The same, as the last part of a name only: `phoneVerifiedAt`.
const ABOUT_LAST: &[&str] = &["at", "on", "by", "time", "date", "updated", "verified"];

/// Between a value and the word that follows it: `C03005988 is my passport number`.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "is", "was", "as", "my", "his", "her", "the", "our", "their", "your", "this", "a", "of", "us", "uk",
    "s", "are", "new", "old", "number", "no", "personal", "work", "home", "current", "primary", "patient", "patients",
    "customer", "client", "member", "employee", "applicant", "holder", "provider", "company", "for",
];

/// Names of numbers that count things, and of identifiers that are their own detectors' business.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "order", "orders", "invoice", "ticket", "tracking", "parcel", "shipment", "sku", "batch", "lot", "serial", "sequence",
    "seq", "build", "part", "item", "receipt", "transaction", "txn", "confirmation", "isbn", "upc", "ean", "version", "offset",
    "revision", "commit", "product", "model", "nhs", "npi", "ssn", "sin", "ein", "mrn", "account", "acct", "card",
    "passport", "policy", "claim",
];

/// What may stand in such a name behind the word that says so: `invoice_no`, `Order number`.
const COUNTED: &[&str] = &["no", "nr", "num", "number", "id", "code", "ref"];

/// Bytes before a value in which a name may end and begin.
const OTHER_NAME_BYTES_MAX: usize = 32;

/// Whether right before the value stands the name of a number that counts things: `Order 212-…`,
/// `"invoice_no":"212-…`, `batch=212-…`.
pub(in crate::scan) fn follows_other_name(text: &[u8], start: usize) -> bool {
    let from = start.saturating_sub(OTHER_NAME_BYTES_MAX);
    let before = text.get(from..start).unwrap_or_default();
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b' ');
    let joint = |byte: &u8| matches!(byte, b'"' | b'\'' | b':' | b'=' | b'#' | b'>' | b' ');
    let Some(last) = before.iter().rposition(|byte| !joint(byte)) else {
        return false;
    };
    let head = before.get(..=last).unwrap_or_default();
    let begin = head
        .iter()
        .rposition(|byte| !name(byte))
        .map_or(0, |at| at + 1);
    let mut words = [&b""[..]; 2];
    for part in parts(head.get(begin..).unwrap_or_default()) {
        words = [words[1], part];
    }
    let counts = is_one_of(words[1], OTHERS);
    // A digit at the end is some other value, and no name.
    head.last().is_some_and(u8::is_ascii_alphabetic)
        && (counts || (is_one_of(words[1], COUNTED) && is_one_of(words[0], OTHERS)))
}

/// Whether a gap is a program's rather than a sentence's or a record's: `f(phone, 5551234)`,
/// `Cell::new(5551234)`.
pub(super) fn is_code(gap: &[u8]) -> bool {
    let closed = gap.contains(&b')') && !gap.contains(&b'(');
    let pair = |pair: &[u8]| match pair {
        [b',', b' '] | [b':', b':'] | [b'-', b'>'] => true,
        [letter, b'('] => letter.is_ascii_alphabetic(),
        _ => false,
    };
    closed || gap.windows(2).any(pair) || gap.iter().any(|byte| matches!(byte, b';' | b'{' | b'}'))
}

/// Whether all words of a gap are among these.
pub(in crate::scan) fn says_only(gap: &[u8], words: &[&str]) -> bool {
    parts(gap).all(|part| is_one_of(part, words))
}

pub(super) fn speaks_of_else(text: &[u8], wanted: &Wanted) -> bool {
    parts(text).any(|part| is_one_of(part, ABOUT) || is_one_of(part, wanted.unless))
}

/// Whether all words of a gap only lead from a name to its value.
pub(super) fn links_only(gap: &[u8]) -> bool {
    says_only(gap, LINKS)
}

fn is_one_of(part: &[u8], words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The words of a text, those within camelCase ones too.
fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let joined = |left: &u8, right: &u8| {
        let camel = left.is_ascii_lowercase() && right.is_ascii_uppercase();
        left.is_ascii_alphabetic() && right.is_ascii_alphabetic() && !camel
    };
    text.chunk_by(joined)
        .filter(|part| part.first().is_some_and(u8::is_ascii_alphabetic))
}

/// Whether the rest of a name that the keyword is part of says that it holds something else.
pub(super) fn is_about(name: &[u8], wanted: &Wanted) -> bool {
    let last = parts(name).last();
    last.is_some_and(|part| is_one_of(part, ABOUT_LAST)) || speaks_of_else(name, wanted)
}

/// Whether a gap between a value and the word after it joins the two.
pub(super) fn joins(gap: &[u8]) -> bool {
    let joins = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'(' | b',' | b'\'')
    };
    gap.iter().all(joins) && links_only(gap)
}
