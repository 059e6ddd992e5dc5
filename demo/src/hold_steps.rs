//! Steps 3 and 4: two batches of payment cards, one approved, one rejected.
//!
//! Owns: what must be true of a held batch while it waits, when it is approved, and when it is
//! rejected. Refuses: nothing that the newcomer decides: if the first batch is rejected, the second
//! one is approved instead. Stays true: exactly one of the two lands, exactly once.

use crate::Args;
use crate::cast::{self, Cast, FIRST_BATCH, PAYMENTS, SECOND_BATCH};
use crate::client::{Outcome, Retry};
use crate::decide::{Decider, Decision, Scene};
use crate::reviewer::Verdict;
use crate::stage::Stage;
use crate::story::{show, written};
use crate::tell::Teller;
use anyhow::{bail, ensure};
use std::cell::Cell;

/// POLICY_VIOLATION, which no stock client retries.
const POLICY_VIOLATION: i16 = 44;

/// Both holds, in the order of the steps.
pub async fn both(
    args: &Args,
    tell: Teller,
    stage: &Stage,
    cast: &mut Cast,
) -> anyhow::Result<[Decision; 2]> {
    tell.step("3. A batch of payment cards is held");
    tell.say(&format!(
        "Rule `cards-need-review`: {} sends three of them, and they wait for somebody of the group `{}`.",
        cast::PRODUCER,
        cast::REVIEWERS
    ));
    let decider = Decider::Newcomer { at_once: args.auto };
    let first = one(decider, tell, stage, cast, &FIRST_BATCH).await?;

    let other = match first.verdict {
        Verdict::Approve => Verdict::Reject,
        Verdict::Reject => Verdict::Approve,
    };
    match other {
        Verdict::Reject => tell.step("4. A second batch is rejected"),
        Verdict::Approve => tell.step("4. A second batch is approved"),
    }
    tell.say(&format!(
        "This time {} decides, so that you see the other ending.",
        cast::AUTOPILOT
    ));
    let second = one(Decider::Autopilot(other), tell, stage, cast, &SECOND_BATCH).await?;
    Ok([first, second])
}

/// Sends a batch, has it decided, and tests what became of it.
async fn one(
    decider: Decider,
    tell: Teller,
    stage: &Stage,
    cast: &mut Cast,
    batch: &[(&str, &str)],
) -> anyhow::Result<Decision> {
    cast.insider.find_leader(PAYMENTS).await?;
    let before = cast.insider.fetch(PAYMENTS, 0).await?.len();
    batch.iter().for_each(|(_, value)| tell.wire("sent", value));
    let retries = Cell::new(0);
    let on_retry = |retry: &Retry| {
        retries.set(retries.get() + 1);
        if retries.get() == 1 {
            tell_of_retry(tell, retry);
        }
    };
    let Cast {
        producer,
        insider,
        newcomer,
        autopilot,
        producer_as_reviewer,
        newcomer_token,
        token_files,
        ..
    } = &mut *cast;
    let scene = Scene {
        tell,
        stage,
        newcomer,
        autopilot,
        producer: producer_as_reviewer,
        token: newcomer_token,
        token_file: &token_files[2],
        retries: &retries,
    };
    let meanwhile = async {
        let hold = scene.opened(batch).await?;
        let landed = insider.fetch(PAYMENTS, 0).await?.len();
        ensure!(
            landed == before,
            "the broker has {landed} records while the batch is held"
        );
        tell.checked("the broker has nothing of it");
        scene.decided(&hold, decider).await
    };
    let (outcome, decision) =
        tokio::try_join!(producer.produce(PAYMENTS, batch, on_retry), meanwhile)?;
    if retries.get() > 0 {
        tell.say(&format!(
            "The client sent the batch {} times in all.",
            retries.get() + 1
        ));
    }
    match decision.verdict {
        Verdict::Approve => approved(tell, cast, batch, outcome).await?,
        Verdict::Reject => rejected(tell, cast, before, &decision, outcome).await?,
    }
    Ok(decision)
}

fn tell_of_retry(tell: Teller, retry: &Retry) {
    tell.wire(
        "answered",
        &format!(
            "after {:.1} s: error 6, \"{}\"",
            retry.after.as_secs_f64(),
            retry.text
        ),
    );
    tell.say(
        "The gateway withholds a reply for as long as the rule says (2 s here, never above 15 s), then \
         tells the client that nothing was written and to try again (NOT_LEADER_OR_FOLLOWER, which \
         stock clients retry). So does this one, unchanged and with a growing pause, until somebody decides.",
    );
}

async fn approved(
    tell: Teller,
    cast: &mut Cast,
    batch: &[(&str, &str)],
    outcome: Outcome,
) -> anyhow::Result<()> {
    let offset = written(outcome)?;
    let got = cast.consumer.fetch(PAYMENTS, 0).await?;
    show(tell, &got);
    tell.checked(&format!(
        "the producer got its acknowledgement: offset {offset}"
    ));
    let expected: Vec<_> = (offset..)
        .zip(batch)
        .map(|(at, (_, value))| (at, (*value).to_owned()))
        .collect();
    ensure!(
        got == expected,
        "the consumer got {} records, or others",
        got.len()
    );
    ensure!(
        cast.insider.fetch(PAYMENTS, 0).await? == got,
        "the broker's log differs"
    );
    tell.checked(&format!(
        "however often it was sent, each of the {} records was written and consumed once",
        got.len()
    ));
    Ok(())
}

async fn rejected(
    tell: Teller,
    cast: &mut Cast,
    before: usize,
    decision: &Decision,
    outcome: Outcome,
) -> anyhow::Result<()> {
    let Outcome::Refused(code, text) = outcome else {
        bail!("a rejected batch was acknowledged")
    };
    tell.wire("answered", &format!("error {code}, \"{text}\""));
    ensure!(
        code == POLICY_VIOLATION,
        "the producer got error {code}, not POLICY_VIOLATION"
    );
    ensure!(
        text.contains(&decision.hold),
        "the text does not name the hold"
    );
    ensure!(
        text.contains(&decision.reason),
        "the text does not give the reason"
    );
    tell.checked("the producer got POLICY_VIOLATION with the hold and the reviewer's reason, and does not try again");
    let landed = cast.insider.fetch(PAYMENTS, 0).await?.len();
    ensure!(
        landed == before,
        "the broker has {landed} records, {before} were there before"
    );
    tell.checked("the broker has nothing of it");
    Ok(())
}
