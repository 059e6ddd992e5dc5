//! What a reviewer may see of a field: its form, with what matters gone.
//!
//! Owns: one line of safe text from hostile bytes. Refuses: to show a finding's letters or digits, a long
//! number that no detector knows, or a long token that looks random. Stays true: the text has no control or
//! formatting character, no run of five digits and no nine digits joined by single separators; it is at
//! most as long as asked; what is hidden does not hang on where the text is cut.

use super::DETECTORS;
use super::cluster::{Cluster, groups, is_separator};
use crate::chunk::{Field, Finding, Form};
use std::ops::Range;

/// Digits in a row that are masked though no detector fired.
const RUN_DIGITS_MIN: usize = 5;
/// Digits joined by single separators that are masked though no detector fired.
const JOINED_DIGITS_MIN: usize = 9;
/// Characters of a token that is masked though no detector fired, if it has letters and digits, or
/// changes between cases as often as no name does: keys, sessions, hashes, UUIDs.
const TOKEN_BYTES_MIN: usize = 20;
/// Changes from small letters to capitals that no camelCase name of that length has.
const CASE_CHANGES_MIN: usize = 5;
/// Bytes read beyond both ends of what is shown, so that a number or token is known by its whole length,
/// or by enough of it: more than any of the bounds above, separators included.
const BEYOND_BYTES: usize = 32;
/// Stands for what was left out.
const CUT: &str = "…";

/// At most `bytes_max` bytes of text showing the field around its first finding. Findings of other
/// fields are ignored; spans count from the body's start.
pub fn sample(body: &[u8], field: Field, findings: &[Finding], bytes_max: usize) -> String {
    let inside = findings.iter().filter(|f| lies_in(f, &field));
    let first = inside.map(|f| f.start).min().unwrap_or(field.start);
    around(body, field, findings, first, bytes_max)
}

/// The same around the byte `at` of the body.
pub fn around(
    body: &[u8],
    field: Field,
    findings: &[Finding],
    at: u32,
    bytes_max: usize,
) -> String {
    let Some(raw) = body.get(field.start as usize..field.end as usize) else {
        return String::new();
    };
    let first = (at.saturating_sub(field.start) as usize).min(raw.len());
    let from = window_start(raw, first, bytes_max);
    let to = raw.len().min(first.max(from).saturating_add(bytes_max));
    let wide = from.saturating_sub(BEYOND_BYTES)..raw.len().min(to.saturating_add(BEYOND_BYTES));
    let mut shown = raw[wide.clone()].to_vec();
    mask_tokens(&mut shown);
    mask_numbers(&mut shown);
    for finding in findings.iter().filter(|f| lies_in(f, &field)) {
        let (start, end) = (finding.start - field.start, finding.end - field.start);
        let clip = |at: u32| (at as usize).clamp(wide.start, wide.end) - wide.start;
        mask_finding(&mut shown[clip(start)..clip(end)], finding);
    }
    let mut line = Line {
        text: String::new(),
        bytes_max,
    };
    let shown = &shown[from - wide.start..to - wide.start];
    line.write(from > 0, shown, to < raw.len());
    line.text
}

fn lies_in(finding: &Finding, field: &Field) -> bool {
    finding.start >= field.start && finding.end <= field.end && finding.start <= finding.end
}

/// Where to begin so that the first finding is in view: a third of the room before it, and not within
/// a stretch of digits or a character.
fn window_start(raw: &[u8], first: usize, bytes_max: usize) -> usize {
    if first < bytes_max - bytes_max / 3 {
        return 0;
    }
    let mut from = first - bytes_max / 3;
    while from < first
        && (raw[from].is_ascii_digit() || is_separator(raw[from]) || raw[from] & 0xc0 == 0x80)
    {
        from += 1;
    }
    from
}

/// Hides what carries a value. Of a plain built-in finding the separators are form and stay; of what is
/// spelled or packed otherwise, and of the user's own, only white space does.
fn mask_finding(text: &mut [u8], finding: &Finding) {
    let built_in = usize::from(finding.detector.0) < DETECTORS.len();
    let keeps_form = built_in && finding.form == Form::Plain;
    for byte in text {
        let form = !byte.is_ascii_alphanumeric() && byte.is_ascii();
        if byte.is_ascii_digit() {
            *byte = b'X';
        } else if !(byte.is_ascii_whitespace() || (form && keeps_form) || *byte == b'X') {
            *byte = b'*';
        }
    }
}

fn mask_digits(text: &mut [u8]) {
    text.iter_mut()
        .filter(|byte| byte.is_ascii_digit())
        .for_each(|byte| *byte = b'X');
}

/// Masks every long token that looks random.
fn mask_tokens(text: &mut [u8]) {
    let in_token = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'~')
    };
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().take_while(|byte| in_token(byte)).count();
        let token: Range<usize> = at..at + len;
        if len >= TOKEN_BYTES_MIN && is_random(&text[token.clone()]) {
            for byte in &mut text[token] {
                match byte {
                    b'0'..=b'9' => *byte = b'X',
                    b'a'..=b'z' | b'A'..=b'Z' => *byte = b'*',
                    _ => {}
                }
            }
        }
        at += len + 1;
    }
}

fn is_random(token: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| token.iter().any(kind);
    let changes = token
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) || changes.count() >= CASE_CHANGES_MIN
}

/// Masks every long number, whatever it is.
fn mask_numbers(text: &mut [u8]) {
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let cluster = Cluster::new(text, at, joined_end(text, at));
        let all: Vec<_> = groups(text, &cluster).collect();
        let joined = all.iter().map(|group| group.len()).sum::<usize>() >= JOINED_DIGITS_MIN;
        for group in all {
            if joined || group.len() >= RUN_DIGITS_MIN {
                mask_digits(&mut text[group.start..group.end]);
            }
        }
        at = cluster.end;
    }
}

fn joined_end(text: &[u8], mut at: usize) -> usize {
    while let [first, rest @ ..] = &text[at..] {
        let joins = is_separator(*first) && rest.first().is_some_and(u8::is_ascii_digit);
        if !first.is_ascii_digit() && !joins {
            break;
        }
        at += 1;
    }
    at
}

/// Text that never grows past its room.
struct Line {
    text: String,
    bytes_max: usize,
}

impl Line {
    fn write(&mut self, cut_before: bool, shown: &[u8], cut_after: bool) {
        if cut_before && !self.push(CUT, false) {
            return;
        }
        for chunk in shown.utf8_chunks() {
            for c in chunk.valid().chars() {
                let fits = match c {
                    '\\' => self.push("\\\\", true),
                    c if is_unsafe(c) => self.push(&c.escape_unicode().to_string(), true),
                    c => self.push(c.encode_utf8(&mut [0; 4]), true),
                };
                if !fits {
                    return self.end();
                }
            }
            for byte in chunk.invalid() {
                if !self.push(&format!("\\x{{{byte:02x}}}"), true) {
                    return self.end();
                }
            }
        }
        if cut_after {
            self.end();
        }
    }

    /// Adds the text if there is room for it, and, when asked, for the mark of a cut after it.
    fn push(&mut self, text: &str, leave_room: bool) -> bool {
        let mark = if leave_room { CUT.len() } else { 0 };
        let fits = self.text.len() + text.len() + mark <= self.bytes_max;
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    fn end(&mut self) {
        self.push(CUT, false);
    }
}

/// Control characters, and those that reorder, hide or break text on a terminal or a page.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::super::engine::tests::{field, scan};
    use super::*;
    use proptest::prelude::*;

    fn shown(raw: &[u8], bytes_max: usize) -> String {
        let whole = field(0, raw.len());
        sample(raw, whole, &scan(raw, &[whole]), bytes_max)
    }

    #[test]
    fn findings_and_long_numbers_are_gone_and_the_rest_is_there() {
        assert_eq!(
            shown(
                br#"{"name":"Ann","ssn":"536-90-4399","zip":"94105","age":42,"on":"1 2024"}"#,
                200
            ),
            r#"{"name":"Ann","ssn":"XXX-XX-XXXX","zip":"XXXXX","age":42,"on":"1 2024"}"#
        );
        assert_eq!(
            shown(b"no card 4111 1111 1111 1112, 1234", 200),
            "no card XXXX XXXX XXXX XXXX, 1234"
        );
    }

    #[test]
    fn hostile_characters_are_spelled_out() {
        assert_eq!(
            shown(b"a\x1b[2J\n\xff\xfeb\\", 200),
            "a\\u{1b}[2J\\u{a}\\x{ff}\\x{fe}b\\\\"
        );
        assert_eq!(
            shown("\u{202e}caf\u{e9}\u{200b}".as_bytes(), 200),
            "\\u{202e}caf\u{e9}\\u{200b}"
        );
    }

    #[test]
    fn a_late_finding_is_in_view() {
        let raw = format!(
            "{} ssn 536-90-4399 {}",
            "word ".repeat(100),
            "tail ".repeat(100)
        );
        let text = shown(raw.as_bytes(), 60);
        assert!(
            text.contains("ssn XXX-XX-XXXX") && text.starts_with(CUT) && text.ends_with(CUT),
            "{text}"
        );
        assert!(text.len() <= 60);
    }

    #[test]
    fn bounds_that_lie_are_survived() {
        let one = scan(b"536-90-4399", &[field(0, 11)]);
        assert_eq!(sample(b"abc", field(2, 9), &one, 50), "");
        assert_eq!(sample(b"abc", field(0, 3), &one, 50), "abc");
        assert_eq!(sample(b"abc", field(0, 3), &one, 0), "");
        assert_eq!(sample(b"abc", field(0, 3), &one, usize::MAX), "abc");
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_the_line_is_safe(
            pieces in proptest::collection::vec(prop_oneof![
                "[0-9]{1,12}".prop_map(String::into_bytes), "[ -]{1,2}".prop_map(String::into_bytes),
                Just(b"4111 1111 1111 1111".to_vec()), Just(b"536-90-4399".to_vec()), proptest::collection::vec(any::<u8>(), 0..6),
            ], 0..30),
            bytes_max in 0..120usize,
        ) {
            let raw = pieces.concat();
            let text = shown(&raw, bytes_max);
            prop_assert!(text.len() <= bytes_max);
            prop_assert!(!text.chars().any(is_unsafe));
            let runs = |min: usize| text.as_bytes().windows(min).any(|w| w.iter().all(u8::is_ascii_digit));
            prop_assert!(!runs(RUN_DIGITS_MIN), "{}", text);
            let mut again = scan(text.as_bytes(), &[field(0, text.len())]);
            again.retain(|finding| finding.likelihood >= crate::chunk::Likelihood::Likely);
            prop_assert_eq!(again, []);
        }
    }
}
