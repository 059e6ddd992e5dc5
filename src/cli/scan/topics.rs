//! What the sample of a cluster came to, on paper.
//!
//! Owns: the table of topics, the line under it, and the JSON of a topic. Refuses: raw values; it has none.
//! Stays true: a topic that could not be read whole says so.

use super::choose::{Choice, likelihood_name};
use super::table::{counted, grouped, printable, size};
use super::topic::{Topic, shown};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// Topics by name.
pub type Topics = BTreeMap<String, Topic>;

/// The table: topics in which something was found, then those in which nothing was, then what all came to.
pub fn table(
    to: &mut impl Write,
    topics: &Topics,
    choice: &Choice,
    took: Duration,
) -> io::Result<()> {
    let rows: Vec<[String; 6]> = topics
        .iter()
        .flat_map(|(name, topic)| rows(name, topic, choice))
        .collect();
    if !rows.is_empty() {
        let head = [
            "topic",
            "detector",
            "likelihood",
            "records",
            "share",
            "where",
        ];
        let head = head.map(str::to_owned);
        let wide = |column: usize| {
            let cells = rows.iter().chain([&head]).map(|row| row[column].len());
            cells.max().unwrap_or(0)
        };
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(wide);
        let mut line = |row: &[String; 6]| {
            let [topic, detector, likelihood, records, share, places] = row;
            writeln!(
                to,
                "{topic:a$}  {detector:b$}  {likelihood:c$}  {records:>d$}  {share:>e$}  {places}"
            )
        };
        line(&head)?;
        rows.iter().try_for_each(line)?;
    }
    let clean = topics.iter().filter(|(_, t)| t.rows.is_empty());
    for (name, topic) in clean {
        let records = counted(topic.records, "record", "records");
        writeln!(to, "{}: nothing found in {records}", printable(name))?;
    }
    total(to, topics, took)
}

fn rows<'t>(
    name: &'t str,
    topic: &'t Topic,
    choice: &'t Choice,
) -> impl Iterator<Item = [String; 6]> + 't {
    topic.rows.iter().map(move |((detector, likelihood), row)| {
        let mut places: Vec<_> = row.places.keys().map(shown).collect();
        if row.more_places {
            places.push("…".to_owned());
        }
        [
            printable(name),
            choice.name(*detector).to_owned(),
            likelihood_name(likelihood.0).to_owned(),
            format!("{} of {}", grouped(row.records), grouped(topic.records)),
            format!("{:.1}%", topic.share(row.records)),
            places.join(", "),
        ]
    })
}

fn total(to: &mut impl Write, topics: &Topics, took: Duration) -> io::Result<()> {
    let sum = |of: fn(&Topic) -> u64| topics.values().map(of).sum::<u64>();
    let hit = sum(|t| u64::from(!t.rows.is_empty()));
    let partitions = counted(sum(|t| t.partitions as u64), "partition", "partitions");
    let records = counted(sum(|t| t.records), "record", "records");
    let all = counted(topics.len() as u64, "topic", "topics");
    let (bytes, seconds) = (size(sum(|t| t.bytes)), took.as_secs_f64());
    write!(
        to,
        "something found in {} of {all}; {records} of {partitions}, {bytes}, in {seconds:.1} s",
        grouped(hit)
    )?;
    match sum(|t| u64::from(t.whole < t.partitions || !t.faults.is_empty())) {
        0 => writeln!(to),
        n => writeln!(to, "; NOT WHOLE: {}", counted(n, "topic", "topics")),
    }
}

/// One topic as a line of JSON; programs read its fields by their names, which stay.
pub fn line(to: &mut impl Write, name: &str, topic: &Topic, choice: &Choice) -> io::Result<()> {
    let found = topic.rows.iter().map(|((detector, likelihood), row)| {
        let place = |((part, path), records): (&(&str, String), &u64)| json!({"where": part, "path": path, "records": records});
        json!({
            "detector": choice.name(*detector),
            "likelihood": likelihood_name(likelihood.0),
            "records": row.records,
            "share": row.records as f64 / topic.records.max(1) as f64,
            "places": row.places.iter().map(place).collect::<Vec<_>>(),
            "more_places": row.more_places,
        })
    });
    let told = json!({
        "topic": name,
        "partitions": topic.partitions,
        "whole": topic.whole,
        "records": topic.records,
        "bytes": topic.bytes,
        "found": found.collect::<Vec<_>>(),
        "faults": topic.faults,
        "more_faults": topic.more_faults,
    });
    writeln!(to, "{told}")
}
