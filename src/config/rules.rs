//! `rules`: one rule, from its text to what `policy` decides with.
//!
//! Owns: `when`, `if` and `then`. Refuses: an effect its evidence cannot carry (a mask without
//! findings, a hold of records on fetch), and evidence or effects that come later, rather than ignore them.
//! Stays true: a rule has exactly one kind of evidence and exactly one effect.

use super::checker::{Checker, Section, cut};
use super::creates;
use super::masks;
use super::model::Defaults;
use super::names::Names;
use super::operations;
use super::terms;
use super::tree::{Key, Node, Value};
use crate::chunk::{Likelihood, Part};
use crate::policy::{
    Cause, Causes, Condition, Contains, Effect, Mode, Parts, Pattern, Rule, UNREADABLE, Want, When,
};
use std::sync::Arc;

/// The two modes, as they are written.
pub(super) const MODES: [(&str, Mode); 2] =
    [("enforce", Mode::Enforce), ("observe", Mode::Observe)];
const PARTS: [(&str, Part); 3] = [
    ("key", Part::Key),
    ("value", Part::Value),
    ("header", Part::Header),
];
const LIKELIHOODS: [(&str, Likelihood); 3] = [
    (Likelihood::Possible.name(), Likelihood::Possible),
    (Likelihood::Likely.name(), Likelihood::Likely),
    (Likelihood::Certain.name(), Likelihood::Certain),
];
const EVIDENCE: [&str; 4] = ["contains", "creates", "unreadable", "first_use"];
const EVIDENCE_LATER: [&str; 2] = ["schema", "spike"];
/// Causes that nothing tells apart yet.
const CAUSES_LATER: [&str; 1] = ["encrypted"];
/// The keys of `when`.
const WHEN: [&str; 7] = [
    "operations",
    "topics",
    "principals",
    "groups",
    "claims",
    "client_ids",
    "listeners",
];

pub(super) fn rules<'n>(
    c: &mut Checker<'_>,
    root: &Section<'n>,
    names: &mut Names<'n>,
    defaults: &Defaults,
) -> Vec<Rule> {
    let named = root.get("rules").and_then(|node| c.named(node.place, node));
    let entries = named.map(|section| section.entries()).unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, node)| rule(c, key, node, names, defaults))
        .collect()
}

fn rule<'n>(
    c: &mut Checker<'_>,
    key: &'n Key,
    node: &'n Node,
    names: &mut Names<'n>,
    defaults: &Defaults,
) -> Option<Rule> {
    c.name(key);
    if key.text == UNREADABLE {
        c.fault(
            key.place,
            "`unreadable` is the built-in rule's name",
            "another name",
        );
    }
    let section = c.section(
        key.place,
        node,
        &["owner", "mode", "when", "if", "then"],
        &[],
    )?;
    let owner = section
        .get("owner")
        .map(|node| c.text(node, "a team or a person"));
    let mode = section.get("mode").map(|node| c.choice(node, &MODES, &[]));
    let when = c
        .require(&section, "when")
        .and_then(|node| when(c, node, names));
    let condition = c
        .require(&section, "if")
        .and_then(|node| condition(c, node, names));
    let then = c.require(&section, "then");
    let fitting = condition.as_ref().map(Condition::covers);
    let effect = then.and_then(|node| terms::effect(c, node, names, defaults, fitting));
    let (when, condition, effect) = (when?, condition?, effect?);
    fits(c, then?, &when, &condition, &effect, names);
    Some(Rule {
        name: key.text.as_str().into(),
        owner: owner.flatten().map(Into::into),
        mode: mode.flatten().unwrap_or(defaults.mode),
        when,
        condition,
        effect,
    })
}

/// Whether the parts of a rule make sense together.
fn fits(
    c: &mut Checker<'_>,
    then: &Node,
    when: &When,
    condition: &Condition,
    effect: &Effect,
    names: &Names<'_>,
) {
    operations::fit(c, then, when, condition, effect);
    match effect {
        Effect::Mask(_) if !matches!(condition, Condition::Contains(_)) => {
            let word = operations::word(condition);
            c.fault(
                then.place,
                format!("a mask with `if: {word}` has nothing to hide"),
                "`if: {contains: …}`",
            );
        }
        Effect::Mask(mask) => masks::fits(c, then, condition, &mask.style, names),
        _ => {}
    }
}

/// `when`, of a rule or an exception.
pub(super) fn when<'n>(c: &mut Checker<'_>, node: &'n Node, names: &mut Names<'n>) -> Option<When> {
    let section = c.section(node.place, node, &WHEN, &[])?;
    let before = c.faults.len();
    let operations = section
        .get("operations")
        .and_then(|node| operations::operations(c, node));
    let mut patterns = |key: &str| -> Option<Vec<Pattern>> {
        section.get(key).and_then(|node| names.patterns(c, node))
    };
    let (topics, principals) = (patterns("topics"), patterns("principals"));
    let (groups, client_ids) = (patterns("groups"), patterns("client_ids"));
    let claims = section
        .get("claims")
        .and_then(|node| claims(c, node, names));
    let listeners = section
        .get("listeners")
        .and_then(|node| names.listeners(c, node));
    // A field that could not be read must not become a field that asks nothing.
    let complete = c.faults.len() == before;
    let when = When {
        operations,
        topics,
        principals,
        groups,
        client_ids,
        claims,
        listeners,
    };
    operations::meet_topics(c, node.place, &when);
    complete.then_some(when)
}

/// Claims by name, each with patterns for its values.
fn claims<'n>(
    c: &mut Checker<'_>,
    node: &'n Node,
    names: &mut Names<'n>,
) -> Option<Vec<(Arc<str>, Vec<Pattern>)>> {
    let section = c.named(node.place, node)?;
    if section.entries().is_empty() {
        let expected = "claims with their values, such as {department: [hr]}";
        c.fault(node.place, "no claims", expected);
        return None;
    }
    let read = section.entries().iter().map(|(key, node)| {
        names.claim(c, key);
        Some((key.text.as_str().into(), names.patterns(c, node)?))
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

fn condition<'n>(c: &mut Checker<'_>, node: &'n Node, names: &mut Names<'n>) -> Option<Condition> {
    let expected =
        "`always`, `unreadable`, `{contains: …}`, `{creates: …}` or `{first_use: topic}`";
    match &node.value {
        Value::Text(word) if word == "always" => Some(Condition::Always),
        Value::Text(word) if word == "unreadable" => Some(Condition::Unreadable(Causes::ALL)),
        Value::Text(word) if EVIDENCE_LATER.contains(&word.as_str()) => {
            c.later(node.place, word);
            None
        }
        Value::Text(word) => {
            c.fault(node.place, format!("`{}`", cut(word)), expected);
            None
        }
        _ => {
            let section = c.section(node.place, node, &EVIDENCE, &EVIDENCE_LATER)?;
            let given = EVIDENCE
                .iter()
                .filter_map(|key| Some((*key, section.get(key)?)));
            let given: Vec<(&str, &Node)> = given.collect();
            match given.as_slice() {
                [("contains", inner)] => contains(c, inner, names).map(Condition::Contains),
                [("creates", inner)] => creates::creates(c, inner, names).map(Condition::Creates),
                [("unreadable", inner)] => causes(c, inner).map(Condition::Unreadable),
                [("first_use", inner)] => {
                    let of = c.choice(inner, &[("topic", ())], &[]);
                    of.map(|()| Condition::FirstUse)
                }
                [] if !section.entries().is_empty() => None, // told above
                given => {
                    let what = match given {
                        [] => "no evidence",
                        _ => "two kinds of evidence",
                    };
                    c.fault(node.place, what, expected);
                    None
                }
            }
        }
    }
}

/// Why something cannot be read: a list of causes, one at least.
fn causes(c: &mut Checker<'_>, node: &Node) -> Option<Causes> {
    let words = Cause::ALL.map(|cause| (cause.name(), cause));
    let items = c.list(node, "a list of causes, such as [too_large, too_deep]")?;
    let read: Vec<_> = items
        .iter()
        .map(|item| c.choice(item, &words, &CAUSES_LATER))
        .collect();
    read.into_iter().collect()
}

fn contains<'n>(c: &mut Checker<'_>, node: &'n Node, names: &mut Names<'n>) -> Option<Contains> {
    let section = c.section(
        node.place,
        node,
        &["any", "all", "at_least", "in", "fields", "likelihood"],
        &[],
    )?;
    let (any, all) = (section.get("any"), section.get("all"));
    let wanted = match (any, all) {
        (Some(node), None) => Some((Want::Any, node)),
        (None, Some(node)) => Some((Want::All, node)),
        (Some(_), Some(node)) => {
            c.fault(node.place, "`any` and `all` together", "one of them");
            None
        }
        (None, None) => {
            c.fault(section.place, "no detectors", "`any` or `all`");
            None
        }
    };
    let detectors = wanted.and_then(|(_, node)| names.detectors(c, node));
    let at_least = section.get("at_least").map(|node| {
        c.parsed(node, "a number from 1", |text| {
            text.parse().ok().filter(|n| *n > 0)
        })
    });
    let parts = section.get("in").map(|node| parts(c, node));
    let fields = section.get("fields").map(|node| names.fields(c, node));
    let likelihood = section
        .get("likelihood")
        .map(|node| c.choice(node, &LIKELIHOODS, &[]));
    Some(Contains {
        detectors: detectors?,
        want: wanted?.0,
        at_least: at_least.unwrap_or(Some(1))?,
        parts: parts.unwrap_or(Some(Parts::ALL))?,
        likelihood: likelihood.unwrap_or(Some(Likelihood::default()))?,
        // A list that could not be read must not become all fields.
        fields: match fields {
            None => None,
            Some(fields) => Some(fields?),
        },
    })
}

fn parts(c: &mut Checker<'_>, node: &Node) -> Option<Parts> {
    let mut parts = Parts::NONE;
    for item in c.list(node, "a list of key, value, header")? {
        if let Some(part) = c.choice(item, &PARTS, &[]) {
            parts.insert(part);
        }
    }
    (parts != Parts::NONE).then_some(parts)
}
