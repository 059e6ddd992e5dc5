//! The surfaces that people and monitors use: the holds API with its page, and the admin port.
//!
//! Owns: HTTP. Refuses: to decide on a GET, to trust a cookie (there is none: every call carries
//! a bearer token), to show a raw value (it never has one). Stays true: connections, their age,
//! their heads and their bodies are bounded; every error is JSON with a code that does not change.
//!
//! ```text
//! page port    GET  /                      the reviewers' page
//!              GET  /v1/holds              what the caller may see
//!              GET  /v1/holds/{id}         one of them, with its ETag
//!              POST /v1/holds/{id}/reviews approve or reject
//!              GET  /v1/grants[/{id}]      what is granted
//!              DELETE /v1/grants/{id}     no longer
//! admin port   GET  /livez /readyz /metrics
//! ```

mod admin;
mod api;
mod grants;
mod guard;
mod page;
mod problem;
mod server;
#[cfg(test)]
mod tests;

use crate::chunk::Principal;
use crate::control::{DeskClient, Surfaces};
use std::net::TcpListener;
use std::sync::Arc;

/// Says who a bearer token is.
pub trait ReviewerAuth: Send + Sync {
    /// The principal of a good token, or why it is not good (shown to whoever sent it).
    fn authenticate(&self, bearer: &str) -> Result<Principal, String>;
}

/// What the servers need.
pub struct Setup {
    /// Bound listener of the page and the API; `None` switches them off.
    pub page: Option<TcpListener>,
    /// Bound listener of the admin port; `None` switches it off.
    pub admin: Option<TcpListener>,
    /// Who a token is.
    pub verifier: Arc<dyn ReviewerAuth>,
    /// The rest of the metrics, in Prometheus text; the desk's own are added.
    pub stats: Arc<dyn Fn() -> String + Send + Sync>,
    /// How the gateway is ready, or why it is not; the desk's own health is added.
    pub ready: Arc<dyn Fn() -> Result<String, String> + Send + Sync>,
    /// Where reviewers reach the page (`https://holds.example.com`), when a proxy changes `Host`.
    pub public_url: Option<String>,
}

/// The servers, to run on the control thread.
pub fn surfaces(setup: Setup) -> Surfaces {
    Box::new(move |desk: DeskClient| Box::pin(run(setup, desk)))
}

async fn run(setup: Setup, desk: DeskClient) {
    let page = api::router(desk.clone(), setup.verifier, setup.public_url);
    let admin = admin::router(desk, setup.stats, setup.ready);
    tokio::join!(
        server::serve(setup.page, page, "page"),
        server::serve(setup.admin, admin, "admin")
    );
}
