//! The whole compatibility matrix, and the page it writes.

use crate::broker::Broker;
use crate::jars::Version;
use crate::matrix::cells;
use crate::matrix::clients::CLIENTS;
use crate::matrix::records::Mode;
use crate::matrix::report;
use crate::matrix::run::{self, Plan, Results};
use crate::matrix::trial::Outcome;
use anyhow::{Result, ensure};

/// What the command line narrows the matrix to; narrowed, it writes nothing.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Narrowed {
    /// Clients of the matrix, by name; none is all.
    #[arg(long, value_delimiter = ',')]
    clients: Vec<String>,
    /// Cells of the matrix, by name; none is all.
    #[arg(long, value_delimiter = ',')]
    cells: Vec<String>,
    /// Versions of Kafka for the matrix, or how they begin; none is all.
    #[arg(long, value_delimiter = ',')]
    kafka: Vec<String>,
    /// The matrix past the gateway, as a control.
    #[arg(long)]
    direct: bool,
}

/// Runs it against every version of Kafka.
pub fn run(narrowed: &Narrowed) -> Result<()> {
    let all = |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    let plan = |version| Plan {
        version,
        clients: CLIENTS
            .into_iter()
            .filter(|c| all(&narrowed.clients, c.name()))
            .collect(),
        cells: cells::all()
            .into_iter()
            .filter(|c| all(&narrowed.cells, &c.name()))
            .collect(),
        modes: vec![Mode::Clean, Mode::Hits],
        direct: narrowed.direct,
    };
    let mut results = Vec::new();
    for version in [Version::Newest, Version::V3_9] {
        let named = |wanted: &String| version.broker().starts_with(wanted.as_str());
        if narrowed.kafka.is_empty() || narrowed.kafka.iter().any(named) {
            println!("Kafka {}", version.broker());
            results.push((version, judged(&plan(version))?));
        }
    }
    let partly = [&narrowed.clients, &narrowed.cells, &narrowed.kafka];
    if partly.iter().all(|some| some.is_empty()) && !narrowed.direct {
        report::write(&results)?;
    }
    let red: usize = results
        .iter()
        .map(|(_, results)| run::red(results).len())
        .sum();
    ensure!(red == 0, "{red} cells are red");
    Ok(())
}

/// Runs a plan; what is red is run once more without the gateway, to say whose fault it is.
fn judged(plan: &Plan) -> Result<Results> {
    let broker = Broker::fresh_of(plan.version)?;
    let mut results = run::run(plan, &broker);
    let red = run::red(&results);
    if plan.direct || red.is_empty() {
        return Ok(results);
    }
    let control = Plan {
        clients: plan
            .clients
            .iter()
            .copied()
            .filter(|c| red.iter().any(|(r, ..)| r == c))
            .collect(),
        cells: plan
            .cells
            .iter()
            .copied()
            .filter(|c| red.iter().any(|(_, _, r)| r == c))
            .collect(),
        direct: true,
        ..plan.clone()
    };
    println!("once more what is red, without the gateway");
    let control = run::run(&control, &broker);
    for (client, mode, cell) in red {
        let directly = control
            .get(&(client, mode))
            .and_then(|outcomes| outcomes.get(&cell));
        let cell = results
            .get_mut(&(client, mode))
            .and_then(|outcomes| outcomes.get_mut(&cell));
        if let (Some(Outcome::Red(_)), Some(Outcome::Red(why))) = (directly, cell) {
            why.insert_str(0, "without the gateway too: ");
        }
    }
    Ok(results)
}
