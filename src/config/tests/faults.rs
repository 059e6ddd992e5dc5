//! What each bad file is told, word for word.

use super::{EXAMPLE, SMALL, read, told};
use crate::config::load;
use proptest::prelude::*;
use std::path::Path;

/// The faults of what follows `SMALL`, whose lines come first.
fn told_after_small(text: &str) -> String {
    told(&format!("{SMALL}{text}"))
}

#[test]
fn every_fault_is_told_at_once() {
    let text = "\
version: 2
clusters:
  main:
    bootstrap: [127.0.0.1:9092, kafka]
    listeners:
      default: {address: 0.0.0.0:19150, broker_ports: 19100-19199, sasl: oidcc}
lists:
  pci: [payment_crad]
rules:
  cards:
    when: {operations: [produce, fetsh], topic: [\"a.*\"]}
    if: {contains: {any: pci, at_least: 0}}
    then: {hold: {ask: securty, meanwhile: {wait: 1m}}}
  cards:
    when: {}
  twice:
    when: {topics: regulated}
    if: always
    then: {mask: full}
exceptions:
  e: {lifts: [card], when: {topics: [x]}, reason: R, until: 2026-02-30}
approvals:
  security: {stages: [{any_of: [], people: 0, within: 10}]}
colour: blue
";
    let expected = "\
lg.yaml:1:10: `2`; expected 1
lg.yaml:4:33: `kafka`; expected a host and a port, such as kafka-1.example.com:9092
lg.yaml:6:7: `advertise` is missing, and clients cannot connect to 0.0.0.0; expected the host name under which clients reach the gateway
lg.yaml:6:55: `broker_ports` of main/default: port 19150 belongs to `address` of main/default (line 6); expected a port that nothing else listens on
lg.yaml:6:74: `oidcc` (did you mean `oidc`?); expected oidc or relay or none
lg.yaml:8:9: no detector `payment_crad` (did you mean `payment_card`?); expected one of DETECTORS
lg.yaml:11:34: `fetsh` (did you mean `fetch`?); expected an operation, such as produce, fetch, create_topics, alter_configs
lg.yaml:11:42: unknown key `topic` (did you mean `topics`?); expected one of operations, topics, principals, groups, claims, client_ids, listeners
lg.yaml:12:41: `0`; expected a number from 1
lg.yaml:13:24: no approval policy `securty` (did you mean `security`?); expected a name in `approvals`
lg.yaml:13:51: `1m`; expected a duration from 0s to 15s, such as 500ms, 3s, 10m, 8h
lg.yaml:14:3: `cards` a second time (first in line 10); expected each name once
lg.yaml:17:20: no list `regulated`; expected the name of a list, or names with `*` in brackets, such as [regulated]
lg.yaml:21:15: no rule `card` (did you mean `cards`?); expected a name in `rules`, or `unreadable`
lg.yaml:21:61: `2026-02-30`; expected a day such as 2027-01-31; it lifts until that day ends in UTC
lg.yaml:23:32: an empty list; expected a list of groups, one at least
lg.yaml:23:44: `0`; expected a number of people from 1 to 100
lg.yaml:23:55: `10`; expected a duration from 1s to 30d, such as 500ms, 3s, 10m, 8h
lg.yaml:24:1: unknown key `colour`; expected one of version, include, clusters, identity, defaults, masking, detectors, lists, rules, exceptions, approvals, audit, holds, http, io, cores, memory";
    let detectors: Vec<_> = crate::scan::DETECTORS.iter().map(|d| d.name).collect();
    assert_eq!(
        told(text),
        expected.replace("DETECTORS", &detectors.join(", "))
    );
}

#[test]
fn what_comes_later_is_refused_by_name() {
    let text = "\
include: [nowhere/*.yaml]
accounts: []
defaults: {unreadable: hold}
audit: {signing_key: file:x}
approvals:
  a:
    stages: [{any_of: [g], else: escalate}, {any_of: [h]}]
rules:
  a: {when: {operations: [delete_topics]}, if: {schema: {change: new}}, then: {hold: {ask: a, covers: schema, for: 8h}}}
  b: {when: {}, if: spike, then: {hold: {ask: a, meanwhile: {then: park}}}}
  c: {when: {operations: [produce, fetch]}, if: always, then: {hold: {ask: a}}}
";
    assert_eq!(told_after_small(text), "\
lg.yaml:3:11: `nowhere/*.yaml` cannot be read: No such file or directory (os error 2); expected a list of files, such as [rules.d/*.yaml]
lg.yaml:4:1: `accounts` comes in a later version
lg.yaml:5:24: `hold` comes in a later version
lg.yaml:6:9: `signing_key` comes in a later version
lg.yaml:9:34: `escalate` comes in a later version
lg.yaml:9:45: several stages come in a later version; expected one stage
lg.yaml:11:49: `schema` comes in a later version
lg.yaml:12:21: `spike` comes in a later version
lg.yaml:12:68: `park` comes in a later version
lg.yaml:13:63: a hold on fetch with this evidence comes in a later version; expected `operations: [produce]` in `when`");
}

#[test]
fn operations_without_records_have_nothing_to_hold_or_to_hide() {
    let text = "\
approvals: {s: {stages: [{any_of: [g]}]}}
rules:
  a: {when: {operations: [delete_topics, produce]}, if: always, then: {hold: {ask: s}}}
  b: {when: {operations: [alter_configs]}, if: {contains: {any: [us_ssn]}}, then: {mask: full}}
  c: {when: {operations: [create_topics, metadata]}, if: {contains: {any: [us_ssn]}}, then: {block: {reason: r}}}
  d: {when: {operations: [share_fetch, incremental_alter_configs, delete_topic, x]}, if: always, then: {block: {reason: r}}}
  e: {when: {operations: []}, if: always, then: {block: {reason: r}}}
";
    assert_eq!(told_after_small(text), "\
lg.yaml:5:71: a hold on delete_topics comes in a later version; expected `operations: [produce]` in `when`
lg.yaml:6:83: `contains` on what moves no records: alter_configs; expected `if: always`, or produce or fetch
lg.yaml:7:93: `contains` on what moves no records: create_topics, metadata; expected `if: always`, or produce or fetch
lg.yaml:8:27: `share_fetch` (it is `fetch` here); expected an operation, such as produce, fetch, create_topics, alter_configs
lg.yaml:8:40: `incremental_alter_configs` (it is `alter_configs` here); expected an operation, such as produce, fetch, create_topics, alter_configs
lg.yaml:8:67: `delete_topic` (did you mean `delete_topics`?); expected an operation, such as produce, fetch, create_topics, alter_configs
lg.yaml:8:81: `x`; expected an operation, such as produce, fetch, create_topics, alter_configs
lg.yaml:9:26: an empty list; expected a list of operations, such as [produce, delete_topics]");
}

#[test]
fn rules_that_make_no_sense() {
    let text = "\
rules:
  unreadable: {when: {}, if: always, then: {block: {reason: x}}}
  none: {when: {}, if: {}, then: {}}
  two: {when: {}, if: always, then: {block: {reason: x}, mask: full}}
  allow: {when: {}, if: sometimes, then: allow}
  mask: {when: {}, if: always, then: {mask: {keep_last: 9}}}
  blind: {when: {}, if: always, then: {mask: full}}
  both: {when: {topics: []}, if: {contains: {any: [us_ssn], all: [us_ssn]}}, then: {mask: {}}}
  empty: {when: {}, if: {contains: {in: [body]}}, then: {block: {reason: \"\"}}}
  bare:
exceptions:
  all: {lifts: [unreadable], when: {}, reason: r, until: 2030-01-01}
  mask: {when: {topics: [\"*\"]}}
";
    assert_eq!(told_after_small(text), "\
lg.yaml:4:3: `unreadable` is the built-in rule's name; expected another name
lg.yaml:5:24: no evidence; expected `always`, `unreadable`, `{contains: …}`, `{creates: …}` or `{first_use: topic}`
lg.yaml:5:34: 0 effects; expected exactly one of mask, hold, block
lg.yaml:6:37: 2 effects; expected exactly one of mask, hold, block
lg.yaml:7:25: `sometimes`; expected `always`, `unreadable`, `{contains: …}`, `{creates: …}` or `{first_use: topic}`
lg.yaml:7:42: `allow`: rules only tighten; an exception lifts them; expected `{mask: …}`, `{hold: …}` or `{block: …}`
lg.yaml:8:57: `9`; expected a number of characters from 1 to 8
lg.yaml:9:39: a mask with `if: always` has nothing to hide; expected `if: {contains: …}`
lg.yaml:10:25: an empty list; expected the name of a list, or names with `*` in brackets
lg.yaml:10:66: `any` and `all` together; expected one of them
lg.yaml:10:91: 0 ways to mask; expected full, token, format_preserving, remove, {keep_last: N}, {keep_first: N} or {replace: TEXT}
lg.yaml:11:36: no detectors; expected `any` or `all`
lg.yaml:11:42: `body`; expected key or value or header
lg.yaml:11:74: ``; expected a reason
lg.yaml:12:3: `when` is missing
lg.yaml:12:3: `if` is missing
lg.yaml:12:3: `then` is missing
lg.yaml:14:36: an exception for everything; expected where it lifts; everywhere is `topics: [\"*\"]`
lg.yaml:15:3: `mask` is a rule's name; expected a name of its own
lg.yaml:15:3: `lifts` is missing
lg.yaml:15:3: `reason` is missing
lg.yaml:15:3: `until` is missing");
}

#[test]
fn issuers_and_addresses() {
    let text = "\
version: 1
clusters:
  a: {bootstrap: [k:9092], listeners: {x: {address: 127.0.0.1:19092, broker_ports: 19092-19099}, y: {}}}
  b: {}
identity:
  issuers:
    - {issuer: idp.example.com, audience: a, algorithms: [RS256, HS256]}
    - {issuer: \"https://i\", audience: a}
    - {issuer: \"https://i\", audience: b, jwks: x}
http: {page: {listen: 127.0.0.1:19095}, admin: {listen: 8080}}
memory: 1MiB
";
    let all = told(text);
    let lines: Vec<_> = all
        .lines()
        .map(|line| line.split("; expected").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            "lg.yaml:3:84: `broker_ports` of a/x: port 19092 belongs to `address` of a/x (line 3)",
            "lg.yaml:3:98: `address` is missing",
            "lg.yaml:3:98: `broker_ports` is missing",
            "lg.yaml:4:3: `bootstrap` is missing",
            "lg.yaml:4:3: `listeners` is missing",
            "lg.yaml:7:16: `idp.example.com`",
            "lg.yaml:7:66: `HS256`: whoever can verify such a token can make one",
            "lg.yaml:9:7: `https://i` a second time",
            "lg.yaml:9:42: unknown key `jwks` (did you mean `jwks_url`?)",
            "lg.yaml:10:23: `http.page`: port 19095 belongs to `broker_ports` of a/x (line 3)",
            "lg.yaml:10:57: `8080`",
            "lg.yaml:11:9: `1MiB`",
        ]
    );
    let open = SMALL.replace("sasl: none", "sasl: oidc");
    assert!(told(&open).contains("no issuer is trusted"));
}

#[test]
fn a_file_that_is_not_there() {
    let faults = load(Path::new("/nowhere/lg.yaml")).unwrap_err().to_string();
    assert!(
        faults.starts_with("/nowhere/lg.yaml:1:1: cannot be read: "),
        "{faults}"
    );
    let broken = "lg.yaml:2:2: not YAML: illegal placement of ':' indicator";
    assert_eq!(told("a: [1\nb: 2"), broken);
    assert!(told("").contains("`version` is missing"));
    assert!(told("- a").contains("a list; expected a map"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a slip of the hand does to a good file, it is read or told what is wrong.
    #[test]
    fn a_slip_is_survived(at in 0usize..1_000_000, slip in "[a-z{}\\[\\]:, \\n#'\"&*!-]{0,3}", cut in 0usize..4) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        let at = at % text.len();
        let end = (at + cut).min(text.len());
        text.splice(at..end, slip.chars());
        if let Err(faults) = read(&text.into_iter().collect::<String>()) {
            prop_assert!(!faults.0.is_empty());
        }
    }
}

#[test]
fn claims_listeners_and_causes() {
    let text = "\
rules:
  a: {when: {claims: {}}, if: always, then: {block: {reason: r}}}
  b: {when: {claims: {dept: hr}, listeners: []}, if: always, then: {block: {reason: r}}}
  c: {when: {}, if: {unreadable: [encrypted, torn, damaged]}, then: {block: {reason: r}}}
  d: {when: {}, if: {unreadable: []}, then: {block: {reason: r}}}
  e: {when: {}, if: unreadable, then: {mask: full}}
  f: {when: {operations: [metadata]}, if: unreadable, then: {block: {reason: r}}}
  g: {when: {}, if: {unreadable: [damaged], contains: {any: [us_ssn]}}, then: {block: {reason: r}}}
";
    assert_eq!(told_after_small(text), "\
lg.yaml:4:22: no claims; expected claims with their values, such as {department: [hr]}
lg.yaml:5:29: no list `hr`; expected the name of a list, or names with `*` in brackets, such as [hr]
lg.yaml:5:45: an empty list; expected the name of a list, or names with `*` in brackets
lg.yaml:6:35: `encrypted` comes in a later version
lg.yaml:6:46: `torn`; expected damaged or unknown_codec or too_large or too_deep or schema
lg.yaml:7:34: an empty list; expected a list of causes, such as [too_large, too_deep]
lg.yaml:8:39: a mask with `if: unreadable` has nothing to hide; expected `if: {contains: …}`
lg.yaml:9:61: `unreadable` on what moves no records: metadata; expected `if: always`, or produce or fetch
lg.yaml:10:21: two kinds of evidence; expected `always`, `unreadable`, `{contains: …}`, `{creates: …}` or `{first_use: topic}`");
    let many: String = (0..33).map(|at| format!("c{at}: [x], ")).collect();
    let rule = format!(
        "rules: {{a: {{when: {{claims: {{{many}}}}}, if: always, then: {{block: {{reason: r}}}}}}}}\n"
    );
    assert!(told_after_small(&rule).contains("`c32`: more than 32 claims"));
    let listeners =
        "rules: {a: {when: {listeners: [b, main/a]}, if: always, then: {block: {reason: r}}}}\n";
    assert_eq!(
        super::warned(listeners),
        ["lg.yaml:3:31: warning: no listener matches `b`"]
    );
}
