//! Which of the words near a value speak for it, where the value itself says little.
//!
//! Owns: two doubts about a word within reach. It may be the name of another value (`"ssn":"…","id":536904399`);
//! and an acronym may be a plain word (`ein` is German for one, `sin` a function). Refuses: to say that
//! a word is near; `context` does. Stays true: only what `context` calls near is asked about, and a mask over
//! other values makes no word speak that did not before; a look is as long as a name and a gap.

use super::form::{Form, NAME_BYTES_MAX, form, name_tail};
use super::gap::links_only;
use crate::scan::scene::Scene;
use std::ops::Range;

/// What a detector knows of its own words.
pub(in crate::scan) struct Speakers {
    /// Keywords that are plain words as well. They count in capitals, as names, and where only words
    /// like `is` and `number` stand between them and the value.
    pub(in crate::scan) acronyms: &'static [&'static str],
    /// A detector that shares words with this one, if there is one.
    pub(in crate::scan) rival: Option<Rival>,
}

/// Values that fit both are the rival's where nothing but shared words is near.
pub(in crate::scan) struct Rival {
    /// Whether bare digits are as likely the rival's.
    pub(in crate::scan) fits: fn(&[u8]) -> bool,
    /// The words both have.
    pub(in crate::scan) shared: &'static [&'static str],
}

impl Speakers {
    /// Every word is as good as another.
    pub(in crate::scan) const PLAIN: Speakers = Speakers {
        acronyms: &[],
        rival: None,
    };

    /// Whether a word near the value speaks for it.
    pub(in crate::scan) fn speak(&self, scene: &Scene<'_>, span: &Range<usize>) -> bool {
        // Most values have no word near.
        scene.near(span) && scene.near_with(span, &|word| self.counts(scene.text, &word, span))
    }

    fn counts(&self, text: &[u8], word: &Range<usize>, span: &Range<usize>) -> bool {
        let spelled = text.get(word.clone()).unwrap_or_default();
        let value = text.get(span.clone()).unwrap_or_default();
        if let Some(rival) = &self.rival
            && (rival.fits)(value)
            && is_among(spelled, rival.shared)
        {
            return false;
        }
        match form(text, word.start, name_tail(text, word.end)) {
            Form::Value(stretch) => stretch.contains(&span.start),
            Form::Closing => text
                .get(span.end..word.start)
                .is_some_and(|gap| !gap.contains(&b'>')),
            Form::Prose if is_named(text, word, span) => false,
            Form::Prose => !is_among(spelled, self.acronyms) || is_meant(text, word, span),
        }
    }
}

/// `SSN:536904399 ID:987654321`: the word and the value are of two assignments.
fn is_named(text: &[u8], word: &Range<usize>, span: &Range<usize>) -> bool {
    let assigns = text.get(name_tail(text, word.end)) == Some(&b':');
    let gap = text.get(word.end..span.start).unwrap_or_default();
    let Some(last) = gap
        .iter()
        .rposition(|byte| !matches!(byte, b'"' | b'\'' | b' '))
    else {
        return false;
    };
    let (head, joint) = gap.split_at(last);
    let named = head.last().is_some_and(|byte| byte.is_ascii_alphabetic());
    // What lies between names is a value.
    assigns
        && named
        && matches!(joint.first(), Some(b':' | b'='))
        && head.iter().any(u8::is_ascii_digit)
}

/// Whether an acronym that may be a plain word is none here.
fn is_meant(text: &[u8], word: &Range<usize>, span: &Range<usize>) -> bool {
    let spelled = text.get(word.clone()).unwrap_or_default();
    // `EIN`, and the `SIN` of `SIN no`.
    let capitals = spelled.iter().take_while(|byte| byte.is_ascii_alphabetic());
    if capitals.clone().count() > 1 && capitals.clone().all(u8::is_ascii_uppercase) {
        return true;
    }
    // `S.I.N.`: nobody writes a word so.
    let mut letters = spelled.split(|byte| *byte == b'.');
    if spelled.contains(&b'.')
        && letters.all(|l| matches!(l, [letter] if letter.is_ascii_uppercase()))
    {
        return true;
    }
    let gap = match word.end <= span.start {
        true => text.get(word.end..span.start),
        false => text.get(span.end..word.start),
    };
    is_cell(text, word) || gap.is_some_and(leads)
}

/// Whether nothing but words that link stands in a gap: `sin is 130…`, not `ein Auftrag 130…`.
fn leads(gap: &[u8]) -> bool {
    let stops = |byte: &u8| matches!(byte, b';' | b'.' | b'!' | b'?' | b'(' | b'+' | b'*' | b'/');
    links_only(gap)
        && !gap
            .iter()
            .any(|byte| byte.is_ascii_digit() || (stops(byte) && gap.len() > 2))
}

/// Whether the word is part of a longer name, or a name with nothing beside it: a column of a table.
fn is_cell(text: &[u8], word: &Range<usize>) -> bool {
    let edge = |byte: u8| {
        matches!(
            byte,
            b',' | b';' | b'\t' | b'|' | b'"' | b'\'' | b'\n' | b'\r'
        )
    };
    let before = word
        .start
        .checked_sub(1)
        .and_then(|at| text.get(at))
        .copied();
    // `employer_ein`, `employerEin`, `sin_number`.
    let tail = name_tail(text, word.end).min(word.end + NAME_BYTES_MAX);
    let part = |byte: u8| byte == b'_' || byte.is_ascii_lowercase();
    if before.is_some_and(part) || tail > word.end {
        return true;
    }
    before.is_none_or(edge) && text.get(tail).copied().is_none_or(edge)
}

/// Whether a word is one of these, whatever separates its parts.
fn is_among(word: &[u8], words: &[&str]) -> bool {
    fn letters(word: &[u8]) -> impl Iterator<Item = u8> + '_ {
        let letters = word.iter().filter(|byte| byte.is_ascii_alphabetic());
        letters.map(u8::to_ascii_lowercase)
    }
    words
        .iter()
        .any(|known| letters(known.as_bytes()).eq(letters(word)))
}

#[cfg(test)]
mod tests {
    use crate::chunk::Likelihood::{Certain, Likely, Possible};
    use crate::scan::engine::tests::found;
    use crate::scan::placed::one;

    #[test]
    fn a_name_speaks_for_its_own_value_only() {
        for text in [
            r#"{"ssn":"536-90-4399","order_id":"557105983"}"#,
            r#"{"order_id":562917530,"social_security_number":"536-90-4399"}"#,
            "ssn=536-90-4399 id=557105983",
            "<r><ssn>536-90-4399</ssn><id>557105983</id></r>",
            "{SSN:536-90-4399 ID:557105983}",
            r#"<p ssn="536-90-4399" id="557105983"/>"#,
        ] {
            one("us_ssn", text, "536-90-4399", Certain);
        }
        let value = r#"{"note":"ssn is 557105983"}"#;
        one("us_ssn", value, "557105983", Likely);
        one(
            "us_ssn",
            r#"{"type":"ssn","value":"557105983"}"#,
            "557105983",
            Likely,
        );
        one(
            "us_ssn",
            r#"{"ssn":{"value":557105983}}"#,
            "557105983",
            Likely,
        );
        let list: Vec<_> = found("us_ssn", "SSNs: 557105983, 536904399");
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn points_make_an_acronym() {
        for (name, text, number) in [
            (
                "ca_sin",
                "He said his S.I.N. was 114 506 009 and hung up",
                "114 506 009",
            ),
            ("ca_sin", "- S.I.N.: 469 456 123", "469 456 123"),
            (
                "ca_sin",
                "Use 642313332 for the S.I.N. on the form",
                "642313332",
            ),
            ("uk_nhs", "N.H.S. number: 421 358 4690", "421 358 4690"),
            ("uk_nino", "N.I. number: CK423040C", "CK423040C"),
            (
                "uk_nino",
                "Use AN391036D for the Nat. Ins. number",
                "AN391036D",
            ),
        ] {
            let all = found(name, text);
            assert!(
                matches!(&all[..], [(value, likelihood)] if value == number && *likelihood >= Likely),
                "{text}: {all:?}"
            );
        }
        for text in [
            "for (n_i in AN391036D)",
            "s.i.n 130692544x",
            "if ni: AN391036Z",
        ] {
            let all = [found("uk_nino", text), found("ca_sin", text)].concat();
            assert!(
                all.iter().all(|(_, likelihood)| *likelihood == Possible),
                "{text}: {all:?}"
            );
        }
    }

    #[test]
    fn an_acronym_that_is_a_word_must_be_meant() {
        for text in [
            "Das ist ein Auftrag 911144442",
            "Ein Paket 911144442",
            "nicht ohne sin(x) 130692544",
            "sin número 130692544",
            "a tin of paint 911144442",
        ] {
            assert_eq!(found("us_ein", text), [], "{text}");
            assert_eq!(found("ca_sin", text), [], "{text}");
        }
        for text in ["Dea saw part AB1234563", "aba daba 021000021"] {
            let all = [found("us_dea", text), found("us_aba_routing", text)].concat();
            assert!(
                all.iter().all(|(_, likelihood)| *likelihood == Possible),
                "{text}"
            );
        }
        for text in [
            "EIN 911144442",
            "The EIN of the company on file: 911144442",
            "my ein is 911144442",
            "ein: 911144442",
            "ein=911144442",
            r#"{"ein":911144442}"#,
            r#"{"employerEin":"911144442"}"#,
            "911144442 is our ein",
            "name,ein,911144442",
            "ein,name 911144442",
            "employerEin,city 911144442",
            "field=company_ein value=911144442",
            "use 911144442 for the ein",
        ] {
            one("us_ein", text, "911144442", Likely);
        }
    }

    #[test]
    fn shared_words_are_left_to_the_rival_whose_form_fits() {
        for text in [
            "Her individual taxpayer identification number is 911841850.",
            "911841850 - taxpayer ID (ITIN) of the applicant",
        ] {
            assert_eq!(found("us_ein", text), [], "{text}");
            one("us_itin", text, "911841850", Likely);
        }
        one("us_ein", "tax ID 911144442", "911144442", Likely);
        one("us_ein", "tax ID 91-1841850", "91-1841850", Likely);
        one("us_ein", "EIN 911841850", "911841850", Likely);
    }
}
