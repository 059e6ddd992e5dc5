//! `if: {spike: …}`: what is counted, over how long, and what is too much.
//!
//! ```yaml
//! spike: {of: bytes, per: [principal, topic], over: 1m, above: 5x, baseline: 7d, floor: 10MiB}
//! spike: {of: records, per: [principal], over: 10s, above: 100000}
//! ```
//!
//! Owns: these keys. Refuses: a learnt limit without a floor, which would ask people about a stream's
//! first kilobytes; a baseline or a floor beside a fixed limit, which would do nothing. Stays
//! true: what is left out has the default that is written here.

use super::checker::{Checker, Section, cut};
use super::tree::Node;
use super::values;
use crate::limits::{RATE_BASELINE_WEEKS_MAX, RATE_FACTOR_MAX, RATE_WINDOW_MS};
use crate::policy::rates::{Learned, Limit, Of, Per, Terms};
use std::sync::Arc;

const KEYS: [&str; 6] = ["of", "per", "over", "above", "baseline", "floor"];
const UNITS: [(&str, Of); 2] = [("bytes", Of::Bytes), ("records", Of::Records)];
const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// `above`: a factor in tenths, or an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Above {
    Times(u32),
    Amount(u64),
}

/// The terms of the rule with this name.
pub(super) fn spike(c: &mut Checker<'_>, node: &Node, rule: &Arc<str>) -> Option<Terms> {
    let section = c.section(node.place, node, &KEYS, &[])?;
    let of = c
        .require(&section, "of")
        .and_then(|node| c.choice(node, &UNITS, &[]));
    let per = section.get("per").map(|node| per(c, node));
    let over = c
        .require(&section, "over")
        .and_then(|node| c.duration(node, RATE_WINDOW_MS.0, RATE_WINDOW_MS.1));
    let above = c.require(&section, "above");
    let above = above.and_then(|node| above_of(c, node, of?));
    let limit = match above {
        Some(Above::Amount(amount)) => fixed(c, &section, amount),
        Some(Above::Times(tenths)) => learned(c, &section, tenths, of?),
        None => None,
    };
    let both = Per {
        principal: true,
        topic: true,
    };
    Some(Terms {
        rule: Arc::clone(rule),
        of: of?,
        per: per.unwrap_or(Some(both))?,
        over_ms: over?,
        limit: limit?,
    })
}

fn per(c: &mut Checker<'_>, node: &Node) -> Option<Per> {
    let mut per = Per {
        principal: false,
        topic: false,
    };
    for item in c.list(node, "a list of principal, topic")? {
        match c.choice(item, &[("principal", true), ("topic", false)], &[])? {
            true => per.principal = true,
            false => per.topic = true,
        }
    }
    Some(per)
}

fn above_of(c: &mut Checker<'_>, node: &Node, of: Of) -> Option<Above> {
    let expected = match of {
        Of::Bytes => "a factor such as 5x or 2.5x, more than 1x, or an amount such as 100MiB",
        Of::Records => "a factor such as 5x or 2.5x, more than 1x, or a number of records",
    };
    c.parsed(node, expected, |text| match text.strip_suffix('x') {
        Some(factor) => tenths(factor).map(Above::Times),
        None => amount(text, of).map(Above::Amount),
    })
}

/// `5` → 50, `2.5` → 25: more than 1, one digit behind the point at most.
fn tenths(text: &str) -> Option<u32> {
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(tenth) || tenth.len() != 1 {
        return None;
    }
    let (whole, tenth): (u32, u32) = (whole.parse().ok()?, tenth.parse().ok()?);
    let tenths = whole.checked_mul(10)?.checked_add(tenth)?;
    (11..=10 * RATE_FACTOR_MAX)
        .contains(&tenths)
        .then_some(tenths)
}

fn amount(text: &str, of: Of) -> Option<u64> {
    match of {
        Of::Bytes => values::bytes(text).map(|bytes| bytes as u64),
        Of::Records => text.parse().ok(),
    }
}

fn fixed(c: &mut Checker<'_>, section: &Section<'_>, amount: u64) -> Option<Limit> {
    let idle = ["baseline", "floor"].map(|key| (key, section.get(key)));
    let mut fine = true;
    for (key, node) in idle {
        if let Some(node) = node {
            let what = format!("`{key}` beside a fixed amount");
            c.fault(node.place, what, "only with a factor, such as `above: 5x`");
            fine = false;
        }
    }
    fine.then_some(Limit::Fixed(amount))
}

fn learned(c: &mut Checker<'_>, section: &Section<'_>, tenths: u32, of: Of) -> Option<Limit> {
    let weeks = section.get("baseline").map(|node| weeks(c, node));
    let floor = c.require(section, "floor").and_then(|node| {
        c.parsed(node, "an amount such as 10MiB, or of records", |text| {
            amount(text, of).filter(|amount| *amount > 0)
        })
    });
    Some(Limit::Learned(Learned {
        tenths,
        weeks: weeks.unwrap_or(Some(1))?,
        floor: floor?,
    }))
}

/// Whole weeks: less has no weekend to learn from.
fn weeks(c: &mut Checker<'_>, node: &Node) -> Option<u8> {
    let most = RATE_BASELINE_WEEKS_MAX;
    let text = c.text(node, "7d or 14d")?;
    let weeks = values::duration_ms(text)
        .filter(|ms| ms % WEEK_MS == 0)
        .and_then(|ms| u8::try_from(ms / WEEK_MS).ok())
        .filter(|weeks| (1..=most).contains(weeks));
    if weeks.is_none() {
        c.fault(
            node.place,
            format!("`{}`", cut(text)),
            "7d or 14d: whole weeks, so that weekends are known",
        );
    }
    weeks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::tree;

    fn read(text: &str) -> (Option<Terms>, Vec<String>) {
        let (root, broken) = tree::read(text);
        assert_eq!(broken, []);
        let env = |_: &str| None;
        let mut c = Checker::new("lg.yaml", &env);
        let terms = spike(&mut c, &root.unwrap(), &"spikes".into());
        let told = c.finish().0.iter().map(ToString::to_string).collect();
        (terms, told)
    }

    #[test]
    fn every_key_means_what_it_says() {
        let (terms, told) = read(
            "{of: bytes, per: [principal, topic], over: 1m, above: 5x, baseline: 14d, floor: 10MiB}",
        );
        assert_eq!(told, [""; 0]);
        let terms = terms.unwrap();
        let limit = Learned {
            tenths: 50,
            weeks: 2,
            floor: 10 << 20,
        };
        assert_eq!(terms.limit, Limit::Learned(limit));
        assert_eq!((terms.over_ms, terms.of), (60_000, Of::Bytes));
        let (fixed, told) = read("{of: records, per: [topic], over: 10s, above: 100000}");
        assert_eq!(told, [""; 0]);
        let fixed = fixed.unwrap();
        assert_eq!(fixed.limit, Limit::Fixed(100_000));
        assert!(fixed.per.topic && !fixed.per.principal);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let (terms, _) = read("{of: bytes, over: 1h, above: 2.5x, floor: 1}");
        let terms = terms.unwrap();
        assert!(terms.per.principal && terms.per.topic);
        let (tenths, weeks, floor) = (25, 1, 1);
        let limit = Learned {
            tenths,
            weeks,
            floor,
        };
        assert_eq!(terms.limit, Limit::Learned(limit));
    }

    #[test]
    fn faults_name_their_place() {
        for (text, place, what) in [
            (
                "{of: bytes, over: 1m, above: 5x}",
                "1:1",
                "`floor` is missing",
            ),
            ("{of: bits, over: 1m, above: 5x, floor: 1}", "1:6", "`bits`"),
            ("{of: bytes, over: 1s, above: 9MiB}", "1:19", "`1s`"),
            ("{of: bytes, over: 1m, above: 1x, floor: 1}", "1:30", "`1x`"),
            (
                "{of: bytes, over: 1m, above: 5.25x, floor: 1}",
                "1:30",
                "`5.25x`",
            ),
            ("{of: records, over: 1m, above: 9MiB}", "1:32", "`9MiB`"),
            (
                "{of: bytes, over: 1m, above: 9MiB, floor: 1}",
                "1:43",
                "`floor` beside a fixed amount",
            ),
            (
                "{of: bytes, over: 1m, above: 5x, floor: 1, baseline: 3d}",
                "1:54",
                "`3d`",
            ),
            (
                "{of: bytes, per: [group], over: 1m, above: 9}",
                "1:19",
                "`group`",
            ),
            (
                "{off: bytes, of: bytes, over: 1m, above: 9}",
                "1:2",
                "unknown key `off`",
            ),
        ] {
            let (terms, told) = read(text);
            let first = told.first().map(String::as_str).unwrap_or_default();
            let at = format!("lg.yaml:{place}");
            assert!(
                first.starts_with(&at) && first.contains(what),
                "{text}: {told:?}"
            );
            assert!(terms.is_none() || text.contains("off:"), "{text}");
        }
    }
}
