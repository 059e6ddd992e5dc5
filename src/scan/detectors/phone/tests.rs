use super::*;
use crate::scan::engine::tests::found;
use Likelihood::{Certain, Likely, Possible};
use proptest::prelude::*;

fn one(text: &str, number: &str, likelihood: Likelihood) {
    assert_eq!(
        found("phone", text),
        [(number.to_owned(), likelihood)],
        "{text}"
    );
}

fn none(text: &str) {
    assert_eq!(found("phone", text), [], "{text}");
}

fn at_least_likely(text: &str, number: &str) {
    let found = found("phone", text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    assert!(
        found[0].0 == number && found[0].1 >= Likely,
        "{text}: {found:?}"
    );
}

/// Forms that speak for themselves.
const ALONE: &[&str] = &[
    "212-555-0123",
    "(212) 555-0123",
    "(212)555-0123",
    "212.555.0123",
    "1-800-555-0199",
    "1 (212) 555-0123",
    "+1 (212) 555 0123",
    "+1-212-555-0123",
    "001-212-555-0123",
    "(212) 555-0123 x123",
    "212-555-0123x4567",
    "212.555.0123 ext. 89",
    "+12125550123",
    "+44 20 7946 0018",
    "+442079460018",
    "+41 44 668 18 00",
    "+41 (0)44 668 18 00",
    "+46 (0)8 360 352 96",
    "+49-30-123456",
    "+91 98765 43210",
    "+919876543210",
    "(+44) 20 7946 0018",
    "+33 1 23 45 67 89",
    "+447700 900 123",
];

/// Forms that need a word.
const BESIDE: &[&str] = &[
    "020 7946 0018",
    "(020) 7946 0018",
    "(03) 9471 0542",
    "0175 3543 210",
    "01 23 45 67 89",
    "0049 30 123456",
    "01.23.45.67.89",
    "07700 900123",
    "07700900123",
    "(07700) 900 123",
    "21 265 937 0214",
    "773 439 332",
    "74 979 653",
    "763 5734",
    "051-972-299",
    "0171-5201763",
    "0910-5877671",
    "(30) 173-2700",
    "498-3917980",
    "85 99 60",
    "22 471266",
    "8765432109",
    "450 41 460",
    "212 555 0123",
    "030 / 12345678",
];

#[test]
fn forms_that_speak_for_themselves() {
    for number in ALONE {
        one(number, number, Likely);
        for (before, after) in [
            ("at ", "."),
            ("\"", "\""),
            ("a,", ",b"),
            ("see ", " or so"),
            ("<x>", "</x>"),
            ("=", "&"),
        ] {
            one(&format!("{before}{number}{after}"), number, Likely);
        }
        one(&format!("phone: {number}"), number, Certain);
    }
}

#[test]
fn other_forms_beside_a_word() {
    for number in BESIDE {
        for text in [
            format!("Phone: {number}"),
            format!("please call me at {number}."),
            format!("{{\"mobile\":\"{number}\"}}"),
            format!("<fax>{number}</fax>"),
            format!("tel,{number},x"),
            format!("{number} office"),
            format!("{number}-Fax"),
            format!("Tel. {number}, thanks"),
            format!("reach us on {number} today"),
            format!("cell #: {number}\n"),
            format!("{{\"phones\":[\"{number}\"]}}"),
        ] {
            at_least_likely(&text, number);
        }
        let alone = found("phone", &format!("see {number}"));
        assert!(
            alone.iter().all(|(_, likelihood)| *likelihood == Possible),
            "{number}"
        );
    }
}

#[test]
fn bare_digits_need_a_word_that_names_the_thing() {
    for number in ["5551234", "2125550123", "79460018", "919876543210"] {
        for text in [
            format!("phone {number}"),
            format!("{{\"phone\":{number}}}"),
            format!("msisdn={number}"),
            format!("<tel>{number}</tel>"),
            format!("{{\"contact\":{{\"telephone\":{number},\"x\":\"y\"}}}}"),
        ] {
            at_least_likely(&text, number);
        }
        none(&format!("number {number}"));
        none(&format!("{{\"id\":{number}}}"));
    }
    for number in ["5551234", "79460018", "1700000000", "1700000000123"] {
        none(&format!("call {number}"));
    }
}

#[test]
fn what_reads_as_something_else() {
    for text in [
        "phone 2024-01-02",
        "call 01/02/2024",
        "phone 02.01.24",
        "phone 536-90-4399",
        "call 4111 1111 1111 1111",
        "phone 192.168.100.200",
        "phone 12.345.678",
        "phone 10:30:15",
        "phone 3782 822463 10005",
        "phone_id: 2125550123",
        "phoneVerifiedAt: 1700000000",
        "phone order 2125550123",
        "call took 1234567 us",
        "phone 3f2504e0-4f89-11d3",
        "phone a71641111",
        "phone 123456",
        "{\"phone\":null,\"zip\":\"12345-6789\"}",
        "<phone/><zip>2125550123</zip>",
        "phone $1234567",
        "phone 9000001234",
        "phone XXX-XXX-0123",
        "12345678-212-555-0123-0000",
        "212-555-01234",
        "1212-555-0123",
        "212-555-0123-4",
        "112-555-0123",
        "212-155-0123",
        "212-555.0123",
        "(212-555-0123",
        "x+12125550123",
        "1e+12345678901",
        "+1212555012",
        "+999 1234567",
        "a+442079460018",
        "+35236450.6",
        "+1.2125550123",
        "2.212.555.0123",
        "212.555.0123.4",
        "2024-01-02T10:11:12+01:00",
    ] {
        let found = found("phone", text);
        assert!(
            found.iter().all(|(_, likelihood)| *likelihood == Possible),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn as_registries_write_it() {
    one("phone: +1.2125550123", "+1.2125550123", Likely);
}

#[test]
fn after_an_escaped_line_end() {
    one("{\"t\":\"call\\n212-555-0123\"}", "212-555-0123", Certain);
    one("{\"t\":\"x\\n212-555-0123\"}", "212-555-0123", Likely);
    one("{\"t\":\"x\\n+442079460018\"}", "+442079460018", Likely);
}

#[test]
fn several_side_by_side() {
    let text = "07361 77 13 53 office\n722.514.4462 fax\n+46 (0)979 217 15 mobile\n";
    let all: Vec<_> = found("phone", text)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(all, ["07361 77 13 53", "722.514.4462", "+46 (0)979 217 15"]);
    let text = "call +41 44 668 18 00 or 212-555-0123 2 times";
    let all: Vec<_> = found("phone", text)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(all, ["+41 44 668 18 00", "212-555-0123"]);
}

proptest! {
    #[test]
    fn generated_ones_are_found(
        area in 200u32..1000, exchange in 200u32..1000, line in 0u32..10_000, form in 0usize..6, place in 0usize..5,
    ) {
        let number = match form {
            0 => format!("{area}-{exchange}-{line:04}"),
            1 => format!("({area}) {exchange}-{line:04}"),
            2 => format!("{area}.{exchange}.{line:04}"),
            3 => format!("+1 {area} {exchange} {line:04}"),
            4 => format!("+1{area}{exchange}{line:04}"),
            _ => format!("1-{area}-{exchange}-{line:04}"),
        };
        let text = match place {
            0 => format!("They live at 7 Elm and answer {number}."),
            1 => format!("{{\"a\":1,\"n\":\"{number}\"}}"),
            2 => format!("<n>{number}</n>"),
            3 => format!("Smith,{number},7"),
            _ => number.clone(),
        };
        let found = found("phone", &text);
        prop_assert_eq!(found.len(), 1);
        // Codes that the plan keeps back; a plus says enough by itself.
        let service = |code: u32| code % 100 == 11;
        let kept = area / 10 % 10 == 9 || matches!(area / 10, 37 | 96) || service(area) || service(exchange);
        let least = if kept && !number.starts_with('+') { Possible } else { Likely };
        prop_assert!(found[0].0 == number && found[0].1 >= least, "{:?}", found);
    }
}

#[test]
fn codes_that_nobody_has_need_a_word() {
    for number in [
        "299-555-0123",
        "(373) 555-0123",
        "962.973.6047",
        "411-555-0123",
        "212-911-0123",
    ] {
        one(&format!("see {number}"), number, Possible);
        at_least_likely(&format!("phone {number}"), number);
    }
    one("+1 962 973 6047", "+1 962 973 6047", Likely);
}

#[test]
fn a_number_that_counts_things_is_none() {
    for name in [
        "Order ",
        "order #",
        "Invoice number: ",
        "{\"invoice_no\":\"",
        "batch=",
        "<orderId>",
        "trackingNumber: ",
        "nhs_no=",
    ] {
        one(&format!("{name}212-555-0123"), "212-555-0123", Possible);
    }
    for text in [
        "in order to reach 212-555-0123",
        "Order 5, 212-555-0123",
        "a 212-555-0123",
    ] {
        at_least_likely(text, "212-555-0123");
    }
}

#[test]
fn three_three_four_that_no_plan_has() {
    for number in [
        "124-031-8141",
        "(038) 036-5171",
        "(164) 199-7576",
        "151 061 6182",
    ] {
        none(&format!("phone number {number}"));
    }
    at_least_likely("phone: 174.452.4627", "174.452.4627");
    at_least_likely("phone: 082-012-3456", "082-012-3456");
    at_least_likely("phone: (082) 312-3456", "(082) 312-3456");
}
