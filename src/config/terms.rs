//! `then`: mask, hold or block, and the terms of a hold.
//!
//! Owns: the check of effects. Refuses: `allow` (rules only tighten; exceptions lift), what an
//! approval cannot cover given its evidence, and parking (it comes later). Stays true: no reply is withheld past
//! `HOLD_WAIT_MS_MAX`; what lasts is of limited length where `for` says so.

use super::checker::{Checker, Section, cut};
use super::masks;
use super::model::Defaults;
use super::names::Names;
use super::tree::{Node, Value};
use crate::chunk::Covers;
use crate::limits::{CLIENT_RETRIES_MS_MAX, GRANT_MS, HOLD_WAIT_MS_MAX};
use crate::policy::{Effect, Hold, Then};

const EFFECTS: [&str; 3] = ["mask", "hold", "block"];
const THEN: [(&str, Then); 2] = [("retry", Then::Retry), ("refuse", Then::Refuse)];

pub(super) fn effect(
    c: &mut Checker<'_>,
    node: &Node,
    names: &mut Names<'_>,
    defaults: &Defaults,
    fitting: Option<Covers>,
) -> Option<Effect> {
    if let Value::Text(word) = &node.value {
        let what = match word.as_str() {
            "allow" => "`allow`: rules only tighten; an exception lifts them".to_owned(),
            word => format!("`{}`", cut(word)),
        };
        c.fault(node.place, what, "`{mask: …}`, `{hold: …}` or `{block: …}`");
        return None;
    }
    let known = [EFFECTS[0], EFFECTS[1], EFFECTS[2], masks::JSON_NUMBER];
    let section = c.section(node.place, node, &known, &["throttle"])?;
    let given: Vec<&str> = EFFECTS
        .into_iter()
        .filter(|key| section.get(key).is_some())
        .collect();
    let &[key] = given.as_slice() else {
        if section.entries().is_empty() || given.len() > 1 {
            let what = format!("{} effects", given.len());
            c.fault(node.place, what, "exactly one of mask, hold, block");
        }
        return None;
    };
    let inner = section.get(key)?;
    match key {
        "mask" => masks::mask(c, &section, inner).map(Effect::Mask),
        _ => {
            masks::only_with_a_mask(c, &section);
            match key {
                "hold" => hold(c, inner, names, defaults, fitting).map(Effect::Hold),
                _ => block(c, inner),
            }
        }
    }
}

fn block(c: &mut Checker<'_>, node: &Node) -> Option<Effect> {
    let section = c.section(node.place, node, &["reason"], &[])?;
    let reason = c
        .require(&section, "reason")
        .and_then(|node| c.text(node, "a reason"));
    Some(Effect::Block {
        reason: reason?.into(),
    })
}

fn hold(
    c: &mut Checker<'_>,
    node: &Node,
    names: &mut Names<'_>,
    defaults: &Defaults,
    fitting: Option<Covers>,
) -> Option<Hold> {
    let section = c.section(
        node.place,
        node,
        &["ask", "covers", "for", "meanwhile"],
        &[],
    )?;
    let ask = c
        .require(&section, "ask")
        .and_then(|node| names.ask(c, node));
    let covers = covers(c, &section, fitting);
    let for_ms = lasts(c, &section, fitting);
    let (wait_ms, then) = meanwhile(c, &section, (defaults.wait_ms, defaults.then))?;
    let (ask, covers, for_ms) = (ask?, covers?, for_ms?);
    if then == Then::Retry {
        warn_of_impatience(c, names, &ask);
    }
    Some(Hold {
        ask,
        wait_ms,
        then,
        covers,
        for_ms,
    })
}

/// `covers`: what fits the evidence, which is also what is meant without the key. An approval of records
/// says nothing of what comes after them, so evidence about more than records asks for a grant. Of evidence that
/// could not be read nothing more is told.
fn covers(c: &mut Checker<'_>, section: &Section<'_>, fitting: Option<Covers>) -> Option<Covers> {
    let Some(node) = section.get("covers") else {
        return fitting;
    };
    let words = Covers::ALL.map(|covers| (covers.name(), covers));
    let covers = c.choice(node, &words, &["window"])?;
    if let Some(fitting) = fitting.filter(|fitting| *fitting != covers) {
        let what = format!("`covers: {}` does not fit the evidence", covers.name());
        c.fault(node.place, what, format!("`{}`", fitting.name()));
        return None;
    }
    Some(covers)
}

/// `for`: how long a grant lasts; without it until it is revoked.
fn lasts(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    fitting: Option<Covers>,
) -> Option<Option<u64>> {
    let Some(node) = section.get("for") else {
        return Some(None);
    };
    if fitting == Some(Covers::Records) {
        let what = "`for`, but an approval of records is spent once";
        c.fault(node.place, what, "no `for`; approvals have `redeem_within`");
        return None;
    }
    let (least, most) = GRANT_MS;
    c.duration(node, least, most)
        .map(|ms| Some(ms.unsigned_abs()))
}

/// `meanwhile: {wait, then}`, of a hold or of `defaults`; what is absent is as in `default`.
pub(super) fn meanwhile(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    default: (u64, Then),
) -> Option<(u64, Then)> {
    let Some(node) = section.get("meanwhile") else {
        return Some(default);
    };
    let section = c.section(node.place, node, &["wait", "then"], &[])?;
    let wait = section
        .get("wait")
        .map(|node| c.duration(node, 0, HOLD_WAIT_MS_MAX as i64));
    let then = section
        .get("then")
        .map(|node| c.choice(node, &THEN, &["park"]));
    let wait = wait.unwrap_or(Some(default.0 as i64))?;
    Some((wait.unsigned_abs(), then.unwrap_or(Some(default.1))?))
}

/// Once for each approval policy that people may answer after the client has given up.
fn warn_of_impatience(c: &mut Checker<'_>, names: &Names<'_>, ask: &str) {
    let within_ms = names
        .approvals
        .get(ask)
        .map_or(0, |policy| policy.within_ms);
    let Some(place) = names
        .approval_place(ask)
        .filter(|_| within_ms > CLIENT_RETRIES_MS_MAX)
    else {
        return;
    };
    let what = format!(
        "people have {} s for `{ask}`, but a Java client gives up after 120 s and some others \
         after 3 s: what is approved later is written only when the client sends it again",
        within_ms / 1_000
    );
    if !c
        .warnings
        .iter()
        .any(|warning| warning.place == place && warning.what == what)
    {
        c.warn(place, what);
    }
}
