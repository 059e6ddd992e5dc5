//! Google API key.
//!
//! Rule: `AIza` and thirty-five letters, digits, hyphens and underscores. Source: the form that Google's
//! secret scanning partners look for; Google Cloud documentation, "Manage API keys".
//!
//! Owns: that rule. Refuses: service account files; their key is a `private_key`. Stays true: likely by form;
//! a mask's `X` is none.

use crate::scan::blank::is_blanked;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};

/// Words that say "API key"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "api key", "api keys", "apikey", "google", "gcp", "maps key", "firebase", "key",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "gcp_key",
    title: "Google API key",
    rule: "prefix and thirty-five characters",
    source: "Google Cloud documentation, Manage API keys",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Literal(&["AIza"], find)],
    fits,
};

const KEY_BYTES: usize = 39;

fn is_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn fits(text: &[u8]) -> bool {
    text.len() == KEY_BYTES
        && text.starts_with(b"AIza")
        && text.iter().all(is_part)
        && !is_blanked(text)
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let span = at..at + KEY_BYTES;
    let ends = !scene.text.get(span.end).is_some_and(is_part);
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
        let key = format!("AIza{}", "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe");
        for (before, after) in [
            ("", ""),
            ("\"", "\""),
            ("?x=", "&"),
            ("(", ")"),
            ("_", "."),
            ("x/", "/"),
        ] {
            let text = format!("{before}{key}{after}");
            assert_eq!(found("gcp_key", &text), [(key.clone(), Likely)], "{text}");
        }
        assert_eq!(
            found("gcp_key", &format!("api_key: {key}")),
            [(key, Certain)]
        );
    }

    #[test]
    fn not_keys() {
        let tail = "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe";
        for text in [
            format!("AIza{tail}x"),
            format!("AIza{tail}-"),
            format!("AIza{}", &tail[1..]),
            format!("xAIza{tail}"),
            format!("AIZA{tail}"),
            format!("AIza{}", "X".repeat(35)),
            "AIza".to_owned(),
        ] {
            assert_eq!(found("gcp_key", &text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(tail in "[A-Za-z0-9_-]{34}[a-w]") {
            let key = format!("AIza{tail}");
            prop_assert_eq!(found("gcp_key", &format!("{{\"k\":\"{key}\"}}")), [(key, Likely)]);
        }
    }
}
