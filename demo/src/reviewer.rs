//! A reviewer's side of the holds API.
//!
//! Owns: the calls that the page and `curl` make as well. Refuses: nothing. Stays true: everything
//! goes over HTTP, with a token, as it would for a person; the demo has no back door.

use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let it pass.
    Approve,
    /// Do not.
    Reject,
}

impl Verdict {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Approve => "approve",
            Verdict::Reject => "reject",
        }
    }
}

/// Somebody with a token.
pub struct Reviewer {
    http: Client,
    page: String,
    token: String,
}

impl Reviewer {
    /// For the API at this URL.
    pub fn new(http: Client, page: &str, token: String) -> Reviewer {
        Reviewer {
            http,
            page: page.to_owned(),
            token,
        }
    }

    /// A pending hold on this topic.
    pub async fn pending(&self, topic: &str) -> anyhow::Result<Option<Value>> {
        let listing = self
            .call(Method::GET, "/v1/holds?state=pending", None)
            .await?;
        let holds = listing["holds"]
            .as_array()
            .context("the list of holds has no `holds`")?;
        Ok(holds.iter().find(|hold| hold["topic"] == topic).cloned())
    }

    /// One hold.
    pub async fn show(&self, hold: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, &format!("/v1/holds/{hold}"), None)
            .await
    }

    /// Decides.
    pub async fn review(
        &self,
        hold: &str,
        verdict: Verdict,
        reason: &str,
    ) -> anyhow::Result<Value> {
        let body = json!({"verdict": verdict.word(), "reason": reason});
        self.call(
            Method::POST,
            &format!("/v1/holds/{hold}/reviews"),
            Some(body),
        )
        .await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.page))
            .bearer_auth(&self.token);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if status != StatusCode::OK {
            bail!(
                "{path} was answered with {status}: {}",
                answer["message"].as_str().unwrap_or_default()
            );
        }
        Ok(answer)
    }
}
