//! A run of the matrix: every client, both modes, one version of Kafka at a time.

use super::capture::Capture;
use super::cells::Cell;
use super::clients::Client;
use super::records::{Mode, RULES};
use super::trial::{Outcome, Outcomes, Trial};
use crate::audit;
use crate::broker::Broker;
use crate::gateway::Gateway;
use crate::jars::Version;
use crate::oidc::Oidc;
use crate::scene::PRODUCER;
use crate::settings::Settings;
use crate::tap::TAPPED;
use crate::target::Target;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// Clients that run side by side: more than cores, since most of their time is waiting.
const SIDE_BY_SIDE: usize = 4;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of Kafka, whose console tools are run too.
    pub version: Version,
    /// Rows.
    pub clients: Vec<Client>,
    /// Columns.
    pub cells: Vec<Cell>,
    /// Whether rules hit.
    pub modes: Vec<Mode>,
    /// Past the gateway: shows what is a limit of the client or of Kafka.
    pub direct: bool,
}

/// The outcomes of a run, by row and mode.
pub type Results = BTreeMap<(Client, Mode), Outcomes>;

/// The red cells of a run.
pub fn red(results: &Results) -> Vec<(Client, Mode, Cell)> {
    let all = results
        .iter()
        .flat_map(|((client, mode), outcomes)| outcomes.iter().map(move |o| (*client, *mode, o)));
    let red = all.filter(|(_, _, (_, outcome))| matches!(outcome, Outcome::Red(_)));
    red.map(|(client, mode, (cell, _))| (client, mode, *cell))
        .collect()
}

/// Runs the plan against this broker.
pub fn run(plan: &Plan, broker: &Broker) -> Results {
    let queue = Mutex::new(plan.clients.iter().rev().copied().collect::<Vec<_>>());
    let results = Mutex::new(Results::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(plan.clients.len()) {
            scope.spawn(|| {
                while let Some(client) = queue.lock().ok().and_then(|mut queue| queue.pop()) {
                    let since = Instant::now();
                    let outcomes = one(plan, client, broker);
                    tell(client, &outcomes, since);
                    if let Ok(mut results) = results.lock() {
                        results.extend(outcomes);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

/// One client through all modes; what keeps it from starting makes every cell red.
fn one(plan: &Plan, client: Client, broker: &Broker) -> Results {
    let told = match plan.direct {
        true => directly(plan, client, broker),
        false => through_a_gateway(plan, client, broker),
    };
    told.unwrap_or_else(|error| {
        let red = Outcome::Red(format!("{error:#}"));
        let outcomes: Outcomes = plan.cells.iter().map(|cell| (*cell, red.clone())).collect();
        plan.modes
            .iter()
            .map(|mode| ((client, *mode), outcomes.clone()))
            .collect()
    })
}

fn directly(plan: &Plan, client: Client, broker: &Broker) -> Result<Results> {
    let target = Target::open(&broker.plain());
    let cells: Vec<Cell> = plan
        .cells
        .iter()
        .copied()
        .filter(|c| !c.needs_a_gateway())
        .collect();
    trials(plan, &cells, client, broker, &target, None)
}

/// A gateway of the client's own, so that its log and what was captured are the client's.
fn through_a_gateway(plan: &Plan, client: Client, broker: &Broker) -> Result<Results> {
    let oidc = Oidc::shared()?;
    let settings = Settings::before(&broker.plain(), &oidc.issuer)
        .advertise(TAPPED)
        .rules(RULES);
    let gateway = Gateway::start(&settings)?;
    let capture = Capture::before(&gateway)?;
    let target = Target::plain(&capture.bootstrap, &oidc.token(PRODUCER, &["producers"])?);
    let results = trials(plan, &plan.cells, client, broker, &target, Some(&capture))?;
    ensure!(
        !gateway.logged().contains("panicked"),
        "the gateway panicked"
    );
    let status = gateway.stop()?;
    ensure!(status.success(), "the gateway ended with {status}");
    audit::must_verify(&gateway.audit_dir())?;
    Ok(results)
}

fn trials(
    plan: &Plan,
    cells: &[Cell],
    client: Client,
    broker: &Broker,
    target: &Target,
    capture: Option<&Capture>,
) -> Result<Results> {
    let mut subject = client.start(target, broker, plan.version)?;
    let mut results = Results::new();
    for mode in &plan.modes {
        let trial = Trial {
            broker,
            mode: *mode,
            ruled: !plan.direct,
            always_transactional: client.is_always_transactional(),
            capture,
            cannot: &|cell| client.cannot(cell),
            cells,
        };
        results.insert((client, *mode), trial.run(subject.as_mut()));
    }
    Ok(results)
}

/// Tells what is red, as soon as it is known.
fn tell(client: Client, results: &Results, since: Instant) {
    let all = || {
        results
            .iter()
            .flat_map(|((_, mode), outcomes)| outcomes.iter().map(move |o| (mode, o)))
    };
    let green = all()
        .filter(|(_, (_, outcome))| **outcome == Outcome::Green)
        .count();
    println!(
        "{}: {green} green, {} s",
        client.name(),
        since.elapsed().as_secs()
    );
    for (mode, (cell, outcome)) in all() {
        if let Outcome::Red(why) = outcome {
            let short: String = why.chars().take(400).collect();
            println!(
                "  {} {} {}: {short}",
                client.name(),
                mode.stem(),
                cell.name()
            );
        }
    }
}
