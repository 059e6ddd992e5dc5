//! `when.operations`: the words, and which of them fit the rest of a rule.
//!
//! Owns: reading the list, and the faults and warnings of operations that a rule's evidence,
//! effect or topics cannot meet. Refuses: a hold or a mask on what moves no records (people are
//! asked about records alone, and there is nothing to hide). Stays true: a rule that can never
//! match is told, not ignored.

use super::checker::{Checker, cut};
use super::fault::{Place, did_you_mean};
use super::tree::Node;
use crate::chunk::{Covers, Operation};
use crate::policy::{Condition, Creates, Effect, When};

/// APIs that are one thing with another, to a rule.
const SAME_AS: [(&str, Operation); 2] = [
    ("share_fetch", Operation::Fetch),
    ("incremental_alter_configs", Operation::AlterConfigs),
];

pub(super) fn operations(c: &mut Checker<'_>, node: &Node) -> Option<Vec<Operation>> {
    let items = c.list(
        node,
        "a list of operations, such as [produce, delete_topics]",
    )?;
    let read = items.iter().filter_map(|item| operation(c, item));
    Some(read.collect())
}

fn operation(c: &mut Checker<'_>, node: &Node) -> Option<Operation> {
    let expected = "an operation, such as produce, fetch, create_topics, alter_configs";
    let text = c.text(node, expected)?;
    if let Some(operation) = Operation::from_name(text) {
        return Some(operation);
    }
    let same = SAME_AS.iter().find(|(name, _)| *name == text);
    let near = match same {
        Some((_, operation)) => format!(" (it is `{}` here)", operation.name()),
        None => did_you_mean(text, Operation::ALL.iter().map(|it| it.name())),
    };
    c.fault(node.place, format!("`{}`{near}", cut(text)), expected);
    None
}

/// Warns of operations that no pattern for topics can meet. An absent list asks nothing.
pub(super) fn meet_topics(c: &mut Checker<'_>, place: Place, when: &When) {
    let (Some(operations), Some(_)) = (&when.operations, &when.topics) else {
        return;
    };
    for operation in operations.iter().filter(|it| !it.names_topics()) {
        let name = operation.name();
        let what = format!("`{name}` never names a topic, so `topics` keeps the rule from it");
        c.warn(place, what);
    }
}

/// Whether a rule's evidence and effect fit its operations.
pub(super) fn fit(
    c: &mut Checker<'_>,
    then: &Node,
    when: &When,
    condition: &Condition,
    effect: &Effect,
) {
    let named = when.operations.as_deref();
    let without: Vec<&str> = named
        .unwrap_or_default()
        .iter()
        .filter(|it| !it.carries_records())
        .map(|it| it.name())
        .collect();
    let fetches = named.is_none_or(|them| them.contains(&Operation::Fetch));
    let only_without = named.is_some_and(|them| them.len() == without.len());
    match (effect, condition) {
        (_, Condition::Creates(_)) => about_topics(c, then, named, effect),
        (Effect::Hold(_), _) if fetches && !may_hold_reads(condition) => {
            let what = "a hold on fetch with this evidence comes in a later version";
            c.fault(then.place, what, "`operations: [produce]` in `when`");
        }
        (Effect::Hold(_), _) if !without.is_empty() => {
            let what = format!("a hold on {} comes in a later version", without.join(", "));
            c.fault(then.place, what, "`operations: [produce]` in `when`");
        }
        (_, Condition::Contains(_) | Condition::Unreadable(_) | Condition::FirstUse)
            if only_without && !without.is_empty() =>
        {
            let word = word(condition);
            let what = format!("`{word}` on what moves no records: {}", without.join(", "));
            c.fault(then.place, what, "`if: always`, or produce or fetch");
        }
        (_, Condition::Contains(_) | Condition::Unreadable(_) | Condition::FirstUse)
            if !without.is_empty() =>
        {
            let word = word(condition);
            let what = format!(
                "`{word}` looks into records: the rule never matches {}",
                without.join(", ")
            );
            c.warn(then.place, what);
        }
        _ => {}
    }
}

/// Rules about topics that are made or changed: they block, and meet a few operations.
fn about_topics(c: &mut Checker<'_>, then: &Node, named: Option<&[Operation]>, effect: &Effect) {
    if let Effect::Hold(_) = effect {
        let what = "a hold on topics comes in a later version";
        c.fault(then.place, what, "`{block: …}`");
    }
    let others = named.unwrap_or_default().iter();
    let others = others.filter(|it| !Creates::OPERATIONS.contains(it));
    let others: Vec<&str> = others.map(|it| it.name()).collect();
    if others.is_empty() {
        return;
    }
    let what = format!("`creates` never matches {}", others.join(", "));
    let known = Creates::OPERATIONS.map(Operation::name).join(", ");
    match named.is_some_and(|them| them.len() == others.len()) {
        true => c.fault(then.place, what, known),
        false => c.warn(then.place, what),
    }
}

/// Whether people can be asked about a read: one that they grant goes on later, while records that were read
/// once cannot be kept back one by one.
fn may_hold_reads(condition: &Condition) -> bool {
    matches!(condition.covers(), Covers::Access | Covers::Rate)
}

/// The word of a kind of evidence.
pub(super) fn word(condition: &Condition) -> &'static str {
    match condition {
        Condition::Always => "always",
        Condition::Contains(_) => "contains",
        Condition::Creates(_) => "creates",
        Condition::Unreadable(_) => "unreadable",
        Condition::FirstUse => "first_use",
    }
}
