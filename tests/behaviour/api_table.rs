//! Nothing that Kafka offers to clients goes unjudged: a new release is a failing test here, and
//! not a leak.
//!
//! `docs/limits.md` says what passes and what is refused; the gateway's own tests hold it to the
//! table in its source, and this holds it to a real broker.

#![allow(clippy::unwrap_used)]

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::ApiVersionsRequest;
use lockgate_tests::jars::Version;
use lockgate_tests::scene::Scene;
use lockgate_tests::wire::Wire;
use lockgate_tests::{messages, toolbox};
use std::collections::BTreeSet;

/// Every (key, version) that the other side offers.
fn offered(wire: &mut Wire) -> anyhow::Result<BTreeSet<(i16, i16)>> {
    let told = wire.call(&ApiVersionsRequest::default(), 0)?;
    ensure!(told.error_code == 0, "ApiVersions says {}", told.error_code);
    let ranges = told.api_keys.iter();
    let versions = ranges.flat_map(|api| {
        (api.min_version..=api.max_version).map(move |version| (api.api_key, version))
    });
    Ok(versions.collect())
}

/// One line of a table in the documentation.
struct Line {
    key: i16,
    versions: (i16, i16),
    word: String,
}

/// The lines of both tables of `docs/limits.md`: what passes, and what is refused.
fn documented() -> anyhow::Result<Vec<Line>> {
    let text = std::fs::read_to_string(toolbox::repository().join("docs/limits.md"))?;
    let mut lines = Vec::new();
    for line in text.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, key, _, versions, word, _] = cells[..] else {
            continue;
        };
        let Ok(key) = key.parse() else { continue };
        let (first, last) = versions.split_once(" to ").unwrap_or((versions, versions));
        lines.push(Line {
            key,
            versions: (first.parse()?, last.parse()?),
            word: word.to_owned(),
        });
    }
    ensure!(lines.len() > 60, "only {} lines are read", lines.len());
    Ok(lines)
}

/// Whether the last cell of a line says that clients may use it.
fn passes(word: &str) -> bool {
    ["passed", "records", "answered"]
        .iter()
        .any(|begin| word.starts_with(begin))
}

#[test]
fn what_kafka_offers_is_passed_or_refused_on_purpose() -> Outcome {
    let scene = Scene::start()?;
    let ours = offered(&mut scene.wire()?)?;
    let theirs = offered(&mut Wire::connect(&scene.broker.plain())?)?;
    let documented = documented()?;
    let said = |(key, version): &(i16, i16)| {
        documented
            .iter()
            .find(|line| line.key == *key && (line.versions.0..=line.versions.1).contains(version))
    };
    for api in &theirs {
        let (key, version) = api;
        let line = said(api);
        let passed = ours.contains(api);
        let refused = line.is_some_and(|line| !passes(&line.word));
        ensure!(
            passed || refused,
            "Kafka offers API {key} v{version}, which nobody here judged"
        );
        ensure!(
            line.is_some() || (*key, *version) < (0, 3),
            "API {key} v{version} passes, and docs/limits.md does not say so"
        );
    }
    ensure!(
        theirs.len() > 150,
        "the broker offers only {}",
        theirs.len()
    );
    scene.end()
}

#[test]
fn the_layouts_are_those_of_kafkas_own_definitions() -> Outcome {
    let folder = toolbox::repository().join(messages::TABLE);
    for (name, text) in messages::table()? {
        let here = std::fs::read_to_string(folder.join(&name)).context(name.clone())?;
        let differs = here.lines().zip(text.lines()).find(|(a, b)| a != b);
        ensure!(
            here == text,
            "{}/{name} is not what Kafka {} defines, first at {differs:?}; `messages` writes it",
            messages::TABLE,
            Version::Newest.broker()
        );
    }
    Ok(())
}
