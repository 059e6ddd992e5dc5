//! The story: its order, its opening, and the steps that need no decision.
//!
//! Owns: steps 1 and 2 and the words around all of them. Refuses: a claim without a test before it.
//! Stays true: what a step says was sent and what arrived is what its clients saw.

use crate::cast::{self, Cast};
use crate::client::Outcome;
use crate::stage::Stage;
use crate::tell::Teller;
use crate::{Args, hold_steps, proof};
use anyhow::{bail, ensure};
use std::time::Instant;

/// Tells all of it.
pub async fn tell(args: &Args, tell: Teller, stage: &Stage, cast: &mut Cast) -> anyhow::Result<()> {
    let started = Instant::now();
    opening(args, tell, stage).await?;
    clean_record(tell, stage, cast).await?;
    masked_record(tell, cast).await?;
    let holds = hold_steps::both(args, tell, stage, cast).await?;
    proof::audit(tell, stage, &holds).await?;
    let seconds = started.elapsed().as_secs_f64();
    tell.step(&format!("6. That was all of it, in {seconds:.1} s"));
    tell.say("Every line with a ✓ was tested at that moment; had one failed, the story would have ended there.");
    Ok(())
}

async fn opening(args: &Args, tell: Teller, stage: &Stage) -> anyhow::Result<()> {
    tell.step("Lockgate: a gateway that puts a person in the loop of a Kafka stream");
    tell.say(
        "This process now runs an embedded broker (noida-db, in memory; not Apache Kafka), an OIDC \
         issuer for this demo only, and the real gateway between them and a small Kafka client.",
    );
    tell.wire("clients", &format!("{} (the gateway)", stage.gateway));
    tell.wire(
        "broker",
        &format!("{} (only the gateway should know it)", stage.broker),
    );
    tell.wire("issuer", &stage.issuer.url);
    tell.wire("page", &format!("{}/", stage.page));
    if args.show_config {
        tell.say("The gateway's configuration:");
        println!();
        stage.config.lines().for_each(|line| tell.copy(line));
        println!();
    } else {
        tell.say(
            "Two rules are in force: social security numbers are masked wherever they are produced, and \
             payment cards on the way to `payments*` wait for somebody of the group `security`. \
             (--show-config prints the whole configuration.)",
        );
    }
    stage.ready().await?;
    let page = stage.http.get(format!("{}/", stage.page)).send().await?;
    ensure!(
        page.status().is_success(),
        "the page answers {}",
        page.status()
    );
    tell.checked("the gateway says it is ready, and the reviewers' page answers");
    Ok(())
}

async fn clean_record(tell: Teller, stage: &Stage, cast: &mut Cast) -> anyhow::Result<()> {
    tell.step("1. A clean record passes");
    tell.say(&format!(
        "{} logs in with its token (SASL/PLAIN, token as password), asks for the leader of `{}`, and produces.",
        cast::PRODUCER,
        cast::ORDERS
    ));
    let Err(refused) = cast.impostor.find_leader(cast::ORDERS).await else {
        bail!("a token with an altered signature was accepted");
    };
    ensure!(
        refused.to_string().contains("error 58"),
        "the impostor met another error: {refused:#}"
    );
    tell.checked(&format!(
        "with one letter of the token's signature exchanged: {refused}"
    ));
    let leader = cast.producer.find_leader(cast::ORDERS).await?;
    ensure!(
        leader == stage.gateway_broker,
        "the client was told that {leader} leads"
    );
    let offset = written(
        cast.producer
            .produce(cast::ORDERS, &[cast::CLEAN], |_| ())
            .await?,
    )?;
    tell.wire("sent", cast::CLEAN.1);
    let got = cast.consumer.fetch(cast::ORDERS, 0).await?;
    show(tell, &got);
    ensure!(
        got == [(offset, cast::CLEAN.1.to_owned())],
        "the consumer got something else"
    );
    tell.checked("it arrived as it was sent, once");
    tell.checked(&format!(
        "the leader the client was told of is {leader}: a port of the gateway, not the broker's"
    ));
    Ok(())
}

async fn masked_record(tell: Teller, cast: &mut Cast) -> anyhow::Result<()> {
    tell.step("2. A social security number arrives masked");
    tell.say(
        "Rule `no-ssn-at-rest`. The gateway edits the record in place, to the same length, and writes the \
         batch's CRC anew.",
    );
    let offset = written(
        cast.producer
            .produce(cast::ORDERS, &[cast::WITH_SSN], |_| ())
            .await?,
    )?;
    tell.wire("sent", cast::WITH_SSN.1);
    let got = cast.consumer.fetch(cast::ORDERS, offset).await?;
    show(tell, &got);
    let masked = cast::WITH_SSN.1.replace(cast::SSN, cast::SSN_MASKED);
    ensure!(got == [(offset, masked)], "the consumer got something else");
    tell.checked("only the last four digits arrived, and the consumer's check of the CRC passed");
    let log = cast.insider.fetch(cast::ORDERS, 0).await?;
    ensure!(log.len() == 2, "the broker has {} records", log.len());
    ensure!(
        log.iter().all(|(_, value)| !value.contains(cast::SSN)),
        "the broker has the number"
    );
    tell.checked(
        "asked directly, past the gateway: the broker's log does not hold the number either",
    );
    Ok(())
}

/// The offset of a batch that must have been acknowledged.
pub fn written(outcome: Outcome) -> anyhow::Result<i64> {
    match outcome {
        Outcome::Written(offset) => Ok(offset),
        Outcome::Refused(code, text) => bail!("the batch was refused with error {code}: {text}"),
    }
}

/// Shows what a consumer got.
pub fn show(tell: Teller, got: &[(i64, String)]) {
    got.iter()
        .for_each(|(offset, value)| tell.wire("arrived", &format!("{value} (offset {offset})")));
}

/// The end, when nothing stays up.
pub fn what_next(tell: Teller) {
    tell.step("What to try next");
    tell.copy(
        "cargo run -p lockgate-demo -- --stay          # leaves it all up, for kcat and curl",
    );
    tell.copy("cargo run -p lockgate-demo -- --show-config   # the configuration behind the story");
    tell.copy("cargo run -- check -c config/lockgate.example.yaml");
}
