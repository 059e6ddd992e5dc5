//! `if: creates`: what a new or changed topic is not to be.
//!
//! Owns: the check of those terms. Refuses: terms that nothing can meet, and bounds that everything meets. Stays
//! true: an absent term is met by nothing.

use super::checker::{Checker, Section};
use super::names::Names;
use super::tree::{Node, Value};
use crate::limits::TOPIC_TERMS_MAX;
use crate::policy::{Bounds, Creates, Pattern, Setting};

/// The keys of `creates`.
const CREATES: [&str; 4] = ["partitions", "replication", "config", "names"];
/// Those of a number that is to stay within bounds.
const NUMBER: [&str; 2] = ["above", "below"];
/// Those of a setting: bounds, or words.
const SETTING: [&str; 4] = ["above", "below", "among", "outside"];

/// The terms of a rule; one of them at least.
pub(super) fn creates<'n>(
    c: &mut Checker<'_>,
    node: &'n Node,
    names: &mut Names<'n>,
) -> Option<Creates> {
    let section = c.section(node.place, node, &CREATES, &[])?;
    if section.entries().is_empty() {
        c.fault(node.place, "no terms", "such as {partitions: {above: 48}}");
        return None;
    }
    let before = c.faults.len();
    let mut numbers = |key: &str| match section.get(key) {
        None => Bounds::default(),
        Some(node) => number(c, node),
    };
    let (partitions, replication) = (numbers("partitions"), numbers("replication"));
    let config = section.get("config").map(|node| config(c, node, names));
    let names_outside = section
        .get("names")
        .and_then(|node| names_outside(c, node, names));
    let terms = Creates {
        partitions,
        replication,
        config: config.unwrap_or_default(),
        names_outside,
    };
    // A term that could not be read must not become one that nothing meets.
    (c.faults.len() == before).then_some(terms)
}

fn number(c: &mut Checker<'_>, node: &Node) -> Bounds {
    let Some(section) = c.section(node.place, node, &NUMBER, &[]) else {
        return Bounds::default();
    };
    bounds(c, &section)
}

fn bounds(c: &mut Checker<'_>, section: &Section<'_>) -> Bounds {
    let mut whole = |key: &str| {
        let node = section.get(key)?;
        c.parsed(node, "a whole number", |text| text.parse::<u64>().ok())
    };
    let (above, below) = (whole("above"), whole("below"));
    let read = Bounds { above, below };
    if section.entries().is_empty() {
        c.fault(section.place, "no bounds", "`above` or `below`");
    }
    if above.zip(below).is_some_and(|(above, below)| below > above) {
        c.fault(
            section.place,
            "every number is above the one or below the other",
            "`below` at most `above`: what lies between is good",
        );
    }
    read
}

fn config<'n>(
    c: &mut Checker<'_>,
    node: &'n Node,
    names: &mut Names<'n>,
) -> Vec<(std::sync::Arc<str>, Setting)> {
    let Some(section) = c.named(node.place, node) else {
        return Vec::new();
    };
    let entries = section.entries();
    if entries.is_empty() || entries.len() > TOPIC_TERMS_MAX {
        let expected = format!("1 to {TOPIC_TERMS_MAX} settings of topics, such as retention.ms");
        c.fault(node.place, format!("{} settings", entries.len()), expected);
    }
    let read = entries
        .iter()
        .filter_map(|(key, node)| Some((key.text.as_str().into(), setting(c, node, names)?)));
    read.collect()
}

fn setting<'n>(c: &mut Checker<'_>, node: &'n Node, names: &mut Names<'n>) -> Option<Setting> {
    let section = c.section(node.place, node, &SETTING, &[])?;
    let words = ["among", "outside"].map(|key| section.get(key));
    match (words, section.entries().len()) {
        ([Some(among), None], 1) => names.patterns(c, among).map(Setting::Among),
        ([None, Some(outside)], 1) => names.patterns(c, outside).map(Setting::Outside),
        ([None, None], _) => Some(Setting::Number(bounds(c, &section))),
        _ => {
            let expected = "`above` and `below`, or `among`, or `outside`";
            c.fault(node.place, "terms that do not go together", expected);
            None
        }
    }
}

/// `names: {outside: [...]}`: what a new topic is to be called.
fn names_outside<'n>(
    c: &mut Checker<'_>,
    node: &'n Node,
    names: &mut Names<'n>,
) -> Option<Vec<Pattern>> {
    if let Value::List(_) = node.value {
        let expected = "`{outside: [...]}`; which names a rule is for is `topics` in `when`";
        c.fault(node.place, "a list", expected);
        return None;
    }
    let section = c.section(node.place, node, &["outside"], &[])?;
    let outside = c.require(&section, "outside")?;
    names.patterns(c, outside)
}
