//! The `lockgate` command.

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match lockgate::cli::run(lockgate::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lockgate: {error:#}");
            ExitCode::from(2)
        }
    }
}
