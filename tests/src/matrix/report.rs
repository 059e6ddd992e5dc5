//! The page that a run writes: `docs/compatibility.md`.
//!
//! Stays true: it says what ran and nothing else; it names versions and no date, so that the same
//! outcome is the same page.

use super::cells::{self, Cell};
use super::clients::{CLIENTS, Client};
use super::records::Mode;
use super::run::Results;
use super::trial::Outcome;
use crate::jars::Version;
use crate::toolbox;
use anyhow::Result;
use std::fmt::Write;
use std::fs;

/// Where it lies in the repository.
const PAGE: &str = "docs/compatibility.md";

const HEAD: &str = "\
# Compatibility

Stock clients through Lockgate to real Apache Kafka. This page is written by the run that it tells
of: `cargo build --workspace && target/debug/campaign matrix`. A cell is ✓ because its assertions
ran and held in that run; – is a limit of the client or its library, named below the tables; ✗ is a
failure. The test command runs a slice of it.

Every client logs in by SASL/PLAIN with a token, over a gateway of its own. What landed is read from
the broker past the gateway, and what was read back is compared with what was put in: keys, values,
headers, order, null and empty. Two rules scan every record in both directions.

";

/// Notes below the tables, numbered as they come up.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn number(&mut self, note: String) -> usize {
        if let Some(at) = self.0.iter().position(|known| *known == note) {
            return at + 1;
        }
        self.0.push(note);
        self.0.len()
    }
}

/// Writes the page.
pub fn write(results: &[(Version, Results)]) -> Result<()> {
    Ok(fs::write(toolbox::repository().join(PAGE), page(results)?)?)
}

fn page(results: &[(Version, Results)]) -> Result<String> {
    let (mut page, mut notes) = (HEAD.to_owned(), Notes::default());
    for (version, results) in results {
        writeln!(page, "## Apache Kafka {}\n", version.broker())?;
        for (mode, heading) in [
            (Mode::Clean, "The scanner on, and nothing found"),
            (
                Mode::Hits,
                "A mask that hits every record, going in and coming out",
            ),
        ] {
            writeln!(page, "### {heading}\n")?;
            table(&mut page, *version, mode, results, &mut notes)?;
        }
    }
    writeln!(page, "## Notes\n")?;
    for (at, note) in notes.0.iter().enumerate() {
        writeln!(page, "{}. {note}", at + 1)?;
    }
    writeln!(
        page,
        "\n## What each column asserts\n\n| column | asserted |\n| --- | --- |"
    )?;
    for cell in cells::all() {
        writeln!(page, "| {} | {} |", cell.name(), cell.asserts())?;
    }
    Ok(page)
}

fn table(
    page: &mut String,
    version: Version,
    mode: Mode,
    results: &Results,
    notes: &mut Notes,
) -> Result<()> {
    let columns = cells::all();
    let names: Vec<String> = columns.iter().map(|cell| cell.name()).collect();
    writeln!(page, "| client | {} |", names.join(" | "))?;
    writeln!(page, "| --- |{}", " :-: |".repeat(columns.len()))?;
    for client in CLIENTS {
        let outcomes = results.get(&(client, mode));
        write!(page, "| {} |", client.title(version)?)?;
        for cell in &columns {
            let outcome = outcomes.and_then(|outcomes| outcomes.get(cell));
            write!(page, " {} |", shown(client, *cell, outcome, notes))?;
        }
        writeln!(page)?;
    }
    Ok(writeln!(page)?)
}

fn shown(client: Client, cell: Cell, outcome: Option<&Outcome>, notes: &mut Notes) -> String {
    match outcome {
        Some(Outcome::Green) => "✓".to_owned(),
        Some(Outcome::Cannot(why)) => format!("– ({})", notes.number((*why).to_owned())),
        Some(Outcome::Red(why)) => {
            let line = why.lines().next().unwrap_or_default();
            let note = format!("{}, {}: {line}", client.name(), cell.name());
            format!("✗ ({})", notes.number(note))
        }
        None => "not run".to_owned(),
    }
}
