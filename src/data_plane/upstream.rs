//! The broker's side of a connection: dialled after login, with the gateway's own credential.
//!
//! Owns: the choice of address and the login to the broker. Refuses: to pass anything of the
//! client's login on. Stays true: connecting is bounded in time; the client never sees the
//! credential, nor why the broker refused it.

use super::cluster::Broker;
use super::connection::{Cause, Connection, Target};
use super::inflow::Inflow;
use super::made::Made;
use super::socket::{SecureFault, Socket};
use crate::identity::credential::Credential;
use crate::identity::scram;
use crate::kafka::upstream_login::{Step, UpstreamLogin};
use crate::limits::{CONNECT_IN_ALL_MS_MAX, CONNECT_MS_MAX, FRAME_BYTES_BEFORE_LOGIN_MAX};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Connects and logs in.
pub async fn connect(connection: &Rc<Connection>) -> Result<(), Cause> {
    let limit = Duration::from_millis(CONNECT_IN_ALL_MS_MAX);
    // the socket is dropped with the read when this times out: nothing is lost that matters
    let socket = monoio::time::timeout(limit, dial_and_log_in(connection)).await;
    connection.set_upstream(socket.unwrap_or(Err(Cause::NoBroker))?);
    Ok(())
}

async fn dial_and_log_in(connection: &Connection) -> Result<Socket, Cause> {
    let socket = dial(connection).await.ok_or(Cause::NoBroker)?;
    if let Some(credential) = &connection.cluster.credential {
        let lifetime_ms = log_in(connection, &socket, credential).await?;
        let (now, id) = (connection.core.now(), connection.id);
        connection.upstream_session.begin(now, lifetime_ms, id);
    }
    Ok(socket)
}

/// The brokers that will do, in the order to try them.
fn brokers(connection: &Connection) -> Vec<Broker> {
    let view = connection.cluster.view.load();
    match connection.target.get() {
        Target::Bootstrap => view.bootstrap.clone(),
        Target::Broker(id) => view.brokers.get(&id).cloned().into_iter().collect(),
    }
}

/// Connects to the first that answers of the brokers that will do.
pub(super) async fn dial(connection: &Connection) -> Option<Socket> {
    let limit = Duration::from_millis(CONNECT_MS_MAX);
    let brokers = brokers(connection);
    let addresses = brokers
        .iter()
        .flat_map(|broker| broker.addresses.iter().map(move |a| (broker, *a)));
    for (broker, address) in addresses {
        match monoio::time::timeout(limit, reach(connection, broker, address)).await {
            Ok(Ok(socket)) => return Some(socket),
            Ok(Err(fault)) => tracing::warn!(%address, %fault, "cannot connect to the broker"),
            Err(_) => tracing::warn!(%address, "the broker did not answer in time"),
        }
    }
    (connection.cluster.look)(); // it may have moved
    None
}

/// Connects, through TLS where the cluster wants it.
async fn reach(
    connection: &Connection,
    broker: &Broker,
    address: SocketAddr,
) -> Result<Socket, SecureFault> {
    let socket = Socket::connect(address).await?;
    if let Some(dialer) = &connection.cluster.dialer {
        let pool = &connection.core.replies;
        socket.connect_tls(dialer, &broker.host, pool).await?;
    }
    Ok(socket)
}

/// Logs in; how many milliseconds the broker gives the session, 0 for no end.
async fn log_in(
    connection: &Connection,
    socket: &Socket,
    credential: &Arc<Credential>,
) -> Result<i64, Cause> {
    let refused = |fault: &dyn std::fmt::Display| {
        tracing::error!(%fault, "the broker refused the gateway's own login");
        Cause::NoBroker
    };
    let mut login = begin_login(credential)?;
    let mut inflow = Inflow::new(
        socket,
        &connection.core.replies,
        FRAME_BYTES_BEFORE_LOGIN_MAX,
    );
    let mut step = login.next(None).map_err(|fault| refused(&fault))?;
    loop {
        let frame = match step {
            Step::Send(frame) => frame,
            Step::Done {
                session_lifetime_ms,
            } => return Ok(session_lifetime_ms),
        };
        socket
            .write_all(Made::new(frame))
            .await
            .map_err(|e| refused(&e))?;
        if !inflow.fill().await.map_err(|e| refused(&e))? {
            return Err(refused(&"it closed the connection"));
        }
        let Some(mut buffer) = inflow.take() else {
            return Err(Cause::OwnFault);
        };
        let size = inflow
            .frame_at(buffer.filled(), 0)
            .ok()
            .flatten()
            .ok_or(Cause::OwnFault)?;
        let reply = &buffer.filled()[..size];
        step = login.next(Some(reply)).map_err(|fault| refused(&fault))?;
        buffer.consume(size);
        inflow.keep(buffer);
    }
}

/// A login with the gateway's own credential, and a nonce of its own.
pub(super) fn begin_login(credential: &Arc<Credential>) -> Result<UpstreamLogin, Cause> {
    let mut random = [0; 18];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Cause::OwnFault)?;
    let nonce = scram::nonce(random);
    UpstreamLogin::new(Arc::clone(credential), &nonce, "lockgate", 0).map_err(|_| Cause::OwnFault)
}
