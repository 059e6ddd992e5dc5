//! Which runs of letters and digits are worth decoding.
//!
//! Owns: the look at a run's head. Refuses: to decode whole runs (`base64`, `hex`). Stays true: a
//! bounded number of bytes is looked at for a token; words, hashes and random tokens end the look
//! after two or three decoded bytes; what is worth decoding reads as text, or says what it is.
//!
//! A head reads as text when two thirds of its first 24 bytes do: printable ASCII, whole UTF-8
//! characters, or the NULs of 16-bit text. Of random bytes 38 % do: one token in 600 of twelve
//! characters passes, one in thousands of longer ones.

use super::{base64, claims, hex};

/// Fewest decoded bytes that are worth a look: nine digits.
pub(super) const BYTES_MIN: usize = 9;
/// Bytes decoded to decide.
pub(super) const HEAD_BYTES: usize = 24;
/// Below this a head has to read as text nearly whole.
const SHORT_BYTES: usize = 16;
/// Bytes decoded to see whether a run goes on.
const READ_ON_BYTES: usize = 12;
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

/// The run worth decoding that begins at a token's start.
pub(super) fn begins(text: &[u8], at: usize) -> Option<Run> {
    hexadecimal(text, at).or_else(|| base64_run(text, at))
}

fn hexadecimal(text: &[u8], at: usize) -> Option<Run> {
    let rest = text.get(at..)?;
    let start = match rest {
        [b'0', b'x' | b'X', ..] => at + 2,
        [b'x', ..] if at > 0 && text.get(at - 1) == Some(&b'\\') => at + 1,
        _ => at,
    };
    let head = text.get(start..)?.chunks_exact(2);
    let verdict = judge(head.map_while(|pair| hex::byte(pair)).take(HEAD_BYTES));
    (verdict != Verdict::No).then_some(Run {
        begin: at,
        start,
        packing: Packing::Hex,
    })
}

fn base64_run(text: &[u8], token: usize) -> Option<Run> {
    let at = token - marked(text, token);
    let mut head = [0; HEAD_BYTES];
    let verdict = judge_lazily(text, at, &mut head);
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
    // Most tokens end here: nothing of the alphabet where a long run would go on.
    let goes_on = |probe: &&usize| {
        judge_lazily(text, at + **probe, &mut head) == Verdict::Text
            && text
                .get(at..at + **probe)
                .is_some_and(|run| run.iter().all(|c| base64::is_in(*c)))
    };
    PROBES.iter().find(goes_on).and_then(|_| run(true))
}

/// Characters before the token that belong to its run: the marks of byte order are `//4` and `/v8`, or
/// `__4` and `_v8`. Nothing else that reads as text begins with one of these.
fn marked(text: &[u8], token: usize) -> usize {
    let (before, rest) = text.split_at_checked(token).unwrap_or_default();
    match (before, rest) {
        ([.., b'/', b'/'] | [.., b'_', b'_'], [b'4', ..]) => 2,
        ([.., b'/' | b'_'], [b'v', b'8', ..]) => 1,
        _ => 0,
    }
}

/// Decodes no further than the verdict needs.
fn judge_lazily(text: &[u8], at: usize, head: &mut [u8; HEAD_BYTES]) -> Verdict {
    let Some(rest) = text.get(at..) else {
        return Verdict::No;
    };
    let mut reading = Reading::default();
    for quad in rest.chunks(4).take(HEAD_BYTES / 3) {
        let (bytes, len) = base64::quad(quad);
        for byte in bytes.iter().take(len) {
            if let Some(place) = head.get_mut(reading.bytes) {
                *place = *byte;
            }
            reading.push(*byte);
        }
        if reading.bytes == 3 && claims::begins(head.get(..3).unwrap_or_default()) {
            return if base64::run_len(rest) >= claims::CHARACTERS_MIN {
                Verdict::Magic
            } else {
                Verdict::No
            };
        }
        if reading.is_hopeless() {
            return Verdict::No;
        }
        if len < 3 {
            break;
        }
    }
    reading.verdict()
}

/// Whether what goes on here still reads as text, for a run that is text so far; a character may have begun before.
pub(super) fn reads_on(text: &[u8]) -> bool {
    let mut reading = Reading::default();
    for quad in text.chunks(4).take(READ_ON_BYTES / 3) {
        let (bytes, len) = base64::quad(quad);
        for byte in bytes.iter().take(len) {
            let carried = reading.bytes == 0 && matches!(byte, 0x80..=0xbf);
            if !carried {
                reading.push(*byte);
            }
        }
        if len < 3 {
            break;
        }
    }
    let bytes = reading.bytes as i32;
    bytes > 2 && reading.score * 2 > bytes && reading.printable > 1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    No,
    Text,
    Magic,
}

fn judge(bytes: impl Iterator<Item = u8>) -> Verdict {
    let (mut reading, mut head) = (Reading::default(), [0; 3]);
    for byte in bytes {
        if let Some(place) = head.get_mut(reading.bytes) {
            *place = byte;
        }
        reading.push(byte);
        if reading.bytes == 3 && claims::begins(&head) {
            return Verdict::Magic;
        }
        if reading.is_hopeless() {
            return Verdict::No;
        }
    }
    reading.verdict()
}

/// How much a head looks like text.
#[derive(Default)]
struct Reading {
    bytes: usize,
    score: i32,
    printable: usize,
    /// Bytes that a UTF-8 character still needs.
    awaited: u8,
}

impl Reading {
    fn push(&mut self, byte: u8) {
        self.bytes += 1;
        let awaited = std::mem::take(&mut self.awaited);
        match byte {
            0x20..=0x7e | b'\t' | b'\n' | b'\r' => {
                self.score += 1 - 2 * i32::from(awaited > 0);
                self.printable += 1;
            }
            0 => self.score += 1,
            0x80..=0xbf if awaited > 0 => {
                self.awaited = awaited - 1;
                self.score += 1 + i32::from(awaited == 1); // the first byte counts with the last
                self.printable += 1;
            }
            0xc2..=0xdf => self.awaited = 1,
            0xe0..=0xef => self.awaited = 2,
            0xf0..=0xf4 => self.awaited = 3,
            0x80.. => self.score -= 2,
            _ => self.score -= 2,
        }
    }

    fn is_hopeless(&self) -> bool {
        self.bytes > 2 && self.score < -3
    }

    fn is_text(&self) -> bool {
        let bytes = self.bytes as i32;
        // Fewer bytes tell less.
        let fifths = if self.bytes < SHORT_BYTES { 4 } else { 3 };
        self.score * 5 >= bytes * fifths && self.printable * 3 >= self.bytes
    }

    fn verdict(&self) -> Verdict {
        match self.bytes >= BYTES_MIN && self.is_text() {
            true => Verdict::Text,
            false => Verdict::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

    fn worth(text: &str) -> bool {
        begins(text.as_bytes(), 0).is_some()
    }

    #[test]
    fn text_is_worth_decoding() {
        for plain in [
            "536904399",
            "536-90-4399",
            "4111111111111111",
            "{\"name\":\"張三\",\"ssn\":\"536-90-4399\"}",
            "\0\0\0\0\u{1}\u{2}John Smith 536-90-4399",
            "住所：東京都千代田区",
            "5\03\06\0-\09\00\0-\04\03\09\09\0",
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
