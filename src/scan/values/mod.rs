//! Values that a word stands beside: `MRN: 00123456`, `"dob": "1980-03-12"`, `<phone>…</phone>`.
//!
//! Owns: which values a word speaks for, given how it is written. Refuses: to know what a value looks like; a
//! detector's `parse` does. Stays true: a look reaches thirty bytes beyond the word, or over the scalars of
//! the container that it names; of several values only the first counts, and one that a mask overwrote
//! still counts as there, so that masking never makes a word speak for something else.

mod container;
mod form;
mod gap;
mod speaker;
mod tokens;

pub(super) use gap::{follows_other_name, says_only};
pub(super) use speaker::{Rival, Speakers};

use super::context::GAP_BYTES_MAX;
use super::scene::Word;
use form::{Form, form, name_tail};
use gap::{is_about, is_code, joins, speaks_of_else};
use std::ops::Range;
use tokens::{is_ordinal, is_value, tokens};

/// What a detector wants from the neighbourhood of its words.
pub(super) struct Wanted {
    /// The value that begins with the token at `at` (it may have a `+` or `(` before that).
    pub(super) parse: fn(text: &[u8], at: usize) -> Option<Range<usize>>,
    /// Words that say, between keyword and value, that the value is something else.
    pub(super) unless: &'static [&'static str],
    /// A value right before the word counts even where another one follows: `0171 5201763 office`.
    pub(super) both_sides: bool,
    /// Every value has a digit.
    pub(super) digits: bool,
}

/// Longest value, as far as finding one before a word goes: a phone number with its extension.
const VALUE_BYTES_MAX: usize = 40;

/// Calls with every value that the word speaks for.
pub(super) fn visit(text: &[u8], word: &Word, wanted: &Wanted, mut take: impl FnMut(Range<usize>)) {
    let tail = name_tail(text, word.span.end);
    let name = text.get(word.span.end..tail).unwrap_or_default();
    if is_about(name, wanted) {
        return;
    }
    if let Some(container) = &word.container {
        return container::visit(text, container.clone(), wanted, take);
    }
    let form = form(text, word.span.start, tail);
    let stretch = match &form {
        Form::Closing => return,
        Form::Value(stretch) => stretch.clone(),
        Form::Prose => tail..(word.span.end + GAP_BYTES_MAX + 1).min(text.len()),
    };
    let after = first(text, stretch, wanted);
    if let First::Value(span) = &after {
        take(span.clone());
    }
    if matches!(form, Form::Prose)
        && let Some(span) = before(text, word.span.start, wanted)
    {
        let beside = word.span.start - span.end <= BESIDE_BYTES_MAX;
        if matches!(after, First::Nothing) || (wanted.both_sides && beside) {
            take(span);
        }
    }
}

/// Bytes between a value and a word right beside it: `555-0123-Office`, `555-0123 (office)`.
const BESIDE_BYTES_MAX: usize = 2;

/// What stands first in a stretch.
enum First {
    Value(Range<usize>),
    /// Something with digits that is no such value, or what a mask left of one.
    Else,
    Nothing,
}

fn first(text: &[u8], stretch: Range<usize>, wanted: &Wanted) -> First {
    let from = stretch.start;
    let mut numbered = false;
    for token in tokens(text, stretch) {
        let inside = text.get(token.clone()).unwrap_or_default();
        if !numbered && is_ordinal(text, from, &token) {
            numbered = true; // `Phone 1: 555 0123`
            continue;
        }
        if let Some(span) = (wanted.parse)(text, token.start) {
            let gap = text.get(from..span.start).unwrap_or_default();
            let bare = inside.iter().all(u8::is_ascii_digit);
            let else_ = speaks_of_else(gap, wanted) || (bare && is_code(gap));
            return if else_ {
                First::Else
            } else {
                First::Value(span)
            };
        }
        if is_value(inside) {
            return First::Else;
        }
    }
    First::Nothing
}

/// The last value that ends before the word, with nothing between that parts them.
fn before(text: &[u8], end: usize, wanted: &Wanted) -> Option<Range<usize>> {
    let start = end.saturating_sub(GAP_BYTES_MAX + VALUE_BYTES_MAX);
    // Most words stand among words.
    let seen = text.get(start..end)?;
    if wanted.digits
        && !seen
            .iter()
            .fold(false, |any, byte| any | byte.is_ascii_digit())
    {
        return None;
    }
    let (mut last, mut past) = (None, start);
    for token in tokens(text, start..end) {
        if token.start < past {
            continue;
        }
        match (wanted.parse)(text, token.start).filter(|span| span.end <= end) {
            Some(span) => {
                past = span.end;
                last = Some(span);
            }
            None if is_value(text.get(token.clone()).unwrap_or_default()) => last = None,
            None => {}
        }
    }
    last.filter(|span| {
        let gap = text.get(span.end..end).unwrap_or_default();
        gap.len() <= GAP_BYTES_MAX && joins(gap)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn six_digits(text: &[u8], at: usize) -> Option<Range<usize>> {
        let len = text
            .get(at..)?
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (len == 6).then_some(at..at + 6)
    }

    const WANTED: Wanted = Wanted {
        parse: six_digits,
        unless: &["expires"],
        both_sides: false,
        digits: true,
    };

    /// The values that `word` speaks for.
    fn values(text: &str) -> Vec<&str> {
        let at = text.find("word").expect("the word");
        let container = crate::scan::scope::named_container(text.as_bytes(), at + 4);
        let word = Word {
            span: at..at + 4,
            container,
        };
        let mut out = Vec::new();
        visit(text.as_bytes(), &word, &WANTED, |span| {
            out.push(&text[span])
        });
        out
    }

    #[test]
    fn forms_in_which_a_value_follows() {
        for text in [
            "word 123456",
            "word: 123456.",
            "my word is 123456, thanks",
            "word=123456&x=654321",
            "word='123456'",
            "{\"word\":123456}",
            "{\"word_number\" : \"123456\", \"b\":1}",
            "{\\\"word\\\":\\\"123456\\\"}",
            "<word>123456</word>",
            "<ns:word kind=\"type 1\">123456</ns:word>",
            "<a word=\"123456\"/>",
            "word 1: 123456",
            "{'word': '123456'}",
            "word,123456",
        ] {
            assert_eq!(values(text), ["123456"], "{text}");
        }
    }

    #[test]
    fn forms_in_which_a_value_precedes() {
        for text in [
            "123456 is my word",
            "123456 (word)",
            "123456-word",
            "the 123456 word.",
        ] {
            assert_eq!(values(text), ["123456"], "{text}");
        }
        for text in [
            "123456. The word",
            "123456\nword",
            "123456 in order, word",
            "123456 word: ",
            "123456 word 7",
        ] {
            let followed = text.contains(": ") || text.ends_with('7');
            assert_eq!(
                values(text),
                if followed && text.contains(": ") {
                    vec!["123456"]
                } else {
                    vec![]
                },
                "{text}"
            );
        }
    }

    #[test]
    fn only_the_first_value_counts() {
        for text in [
            "word 12 123456",
            "word XX 123456",
            "word: a7, 123456",
            "word: null, \"other\": 1, 123456",
            "<word></word><zip>123456</zip>",
            "{\"word\":null,\"zip\":123456}",
            "word=&zip=123456",
            "123456 word XXXXXX",
        ] {
            assert_eq!(values(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn what_is_about_the_thing_is_not_the_thing() {
        for text in [
            "word_id=123456",
            "wordId: 123456",
            "{\"wordVerifiedAt\":123456}",
            "word expires 123456",
            "word type 123456",
            "{\"word\":{\"id\":123456}}",
        ] {
            assert_eq!(values(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn every_scalar_of_a_container() {
        let text = r#"{"word":[{"home":"123456","a":["at 234567",345678]},"\"456789"],"x":567890}"#;
        assert_eq!(values(text), ["123456", "234567", "345678", "456789"]);
        assert_eq!(values(r#"{"word":["123456"#), ["123456"]);
    }
}
