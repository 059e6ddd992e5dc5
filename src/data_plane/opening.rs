//! What comes before Kafka's first byte: who a proxy speaks for, TLS, and the broker that is meant.
//!
//! Owns: the order of these, which is the order on the wire. Refuses: a connection that lacks one that
//! its listener demands. Stays true: all of it happens under the deadline for logins and with the
//! memory for logins, so that strangers here hinder nobody who is in.

use super::connection::{Cause, Connection, Target};
use super::crowd;
use super::socket::{SecureFault, SourceFault};
use crate::chunk::UnixMillis;
use crate::limits::OPENING_FAULT_LOG_MS;
use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;

thread_local! {
    /// When this core last told of a fault.
    static TOLD: Cell<UnixMillis> = const { Cell::new(UnixMillis(0)) };
}

/// Opens a connection as its listener demands; returns when a login may follow.
pub async fn run(connection: &Rc<Connection>) -> Result<(), Cause> {
    let (listener, core) = (connection.listener(), &connection.core);
    if listener.proxy_protocol {
        let taken = connection.client.take_source(&core.logins).await;
        taken.map_err(|fault| match fault {
            SourceFault::Left => Cause::ClientClosed,
            fault => failed(connection, &fault, "no PROXY header names the client"),
        })?;
        crowd::source_known(connection); // not all of them come from the balancer
    }
    let Some(acceptor) = &listener.tls else {
        return Ok(());
    };
    let shaken = connection.client.accept_tls(acceptor, &core.logins).await;
    shaken.map_err(|fault| match fault {
        SecureFault::Left => Cause::ClientClosed,
        fault => failed(
            connection,
            &fault,
            "the client and the gateway found no TLS",
        ),
    })?;
    let name = connection.client.server_name();
    if let Some(id) = name.and_then(|name| listener.broker_of(&name)) {
        connection.target.set(Target::Broker(id));
    }
    Ok(())
}

/// Counts and tells; strangers choose how often it happens, so not every time.
fn failed(connection: &Connection, fault: &dyn Display, what: &'static str) -> Cause {
    connection.core.stats().openings_failed.add(1);
    let now = connection.core.now();
    if !connection.is_closed() && now.0 - TOLD.get().0 >= OPENING_FAULT_LOG_MS {
        TOLD.set(now);
        let (listener, peer) = (&connection.listener().name, connection.client.peer());
        tracing::warn!(listener, ?peer, %fault, "{what}; further ones of this second are only counted");
    }
    Cause::ClientFault(what)
}
