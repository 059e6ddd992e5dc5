//! The detectors, listed.
//!
//! Owns: their order and form on paper. Refuses: to run them. Stays true: what is listed is what a scan
//! with the same `--detectors` looks for.

use super::choose::Choice;
use serde::Serialize;
use std::io::{self, Write};

/// `{"detector", "title", "rule", "source"}`.
#[derive(Serialize)]
struct Line<'a> {
    detector: &'a str,
    title: &'a str,
    rule: &'a str,
    source: &'a str,
}

/// One detector after the other: a paragraph each, or a line of JSON.
pub fn write(to: &mut impl Write, choice: &Choice, json: bool) -> io::Result<()> {
    for row in choice.rows() {
        if json {
            let line = Line {
                detector: row.name,
                title: row.title,
                rule: row.rule,
                source: row.source,
            };
            serde_json::to_writer(&mut *to, &line)?;
            writeln!(to)?;
        } else {
            writeln!(to, "{}: {}", row.name, row.title)?;
            writeln!(to, "    rule    {}", row.rule)?;
            writeln!(to, "    source  {}", row.source)?;
        }
    }
    Ok(())
}
