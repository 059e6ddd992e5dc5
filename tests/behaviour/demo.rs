//! The demo tells its story to the end by itself.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::gateway::binary;
use lockgate_tests::process;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn auto_runs_to_its_end() -> Outcome {
    let mut demo = Command::new(binary("lockgate-demo")?);
    demo.arg("--auto");
    let told = process::run(demo, b"", LIMIT)?;
    ensure!(
        told.success,
        "it ended with {:?}:\n{}\n{}",
        told.code,
        told.out,
        told.err
    );
    let story = told.out.to_lowercase();
    for turn in ["mask", "held", "approve", "reject", "audit", "byte"] {
        ensure!(
            story.contains(turn),
            "nothing is told of `{turn}`:\n{}",
            told.out
        );
    }
    Ok(())
}
