//! Telephone number.
//!
//! Rule, by how much speaks for the form:
//! - international: a plus, an assigned country code and a number of a length its plan has;
//! - North American: area and exchange that begin 2–9 and four digits, grouped 3-3-4 by hyphens, dots or
//!   brackets, a trunk 1 before them or not; likely by themselves, with spaces only near a word;
//! - any other national form, and bare digits: only beside a word, and never where the digits read as a
//!   date, an address, a card, a social security number or a time.
//!
//! Source: ITU-T E.164 and E.123 (notation), ATIS-0300055 (North American Numbering Plan: NXX-NXX-XXXX).
//!
//! Owns: those rules and the words. Refuses: to check area codes; plans change weekly. Stays true: a word that
//! names the thing (`phone`, `fax`) speaks for bare digits, one that only suggests it (`call`, `office`)
//! for digits written as a number is.

mod codes;
mod written;

use crate::chunk::Likelihood;
use crate::scan::cluster::{Cluster, groups};
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::{self, Wanted, is_masked_number};
use std::ops::Range;
use written::{Group, Written};

/// Words that say "telephone number", then those that suggest one; spelling as in `words`.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "phone", "phones", "phone no", "phone num", "phone number", "phone numbers", "phone nr", "phonenumber", "telephone",
    "telephones", "tel", "tel no", "mobile", "mobiles", "mobile no", "mobile number", "mob", "mobil", "cell", "cell no",
    "cell number", "cellphone", "cellular", "fax", "fax no", "fax number", "msisdn", "whatsapp", "landline", "handset",
    "sms", "contact number", "contact no", "contact num", "hotline", "helpline", "toll free", "tollfree", "telefon",
    "telefono", "telefone", "telefonnummer", "rufnummer", "celular", "movil", "handynummer", "voicemail", "gsm", "viber",
    "call", "calls", "called", "calling", "caller", "callback", "callee", "call back", "contact", "contacts", "reach",
    "reached", "dial", "dialed", "dialled", "dialing", "ring", "text me", "texted", "message to", "messages to", "my registered",
    "registered number", "office", "desk", "answering", "answer at", "my number", "new number", "your number", "her number",
    "his number", "direct line", "extension", "emergency", "switchboard", "reception", "pager", "home", "work", "signal",
];

/// The first of those that only suggest one.
const SUGGESTS_FROM: &str = "call";

/// The table's row. The last four are what confirmations show.
pub(super) const DETECTOR: Detector = Detector {
    name: "phone",
    title: "telephone number",
    rule: "country code and length, or North American grouping, or digits beside a word for telephones",
    source: "ITU-T E.164, E.123; ATIS-0300055",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 0,
    keep_last_max: KEEP_LAST_MAX,
    triggers: &[
        Trigger::Number(in_cluster),
        Trigger::Dot(at_dot),
        Trigger::Open(at_open),
        Trigger::Keyword(at_word),
    ],
    fits,
};

const KEEP_LAST_MAX: u8 = 4;
/// Fewest digits, and only in three pairs; seven otherwise.
const DIGITS_MIN: usize = 6;
/// Most digits that a national number has: thirteen, with the trunk's.
const NATIONAL_DIGITS_MAX: usize = 13;

fn fits(digits: &[u8]) -> bool {
    (DIGITS_MIN..=15).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && !is_masked_number(digits, KEEP_LAST_MAX.into())
}

/// `212-555-0123` within digits joined by spaces and hyphens.
fn in_cluster(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
    let (mut area, mut exchange): (Option<usize>, usize) = (None, 0);
    let mut before: Option<(usize, usize)> = None;
    for group in groups(scene.text, *cluster) {
        if let Some(start) = area
            && exchange == 3
            && group.len() == 4
        {
            north_american(scene, start, sink);
        }
        area = before.filter(|(_, len)| *len == 3).map(|(start, _)| start);
        exchange = group.len();
        before = Some((group.start, group.len()));
    }
}

/// The second dot of `212.555.0123`.
fn at_dot(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    if let Some(start) = at.checked_sub("212.555".len()) {
        north_american(scene, start, sink);
    }
}

/// A plus or a bracket before digits.
fn at_open(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let opening = scene.text.get(at..).unwrap_or_default();
    let first = at
        + opening
            .iter()
            .take(2)
            .take_while(|byte| !byte.is_ascii_digit())
            .count();
    let Some(written) = written::read(scene.text, first) else {
        return;
    };
    if written.plus {
        if let Some(span) = international(written) {
            report(scene, span, Likelihood::Likely, sink);
        }
        return;
    }
    if north_american(scene, first, sink) {
        return;
    }
    // `(020) 7946 0018`: brackets around an area code and groups behind it say much, but so does `(123) 456`.
    if written.span.start == at && plausible(&written, true) && scene.near(&written.span) {
        sink.report(written.span, Likelihood::Likely);
    }
}

fn at_word(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    let text = scene.text;
    let name = text.get(word.span.clone()).unwrap_or_default();
    let suggests = is_suggestion(name);
    let wanted = if suggests { &SUGGESTED } else { &NAMED };
    values::visit(text, word, wanted, |span| {
        let value = text.get(span.clone()).unwrap_or_default();
        let gap = text.get(word.span.end..span.start);
        let far = gap.is_some_and(|gap| gap.len() > EPOCH_GAP_BYTES_MAX);
        let clock = is_epoch(value) && (far || suggests);
        // A word that only suggests must lead up to the number: not "call a taxi to 6123 4301".
        let leads = !suggests || gap.is_none_or(|gap| values::says_only(gap, links(name)));
        if leads && !clock {
            sink.report(span, Likelihood::Likely);
        }
    });
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

fn links(word: &[u8]) -> &'static [&'static str] {
    let is_place = PLACES
        .iter()
        .any(|place| letters(place.as_bytes()).eq(letters(word)));
    if is_place { &[] } else { LINKS }
}

const NAMED: Wanted = Wanted {
    parse: |text, at| parse(text, at, true),
    unless: UNLESS,
    both_sides: true,
};

const SUGGESTED: Wanted = Wanted {
    parse: |text, at| parse(text, at, false),
    unless: UNLESS,
    both_sides: true,
};

const UNLESS: &[&str] = &[
    "ssn", "dob", "card", "account", "acct", "mrn", "zip", "code", "pid", "imei", "serial", "sim",
];

/// Whether the word only suggests a telephone number.
fn is_suggestion(word: &[u8]) -> bool {
    let from = KEYWORDS.iter().position(|known| *known == SUGGESTS_FROM);
    let mut suggestions = KEYWORDS.iter().skip(from.unwrap_or_default());
    suggestions.any(|known| letters(known.as_bytes()).eq(letters(word)))
}

/// A word's letters, folded: what stands between them does not tell words apart.
fn letters(word: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let letters = word.iter().filter(|byte| byte.is_ascii_alphabetic());
    letters.map(u8::to_ascii_lowercase)
}

fn report(scene: &Scene<'_>, span: Range<usize>, alone: Likelihood, sink: &mut Sink<'_>) {
    let likelihood = match (alone, scene.near(&span)) {
        (Likelihood::Possible, true) => Likelihood::Likely,
        (_, true) => Likelihood::Certain,
        (alone, false) => alone,
    };
    sink.report(span, likelihood);
}

/// Judges the digits whose area code begins at `area`; false if they are not grouped 3-3-4.
fn north_american(scene: &Scene<'_>, area: usize, sink: &mut Sink<'_>) -> bool {
    let Some(span) = grouped(scene.text, area) else {
        return false;
    };
    let text = scene.text;
    let spaces = text.get(area + 3) == Some(&b' ');
    let tied = written::is_tied_before(text, span.start) || written::is_tied_after(text, span.end);
    if !tied {
        report(
            scene,
            span,
            if spaces {
                Likelihood::Possible
            } else {
                Likelihood::Likely
            },
            sink,
        );
    }
    true
}

/// `NXX-NXX-XXXX` with the area code at `area`, a trunk 1 and an extension included. The same
/// hyphen, dot or space twice; after a bracket the first may be a space or missing.
fn grouped(text: &[u8], area: usize) -> Option<Range<usize>> {
    let is_group = |at: usize, len: usize| {
        let first = text.get(at).copied().unwrap_or_default();
        written::digits_len(text, at) == len && (len == 4 || (b'2'..=b'9').contains(&first))
    };
    let bracket = area
        .checked_sub(1)
        .filter(|at| text.get(*at) == Some(&b'('));
    let mut at = area + 3;
    let first = if bracket.is_some() {
        text.get(at).filter(|byte| **byte == b')')?;
        at += 1;
        text.get(at)
            .filter(|byte| matches!(byte, b' ' | b'-' | b'.'))
    } else {
        Some(text.get(at)?)
    };
    at += usize::from(first.is_some());
    let second = text
        .get(at + 3)
        .filter(|byte| matches!(byte, b' ' | b'-' | b'.'))?;
    let joined = bracket.is_some() || first == Some(second);
    if !joined || !is_group(area, 3) || !is_group(at, 3) || !is_group(at + 4, 4) {
        return None;
    }
    let end = at + 8;
    let start = trunk(text, bracket.unwrap_or(area));
    Some(start..written::extension(text, end).unwrap_or(end))
}

/// Where the number begins if a `1` or `001` stands before its area code.
fn trunk(text: &[u8], start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    let head = before
        .strip_suffix(b"-")
        .or(before.strip_suffix(b" "))
        .or(before.strip_suffix(b"."));
    let head = head.unwrap_or(before);
    let free = |at: &usize| !written::is_tied_before(text, *at);
    let at = |prefix: &str| {
        let rest = head.strip_suffix(prefix.as_bytes())?;
        Some(rest.len()).filter(free)
    };
    let joined = head.len() < start || text.get(start) == Some(&b'(');
    let plus = at("+1").or_else(|| at("001")).or_else(|| at("1"));
    plus.filter(|_| joined).unwrap_or(start)
}

/// The number behind a plus, without what a space joined to it beyond its country's length.
fn international(mut written: Written) -> Option<Range<usize>> {
    loop {
        let mut digits = [0; 18];
        let len = written.without_trunk(&mut digits);
        if codes::fits(digits.get(..len)?) {
            return Some(written.span);
        }
        written = written.shorter()?;
    }
}

/// The number that begins with the token at `at`, beside a word. `named`: the word leaves no doubt.
fn parse(text: &[u8], at: usize, named: bool) -> Option<Range<usize>> {
    if !text.get(at)?.is_ascii_digit() {
        return None;
    }
    let bracketless = grouped(text, at).filter(|span| {
        !written::is_tied_before(text, span.start) && !written::is_tied_after(text, span.end)
    });
    if let Some(span) = bracketless {
        return Some(span);
    }
    let written = written::read(text, at)?;
    if written.plus {
        return international(written);
    }
    if let Some(area) = trunk_then_area(&written)
        && let Some(span) = grouped(text, area)
    {
        return Some(span);
    }
    plausible(&written, named).then_some(written.span)
}

/// Where the area code stands if the first group is a trunk prefix.
fn trunk_then_area(written: &Written) -> Option<usize> {
    let [first, second, ..] = written.groups() else {
        return None;
    };
    let prefix = written.digits().get(..first.len)?;
    let bracket = usize::from(second.bracketed);
    let joined = usize::from(second.join != b'(');
    (matches!(prefix, b"1" | b"001") && second.len == 3)
        .then_some(written.span.start + first.len + joined + bracket)
}

/// Whether national digits may be a telephone number, written as they are, where a word says so.
fn plausible(written: &Written, named: bool) -> bool {
    let (digits, groups) = (written.digits(), written.groups());
    let bare = groups.len() == 1;
    let count = digits.len();
    fits(digits)
        && count <= NATIONAL_DIGITS_MAX
        && !digits.starts_with(b"0000")
        && if bare {
            is_bare(digits, named)
        } else {
            is_grouped(digits, groups)
        }
}

/// One run of digits.
fn is_bare(digits: &[u8], named: bool) -> bool {
    let count = digits.len();
    if named {
        return count >= 7 && !(count == 13 && is_epoch(digits));
    }
    let trunk = digits.first() == Some(&b'0') && (9..=NATIONAL_DIGITS_MAX).contains(&count);
    let ten = count == 10
        && digits
            .first()
            .is_some_and(|first| (b'2'..=b'9').contains(first));
    trunk || ten
}

/// Several groups of digits.
fn is_grouped(digits: &[u8], groups: &[Group]) -> bool {
    let mut lens = [0; 8];
    for (place, group) in lens.iter_mut().zip(groups) {
        *place = group.len;
    }
    let lens = lens.get(..groups.len()).unwrap_or_default();
    let all = |join: u8| groups.iter().skip(1).all(|group| group.join == join);
    let (dots, spaces, slashes) = (all(b'.'), all(b' '), all(b'/'));
    let pairs = lens == [2, 2, 2];
    let first_may_be_one = matches!(digits.first(), Some(b'0' | b'1'));
    let whole = lens
        .iter()
        .enumerate()
        .all(|(i, len)| *len >= 2 || (i == 0 && first_may_be_one));
    let bracketed = groups.iter().any(|group| group.bracketed);
    let else_ = match lens {
        [4, 2, 2] => matches!(digits, [b'1', b'9', ..] | [b'2', b'0', ..]) && !spaces, // a date
        [2, 2, 4] | [1, 2, 4] => !spaces && !bracketed,                                // a date
        [2, 2, 2] => !spaces,                                                          // a date
        [3, 2, 4] => !bracketed, // a social security number
        [4, 4, 4] => digits.first() != Some(&b'0'), // part of a card
        [4, 6, ..] | [4, 4, 4, ..] => true, // a card
        _ => false,
    };
    let thousands = dots && lens.iter().skip(1).all(|len| *len == 3);
    let address = dots && lens.len() == 4 && lens.iter().all(|len| *len <= 3);
    let decimal = dots && lens.len() == 2;
    let ratio = slashes && lens.len() > 2;
    (digits.len() >= 7 || pairs) && whole && !else_ && !thousands && !address && !decimal && !ratio
}

/// Bytes between a word and bare digits that could be seconds since 1970, for them to be its number.
const EPOCH_GAP_BYTES_MAX: usize = 6;

/// Seconds or milliseconds since 1970 in this age: 2014 to 2033.
fn is_epoch(digits: &[u8]) -> bool {
    let head = matches!(digits, [b'1', b'4'..=b'9', ..]);
    head && matches!(digits.len(), 10 | 13) && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
