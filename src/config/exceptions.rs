//! `exceptions`: what lifts rules, where, why and until when.
//!
//! Owns: the check of that section. Refuses: an exception for everything (`when` must say
//! something), without a reason or without an end. Stays true: an ended exception is no fault,
//! because a gateway must restart the day after; it lifts nothing, and a warning says so.

use super::checker::{Checker, Section, cut};
use super::fault::{Place, did_you_mean};
use super::names::Names;
use super::rules;
use super::tree::{Key, Node, Value};
use super::values;
use crate::chunk::UnixMillis;
use crate::policy::{Exception, UNREADABLE, When};
use std::sync::Arc;

pub(super) fn exceptions<'n>(
    c: &mut Checker<'_>,
    root: &Section<'n>,
    names: &mut Names<'n>,
) -> Vec<Exception> {
    let rules = match root.get("rules").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
        _ => Vec::new(),
    };
    let named = root
        .get("exceptions")
        .and_then(|node| c.named(node.place, node));
    let entries = named.map(|section| section.entries()).unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, node)| exception(c, key, node, names, &rules))
        .collect()
}

fn exception<'n>(
    c: &mut Checker<'_>,
    key: &'n Key,
    node: &'n Node,
    names: &mut Names<'n>,
    rules: &[&str],
) -> Option<Exception> {
    c.name(key);
    if rules.contains(&key.text.as_str()) {
        c.fault(
            key.place,
            format!("`{}` is a rule's name", key.text),
            "a name of its own",
        );
    }
    let section = c.section(key.place, node, &["lifts", "when", "reason", "until"], &[])?;
    let lifts = c
        .require(&section, "lifts")
        .and_then(|node| lifts(c, node, rules));
    let when = c
        .require(&section, "when")
        .and_then(|node| narrowed(c, node, names));
    let reason = c
        .require(&section, "reason")
        .and_then(|node| c.text(node, "why, for the audit"));
    let until = c
        .require(&section, "until")
        .and_then(|node| until(c, key, node));
    let name = key.text.as_str().into();
    Some(Exception {
        name,
        lifts: lifts?,
        when: when?,
        reason: reason?.into(),
        until: until?,
    })
}

fn lifts(c: &mut Checker<'_>, node: &Node, rules: &[&str]) -> Option<Vec<Arc<str>>> {
    let texts = c.texts(node, "a list of rules, one at least")?;
    for (place, name) in &texts {
        known_rule(c, *place, name, rules);
    }
    Some(texts.into_iter().map(|(_, name)| name.into()).collect())
}

fn known_rule(c: &mut Checker<'_>, place: Place, name: &str, rules: &[&str]) {
    if !rules.contains(&name) && name != UNREADABLE {
        let near = did_you_mean(name, rules.iter().copied());
        let what = format!("no rule `{}`{near}", cut(name));
        c.fault(place, what, "a name in `rules`, or `unreadable`");
    }
}

fn narrowed<'n>(c: &mut Checker<'_>, node: &'n Node, names: &mut Names<'n>) -> Option<When> {
    let when = rules::when(c, node, names)?;
    if when == When::default() {
        let expected = "where it lifts; everywhere is `topics: [\"*\"]`";
        c.fault(node.place, "an exception for everything", expected);
    }
    Some(when)
}

fn until(c: &mut Checker<'_>, key: &Key, node: &Node) -> Option<UnixMillis> {
    let expected = "a day such as 2027-01-31; it lifts until that day ends in UTC";
    let until = c.parsed(node, expected, values::end_of_day)?;
    if until <= UnixMillis::now() {
        c.warn(
            node.place,
            format!("the exception `{}` has ended and lifts nothing", key.text),
        );
    }
    Some(until)
}
