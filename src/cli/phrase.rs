//! Rules and exceptions as one line of text.
//!
//! Owns: how `when`, `if` and `then` read in few words. Refuses: to leave a condition out: two rules that differ
//! have lines that differ. Stays true: lists are as they were written.

use crate::config::Config;
use crate::policy::{
    Bounds, Condition, Contains, Creates, Effect, Exception, Mode, Parts, Pattern, Rule, Setting,
    Want, When,
};
use crate::scan::DETECTORS;
use crate::scan::mask::MaskStyle;

/// The names of all detectors, by their ids.
pub fn detectors(config: &Config) -> Vec<&str> {
    let built_in = DETECTORS.iter().map(|detector| detector.name);
    let own = config.detectors.iter().map(|own| own.name.as_ref());
    built_in.chain(own).collect()
}

/// The names of what [`rule`] tells, in its order.
pub const RULE: [&str; 6] = ["name", "owner", "mode", "when", "if", "then"];
/// The names of what [`exception`] tells, in its order.
pub const EXCEPTION: [&str; 5] = ["name", "lifts", "when", "until", "for"];

/// Name, owner, mode, when, if, then.
pub fn rule(rule: &Rule, detectors: &[&str]) -> [String; 6] {
    let mode = match rule.mode {
        Mode::Enforce => "enforce",
        Mode::Observe => "observe",
    };
    [
        rule.name.to_string(),
        rule.owner.as_deref().unwrap_or("-").to_owned(),
        mode.to_owned(),
        format!("when {}", when(&rule.when)),
        format!("if {}", condition(&rule.condition, detectors)),
        format!("then {}", effect(&rule.effect)),
    ]
}

/// Name, what it lifts, where, until when, why.
pub fn exception(exception: &Exception) -> [String; 5] {
    let until = jiff::Timestamp::from_millisecond(exception.until.0 - 1)
        .map(|end| end.to_zoned(jiff::tz::TimeZone::UTC).date().to_string());
    [
        exception.name.to_string(),
        format!("lifts {}", exception.lifts.join(", ")),
        format!("when {}", when(&exception.when)),
        format!("until {}", until.unwrap_or_default()),
        format!("for {}", exception.reason),
    ]
}

fn when(when: &When) -> String {
    let mut parts = Vec::new();
    if let Some(operations) = &when.operations {
        let names: Vec<&str> = operations.iter().map(|it| it.name()).collect();
        parts.push(names.join("|"));
    }
    let fields = [
        ("topics", &when.topics),
        ("principals", &when.principals),
        ("groups", &when.groups),
        ("client_ids", &when.client_ids),
        ("listeners", &when.listeners),
    ];
    for (name, patterns) in fields {
        if let Some(patterns) = patterns {
            parts.push(format!("{name}={}", any_of(patterns)));
        }
    }
    for (name, patterns) in when.claims.iter().flatten() {
        parts.push(format!("claims.{name}={}", any_of(patterns)));
    }
    match parts.is_empty() {
        true => "always".to_owned(),
        false => parts.join(" "),
    }
}

fn any_of(patterns: &[Pattern]) -> String {
    let texts: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
    texts.join("|")
}

fn condition(condition: &Condition, detectors: &[&str]) -> String {
    match condition {
        Condition::Always => "always".to_owned(),
        Condition::Unreadable(causes) => {
            let names: Vec<&str> = causes.iter().map(|cause| cause.name()).collect();
            format!("unreadable ({})", names.join("|"))
        }
        Condition::Contains(contains) => contained(contains, detectors),
        Condition::Creates(creates) => format!("creates a topic with {}", created(creates)),
        Condition::FirstUse => "first_use of the topic".to_owned(),
    }
}

fn created(creates: &Creates) -> String {
    let mut terms = Vec::new();
    for (name, bounds) in [
        ("partitions", &creates.partitions),
        ("replication", &creates.replication),
    ] {
        terms.extend((!bounds.is_empty()).then(|| format!("{name} {}", bounded(bounds))));
    }
    terms.extend(creates.config.iter().map(|(name, setting)| match setting {
        Setting::Number(bounds) => format!("{name} {}", bounded(bounds)),
        Setting::Among(them) => format!("{name} among {}", any_of(them)),
        Setting::Outside(them) => format!("{name} outside {}", any_of(them)),
    }));
    let outside = creates.names_outside.iter();
    terms.extend(outside.map(|them| format!("a name outside {}", any_of(them))));
    terms.join(", or ")
}

fn bounded(bounds: &Bounds) -> String {
    let above = bounds.above.map(|most| format!("above {most}"));
    let below = bounds.below.map(|least| format!("below {least}"));
    let both: Vec<String> = above.into_iter().chain(below).collect();
    both.join(" or ")
}

fn contained(contains: &Contains, detectors: &[&str]) -> String {
    use crate::chunk::Part::{Header, Key, Value};
    let ids = contains.detectors.iter();
    let names: Vec<&str> = ids
        .filter_map(|id| detectors.get(usize::from(id.0)).copied())
        .collect();
    let want = match contains.want {
        Want::Any => "any",
        Want::All => "all",
    };
    let mut text = format!("{want} of {}", names.join("|"));
    if contains.at_least > 1 {
        text += &format!(", {} or more", contains.at_least);
    }
    if contains.parts != Parts::ALL {
        let parts = [Key, Value, Header].into_iter();
        let parts = parts.filter(|part| contains.parts.contains(*part));
        let parts: Vec<&str> = parts.map(|part| part.name()).collect();
        text += &format!(", in {}", parts.join("|"));
    }
    if let Some(fields) = &contains.fields {
        let fields: Vec<&str> = fields.iter().map(|it| it.as_str()).collect();
        text += &format!(", in fields {}", fields.join("|"));
    }
    if contains.likelihood != Default::default() {
        text += &format!(", {}", contains.likelihood.name());
    }
    text
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Block { reason } => format!("block: {reason}"),
        Effect::Hold(hold) if hold.covers.is_grant() => {
            let until = match hold.for_ms {
                Some(ms) => format!("for {} s", ms / 1_000),
                None => "until revoked".to_owned(),
            };
            format!(
                "hold: ask {} to grant {} {until}",
                hold.ask,
                hold.covers.name()
            )
        }
        Effect::Hold(hold) => format!("hold: ask {}", hold.ask),
        Effect::Mask(mask) => format!("mask: {}", style(&mask.style)),
    }
}

fn style(style: &MaskStyle) -> String {
    match style {
        MaskStyle::Full => "full".to_owned(),
        MaskStyle::KeepLast(n) => format!("keep_last {n}"),
        MaskStyle::KeepFirst(n) => format!("keep_first {n}"),
        MaskStyle::Token => "token".to_owned(),
        MaskStyle::FormatPreserving => "format_preserving".to_owned(),
        MaskStyle::Remove => "remove".to_owned(),
        MaskStyle::Replace(text) => format!("replace by {text}"),
    }
}
