//! Errors as JSON: `{"error": code, "message": text}`.
//!
//! Owns: the codes, which scripts may rely on, and the status of each refusal. Refuses: to say
//! more about a hold than the caller may know.

use crate::approvals::Refusal;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error to answer with.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The hold's version, when the caller's is stale.
    version: Option<u64>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        Problem {
            status,
            code,
            message: message.into(),
            version: None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let (status, code) = match &refusal {
            Refusal::NoSuchHold => (StatusCode::NOT_FOUND, "no_such_hold"),
            Refusal::OwnData => (StatusCode::FORBIDDEN, "own_data"),
            Refusal::NotAReviewer => (StatusCode::FORBIDDEN, "not_a_reviewer"),
            Refusal::Contradiction(_) => (StatusCode::CONFLICT, "contradiction"),
            Refusal::Over { .. } => (StatusCode::GONE, "too_late"),
            Refusal::Stale(_) => (StatusCode::PRECONDITION_FAILED, "stale_version"),
            Refusal::ReasonRequired => (StatusCode::UNPROCESSABLE_ENTITY, "reason_required"),
            Refusal::ReasonTooLong => (StatusCode::UNPROCESSABLE_ENTITY, "reason_too_long"),
            Refusal::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        let version = if let Refusal::Stale(version) = refusal {
            Some(version)
        } else {
            None
        };
        Problem {
            status,
            code,
            message: refusal.to_string(),
            version,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": self.code, "message": self.message}));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(version) = self.version {
            response.headers_mut().insert(header::ETAG, etag(version));
        }
        response
    }
}

/// A hold's version as an entity tag.
pub(super) fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
