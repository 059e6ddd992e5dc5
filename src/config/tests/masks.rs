//! Masks and their key: what a good file means, and what is told of others.

use super::SMALL;
use crate::config::{Config, Faults, parse};
use crate::policy::Effect;
use crate::scan::mask::{JsonNumber, Mask, MaskStyle};

const KEY: &str = "a secret of at least thirty-two bytes";

fn read(text: &str) -> Result<Config, Faults> {
    let env = |name: &str| match name {
        "KEY" => Some(KEY.to_owned()),
        "SHORT" => Some(KEY[..31].to_owned()),
        _ => None,
    };
    parse(&format!("{SMALL}{text}"), "lg.yaml", &env)
}

fn told(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// One rule for these detectors.
fn rule(detectors: &str, then: &str) -> String {
    format!(
        "rules:\n  r: {{when: {{}}, if: {{contains: {{any: [{detectors}]}}}}, then: {{{then}}}}}\n"
    )
}

fn mask(then: &str) -> Mask {
    let text = format!("masking: {{key: \"${{KEY}}\"}}\n{}", rule("us_ssn", then));
    let config = read(&text).unwrap();
    match &config.policy.rules().next().unwrap().effect {
        Effect::Mask(mask) => mask.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_style_can_be_written() {
    for (then, style) in [
        ("mask: full", MaskStyle::Full),
        ("mask: token", MaskStyle::Token),
        ("mask: format_preserving", MaskStyle::FormatPreserving),
        ("mask: remove", MaskStyle::Remove),
        ("mask: {keep_last: 4}", MaskStyle::KeepLast(4)),
        ("mask: {keep_first: 3}", MaskStyle::KeepFirst(3)),
        (
            "mask: {replace: \"[gone]\"}",
            MaskStyle::Replace("[gone]".into()),
        ),
    ] {
        assert_eq!(mask(then), style.into(), "{then}");
    }
    let string = Mask {
        style: MaskStyle::Token,
        json_number: JsonNumber::String,
    };
    assert_eq!(mask("mask: token, json_number: string"), string);
}

#[test]
fn what_a_mask_cannot_be_is_told() {
    for (then, said) in [
        (
            "mask: hash",
            "4:63: `hash`; expected full or token or format_preserving or remove",
        ),
        (
            "mask: {keep_last: 2, replace: x}",
            "4:63: 2 ways to mask; expected full, token, ",
        ),
        (
            "mask: {replace: \"\"}",
            "4:73: ``; expected a text of at most 64 bytes without",
        ),
        (
            "mask: {replace: \"a'b\"}",
            "4:73: a text with `\\'`; expected a text",
        ),
        (
            "mask: {replace: my card}",
            "4:73: a text with `card`, which detectors look for; expected",
        ),
        (
            "mask: full, json_number: text",
            "4:82: `text`; expected number or string",
        ),
        (
            "block: {reason: x}, json_number: string",
            "4:90: `json_number` without a mask; expected",
        ),
        (
            "mask: token",
            "4:56: a mask that needs a key; expected `masking: {key: …}` at the top",
        ),
    ] {
        let told = told(&rule("us_ssn", then));
        let said = format!("lg.yaml:{said}");
        assert!(
            told.starts_with(&said) && !told.contains('\n'),
            "{then}: {told}"
        );
    }
}

#[test]
fn what_a_detector_cannot_have_is_told() {
    let keyed = |then: &str| {
        format!(
            "masking: {{key: \"${{KEY}}\"}}\n{}",
            rule("us_ssn, email", then)
        )
    };
    let told = told(&keyed("mask: format_preserving"));
    let said = "lg.yaml:5:63: `format_preserving` for `email`, which has no fixed alphabet; expected another mask, such as token";
    assert_eq!(told, said);
    assert!(read(&keyed("mask: token")).is_ok());
    // A user's own detector finds any characters.
    let own = format!(
        "detectors: {{badge: {{words: [zxy]}}}}\nmasking: {{key: \"${{KEY}}\"}}\n{}",
        rule("badge", "mask: format_preserving")
    );
    let told_of_own = read(&own).unwrap_err().to_string();
    let what = "`format_preserving` for `badge`, which has no fixed alphabet";
    assert!(told_of_own.contains(what), "{told_of_own}");
    let warned = read(&rule("us_ssn", "mask: {keep_last: 8}"))
        .unwrap()
        .warnings;
    let said = "lg.yaml:4:56: warning: a mask of `us_ssn` leaves at most 4, not 8";
    assert_eq!(
        warned.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [said]
    );
}

#[test]
fn the_key_comes_from_outside_is_long_enough_and_shown_to_nobody() {
    let config = read("masking: {key: \"${KEY}\"}\n").unwrap();
    assert!(config.mask_keys.is_some());
    assert!(!format!("{config:?}").contains(KEY) && !config.policy_text.contains(KEY));
    assert!(read("").unwrap().mask_keys.is_none());
    let text = |key: &str| told(&format!("masking: {{key: {key}}}\n"));
    let short = text("\"${SHORT}\"");
    assert_eq!(
        short,
        "lg.yaml:3:16: a short masking key; expected 32 bytes or more, such as `openssl rand -base64 48` prints"
    );
    assert_eq!(
        text(KEY),
        "lg.yaml:3:16: a secret in plain text; expected `${NAME}` or `file:PATH`"
    );
    assert_eq!(
        text("\"${NO}\""),
        "lg.yaml:3:16: the environment has no `NO`; expected `${NAME}` or `file:PATH`"
    );
    assert_eq!(told("masking: {}\n"), "lg.yaml:3:10: `key` is missing");
}
