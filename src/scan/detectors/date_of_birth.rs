//! Date of birth.
//!
//! Rule: a day of the Gregorian calendar from 1900 to 2099, beside a word that says somebody was born on
//! it. Written as ISO 8601 (`1980-03-12`, `19800312`), as day, month and year in either order of the first
//! two, or with the month's English name (RFC 5322 §3.3 and common use). Source: 45 CFR 164.514(b)(2)(i)(C), which
//! makes all elements of a birth date but the year identifiers.
//!
//! Owns: those forms and the words. Refuses: a date without a word, which may be any date; a month or a
//! year alone. Stays true: whether `03/04/1980` is in March or April does not matter, only that it
//! is a day in one reading. No clock: a day in the future counts.

use crate::chunk::Likelihood;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::{self, Wanted};
use std::ops::Range;

/// Words that say "born on"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "dob",
    "d o b",
    "dobs",
    "date of birth",
    "dateofbirth",
    "birth date",
    "birthdate",
    "birthdates",
    "birthday",
    "birth day",
    "birth dt",
    "day of birth",
    "dt of birth",
    "born",
    "born on",
    "geburtsdatum",
    "geboren",
    "geburtstag",
    "date de naissance",
    "naissance",
    "fecha de nacimiento",
    "nacimiento",
    "data di nascita",
    "bday",
    "b day",
];

/// The table's row. The year alone identifies nobody (45 CFR 164.514).
pub(super) const DETECTOR: Detector = Detector {
    name: "date_of_birth",
    title: "date of birth",
    rule: "a day of the calendar beside a word for birth",
    source: "45 CFR 164.514(b)(2)(i)(C); ISO 8601-1 §5.2.2",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 4,
    keep_last_max: 4,
    triggers: &[Trigger::Keyword(find)],
    fits: |digits| date(digits, 0).is_some_and(|span| span == (0..digits.len())),
};

const WANTED: Wanted = Wanted {
    parse: date,
    unless: &[
        "admitted", "died", "death", "expires", "expiry", "issued", "created", "updated", "visit",
    ],
    both_sides: false,
};

fn find(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    values::visit(scene.text, word, &WANTED, |span| {
        let spelled = scene
            .text
            .get(span.clone())
            .is_some_and(|date| date.iter().any(|b| !b.is_ascii_digit()));
        let certain = spelled && span.len() > "1/1/80".len();
        sink.report(
            span,
            if certain {
                Likelihood::Certain
            } else {
                Likelihood::Likely
            },
        );
    });
}

/// The date that begins with the token at `at`.
fn date(text: &[u8], at: usize) -> Option<Range<usize>> {
    let clean = match edges::before(text, at) {
        [.., digit, b'-' | b'.' | b'/' | b':' | b','] => !digit.is_ascii_digit(),
        [.., last] => !(last.is_ascii_alphanumeric() || matches!(last, b'^' | b'~' | b'@' | b'$')),
        [] => true,
    };
    let rest = text.get(at..)?;
    let len = numeric(rest)
        .or_else(|| day_first(rest))
        .or_else(|| month_first(rest))?;
    let tail = rest.get(len..)?;
    let ends = match tail {
        [b'T', digit, ..] => digit.is_ascii_digit(),
        [b'-' | b'/' | b'.', digit, ..] => !digit.is_ascii_digit(),
        [next, ..] => !next.is_ascii_alphanumeric(),
        [] => true,
    };
    (clean && ends).then_some(at..at + len)
}

/// Digits at the front: how many, and what they say.
fn number(text: &[u8]) -> Option<(usize, u32)> {
    let len = text
        .iter()
        .take(9)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let value = text
        .get(..len)?
        .iter()
        .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (len > 0).then_some((len, value))
}

/// `1980-03-12`, `12.03.1980`, `3/12/80`, `19800312`.
fn numeric(text: &[u8]) -> Option<usize> {
    let (a_len, a) = number(text)?;
    if a_len == 8 {
        let year_first = is_day(a / 10_000, a / 100 % 100, a % 100);
        let (x, y, year) = (a / 1_000_000, a / 10_000 % 100, a % 10_000);
        return (year_first || is_day(year, y, x) || is_day(year, x, y)).then_some(8);
    }
    let joiner = *text
        .get(a_len)
        .filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    let (b_at, (b_len, b)) = (a_len + 1, number(text.get(a_len + 1..)?)?);
    let second = b_at + b_len;
    let c_at = second + 1;
    let joined = text.get(second) == Some(&joiner);
    let (c_len, c) = number(text.get(c_at..)?).filter(|_| joined && b_len <= 2)?;
    let fits = match (a_len, c_len) {
        (4, 1 | 2) => is_day(a, b, c),
        (1 | 2, 4) => is_day(c, b, a) || is_day(c, a, b),
        (1 | 2, 2) => is_day(2000 + c, b, a) || is_day(2000 + c, a, b) || is_day(1900 + c, b, a),
        _ => false,
    };
    fits.then_some(c_at + c_len)
}

/// `12 March 1980`, `12th of March, 1980`, `12-Mar-80`.
fn day_first(text: &[u8]) -> Option<usize> {
    let (len, day) = number(text)?;
    let mut at = len + ordinal(text.get(len..)?);
    at += gap(text.get(at..)?)?;
    if text.get(at..)?.starts_with(b"of ") {
        at += 3;
    }
    let (name, month) = month(text.get(at..)?)?;
    at += name;
    at += gap(text.get(at..)?)?;
    let (year_len, year) = year(text.get(at..)?)?;
    (len <= 2 && is_day(year, month, day)).then_some(at + year_len)
}

/// `March 12, 1980`, `Mar 12th 1980`.
fn month_first(text: &[u8]) -> Option<usize> {
    let (mut at, month) = month(text)?;
    at += gap(text.get(at..)?)?;
    let (len, day) = number(text.get(at..)?)?;
    at += len;
    at += ordinal(text.get(at..)?);
    at += gap(text.get(at..)?)?;
    let (year_len, year) = year(text.get(at..)?).filter(|(year_len, _)| *year_len == 4)?;
    (len <= 2 && is_day(year, month, day)).then_some(at + year_len)
}

fn year(text: &[u8]) -> Option<(usize, u32)> {
    match number(text)? {
        (4, year) => Some((4, year)),
        (2, year) => Some((2, 2000 + year)),
        _ => None,
    }
}

/// `st`, `nd`, `rd`, `th`.
fn ordinal(text: &[u8]) -> usize {
    let suffix = text.get(..2).unwrap_or_default();
    let is = |known: &&str| suffix.eq_ignore_ascii_case(known.as_bytes());
    if ["st", "nd", "rd", "th"].iter().any(is) {
        2
    } else {
        0
    }
}

/// Between the parts of a spelled date: `-`, `.`, `/`, `,`, space, or a mark and a space.
fn gap(text: &[u8]) -> Option<usize> {
    match text {
        [b',' | b'.', b' ', ..] => Some(2),
        [b' ' | b'-' | b'.' | b'/' | b',', ..] => Some(1),
        _ => None,
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A month's name or its first three letters (`sept` too), a dot after it included.
fn month(text: &[u8]) -> Option<(usize, u32)> {
    let len = text
        .iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let name = text.get(..len)?;
    let is = |month: &&str| {
        let month = month.as_bytes();
        name.eq_ignore_ascii_case(month)
            || name.eq_ignore_ascii_case(month.get(..3).unwrap_or_default())
            || (name.eq_ignore_ascii_case(b"sept") && month.starts_with(b"sept"))
    };
    let index = MONTHS.iter().position(is)?;
    Some((len, index as u32 + 1))
}

/// Whether this is a day of the calendar on which somebody alive may have been born.
fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1900..=2099).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    fn dates(text: &str) -> Vec<String> {
        found("date_of_birth", text)
            .into_iter()
            .map(|(date, _)| date)
            .collect()
    }

    const FORMS: &[&str] = &[
        "1980-03-12",
        "1980/3/12",
        "12/03/1980",
        "3/12/1980",
        "31.12.1999",
        "12-03-80",
        "12 March 1980",
        "12 Mar 1980",
        "12th of March 1980",
        "March 12, 1980",
        "Mar. 12 1980",
        "march 3rd, 1980",
        "12-Mar-1980",
        "19800312",
        "12031980",
        "Sept 9, 2001",
        "29/02/2000",
        "1-JAN-70",
    ];

    #[test]
    fn forms_in_places() {
        for date in FORMS {
            for text in [
                format!("DOB: {date}"),
                format!("DOB {date}, male"),
                format!("date of birth is {date}."),
                format!("{{\"dateOfBirth\":\"{date}\"}}"),
                format!("{{\"birth_date\": \"{date}\", \"x\": 1}}"),
                format!("<dob>{date}</dob>"),
                format!("dob,{date},x"),
                format!("He was born on {date}"),
                format!("{date} (date of birth)"),
                format!("D.O.B. {date}"),
                format!("dob={date}"),
            ] {
                assert_eq!(dates(&text), [*date], "{text}");
            }
        }
        assert_eq!(dates("{\"dob\":\"1980-03-12T00:00:00Z\"}"), ["1980-03-12"]);
        assert_eq!(dates("{\"birthday\":19800312}"), ["19800312"]);
    }

    #[test]
    fn nothing_without_a_word_or_with_another_meaning() {
        for date in FORMS {
            for text in [
                format!("on {date}"),
                format!("{{\"date\":\"{date}\"}}"),
                format!("Admitted {date}, DOB unknown 7"),
                format!("dob unknown, admitted {date}"),
                format!("{{\"dobUpdatedAt\":\"{date}\"}}"),
                format!("{{\"dob\":null,\"date\":\"{date}\"}}"),
            ] {
                assert_eq!(dates(&text), [] as [&str; 0], "{text}");
            }
        }
    }

    #[test]
    fn not_dates() {
        for text in [
            "31.02.1980",
            "29/02/1900",
            "1980-13-01",
            "00/01/1980",
            "12/03/1880",
            "1980-03",
            "March 1980",
            "1980",
            "3/12",
            "12.03-1980",
            "1980-03-123",
            "x12/03/1980",
            "12/03/19801",
            "10.12/03/1980",
            "20801340",
            "12 Foo 1980",
            "19:80:12",
            "^1.1.1980",
            "@1.1.1980",
        ] {
            let text = format!("DOB {text}");
            assert_eq!(dates(&text), [] as [&str; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_calendar_agrees_with_jiff(year in 1890i16..2110, month in 0i8..14, day in 0i8..33) {
            let real = jiff::civil::Date::new(year, month, day).is_ok() && (1900..2100).contains(&year);
            prop_assert_eq!(is_day(year as u32, month as u32, day as u32), real);
            let found = dates(&format!("born {year:04}-{month:02}-{day:02}"));
            prop_assert_eq!(found.len(), usize::from(real));
        }
    }
}
