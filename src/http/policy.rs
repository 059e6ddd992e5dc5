//! The policy API: which one is in force, and having it read again.
//!
//! Owns: `/v1/policy`. Refuses: a policy sent over HTTP: what is in force is what the operator's files say.
//! Stays true: only members of `http.operators` have it read again; 200 means that the new one is in force on
//! every core from its next frame on.

use super::api::Api;
use super::guard::check_origin;
use super::problem::Problem;
use crate::chunk::UnixMillis;
use crate::control::DeskClient;
use crate::policy::diff::Change;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::pin::Pin;

/// How the policy stands.
#[derive(Clone, Debug)]
pub struct PolicyStatus {
    /// SHA-256 of the one in force.
    pub hash: [u8; 32],
    /// Since when.
    pub since: UnixMillis,
    /// Why the last attempt to read it again failed, if it did.
    pub fault: Option<String>,
}

/// What reading it again came to: nothing, where the text is the one in force; or what differs.
pub type Reloading<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Vec<Change>>, String>> + Send + 'a>>;

/// The policy's files.
pub trait PolicyFiles: Send + Sync {
    /// How the policy stands.
    fn status(&self) -> PolicyStatus;
    /// Reads them again, on this person's word.
    fn reload<'a>(&'a self, desk: &'a DeskClient, by: &'a str) -> Reloading<'a>;
    /// The groups whose members may ask for that.
    fn operators(&self) -> &[String];
}

/// The routes.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/policy", get(show))
        .route("/v1/policy/reload", post(reload))
}

async fn show(State(api): State<Api>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    api.authenticate(&headers)?;
    Ok(Json(told(&api.policy.status())))
}

async fn reload(
    State(api): State<Api>,
    method: Method,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    check_origin(&method, &headers, api.public_url.as_deref())?;
    let person = api.authenticate(&headers)?;
    let operators = api.policy.operators();
    if !person
        .groups
        .iter()
        .any(|group| operators.iter().any(|it| **it == **group))
    {
        let message = "only members of a group in http.operators may have the policy read again";
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not_an_operator",
            message,
        ));
    }
    let by = format!("{} of {}", person.name, person.issuer);
    let changes = api.policy.reload(&api.desk, &by).await.map_err(|fault| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "policy_unusable", fault)
    })?;
    let mut status = told(&api.policy.status());
    status["changed"] = json!(changes.is_some());
    status["changes"] = json!(changes.unwrap_or_default());
    Ok(Json(status))
}

fn told(status: &PolicyStatus) -> Value {
    json!({
        "hash": HEXLOWER.encode(&status.hash),
        "since": status.since.0,
        "fault": status.fault,
    })
}
