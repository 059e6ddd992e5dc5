//! Words for telephones, and what may stand between them and a number.
//!
//! Owns: which words name the thing and which only suggest it, and what follows from that. Refuses: the form of
//! numbers. Stays true: what a word only suggests is believed where words lead from it to the number.

use super::forms::parse;
use super::national::is_epoch;
use crate::scan::values::Wanted;

/// Words that say "telephone number", then those that suggest one; spelling as in `words`.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[&str] = &[
    "phone", "phones", "phone no", "phone num", "phone number", "phone numbers", "phone nr", "phonenumber", "telephone",
    "telephones", "tel", "tel no", "mobile", "mobiles", "mobile no", "mobile number", "mob", "mobil", "cell", "cell no",
    "cell number", "cellphone", "cellular", "fax", "fax no", "fax number", "msisdn", "whatsapp", "landline", "handset",
    "sms", "contact number", "contact no", "contact num", "hotline", "helpline", "toll free", "tollfree", "telefon",
    "telefono", "telefone", "telefonnummer", "rufnummer", "celular", "movil", "handynummer", "voicemail", "gsm", "viber",
    "call", "calls", "called", "calling", "caller", "callback", "callee", "call back", "contact", "contacts", "reach",
    "reached", "dial", "dialed", "dialled", "dialing", "text me", "texted", "message to", "messages to", "my registered",
    "registered number", "office", "desk", "answering", "answer at", "my number", "new number", "your number", "her number",
    "his number", "direct line", "extension", "emergency", "switchboard", "reception", "pager", "home", "work", "signal",
];

/// The first of those that only suggest one.
const SUGGESTS_FROM: &str = "call";

pub(super) const NAMED: Wanted = Wanted {
    parse: |text, at| parse(text, at, true),
    unless: UNLESS_NAMED,
    both_sides: true,
    digits: true,
};

pub(super) const SUGGESTED: Wanted = Wanted {
    parse: |text, at| parse(text, at, false),
    unless: UNLESS,
    both_sides: true,
    digits: true,
};

const UNLESS: &[&str] = &[
    "ssn", "dob", "card", "account", "acct", "mrn", "zip", "code", "pid", "imei", "serial", "sim",
];

/// Those, and words that suggest: `phone call 399518271931` is a call's id, or theirs to judge.
const UNLESS_NAMED: &[&str] = &[
    "ssn", "dob", "card", "account", "acct", "mrn", "zip", "code", "pid", "imei", "serial", "sim",
    "call", "calls",
];

/// Whether the word only suggests a telephone number.
pub(super) fn is_suggestion(word: &[u8]) -> bool {
    let from = KEYWORDS.iter().position(|known| *known == SUGGESTS_FROM);
    let suggestions = KEYWORDS.iter().skip(from.unwrap_or_default());
    let first = word.first().map(u8::to_ascii_lowercase);
    let mut alike = suggestions.filter(|known| known.as_bytes().first().copied() == first);
    alike.any(|known| letters(known.as_bytes()).eq(letters(word)))
}

/// A word's letters, folded: what stands between them does not tell words apart.
fn letters(word: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let letters = word.iter().filter(|byte| byte.is_ascii_alphabetic());
    letters.map(u8::to_ascii_lowercase)
}

/// What may stand between a word that suggests a number and the number.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "me", "us", "him", "her", "them", "you", "back", "at", "on", "to", "is", "the", "our", "my", "his", "your", "their",
    "this", "number", "no", "or", "please", "directly", "again", "now", "via", "by", "if", "with", "from", "for", "using",
    "n", "s", "new", "old", "same", "following", "support", "line", "any", "time", "anytime", "today", "tomorrow", "was",
];

/// Words for places have addresses too: only the number itself may follow.
const PLACES: &[&str] = &[
    "office",
    "desk",
    "home",
    "work",
    "reception",
    "emergency",
    "extension",
];

pub(super) fn links(word: &[u8]) -> &'static [&'static str] {
    let is_place = PLACES
        .iter()
        .any(|place| letters(place.as_bytes()).eq(letters(word)));
    if is_place { &[] } else { LINKS }
}

/// Whether bare digits beside a word are a time or an id rather than a number: where the word only
/// suggests (`call 2962859663`), they begin like a national number or words lead up to them.
pub(super) fn is_other_bare(value: &[u8], gap: Option<&[u8]>, suggests: bool) -> bool {
    let far = gap.is_some_and(|gap| gap.len() > EPOCH_GAP_BYTES_MAX);
    let led_up = gap.is_some_and(|gap| gap.iter().any(u8::is_ascii_alphabetic));
    let national = match value {
        [b'0', ..] => true,
        [area, _, _, exchange, ..] => *area >= b'2' && *exchange >= b'2',
        _ => false,
    };
    let assigned = suggests && gap.is_some_and(|gap| gap.contains(&b'='));
    value.iter().all(u8::is_ascii_digit)
        && (assigned
            || LARGEST.iter().any(|largest| largest.as_bytes() == value)
            || (is_epoch(value) && (far || suggests))
            || (suggests && !national && !led_up))
}

/// Bytes between a word and bare digits that could be seconds since 1970, for them to be its number.
const EPOCH_GAP_BYTES_MAX: usize = 6;

/// What programs call the largest number, or one more.
const LARGEST: &[&str] = &["2147483647", "2147483648", "4294967295", "4294967296"];
