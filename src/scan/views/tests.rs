//! Laws of views: what holds for any spelling, any nesting and any bytes.
#![allow(clippy::unwrap_used)]

use super::super::engine::tests::{all_detectors, field, scan};
use super::super::{Engine, Scratch};
use super::*;
use crate::chunk::Likelihood;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;

/// What a view of a text says, and whether offsets go back in order.
fn views(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut scratch, mut all) = (ViewScratch::default(), Vec::new());
    scratch.begin_body();
    expand(text, &mut scratch, &mut |view| {
        all.push(view.text.to_vec());
        let mut last = 0..0;
        for at in 0..view.text.len() {
            let origin = view.origin_of(&(at..at + 1));
            let (span, form) = (origin.span, origin.form);
            assert!(
                last.start <= span.start && last.end <= span.end,
                "{last:?} {span:?}"
            );
            assert!(span.end <= text.len());
            if form == Form::Plain {
                assert_eq!(
                    text.get(span.clone()),
                    view.text.get(at..at + 1),
                    "{span:?}"
                );
            }
            last = span;
        }
    });
    all
}

/// One character, written in the way of that number.
pub(super) fn written(c: char, way: usize) -> String {
    let code = c as u32;
    let fold = |zero: u32| match c.to_digit(10) {
        Some(value) => char::from_u32(zero + value).unwrap().to_string(),
        None => format!("%{code:02X}"),
    };
    match way {
        0 => format!("\\u{code:04x}"),
        1 => format!("\\\\u{code:04X}"),
        2 => format!("%{code:02x}"),
        3 => format!("%25{code:02x}"),
        4 => format!("&#{code};"),
        5 => format!("&#x{code:X};"),
        6 => char::from_u32(0xff01 + code - 0x21)
            .filter(|_| code > 0x20)
            .map_or("\u{a0}".into(), String::from),
        7 => fold(0x0660),
        8 => fold(0x0966),
        9 => fold(0x1d7ce),
        10 => format!("\\uff{:02x}", code - 0x20).replace("ff00", "00a0"),
        11 => format!("<b>{c}</b>\u{200b}"),
        12 => format!("\u{ad}{c}<!-- -->"),
        _ => format!("&amp;#{code};"),
    }
}

fn each(text: &str, write: impl Fn(char) -> char) -> String {
    text.chars().map(write).collect()
}

/// What is decoded behind another mark only, as the evasion table says: zlib behind other bytes, and base64 that has
/// other characters among its first twelve.
fn is_beyond_marks(text: &[u8]) -> bool {
    let zlib = |at: usize| matches!(text[at..], [b'x', 0x01 | 0x5e | 0x9c | 0xda, ..]);
    let in_run = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let runs = text
        .split(|byte| !in_run(byte))
        .filter(|run| run.len() >= 12);
    let broken = |run: &[u8]| !run[..12].iter().all(u8::is_ascii_alphanumeric);
    (1..text.len()).any(zlib) || runs.into_iter().any(broken)
}

/// Some text in some wrapper.
pub(super) fn wrapped(text: &[u8], way: usize) -> Vec<u8> {
    match way {
        0 => BASE64.encode(text).into_bytes(),
        1 => BASE64URL_NOPAD.encode(text).into_bytes(),
        2 => HEXLOWER.encode(text).into_bytes(),
        3 => HEXUPPER.encode(text).into_bytes(),
        4 => deflate::gzip(text),
        5 => deflate::zlib(text),
        _ => text
            .iter()
            .flat_map(|byte| [*byte, 0])
            .chain(*b"\"\0")
            .collect(),
    }
}

/// Numbers that are one, and such that are none by one digit.
pub(super) fn number() -> impl Strategy<Value = String> {
    let card = ("4[0-9]{14}", 0..10usize).prop_map(|(stem, check)| format!("{stem}{check}"));
    let ssn = "[0-9]{3}-[0-9]{2}-[0-9]{4}";
    let bare = "[1-9][0-9]{8}";
    prop_oneof![card, ssn, bare]
}

fn told(findings: &[Finding]) -> Vec<(u8, Likelihood)> {
    findings
        .iter()
        .map(|f| (f.detector.0, f.likelihood))
        .collect()
}

/// Everything that is found in a field, and what masks make of it.
fn masked(text: &[u8]) -> (Vec<Finding>, Vec<u8>) {
    let (engine, mut scratch) = (Engine::new(all_detectors()), Scratch::new());
    let findings = scan(text, &[field(0, text.len())]);
    let mask = |text: &[u8], inner: &[Finding]| {
        let edit = |f: &Finding| {
            let span = f.start as usize..f.end as usize;
            let with = text[span.clone()]
                .iter()
                .map(|c| if c.is_ascii_digit() { b'X' } else { *c });
            Replacement {
                with: with.collect(),
                span,
            }
        };
        inner.iter().map(edit).collect()
    };
    let mut out = text.to_vec();
    for edit in engine
        .rewrite(text, &findings, &mut scratch, &mut |text, inner| {
            mask(text, inner)
        })
        .into_iter()
        .rev()
    {
        out.splice(edit.span, edit.with);
    }
    (findings, out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_spelled_number_is_found_exactly_when_the_plain_one_is(
        number in number(), ways in proptest::collection::vec(0..14usize, 19), word in any::<bool>(),
    ) {
        let before = if word { "ssn or card: " } else { "the number " };
        let spelled: String = number.chars().zip(ways).map(|(c, way)| written(c, way)).collect();
        let text = format!("{before}{spelled} and more");
        let plain = format!("{before}{number} and more");
        let (found, want) = (scan(text.as_bytes(), &[field(0, text.len())]), scan(plain.as_bytes(), &[field(0, plain.len())]));
        prop_assert_eq!(told(&found), told(&want), "{}", text);
        for finding in &found {
            let span = &text[finding.start as usize..finding.end as usize];
            prop_assert!(spelled.contains(span) && span.len() >= number.len(), "{} in {}", span, spelled);
            prop_assert_eq!(finding.form, Form::Escaped);
        }
    }

    #[test]
    fn a_wrapped_number_is_found_exactly_when_the_plain_one_is(
        number in number(), ways in proptest::collection::vec(0..7usize, 1..=limits::VIEW_DEPTH_MAX), outside in any::<bool>(),
    ) {
        let plain = format!("{{\"ssn\": \"{number}\"}}");
        let (core, before) = if outside { (format!("\"{number}\""), "ssn: ") } else { (plain.clone(), "") };
        let mut inner = core.into_bytes();
        for (depth, way) in ways.iter().enumerate() {
            // 16-bit text is of characters, not of any bytes.
            inner = wrapped(&inner, if depth > 0 && *way == 6 { 0 } else { *way });
        }
        let text = [before.as_bytes(), &inner].concat();
        prop_assume!(!is_beyond_marks(&text));
        let (found, want) = (scan(&text, &[field(0, text.len())]), scan(plain.as_bytes(), &[field(0, plain.len())]));
        // What is compressed may hold digits in clear, by chance or as they were.
        let deflated = ways.iter().any(|way| matches!(way, 4 | 5));
        let (mut found, want) = (told(&found), told(&want));
        found.retain(|finding| !deflated || want.contains(finding));
        found.dedup();
        prop_assert_eq!(found, want, "{:?} {}", ways, String::from_utf8_lossy(&text));
    }

    #[test]
    fn a_mask_goes_back_through_every_spelling(
        number in number(), spelling in proptest::collection::vec(0..14usize, 19), ways in proptest::collection::vec(0..7usize, 0..3),
    ) {
        let spelled: String = number.chars().zip(spelling).map(|(c, way)| written(c, way)).collect();
        let mut text = format!("ssn, card: {spelled} .").into_bytes();
        for (depth, way) in ways.iter().enumerate() {
            text = wrapped(&text, if depth > 0 && *way == 6 { 0 } else { *way });
        }
        let (findings, out) = masked(&text);
        if findings.is_empty() {
            prop_assert_eq!(out, text);
        } else {
            prop_assert_eq!(scan(&out, &[field(0, out.len())]), [], "{:?} became {:?}", String::from_utf8_lossy(&text), String::from_utf8_lossy(&out));
            let deflated = ways.iter().any(|way| matches!(way, 4 | 5));
            // Decimal digits of these sets have no X of their own width.
            let narrow = ["٠".."٪", "०".."॰", "𝟎".."𝟘"].iter().all(|set| spelled.chars().all(|c| !(set.start..set.end).contains(&c.to_string().as_str())));
            prop_assert!(deflated || !narrow || out.len() == text.len());
            // What read as the number reads as the mask, and everything else as before.
            let mask = each(&number, |c| if c.is_ascii_digit() { 'X' } else { c });
            let (before, after) = (views(&text), views(&out));
            let with = |views: &[Vec<u8>], number: &str| {
                let strings = views.iter().map(|view| String::from_utf8_lossy(view).into_owned());
                strings.filter(|view| view.contains(number)).map(|view| view.replace(number, "")).collect::<Vec<_>>()
            };
            let (was, is) = (with(&before, &number), with(&after, &mask));
            // UTF-16 of what is not ASCII is read in part only.
            let partly = ways.first() == Some(&6) && !spelled.is_ascii();
            prop_assert!((partly || !was.is_empty()) && was.iter().all(|view| is.contains(view)), "{:?} {:?}", was, is);
        }
    }

    #[test]
    fn any_bytes_are_survived_and_maps_are_monotone(pieces in proptest::collection::vec(piece(), 0..25)) {
        let text = pieces.concat();
        let seen = views(&text);
        // What carries no mark hides nothing: its views show what it shows.
        if !is_marked(&text) && !is_beyond_marks(&text) {
            let shown = told(&scan(&text, &[field(0, text.len())]));
            for view in seen {
                let told = told(&scan(&view, &[field(0, view.len())]));
                prop_assert!(told.iter().all(|found| shown.contains(found)), "{:?}", String::from_utf8_lossy(&text));
            }
        }
        let (findings, out) = masked(&text);
        if findings.iter().all(|finding| finding.form == Form::Plain) {
            prop_assert_eq!(out, text);
        }
    }
}

/// Bytes that decoders look at, and others.
pub(super) fn piece() -> impl Strategy<Value = Vec<u8>> {
    let spelled = (
        proptest::sample::select(vec!['1', '4', '-', ' ', 'a']),
        0..14usize,
    )
        .prop_map(|(c, way)| written(c, way).into_bytes());
    let packed = ("[ -~]{0,20}", 0..7usize).prop_map(|(text, way)| wrapped(text.as_bytes(), way));
    let leads = proptest::sample::select(vec![
        "\\", "%", "&", "&#", "<", "<b", "\0", "\u{1f}", "e8", "0", "x", "\\u", "\\u00", "+", "=",
        "\n", "\\n", "\\/",
    ]);
    prop_oneof![
        spelled,
        packed,
        leads.prop_map(|lead| lead.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
        "[0-9.eE+-]{0,12}".prop_map(String::into_bytes),
        Just(b"536-90-4399".to_vec()),
        Just(vec![0x1f, 0x8b, 8, 0]),
        Just(vec![0x78, 0x9c]),
    ]
}

#[test]
fn a_field_with_more_units_than_one_stretch_holds() {
    let number: String = "536-90-4399".chars().map(|c| written(c, 0)).collect();
    for (filler, count) in [
        ("\\u0061", 90_000),
        ("%41", 200_000),
        ("a\u{200b}", 70_000),
        ("<b></b>", 70_000),
        ("x", 600_000),
        ("%41 ", 262_140),
    ] {
        let text = format!(
            "{number} {} {number} {} {number}",
            filler.repeat(count / 2),
            filler.repeat(count / 2)
        );
        let found = scan(text.as_bytes(), &[field(0, text.len())]);
        let spans: Vec<_> = found
            .iter()
            .map(|f| &text[f.start as usize..f.end as usize])
            .collect();
        assert_eq!(spans, [&number; 3], "{filler}");
    }
}

#[test]
fn many_values_each_once_wherever_stretches_meet() {
    let mut text = String::new();
    for i in 0..20_000 {
        text.push_str(&format!(
            "&#{}; 536-90-{:04}\u{a0}",
            48 + i % 10,
            1 + i % 9000
        ));
    }
    let found = scan(text.as_bytes(), &[field(0, text.len())]);
    assert_eq!(found.len(), 20_000);
    let packed: String = (0..20_000)
        .map(|i| BASE64.encode(format!("no. {i}: 536-90-{:04}", 1 + i % 9000).as_bytes()) + " ")
        .collect();
    let found = scan(packed.as_bytes(), &[field(0, packed.len())]);
    assert_eq!(found.len(), 20_000);
    assert!(found.iter().all(|finding| finding.form == Form::Encoded));
}

#[test]
fn a_space_that_is_spelled_sets_free_what_is_not() {
    for text in [
        "n%204111111111111111",
        "line\\n4111111111111111",
        "a\\t4111111111111111\\n",
        "&#58;4111111111111111",
    ] {
        let found = scan(text.as_bytes(), &[field(0, text.len())]);
        let spans: Vec<_> = found
            .iter()
            .map(|f| (&text[f.start as usize..f.end as usize], f.form))
            .collect();
        assert_eq!(spans, [("4111111111111111", Form::Plain)], "{text}");
    }
}

#[test]
fn only_what_claims_to_be_compressed_is_unreadable() {
    let unreadable = |text: &[u8]| {
        let (engine, mut scratch, mut out) =
            (Engine::new(all_detectors()), Scratch::new(), Vec::new());
        engine
            .scan(
                text,
                [field(0, text.len())].into_iter(),
                &mut scratch,
                &mut out,
            )
            .map(|it| it.fault)
    };
    let gzip = deflate::gzip(&b"a text of some length, with nothing in it ".repeat(9));
    let cut = &gzip[..gzip.len() / 2];
    assert_eq!(unreadable(&gzip), None);
    assert_eq!(unreadable(cut), Some(Fault::Damaged));
    assert_eq!(
        unreadable(BASE64.encode(cut).as_bytes()),
        Some(Fault::Damaged)
    );
    assert_eq!(
        unreadable(b"\x28\xb5\x2f\xfd and so on"),
        Some(Fault::Foreign("zstd"))
    );
    assert_eq!(unreadable(b"text \x28\xb5\x2f\xfd and so on"), None);
    let mut deep = b"nothing in it but text".to_vec();
    for _ in 0..=LAYERS {
        deep = wrapped(&deep, 0);
    }
    assert_eq!(unreadable(&deep), Some(Fault::TooDeep));
}

#[test]
fn the_budget_is_the_bodys() {
    let half = deflate::gzip(&vec![
        b' ';
        limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX - limits::MIB
    ]);
    let count =
        limits::VIEW_INFLATED_BYTES_PER_BODY_MAX / limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX + 2;
    let (mut body, mut fields) = (Vec::new(), Vec::new());
    for _ in 0..count {
        fields.push(field(body.len(), body.len() + half.len()));
        body.extend_from_slice(&half);
        body.push(b' ');
    }
    let (mut scratch, mut faults) = (ViewScratch::default(), Vec::new());
    scratch.begin_body();
    for field in &fields {
        let text = &body[field.start as usize..field.end as usize];
        faults.push(expand(text, &mut scratch, &mut |_| {}));
    }
    assert_eq!(faults.first(), Some(&None));
    assert_eq!(faults.last(), Some(&Some(Fault::TooLarge)));
}
