//! AWS access key id.
//!
//! Rule: `A3T` and any letter or digit, or `AKIA`, `ASIA`, `ABIA`, `ACCA`; then sixteen of `A`–`Z` and `2`–`7`;
//! nothing alphanumeric on either side. Source: AWS Identity and Access Management User Guide, "Unique
//! identifiers" (the prefixes); the alphabet is RFC 4648 base 32.
//!
//! Owns: that rule. Refuses: the secret that belongs to it, which has a detector of its own. Stays true:
//! likely by form: in random base64 one token in 10¹⁵ is one. What a mask left, or a placeholder of
//! `X`, is none.

use crate::scan::blank::is_blanked;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};

/// Words that say "access key"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "aws",
    "access key",
    "access key id",
    "aws access key id",
    "amazon",
    "credentials",
    "iam",
];

/// The table's row. The prefix tells the kind of key.
pub(super) const DETECTOR: Detector = Detector {
    name: "aws_key",
    title: "AWS access key id",
    rule: "prefix and sixteen characters of base 32",
    source: "AWS IAM User Guide, Unique identifiers",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Literal(
        &["A3T", "AKIA", "ASIA", "ABIA", "ACCA"],
        find,
    )],
    fits,
};

const KEY_BYTES: usize = 20;

fn fits(text: &[u8]) -> bool {
    let Some((prefix, rest)) = text.split_at_checked(4) else {
        return false;
    };
    let known = match prefix {
        [b'A', b'3', b'T', kind] => kind.is_ascii_uppercase() || kind.is_ascii_digit(),
        _ => matches!(prefix, b"AKIA" | b"ASIA" | b"ABIA" | b"ACCA"),
    };
    let base_32 = |byte: &u8| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(byte);
    known && text.len() == KEY_BYTES && rest.iter().all(base_32) && !is_blanked(text)
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let span = at..at + KEY_BYTES;
    let ends = !scene
        .text
        .get(span.end)
        .is_some_and(u8::is_ascii_alphanumeric);
    if ends && scene.text.get(span.clone()).is_some_and(fits) {
        let likelihood = scene.likely(&span);
        sink.report(span, likelihood);
    }
}

#[cfg(test)]
mod tests {
    use crate::chunk::Likelihood::{Certain, Likely};
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    #[test]
    fn keys_in_places() {
        for key in [
            "AKIAIOSFODNN7EXAMPLE",
            "ASIAY34FZKBOKMUTVV7A",
            "A3TXABCDEFGHIJKLMNOP",
            "ABIA234567ABCDEFGHIJ",
            "ACCA234567ABCDEFGHIJ",
        ] {
            for (before, after) in [
                ("", ""),
                ("\"", "\""),
                ("key=", "&"),
                ("(", ")"),
                ("x_", "-y"),
                ("/", ":"),
            ] {
                let text = format!("{before}{key}{after}");
                assert_eq!(
                    found("aws_key", &text),
                    [(key.to_owned(), Likely)],
                    "{text}"
                );
            }
            assert_eq!(
                found("aws_key", &format!("aws_access_key_id = {key}")),
                [(key.to_owned(), Certain)]
            );
        }
    }

    #[test]
    fn not_keys() {
        for text in [
            "AKIAIOSFODNN7EXAMPL",
            "AKIAIOSFODNN7EXAMPLEA",
            "xAKIAIOSFODNN7EXAMPLE",
            "AKIAIOSFODNN1EXAMPLE",
            "AKIAiosfodnn7example",
            "AKIBIOSFODNN7EXAMPLE",
            "A3T_ABCDEFGHIJKLMNOP",
            "AKIAXXXXXXXXXXXXXXXX",
            "AKIA",
            "A3T",
        ] {
            assert_eq!(found("aws_key", text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(key in "(AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-W2-7]{16}", place in 0usize..3) {
            let text = match place {
                0 => format!("used {key} today"),
                1 => format!("{{\"k\":\"{key}\"}}"),
                _ => format!("<k>{key}</k>,{key}x"),
            };
            prop_assert_eq!(found("aws_key", &text), [(key, Likely)]);
        }
    }
}
