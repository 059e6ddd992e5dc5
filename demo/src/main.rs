//! `cargo run -p lockgate-demo`: what Lockgate does, told by doing it.
//!
//! ```text
//! stage    embedded broker · issuer · the gateway, all on loopback
//! cast     a producer, a consumer, a reviewer
//! story    six steps; each says what was sent, what arrived and what was tested
//! ```
//!
//! Owns: the arguments and the exit code: 0 when every step was tested and held, 1 otherwise (also
//! after Ctrl-C before the end).
//! Refuses: to claim what it has not tested. The embedded broker is noida-db, not Apache Kafka.

mod cast;
mod client;
mod connection;
mod decide;
mod hold_steps;
mod issuer;
mod proof;
mod reviewer;
mod stage;
mod stay;
mod story;
mod tell;

use clap::Parser;
use stage::{Running, Stage};
use std::process::ExitCode;
use tell::Teller;

/// A story of six steps: a gateway between a client and an embedded broker.
#[derive(Debug, Parser)]
#[command(name = "lockgate-demo", version, about, max_term_width = 100)]
pub struct Args {
    /// Decide by itself instead of waiting for you. Exit code 0 only if every step held.
    #[arg(long)]
    auto: bool,
    /// Leave everything up after the story, until Ctrl-C.
    #[arg(long)]
    stay: bool,
    /// Print the gateway's configuration before the story.
    #[arg(long)]
    show_config: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (args, tell) = (Args::parse(), Teller::new());
    let (stage, mut running) = match Stage::set().await {
        Ok(up) => up,
        Err(error) => {
            tell.failed(&format!("{error:#}"));
            return ExitCode::FAILURE;
        }
    };
    match perform(&args, tell, &stage, &mut running).await {
        Ok(End::Told) => ExitCode::SUCCESS,
        Ok(End::Interrupted) => {
            eprintln!("\nStopped before the end of the story.");
            ExitCode::FAILURE
        }
        Err(error) => {
            tell.failed(&format!("{error:#}"));
            eprintln!(
                "The gateway's log and everything else is kept in {}",
                stage.directory.keep().display()
            );
            ExitCode::FAILURE
        }
    }
}

/// How the demo ends when nothing went wrong.
enum End {
    /// All of it was told, and held.
    Told,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// The story, unless the gateway ends before it does.
async fn perform(
    args: &Args,
    tell: Teller,
    stage: &Stage,
    running: &mut Running,
) -> anyhow::Result<End> {
    let mut cast = cast::Cast::enter(stage)?;
    tokio::select! {
        told = story::tell(args, tell, stage, &mut cast) => told?,
        ended = running.ended() => {
            ended?;
            return Ok(End::Interrupted);
        }
    }
    cast.leave();
    if args.stay {
        stay::stay(tell, stage, &cast, running).await?;
    } else {
        running.stop().await?;
    }
    proof::closed_in_good_order(tell, stage)?;
    if !args.stay {
        story::what_next(tell);
    }
    Ok(End::Told)
}
