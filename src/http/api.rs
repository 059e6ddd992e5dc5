//! The holds API.
//!
//! Owns: the routes of the page port, and reading what comes in. Refuses: a call without a good
//! token, a review that is not JSON, a body over its bound, a field it does not know. Stays true:
//! 200 to a review means that it is durable.

use super::guard::{bearer, check_origin, guard};
use super::policy::{self, PolicyFiles};
use super::problem::{Problem, etag};
use super::{ReviewerAuth, grants, page};
use crate::approvals::{ReviewRequest, State as HoldState, Verdict};
use crate::chunk::{HoldId, Principal};
use crate::control::DeskClient;
use crate::control::desk::{Listing, View, Wanted};
use crate::limits::{HTTP_BODY_BYTES_MAX, TOKEN_BYTES_MAX};
use axum::body::{Body, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use std::sync::Arc;

/// What a handler needs.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) desk: DeskClient,
    verifier: Arc<dyn ReviewerAuth>,
    pub(super) policy: Arc<dyn PolicyFiles>,
    pub(super) public_url: Option<Arc<str>>,
}

/// The routes of the page port.
pub(super) fn router(
    desk: DeskClient,
    verifier: Arc<dyn ReviewerAuth>,
    policy: Arc<dyn PolicyFiles>,
    public_url: Option<String>,
) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/v1/holds", get(list))
        .route("/v1/holds/{id}", get(show))
        .route("/v1/holds/{id}/reviews", post(review))
        .merge(grants::routes())
        .merge(policy::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(guard))
        .with_state(Api {
            desk,
            verifier,
            policy,
            public_url: public_url.map(Into::into),
        })
}

/// `GET /v1/holds?state=pending&limit=50`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    state: Option<HoldState>,
    limit: Option<usize>,
}

async fn list(
    State(api): State<Api>,
    headers: HeaderMap,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Listing>, Problem> {
    let viewer = api.authenticate(&headers)?;
    let Query(filter) = filter.map_err(|e| unreadable(e.body_text()))?;
    let wanted = Wanted {
        state: filter.state,
        limit: filter.limit,
    };
    Ok(Json(api.desk.list(viewer, wanted).await?))
}

async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let viewer = api.authenticate(&headers)?;
    Ok(tagged(api.desk.show(hold_id(&id)?, viewer).await?))
}

/// `POST /v1/holds/{id}/reviews`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    verdict: Verdict,
    #[serde(default)]
    reason: String,
}

async fn review(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    check_origin(&head.method, &head.headers, api.public_url.as_deref())?;
    let reviewer = api.authenticate(&head.headers)?;
    let review = read_review(&head, body).await?;
    let request = said(&reviewer, review.verdict, review.reason, &head.headers);
    Ok(tagged(api.desk.review(hold_id(&id)?, request).await?))
}

/// A form of another site can post anything but JSON without asking; so only JSON is read.
async fn read_review(head: &Parts, body: Body) -> Result<Review, Problem> {
    let content_type = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|t| t.to_str().ok())
        .unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "a review is application/json";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            message,
        ));
    }
    let Ok(bytes) = to_bytes(body, HTTP_BODY_BYTES_MAX).await else {
        let message = format!("a review has at most {HTTP_BODY_BYTES_MAX} bytes");
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            message,
        ));
    };
    serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))
}

/// What this person says of a hold.
pub(super) fn said(
    person: &Principal,
    verdict: Verdict,
    reason: String,
    headers: &HeaderMap,
) -> ReviewRequest {
    ReviewRequest {
        name: person.name.to_string(),
        issuer: person.issuer.to_string(),
        groups: person.groups.to_vec(),
        verdict,
        reason,
        if_match: if_match(headers),
    }
}

/// The version that a reviewer insists on. What is not one of our tags matches no version: 0 is
/// never one.
fn if_match(headers: &HeaderMap) -> Option<u64> {
    let tag = headers.get(header::IF_MATCH)?.to_str().unwrap_or("").trim();
    let version = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    (tag != "*").then(|| version.and_then(|v| v.parse().ok()).unwrap_or(0))
}

pub(super) fn hold_id(text: &str) -> Result<HoldId, Problem> {
    text.parse()
        .map_err(|_| crate::approvals::Refusal::NoSuchHold.into())
}

pub(super) fn tagged(view: View) -> Response {
    ([(header::ETAG, etag(view.version))], Json(view)).into_response()
}

pub(super) fn unreadable(message: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable", message)
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_path",
        "there is nothing here",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "wrong_method",
        "this path takes another method",
    )
}

impl Api {
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let refuse =
            |message: String| Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", message);
        let token = bearer(headers).ok_or_else(|| refuse("a bearer token is required".into()))?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(refuse("the token is too long".into()));
        }
        let principal = self.verifier.authenticate(token).map_err(refuse)?;
        if principal.issuer.is_empty() {
            return Err(refuse("nobody vouches for this token".into()));
        }
        Ok(principal)
    }
}
