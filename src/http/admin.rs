//! The admin port: is it alive, is it ready, how is it doing.
//!
//! Owns: `/livez`, `/readyz`, `/metrics`. Refuses: anything that changes something, and anything
//! about what is held: monitors have no token. Stays true: ready means that holds can be decided.

use super::guard::guard;
use crate::chunk::UnixMillis;
use crate::control::DeskClient;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

type Stats = Arc<dyn Fn() -> String + Send + Sync>;
type Ready = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

#[derive(Clone)]
struct Admin {
    desk: DeskClient,
    stats: Stats,
    ready: Ready,
}

/// The routes of the admin port.
pub(super) fn router(desk: DeskClient, stats: Stats, ready: Ready) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn(guard))
        .with_state(Admin { desk, stats, ready })
}

async fn readyz(State(admin): State<Admin>) -> Response {
    if admin.desk.gauges().failed() {
        let why = "not ready: the log of holds or the audit failed; a restart is needed\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    match (admin.ready)() {
        Ok(how) => format!("ready: {how}\n").into_response(),
        Err(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: {why}\n"),
        )
            .into_response(),
    }
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let text = (admin.stats)() + &admin.desk.gauges().prometheus(UnixMillis::now());
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}
