//! Values that a word stands beside: `MRN: 00123456`, `"dob": "1980-03-12"`, `<phone>…</phone>`.
//!
//! Owns: where such a value may begin, given how the word is written (prose, `name=value`, a JSON name,
//! an XML element). Refuses: to know what a value looks like; a detector's `parse` does. Stays true: a
//! look reaches thirty bytes beyond the word, or over the scalars of the container that it names;
//! of several values only the first counts, and one that a mask overwrote still counts as there, so
//! that masking never makes a word speak for something else.

use super::context::GAP_BYTES_MAX;
use super::edges;
use super::scene::Word;
use std::ops::Range;

/// What a detector wants from the neighbourhood of its words.
pub(super) struct Wanted {
    /// The value that begins with the token at `at` (it may have a `+` or `(` before that).
    pub(super) parse: fn(text: &[u8], at: usize) -> Option<Range<usize>>,
    /// Words that say, between keyword and value, that the value is something else.
    pub(super) unless: &'static [&'static str],
    /// A value right before the word counts even where another one follows: `0171 5201763 office`.
    pub(super) both_sides: bool,
}

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
    "s", "are", "new", "old", "number", "no", "personal", "work", "home",
];

/// Longest value, as far as finding one before a word goes: a phone number with its extension.
const VALUE_BYTES_MAX: usize = 40;
/// Bytes of an XML tag between its name and its `>`.
const TAG_BYTES_MAX: usize = 128;
/// Bytes of a name beside the keyword in it.
const NAME_BYTES_MAX: usize = 32;

/// Calls with every value that the word speaks for.
pub(super) fn visit(text: &[u8], word: &Word, wanted: &Wanted, mut take: impl FnMut(Range<usize>)) {
    let tail = name_tail(text, word.span.end);
    let name = text.get(word.span.end..tail).unwrap_or_default();
    let last = parts(name)
        .last()
        .is_some_and(|part| is_one_of(part, ABOUT_LAST));
    if last || speaks_of_else(name, wanted) {
        return;
    }
    if let Some(container) = &word.container {
        return in_container(text, container.clone(), wanted, take);
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

/// How the word is written, as far as it decides where its value is.
enum Form {
    /// A value begins in this stretch or nowhere.
    Value(Range<usize>),
    /// The name of an XML element that ends here.
    Closing,
    /// Anything else.
    Prose,
}

fn form(text: &[u8], start: usize, tail: usize) -> Form {
    let head = name_head(text, start);
    match text.get(..head).unwrap_or_default() {
        [.., b'<', b'/'] => return Form::Closing,
        [.., b'<'] => {
            let tag = text.get(tail..).unwrap_or_default();
            let close = tag
                .iter()
                .take(TAG_BYTES_MAX)
                .position(|byte| *byte == b'>');
            return close.map_or(Form::Prose, |at| {
                Form::Value(until(text, tail + at + 1, |byte| byte == b'<'))
            });
        }
        _ => {}
    }
    // `"phone number (home)": …` is read as prose; a name is letters, digits and a few joiners.
    let rest = text.get(tail..).unwrap_or_default();
    let joiners =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b'-' | b'#');
    let name = rest.iter().take(NAME_BYTES_MAX).take_while(joiners).count();
    let quoted = skip(text, tail + name, |byte| byte == b'\\');
    if matches!(text.get(quoted), Some(b'"' | b'\'')) {
        let colon = skip(text, quoted + 1, |byte| byte.is_ascii_whitespace());
        if text.get(colon) == Some(&b':') {
            let at = skip(text, colon + 1, |byte| byte.is_ascii_whitespace());
            return Form::Value(scalar(text, at));
        }
    }
    match rest.first() {
        Some(b'=') => Form::Value(scalar(text, tail + 1)),
        _ => Form::Prose,
    }
}

/// Where a value that is a quoted string, or a bare word, may begin.
fn scalar(text: &[u8], at: usize) -> Range<usize> {
    let open = skip(text, at, |byte| byte == b'\\');
    match text.get(open) {
        Some(quote @ (b'"' | b'\'')) => until(text, open + 1, |byte| byte == *quote),
        _ => until(text, at, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']' | b'&' | b';')
        }),
    }
}

fn until(text: &[u8], start: usize, ends: impl Fn(u8) -> bool) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let stop = rest
        .iter()
        .take(GAP_BYTES_MAX + 1)
        .take_while(|byte| !ends(**byte))
        .count();
    start..start + stop
}

/// Past at most a few of these bytes.
fn skip(text: &[u8], at: usize, passes: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(NAME_BYTES_MAX)
        .take_while(|byte| passes(**byte))
        .count()
}

/// Where the name that the word ends in, or is part of, ends: `accountNumberHash`.
fn name_tail(text: &[u8], end: usize) -> usize {
    skip(text, end, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'_'
    })
}

/// Where the name that the word is part of begins, XML prefix and all.
fn name_head(text: &[u8], start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default().iter().rev();
    let in_name =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.');
    start - before.take(NAME_BYTES_MAX).take_while(in_name).count()
}

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
            return if speaks_of_else(gap, wanted) {
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
        let joins = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'(' | b',' | b'\'')
        };
        gap.len() <= GAP_BYTES_MAX && gap.iter().all(joins) && says_only(gap, LINKS)
    })
}

/// Every scalar of a JSON container: strings and bare words, names excepted.
fn in_container(
    text: &[u8],
    inside: Range<usize>,
    wanted: &Wanted,
    mut take: impl FnMut(Range<usize>),
) {
    let (mut at, mut name) = (inside.start, 0..0);
    while at < inside.end {
        let Some(byte) = text.get(at).copied() else {
            break;
        };
        if byte.is_ascii_whitespace() || matches!(byte, b'{' | b'[' | b',' | b':' | b'}' | b']') {
            at += 1;
            continue;
        }
        let (start, end) = if byte == b'"' {
            (at + 1, string_end(text, at + 1, inside.end))
        } else {
            (at, bare_end(text, at, inside.end))
        };
        let next = skip(text, end + usize::from(byte == b'"'), |byte| {
            byte.is_ascii_whitespace()
        });
        let is_name = byte == b'"' && text.get(next) == Some(&b':');
        at = (end + usize::from(byte == b'"')).max(at + 1);
        if is_name {
            name = start..end.min(start + NAME_BYTES_MAX);
            continue;
        }
        let about = speaks_of_else(text.get(name.clone()).unwrap_or_default(), wanted);
        let begin = start..end.min(start + GAP_BYTES_MAX + 1);
        if !about && let First::Value(span) = first(text, begin, wanted) {
            take(span);
        }
    }
}

fn string_end(text: &[u8], mut at: usize, end: usize) -> usize {
    while at < end {
        match text.get(at) {
            Some(b'"') => return at,
            Some(b'\\') => at += 2,
            _ => at += 1,
        }
    }
    end
}

fn bare_end(text: &[u8], at: usize, end: usize) -> usize {
    let rest = text.get(at..end).unwrap_or_default();
    let stop = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']' | b'"');
    rest.iter().position(stop).map_or(end, |len| at + len)
}

/// Alphanumeric tokens that begin in a stretch; one that only goes on in it is none.
fn tokens(text: &[u8], stretch: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = stretch.start;
    let alphanumeric = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    if at > 0 && alphanumeric(at - 1) {
        at = skip_token(text, at);
    }
    let end = stretch.end.min(text.len());
    std::iter::from_fn(move || {
        while at < end && !alphanumeric(at) {
            at += 1;
        }
        // The letter of `\\n` belongs to the escape; nothing else may be left of the token.
        at += usize::from(edges::is_escape(text, at + 1));
        while at < end && !alphanumeric(at) {
            at += 1;
        }
        let start = at;
        at = skip_token(text, at);
        (start < end).then_some(start..at)
    })
}

/// Past the token, or far enough into it: nothing anyone parses has longer ones.
fn skip_token(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take(4 * VALUE_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
}

/// Digits make a value, and so does what a mask leaves of one.
fn is_value(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit) || token.iter().all(|byte| *byte == b'X')
}

/// A single digit right after the word that counts the thing: `phone 1: …`, `Tel2=…`.
fn is_ordinal(text: &[u8], from: usize, token: &Range<usize>) -> bool {
    let next = text.get(token.end);
    token.len() == 1
        && token.start <= from + 1
        && text.get(token.start).is_some_and(u8::is_ascii_digit)
        && matches!(next, Some(b':' | b'=' | b')'))
}

/// Whether all words of a gap are among these.
pub(super) fn says_only(gap: &[u8], words: &[&str]) -> bool {
    parts(gap).all(|part| is_one_of(part, words))
}

fn speaks_of_else(text: &[u8], wanted: &Wanted) -> bool {
    parts(text).any(|part| is_one_of(part, ABOUT) || is_one_of(part, wanted.unless))
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

/// What a mask makes of a JSON number: nine, zeros, and at most `kept` digits of the number. Where a
/// rule has no checksum, this must not count as one.
pub(super) fn is_masked_number(digits: &[u8], kept: usize) -> bool {
    match digits.split_first() {
        Some((b'9', rest)) => {
            let zeros = rest.len().saturating_sub(kept);
            zeros > 0 && rest.iter().take(zeros).all(|digit| *digit == b'0')
        }
        _ => false,
    }
}

/// Whether all but the first few letters and digits of a text were overwritten by a mask, or never
/// filled in.
pub(super) fn is_blanked(text: &[u8]) -> bool {
    let solid = text
        .iter()
        .rev()
        .filter(|byte| byte.is_ascii_alphanumeric());
    let blanks = solid.take_while(|byte| matches!(byte, b'X' | b'x')).count();
    blanks >= BLANKS_MIN
}

/// `X` in a row at the end of a secret that make it a placeholder: at random one in 62⁸.
const BLANKS_MIN: usize = 8;

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

    #[test]
    fn what_masks_leave() {
        assert!(is_masked_number(b"900000", 0) && is_masked_number(b"9000123", 4));
        assert!(
            !is_masked_number(b"910000", 0)
                && !is_masked_number(b"9123", 4)
                && !is_masked_number(b"", 0)
        );
        assert!(is_blanked(b"AKIAXXXXXXXXXXXX") && !is_blanked(b"AKIAXXXXXXXXXXXA"));
    }
}
