//! Several files: what they make together, and what is told of each bad one.

use super::{SMALL, env};
use crate::config::{Config, Faults, load, parse};
use proptest::prelude::*;
use std::path::Path;

/// Writes the files, the first being the main one, and reads them.
fn read(files: &[(&str, &str)]) -> (Result<Config, Faults>, String) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let main = directory.path().join("lg.yaml");
    let text = std::fs::read_to_string(&main).unwrap();
    let read = parse(&text, main.to_str().unwrap(), &env);
    let shown = format!("{}/", directory.path().display());
    let told = match &read {
        Ok(config) => config.warnings.iter().map(ToString::to_string).collect(),
        Err(faults) => faults.0.iter().map(ToString::to_string).collect::<Vec<_>>(),
    };
    (read, told.join("\n").replace(&shown, ""))
}

fn main_with(include: &str) -> String {
    format!("{SMALL}include: {include}\n")
}

const BLOCK: &str = "{when: {topics: [t]}, if: always, then: {block: {reason: r}}}";

#[test]
fn files_are_one_configuration() {
    let main = main_with("[rules.d/*.yaml, people/who.yaml]") + "lists: {ours: [\"a.*\"]}\n";
    let (read, told) = read(&[
        ("lg.yaml", &main),
        (
            "rules.d/b.yaml",
            "rules:\n  b: {when: {operations: [produce], topics: ours}, if: {contains: {any: [badge]}}, then: {hold: {ask: team}}}\n",
        ),
        (
            "rules.d/a.yaml",
            "detectors: {badge: {words: [apollo]}}\nexceptions: {e: {lifts: [b], when: {topics: [a.x]}, reason: r, until: 2999-01-01}}\n",
        ),
        ("rules.d/.b.yaml.swp", "no: yaml at all"),
        ("rules.d/notes.txt", "nor here"),
        ("people/who.yaml", "include: [more.yaml]\n"),
        (
            "people/more.yaml",
            "approvals: {team: {stages: [{any_of: [g]}]}}\n",
        ),
    ]);
    assert_eq!(
        told,
        "people/more.yaml:1:13: warning: people have 600 s for `team`, but a Java client gives up after 120 s and some others after 3 s: what is approved later is written only when the client sends it again"
    );
    let config = read.unwrap();
    assert_eq!(config.policy.rules().count(), 1);
    assert_eq!(config.policy.exceptions().count(), 1);
    assert_eq!(config.detectors.len(), 1);
    let included: Vec<_> = config
        .policy_text
        .lines()
        .filter_map(|line| line.strip_prefix("# included: "))
        .collect();
    assert_eq!(
        included,
        [
            "rules.d/a.yaml, 121 bytes",
            "rules.d/b.yaml, 117 bytes",
            "people/who.yaml, 21 bytes",
            "people/more.yaml, 45 bytes"
        ]
    );
}

#[test]
fn every_files_faults_are_told_at_once() {
    let main = main_with("[gone.yaml, none.d/*.yaml, a/*.yaml, b.yaml, \"*.yml\"]")
        + &format!("rules:\n  twice: {BLOCK}\n");
    let (_, told) = read(&[
        ("lg.yaml", &main),
        (
            "a/1.yaml",
            &format!("rules:\n  twice: {BLOCK}\n  one: {{}}\nhttp: {{}}\nruls: {{}}\n"),
        ),
        ("a/2.yaml", "- a list\n"),
        ("b.yaml", "include: [c.yaml]\nrules: [x]\n"),
        (
            "c.yaml",
            "include: [b.yaml]\nlists: {a: [&x y, *x]}\naccounts: []\n",
        ),
    ]);
    let expected = "\
lg.yaml:3:11: `DIR` cannot be read: No such file or directory (os error 2); expected a file of rules
lg.yaml:3:22: `none.d/*.yaml` cannot be read: No such file or directory (os error 2); expected a list of files, such as [rules.d/*.yaml]
lg.yaml:3:55: no file matches `*.yml`; expected one file at least
a/1.yaml:2:3: `twice` a second time (first in lg.yaml:5:3); expected each name once, over all files
a/1.yaml:3:3: `when` is missing
a/1.yaml:3:3: `if` is missing
a/1.yaml:3:3: `then` is missing
a/1.yaml:4:1: unknown key `http`; expected one of detectors, lists, rules, exceptions, approvals, include
a/1.yaml:5:1: unknown key `ruls` (did you mean `rules`?); expected one of detectors, lists, rules, exceptions, approvals, include
a/2.yaml:1:1: a list; expected a map of names to values
b.yaml:2:8: a list; expected a map of names to values
c.yaml:1:11: `b.yaml` includes itself; expected other files
c.yaml:2:16: an anchor; expected no anchors; what repeats belongs into `lists`
c.yaml:2:19: an alias; expected the value itself; what repeats belongs into `lists`
c.yaml:2:19: nothing; expected a text
c.yaml:3:1: `accounts` comes in a later version";
    let told = told.replacen("`gone.yaml`", "`DIR`", 1);
    assert_eq!(told, expected);
}

#[test]
fn a_file_may_not_include_itself_through_a_pattern() {
    let (_, told) = read(&[("lg.yaml", &main_with("[\"*.yaml\"]"))]);
    assert_eq!(
        told,
        "lg.yaml:3:11: `lg.yaml` includes itself; expected other files"
    );
}

#[test]
fn a_file_that_two_include_counts_once() {
    let rule = format!("rules: {{a: {BLOCK}}}\n");
    let (read, told) = read(&[
        ("lg.yaml", &main_with("[a.yaml, b.yaml, ./a.yaml]")),
        ("a.yaml", &rule),
        ("b.yaml", "include: [a.yaml]\n"),
    ]);
    assert_eq!(told, "");
    assert_eq!(read.unwrap().policy.rules().count(), 1);
}

#[test]
fn files_are_bounded() {
    let big = "#".repeat(10 << 20);
    let chain: Vec<(String, String)> = (0..12)
        .map(|at| {
            (
                format!("{at}.yaml"),
                format!("include: [{}.yaml]\n", at + 1),
            )
        })
        .collect();
    let main = main_with("[big.yaml, 0.yaml]");
    let mut files = vec![("lg.yaml", main.as_str()), ("big.yaml", &big)];
    files.extend(
        chain
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str())),
    );
    let (_, told) = read(&files);
    assert_eq!(
        told,
        "lg.yaml:3:11: `big.yaml` cannot be read: the configuration would have more than 960 KiB; expected a file of rules\n\
         7.yaml:1:11: `8.yaml`: too many files; expected at most 1000, and 8 one in another"
    );
    let directory = tempfile::tempdir().unwrap();
    let main = directory.path().join("lg.yaml");
    std::fs::write(&main, &big).unwrap();
    let told = load(&main).unwrap_err().to_string();
    assert!(
        told.ends_with(
            "a configuration of more than 960 KiB; expected at most 960 KiB in all files together"
        ),
        "{told}"
    );
    assert!(load(Path::new("/dev/null")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Into how many files rules are cut, and in what order those are named, changes no rule.
    #[test]
    fn the_order_of_files_changes_no_rule(cuts in prop::collection::vec(0usize..4, 6), turned in any::<bool>()) {
        let mut texts = vec![String::from("rules:\n"); 4];
        for (rule, file) in cuts.iter().enumerate() {
            texts[*file] += &format!("  r{rule}: {BLOCK}\n");
        }
        let mut names = ["0.yaml", "1.yaml", "2.yaml", "3.yaml"];
        if turned {
            names.reverse();
        }
        let main = main_with(&format!("[{}]", names.join(", ")));
        let mut files = vec![("lg.yaml", main.as_str())];
        let named = ["0.yaml", "1.yaml", "2.yaml", "3.yaml"];
        files.extend(named.into_iter().zip(texts.iter().map(String::as_str)));
        let (config, _) = read(&files);
        let rules: Vec<_> = config.unwrap().policy.rules().map(|rule| rule.name.to_string()).collect();
        prop_assert_eq!(rules, ["r0", "r1", "r2", "r3", "r4", "r5"]);
    }
}
