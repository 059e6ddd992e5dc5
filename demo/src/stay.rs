//! `--stay`: everything is left up, with lines to try.
//!
//! Owns: the lines, with the real ports and files. Refuses: nothing. Stays true: the lines are those that
//! were run when this file was last changed, against kcat 1.7 and curl.

use crate::cast::{Cast, ORDERS, PAYMENTS};
use crate::decide::curl;
use crate::reviewer::Verdict;
use crate::stage::{Running, Stage};
use crate::tell::Teller;
use std::path::Path;

/// Shows what to try and waits for Ctrl-C.
pub async fn stay(
    tell: Teller,
    stage: &Stage,
    cast: &Cast,
    running: &mut Running,
) -> anyhow::Result<()> {
    let [producer, consumer, reviewer] = &cast.token_files;
    tell.step("Everything stays up until Ctrl-C. In another terminal:");
    tell.say("Produce a record with an SSN, and read the topic:");
    println!(
        "echo '{{\"ssn\":\"536-22-8147\"}}' | {} -P -t {ORDERS}",
        kcat(stage, producer)
    );
    println!("{} -C -e -q -t {ORDERS}", kcat(stage, consumer));
    tell.say("Produce a card, which waits; list what waits; decide (put the hold's id in place of HOLD):");
    println!(
        "echo '{{\"card\":\"4111 1111 1111 1111\"}}' | {} -P -t {PAYMENTS}",
        kcat(stage, producer)
    );
    println!(
        "curl -sS '{}/v1/holds?state=pending' -H \"Authorization: Bearer $(cat {})\"",
        stage.page,
        reviewer.display()
    );
    println!(
        "{}",
        curl(&stage.page, "HOLD", reviewer, Verdict::Approve, "seen")
    );
    println!(
        "{}",
        curl(&stage.page, "HOLD", reviewer, Verdict::Reject, "not here")
    );
    tell.say(&format!(
        "The same on the page, with the token in {}:",
        reviewer.display()
    ));
    println!("{}/", stage.page);
    tell.say("Metrics, and the audit (from the repository):");
    println!("curl -sS {}/metrics", stage.admin);
    println!(
        "cargo run -q -- audit verify --live {}",
        stage.audit().display()
    );
    println!("cargo run -q -- audit query {}", stage.audit().display());
    running.ended().await
}

/// kcat with the gateway's address and a token as password.
fn kcat(stage: &Stage, token_file: &Path) -> String {
    format!(
        "kcat -b {} -X security.protocol=SASL_PLAINTEXT -X sasl.mechanisms=PLAIN -X sasl.username=token \
         -X sasl.password=\"$(cat {})\"",
        stage.gateway,
        token_file.display()
    )
}
