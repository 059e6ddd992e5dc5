//! Telephone number.
//!
//! Rule, by how much speaks for the form:
//! - international: a plus, an assigned country code and a number of a length its plan has;
//! - North American: area and exchange that begin 2–9 and four digits, grouped 3-3-4 by hyphens, dots or
//!   brackets, a trunk 1 before them or not; likely by themselves, and only near a word with spaces, with codes that the
//!   plan keeps back, or behind the name of another number (`Order 212-…`);
//! - any other national form, and bare digits: only beside a word, and never where the digits read as a
//!   date, an address, a card, a social security number or a time.
//!
//! Source: ITU-T E.164 and E.123 (notation), ATIS-0300055 (North American Numbering Plan: NXX-NXX-XXXX).
//!
//! Owns: those rules and the words. Refuses: a list of area codes; plans change. Stays true: a word that
//! names the thing (`phone`, `fax`) speaks for bare digits, one that only suggests it (`call`, `office`)
//! for digits written as a number is.

mod codes;
mod forms;
mod national;
#[cfg(test)]
mod tests;
mod words;
mod written;

use crate::chunk::Likelihood;
use crate::scan::blank::is_masked_number;
use crate::scan::cluster::Cluster;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values;
use forms::{grouped, international, is_assignable};
use std::ops::Range;
use words::{KEYWORDS, NAMED, SUGGESTED, is_other_bare, is_suggestion, links};
use written::Group;

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
    cluster.each(scene.text, &[3, 3, 4], |area| {
        north_american(scene, area, sink);
    });
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
        // `+1.2125550123` is how registries write it (RFC 5733 §2.5), and how others write a decimal.
        let decimal = matches!(written.groups(), [_, Group { join: b'.', .. }]);
        let alone = if decimal {
            Likelihood::Possible
        } else {
            Likelihood::Likely
        };
        if let Some(span) = international(written) {
            report(scene, span, alone, sink);
        }
        return;
    }
    if north_american(scene, first, sink) {
        return;
    }
    // `(020) 7946 0018`: brackets around an area code and groups behind it say much, but so does `(123) 456`.
    let area = written
        .groups()
        .first()
        .is_some_and(|group| (2..=5).contains(&group.len));
    let form = area && written.groups().len() > 1 && national::plausible(&written, true);
    if written.span.start == at && form && scene.near(&written.span) {
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
        // A word that only suggests must lead up to the number: not "call a taxi to 6123 4301", nor as
        // the speaker's name in "[caller] 46-6560600".
        let leads =
            gap.is_none_or(|gap| values::says_only(gap, links(name)) && gap.first() != Some(&b']'));
        if !is_other_bare(value, gap, suggests) && (leads || !suggests) {
            sink.report(span, Likelihood::Likely);
        }
    });
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
    // An area code that nobody has: the form is that of a telephone number by chance.
    let doubtful = text.get(area + 3) == Some(&b' ') || !is_assignable(text, area);
    let tied = written::is_tied_before(text, span.start) || written::is_tied_after(text, span.end);
    if !tied && values::follows_other_name(text, span.start) {
        // `Work order 212-…`: what stands further off says less than the number's own name.
        sink.report(span, Likelihood::Possible);
    } else if !tied {
        report(
            scene,
            span,
            if doubtful {
                Likelihood::Possible
            } else {
                Likelihood::Likely
            },
            sink,
        );
    }
    true
}
