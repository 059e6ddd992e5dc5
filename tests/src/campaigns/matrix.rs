//! The whole compatibility matrix, and the page it writes.

use crate::broker::Broker;
use crate::matrix::cells;
use crate::matrix::clients::CLIENTS;
use crate::matrix::records::Mode;
use crate::matrix::report;
use crate::matrix::run::{self, Plan};
use crate::matrix::trial::Outcome;
use anyhow::{Result, ensure};

/// Runs it for every version of Kafka; `clients` and `direct` are for looking into a red cell.
pub fn run(clients: &[String], direct: bool) -> Result<()> {
    let mut plan = Plan {
        clients: CLIENTS.to_vec(),
        cells: cells::all(),
        modes: vec![Mode::Clean, Mode::Hits],
        direct,
    };
    if !clients.is_empty() {
        plan.clients.retain(|client| clients.iter().any(|name| name == client.name()));
    }
    let results = run::run(&plan, &Broker::fresh()?);
    let red = results
        .values()
        .flat_map(|outcomes| outcomes.values())
        .filter(|outcome| matches!(outcome, Outcome::Red(_)));
    let red = red.count();
    if clients.is_empty() && !direct {
        report::write(&results)?;
    }
    ensure!(red == 0, "{red} cells are red");
    Ok(())
}
