//! Whole numbers written with an exponent, or with zeros before them.
//!
//! Owns: the number that such a spelling stands for, and writing another of the same size in its form. Refuses: fractions,
//! negative signs (they stay where they are), anything longer than a card. Stays true: looks at no more
//! than some fifty bytes; a token that is only part of a number is none.

/// Digits of the longest number that a detector knows, the check digit included.
const DIGITS_MAX: usize = 19;
/// Shortest number worth it: nine digits.
const DIGITS_MIN: usize = 9;
/// White space before a number that is looked over.
const SPACE_BYTES_MAX: usize = 16;
/// Bytes before an exponent that may belong to its number.
const MANTISSA_BYTES_MAX: usize = 2 * DIGITS_MAX + 1;
/// Zeros before a number that are looked over.
const ZEROS_MAX: usize = 24;

/// Bytes before an exponent: what is rounded further is no identifier.
const MANTISSA_BYTES_MIN: usize = 5;
/// Zeros that an exponent adds to digits without a point.
const ZEROS_ADDED_MAX: usize = 4;

/// A number as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Bytes of the text.
    pub(super) len: usize,
    /// The digits of the whole number; those from `count` on are no part of it.
    digits: [u8; DIGITS_MAX],
    count: usize,
}

impl Written {
    /// The number, in digits.
    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }
}

/// The number at `at`, where a token begins, if it is written in one of these ways.
pub(super) fn written(text: &[u8], at: usize) -> Option<Written> {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let opens = matches!(
        before,
        None | Some(b':' | b'[' | b',' | b'"' | b'-' | b'=') | Some(b'\t'..=b' ')
    );
    let rest = text.get(at..).filter(|_| opens)?;
    let whole = count(rest, DIGITS_MAX + ZEROS_MAX);
    if !matches!(rest.get(whole), Some(b'.' | b'e' | b'E')) && rest.first() != Some(&b'0') {
        return None; // as nearly every number is
    }
    let pointed = rest.get(whole) == Some(&b'.') || before == Some(&b'"');
    let written = exponent(rest).filter(|_| pointed || is_json_place(text, at));
    written.or_else(|| zeros(rest).filter(|_| is_json_place(text, at)))
}

/// Where the number begins whose exponent is marked by the `e` at `at`.
pub(super) fn start(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(at.saturating_sub(MANTISSA_BYTES_MAX)..at)?;
    let mantissa = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    Some(at - mantissa.count())
}

/// Whether a JSON value may begin here: behind a member's name, or in an array. Elsewhere a number that
/// begins with zeros is an order number or a telephone number more often than a number.
fn is_json_place(text: &[u8], at: usize) -> bool {
    let before = text
        .get(at.saturating_sub(SPACE_BYTES_MAX)..at)
        .unwrap_or_default();
    match before.trim_ascii_end() {
        [name @ .., b':'] => name.trim_ascii_end().ends_with(b"\""),
        [.., b'[' | b','] => true,
        _ => false,
    }
}

fn count(text: &[u8], max: usize) -> usize {
    text.iter()
        .take(max + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

fn goes_on(text: &[u8]) -> bool {
    matches!(text, [c, ..] if c.is_ascii_alphanumeric())
        || matches!(text, [b'.' | b'-', c, ..] if c.is_ascii_alphanumeric())
}

/// `5.36904399e8`, `536904399E+0`, `0.536904399e9`. One that adds more than a few zeros to a
/// whole number makes no identifier: `30573e9` is the name of a commit.
fn exponent(text: &[u8]) -> Option<Written> {
    let mantissa = Mantissa::of(text)?;
    let rest = text
        .get(mantissa.len..)
        .filter(|_| mantissa.len >= MANTISSA_BYTES_MIN)?;
    let (Some(b'e' | b'E'), Some(sign)) = (rest.first(), rest.get(1)) else {
        return None;
    };
    let signed = usize::from(matches!(sign, b'+' | b'-'));
    let digits = rest.get(1 + signed..)?;
    let places = count(digits, 3);
    let power = digits.get(..places).filter(|_| (1..=3).contains(&places))?;
    let power = power
        .iter()
        .fold(0i32, |n, digit| n * 10 + i32::from(digit - b'0'));
    let len = mantissa.len + 1 + signed + places;
    if goes_on(text.get(len..)?) {
        return None;
    }
    let power = if *sign == b'-' { -power } else { power };
    let whole = usize::try_from(mantissa.whole as i32 + power).ok()?;
    let pointless = mantissa.count == mantissa.whole;
    if pointless && whole > mantissa.count + ZEROS_ADDED_MAX {
        return None;
    }
    mantissa.shifted(whole, len)
}

/// Digits with at most one point among them.
struct Mantissa {
    digits: [u8; 2 * DIGITS_MAX],
    count: usize,
    /// Digits before the point.
    whole: usize,
    /// Bytes of the text.
    len: usize,
}

impl Mantissa {
    fn of(text: &[u8]) -> Option<Mantissa> {
        let whole = count(text, DIGITS_MAX);
        let point = text.get(whole) == Some(&b'.');
        let fraction = if point {
            count(text.get(whole + 1..)?, DIGITS_MAX)
        } else {
            0
        };
        let len = whole + usize::from(point) + fraction;
        let mut mantissa = Mantissa {
            digits: [b'0'; 2 * DIGITS_MAX],
            count: whole + fraction,
            whole,
            len,
        };
        let all = text.get(..len)?.iter().filter(|byte| byte.is_ascii_digit());
        let fits =
            (1..=DIGITS_MAX).contains(&whole) && fraction <= DIGITS_MAX && (!point || fraction > 0);
        mantissa
            .digits
            .iter_mut()
            .zip(all)
            .for_each(|(place, digit)| *place = *digit);
        fits.then_some(mantissa)
    }

    /// With the point behind the first `whole` digits, if that is a whole number.
    fn shifted(&self, whole: usize, len: usize) -> Option<Written> {
        let digits = self.digits.get(..self.count)?;
        let zeros = digits
            .iter()
            .take_while(|digit| **digit == b'0')
            .count()
            .min(whole);
        let fraction = digits.get(whole.min(self.count)..)?;
        let size = whole - zeros;
        if !(DIGITS_MIN..=DIGITS_MAX).contains(&size) || fraction.iter().any(|digit| *digit != b'0')
        {
            return None;
        }
        let mut written = Written {
            len,
            digits: [b'0'; DIGITS_MAX],
            count: size,
        };
        let significant = digits.iter().take(whole).skip(zeros);
        written
            .digits
            .iter_mut()
            .zip(significant)
            .for_each(|(place, digit)| *place = *digit);
        Some(written)
    }
}

/// `000536904399`.
fn zeros(text: &[u8]) -> Option<Written> {
    let zeros = text
        .iter()
        .take(ZEROS_MAX)
        .take_while(|byte| **byte == b'0')
        .count();
    let rest = text.get(zeros..).filter(|_| zeros > 0)?;
    let size = count(rest, DIGITS_MAX);
    let fits = (DIGITS_MIN..=DIGITS_MAX).contains(&size) && !goes_on(rest.get(size..)?);
    let mut written = Written {
        len: zeros + size,
        digits: [b'0'; DIGITS_MAX],
        count: size,
    };
    written
        .digits
        .iter_mut()
        .zip(rest.get(..size)?)
        .for_each(|(place, digit)| *place = *digit);
    fits.then_some(written)
}

fn form(text: &[u8]) -> Option<Written> {
    exponent(text).or_else(|| zeros(text))
}

/// As many other digits, or what stands for them, in the form of `like`; none: the form has no room for them.
pub(super) fn rewritten(digits: &[u8], like: &[u8]) -> Option<Vec<u8>> {
    form(like).filter(|old| old.count == digits.len())?;
    let mut out = like.to_vec();
    let exponent = |byte: &u8| matches!(byte, b'e' | b'E');
    let end = like.iter().position(exponent).unwrap_or(like.len());
    let mut left = digits;
    let mut significant = false;
    let places = out.get_mut(..end)?.iter_mut();
    for place in places.filter(|byte| byte.is_ascii_digit()) {
        significant |= *place != b'0';
        if significant && let Some((digit, rest)) = left.split_first() {
            *place = *digit;
            left = rest;
        }
    }
    if digits.iter().all(u8::is_ascii_digit) {
        return (form(&out)?.digits() == digits).then_some(out);
    }
    // A mask is no number any more; a digit that it leaves must not get lost.
    left.iter()
        .all(|byte| !byte.is_ascii_digit())
        .then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Option<String> {
        let text = format!("\"n\": {text}");
        let text = text.as_str();
        written(text.as_bytes(), 5).map(|w| {
            assert_eq!(5 + w.len, text.trim_end_matches([',', '}']).len(), "{text}");
            String::from_utf8_lossy(w.digits()).into_owned()
        })
    }

    #[test]
    fn whole_numbers() {
        for text in [
            "5.36904399e8",
            "5.36904399E8",
            "5.36904399e+8",
            "5.36904399e08",
            "53690439.9e1",
            "536904399e0",
            "536904399.0e0",
            "0.536904399e9",
            "5369043990e-1",
            "0536904399",
            "000000536904399",
            "5.369043990000e8,",
            "5.36904399e8}",
        ] {
            assert_eq!(number(text).as_deref(), Some("536904399"), "{text}");
        }
        assert_eq!(
            number("4.111111111111111E15").as_deref(),
            Some("4111111111111111")
        );
        assert_eq!(number("4.111e15").as_deref(), Some("4111000000000000"));
    }

    #[test]
    fn none() {
        for text in [
            "536904399",
            "5.36904399e7",
            "5.36904399e8x",
            "5.36904399e8.5",
            "5.36904399",
            "e8",
            "5e",
            "5e+",
            "5.e8",
            ".5e9",
            "12e5",
            "053690439",
            "1e400",
            "5.36904399e-8",
            "0536904399a",
            "00536904399-1",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(written(b"a5.36904399e8", 1), None);
    }

    #[test]
    fn written_again() {
        for (like, digits, want) in [
            ("5.36904399e8", "900004399", Some("9.00004399e8")),
            ("0536904399", "900000000", Some("0900000000")),
            ("4.111e15", "9000000000000000", Some("9.000e15")),
            ("4.111e15", "9000000000001111", None),
            ("5.36904399e8", "90000439", None),
            ("5.36904399e8", "XXXXX4399", Some("X.XXXX4399e8")),
            ("000536904399", "XXXXXXXXX", Some("000XXXXXXXXX")),
            ("4.111e15", "XXXXXXXXXXXXXXXX", Some("X.XXXe15")),
            ("4.111e15", "XXXXXXXXXXXX0000", None),
        ] {
            let out = rewritten(digits.as_bytes(), like.as_bytes());
            assert_eq!(out.as_deref(), want.map(str::as_bytes), "{like}");
        }
    }

    proptest! {
        #[test]
        fn any_place_of_the_point(digits in "[1-9][0-9]{8,15}", point in 1..9usize) {
            let (head, tail) = digits.split_at(point);
            let text = format!("{head}.{tail}e{}", tail.len());
            prop_assert_eq!(number(&text), Some(digits.clone()));
            let text = format!("0.000{digits}E{}", digits.len() + 3);
            let found = number(&text);
            prop_assert_eq!(found, (digits.len() <= 16).then_some(digits));
        }
    }
}
