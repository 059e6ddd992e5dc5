//! Detectors of the user's own, and what readers are told of the built-in ones.

use super::{SMALL, read, told, warned};
use crate::chunk::{DetectorId, Field, Likelihood, Part};
use crate::policy::Condition;
use crate::scan::{DETECTORS, Engine, Scratch};
use std::sync::Arc;

const OWN: &str = "\
detectors:
  employee_id: {pattern: 'EMP-\\d{6}', keywords: [employee, badge]}
  project_names: {words: [apollo, \"project x\"]}
  pay: {fields: [salary, person.bonus]}
lists: {ours: [pay, project_names, us_ssn]}
rules:
  a: {when: {operations: [produce]}, if: {contains: {any: ours}}, then: {mask: full}}
  b: {when: {operations: [produce]}, if: {contains: {all: [employee_id], likelihood: possible}}, then: {mask: full}}
";

#[test]
fn own_detectors_are_named_like_built_in_ones() {
    let config = read(&format!("{SMALL}{OWN}")).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let set = config.policy.detectors();
    let own = DETECTORS.len() as u8;
    for id in [own, own + 1, own + 2] {
        assert!(set.contains(DetectorId(id)));
    }
    let engine = Engine::with(Arc::clone(&config.detectors), set);
    assert_eq!(engine.name(DetectorId(own)), "employee_id");
    let text = br#"{"salary": 5000, "person": {"bonus": 7}, "x": {"bonus": 8}, "note": "Project-X, badge EMP-123456"}"#;
    let whole = Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: text.len() as u32,
    };
    let mut found = Vec::new();
    engine.scan(text, [whole].into_iter(), &mut Scratch::new(), &mut found);
    let seen = found.iter().map(|f| {
        let span = f.start as usize..f.end as usize;
        let text = std::str::from_utf8(&text[span]).unwrap();
        (engine.name(f.detector), text)
    });
    let seen: Vec<_> = seen.collect();
    let wanted = [
        ("pay", "5000"),
        ("pay", "7"),
        ("project_names", "Project-X"),
        ("employee_id", "EMP-123456"),
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn a_rule_says_how_likely_a_finding_must_be() {
    let config = read(&format!("{SMALL}{OWN}")).unwrap();
    let asked: Vec<_> = config
        .policy
        .rules()
        .filter_map(|rule| match &rule.condition {
            Condition::Contains(contains) => Some(contains.likelihood),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [Likelihood::Likely, Likelihood::Possible]);
}

#[test]
fn the_hash_of_the_policy_covers_them() {
    let hash = |text: &str| read(&format!("{SMALL}{text}")).unwrap().policy.hash;
    assert_ne!(hash(OWN), hash(&OWN.replace("EMP-", "EMQ-")));
}

#[test]
fn what_may_surprise_is_told() {
    let text = "\
detectors:
  wide: {pattern: '[0-9]{3}[a-z]'}
  spare: {words: [zeus]}
rules:
  a: {when: {operations: [produce]}, if: {contains: {any: [wide]}}, then: {mask: full}}
";
    assert_eq!(
        warned(text),
        [
            "lg.yaml:4:19: warning: slow: no text of three letters or more is in every match, so it runs over every byte of every record",
            "lg.yaml:5:3: warning: no rule looks for `spare`",
        ]
    );
}

#[test]
fn every_fault_of_a_detector_has_its_place() {
    let text = "\
detectors:
  us_ssn: {words: [abc]}
  Not-snake: {words: [abc]}
  none: {}
  two: {words: [abc], fields: [abc]}
  broken: {pattern: '(a'}
  empty: {pattern: 'a*'}
  word: {words: [apollo, 7up]}
  path: {fields: [a..b]}
  few: {words: []}
  odd: {words: [abc], keywords: [abc]}
  near: {pattern: 'EMP-[0-9]', keywords: [\"?\"]}
  typo: {patern: x}
rules:
  a: {when: {operations: [produce]}, if: {contains: {any: [two, path, wrod], likelihood: sure}}, then: {mask: full}}
";
    let told = told(&format!("{SMALL}{text}"));
    let starts = [
        "lg.yaml:4:3: `us_ssn` is a built-in detector's name; expected another name",
        "lg.yaml:5:3: `Not-snake`; expected a name of at most 64 small letters, digits and `_`, a letter first",
        "lg.yaml:6:9: nothing to look for; expected one of `pattern: TEXT`, `words: [...]` or `fields: [...]`",
        "lg.yaml:7:8: 2 ways to look; expected one of",
        "lg.yaml:8:21: not a pattern: unclosed group; expected a regular expression",
        "lg.yaml:9:20: the pattern matches the empty text, so it would match everywhere; expected one that",
        "lg.yaml:10:26: `7up`; expected 2 to 32 letters",
        "lg.yaml:11:19: `a..b`; expected 2 to 32 letters",
        "lg.yaml:12:16: an empty list; expected a list of texts",
        "lg.yaml:13:33: `keywords` beside `words`; expected them beside `pattern` only",
        "lg.yaml:14:43: `?`; expected 2 to 32 letters",
        "lg.yaml:15:9: nothing to look for",
        "lg.yaml:15:10: unknown key `patern` (did you mean `pattern`?); expected one of pattern, words, fields, keywords",
        "lg.yaml:17:71: no detector `wrod` (did you mean `word`?); expected one of us_ssn",
        "lg.yaml:17:90: `sure`; expected possible or likely or certain",
    ];
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), starts.len(), "{told}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}\nis not\n{start}");
    }
}

#[test]
fn there_is_a_bound_on_them() {
    let many: String = (0..65)
        .map(|at| format!("  d{at}: {{words: [abc]}}\n"))
        .collect();
    let told = told(&format!("{SMALL}detectors:\n{many}"));
    assert!(
        told.starts_with("lg.yaml:68:3: more than 64 detectors"),
        "{told}"
    );
}

/// Readers learn every built-in detector from `docs/detectors.md`, and only those there are.
#[test]
fn the_documented_detectors_are_these() {
    let text = include_str!("../../../docs/detectors.md");
    let head = "| name | what | what is checked | looked for | keywords | who says so |\n| --- | --- | --- | --- | --- | --- |\n";
    let (_, rest) = text.split_once(head).unwrap();
    let documented: Vec<_> = rest
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let row = |detector: &crate::scan::Detector| {
        let keywords: Vec<_> = detector
            .keywords
            .iter()
            .map(|word| format!("`{word}`"))
            .collect();
        let looked_for = match detector.needs_keyword() {
            true => "beside a keyword",
            false => "by form",
        };
        format!(
            "| `{}` | {} | {} | {looked_for} | {} | {} |",
            detector.name,
            detector.title,
            detector.rule,
            keywords.join(", "),
            detector.source.replace('|', "\\|"),
        )
    };
    let rows: Vec<_> = DETECTORS.iter().map(row).collect();
    assert_eq!(documented, rows, "\n{}", rows.join("\n"));
}
