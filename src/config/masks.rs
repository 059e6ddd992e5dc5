//! `then: {mask: …}` and `masking`: how things are hidden, and the key for it.
//!
//! Owns: the check of styles against the detectors of their rule. Refuses: a style that a detector's values
//! cannot have, a keyed style without a key, a text to replace by that could do harm. Stays true: the
//! key itself is in no fault, no warning and no text that is kept.

use super::checker::{Checker, Section, cut};
use super::names::Names;
use super::tree::{Node, Value};
use crate::chunk::DetectorId;
use crate::limits::{MASK_KEEP_MAX, MASK_REPLACE_BYTES_MAX, MASK_SECRET_BYTES_MIN};
use crate::policy::Condition;
use crate::scan::mask::{self, JsonNumber, Mask, MaskKeys, MaskStyle};
use crate::scan::{DETECTORS, Detector};
use std::sync::Arc;

/// What a masked JSON number becomes; stands beside `mask`.
pub(super) const JSON_NUMBER: &str = "json_number";
const JSON_NUMBERS: [(&str, JsonNumber); 2] = [
    ("number", JsonNumber::Number),
    ("string", JsonNumber::String),
];
/// Styles that are one word.
const WORDS: [&str; 4] = ["full", "token", "format_preserving", "remove"];
/// Styles that say how much, or by what.
const SECTIONS: [&str; 3] = ["keep_last", "keep_first", "replace"];
const STYLES: &str =
    "full, token, format_preserving, remove, {keep_last: N}, {keep_first: N} or {replace: TEXT}";

/// The mask of `then`, `node` being the value of its key.
pub(super) fn mask(c: &mut Checker<'_>, then: &Section<'_>, node: &Node) -> Option<Mask> {
    let json_number = match then.get(JSON_NUMBER) {
        Some(node) => c.choice(node, &JSON_NUMBERS, &[]),
        None => Some(JsonNumber::default()),
    };
    let style = style(c, node);
    Some(Mask {
        style: style?,
        json_number: json_number?,
    })
}

/// A hold and a block hide nothing.
pub(super) fn only_with_a_mask(c: &mut Checker<'_>, then: &Section<'_>) {
    if let Some(node) = then.get(JSON_NUMBER) {
        c.fault(
            node.place,
            format!("`{JSON_NUMBER}` without a mask"),
            "`mask` beside it",
        );
    }
}

fn style(c: &mut Checker<'_>, node: &Node) -> Option<MaskStyle> {
    if let Value::Text(_) = node.value {
        let words: Vec<_> = WORDS.into_iter().zip(0..).collect();
        return c.choice(node, &words, &[]).map(|word| match word {
            0 => MaskStyle::Full,
            1 => MaskStyle::Token,
            2 => MaskStyle::FormatPreserving,
            _ => MaskStyle::Remove,
        });
    }
    let section = c.section(node.place, node, &SECTIONS, &[])?;
    let given: Vec<&str> = SECTIONS
        .into_iter()
        .filter(|key| section.get(key).is_some())
        .collect();
    let &[key] = given.as_slice() else {
        if section.entries().is_empty() || given.len() > 1 {
            c.fault(node.place, format!("{} ways to mask", given.len()), STYLES);
        }
        return None;
    };
    let inner = section.get(key)?;
    match key {
        "keep_last" => count(c, inner).map(MaskStyle::KeepLast),
        "keep_first" => count(c, inner).map(MaskStyle::KeepFirst),
        _ => replacement(c, inner).map(MaskStyle::Replace),
    }
}

fn count(c: &mut Checker<'_>, node: &Node) -> Option<u8> {
    let expected = format!("a number of characters from 1 to {MASK_KEEP_MAX}");
    c.parsed(node, &expected, |text| {
        let count = text.parse().ok();
        count.filter(|n| (1..=MASK_KEEP_MAX).contains(n))
    })
}

fn replacement(c: &mut Checker<'_>, node: &Node) -> Option<Arc<str>> {
    let expected = format!(
        "a text of at most {MASK_REPLACE_BYTES_MAX} bytes without quotes, `\\`, `<`, `>`, `&`, \
         and without words or values that detectors look for"
    );
    let text = c.text(node, &expected)?;
    match mask::replacement_fault(text) {
        None => Some(text.into()),
        Some(what) => {
            c.fault(node.place, what, expected);
            None
        }
    }
}

/// Whether the style can be had, for the detectors of its rule.
pub(super) fn fits(
    c: &mut Checker<'_>,
    then: &Node,
    condition: &Condition,
    style: &MaskStyle,
    names: &Names<'_>,
) {
    if style.is_keyed() && !names.has_masking_key {
        let what = "a mask that needs a key";
        c.fault(
            then.place,
            what,
            "`masking: {key: …}` at the top of the file",
        );
    }
    let set = condition.detectors();
    for (name, id) in names.own.names().zip(0..) {
        if !set.contains(DetectorId(id)) {
            continue;
        }
        // The user's own have no row, and any characters.
        let row = DETECTORS.get(usize::from(id));
        if let Some(row) = row {
            keeps(c, then, row, style);
        }
        if *style == MaskStyle::FormatPreserving && !row.is_some_and(mask::can_preserve_format) {
            let what = format!("`format_preserving` for `{name}`, which has no fixed alphabet");
            c.fault(then.place, what, "another mask, such as token");
        }
    }
}

/// Warns where a detector's own bound leaves less than the rule says.
fn keeps(c: &mut Checker<'_>, then: &Node, row: &Detector, style: &MaskStyle) {
    let (asked, most) = match style {
        MaskStyle::KeepLast(n) => (*n, row.keep_last_max),
        MaskStyle::KeepFirst(n) => (*n, row.keep_first_max),
        _ => return,
    };
    if asked > most {
        let what = format!(
            "a mask of `{}` leaves at most {most}, not {asked}",
            cut(row.name)
        );
        c.warn(then.place, what);
    }
}

/// `masking: {key: …}`.
pub(super) fn keys(c: &mut Checker<'_>, root: &Section<'_>) -> Option<Arc<MaskKeys>> {
    let node = root.get("masking")?;
    let section = c.section(node.place, node, &["key"], &[])?;
    let node = c.require(&section, "key")?;
    let secret = c.secret(node)?;
    let keys = MaskKeys::derive(secret.expose().as_bytes());
    if keys.is_none() {
        let expected = format!(
            "{MASK_SECRET_BYTES_MIN} bytes or more, such as `openssl rand -base64 48` prints"
        );
        c.fault(node.place, "a short masking key", expected);
    }
    keys.map(Arc::new)
}
