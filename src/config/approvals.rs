//! `approvals`: whom holds ask.
//!
//! Owns: the check of that section. Refuses: several stages and escalation (they come later), and a
//! stage that nobody could ever answer. Stays true: a policy always has an end.

use super::checker::{Checker, Section};
use super::model::{ApprovalPolicy, Reason};
use super::tree::{Key, Node};
use crate::limits::{APPROVAL_MS_MAX, APPROVAL_WITHIN_MS_DEFAULT, REDEEM_WITHIN_MS_DEFAULT};
use std::collections::BTreeMap;

pub(super) fn approvals(
    c: &mut Checker<'_>,
    root: &Section<'_>,
) -> BTreeMap<String, ApprovalPolicy> {
    let named = root
        .get("approvals")
        .and_then(|node| c.named(node.place, node));
    let entries = named.map(|section| section.entries()).unwrap_or_default();
    let read = entries.iter().filter_map(|(key, node)| {
        c.name(key);
        let policy = approval(c, key, node)?;
        Some((key.text.clone(), policy))
    });
    read.collect()
}

fn approval(c: &mut Checker<'_>, key: &Key, node: &Node) -> Option<ApprovalPolicy> {
    let later = ["break_glass", "notify"];
    let section = c.section(
        key.place,
        node,
        &["stages", "reason", "redeem_within"],
        &later,
    )?;
    let stage = c
        .require(&section, "stages")
        .and_then(|node| the_stage(c, node));
    let reasons = reasons(c, &section);
    let redeem = match section.get("redeem_within") {
        None => Some(REDEEM_WITHIN_MS_DEFAULT),
        Some(node) => c.duration(node, 1_000, APPROVAL_MS_MAX),
    };
    let (any_of, people, within_ms) = stage?;
    let (reason_on_approve, reason_on_reject) = reasons?;
    Some(ApprovalPolicy {
        name: key.text.clone(),
        any_of,
        people,
        within_ms,
        reason_on_approve,
        reason_on_reject,
        redeem_within_ms: redeem?,
    })
}

fn the_stage(c: &mut Checker<'_>, node: &Node) -> Option<(Vec<String>, u32, i64)> {
    let stages = c.list(node, "a list of one stage")?;
    let (first, more) = stages.split_first()?;
    if let Some(second) = more.first() {
        c.fault(
            second.place,
            "several stages come in a later version",
            "one stage",
        );
    }
    stage(c, first)
}

fn stage(c: &mut Checker<'_>, node: &Node) -> Option<(Vec<String>, u32, i64)> {
    let section = c.section(
        node.place,
        node,
        &["any_of", "people", "within", "else"],
        &[],
    )?;
    let groups = c.require(&section, "any_of");
    let groups = groups.and_then(|node| c.texts(node, "a list of groups, one at least"));
    let people = match section.get("people") {
        None => Some(1),
        Some(node) => c.parsed(node, "a number of people from 1 to 100", |text| {
            text.parse().ok().filter(|n| (1..=100).contains(n))
        }),
    };
    let within = match section.get("within") {
        None => Some(APPROVAL_WITHIN_MS_DEFAULT),
        Some(node) => c.duration(node, 1_000, APPROVAL_MS_MAX),
    };
    if let Some(node) = section.get("else") {
        c.choice(node, &[("reject", ())], &["escalate"]);
    }
    let groups = groups?
        .into_iter()
        .map(|(_, group)| group.to_owned())
        .collect();
    Some((groups, people?, within?))
}

fn reasons(c: &mut Checker<'_>, section: &Section<'_>) -> Option<(Reason, Reason)> {
    let Some(node) = section.get("reason") else {
        return Some((Reason::Optional, Reason::Required));
    };
    let section = c.section(node.place, node, &["approve", "reject"], &[])?;
    let choices = [
        ("optional", Reason::Optional),
        ("required", Reason::Required),
    ];
    let mut read = |key, default| match section.get(key) {
        None => Some(default),
        Some(node) => c.choice(node, &choices, &[]),
    };
    let (approve, reject) = (
        read("approve", Reason::Optional),
        read("reject", Reason::Required),
    );
    Some((approve?, reject?))
}
