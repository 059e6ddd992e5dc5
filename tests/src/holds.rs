//! A reviewer's view of a gateway: what is held, and a word on it.

use crate::gateway::Gateway;
use crate::{http, wait};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

const APPEAR_LIMIT: Duration = Duration::from_secs(15);

/// One hold, as the API tells of it.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Its name.
    pub id: String,
    /// `pending`, `approved`, `written`, …
    pub state: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Everything that was said.
    pub all: Value,
}

impl Hold {
    fn read(all: &Value) -> Result<Hold> {
        let text = |name: &str| {
            let value = all[name]
                .as_str()
                .with_context(|| format!("a hold without {name}: {all}"));
            value.map(str::to_owned)
        };
        let partition = all["partition"]
            .as_i64()
            .context("a hold without partition")?;
        Ok(Hold {
            id: text("id")?,
            state: text("state")?,
            topic: text("topic")?,
            partition,
            all: all.clone(),
        })
    }
}

/// A person with a token.
#[derive(Clone, Debug)]
pub struct Reviewer<'g> {
    gateway: &'g Gateway,
    token: String,
}

impl<'g> Reviewer<'g> {
    /// Somebody at this gateway.
    pub fn new(gateway: &'g Gateway, token: &str) -> Reviewer<'g> {
        Reviewer {
            gateway,
            token: token.to_owned(),
        }
    }

    /// Every hold in this state.
    pub fn holds(&self, state: &str) -> Result<Vec<Hold>> {
        let answer = http::get(
            &self.gateway.page(),
            &format!("/v1/holds?state={state}"),
            &self.bearer(),
        )?;
        ensure!(
            answer.status == 200,
            "the list of holds: {} {}",
            answer.status,
            answer.body
        );
        let told = answer.json()?;
        told["holds"]
            .as_array()
            .context("no list of holds")?
            .iter()
            .map(Hold::read)
            .collect()
    }

    /// One hold by its name.
    pub fn hold(&self, id: &str) -> Result<Hold> {
        let answer = http::get(
            &self.gateway.page(),
            &format!("/v1/holds/{id}"),
            &self.bearer(),
        )?;
        ensure!(
            answer.status == 200,
            "hold {id}: {} {}",
            answer.status,
            answer.body
        );
        Hold::read(&answer.json()?)
    }

    /// The pending holds of a topic.
    pub fn pending(&self, topic: &str) -> Result<Vec<Hold>> {
        let mut holds = self.holds("pending")?;
        holds.retain(|hold| hold.topic == topic);
        Ok(holds)
    }

    /// Waits for a pending hold of a topic.
    pub fn await_pending(&self, topic: &str) -> Result<Hold> {
        wait::until_ok(&format!("a hold on {topic}"), APPEAR_LIMIT, || {
            self.pending(topic)?
                .into_iter()
                .next()
                .context("nothing is held")
        })
    }

    /// Waits until a hold is in this state.
    pub fn await_state(&self, id: &str, state: &str) -> Result<Hold> {
        wait::until_ok(&format!("hold {id} to be {state}"), APPEAR_LIMIT, || {
            let hold = self.hold(id)?;
            ensure!(hold.state == state, "it is {}", hold.state);
            Ok(hold)
        })
    }

    /// Gives a review, whatever the answer.
    pub fn review(&self, id: &str, verdict: &str, reason: &str) -> Result<http::Answer> {
        let body = json!({"verdict": verdict, "reason": reason});
        http::post(
            &self.gateway.page(),
            &format!("/v1/holds/{id}/reviews"),
            &self.bearer(),
            &body,
        )
    }

    /// Approves, and it must count.
    pub fn approve(&self, id: &str) -> Result<()> {
        let answer = self.review(id, "approve", "fine")?;
        ensure!(
            answer.status == 200,
            "approving {id}: {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    /// Rejects, and it must count.
    pub fn reject(&self, id: &str, reason: &str) -> Result<()> {
        let answer = self.review(id, "reject", reason)?;
        ensure!(
            answer.status == 200,
            "rejecting {id}: {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    /// Every grant in force.
    pub fn grants(&self) -> Result<Vec<Hold>> {
        let answer = http::get(&self.gateway.page(), "/v1/grants", &self.bearer())?;
        ensure!(
            answer.status == 200,
            "the list of grants: {} {}",
            answer.status,
            answer.body
        );
        let told = answer.json()?;
        let grants = told["grants"].as_array().context("no list of grants")?;
        grants.iter().map(Hold::read).collect()
    }

    /// Takes a grant back, whatever the answer.
    pub fn revoke(&self, id: &str) -> Result<http::Answer> {
        let path = format!("/v1/grants/{id}?reason=left");
        http::request(&self.gateway.page(), "DELETE", &path, &self.bearer(), "")
    }

    /// The token, for whoever else is to act as this person.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn bearer(&self) -> Vec<String> {
        vec![format!("Authorization: Bearer {}", self.token)]
    }
}
