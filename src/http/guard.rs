//! What every request passes and every answer carries.
//!
//! Owns: the time limit, the security headers, the check of `Origin`. Refuses: a changing request
//! from a page of another origin. Stays true: no answer is cached, framed, sniffed or allowed to
//! load anything from elsewhere.

use super::problem::Problem;
use crate::limits::HTTP_REQUEST_MS_MAX;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// Policy of everything but the page itself: an answer that is not a document loads nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Bounds the time of a request, and dresses its answer.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let limit = Duration::from_millis(HTTP_REQUEST_MS_MAX);
    let mut response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message =
                "the request took too long; whether it had an effect is not known: ask again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message).into_response()
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(NOTHING));
    response
}

/// A browser names the origin of a page that posts. It has to be ours: the address that the page
/// was asked for under (`Host`), or the public one. Programs send no `Origin`.
pub(super) fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    public_url: Option<&str>,
) -> Result<(), Problem> {
    let Some(origin) = headers.get(header::ORIGIN).filter(|_| !method.is_safe()) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or("null");
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let public = public_url.is_some_and(|url| url.trim_end_matches('/') == origin);
    if public || (authority.is_some() && authority == host) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "a page of another origin may not decide here",
    ))
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let allowed = |origin, public| {
            let headers = headers(&[(header::HOST, "gw:8443"), (header::ORIGIN, origin)]);
            check_origin(&Method::POST, &headers, public).is_ok()
        };
        assert!(allowed("http://gw:8443", None));
        assert!(allowed(
            "https://holds.example.com",
            Some("https://holds.example.com/")
        ));
        assert!(!allowed("http://evil:8443", None));
        assert!(!allowed("http://gw:8443.evil", None));
        assert!(!allowed("null", None));
        assert!(!allowed(
            "https://holds.example.com.evil",
            Some("https://holds.example.com")
        ));
        let program = headers(&[(header::HOST, "gw:8443")]);
        assert!(check_origin(&Method::POST, &program, None).is_ok());
        let no_host = headers(&[(header::ORIGIN, "null")]);
        assert!(check_origin(&Method::POST, &no_host, None).is_err());
    }

    #[test]
    fn only_a_bearer_token_is_a_bearer_token() {
        let of = |value| bearer(&headers(&[(header::AUTHORIZATION, value)])).map(str::to_owned);
        assert_eq!(of("Bearer abc"), Some("abc".into()));
        assert_eq!(of("bearer  abc "), Some("abc".into()));
        for bad in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
