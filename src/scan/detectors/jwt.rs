//! JSON web token.
//!
//! Rule: three parts of base64url joined by dots; the first decodes to a JSON object with a member `alg`, the
//! second to a JSON object; the third, the signature, may be empty (`"alg":"none"`). Source: RFC 7519 §3, RFC 7515
//! §3.1 (compact serialisation) and §4.1.1 (`alg`).
//!
//! Owns: that rule. Refuses: encrypted tokens (five parts, RFC 7516: what they say stays secret without us), and
//! headers that begin with white space. Stays true: parts are bounded and decoded as they are parsed, without
//! a copy; a header that is no JSON ends the look where it stops being JSON.

use crate::limits;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::scene::{Scene, Sink};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::io::{self, Read};

/// Words that say "token"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "jwt",
    "jwts",
    "bearer",
    "authorization",
    "token",
    "tokens",
    "access token",
    "id token",
    "refresh token",
    "session",
    "cookie",
    "assertion",
];

/// The table's row. The header's first letters are the same in all of them.
pub(super) const DETECTOR: Detector = Detector {
    name: "jwt",
    title: "JSON web token",
    rule: "three parts, header with alg and payload are JSON objects",
    source: "RFC 7519 §3, RFC 7515 §3.1",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Literal(&["eyJ"], find)],
    fits: |text| token_len(text, limits::JWT_HEADER_BYTES_MAX) == Some(text.len()),
};

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let text = scene.text;
    // After `-` and `_`, which base64url has too, this may be any place in a longer part.
    let joined = at
        .checked_sub(1)
        .is_some_and(|at| matches!(text.get(at), Some(b'-' | b'_')));
    let header_max = if joined {
        JOINED_HEADER_BYTES_MAX
    } else {
        limits::JWT_HEADER_BYTES_MAX
    };
    let Some(len) = text.get(at..).and_then(|rest| token_len(rest, header_max)) else {
        return;
    };
    let span = at..at + len;
    let likelihood = scene.likely(&span);
    sink.report(span, likelihood);
}

/// Longest header where the token may be joined to something: `{"alg":…,"typ":…,"kid":…}` in base64.
const JOINED_HEADER_BYTES_MAX: usize = 192;

/// Length of the token at the front.
fn token_len(text: &[u8], header_max: usize) -> Option<usize> {
    // Parsed before it is measured: most of what begins `eyJ` and is no token ends here, within bytes.
    if !is_header(text.get(..text.len().min(header_max + 1))?) {
        return None;
    }
    let header = part(text, header_max)?;
    let rest = text.get(header.len()..)?.strip_prefix(b".")?;
    let payload = part(rest, limits::JWT_PAYLOAD_BYTES_MAX)?;
    let rest = rest
        .get(payload.len()..)?
        .strip_prefix(b".")
        .filter(|_| is_object(payload))?;
    let signature = part(rest, limits::JWT_SIGNATURE_BYTES_MAX)?;
    let more = matches!(rest.get(signature.len()..), Some([b'.', next, ..]) if is_base64url(next));
    (!more).then_some(header.len() + 1 + payload.len() + 1 + signature.len())
}

fn is_base64url(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The base64url at the front; none if there is more of it than `max`.
fn part(text: &[u8], max: usize) -> Option<&[u8]> {
    let len = text
        .iter()
        .take(max + 1)
        .take_while(|byte| is_base64url(byte))
        .count();
    text.get(..len).filter(|part| part.len() <= max)
}

/// What a header must have; its other members may be anything.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "alg")]
    _alg: IgnoredAny,
}

/// Whether the part at the front of the text is a header.
fn is_header(text: &[u8]) -> bool {
    serde_json::from_reader::<_, Header>(Decoded::new(text)).is_ok()
}

fn is_object(part: &[u8]) -> bool {
    let mut first = [0];
    let opens = Decoded::new(part).read(&mut first).is_ok() && first == *b"{";
    opens && serde_json::from_reader::<_, IgnoredAny>(Decoded::new(part)).is_ok()
}

/// Decodes base64url (RFC 4648 §5, no padding) as it is read, up to the first other character.
struct Decoded<'a> {
    rest: &'a [u8],
    /// Bits that were decoded and not read, the oldest first.
    bits: u32,
    count: u32,
}

impl<'a> Decoded<'a> {
    fn new(text: &'a [u8]) -> Decoded<'a> {
        Decoded {
            rest: text,
            bits: 0,
            count: 0,
        }
    }

    fn next(&mut self) -> Option<u8> {
        while self.count < 8 {
            let (first, rest) = self.rest.split_first()?;
            self.bits = self.bits << 6 | u32::from(sextet(*first)?);
            self.count += 6;
            self.rest = rest;
        }
        self.count -= 8;
        Some((self.bits >> self.count) as u8)
    }
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut len = 0;
        for place in out {
            let Some(byte) = self.next() else { break };
            *place = byte;
            len += 1;
        }
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Likelihood;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely};
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    fn token(header: &str, payload: &str, signature: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{signature}", encode(header), encode(payload))
    }

    fn one(text: &str, token: &str, likelihood: Likelihood) {
        assert_eq!(
            found("jwt", text),
            [(token.to_owned(), likelihood)],
            "{text}"
        );
    }

    /// RFC 7519 §3.1, whose header has a line end in it.
    const OF_THE_RFC: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn tokens_in_places() {
        let none = token(r#"{"alg":"none"}"#, r#"{"sub":"x"}"#, "");
        let big = token(
            r#"{"kid":"a-1","alg":"RS256"}"#,
            &format!("{{\"x\":\"{}\"}}", "y".repeat(4_000)),
            &"s".repeat(342),
        );
        for token in [OF_THE_RFC, &none, &big] {
            for (before, after) in [
                ("", ""),
                ("\"", "\""),
                ("x=", "&"),
                ("(", ")"),
                ("t_", "\n"),
                ("a ", " b"),
            ] {
                one(&format!("{before}{token}{after}"), token, Likely);
            }
            one(&format!("Authorization: Bearer {token}"), token, Certain);
        }
        one(&format!("x {OF_THE_RFC}."), OF_THE_RFC, Likely);
    }

    #[test]
    fn not_tokens() {
        let long = format!(
            "{{\"alg\":\"{}\"}}",
            "a".repeat(limits::JWT_HEADER_BYTES_MAX)
        );
        for text in [
            token(r#"{"typ":"JWT"}"#, r#"{"sub":"x"}"#, "abc"),
            token(r#"{"alg":"HS256""#, r#"{"sub":"x"}"#, "abc"),
            token(r#"{"alg":"HS256"}"#, r#"{"sub":"x""#, "abc"),
            token(r#"{"alg":"HS256"}"#, r#"["x"]"#, "abc"),
            token(&long, "{}", "abc"),
            format!("x{OF_THE_RFC}"),
            format!("{OF_THE_RFC}.more"),
            OF_THE_RFC.rsplit_once('.').expect("dots").0.to_owned(),
            "eyJ".to_owned(),
            "eyJhbGciOiJub25lIn0".to_owned(),
            "eyJeyJeyJ.eyJeyJ.eyJ".to_owned(),
        ] {
            assert_eq!(found("jwt", &text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn decodes_as_the_library_does(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = BASE64URL_NOPAD.encode(&bytes);
            let mut out = Vec::new();
            Decoded::new(text.as_bytes()).read_to_end(&mut out).expect("reads");
            prop_assert_eq!(out, bytes);
        }

        #[test]
        fn generated_ones_are_found(alg in "[A-Z0-9]{4,6}", name in "[a-z]{1,9}", value in "[ -!#-\\[\\]-~]{0,40}", signature in "[A-Za-z0-9_-]{20,90}") {
            let header = format!("{{\"typ\":\"JWT\",\"alg\":\"{alg}\"}}");
            let token = token(&header, &format!("{{\"{name}\":\"{value}\"}}"), &signature);
            one(&format!("{{\"x\":\"{token}\"}}"), &token, Likely);
        }
    }
}
