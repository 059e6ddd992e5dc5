//! Values where values stand, for the tests of detectors.
//!
//! Owns: the places, and the checks every detector with a rule of digits repeats. Refuses: expectations
//! of its own. Stays true: a place adds a word and punctuation, never a digit or a letter that touches
//! the value.

use super::engine::tests::found;
use crate::chunk::Likelihood;
use proptest::prelude::*;

/// Exactly this is found.
pub(in crate::scan) fn one(name: &str, text: &str, value: &str, likelihood: Likelihood) {
    assert_eq!(
        found(name, text),
        [(value.to_owned(), likelihood)],
        "{text}"
    );
}

/// Exactly this, or nothing, is found in sentences, JSON, CSV and the like, with the word near.
pub(in crate::scan) fn anywhere(
    name: &str,
    word: &str,
    value: &str,
    want: Option<Likelihood>,
) -> Result<(), TestCaseError> {
    let want: Vec<_> = want
        .map(|likelihood| (value.to_owned(), likelihood))
        .into_iter()
        .collect();
    for text in places(word, value) {
        prop_assert_eq!(&found(name, &text), &want, "{}", text);
    }
    Ok(())
}

fn places(word: &str, value: &str) -> Vec<String> {
    let (snake, upper) = (word.replace(' ', "_"), word.to_uppercase());
    let mut places = vec![
        format!("{word} {value}"),
        format!("{upper}: {value}, thank you"),
        format!("The customer's {word} is {value}."),
        format!("we have \"{value}\" as {word} on file"),
        format!("({value}) {upper}"),
        format!("{snake}={value}&next=1"),
        format!("{{\"id\":7,\"{snake}\":\"{value}\",\"ok\":true}}"),
        format!("{{\"{snake}\" : {{ \"kind\" : \"x\", \"held\" : [ \"{value}\" ] }} }}"),
        format!("<row><{snake}>{value}</{snake}></row>"),
        format!("7;\"Ann\";{word};{value};yes\r\n"),
        format!("name\t{snake}\t{value}"),
        format!("é{value}ü {word}"),
    ];
    if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0') {
        places.push(format!("{{\"{snake}\":{value}}}"));
        places.push(format!("{{\"{snake}\":[ {value} ]}}"));
    }
    places
}

/// Of numbers of so many digits, evenly spread, the share that is one.
pub(in crate::scan) fn share_of_bare(digits: usize, fits: fn(&[u8]) -> bool) -> f64 {
    let all = 10u128.pow(digits as u32);
    // Multiples of the golden ratio, of which every stretch is spread evenly.
    let number = |i: u64| (u128::from(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) * all) >> 64;
    let numbers = (0..SPREAD).map(|i| format!("{:0digits$}", number(i)));
    numbers.filter(|n| fits(n.as_bytes())).count() as f64 / SPREAD as f64
}

/// Enough that a share of a tenth is told to within a hundredth of itself.
const SPREAD: u64 = 100_000;

/// The stem with the last digit that makes it one.
pub(in crate::scan) fn with_check_digit(stem: &str, fits: fn(&[u8]) -> bool) -> String {
    let mut all = (0..10).map(|check| format!("{stem}{check}"));
    all.find(|number| fits(number.as_bytes()))
        .expect("some last digit fits")
}

/// Whatever digit is changed, what comes out is none.
pub(in crate::scan) fn no_other_digit_fits(number: &str, fits: fn(&[u8]) -> bool) {
    assert!(fits(number.as_bytes()), "{number}");
    for at in 0..number.len() {
        for other in (b'0'..=b'9').filter(|other| *other != number.as_bytes()[at]) {
            let mut wrong = number.as_bytes().to_vec();
            wrong[at] = other;
            assert!(!fits(&wrong), "{number} at {at}");
        }
    }
}
