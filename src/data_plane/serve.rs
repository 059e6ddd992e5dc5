//! The tasks of one connection.
//!
//! Owns: their order (opening, login, connect, then one task a direction), their end, and the wall around
//! a panic. Refuses: nothing. Stays true: whichever way a connection ends, both sockets are shut,
//! its chunks are closed, its end is in the audit, and the core forgets it.

use super::connection::{Cause, Connection};
use super::inflow::Inflow;
use super::stats::Stats;
use super::{ending, login, opening, record, relay_login, replies, requests, upstream};
use crate::config::Sasl;
use crate::limits::{FRAME_BYTES_BEFORE_LOGIN_MAX, FRAME_BYTES_MAX};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

/// Starts serving.
pub fn spawn(connection: Rc<Connection>) {
    monoio::spawn(async move {
        let cause = guarded(connection.core.stats(), Box::pin(from_client(&connection))).await;
        connection.close(cause);
        ending::abandon(&connection); // what it says of the session comes before the session's end
        if let Some(session) = connection.session() {
            let cause = connection.cause().unwrap_or(cause);
            let (id, cause_text) = (session.id, cause.text());
            if cause.is_usual() {
                tracing::debug!(session = id, cause = cause_text, "session closed");
            } else {
                tracing::warn!(session = id, cause = cause_text, "session closed");
            }
            record::session_closed(&connection.core, &connection, &session, cause);
        }
        connection.core.dismiss(&connection);
    });
}

async fn from_client(connection: &Rc<Connection>) -> Cause {
    let core = &connection.core;
    let mut inflow = Inflow::new(
        &connection.client,
        &core.logins,
        FRAME_BYTES_BEFORE_LOGIN_MAX,
    );
    if let Err(cause) = Box::pin(opening::run(connection)).await {
        return cause;
    }
    // boxed: what login and connect need is freed before the long life of the connection
    if let Err(cause) = Box::pin(enter(connection, &mut inflow)).await {
        return cause;
    }
    inflow.logged_in(&core.requests, FRAME_BYTES_MAX);
    let back = Rc::clone(connection);
    monoio::spawn(async move {
        let cause = guarded(back.core.stats(), Box::pin(from_broker(&back))).await;
        back.close(cause);
    });
    requests::run(connection, inflow).await
}

/// Login and the broker's side, in the order that the listener's kind of login needs.
async fn enter(connection: &Rc<Connection>, inflow: &mut Inflow<'_>) -> Result<(), Cause> {
    if connection.listener().login == Sasl::Relay {
        return relay_login::run(connection, inflow).await;
    }
    login::run(connection, inflow).await?;
    upstream::connect(connection).await
}

async fn from_broker(connection: &Rc<Connection>) -> Cause {
    let Some(upstream) = connection.upstream() else {
        return Cause::OwnFault;
    };
    let inflow = Inflow::new(upstream, &connection.core.replies, FRAME_BYTES_MAX);
    replies::run(connection, inflow).await
}

/// Turns a panic into the end of the connection. The task comes boxed: moved in and then into
/// place it would lie in this future twice, which ten thousand idle connections would pay for.
async fn guarded<T: Future<Output = Cause>>(stats: &Stats, mut task: Pin<Box<T>>) -> Cause {
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(_) => {
                stats.panics.add(1);
                tracing::error!("a connection's task panicked; the connection is closed");
                Poll::Ready(Cause::OwnFault)
            }
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_plane::test_core::{on_each_driver, pair};
    use std::io::Write;

    /// One task panics over its socket; another on the same core goes on serving its own.
    #[test]
    fn a_panic_ends_its_connection_and_not_its_core() {
        on_each_driver(|driver| async move {
            let stats = Rc::new(Stats::default());
            let ((bad, mut sender), (good, mut asker)) = (pair(), pair());
            sender.write_all(b"boom").expect("sends");
            let counted = Rc::clone(&stats);
            let panics = monoio::spawn(async move {
                let task = Box::pin(async {
                    bad.readable().await.expect("there is something to read");
                    panic!("a fault in one connection's task (this is a test)");
                });
                guarded(&counted, task).await
            });
            assert_eq!(panics.await, Cause::OwnFault, "{driver}");
            assert_eq!(stats.panics.get(), 1, "{driver}: it is counted");

            asker.write_all(b"still there?").expect("sends");
            let serves = monoio::spawn(async move {
                let task = Box::pin(async {
                    good.readable().await.expect("there is something to read");
                    Cause::ClientClosed
                });
                guarded(&stats, task).await
            });
            assert_eq!(serves.await, Cause::ClientClosed, "{driver}");
        });
    }
}
