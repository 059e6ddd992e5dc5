//! `--stay`: everything is left up, with lines to try.
//!
//! Owns: the lines, with the real ports and files. Refuses: nothing. Stays true: the lines are those that
//! were run when this file was last changed, against kcat 1.7 and curl.

use crate::cast::{Cast, ORDERS, PAYMENTS};
use crate::decide::curl;
use crate::reviewer::Verdict;
use crate::stage::{Running, Stage};
use crate::story::sum_up;
use crate::tell::Teller;
use std::path::Path;
use std::time::Duration;

/// Shows what to try and waits for Ctrl-C.
pub async fn stay(
    tell: Teller,
    stage: &Stage,
    cast: &Cast,
    took: Duration,
    running: &mut Running,
) -> anyhow::Result<()> {
    let [producer, consumer, reviewer] = &cast.token_files;
    tell.step("6. Everything stays up until Ctrl-C: what to try in another terminal");
    sum_up(tell, took);
    let (produce, consume) = (kcat(stage, producer), kcat(stage, consumer));
    let (page, token, audit) = (&stage.page, reviewer.display(), stage.audit());
    tell.say("Produce a record with an SSN, and read the topic:");
    tell.paste(&format!(
        "echo '{{\"ssn\":\"536-22-8147\"}}' | {produce} -P -t {ORDERS}"
    ));
    tell.paste(&format!("{consume} -C -e -q -t {ORDERS}"));
    tell.say(
        "Produce a card: kcat waits, and tries again, until somebody decides (two minutes, then it is \
         rejected). Meanwhile list what waits, and decide, with the hold's id in place of HOLD:",
    );
    tell.paste(&format!(
        "echo '{{\"card\":\"4111 1111 1111 1111\"}}' | {produce} -P -t {PAYMENTS}"
    ));
    tell.paste(&format!(
        "curl -sS '{page}/v1/holds?state=pending' -H \"Authorization: Bearer $(cat {token})\""
    ));
    tell.paste(&curl(page, "HOLD", reviewer, Verdict::Approve, "seen"));
    tell.paste(&curl(page, "HOLD", reviewer, Verdict::Reject, "not here"));
    tell.say(&format!("The same on the page, with the token in {token}:"));
    tell.paste(&format!("{page}/"));
    tell.say("Metrics, and the audit (from the repository):");
    tell.paste(&format!("curl -sS {}/metrics", stage.admin));
    tell.paste(&format!(
        "cargo run -q -- audit verify --live {}",
        audit.display()
    ));
    tell.paste(&format!("cargo run -q -- audit query {}", audit.display()));
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
