#![allow(clippy::unwrap_used)]

use super::*;
use crate::policy::Then;
use crate::policy::fixtures::{
    block, contains as looks_for, exception, found, hold, policy, rule, verdict,
};
use crate::policy::laws::{any_exceptions, any_findings, any_rules, no_weaker, rank};
use proptest::prelude::*;

fn way_of(old: &Rule, new: &Rule) -> Vec<Way> {
    let both = [old, new].map(|rule| policy(std::slice::from_ref(rule), &[]));
    let changes = changes(&both[0], &both[1], false);
    changes.into_iter().map(|change| change.way).collect()
}

fn topics(names: &[&str]) -> When {
    When {
        topics: Some(names.iter().map(|name| Pattern::new(name)).collect()),
        ..When::default()
    }
}

#[test]
fn each_field_of_a_rule_has_its_way() {
    let old = Rule {
        when: topics(&["a", "b"]),
        ..rule(
            "r",
            looks_for(0b11, Want::Any, 1),
            hold("ask", 1_000, Then::Retry),
        )
    };
    let table = [
        (
            Way::Weaker,
            Rule {
                mode: Mode::Observe,
                ..old.clone()
            },
        ),
        (
            Way::Weaker,
            Rule {
                when: topics(&["a"]),
                ..old.clone()
            },
        ),
        (
            Way::Stronger,
            Rule {
                when: topics(&["a", "b", "c"]),
                ..old.clone()
            },
        ),
        (
            Way::Stronger,
            Rule {
                when: When::default(),
                ..old.clone()
            },
        ),
        (
            Way::Unclear,
            Rule {
                when: topics(&["a", "c"]),
                ..old.clone()
            },
        ),
        (
            Way::Weaker,
            Rule {
                condition: looks_for(0b1, Want::Any, 1),
                ..old.clone()
            },
        ),
        (
            Way::Stronger,
            Rule {
                condition: looks_for(0b111, Want::Any, 1),
                ..old.clone()
            },
        ),
        (
            Way::Unclear,
            Rule {
                condition: looks_for(0b11, Want::All, 1),
                ..old.clone()
            },
        ),
        (
            Way::Stronger,
            Rule {
                condition: Condition::Always,
                ..old.clone()
            },
        ),
        (
            Way::Stronger,
            Rule {
                effect: block("no"),
                ..old.clone()
            },
        ),
        (
            Way::Unclear,
            Rule {
                effect: hold("others", 1_000, Then::Retry),
                ..old.clone()
            },
        ),
        (
            Way::Same,
            Rule {
                effect: hold("ask", 2_000, Then::Refuse),
                ..old.clone()
            },
        ),
        (
            Way::Same,
            Rule {
                owner: Some("team".into()),
                ..old.clone()
            },
        ),
        (
            Way::Unclear,
            Rule {
                when: topics(&["a"]),
                effect: block("no"),
                ..old.clone()
            },
        ),
    ];
    for (way, new) in table {
        assert_eq!(way_of(&old, &new), [way], "{new:?}");
        assert_eq!(way_of(&new, &old), [way.reversed()], "back from {new:?}");
    }
    assert_eq!(way_of(&old, &old), []);
}

#[test]
fn what_comes_and_goes_is_named() {
    let (a, b) = (
        rule("a", Condition::Always, block("no")),
        rule("b", Condition::Always, block("no")),
    );
    let until = |until| exception("e", &["a"], until);
    let old = policy(std::slice::from_ref(&a), &[until(2_000)]);
    let told = |new: &Policy| -> Vec<String> {
        let told = changes(&old, new, false).into_iter();
        told.map(|change| format!("{:?} {} {}", change.way, change.what, change.how))
            .collect()
    };
    assert_eq!(
        told(&policy(&[b], &[])),
        [
            "Weaker rule a removed",
            "Stronger rule b added",
            "Stronger exception e removed",
        ]
    );
    assert_eq!(
        told(&policy(std::slice::from_ref(&a), &[until(3_000)])),
        ["Weaker exception e until"]
    );
    let wider = exception("e", &["a", "b"], 2_000);
    assert_eq!(
        told(&policy(std::slice::from_ref(&a), &[wider])),
        ["Weaker exception e lifts"]
    );
    let differ = Rule {
        condition: looks_for(1, Want::Any, 1),
        ..a
    };
    let same = policy(&[differ], &[]);
    assert_eq!(changes(&same, &same, true)[0].way, Way::Unclear);
}

proptest! {
    #[test]
    fn what_is_not_told_as_weaker_is_not(
        old in any_rules(), mut new in any_rules(), before in any_exceptions(), after in any_exceptions(),
        kept in any::<u64>(), same in any::<bool>(), findings in any_findings(),
    ) {
        // Most rules stay as they are, or nothing would ever be not weaker.
        for (at, rule) in new.iter_mut().enumerate() {
            let keeps = kept >> at & 3 != 0;
            if let Some(old) = old.get(at).filter(|_| keeps) {
                *rule = old.clone();
            }
        }
        new.extend(old.iter().skip(new.len()).cloned());
        let after = if same { before.clone() } else { after };
        let (old, new) = (policy(&old, &before), policy(&new, &after));
        prop_assume!(!changes(&old, &new, false).iter().any(|change| change.way.weakens()));
        let (was, is) = (verdict(&old, &found(&findings)), verdict(&new, &found(&findings)));
        prop_assert!(rank(&is.gate) >= rank(&was.gate), "{was:?} became {is:?}");
        if rank(&is.gate) == rank(&was.gate) {
            no_weaker(&is, &was)?;
        }
    }

    #[test]
    fn one_is_not_different_from_itself(rules in any_rules(), exceptions in any_exceptions()) {
        let one = policy(&rules, &exceptions);
        prop_assert_eq!(changes(&one, &one, false), []);
    }

    #[test]
    fn a_rule_less_is_weaker_and_one_more_is_stronger(rules in any_rules()) {
        let (_, fewer) = rules.split_last().unwrap();
        let (with, without) = (policy(&rules, &[]), policy(fewer, &[]));
        prop_assert_eq!(changes(&with, &without, false)[0].way, Way::Weaker);
        prop_assert_eq!(changes(&without, &with, false)[0].way, Way::Stronger);
    }
}
