//! How a hold is decided: by the newcomer, or by the demo's stand-in.
//!
//! Owns: the wait for a person, what they are offered (page, curl, two keys), and its end. Refuses: to
//! wait for ever: after 60 s the stand-in approves and says so. Stays true: every decision goes over the
//! same API, and what was decided is read back from the gateway.

use crate::cast::{AUTOPILOT, PAYMENTS};
use crate::reviewer::{Reviewer, Verdict};
use crate::stage::Stage;
use crate::tell::Teller;
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::cell::Cell;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// How long the newcomer has. The rule's approval policy gives two minutes.
const NEWCOMER_HAS: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const OPENS_WITHIN: Duration = Duration::from_secs(10);

/// Who decides.
#[derive(Clone, Copy)]
pub enum Decider {
    /// The newcomer; with `at_once` the stand-in approves as soon as the client was told to retry.
    Newcomer {
        /// Do not wait.
        at_once: bool,
    },
    /// The stand-in, like this.
    Autopilot(Verdict),
}

/// What was decided, as the gateway tells it.
#[derive(Debug)]
pub struct Decision {
    /// The hold's id.
    pub hold: String,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who decided.
    pub by: String,
    /// The reviewer's words.
    pub reason: String,
}

/// What a decision needs.
pub struct Scene<'a> {
    /// Where it is told.
    pub tell: Teller,
    /// What is up.
    pub stage: &'a Stage,
    /// The newcomer's rights.
    pub newcomer: &'a Reviewer,
    /// The stand-in's.
    pub autopilot: &'a Reviewer,
    /// The rights of whoever sent the batch.
    pub producer: &'a Reviewer,
    /// The newcomer's token, to paste.
    pub token: &'a str,
    /// The file with it.
    pub token_file: &'a Path,
    /// How often the producer was told to try again.
    pub retries: &'a Cell<u32>,
}

impl Scene<'_> {
    /// Waits until the gateway asks, and shows what it shows to reviewers.
    pub async fn opened(&self, batch: &[(&str, &str)]) -> anyhow::Result<String> {
        let started = Instant::now();
        let hold = loop {
            if let Some(hold) = self.autopilot.pending(PAYMENTS).await? {
                break hold;
            }
            ensure!(started.elapsed() < OPENS_WITHIN, "no hold was opened");
            sleep(LOOK_EVERY).await;
        };
        let id = hold["id"]
            .as_str()
            .context("the hold has no id")?
            .to_owned();
        let summary = &hold["summary"];
        let text = format!(
            "{id}: {} of {} records flagged",
            summary["flagged"], summary["records"]
        );
        self.tell.wire("hold", &text);
        for sample in summary["samples"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            self.tell.wire("shown", sample);
        }
        let shown = summary.to_string();
        for (_, value) in batch {
            let record: Value = serde_json::from_str(value)?;
            let card = record["card"].as_str().context("a record without a card")?;
            ensure!(
                !shown.contains(card),
                "the summary shows the card of {value}"
            );
        }
        self.tell.checked(
            "reviewers are shown what was found and where, masked; the numbers stay hidden",
        );
        let own = self
            .producer
            .review(&id, Verdict::Approve, "it is mine")
            .await;
        let Err(refused) = own else {
            bail!("the producer could approve its own batch")
        };
        self.tell
            .checked(&format!("the producer cannot approve it: {refused}"));
        Ok(id)
    }

    /// Waits for a decision, or makes it.
    pub async fn decided(&self, hold: &str, decider: Decider) -> anyhow::Result<Decision> {
        match decider {
            Decider::Autopilot(verdict) => {
                self.stand_in(hold, verdict, "not without a ticket").await?
            }
            Decider::Newcomer { at_once: true } => {
                self.until(hold, OPENS_WITHIN, || self.retries.get() > 0)
                    .await?;
                ensure!(
                    self.retries.get() > 0,
                    "the producer was never told to try again"
                );
                self.stand_in(hold, Verdict::Approve, "--auto").await?;
            }
            Decider::Newcomer { at_once: false } => {
                self.offer(hold);
                self.wait_for_newcomer(hold).await?;
            }
        }
        self.read_back(hold).await
    }

    /// What the newcomer can do.
    fn offer(&self, hold: &str) {
        let Scene {
            tell,
            stage,
            token,
            token_file,
            ..
        } = self;
        let seconds = NEWCOMER_HAS.as_secs();
        tell.step(&format!(
            "   YOU DECIDE NOW, within {seconds} s. On the page, with the token below:"
        ));
        tell.copy(&format!("{}/", stage.page));
        println!("{token}");
        tell.say("Or with one of these lines:");
        for (verdict, reason) in [
            (Verdict::Approve, "test cards"),
            (Verdict::Reject, "no cards here"),
        ] {
            println!("{}", curl(&stage.page, hold, token_file, verdict, reason));
        }
        if std::io::stdin().is_terminal() {
            tell.say("Or here: type `a` to approve or `r` to reject, and Enter.");
        }
        println!();
    }

    async fn wait_for_newcomer(&self, hold: &str) -> anyhow::Result<()> {
        let mut typed = keys();
        let pressed = Cell::new(None);
        let look = || {
            pressed.set(typed.try_recv().ok());
            pressed.get().is_some()
        };
        if self.until(hold, NEWCOMER_HAS, look).await? {
            return Ok(());
        }
        match pressed.get() {
            Some(verdict) => {
                self.review(self.newcomer, hold, verdict, "decided at the terminal")
                    .await
            }
            None => {
                self.tell.say(&format!(
                    "Nobody decided within {} s, so {AUTOPILOT} does.",
                    NEWCOMER_HAS.as_secs()
                ));
                self.stand_in(
                    hold,
                    Verdict::Approve,
                    "nobody decided within the demo's 60 s",
                )
                .await
            }
        }
    }

    /// Waits until the hold is decided (true), or `otherwise` is, or time is up.
    async fn until(
        &self,
        hold: &str,
        at_most: Duration,
        mut otherwise: impl FnMut() -> bool,
    ) -> anyhow::Result<bool> {
        let started = Instant::now();
        while started.elapsed() < at_most && !otherwise() {
            if self.autopilot.show(hold).await?["state"] != "pending" {
                return Ok(true);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(false)
    }

    async fn stand_in(&self, hold: &str, verdict: Verdict, reason: &str) -> anyhow::Result<()> {
        self.review(self.autopilot, hold, verdict, reason).await
    }

    /// Decides, unless somebody else was a moment faster: the first valid review wins.
    async fn review(
        &self,
        by: &Reviewer,
        hold: &str,
        verdict: Verdict,
        reason: &str,
    ) -> anyhow::Result<()> {
        match by.review(hold, verdict, reason).await {
            Err(error) if self.autopilot.show(hold).await?["state"] == "pending" => Err(error),
            _ => Ok(()),
        }
    }

    async fn read_back(&self, hold: &str) -> anyhow::Result<Decision> {
        let view = self.autopilot.show(hold).await?;
        let review = view["reviews"]
            .as_array()
            .and_then(|all| all.last())
            .context("the hold has no review")?;
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let verdict = match review["verdict"].as_str() {
            Some("approve") => Verdict::Approve,
            Some("reject") => Verdict::Reject,
            other => bail!("the gateway tells of the verdict {other:?}"),
        };
        let decision = Decision {
            hold: hold.to_owned(),
            verdict,
            by: word(&review["by"]),
            reason: word(&review["reason"]),
        };
        self.tell.wire(
            "decided",
            &format!(
                "{} by {}: \"{}\"",
                verdict.word(),
                decision.by,
                decision.reason
            ),
        );
        Ok(decision)
    }
}

/// A line that decides.
pub fn curl(page: &str, hold: &str, token_file: &Path, verdict: Verdict, reason: &str) -> String {
    format!(
        "curl -sS {page}/v1/holds/{hold}/reviews -H \"Authorization: Bearer $(cat {})\" \
         -H 'Content-Type: application/json' -d '{{\"verdict\":\"{}\",\"reason\":\"{reason}\"}}'",
        token_file.display(),
        verdict.word()
    )
}

/// Decisions typed into the terminal. The thread ends with the process: a read of a terminal cannot
/// be called back.
fn keys() -> mpsc::UnboundedReceiver<Verdict> {
    let (sender, receiver) = mpsc::unbounded_channel();
    if std::io::stdin().is_terminal() {
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                let verdict = match line.trim() {
                    "a" | "approve" => Verdict::Approve,
                    "r" | "reject" => Verdict::Reject,
                    _ => continue,
                };
                if sender.send(verdict).is_err() {
                    return;
                }
            }
        });
    }
    receiver
}
