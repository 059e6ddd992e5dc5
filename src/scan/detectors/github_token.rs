//! GitHub token.
//!
//! Rule: `ghp_`, `gho_`, `ghu_`, `ghs_` or `ghr_` and thirty-six to two hundred and fifty-five letters and digits,
//! or `github_pat_`, twenty-two letters and digits, an underscore and fifty-nine more. The last six
//! characters of the former are a CRC-32 of the others in base 62. Source: GitHub, "Behind GitHub's new
//! authentication token formats" (2021), and "About authentication to GitHub" for the prefixes.
//!
//! Owns: that rule. Refuses: the forty hexadecimal digits of tokens before 2021, which are any digest.
//! Stays true: likely by form, for GitHub may change how it sums; certain with the checksum or a word near.

use crate::chunk::Likelihood;
use crate::scan::blank::is_blanked;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};

/// Words that say "token"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "github",
    "git hub",
    "gh token",
    "github token",
    "pat",
    "token",
    "authorization",
    "bearer",
];

/// The table's row. The prefix tells the kind of token.
pub(super) const DETECTOR: Detector = Detector {
    name: "github_token",
    title: "GitHub token",
    rule: "prefix, length and, for certainty, CRC-32",
    source: "GitHub, Behind GitHub's new authentication token formats, 2021",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Literal(
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", PAT],
        find,
    )],
    fits: |text| token_len(text) == Some(text.len()),
};

const PAT: &str = "github_pat_";
/// Characters after the prefix of a classic token; refresh tokens have seventy-six, and GitHub asks readers to
/// be ready for two hundred and fifty-five.
const CLASSIC_BYTES: std::ops::RangeInclusive<usize> = 36..=255;
/// Characters of the checksum.
const CHECKSUM_BYTES: usize = 6;

fn solid(text: &[u8]) -> usize {
    let most = CLASSIC_BYTES.end() + 1;
    text.iter()
        .take(most)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
}

/// Length of the token at the front.
fn token_len(text: &[u8]) -> Option<usize> {
    let len = if let Some(rest) = text.strip_prefix(PAT.as_bytes()) {
        let second = rest.get(23..)?;
        (solid(rest) == 22 && rest.get(22) == Some(&b'_') && solid(second) == 59)
            .then_some(PAT.len() + 82)?
    } else {
        let kind = matches!(
            text,
            [b'g', b'h', b'p' | b'o' | b'u' | b's' | b'r', b'_', ..]
        );
        let len = solid(text.get(4..)?);
        (kind && CLASSIC_BYTES.contains(&len)).then_some(4 + len)?
    };
    let goes_on = text.get(len) == Some(&b'_');
    (!goes_on && !is_blanked(text.get(..len)?)).then_some(len)
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let rest = scene.text.get(at..).unwrap_or_default();
    let Some(len) = token_len(rest) else { return };
    let span = at..at + len;
    let summed = rest.get(4..len).is_some_and(is_summed);
    let certain = summed || scene.near(&span);
    sink.report(
        span,
        if certain {
            Likelihood::Certain
        } else {
            Likelihood::Likely
        },
    );
}

/// Whether the last six characters are the checksum of those before.
fn is_summed(text: &[u8]) -> bool {
    let Some((rest, sum)) = text
        .len()
        .checked_sub(CHECKSUM_BYTES)
        .map(|at| text.split_at(at))
    else {
        return false;
    };
    let mut value = crc_32(rest);
    sum.iter().rev().all(|byte| {
        let digit = BASE_62.get((value % 62) as usize);
        value /= 62;
        digit == Some(byte)
    })
}

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// CRC-32 of ISO 3309, one bit at a time: tokens are rare and short.
fn crc_32(text: &[u8]) -> u32 {
    !text.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely};
    use proptest::prelude::*;

    fn one(text: &str, token: &str, likelihood: Likelihood) {
        assert_eq!(
            found("github_token", text),
            [(token.to_owned(), likelihood)],
            "{text}"
        );
    }

    #[test]
    fn the_checksum() {
        assert_eq!(crc_32(b"123456789"), 0xcbf4_3926); // the check value of ISO 3309's polynomial
        assert!(is_summed(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"));
        assert!(!is_summed(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18") && !is_summed(b"abc"));
    }

    #[test]
    fn tokens_in_places() {
        let summed = "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";
        let fine = format!(
            "github_pat_{}_{}",
            "11ABCDEFG0123456789abc",
            "a1B2".repeat(14) + "xyz"
        );
        let refresh = format!("ghr_{}", "1B4a".repeat(19));
        for (before, after) in [
            ("", ""),
            ("\"", "\""),
            ("x=", "&"),
            ("https://", "@github.example"),
        ] {
            one(&format!("{before}{summed}{after}"), summed, Certain);
            let likelihood = if after.contains("github") {
                Certain
            } else {
                Likely
            };
            one(&format!("{before}{fine}{after}"), &fine, likelihood);
            one(&format!("{before}{refresh}{after}"), &refresh, likelihood);
        }
        one(&format!("token: {refresh}"), &refresh, Certain);
    }

    #[test]
    fn not_tokens() {
        let tail = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
        for text in [
            format!("ghp_{}", &tail[1..]),
            format!("ghx_{tail}"),
            format!("xghp_{tail}"),
            format!("ghp_{tail}_x"),
            format!("ghp-{tail}"),
            format!("ghp_{}", "X".repeat(36)),
            format!("ghp_{}", "a".repeat(256)),
            "github_pat_abc_def".to_owned(),
            "ghp_".to_owned(),
        ] {
            assert_eq!(found("github_token", &text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(kind in "[pousr]", random in "[A-Za-z0-9]{30}") {
            let mut value = crc_32(random.as_bytes());
            let mut sum = Vec::new();
            for _ in 0..6 {
                sum.insert(0, BASE_62[(value % 62) as usize]);
                value /= 62;
            }
            let token = format!("gh{kind}_{random}{}", String::from_utf8_lossy(&sum));
            one(&format!("{{\"t\":\"{token}\"}}"), &token, Certain);
        }
    }
}
