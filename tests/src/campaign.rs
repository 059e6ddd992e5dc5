//! `campaign NAME`: the long runs, which the test command samples.

use anyhow::Result;
use clap::{Parser, ValueEnum};
use lockgate_tests::campaigns::{corpus, fuzz, kills, matrix, memory, soak};
use lockgate_tests::random::Random;
use std::time::Duration;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// kill −9 at random moments under load: nothing lost, nothing unapproved.
    Kills,
    /// Random and mutated frames.
    Fuzz,
    /// Not a trial: writes `fuzz/corpus` anew, from real clients and a real broker.
    Corpus,
    /// Steady load, memory that does not grow.
    Soak,
    /// Every stock client, every cell; writes docs/compatibility.md. Bounded by itself.
    Matrix,
    /// Memory after many connections and requests, counted and not timed.
    Memory,
}

#[derive(Debug, Parser)]
#[command(about = "A long run against real Kafka; needs `cargo build --workspace` first")]
struct Arguments {
    /// Which.
    name: Name,
    /// For how long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Connections that `memory` opens and closes.
    #[arg(long, default_value_t = 200_000)]
    connections: u64,
    /// Requests that `memory` makes.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
    /// To have the same choices again.
    #[arg(long)]
    seed: Option<u64>,
    /// What `matrix` is narrowed to.
    #[command(flatten)]
    narrowed: matrix::Narrowed,
}

fn main() -> Result<()> {
    let Arguments {
        name,
        minutes,
        connections,
        requests,
        seed,
        narrowed,
    } = Arguments::parse();
    let seed = seed.unwrap_or_else(Random::fresh_seed);
    println!("campaign {name:?}, {minutes} minutes, seed {seed}");
    let duration = Duration::from_secs_f64(minutes.max(0.0) * 60.0);
    match name {
        Name::Kills => kills::run(seed, duration),
        Name::Fuzz => fuzz::run(seed, duration),
        Name::Corpus => corpus::run(),
        Name::Soak => soak::run(seed, duration),
        Name::Matrix => matrix::run(&narrowed),
        Name::Memory => memory::run(connections, requests),
    }
}
