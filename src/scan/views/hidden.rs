//! Laws of masks on values that are spelled or wrapped: what was found is not found again.
#![allow(clippy::unwrap_used)]

use super::super::engine::tests::{field, scan};
use super::super::mask::{Mask, MaskStyle, masked_as, orders};
use super::tests::{number, wrapped, written};
use crate::chunk::{Finding, Likelihood};
use proptest::prelude::*;

fn found_in(text: &[u8]) -> Vec<Finding> {
    scan(text, &[field(0, text.len())])
}

/// Every style but the one whose results look valid by purpose.
fn any_style() -> impl Strategy<Value = MaskStyle> {
    prop_oneof![
        Just(MaskStyle::Full),
        any::<u8>().prop_map(MaskStyle::KeepLast),
        any::<u8>().prop_map(MaskStyle::KeepFirst),
        Just(MaskStyle::Token),
        Just(MaskStyle::Remove),
    ]
}

fn spelled(number: &str, ways: &[usize]) -> String {
    let spelled = number.chars().zip(ways).map(|(c, way)| written(c, *way));
    spelled.collect()
}

/// Nothing that fired fires again, at a likelihood that rules act on or that was masked.
fn stays_hidden(text: &[u8], mask: &Mask) -> Result<(), TestCaseError> {
    let found = found_in(text);
    let out = masked_as(text, orders(&found, mask));
    let lowest = found.iter().map(|finding| finding.likelihood).min();
    let acts = lowest.map_or(Likelihood::Likely, |lowest| lowest.min(Likelihood::Likely));
    let mut again = found_in(&out);
    again.retain(|new| {
        new.likelihood >= acts && found.iter().any(|old| old.detector == new.detector)
    });
    let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let (text, out) = (shown(text), shown(&out));
    prop_assert_eq!(again, [], "{:?}: {:?} became {:?}", mask, text, out);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing_that_fired_fires_again_however_it_is_spelled(
        number in number(), ways in proptest::collection::vec(0..14usize, 19), style in any_style(), json in any::<bool>(),
    ) {
        let spelled = spelled(&number, &ways);
        let text = match json {
            // What JSON takes for an escape or for markup alike: the field need not be sound JSON.
            true => format!("{{\"ssn\":\"{spelled}\",\"card\":[\"{spelled}\",1]}}"),
            false => format!("ssn, card: {spelled} and more"),
        };
        stays_hidden(text.as_bytes(), &style.into())?;
    }

    #[test]
    fn nor_however_it_is_wrapped(
        number in number(), spelling in proptest::option::of(proptest::collection::vec(0..14usize, 19)),
        ways in proptest::collection::vec(0..7usize, 1..3), style in any_style(),
    ) {
        let core = spelling.map_or(number.clone(), |ways| spelled(&number, &ways));
        let mut text = format!("{{\"ssn, card\":\"{core}\"}}").into_bytes();
        for (depth, way) in ways.iter().enumerate() {
            text = wrapped(&text, if depth > 0 && *way == 6 { 0 } else { *way });
        }
        stays_hidden(&text, &style.into())?;
    }

    #[test]
    fn what_is_encrypted_is_another_number_in_the_same_spelling(
        number in prop_oneof!["4[0-9]{15}", "[1-8][0-9]{2}-[0-9]{2}-[0-9]{4}"], way in 0..6usize,
    ) {
        let spelled = spelled(&number, &[way; 19]);
        let text = format!("ssn, card: {spelled} and more");
        let found = found_in(text.as_bytes());
        let out = masked_as(text.as_bytes(), orders(&found, &MaskStyle::FormatPreserving.into()));
        let out = String::from_utf8(out).unwrap();
        if found.iter().all(|finding| finding.likelihood < Likelihood::Likely) {
            return Ok(());
        }
        prop_assert_eq!(out.len(), text.len(), "{} became {}", text, out);
        let inner = out.strip_prefix("ssn, card: ").and_then(|rest| rest.strip_suffix(" and more"));
        prop_assert!(inner.is_some_and(|inner| inner != spelled), "{} became {}", text, out);
    }
}
