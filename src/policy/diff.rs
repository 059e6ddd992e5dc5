//! What a policy lets through that another did not, and the reverse.
//!
//! Owns: the comparison of two sets of rules and exceptions, name by name. Refuses: to know files, people
//! (`approvals:`) or detectors' insides; the configuration adds those. Stays true: **what is not told as
//! weaker is not weaker**: wherever two rules cannot be told apart by a small argument, the change counts as one
//! that may weaken. A rule under another name is a rule that went and one that came.

use super::contains::{Contains, Want};
use super::pattern::Pattern;
use super::rule::{Condition, Effect, Exception, Mode, Rule, When};
use super::scope::Policy;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Nothing passes that did not, and nothing is stopped that was not.
    Same,
    /// More is stopped, masked or asked about.
    Stronger,
    /// It may let something through, or show something, that the other did not; and it may stop more too.
    Unclear,
    /// It lets something through, or shows something, that the other did not.
    Weaker,
}

impl Way {
    /// Whether it may let something through.
    pub fn weakens(self) -> bool {
        matches!(self, Way::Weaker | Way::Unclear)
    }

    /// Two changes to one thing.
    pub fn and(self, other: Way) -> Way {
        match (self, other) {
            (Way::Same, way) | (way, Way::Same) => way,
            (a, b) if a == b => a,
            _ => Way::Unclear,
        }
    }

    /// The same change the other way round.
    pub fn reversed(self) -> Way {
        match self {
            Way::Stronger => Way::Weaker,
            Way::Weaker => Way::Stronger,
            way => way,
        }
    }
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// Which way.
    pub way: Way,
    /// What: `rule cards-need-review`.
    pub what: String,
    /// How, in a few words: `removed`, `mode`, `when.topics`.
    pub how: String,
}

impl Change {
    /// A change of this thing.
    pub fn new(way: Way, what: String, how: impl Into<String>) -> Change {
        let how = how.into();
        Change { way, what, how }
    }
}

/// Every rule and exception that differs, by name. `detectors_differ`: whether ids of detectors may mean
/// something else in the new policy than in the old one.
pub fn changes(old: &Policy, new: &Policy, detectors_differ: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let mode = modes(old.unreadable_mode(), new.unreadable_mode());
    if mode != Way::Same {
        changes.push(Change::new(mode, "rule unreadable".into(), "mode"));
    }
    let rules = |policy: &Policy, name: &str| policy.rules().find(|r| &*r.name == name).cloned();
    for name in names(old.rules().map(|r| &r.name), new.rules().map(|r| &r.name)) {
        let what = format!("rule {name}");
        match (rules(old, &name), rules(new, &name)) {
            (Some(old), Some(new)) => {
                let differs = detectors_differ && matches!(new.condition, Condition::Contains(_));
                changes.extend(changed(rule(&old, &new, differs), &what));
            }
            (Some(_), None) => changes.push(Change::new(Way::Weaker, what, "removed")),
            _ => changes.push(Change::new(Way::Stronger, what, "added")),
        }
    }
    let exceptions =
        |policy: &Policy, name: &str| policy.exceptions().find(|e| &*e.name == name).cloned();
    for name in names(
        old.exceptions().map(|e| &e.name),
        new.exceptions().map(|e| &e.name),
    ) {
        let what = format!("exception {name}");
        match (exceptions(old, &name), exceptions(new, &name)) {
            (Some(old), Some(new)) => changes.extend(changed(exception(&old, &new), &what)),
            (Some(_), None) => changes.push(Change::new(Way::Stronger, what, "removed")),
            _ => changes.push(Change::new(Way::Weaker, what, "added")),
        }
    }
    changes
}

fn names<'a>(
    old: impl Iterator<Item = &'a Arc<str>>,
    new: impl Iterator<Item = &'a Arc<str>>,
) -> BTreeSet<Arc<str>> {
    old.chain(new).cloned().collect()
}

/// The fields of one thing that differ, as one change.
fn changed(fields: Vec<(Way, &'static str)>, what: &str) -> Option<Change> {
    let way = fields
        .iter()
        .fold(Way::Same, |whole, (way, _)| whole.and(*way));
    let how: Vec<&str> = fields.iter().map(|(_, how)| *how).collect();
    (!how.is_empty()).then(|| Change::new(way, what.to_owned(), how.join(", ")))
}

fn rule(old: &Rule, new: &Rule, detectors_differ: bool) -> Vec<(Way, &'static str)> {
    let mut fields = Vec::new();
    if old.owner != new.owner {
        fields.push((Way::Same, "owner"));
    }
    if old.mode != new.mode {
        fields.push((modes(old.mode, new.mode), "mode"));
    }
    fields.extend(when(&old.when, &new.when));
    if old.condition != new.condition {
        fields.push((condition(&old.condition, &new.condition), "if"));
    } else if detectors_differ {
        fields.push((Way::Unclear, "its detectors"));
    }
    if old.effect != new.effect {
        fields.push((effect(&old.effect, &new.effect), "then"));
    }
    fields
}

fn modes(old: Mode, new: Mode) -> Way {
    match (old, new) {
        (Mode::Enforce, Mode::Observe) => Way::Weaker,
        (Mode::Observe, Mode::Enforce) => Way::Stronger,
        _ => Way::Same,
    }
}

fn exception(old: &Exception, new: &Exception) -> Vec<(Way, &'static str)> {
    let mut fields = Vec::new();
    let lifted = |exception: &Exception| exception.lifts.iter().cloned().collect::<BTreeSet<_>>();
    let lifts = sets(&lifted(old), &lifted(new));
    if lifts != Way::Same {
        fields.push((lifts.reversed(), "lifts")); // what is lifted more stops less
    }
    let where_ = when(&old.when, &new.when);
    fields.extend(where_.into_iter().map(|(way, how)| (way.reversed(), how)));
    if old.until != new.until {
        let later = new.until > old.until;
        fields.push((if later { Way::Weaker } else { Way::Stronger }, "until"));
    }
    if old.reason != new.reason {
        fields.push((Way::Same, "reason"));
    }
    fields
}

/// One field of `when`.
type Names = fn(&When) -> &Option<Vec<Pattern>>;

/// Which fields of `when` differ, and whether the new one matches more (stronger, for a rule).
fn when(old: &When, new: &When) -> Vec<(Way, &'static str)> {
    let mut fields = Vec::new();
    let operations = |when: &When| {
        when.operations
            .as_ref()
            .map(|o| o.iter().copied().collect())
    };
    let way = optional(operations(old), operations(new));
    fields.extend((way != Way::Same).then_some((way, "when.operations")));
    let patterns: [(&'static str, Names); 5] = [
        ("when.topics", |when| &when.topics),
        ("when.principals", |when| &when.principals),
        ("when.groups", |when| &when.groups),
        ("when.client_ids", |when| &when.client_ids),
        ("when.listeners", |when| &when.listeners),
    ];
    for (how, of) in patterns {
        let way = optional(texts(of(old)), texts(of(new)));
        fields.extend((way != Way::Same).then_some((way, how)));
    }
    if old.claims != new.claims {
        let way = match (&old.claims, &new.claims) {
            (Some(_), None) => Way::Stronger,
            (None, Some(_)) => Way::Weaker,
            _ => Way::Unclear,
        };
        fields.push((way, "when.claims"));
    }
    fields
}

fn texts(patterns: &Option<Vec<Pattern>>) -> Option<BTreeSet<&str>> {
    let patterns = patterns.as_ref()?;
    Some(patterns.iter().map(Pattern::as_str).collect())
}

/// No set at all matches everything.
fn optional<T: Ord>(old: Option<BTreeSet<T>>, new: Option<BTreeSet<T>>) -> Way {
    match (old, new) {
        (None, None) => Way::Same,
        (Some(_), None) => Way::Stronger,
        (None, Some(_)) => Way::Weaker,
        (Some(old), Some(new)) => sets(&old, &new),
    }
}

/// More of them match more.
fn sets<T: Ord>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> Way {
    match (new.is_superset(old), old.is_superset(new)) {
        (true, true) => Way::Same,
        (true, false) => Way::Stronger,
        (false, true) => Way::Weaker,
        (false, false) => Way::Unclear,
    }
}

/// Both differ.
fn condition(old: &Condition, new: &Condition) -> Way {
    match (old, new) {
        (Condition::Always, _) => Way::Weaker,
        (_, Condition::Always) => Way::Stronger,
        (Condition::Unreadable(old), Condition::Unreadable(new)) => {
            match (new.contains_all(*old), old.contains_all(*new)) {
                (true, _) => Way::Stronger,
                (_, true) => Way::Weaker,
                _ => Way::Unclear,
            }
        }
        (Condition::Contains(old), Condition::Contains(new)) => contains(old, new),
        _ => Way::Unclear,
    }
}

fn contains(old: &Contains, new: &Contains) -> Way {
    let narrowed = |from: &Contains, to: &Contains| {
        let ids = |contains: &Contains| contains.detectors.iter().collect::<BTreeSet<_>>();
        // Of `all`, each further detector is one more to be there.
        to.want == Want::Any && from.want == Want::Any && ids(from).is_superset(&ids(to))
    };
    let as_if = |other: &Contains| Contains {
        detectors: other.detectors,
        ..old.clone()
    };
    if as_if(new) != *new {
        return Way::Unclear;
    }
    match (narrowed(old, new), narrowed(new, old)) {
        (true, _) => Way::Weaker,
        (_, true) => Way::Stronger,
        _ => Way::Unclear,
    }
}

/// Both differ. A block lets nobody through; a hold may be approved, and a mask shows what it keeps.
fn effect(old: &Effect, new: &Effect) -> Way {
    match (old, new) {
        (Effect::Block { .. }, Effect::Block { .. }) => Way::Same, // another reason
        (_, Effect::Block { .. }) => Way::Stronger,
        (Effect::Block { .. }, _) => Way::Weaker,
        (Effect::Hold(old), Effect::Hold(new)) => {
            let people = (&old.ask, old.covers, old.for_ms);
            match people == (&new.ask, new.covers, new.for_ms) {
                true => Way::Same, // how long a client waits lets nothing through
                false => Way::Unclear,
            }
        }
        _ => Way::Unclear,
    }
}

#[cfg(test)]
mod tests;
