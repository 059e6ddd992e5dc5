//! `creates`, and `contains.fields`.

use super::*;
use crate::policy::{Bounds, Setting};

fn rule(condition: &str, then: &str) -> String {
    format!("{SMALL}rules:\n  r: {{when: {{}}, if: {condition}, then: {then}}}\n")
}

const BLOCK: &str = "{block: {reason: no}}";

#[test]
fn terms_are_read() {
    let text = "{creates: {partitions: {above: 48, below: 2}, config: {cleanup.policy: {among: [compact]}}}}";
    let config = read(&rule(text, BLOCK)).unwrap();
    let Some(Condition::Creates(creates)) = config.policy.rules().next().map(|r| &r.condition)
    else {
        panic!("no rule about topics")
    };
    let both = Bounds {
        above: Some(48),
        below: Some(2),
    };
    assert_eq!(creates.partitions, both);
    assert!(
        matches!(creates.config.as_slice(), [(name, Setting::Among(_))] if &**name == "cleanup.policy")
    );
}

#[test]
fn terms_that_nothing_or_everything_meets_are_faults() {
    for (condition, then, what) in [
        ("{creates: {}}", BLOCK, "no terms"),
        ("{creates: {partitions: {}}}", BLOCK, "no bounds"),
        ("{creates: {partitions: {above: -1}}}", BLOCK, "`-1`"),
        (
            "{creates: {partitions: {above: 1, below: 2}}}",
            BLOCK,
            "every number",
        ),
        (
            "{creates: {partitons: {above: 1}}}",
            BLOCK,
            "did you mean `partitions`?",
        ),
        ("{creates: {names: [a]}}", BLOCK, "{outside: [...]}"),
        (
            "{creates: {config: {a: {among: [b], above: 1}}}}",
            BLOCK,
            "do not go together",
        ),
        (
            "{creates: {replication: {below: 3}}}",
            "{mask: full}",
            "nothing to hide",
        ),
        (
            "{contains: {any: [us_ssn], fields: [a..b]}}",
            BLOCK,
            "`a..b`",
        ),
        (
            "{contains: {any: [us_ssn], fields: []}}",
            BLOCK,
            "an empty list",
        ),
    ] {
        let told = told(&rule(condition, then));
        assert!(told.contains(what), "{what} is not in {told}");
    }
    let hold = format!(
        "{}approvals: {{p: {{stages: [{{any_of: [g]}}]}}}}\n",
        rule("{creates: {partitions: {above: 1}}}", "{hold: {ask: p}}")
    );
    assert!(told(&hold).contains("a hold on topics"), "{}", told(&hold));
    let elsewhere = rule("{creates: {partitions: {above: 1}}}", BLOCK)
        .replace("when: {}", "when: {operations: [produce]}");
    assert!(told(&elsewhere).contains("`creates` never matches produce"));
}
