//! Slack token, and the address of a Slack webhook.
//!
//! Rule: `xoxb-`, `xoxp-`, `xoxa-`, `xoxr-`, `xoxs-`, `xoxe-`, `xoxo-`, `xoxc-`, `xoxd-` or `xapp-`, then two parts
//! or more of letters and digits joined by hyphens, sixteen to two hundred and fifty-five bytes of which
//! eight are digits; or `hooks.slack.com/services/T…/B…/…`. Source: Slack API documentation, "Tokens" and "Sending
//! messages using incoming webhooks".
//!
//! Owns: that rule. Refuses: placeholders (`xoxb-your-token`): they have too few digits. Stays true: likely by
//! form.

use crate::scan::blank::is_blanked;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};

/// Words that say "Slack token"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "slack",
    "slack token",
    "bot token",
    "webhook",
    "web hook",
    "token",
    "authorization",
    "bearer",
];

/// The table's row. The prefix tells the kind of token.
pub(super) const DETECTOR: Detector = Detector {
    name: "slack_token",
    title: "Slack token or webhook",
    rule: "prefix, parts and digits",
    source: "Slack API documentation, Tokens; Incoming webhooks",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Literal(
        &[
            "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxe.", "xoxo-", "xoxc-",
            "xoxd-", "xapp-", HOOK,
        ],
        find,
    )],
    fits: |text| token_len(text).or_else(|| hook_len(text)) == Some(text.len()),
};

const HOOK: &str = "hooks.slack.com/services/";
/// Bytes after the prefix: bot tokens have fifty or so, those of configuration sessions some two hundred.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=255;
/// Digits among them: ids of workspace and bot have ten or more each.
const DIGITS_MIN: usize = 8;
/// Most characters in a part of a webhook's path; Slack's have nine to eleven, and twenty-four.
const PART_BYTES_MAX: usize = 48;

fn token_len(text: &[u8]) -> Option<usize> {
    let prefix = match text {
        [
            b'x',
            b'o',
            b'x',
            b'e',
            b'.',
            b'x',
            b'o',
            b'x',
            b'b' | b'p',
            b'-',
            ..,
        ] => 10,
        [
            b'x',
            b'o',
            b'x',
            b'a'..=b'e' | b'o' | b'p' | b'r' | b's',
            b'-',
            ..,
        ]
        | [b'x', b'a', b'p', b'p', b'-', ..] => 5,
        _ => return None,
    };
    let rest = text.get(prefix..)?;
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    let len = rest
        .iter()
        .take(TOKEN_BYTES.end() + 1)
        .take_while(part)
        .count();
    let token = rest.get(..len)?;
    let token = token.strip_suffix(b"-").unwrap_or(token);
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    let parts = token.split(|byte| *byte == b'-');
    let whole = parts.clone().all(|part| !part.is_empty()) && parts.count() >= 2;
    let fits =
        whole && TOKEN_BYTES.contains(&token.len()) && digits >= DIGITS_MIN && !is_blanked(token);
    fits.then_some(prefix + token.len())
}

fn hook_len(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(HOOK.as_bytes())?;
    let team = part(rest, 0);
    let bot = part(rest, team + 1);
    let secret = part(rest, team + 1 + bot + 1);
    let len = team + 1 + bot + 1 + secret;
    let slashes = rest.get(team) == Some(&b'/') && rest.get(team + 1 + bot) == Some(&b'/');
    let sized = (8..PART_BYTES_MAX).contains(&team) && (8..PART_BYTES_MAX).contains(&bot);
    let kinds = rest.first() == Some(&b'T') && rest.get(team + 1) == Some(&b'B');
    let fits = slashes && sized && kinds && (16..PART_BYTES_MAX).contains(&secret);
    (fits && !is_blanked(rest.get(..len)?)).then_some(HOOK.len() + len)
}

fn part(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .take(PART_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let rest = scene.text.get(at..).unwrap_or_default();
    let Some(len) = token_len(rest).or_else(|| hook_len(rest)) else {
        return;
    };
    let span = at..at + len;
    let likelihood = scene.likely(&span);
    sink.report(span, likelihood);
}

#[cfg(test)]
mod tests {
    use crate::chunk::Likelihood::Likely;
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    /// Put together here, so that scanners of source code stay silent.
    fn samples() -> Vec<String> {
        vec![
            format!(
                "xoxb-{}-{}-{}",
                "123456789012", "1234567890123", "AbCdEfGhIjKlMnOpQrStUvWx"
            ),
            format!(
                "xoxp-{}-{}-{}-{}",
                "1234567890", "1234567890", "1234567890", "abcdef0123456789abcdef0123456789"
            ),
            format!(
                "xapp-1-A01234567-{}-{}",
                "1234567890123",
                "0123456789abcdef".repeat(4)
            ),
            format!("xoxe.xoxp-1-{}", "Mi0yLTU1NTU1NTU1NTU1".repeat(7)),
            format!(
                "hooks.slack.com/services/{}/{}/{}",
                "T01234567", "B01234567", "abcdefghijklmnopqrstuvwx"
            ),
        ]
    }

    #[test]
    fn tokens_in_places() {
        for token in samples() {
            for (before, after) in [
                ("", ""),
                ("\"", "\""),
                ("x=", "&"),
                ("https://", " "),
                ("(", ")."),
            ] {
                let text = format!("{before}{token}{after}");
                assert_eq!(
                    found("slack_token", &text),
                    [(token.clone(), Likely)],
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn not_tokens() {
        for text in [
            "xoxb-your-token-goes-here",
            "xoxb-1234",
            "xoxb-123456789012",
            "xoxz-123456789012-1234567890123-abc",
            "yxoxb-123456789012-1234567890123-abc",
            "hooks.slack.com/services/T0/B0/x",
            "hooks.slack.com/services/X01234567/B01234567/abcdefghijklmnopqrstuvwx",
            "xoxb-XXXXXXXXXXXX-XXXXXXXXXXXXX-XXXXXXXXXXXX",
            "xoxb-",
            "xoxb---------------------",
        ] {
            assert_eq!(found("slack_token", text), [], "{text}");
        }
        assert_eq!(
            found("slack_token", &format!("xoxb-1-{}", "1".repeat(300))),
            []
        );
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(kind in "[bpars]", team in "[0-9]{10,13}", bot in "[0-9]{10,13}", secret in "[A-Za-w0-9]{24}") {
            let token = format!("xox{kind}-{team}-{bot}-{secret}");
            prop_assert_eq!(found("slack_token", &format!("{{\"t\":\"{token}\"}}")), [(token, Likely)]);
        }
    }
}
