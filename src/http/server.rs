//! One listener: accepts, bounds, serves.
//!
//! Owns: how many connections there are and how long they live. Refuses: a head that takes too
//! long, a reader that never reads, more connections than the limit (they wait in the kernel's
//! queue). Stays true: a fault of one connection ends that connection.

use crate::limits::{HTTP_CONNECTION_MS_MAX, HTTP_CONNECTIONS_MAX, HTTP_HEAD_MS_MAX};
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Time for the answers under way when a connection has reached its age.
const LAST_ANSWER_MS_MAX: u64 = 5_000;
/// Pause after a failed accept: the process is out of descriptors, and trying at once would spin.
const ACCEPT_PAUSE_MS: u64 = 100;

/// Serves `router` on `listener` until the task is dropped, and its connections with it.
pub(super) async fn serve(
    listener: Option<std::net::TcpListener>,
    router: Router,
    name: &'static str,
) {
    let Some(listener) = listener else { return };
    let listener = match listener
        .set_nonblocking(true)
        .and_then(|()| TcpListener::from_std(listener))
    {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, name, "the HTTP listener cannot be used"),
    };
    let places = Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                connections.spawn(async move {
                    connection(stream, router).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, name, "an HTTP connection was not accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
            }
        }
        while let Some(ended) = connections.try_join_next() {
            if ended.is_err() {
                tracing::error!(name, "an HTTP connection panicked; the others go on");
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HTTP_HEAD_MS_MAX))
        .max_headers(64);
    let service = TowerToHyperService::new(router);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let age = Duration::from_millis(HTTP_CONNECTION_MS_MAX);
    // Errors are the peer's: it spoke something else, was too slow, or left.
    if tokio::time::timeout(age, connection.as_mut())
        .await
        .is_err()
    {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(Duration::from_millis(LAST_ANSWER_MS_MAX), connection).await;
    }
}
