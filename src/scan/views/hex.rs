//! Bytes as pairs of hexadecimal digits (RFC 4648 §8), in either case.
//!
//! Owns: reading a token of them, and writing bytes in its case. Refuses: pairs with anything between
//! them. Stays true: a token with anything else in it is no hex at all.

/// What each digit is worth; others have the upper bits set.
static VALUES: [u8; 256] = values();
const NONE: u8 = 0xf0;

const fn values() -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        table[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    table
}

/// The byte of two digits.
#[inline]
pub(super) fn byte(pair: &[u8]) -> Option<u8> {
    let [high, low] = *pair else { return None };
    let (high, low) = (VALUES[usize::from(high)], VALUES[usize::from(low)]);
    ((high | low) & NONE == 0).then_some(high << 4 | low)
}

/// Decodes the token that begins at `start` to the end of `out`, and says where it ends; none: it is not
/// hex throughout, or of an odd length.
pub(super) fn decode(text: &[u8], start: usize, out: &mut Vec<u8>) -> Option<usize> {
    let rest = text.get(start..)?;
    let before = out.len();
    let pairs = rest.chunks_exact(2).map_while(byte);
    out.extend(pairs);
    let end = start + 2 * (out.len() - before);
    if text.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        out.truncate(before);
        return None;
    }
    Some(end)
}

/// Writes `bytes` in the case of `like`, behind the same `0x` or `x`, if there is one.
pub(super) fn encode(bytes: &[u8], like: &[u8]) -> Vec<u8> {
    let prefix = like
        .iter()
        .take(2)
        .position(|c| matches!(c, b'x' | b'X'))
        .map_or(0, |at| at + 1);
    let (prefix, digits) = like.split_at_checked(prefix).unwrap_or_default();
    let upper = digits.iter().any(u8::is_ascii_uppercase);
    let letter = |value: u8| match value {
        0..=9 => b'0' + value,
        _ if upper => b'A' + value - 10,
        _ => b'a' + value - 10,
    };
    let pairs = bytes
        .iter()
        .flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]);
    prefix.iter().copied().chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_hex_or_it_is_not() {
        let mut out = Vec::new();
        assert_eq!(decode(b"3536 x", 0, &mut out), Some(4));
        assert_eq!(out, b"56");
        for text in ["3536g", "353", "35z"] {
            assert_eq!(decode(text.as_bytes(), 0, &mut out), None, "{text}");
        }
        assert_eq!(out, b"56");
    }

    proptest! {
        #[test]
        fn written_back_as_it_was(bytes in proptest::collection::vec(any::<u8>(), 0..100), upper: bool) {
            let run: String = bytes.iter().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect();
            let mut out = Vec::new();
            prop_assert_eq!(decode(run.as_bytes(), 0, &mut out), Some(run.len()));
            prop_assert_eq!(&out, &bytes);
            prop_assert_eq!(encode(&out, run.as_bytes()), run.as_bytes());
        }
    }
}
