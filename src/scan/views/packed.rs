//! Which runs of letters and digits are worth decoding.
//!
//! Owns: the look at a run's head. Refuses: to decode whole runs (`base64`, `hex`). Stays true: a
//! bounded number of bytes is looked at for a token; words, hashes and random tokens end the look
//! after two or three decoded bytes; what is worth decoding reads as text, or says what it is.

use super::head::Head;
use super::{base64, claims, hex};

/// Fewest decoded bytes that are worth a look: nine digits.
pub(super) const BYTES_MIN: usize = 9;
/// As many in base64.
const CHARACTERS_MIN: usize = BYTES_MIN / 3 * QUAD;
/// Characters for three bytes.
const QUAD: usize = 4;
/// Bytes decoded to decide.
pub(super) const HEAD_BYTES: usize = 24;
/// Bytes decoded to see whether a run goes on.
const READ_ON_BYTES: usize = 12;
/// Of random bytes a run of twelve letters and digits begins within so many characters, two times in three.
const LATER_MAX: usize = 64;
/// Where a run is looked at again, in characters: behind the head of a binary format there may be
/// text. Multiples of four.
const PROBES: [usize; 3] = [64, 128, 256];

/// A run that is worth decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// First character of it, `0x` and the like included.
    pub(super) begin: usize,
    /// First character that is decoded.
    pub(super) start: usize,
    /// In which of two ways.
    pub(super) packing: Packing,
}

/// How bytes are written as letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Two characters a byte.
    Hex,
    /// Four characters for three.
    Base64 {
        /// The bytes say by themselves what they are, and need not look like text.
        magic: bool,
    },
}

/// Whether letters and digits begin here.
pub(super) fn is_token_start(text: &[u8], at: usize) -> bool {
    let here = text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    here && !before.is_some_and(u8::is_ascii_alphanumeric)
}

/// Letters and digits from here on, as far as a head matters.
fn token_len(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let token = rest.iter().take(2 * HEAD_BYTES);
    token.take_while(|c| base64::is_alphanumeric(**c)).count()
}

/// The run worth decoding that begins at a token's start.
pub(super) fn begins(text: &[u8], at: usize) -> Option<Run> {
    let [a, b, c, ..] = *text.get(at..)? else {
        return None;
    };
    // Most tokens are words and numbers, and end here.
    let hex = may_be_hex(a, b);
    let base64 = may_begin(a, b, c) || marked(text, at) > 0;
    let probe = !base64 && is_long(text, at);
    if !base64 && !hex && !probe {
        return None;
    }
    let len = token_len(text, at);
    let long = len >= CHARACTERS_MIN;
    let head = len >= QUAD && text.get(at + len).is_some_and(|c| base64::is_in(*c));
    if !long && (!head || follows_alphabet(text, at)) {
        return None;
    }
    let run = if hex {
        hexadecimal(text, at, len)
    } else {
        None
    };
    if run.is_some() || !(base64 || probe) {
        return run;
    }
    base64_run(text, at)
}

/// The run of base64 worth decoding that this token is a later part of, if its beginning is near.
pub(super) fn began(text: &[u8], at: usize) -> Option<Run> {
    if !follows_alphabet(text, at) {
        return None;
    }
    let before = text.get(at.saturating_sub(LATER_MAX)..at)?;
    let later = before
        .iter()
        .rev()
        .take_while(|c| base64::is_in(**c))
        .count();
    let run = text.get(at - later..)?;
    let first = run.iter().position(u8::is_ascii_alphanumeric)?;
    begins(text, at - later + first)
}

/// Whether a run of base64 may begin here that is long enough for a probe: some characters are looked at.
fn is_long(text: &[u8], at: usize) -> bool {
    let is_in = |ahead: &usize| text.get(at + ahead).is_some_and(|c| base64::is_in(*c));
    SAMPLES.iter().all(is_in) && !follows_alphabet(text, at)
}

const SAMPLES: [usize; 8] = [12, 16, 20, 28, 36, 44, 52, PROBES[0] + QUAD];

/// Whether three characters may begin what reads as text or says what it is: of words one in twenty does.
fn may_begin(first: u8, second: u8, third: u8) -> bool {
    let [a, b, c] = [first, second, third].map(|c| base64::value(c) & 0x3f);
    // The upper halves of the second and the third byte.
    let (second_half, third_half) = (b & 0x0f, c & 0x03);
    match a {
        // ASCII: so are the other two, unless the first may be a magic number's.
        0..=31 => {
            let ascii = second_half < 8 && second_half != 1 && third_half < 2;
            ascii || MAGIC.contains(&(first, second))
        }
        // Beyond ASCII, of two bytes or of more.
        48..=55 => second_half & 0x0c == 8 && third_half != 2,
        56..=61 => second_half & 0x0c == 8 && third_half == 2,
        _ => false,
    }
}

/// What gzip, the four kinds of zlib and zstd begin with.
const MAGIC: [(u8, u8); 6] = [
    (b'H', b'4'),
    (b'e', b'A'),
    (b'e', b'F'),
    (b'e', b'J'),
    (b'e', b'N'),
    (b'K', b'L'),
];

fn may_be_hex(first: u8, second: u8) -> bool {
    let prefix = first == b'x' || (first == b'0' && matches!(second, b'x' | b'X'));
    prefix || (first.is_ascii_hexdigit() && second.is_ascii_hexdigit())
}

/// Whether base64 may have begun before.
fn follows_alphabet(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    before.is_some_and(|c| base64::is_in(*c))
}

fn hexadecimal(text: &[u8], at: usize, len: usize) -> Option<Run> {
    let rest = text.get(at..at + len).filter(|_| len >= 2 * BYTES_MIN)?;
    let prefix = match rest {
        [b'0', b'x' | b'X', ..] => 2,
        [b'x', ..] if at > 0 && text.get(at - 1) == Some(&b'\\') => 1,
        _ => 0,
    };
    let verdict = judge_hex(rest.get(prefix..)?);
    let run = Run {
        begin: at,
        start: at + prefix,
        packing: Packing::Hex,
    };
    (verdict != Verdict::No).then_some(run)
}

fn base64_run(text: &[u8], token: usize) -> Option<Run> {
    let at = token - marked(text, token);
    let verdict = judge_base64(text, at);
    let run = |magic| {
        Some(Run {
            begin: at,
            start: at,
            packing: Packing::Base64 { magic },
        })
    };
    match verdict {
        Verdict::Text => return run(at < token),
        Verdict::Magic => return run(true),
        Verdict::No => {}
    }
    if follows_alphabet(text, at) {
        return None;
    }
    let goes_on = |probe: &&usize| {
        let there = text.get(at + **probe..at + **probe + 2);
        there.is_some_and(|pair| pair.iter().all(|c| base64::is_in(*c)))
            && judge_base64(text, at + **probe) == Verdict::Text
            && text
                .get(at..at + **probe)
                .is_some_and(|run| run.iter().all(|c| base64::is_in(*c)))
    };
    PROBES.iter().find(goes_on).and_then(|_| run(true))
}

/// Characters before the token that belong to its run: the marks of byte order are `//4` and `/v8`, or
/// `__4` and `_v8`. Nothing else that reads as text begins with one of these.
fn marked(text: &[u8], token: usize) -> usize {
    if !matches!(text.get(token), Some(b'4' | b'v')) {
        return 0;
    }
    let (before, rest) = text.split_at_checked(token).unwrap_or_default();
    match (before, rest) {
        ([.., b'/', b'/'] | [.., b'_', b'_'], [b'4', ..]) => 2,
        ([.., b'/' | b'_'], [b'v', b'8', ..]) => 1,
        _ => 0,
    }
}

/// Decodes no further than the verdict needs.
fn judge_base64(text: &[u8], at: usize) -> Verdict {
    let rest = text.get(at..).unwrap_or_default();
    let mut head = Head::default();
    for quad in rest.chunks(QUAD).take(HEAD_BYTES / 3) {
        let (bytes, len) = base64::quad(quad);
        match len {
            3 => head.push_three(bytes),
            _ => bytes.iter().take(len).for_each(|byte| head.push(*byte)),
        }
        if head.len() == 3 && claims::begins(&bytes) {
            let long = base64::run_len(rest) >= claims::CHARACTERS_MIN;
            return if long { Verdict::Magic } else { Verdict::No };
        }
        if head.is_hopeless() {
            return Verdict::No;
        }
        if len < 3 {
            break;
        }
    }
    verdict(&head)
}

fn judge_hex(text: &[u8]) -> Verdict {
    let mut head = Head::default();
    let mut first = [0; 3];
    for byte in text.chunks_exact(2).map_while(hex::byte).take(HEAD_BYTES) {
        if let Some(place) = first.get_mut(head.len()) {
            *place = byte;
        }
        head.push(byte);
        if head.len() == 3 && claims::begins(&first) {
            return Verdict::Magic;
        }
        if head.is_hopeless() {
            return Verdict::No;
        }
    }
    verdict(&head)
}

/// Whether what goes on here still reads as text, for a run that is text so far; a character may have begun before.
pub(super) fn reads_on(text: &[u8]) -> bool {
    let mut head = Head::default();
    for quad in text.chunks(QUAD).take(READ_ON_BYTES / 3) {
        let (bytes, len) = base64::quad(quad);
        for byte in bytes.iter().take(len) {
            let carried = head.len() == 0 && matches!(byte, 0x80..=0xbf);
            if !carried {
                head.push(*byte);
            }
        }
        if len < 3 {
            break;
        }
    }
    head.len() > 2 && head.goes_on()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    No,
    Text,
    Magic,
}

fn verdict(head: &Head) -> Verdict {
    match head.len() >= BYTES_MIN && head.is_text() {
        true => Verdict::Text,
        false => Verdict::No,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::octal_escapes,
        reason = "digits between NULs are what is tried"
    )]
    use super::*;
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

    fn worth(text: &str) -> bool {
        let text = text.as_bytes();
        let start = text.iter().position(u8::is_ascii_alphanumeric).unwrap_or(0);
        begins(text, start).is_some()
    }

    #[test]
    fn text_is_worth_decoding() {
        for plain in [
            "536904399",
            "536-90-4399",
            "4111111111111111",
            "{\"name\":\"張三\",\"ssn\":\"536-90-4399\"}",
            "\x00\x00\x00\x00\u{1}\u{2}John Smith 536-90-4399",
            "住所：東京都千代田区",
            "5\x003\x006\x00-\x009\x000\x00-\x004\x003\x009\x009\x00",
            "\x0a\x0bJohn Miller\x12\x0b536-90-4399",
        ] {
            assert!(worth(&BASE64.encode(plain.as_bytes())), "{plain:?}");
            assert!(
                worth(&BASE64URL_NOPAD.encode(plain.as_bytes())),
                "{plain:?}"
            );
            assert!(worth(&HEXLOWER.encode(plain.as_bytes())), "{plain:?}");
        }
        assert!(worth("0x353336393034333939") && !worth("0x3533"));
    }

    #[test]
    fn words_hashes_and_identifiers_are_not() {
        for text in [
            "authentication",
            "customer_address_line_one",
            "2024-01-15T10:00:00Z",
            "550e8400-e29b-41d4-a716-446655440000",
            "d41d8cd98f00b204e9800998ecf8427e",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "application/json",
            "/api/v1/customers/orders/recent",
            "1700000000000",
        ] {
            assert!(!worth(text), "{text}");
        }
    }

    /// The share of random tokens that pass, in both packings: what the head of this file says.
    #[test]
    fn few_random_tokens_pass() {
        let mut state = 7u64;
        let mut random = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as u8
        };
        for (bytes, passing_max) in [
            (9, 100),
            (12, 100),
            (16, 100),
            (24, 100),
            (32, 100),
            (64, 100),
        ] {
            let (mut base64, mut hex) = (0, 0);
            for _ in 0..20_000 {
                let token: Vec<u8> = (0..bytes).map(|_| random()).collect();
                base64 += usize::from(worth(
                    &BASE64URL_NOPAD.encode(&token).replace(['-', '_'], "a"),
                ));
                hex += usize::from(worth(&HEXLOWER.encode(&token)));
            }
            println!("{bytes} {base64} {hex}");
            assert!(
                base64 <= passing_max && hex <= passing_max,
                "{bytes}: {base64} {hex} of 20,000"
            );
        }
    }

    #[test]
    fn text_behind_a_binary_head_is_seen() {
        let mut binary: Vec<u8> = (0..60u8).map(|i| i.wrapping_mul(89) | 0x80).collect();
        binary.extend_from_slice(
            b"name John Smith, ssn 536-90-4399 and so on for a while, until the end of it",
        );
        assert!(worth(&BASE64.encode(&binary)));
    }
}
