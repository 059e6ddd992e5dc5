//! Private key in PEM or a relative of it.
//!
//! Rule: `-----BEGIN … PRIVATE KEY-----`, base64, and the footer with the same label; line ends may be written `\n`.
//! Source: RFC 7468 §3 and §10 (textual encodings), RFC 4716 (four dashes, a space), RFC 9580 §6.2 (`PGP PRIVATE
//! KEY BLOCK`).
//!
//! Owns: where the key ends, footer or not. Refuses: public keys and certificates; a header that no base64
//! follows, as in the code that reads keys. Stays true: a look goes on to the next `-----` and at most
//! [`limits::PRIVATE_KEY_BYTES_MAX`], so headers in a row cost no more than their length.
//!
//! With its footer it is certain; cut off, with a line of base64 or more, likely.

use crate::chunk::Likelihood;
use crate::limits;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};

/// The table's row. Nothing of a key may stay.
pub(super) const DETECTOR: Detector = Detector {
    name: "private_key",
    title: "private key",
    rule: "header, base64, footer",
    source: "RFC 7468 §3, RFC 4716, RFC 9580 §6.2",
    keywords: &[],
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 0,
    keep_last_max: 0,
    triggers: &[Trigger::Literal(&["BEGIN"], find)],
    fits: |text| text.windows(MARK.len()).any(|window| window == MARK),
};

const MARK: &[u8] = b"PRIVATE KEY";
const DASHES: &[u8] = b"----";
/// Longest label: `BEGIN SSH2 ENCRYPTED PRIVATE KEY` and some to spare.
const LABEL_BYTES_MAX: usize = 48;
/// Base64 in a row that makes a cut-off key: half a line.
const RUN_BYTES_MIN: usize = 32;

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let text = scene.text;
    let Some(start) = opening(text, at) else {
        return;
    };
    let Some(label) = label_len(text, at) else {
        return;
    };
    let body = at + label;
    let seen = text.get(body..).unwrap_or_default();
    let seen = seen
        .get(..seen.len().min(limits::PRIVATE_KEY_BYTES_MAX))
        .unwrap_or_default();
    let header = seen.iter().take_while(|byte| **byte == b'-').count();
    let stop = next_dashes(seen, header);
    let inside = seen
        .get(header..stop.unwrap_or(seen.len()))
        .unwrap_or_default();
    let Some(solid) = base64_end(inside) else {
        return;
    };
    match stop.and_then(|at| footer(text, body + at)) {
        Some(end) => sink.report(start..end, Likelihood::Certain),
        None => sink.report(start..body + header + solid, Likelihood::Likely),
    }
}

/// Where the dashes before `BEGIN` start.
fn opening(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let before = before.strip_suffix(b" ").unwrap_or(before);
    let dashes = before
        .iter()
        .rev()
        .take(5)
        .take_while(|byte| **byte == b'-')
        .count();
    (dashes >= DASHES.len()).then_some(before.len() - dashes)
}

/// Bytes from `BEGIN` to the dashes that end its line, if the label is a private key's.
fn label_len(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let in_label =
        |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b' ';
    let len = rest
        .iter()
        .take(LABEL_BYTES_MAX)
        .take_while(in_label)
        .count();
    let label = rest.get(..len)?.trim_ascii_end();
    let private = label.ends_with(MARK) || label.ends_with(b"PRIVATE KEY BLOCK");
    (private && rest.get(len..)?.starts_with(DASHES)).then_some(len)
}

/// Where dashes stand next, from `from` on.
fn next_dashes(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    memchr::memmem::find(rest, DASHES).map(|at| from + at)
}

/// Where the footer that begins with dashes at `at` ends.
fn footer(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let dashes = rest
        .iter()
        .take(5)
        .take_while(|byte| **byte == b'-')
        .count();
    let word = dashes + usize::from(rest.get(dashes) == Some(&b' '));
    rest.get(word..)?.strip_prefix(b"END ")?;
    let label = label_len(text, at + word)?;
    let end = at + word + label;
    let tail = text
        .get(end..)?
        .iter()
        .take(5)
        .take_while(|byte| **byte == b'-')
        .count();
    Some(end + tail)
}

/// Where the base64 of a key ends, if there is enough of it in a row. Header lines (`Proc-Type: …`), white
/// space and escaped line ends may stand before and between.
fn base64_end(inside: &[u8]) -> Option<usize> {
    let (mut run, mut enough, mut end) = (0, false, 0);
    for (at, byte) in inside.iter().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => {
                run += 1;
                enough |= run >= RUN_BYTES_MIN;
                end = at + 1;
            }
            b'\\' | b'\r' | b'\n' | b' ' | b'\t' | b':' | b',' | b'-' | b'.' | b'(' | b')'
            | b'@' | b'>' => run = 0,
            _ => break,
        }
    }
    enough.then_some(end)
}

#[cfg(test)]
mod tests {
    use crate::chunk::Likelihood::{self, Certain, Likely};
    use crate::limits;
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    const LINE: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";

    fn one(text: &str, key: &str, likelihood: Likelihood) {
        assert_eq!(
            found("private_key", text),
            [(key.to_owned(), likelihood)],
            "{text}"
        );
    }

    fn pem(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
    }

    #[test]
    fn labels_in_use() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "DSA PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            let key = pem(label, &format!("{LINE}\n{LINE}\nabc="));
            one(&format!("key:\n{key}\n"), &key, Certain);
            let escaped = key.replace('\n', "\\n");
            one(
                &format!("{{\"private_key\":\"{escaped}\\n\"}}"),
                &escaped,
                Certain,
            );
        }
        let old = pem(
            "RSA PRIVATE KEY",
            &format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B2C\n\n{LINE}"),
        );
        one(&old, &old, Certain);
        let ssh2 = format!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{LINE}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----"
        );
        one(&ssh2, &ssh2, Certain);
    }

    #[test]
    fn cut_off() {
        let key = format!("-----BEGIN PRIVATE KEY-----\n{LINE}\n{LINE}");
        one(&format!("{{\"k\":\"{key}\"}}"), &key, Likely);
        let long = format!(
            "-----BEGIN PRIVATE KEY-----\n{}",
            format!("{LINE}\n").repeat(1_000)
        );
        let found = found("private_key", &long);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].0.len() <= limits::PRIVATE_KEY_BYTES_MAX + 64 && found[0].0.len() > 16_000
        );
    }

    #[test]
    fn not_private_keys() {
        let texts = [
            pem("PUBLIC KEY", LINE),
            pem("CERTIFICATE", LINE),
            pem("PRIVATE KEY", ""),
            pem("PRIVATE KEY", "..."),
            "if line == \"-----BEGIN PRIVATE KEY-----\" { return }".to_owned(),
            "BEGIN PRIVATE KEY".to_owned(),
            "BEGIN;".to_owned(),
            format!("--BEGIN PRIVATE KEY--\n{LINE}"),
            "-----BEGIN PRIVATE KEY----- is the header of such a file.".to_owned(),
        ];
        for text in texts {
            assert_eq!(found("private_key", &text), [], "{text}");
        }
    }

    #[test]
    fn several_in_a_row() {
        let key = pem("PRIVATE KEY", LINE);
        assert_eq!(found("private_key", &format!("{key}\n{key}")).len(), 2);
        assert_eq!(
            found(
                "private_key",
                &format!("{}\n{key}", pem("PUBLIC KEY", LINE))
            )
            .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(lines in proptest::collection::vec("[A-Za-z0-9+/]{64}", 1..9), escaped in any::<bool>()) {
            let key = pem("EC PRIVATE KEY", &lines.join("\n"));
            let key = if escaped { key.replace('\n', "\\n") } else { key };
            one(&format!("{{\"k\":\"{key}\"}}"), &key, Certain);
        }
    }
}
