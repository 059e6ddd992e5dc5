//! `contains.fields`: which fields of a record a rule looks at.
//!
//! ```text
//! customer.ssn       that field
//! customer.*.ssn     … one level below any field of customer
//! **.card            … at any depth
//! card_*             any field at the top whose name begins so
//! ```
//!
//! Owns: the patterns, and the note of which findings lie where a rule looks. Refuses: to walk a record (`walk` tells
//! the paths). Stays true: a list's elements are passed over, `orders.card` is the card of every order; a path
//! that is not known whole counts as one that the rule names, and so does what is past
//! `FIELD_LOOKS_MAX`: what cannot be told apart is looked at.

use super::pattern::Pattern;
use super::rule::{Condition, Rule};
use super::scope::Scope;
use crate::chunk::{DetectorSet, Finding};
use crate::limits::{FIELD_LOOKS_MAX, FIELD_PATTERN_BYTES_MAX, FIELD_PATTERN_LEVELS_MAX};
use crate::schema::field_path::FieldPath;
use std::sync::Arc;

/// A path with `*` for parts of a name and `**` for any number of levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPattern {
    text: Box<str>,
    levels: Box<[Level]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    /// Any levels, or none.
    Any,
    /// One.
    Named(Pattern),
}

impl FieldPattern {
    /// Reads one; `None` if a level is empty, or it is too long.
    pub fn new(text: &str) -> Option<FieldPattern> {
        let level = |name: &str| match name {
            "**" => Level::Any,
            name => Level::Named(Pattern::new(name)),
        };
        let fits = text.len() <= FIELD_PATTERN_BYTES_MAX
            && text.split('.').all(|name| !name.is_empty())
            && text.split('.').count() <= FIELD_PATTERN_LEVELS_MAX;
        fits.then(|| FieldPattern {
            text: text.into(),
            levels: text.split('.').map(level).collect(),
        })
    }

    /// The text it was made from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path is one of those it names, or may be. The time is at most the product of both lengths.
    pub fn matches(&self, path: &FieldPath) -> bool {
        if path.is_partial() {
            return true;
        }
        let (mut level, mut name) = (0, 0);
        // Where to go on when what follows the last `**` does not fit.
        let mut again: Option<(usize, usize)> = None;
        while let Some(text) = path.get(name) {
            match self.levels.get(level) {
                Some(Level::Any) => {
                    again = Some((level + 1, name));
                    level += 1;
                    continue;
                }
                Some(Level::Named(pattern)) if pattern.matches(text) => {
                    (level, name) = (level + 1, name + 1);
                    continue;
                }
                _ => {}
            }
            let Some((after, from)) = again else {
                return false;
            };
            again = Some((after, from + 1));
            (level, name) = (after, from + 1);
        }
        let rest = self.levels.get(level..).unwrap_or_default();
        rest.iter().all(|level| *level == Level::Any)
    }
}

/// The fields that a rule looks at.
pub type Fields = Arc<[FieldPattern]>;

/// Which findings of a batch lie in the fields that rules of one scope name.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// A rule by its place in the scope, and a finding by its place in the batch's.
    hits: Vec<(u32, u32)>,
    looks: usize,
}

impl Places {
    /// Forgets the batch before.
    pub fn begin(&mut self) {
        self.hits.clear();
        self.looks = 0;
    }

    /// Notes where a finding is. `at`: its place among the batch's findings.
    pub fn note(&mut self, scope: &Scope, at: usize, finding: &Finding, path: &FieldPath) {
        for (rule, scoped) in scope.rules.iter().enumerate() {
            let Some((fields, detectors)) = looked_at(&scoped.rule) else {
                continue;
            };
            if !detectors.contains(finding.detector) {
                continue;
            }
            self.looks = self.looks.saturating_add(fields.len());
            if self.is_spent() {
                return;
            }
            if fields.iter().any(|pattern| pattern.matches(path)) {
                self.hits.push((rule as u32, at as u32));
            }
        }
    }

    /// Every finding was noted.
    pub fn finish(&mut self) {
        self.hits.sort_unstable();
    }

    fn is_spent(&self) -> bool {
        self.looks > FIELD_LOOKS_MAX
    }

    /// The findings that lie where a rule of the scope looks, ascending; none if that is not known, and all
    /// count.
    pub(super) fn of(&self, rule: usize) -> Option<impl Iterator<Item = u32>> {
        if self.is_spent() {
            return None;
        }
        let rule = rule as u32;
        let from = self.hits.partition_point(|(of, _)| *of < rule);
        let to = self.hits.partition_point(|(of, _)| *of <= rule);
        let mine = self.hits.get(from..to).unwrap_or_default();
        Some(mine.iter().map(|(_, finding)| *finding))
    }
}

/// The fields that a rule names, and the detectors it looks for there.
pub(super) fn looked_at(rule: &Rule) -> Option<(&Fields, DetectorSet)> {
    match &rule.condition {
        Condition::Contains(contains) => contains
            .fields
            .as_ref()
            .map(|fields| (fields, contains.detectors)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::fixtures::{block, contains, finding, found, policy, rule, scope};
    use crate::policy::{Contains, Effect, Evidence, Gate, Records, Want};
    use crate::scan::mask::MaskStyle;
    use crate::schema::path::{Element, Name};
    use proptest::prelude::*;

    fn path(names: &[&str]) -> FieldPath {
        let mut path = FieldPath::default();
        path.read(
            names
                .iter()
                .map(|name| Element::Name(Name::plain(name.as_bytes()))),
        );
        path
    }

    fn pattern(text: &str) -> FieldPattern {
        FieldPattern::new(text).unwrap()
    }

    #[test]
    fn patterns_read_as_they_are_told() {
        for (text, names, is) in [
            ("customer.ssn", &["customer", "ssn"][..], true),
            ("customer.ssn", &["customer", "ssn", "raw"], false),
            ("customer.*.ssn", &["customer", "eu", "ssn"], true),
            ("customer.*.ssn", &["customer", "ssn"], false),
            ("**.card", &["card"], true),
            ("**.card", &["a", "b", "card"], true),
            ("**.card.**", &["a", "card", "number"], true),
            ("card_*", &["card_number"], true),
            ("card_*", &["a", "card_number"], false),
            ("**", &[], true),
            ("*", &[], false),
            ("a.**.b.**.c", &["a", "b", "x", "b", "y", "c"], true),
        ] {
            assert_eq!(pattern(text).matches(&path(names)), is, "{text} {names:?}");
        }
        let long = "x".repeat(FIELD_PATTERN_BYTES_MAX + 1);
        for bad in ["", ".", "a.", "a..b", &long, &"a.".repeat(40)] {
            assert_eq!(FieldPattern::new(bad), None, "{bad}");
        }
    }

    fn in_fields(effect: Effect, at_least: u32, fields: &[&str]) -> Rule {
        let Condition::Contains(all) = contains(1, Want::Any, at_least) else {
            panic!()
        };
        let fields = Some(fields.iter().map(|text| pattern(text)).collect());
        rule("r", Condition::Contains(Contains { fields, ..all }), effect)
    }

    fn placed(scope: &Scope, all: &[(Finding, &[&str])]) -> Places {
        let mut places = Places::default();
        for (at, (finding, names)) in all.iter().enumerate() {
            places.note(scope, at, finding, &path(names));
        }
        places.finish();
        places
    }

    #[test]
    fn only_findings_in_the_fields_count_and_are_masked() {
        let rules = [in_fields(
            Effect::Mask(MaskStyle::Full.into()),
            2,
            &["card"],
        )];
        let policy = policy(&rules, &[]);
        let scope = scope(&policy);
        let all: [(Finding, &[&str]); 4] = [
            (finding(0, 0), &["card"]),
            (finding(0, 0), &["note"]),
            (finding(0, 1), &["card"]),
            (finding(0, 1), &["card"]),
        ];
        let findings = all.map(|(finding, _)| finding);
        let places = placed(&scope, &all);
        let evidence = Evidence {
            places: Some(&places),
            ..found(&findings)
        };
        let verdict = policy.decide(&scope, &evidence, crate::policy::fixtures::NOW);
        let masked: Vec<usize> = (0..4)
            .filter(|at| verdict.mask_of(*at, &findings[*at]).is_some())
            .collect();
        assert_eq!(masked, [2, 3], "record 0 has but one in the field");
        assert_eq!(verdict.masks[0].records, Records::Some(vec![1]));
    }

    #[test]
    fn what_nobody_located_counts() {
        let policy = policy(&[in_fields(block("no"), 1, &["card"])], &[]);
        let scope = scope(&policy);
        let one = [finding(0, 0)];
        let gate = |evidence: &Evidence<'_>| {
            policy
                .decide(&scope, evidence, crate::policy::fixtures::NOW)
                .gate
        };
        assert!(matches!(gate(&found(&one)), Gate::Block { .. }));
        let mut places = placed(&scope, &[(one[0], &["note"])]);
        assert_eq!(
            gate(&Evidence {
                places: Some(&places),
                ..found(&one)
            }),
            Gate::Allow
        );
        for at in 0..=FIELD_LOOKS_MAX {
            places.note(&scope, at, &one[0], &path(&["note"]));
        }
        places.finish();
        let spent = Evidence {
            places: Some(&places),
            ..found(&one)
        };
        assert!(
            matches!(gate(&spent), Gate::Block { .. }),
            "past the bound all count"
        );
    }

    /// The definition, tried in every way.
    fn naive(levels: &[&str], names: &[&str]) -> bool {
        match levels.split_first() {
            None => names.is_empty(),
            Some((&"**", rest)) => (0..=names.len()).any(|at| naive(rest, &names[at..])),
            Some((level, rest)) => names
                .split_first()
                .is_some_and(|(name, left)| Pattern::new(level).matches(name) && naive(rest, left)),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_its_definition_says(
            levels in prop::collection::vec(prop::sample::select(vec!["**", "*", "a", "b", "a*"]), 1..6),
            names in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "c"]), 0..7),
        ) {
            let text = levels.join(".");
            prop_assert_eq!(pattern(&text).matches(&path(&names)), naive(&levels, &names), "{} {:?}", text, names);
        }
    }
}
