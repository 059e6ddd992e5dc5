//! The grants API: what is granted, and taking it back.
//!
//! Owns: `/v1/grants`. Refuses: to grant: that is a review of the hold that asks for it. Stays true: 200 to a
//! revocation means that it is durable, and that the cores know of it.

use super::api::{Api, hold_id, said, tagged, unreadable};
use super::guard::check_origin;
use super::problem::Problem;
use crate::approvals::Verdict;
use crate::control::desk::GrantListing;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

/// The routes.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/grants", get(list))
        .route("/v1/grants/{id}", get(show).delete(revoke))
}

async fn list(State(api): State<Api>, headers: HeaderMap) -> Result<Json<GrantListing>, Problem> {
    let viewer = api.authenticate(&headers)?;
    Ok(Json(api.desk.list_grants(viewer).await?))
}

async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let viewer = api.authenticate(&headers)?;
    Ok(tagged(api.desk.show_grant(hold_id(&id)?, viewer).await?))
}

/// `DELETE /v1/grants/{id}?reason=left`. A DELETE has no body that every proxy would pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: String,
}

async fn revoke(
    State(api): State<Api>,
    method: Method,
    headers: HeaderMap,
    Path(id): Path<String>,
    why: Result<Query<Why>, QueryRejection>,
) -> Result<Response, Problem> {
    check_origin(&method, &headers, api.public_url.as_deref())?;
    let reviewer = api.authenticate(&headers)?;
    let Query(why) = why.map_err(|e| unreadable(e.body_text()))?;
    let request = said(&reviewer, Verdict::Reject, why.reason, &headers);
    Ok(tagged(api.desk.revoke(hold_id(&id)?, request).await?))
}
