//! Base64 (RFC 4648 §4 and §5): either alphabet, or both mixed; with or without padding; in lines.
//!
//! Owns: reading a run to its end, and writing bytes in the fashion of a run. Refuses: to say which runs
//! are worth it (`packed`). Stays true: linear; what a run was read to is written back to the same run
//! when it was canonical.

use super::packed;

/// A line shorter than this does not go on in the next: RFC 1421 has 64 characters, RFC 2045 at most 76.
const LINE_CHARACTERS_MIN: usize = 60;
/// Not of the alphabet.
const NONE: u8 = 0x80;
/// Set with the value of `+ / - _`.
const SPECIAL: u8 = 0x40;

static VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut value = 0;
    while value < 62 {
        table[STANDARD[value] as usize] = value as u8;
        value += 1;
    }
    table[b'+' as usize] = 62 | SPECIAL;
    table[b'-' as usize] = 62 | SPECIAL;
    table[b'/' as usize] = 63 | SPECIAL;
    table[b'_' as usize] = 63 | SPECIAL;
    table
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Six bits, and more where the character is special or none.
#[inline]
pub(super) fn value(byte: u8) -> u8 {
    VALUES[usize::from(byte)]
}

/// Whether the character is of either alphabet.
pub(super) fn is_in(byte: u8) -> bool {
    value(byte) != NONE
}

/// Whether it is a letter or a digit.
pub(super) fn is_alphanumeric(byte: u8) -> bool {
    value(byte) < SPECIAL
}

/// Characters of the alphabet that a text begins with, as far as a run's head matters.
pub(super) fn run_len(text: &[u8]) -> usize {
    text.iter()
        .take(4 * packed::HEAD_BYTES)
        .take_while(|c| is_in(**c))
        .count()
}

/// The bytes of up to four characters, and how many: three unless the run ends here.
#[inline]
pub(super) fn quad(characters: &[u8]) -> ([u8; 3], usize) {
    if let [a, b, c, d, ..] = *characters {
        let (word, bits) = word([a, b, c, d]);
        if bits & NONE == 0 {
            let [_, x, y, z] = word.to_be_bytes();
            return ([x, y, z], 3);
        }
    }
    let (mut word, mut count) = (0u32, 0);
    for character in characters.iter().take(3) {
        let value = value(*character);
        if value == NONE {
            break;
        }
        word = word << 6 | u32::from(value & 0x3f);
        count += 1;
    }
    word <<= 6 * (4 - count);
    let [_, x, y, z] = word.to_be_bytes();
    ([x, y, z], [0, 0, 1, 2].get(count).copied().unwrap_or(0))
}

/// The 24 bits of four characters, and what is set in any of the first three values, or not of the alphabet in any of four.
fn word(characters: [u8; 4]) -> (u32, u8) {
    let [a, b, c, d] = characters.map(value);
    let bits = |value: u8| u32::from(value & 0x3f);
    let word = bits(a) << 18 | bits(b) << 12 | bits(c) << 6 | bits(d);
    (word, a | b | c | (d & NONE))
}

/// Decodes the run that begins at `start` to the end of `out`, and says where it ends. `magic`: what it
/// holds need not be text, so nothing but the alphabet ends it.
pub(super) fn decode(text: &[u8], start: usize, magic: bool, out: &mut Vec<u8>) -> usize {
    let mut at = start;
    let mut line = start;
    loop {
        at = quads(text, at, magic, out);
        let rest = text.get(at..).unwrap_or_default();
        let breaks = line_break(rest);
        let whole = is_in(rest.first().copied().unwrap_or(b'='));
        if whole
            || breaks == 0
            || at - line < LINE_CHARACTERS_MIN
            || !rest.get(breaks).is_some_and(|c| is_in(*c))
        {
            break;
        }
        at += breaks;
        line = at;
    }
    tail(text, at, magic, out)
}

/// Whole quads.
fn quads(text: &[u8], mut at: usize, magic: bool, out: &mut Vec<u8>) -> usize {
    // Four at a time as long as nothing is odd; a run of text is decoded here.
    let mut sixteen = text.get(at..).unwrap_or_default().chunks_exact(16);
    for chunk in &mut sixteen {
        let (mut bytes, mut odd) = ([0; 12], 0);
        for (quad, three) in chunk.chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
            let (word, bits) = word([quad[0], quad[1], quad[2], quad[3]]);
            odd |= bits;
            three.copy_from_slice(&word.to_be_bytes()[1..]);
        }
        if odd & (NONE | SPECIAL) != 0 && !(magic && odd & NONE == 0) {
            break;
        }
        out.extend_from_slice(&bytes);
        at += 16;
    }
    for quad in text.get(at..).unwrap_or_default().chunks_exact(4) {
        let (word, bits) = word([quad[0], quad[1], quad[2], quad[3]]);
        // ASCII has these only in fourth place (`>`, `?`, `~`): elsewhere something else may begin.
        let odd = bits & SPECIAL != 0 && !magic;
        if bits & NONE != 0 || (odd && !packed::reads_on(text.get(at..).unwrap_or_default())) {
            break;
        }
        out.extend_from_slice(&word.to_be_bytes()[1..]);
        at += 4;
    }
    at
}

/// Two or three characters and their padding.
fn tail(text: &[u8], at: usize, magic: bool, out: &mut Vec<u8>) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let fits = |c: &&u8| match magic {
        true => is_in(**c),
        false => value(**c) < SPECIAL,
    };
    let count = rest.iter().take(3).take_while(fits).count();
    if count < 2 {
        return at;
    }
    let (bytes, len) = quad(rest.get(..count).unwrap_or_default());
    out.extend_from_slice(bytes.get(..len).unwrap_or_default());
    let padding = rest
        .iter()
        .skip(count)
        .take(4 - count)
        .take_while(|c| **c == b'=')
        .count();
    at + count + padding
}

fn line_break(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

/// Writes `bytes` as `like` was written: its alphabet, its padding, its lines.
pub(super) fn encode(bytes: &[u8], like: &[u8]) -> Vec<u8> {
    let url_safe = like.iter().any(|c| matches!(c, b'-' | b'_'));
    let alphabet = if url_safe { URL_SAFE } else { STANDARD };
    let characters = like.iter().filter(|c| is_in(**c)).count();
    let padded = like.ends_with(b"=") || characters.is_multiple_of(4) && !url_safe;
    let line = like.iter().position(|c| matches!(c, b'\r' | b'\n'));
    let ending = line.and_then(|at| like.get(at..)).unwrap_or_default();
    let ending = ending.get(..line_break(ending)).unwrap_or_default();
    let mut out = Vec::with_capacity(bytes.len() / 3 * 4 + 4);
    let mut written = 0;
    for chunk in bytes.chunks(3) {
        if line.is_some_and(|line| written > 0 && written % line.max(4) == 0) {
            out.extend_from_slice(ending);
        }
        let [a, b, c] = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let word = a << 16 | b << 8 | c;
        for place in 0..=chunk.len() {
            let value = word >> (18 - 6 * place) & 0x3f;
            out.push(alphabet.get(value as usize).copied().unwrap_or(b'A'));
        }
        if padded {
            out.extend(std::iter::repeat_n(b'=', 3 - chunk.len()));
        }
        written += 4;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE64, BASE64_MIME, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};
    use proptest::prelude::*;

    fn decoded(text: &str, magic: bool) -> (Vec<u8>, usize) {
        let mut out = Vec::new();
        let end = decode(text.as_bytes(), 0, magic, &mut out);
        (out, end)
    }

    #[test]
    fn a_run_ends_where_its_text_does() {
        let run = BASE64URL_NOPAD.encode(b"4111111111111111");
        for (after, bytes) in [("/next/page", 16), ("-suffix", 16), ("\"", 16), ("", 16)] {
            let (out, end) = decoded(&format!("{run}{after}"), false);
            assert!(out.starts_with(b"4111111111111111"), "{after}: {out:?}");
            assert_eq!((out.len(), end), (bytes, run.len()), "{after}");
        }
        let text = "Zoë ÿÿ ǿ 4111111111111111 さ";
        assert_eq!(
            decoded(&BASE64.encode(text.as_bytes()), false).0,
            text.as_bytes()
        );
    }

    #[test]
    fn lines_are_joined() {
        let text = "a card in a long letter, which goes on for more than one line: 4111111111111111, that was it.";
        let lines = BASE64_MIME.encode(text.as_bytes());
        assert_eq!(
            decoded(&lines, false),
            (text.as_bytes().to_vec(), lines.len() - 2)
        );
        assert_eq!(decoded("NTM2OTA0Mzk5\nNTM2OTA0Mzk5", false).0, b"536904399");
    }

    proptest! {
        #[test]
        fn both_alphabets_padded_or_not(bytes in proptest::collection::vec(any::<u8>(), 2..200)) {
            for encoding in [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD] {
                let run = Encoding::encode(&encoding, &bytes);
                let (out, end) = decoded(&run, true);
                prop_assert_eq!(&out, &bytes);
                prop_assert_eq!(end, run.len());
            }
        }

        #[test]
        fn written_back_as_it_was(bytes in proptest::collection::vec(any::<u8>(), 40..200), which in 0..5usize) {
            let run = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, BASE64_MIME][which].encode(&bytes);
            let run = run.trim_end();
            // Without any of the four special characters the alphabets are one, and padding is a guess.
            let telling = run.bytes().any(|c| b"+/-_".contains(&c)) && !run.len().is_multiple_of(4) || run.ends_with('=');
            if telling {
                prop_assert_eq!(encode(&bytes, run.as_bytes()), run.as_bytes());
            }
        }
    }
}
