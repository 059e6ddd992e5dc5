//! A masked character in the spelling of the one it hides.
//!
//! Owns: writing one ASCII character as another was written. Refuses: to choose the character. Stays true: an
//! escape stays the same kind of escape, as many times over, so whoever reads the text reads the mask;
//! a mask as wide as what it hides where the spelling can say so, and the bare character where it cannot.

use super::character::spelled;
use super::fold::unfold;

/// `byte` as `like` is spelled, which is one spelling and nothing else.
pub(super) fn respell(byte: u8, like: &[u8]) -> Vec<u8> {
    let bare = vec![byte];
    let Some(spelling) = spelled(like, 0) else {
        return bare;
    };
    let same_set = unfold(byte, spelling.written);
    let c = same_set.unwrap_or(char::from(byte));
    match like.first() {
        Some(b'\\') => escape(c, like).unwrap_or(bare),
        Some(b'%') => percent(c, like),
        Some(b'&') => entity(c, like).unwrap_or(bare),
        Some(0x80..) if same_set.is_some() => c.to_string().into_bytes(),
        _ => bare,
    }
}

fn is_upper(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
}

fn hex(value: u32, width: usize, upper: bool) -> Vec<u8> {
    match upper {
        true => format!("{value:0width$X}"),
        false => format!("{value:0width$x}"),
    }
    .into_bytes()
}

fn escape(c: char, like: &[u8]) -> Option<Vec<u8>> {
    let slashes = like.iter().take_while(|byte| **byte == b'\\').count();
    let (slashes, rest) = like.split_at_checked(slashes)?;
    let digits = rest.strip_prefix(b"u")?;
    let mut out = Vec::with_capacity(like.len());
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(slashes);
        out.push(b'u');
        out.extend(hex(u32::from(*unit), 4, is_upper(digits)));
    }
    Some(out)
}

fn percent(c: char, like: &[u8]) -> Vec<u8> {
    // `%2531`: each byte has as many escaped percents before its two digits as the first one.
    let mut prefix = 1;
    let pair = |at: usize| {
        like.get(at..at + 2)
            .is_some_and(|pair| super::hex::byte(pair).is_some())
    };
    while like.get(prefix..prefix + 2) == Some(b"25") && pair(prefix + 2) {
        prefix += 2;
    }
    let mut out = Vec::with_capacity(like.len());
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        out.extend_from_slice(like.get(..prefix).unwrap_or_default());
        out.extend(hex(u32::from(byte), 2, is_upper(like)));
    }
    out
}

fn entity(c: char, like: &[u8]) -> Option<Vec<u8>> {
    let number = like.iter().position(|byte| *byte == b'#')? + 1;
    let is_hex = matches!(like.get(number), Some(b'x' | b'X'));
    let (prefix, rest) = like.split_at_checked(number + usize::from(is_hex))?;
    let digits = rest.strip_suffix(b";").unwrap_or(rest);
    let (value, width) = (c as u32, digits.len());
    let mut out = prefix.to_vec();
    match is_hex {
        true => out.extend(hex(value, width, is_upper(digits))),
        false => out.extend(format!("{value:0width$}").into_bytes()),
    }
    out.extend_from_slice(rest.get(digits.len()..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::character::Meaning;
    use super::*;

    #[test]
    fn the_mask_is_as_wide_as_what_it_hides() {
        for (like, mask) in [
            (r"\u0031", r"\u0058"),
            (r"\\u0031", r"\\u0058"),
            (r"\uff11", r"\uff38"),
            (r"\uFF11", r"\uFF38"),
            ("%31", "%58"),
            ("%2531", "%2558"),
            ("%EF%BC%91", "%EF%BC%B8"),
            ("%25ef%25bc%2591", "%25ef%25bc%25b8"),
            ("&#49;", "&#88;"),
            ("&#0049;", "&#0088;"),
            ("&#x31;", "&#x58;"),
            ("&amp;#49;", "&amp;#88;"),
            ("&#65297;", "&#65336;"),
            ("１", "Ｘ"),
            ("+", "X"),
            ("&nbsp;", "X"),
            (r"\n", "X"),
            ("٤", "X"),
        ] {
            let out = respell(b'X', like.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), mask);
        }
    }

    #[test]
    fn digits_stay_in_their_set() {
        for (like, nine) in [
            ("٤", "٩"),
            ("१", "९"),
            ("１", "９"),
            (r"\u0661", r"\u0669"),
            ("𝟏", "𝟗"),
            (r"\ud835\udfcf", r"\ud835\udfd7"),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&respell(b'9', like.as_bytes())),
                nine
            );
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for like in [
            r"\u0031",
            r"\\\\u0031",
            "%31",
            "%252531",
            "%EF%BC%91",
            "&#49;",
            "&amp;amp;#x31;",
            "１",
            r"\ud835\udfcf",
        ] {
            for byte in b'0'..=b'9' {
                let out = respell(byte, like.as_bytes());
                let spelling = spelled(&out, 0).map(|s| (s.len, s.meaning));
                assert_eq!(spelling, Some((out.len(), Meaning::Byte(byte))), "{like}");
            }
        }
    }
}
