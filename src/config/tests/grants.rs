//! `first_use`, `covers` and `for`: what may be granted, and for how long.

#![allow(clippy::unwrap_used)]

use super::{SMALL, read, told};
use crate::chunk::Covers;
use crate::policy::{Condition, Effect};

const ASKED: &str = "approvals: {s: {stages: [{any_of: [g]}]}}\nrules:\n";

fn hold(rule: &str) -> (Covers, Option<u64>) {
    let config = read(&format!("{SMALL}{ASKED}{rule}")).unwrap();
    let rule = config.policy.rules().next().unwrap();
    assert_eq!(rule.condition, Condition::FirstUse);
    match &rule.effect {
        Effect::Hold(hold) => (hold.covers, hold.for_ms),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_first_use_asks_for_access_also_on_fetch() {
    let (when, end) = (
        "{operations: [produce, fetch], topics: [\"hr.*\"]}",
        8 * 3_600_000,
    );
    let rule = |terms: &str| {
        let then = format!("then: {{hold: {{ask: s{terms}}}}}");
        format!("  a: {{when: {when}, if: {{first_use: topic}}, {then}}}\n")
    };
    assert_eq!(
        hold(&rule(", covers: access, for: 8h")),
        (Covers::Access, Some(end))
    );
    assert_eq!(hold(&rule("")), (Covers::Access, None));
}

#[test]
fn what_an_approval_cannot_cover_is_told() {
    let text = format!(
        "{ASKED}  a: {{when: {{operations: [produce]}}, if: always, then: {{hold: {{ask: s, covers: access}}}}}}
  b: {{when: {{}}, if: {{first_use: topic}}, then: {{hold: {{ask: s, covers: records}}}}}}
  c: {{when: {{operations: [produce]}}, if: always, then: {{hold: {{ask: s, for: 8h}}}}}}
  d: {{when: {{}}, if: {{first_use: topic}}, then: {{hold: {{ask: s, for: 1ms}}}}}}
  e: {{when: {{}}, if: {{first_use: client}}, then: {{hold: {{ask: s, covers: all}}}}}}
  f: {{when: {{}}, if: {{first_use: topic}}, then: {{mask: full}}}}
  g: {{when: {{operations: [metadata]}}, if: {{first_use: topic}}, then: {{block: {{reason: r}}}}}}
"
    );
    let expected = "\
lg.yaml:5:80: `covers: access` does not fit the evidence; expected `records`
lg.yaml:6:71: `covers: records` does not fit the evidence; expected `access`
lg.yaml:7:77: `for`, but an approval of records is spent once; expected no `for`; approvals have `redeem_within`
lg.yaml:8:68: `1ms`; expected a duration from 1s to 365d, such as 500ms, 3s, 10m, 8h
lg.yaml:9:33: `client`; expected topic
lg.yaml:9:72: `all`; expected records or schema or rate or access
lg.yaml:10:47: a mask with `if: first_use` has nothing to hide; expected `if: {contains: …}`
lg.yaml:11:69: `first_use` on what moves no records: metadata; expected `if: always`, or produce or fetch";
    assert_eq!(told(&format!("{SMALL}{text}")), expected);
}
