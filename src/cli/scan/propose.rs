//! A configuration that fits what a sample showed.
//!
//! Owns: which rules follow from what was found, and why, in comments. Refuses: values, and detectors of the
//! user's own, whose definition another file has. Stays true: `lockgate check` accepts what is written;
//! it observes until somebody says otherwise; no name of a topic or field leaves its quotes or its line.

use super::choose::Choice;
use super::table::{grouped, printable};
use super::topic::shown;
use super::topics::Topics;
use crate::chunk::DetectorId;
use crate::cli::target::quoted;
use crate::scan::Detector;
use std::io::{self, Write};

/// Detectors of what lets somebody in: nobody needs to read it from a topic, and nobody should have put it there.
const SECRETS: [&str; 7] = [
    "aws_key",
    "aws_secret_key",
    "gcp_key",
    "github_token",
    "jwt",
    "private_key",
    "slack_token",
];
/// Detectors of what many topics carry for good reasons: masked where readers agree, held nowhere.
const COMMON: [&str; 5] = ["email", "phone", "ipv4", "ipv6", "date_of_birth"];
/// Last characters that readers tell one value from another by.
const KEPT: u8 = 4;

/// The whole file. `cluster` are the keys of the cluster but its listeners.
pub fn write(
    to: &mut impl Write,
    cluster: &str,
    topics: &Topics,
    choice: &Choice,
) -> io::Result<()> {
    write!(
        to,
        "{HEAD}version: 1\nclusters:\n  main:\n{cluster}{LISTENER}{MIDDLE}"
    )?;
    let found: Vec<&Detector> = choice
        .set
        .iter()
        .filter_map(Detector::of)
        .filter(|detector| !carriers(topics, detector).is_empty())
        .collect();
    if found.is_empty() {
        return write!(
            to,
            "# Nothing was found, so there is nothing to propose.\n{TAIL}"
        );
    }
    writeln!(to, "rules:")?;
    let mut held = false;
    for detector in found {
        held |= rules(to, topics, detector)?;
    }
    if held {
        write!(to, "{APPROVALS}")?;
    }
    write!(to, "{TAIL}")
}

/// The rules of one detector; whether one of them holds.
fn rules(to: &mut impl Write, topics: &Topics, detector: &Detector) -> io::Result<bool> {
    let name = detector.name;
    let dashed = name.replace('_', "-");
    let (carriers, clean) = (carriers(topics, detector), clean(topics, detector));
    writeln!(to, "  # {name}: {}", detector.title)?;
    for topic in &carriers {
        comment(to, topics, topic, detector)?;
    }
    let secret = SECRETS.contains(&name);
    let mask = match !secret && detector.keep_last_max >= KEPT {
        true => format!("{{keep_last: {KEPT}}}"),
        false => "full".to_owned(),
    };
    rule(
        to,
        &format!("{dashed}-masked-for-readers"),
        "fetch",
        &carriers,
        name,
        &format!("mask: {mask}"),
    )?;
    if COMMON.contains(&name) {
        return Ok(false);
    }
    let places = if secret {
        topics.keys().map(String::as_str).collect()
    } else {
        clean
    };
    if places.is_empty() {
        return Ok(false);
    }
    let why = match secret {
        true => "  # Whoever writes one is asked about it.\n",
        false => "  # Where there was none so far, people are asked before there is.\n",
    };
    write!(to, "{why}")?;
    let hold = "hold: {ask: data-owners, covers: records}";
    rule(
        to,
        &format!("{dashed}-reviewed-on-the-way-in"),
        "produce",
        &places,
        name,
        hold,
    )?;
    Ok(true)
}

fn rule(
    to: &mut impl Write,
    rule: &str,
    operation: &str,
    topics: &[&str],
    detector: &str,
    then: &str,
) -> io::Result<()> {
    let topics: Vec<String> = topics.iter().map(|topic| quoted(topic)).collect();
    writeln!(to, "  {rule}:")?;
    writeln!(
        to,
        "    when: {{operations: [{operation}], topics: [{}]}}",
        topics.join(", ")
    )?;
    writeln!(to, "    if: {{contains: {{any: [{detector}]}}}}")?;
    writeln!(to, "    then: {{{then}}}")
}

/// How much of it the topic had, and where.
fn comment(
    to: &mut impl Write,
    topics: &Topics,
    name: &str,
    detector: &Detector,
) -> io::Result<()> {
    let (Some(topic), Some(id)) = (topics.get(name), crate::scan::detector(detector.name)) else {
        return Ok(());
    };
    let records = topic.records_with(id);
    let rows = topic.rows.iter().filter(|((of, _), _)| *of == id);
    let mut places: Vec<String> = rows
        .flat_map(|(_, row)| row.places.keys().map(shown))
        .collect();
    places.sort_unstable();
    places.dedup();
    writeln!(
        to,
        "  #   {}: {} of {} records ({:.1}%), in {}",
        printable(name),
        grouped(records),
        grouped(topic.records),
        topic.share(records),
        printable(&places.join(", "))
    )
}

/// Topics that carry it. A name with a star, which Kafka does not allow, would be a pattern.
fn carriers<'t>(topics: &'t Topics, detector: &Detector) -> Vec<&'t str> {
    with(topics, detector, true)
}

/// Topics that were read and did not.
fn clean<'t>(topics: &'t Topics, detector: &Detector) -> Vec<&'t str> {
    with(topics, detector, false)
}

fn with<'t>(topics: &'t Topics, detector: &Detector, carried: bool) -> Vec<&'t str> {
    let id: Option<DetectorId> = crate::scan::detector(detector.name);
    let all = topics.iter().filter(|(name, _)| !name.contains('*'));
    all.filter(|(_, topic)| id.is_some_and(|id| (topic.records_with(id) > 0) == carried))
        .map(|(name, _)| name.as_str())
        .collect()
}

const HEAD: &str = "\
# Proposed by `lockgate scan` from a sample of this cluster. A sample shows what there is, not what there is
# not. Read it, change it, and try it: `lockgate check -c FILE`, then `lockgate run -c FILE`.
";
const LISTENER: &str = "    listeners:
      # `sasl: oidc` with an issuer in `identity` lets rules name people and groups; `relay` passes clients' own
      # logins to the brokers.
      default: {address: 127.0.0.1:19092, advertise: localhost, broker_ports: 19100-19199, sasl: none}
";
const MIDDLE: &str = "
# Every rule decides and is recorded, and everything passes. Change it to `enforce`, or give one rule `mode: enforce`,
# once `lockgate audit query --kind verdict` shows what you want to happen.
defaults: {mode: observe}

";
const APPROVALS: &str = "
# Who is asked. Nobody decides about their own records.
approvals:
  data-owners:
    stages:
      - {any_of: [data-owners], people: 1, within: 100s, else: reject}
";
const TAIL: &str = "
audit: {directory: lockgate-audit}
";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::choose::every;
    use super::super::topic::{Row, Topic};
    use super::*;
    use crate::chunk::Likelihood;
    use crate::scan::DETECTORS;
    use std::cmp::Reverse;

    const CLUSTER: &str = "    bootstrap: [\"127.0.0.1:9092\"]\n";

    fn proposed(topics: &Topics) -> (String, crate::config::Config) {
        let mut out = Vec::new();
        write(&mut out, CLUSTER, topics, &every(Likelihood::Likely)).unwrap();
        let text = String::from_utf8(out).unwrap();
        let read = crate::config::parse(&text, "f", &|_| None);
        let config = read.unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        (text, config)
    }

    fn carrying(detectors: impl Iterator<Item = u8>) -> Topic {
        let mut topic = Topic::new(1);
        topic.records = 10;
        for id in detectors {
            let row = Row {
                records: 5,
                places: [(("value", "a\n  b: [".to_owned()), 5)].into(),
                more_places: false,
            };
            let key = (DetectorId(id), Reverse(Likelihood::Certain));
            topic.rows.insert(key, row);
        }
        topic
    }

    #[test]
    fn whatever_was_found_wherever_it_is_a_configuration() {
        let mut topics = Topics::new();
        topics.insert("all".into(), carrying(0..DETECTORS.len() as u8));
        topics.insert("half".into(), carrying(0..DETECTORS.len() as u8 / 2));
        topics.insert("a\"\n  evil: [*".into(), carrying(0..3));
        topics.insert("none".into(), carrying(0..0));
        let (text, _) = proposed(&topics);
        for detector in DETECTORS {
            let mask = format!("{}-masked-for-readers:", detector.name.replace('_', "-"));
            assert!(text.contains(&mask), "{mask}");
            let hold = text.contains(&format!(
                "{}-reviewed-on-the-way-in:",
                detector.name.replace('_', "-")
            ));
            assert_eq!(hold, !COMMON.contains(&detector.name), "{}", detector.name);
        }
        assert!(!text.contains("\n  evil"));
    }

    #[test]
    fn of_nothing_nothing_follows() {
        let topics = Topics::from([("none".to_owned(), carrying(0..0))]);
        let (text, _) = proposed(&topics);
        assert!(!text.contains("rules:"));
    }

    #[test]
    fn secrets_and_common_things_are_detectors() {
        for name in SECRETS.iter().chain(&COMMON) {
            assert!(crate::scan::detector(name).is_some(), "{name}");
        }
    }
}
