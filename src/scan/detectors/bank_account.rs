//! Bank account number.
//!
//! Rule: six to seventeen digits, in one run or in groups of two or more joined by single spaces or hyphens,
//! beside a word for bank accounts. Source: Nacha Operating Rules, appendix three (DFI account number, at most
//! 17 characters); ISO 13616 for the lengths of national numbers.
//!
//! Owns: that form and the words. Refuses: a number without a word (there is no checksum), account names
//! and ids of other systems: `account`, `accountId` say nothing here. IBANs and routing numbers
//! have detectors of their own. Stays true: the first thing with digits after the word is the
//! account's number or nothing is.

use super::payment_card;
use crate::chunk::Likelihood;
use crate::scan::blank::is_masked_number;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink, Word};
use crate::scan::values::{self, Wanted};
use std::ops::Range;

/// Words that say "account number"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "account number",
    "account numbers",
    "account no",
    "account nr",
    "account num",
    "account nbr",
    "account#",
    "acct",
    "acct no",
    "acct num",
    "acct number",
    "acct nbr",
    "acct#",
    "a/c",
    "a/c no",
    "a/c number",
    "acc no",
    "acc number",
    "accountnumber",
    "bank account",
    "bank account number",
    "bank acct",
    "bank account no",
    "checking account",
    "savings account",
    "current account",
    "checking acct",
    "savings acct",
    "deposit account",
    "beneficiary account",
    "kontonummer",
    "konto nr",
    "kontonr",
    "numero de compte",
    "numero de cuenta",
    "bban",
];

/// The table's row. Statements show the last four.
pub(super) const DETECTOR: Detector = Detector {
    name: "bank_account",
    title: "bank account number",
    rule: "six to seventeen digits beside a word for bank accounts",
    source: "Nacha Operating Rules, appendix three; ISO 13616",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 0,
    keep_last_max: KEEP_LAST_MAX,
    triggers: &[Trigger::Keyword(find)],
    fits: |digits| value(digits, 0).is_some_and(|span| span == (0..digits.len())),
};

const KEEP_LAST_MAX: u8 = 4;
/// Fewest digits: older savings banks.
const DIGITS_MIN: usize = 6;
/// Most digits, separators aside.
const DIGITS_MAX: usize = 17;

const WANTED: Wanted = Wanted {
    parse: value,
    unless: &[
        "opened", "closed", "created", "routing", "sort", "aba", "phone", "card", "date", "since",
    ],
    both_sides: false,
    digits: true,
};

fn find(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>) {
    values::visit(scene.text, word, &WANTED, |span| {
        let written = scene.text.get(span.clone()).unwrap_or_default();
        // `"account_number":"4111111111111111"`: a check digit says more than a word.
        if !is_card(written) {
            sink.report(span, Likelihood::Likely);
        }
    });
}

fn is_card(written: &[u8]) -> bool {
    let (mut digits, mut len) = ([0; DIGITS_MAX], 0);
    let all = written.iter().filter(|byte| byte.is_ascii_digit());
    for (place, digit) in digits.iter_mut().zip(all) {
        *place = *digit;
        len += 1;
    }
    payment_card::is_likely(digits.get(..len).unwrap_or_default())
}

fn value(text: &[u8], at: usize) -> Option<Range<usize>> {
    let tied = match edges::before(text, at) {
        [.., before, b'-' | b'.' | b'/' | b','] => before.is_ascii_digit(),
        [.., last] => last.is_ascii_alphanumeric() || *last == b'*',
        [] => false,
    };
    let (mut end, mut digits, mut first, mut groups) = (at, 0, 0, 0);
    let (mut run, mut kept) = ([0; DIGITS_MAX], true);
    loop {
        let len = text
            .get(end..)?
            .iter()
            .take(DIGITS_MAX + 1)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        kept &= groups == 0 || len >= 2;
        first = if groups == 0 { len } else { first };
        run.get_mut(digits..digits + len)?
            .copy_from_slice(text.get(end..end + len)?);
        (end, digits, groups) = (end + len, digits + len, groups + 1);
        match text.get(end..)? {
            [b' ' | b'-', next, ..] if next.is_ascii_digit() && len > 0 => end += 1,
            _ => break,
        }
    }
    let ends = match text.get(end..)? {
        [b'-' | b'.' | b'/' | b':' | b',', next, ..] => {
            !next.is_ascii_alphanumeric() || (groups == 1 && *text.get(end)? == b',')
        }
        [next, ..] => !(next.is_ascii_alphanumeric() || matches!(next, b'_' | b'*')),
        [] => true,
    };
    let fits = (DIGITS_MIN..=DIGITS_MAX).contains(&digits)
        && first >= 2
        && kept
        && !tied
        && ends
        && !is_masked_number(run.get(..digits)?, KEEP_LAST_MAX.into())
        && !is_date(text.get(at..end)?);
    fits.then_some(at..end)
}

/// `2024-01-02`.
fn is_date(text: &[u8]) -> bool {
    let lens = text.split(|byte| *byte == b'-').map(<[u8]>::len);
    lens.eq([4, 2, 2]) && (text.starts_with(b"19") || text.starts_with(b"20"))
}

#[cfg(test)]
mod tests {
    use super::is_card;
    use crate::scan::engine::tests::found;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Vec<String> {
        found("bank_account", text)
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn a_card_number_is_left_to_its_own_detector() {
        for text in [
            "account number 4111111111111111",
            "{\"primaryAccountNumber\":\"4111 1111 1111 1111\"}",
        ] {
            assert_eq!(found("bank_account", text), [], "{text}");
            assert_eq!(found("payment_card", text).len(), 1, "{text}");
        }
        assert_eq!(
            found("bank_account", "account number 4111111111111112").len(),
            1
        );
    }

    #[test]
    fn forms_in_use() {
        for number in [
            "12345678",
            "000123456789",
            "12345678901234567",
            "123456",
            "1234 5678 9012",
            "12-345678-90",
        ] {
            for text in [
                format!("account number {number}."),
                format!("Acct #: {number}"),
                format!("acct no. {number}, sort code x"),
                format!("A/C No {number}"),
                format!("{{\"accountNumber\":\"{number}\"}}"),
                format!("{{\"bank_account\":{{\"number\":\"{number}\"}}}}"),
                format!("<AccountNumber>{number}</AccountNumber>"),
                format!("account_no,{number}"),
                format!("{number} is my account number"),
                format!("please debit my checking account {number}"),
            ] {
                assert_eq!(numbers(&text), [number], "{text}");
            }
        }
        assert_eq!(
            numbers("{\"accountNumber\":12345678,\"x\":7}"),
            ["12345678"]
        );
    }

    #[test]
    fn not_bank_accounts() {
        for text in [
            "12345678",
            "account 12345678",
            "account_id: 12345678",
            "accountId=12345678",
            "{\"account\":{\"id\":12345678}}",
            "account number 12345",
            "account number 123456789012345678",
            "account number DE89370400440532013000",
            "acct opened 20240102",
            "account number 2024-01-02",
            "account number ****12345678",
            "acct 900001234",
            "account number type 123456",
            "{\"bank_account\":{\"id\":12345678}}",
            "account number 3f2504e0-4f89",
            "acct 1 12345678",
        ] {
            assert_eq!(numbers(text), [] as [&str; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn generated_ones_are_found(number in "[1-8][0-9]{6,15}", place in 0usize..4) {
            prop_assume!(!is_card(number.as_bytes()));
            let text = match place {
                0 => format!("Wire it to account number {number} today."),
                1 => format!("{{\"id\":1,\"account_number\":\"{number}\"}}"),
                2 => format!("<p><acctNo>{number}</acctNo></p>"),
                _ => format!("Smith,acct,{number},x"),
            };
            prop_assert_eq!(numbers(&text), [number]);
        }
    }
}
