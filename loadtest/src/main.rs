//! Loads a gateway over loopback and prints what it costs, next to the same load without it.
//!
//! ```text
//! load  ─► children  sink broker and gateway, each a process of its own
//!       ─► measure   one window: direct, gateway, direct, gateway …
//!            drive   one connection: closed loop, or open loop on a schedule
//!       ─► report    table or JSON
//! idle               resident memory that idle connections add
//! broker             the sink broker alone
//! ```
//!
//! Owns: the command line. Refuses: any target that is not on loopback. Stays true: exit 0 when every
//! request was sent and answered, 1 when one was not or nothing could be run, 2 for bad arguments.

mod broker;
mod children;
mod client;
mod drive;
mod frames;
mod idle;
mod load;
mod measure;
mod payload;
mod process;
mod report;
mod stream;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Loads a gateway over loopback and prints what it costs, next to the same load without it.
#[derive(Debug, Parser)]
#[command(name = "lockgate-loadtest", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Throughput, latency and CPU, without and with the gateway in turns.
    Load(Box<load::LoadArgs>),
    /// Resident memory that idle connections add to the gateway.
    Idle(idle::IdleArgs),
    /// The sink broker alone: takes every record, serves the same ones for ever.
    Broker(broker::BrokerArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Load(args) => load::load(&args),
        Verb::Idle(args) => idle::idle(&args),
        Verb::Broker(args) => broker::run(&args).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("lockgate-loadtest: {fault:#}");
            ExitCode::FAILURE
        }
    }
}
