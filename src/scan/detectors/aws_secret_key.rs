//! AWS secret access key.
//!
//! Rule: forty characters of base64, no more and no fewer, beside words for AWS secrets; capitals, small
//! letters and more distinct characters than hexadecimal has. Source: AWS Identity and Access Management
//! User Guide, "Manage access keys" (form of the example).
//!
//! Owns: that form and the words. Refuses: forty characters without words: SHA-1 digests and git's object
//! names are as long. Stays true: the spread of characters stands in for entropy: forty random ones of
//! sixty-four hold thirty distinct ones on average, and fewer than nineteen once in 10⁸.

use crate::chunk::Likelihood;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::{self, Wanted};
use std::ops::Range;

/// Words that say "secret access key"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "aws secret",
    "aws secret key",
    "aws secret access key",
    "secret access key",
    "secretaccesskey",
    "aws secrets",
    "secret key",
    "secretkey",
    "s3 secret",
    "s3 secret key",
    "aws access key",
    "amazon secret",
];

/// The table's row. No part of it names the account; nothing may stay.
pub(super) const DETECTOR: Detector = Detector {
    name: "aws_secret_key",
    title: "AWS secret access key",
    rule: "forty characters of base64, well spread, beside words for AWS secrets",
    source: "AWS IAM User Guide, Manage access keys",
    keywords: KEYWORDS,
    alphabet: Alphabet::Text,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Keyword(find)],
    fits: |text| value(text, 0).is_some_and(|span| span == (0..text.len())),
};

const KEY_BYTES: usize = 40;
/// Distinct characters; hexadecimal has sixteen, with mixed case twenty-two.
const DISTINCT_MIN: usize = 19;

const WANTED: Wanted = Wanted {
    parse: value,
    unless: &[],
    both_sides: false,
};

fn find(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    values::visit(scene.text, word, &WANTED, |span| {
        sink.report(span, Likelihood::Certain)
    });
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// The key whose first letter or digit is at `at`: it may begin with `+` or `/`.
fn value(text: &[u8], at: usize) -> Option<Range<usize>> {
    let before = edges::before(text, at);
    let signs = before
        .iter()
        .rev()
        .take(KEY_BYTES)
        .take_while(|byte| matches!(byte, b'+' | b'/'))
        .count();
    let start = at - signs;
    let free = !before
        .get(..before.len() - signs)?
        .last()
        .is_some_and(u8::is_ascii_alphanumeric);
    let rest = text.get(start..)?;
    let len = rest
        .iter()
        .take(KEY_BYTES + 1)
        .take_while(|byte| is_base64(byte))
        .count();
    let key = rest.get(..KEY_BYTES)?;
    let ends = rest.get(KEY_BYTES) != Some(&b'=');
    let mixed = key.iter().any(u8::is_ascii_uppercase) && key.iter().any(u8::is_ascii_lowercase);
    (free && len == KEY_BYTES && ends && mixed && distinct(key) >= DISTINCT_MIN)
        .then_some(start..start + KEY_BYTES)
}

fn distinct(text: &[u8]) -> usize {
    let seen = text
        .iter()
        .fold(0u128, |seen, byte| seen | 1 << (byte & 0x7f));
    seen.count_ones() as usize
}

#[cfg(test)]
mod tests {
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<String> {
        found("aws_secret_key", text)
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    #[test]
    fn keys_in_places() {
        for key in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "/Zal+XUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE+",
        ] {
            for text in [
                format!("aws_secret_access_key = {key}"),
                format!("AWS_SECRET_ACCESS_KEY={key}\n"),
                format!("{{\"SecretAccessKey\": \"{key}\"}}"),
                format!("export AWS_SECRET=\"{key}\""),
                format!("<secretAccessKey>{key}</secretAccessKey>"),
                format!("secret access key,{key},x"),
                format!("my aws secret is {key}"),
            ] {
                assert_eq!(keys(&text), [key], "{text}");
            }
        }
    }

    #[test]
    fn not_keys() {
        for text in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE",
            "aws_secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEYA",
            "aws_secret da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "aws_secret AAAAAAAAAAaaaaaaaaaaAAAAAAAAAAaaaaaaaaa1",
            "aws_secret XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "aws_secret = \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE=\"",
            "aws_secret_id=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ] {
            assert_eq!(keys(text), [] as [&str; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(key in "[A-Za-z0-9/+]{37}[a-z][A-Z][0-9]") {
            prop_assume!(super::distinct(key.as_bytes()) >= super::DISTINCT_MIN);
            prop_assert_eq!(keys(&format!("{{\"aws\":{{\"secret_access_key\":\"{key}\"}}}}")), [key]);
        }
    }
}
