//! The client logs in to the broker, through the gateway, which watches whom the broker accepts.
//!
//! ```text
//!  client ─ ApiVersions ──► answered here         broker
//!         ─ SaslHandshake v1 ─► place, connect ───► mechanisms, or its error ──► client
//!         ─ SaslAuthenticate ─────────────────────► its reply ──► client
//!              └ Exchange: the name ◄───────────────── no error, and over: the session opens
//! ```
//!
//! Owns: the frames of such a login before the connection is open (`relay_renewal` has those after).
//! Refuses: SaslHandshake v0 (its next bytes would be no frame), any other API before the broker
//! accepted (the connection is closed, as a broker does), a login that nobody can be named for. Stays
//! true: no broker connection is opened for who has
//! not chosen a mechanism; those opened for strangers are bounded (`RELAYED_LOGINS_PER_CORE_MAX`); what
//! the client proves itself with is neither kept nor shown, and is wiped once it was sent.

use super::buffers::Buffer;
use super::connection::{Cause, Connection};
use super::inflow::Inflow;
use super::login::{client_id, open, refuse, send};
use super::socket::Socket;
use super::{crowd, proof, record, upstream, versions};
use crate::chunk::{Claims, Principal, UnixMillis};
use crate::identity::exchange::{Exchange, Progress};
use crate::identity::oauthbearer::oauthbearer;
use crate::identity::tokens::{self, TokenFault, Verified};
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::{api, error, sasl as wire};
use crate::limits::{
    CONNECT_IN_ALL_MS_MAX, FRAME_BYTES_BEFORE_LOGIN_MAX, RELAY_PLACE_LOOK_MS, RELAYED_LOGIN_MS_KEPT,
};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The client's fault.
pub(super) const MALFORMED: Cause = Cause::ClientFault("the client sent a malformed login");
/// The broker's.
pub(super) const BAD_REPLY: Cause =
    Cause::BrokerFault("the broker sent a malformed reply to a login");

/// What to do with a frame before login.
enum Ask {
    /// Answered here.
    Answer(Vec<u8>),
    /// Refused here, and the connection is closed.
    Refuse(Vec<u8>),
    /// For the broker: a mechanism is chosen.
    Handshake(RequestHeader, Option<Exchange>),
    /// For the broker: a step of the login, with the client's bytes at this place.
    Authenticate(RequestHeader, Range<usize>),
    /// The login is over, and this frame is the first after it.
    Over(Arc<str>, Arc<str>),
    /// There is nothing to say.
    Close(Cause),
}

/// What follows the reply to a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The client goes on.
    More,
    /// The client has logged in.
    Requests,
    /// The connection is closed.
    End,
}

/// Logs a client in at the broker; returns when requests may follow.
pub async fn run(connection: &Rc<Connection>, inflow: &mut Inflow<'_>) -> Result<(), Cause> {
    let mut exchange = None;
    loop {
        match inflow.fill().await {
            Ok(true) => {}
            Ok(false) => return Err(Cause::ClientClosed),
            Err(_) => return Err(Cause::ClientFault("the client broke off before login")),
        }
        let mut buffer = inflow.take().ok_or(Cause::OwnFault)?;
        let size = inflow.frame_at(buffer.filled(), 0);
        let size = size.ok().flatten().ok_or(Cause::OwnFault)?;
        let (then, reply) = match look(connection, &buffer.filled()[..size], exchange.as_ref()) {
            Ask::Answer(reply) => (Then::More, reply),
            Ask::Refuse(reply) => (Then::End, reply),
            Ask::Close(cause) => return Err(cause),
            Ask::Over(name, client_id) => {
                let mechanism = exchange.as_ref().map_or("", Exchange::mechanism);
                begin(connection, name, client_id, None, mechanism);
                inflow.keep(buffer);
                return Ok(());
            }
            Ask::Handshake(header, chosen) => {
                let reply;
                (buffer, reply) = ask_broker(connection, buffer, size, &header).await?;
                let then = shaken(connection, &reply, chosen.as_ref())?;
                exchange = chosen;
                (then, reply)
            }
            Ask::Authenticate(header, auth) => {
                let exchange = exchange.as_mut().ok_or(Cause::OwnFault)?;
                exchange.client(&buffer.filled()[auth.clone()]);
                let reply;
                (buffer, reply) = ask_broker(connection, buffer, size, &header).await?;
                let request = &buffer.filled()[..size];
                let then = answered(connection, exchange, &header, request, auth, &reply).await?;
                (then, reply)
            }
        };
        buffer.filled_mut()[..size].fill(0);
        buffer.consume(size);
        if then == Then::End {
            drop(buffer); // it may be a while until the client hears of it
            refuse(connection, reply).await?;
            return Err(Cause::LoginRefused);
        }
        inflow.keep(buffer);
        send(connection, reply).await?;
        if then == Then::Requests {
            return Ok(());
        }
    }
}

fn look(connection: &Connection, request: &[u8], exchange: Option<&Exchange>) -> Ask {
    let Ok(header) = frame::request_header(request) else {
        return Ask::Close(MALFORMED);
    };
    let known = api::lookup(header.api_key).filter(|api| api.before_login);
    let Some(api) = known else {
        if let Some(name) = exchange.and_then(Exchange::may_be_over) {
            return Ask::Over(name, client_id(&header, request));
        }
        record::login_refused(&connection.core, connection, "none", "not_logged_in", None);
        return Ask::Close(Cause::ClientFault(
            "the client sent a request before it logged in",
        ));
    };
    if header.api_key == api::API_VERSIONS {
        return Ask::Answer(versions::answer(connection, &header, request));
    }
    if !api.understands(header.api_version) {
        return Ask::Close(Cause::ClientFault(
            "the client sent an unsupported version before login",
        ));
    }
    if header.api_key == api::SASL_HANDSHAKE {
        let Ok(mechanism) = wire::parse_handshake(&header, request) else {
            return Ask::Close(MALFORMED);
        };
        if header.api_version == 0 {
            return Ask::Refuse(no_bare_tokens(connection, &header));
        }
        return Ask::Handshake(header, Exchange::new(mechanism));
    }
    let (version, id) = (header.api_version, header.correlation_id);
    match (exchange, wire::parse_authenticate(&header, request)) {
        (Some(_), Ok(auth)) => Ask::Authenticate(header, auth),
        (None, _) => Ask::Refuse(wire::authenticate_response(
            version,
            id,
            error::ILLEGAL_SASL_STATE,
            Some("SaslHandshake must come first"),
            &[],
            0,
        )),
        (_, Err(_)) => Ask::Close(MALFORMED),
    }
}

/// After a SaslHandshake of version 0 tokens come without a frame: nobody could tell them apart.
fn no_bare_tokens(connection: &Connection, header: &RequestHeader) -> Vec<u8> {
    let core = &connection.core;
    record::login_refused(core, connection, "unknown", "sasl_mechanism", None);
    let id = header.correlation_id;
    wire::handshake_response(0, id, error::UNSUPPORTED_VERSION, &[])
}

/// Sends the frame at the front of the buffer to the broker, and waits for its reply, which comes
/// back with the client's correlation id.
async fn ask_broker(
    connection: &Rc<Connection>,
    mut buffer: Buffer,
    size: usize,
    header: &RequestHeader,
) -> Result<(Buffer, Vec<u8>), Cause> {
    let upstream = broker(connection).await?;
    let id = connection.next_correlation_id();
    frame::set_request_correlation_id(&mut buffer.filled_mut()[..size], id);
    connection.deadlines.writing_broker(connection.core.now());
    let written = upstream.write_all(buffer.into_part(0..size)).await;
    connection.deadlines.wrote_broker();
    let buffer = written
        .map_err(|_| Cause::BrokerFault("writing to the broker failed"))?
        .into_buffer();
    let mut reply = next_reply(connection, upstream).await?;
    if frame::response_correlation_id(&reply) != Ok(id) {
        return Err(BAD_REPLY);
    }
    frame::set_response_correlation_id(&mut reply, header.correlation_id);
    Ok((buffer, reply))
}

/// The broker's side, connected when it is first needed.
async fn broker(connection: &Rc<Connection>) -> Result<&Socket, Cause> {
    if connection.upstream().is_none() {
        place(connection).await?;
        let limit = Duration::from_millis(CONNECT_IN_ALL_MS_MAX);
        let socket = monoio::time::timeout(limit, upstream::dial(connection)).await;
        connection.set_upstream(socket.ok().flatten().ok_or(Cause::NoBroker)?);
    }
    connection.upstream().ok_or(Cause::OwnFault)
}

/// Waits for one of the places that strangers have at brokers. Who has one and does not log in
/// loses it to who waits.
async fn place(connection: &Connection) -> Result<(), Cause> {
    let (core, source) = (&connection.core, connection.source());
    while !connection.is_closed() {
        let now = core.now();
        match core.crowd.relayed.enter_if_free(connection.id, source, now) {
            Ok(()) => return Ok(()),
            Err(Some((oldest, since))) if now.0 - since.0 > RELAYED_LOGIN_MS_KEPT => {
                crowd::out(core, oldest);
            }
            Err(_) => monoio::time::sleep(Duration::from_millis(RELAY_PLACE_LOOK_MS)).await,
        }
    }
    Err(Cause::Crowded) // the first cause stands
}

/// The broker's next reply, whole and alone: it is asked for one thing at a time.
async fn next_reply(connection: &Connection, upstream: &Socket) -> Result<Vec<u8>, Cause> {
    let replies = &connection.core.replies;
    let mut inflow = Inflow::new(upstream, replies, FRAME_BYTES_BEFORE_LOGIN_MAX);
    match inflow.fill().await {
        Ok(true) => {}
        Ok(false) => return Err(Cause::BrokerClosed),
        Err(_) => return Err(BAD_REPLY),
    }
    connection.deadlines.read_broker(connection.core.now());
    let buffer = inflow.take().ok_or(Cause::OwnFault)?;
    match inflow.frame_at(buffer.filled(), 0) {
        Ok(Some(size)) if size == buffer.filled().len() => Ok(buffer.filled().to_vec()),
        _ => Err(BAD_REPLY),
    }
}

/// What the broker says to the choice of a mechanism. Refused, the client is told in its words.
fn shaken(connection: &Connection, reply: &[u8], chosen: Option<&Exchange>) -> Result<Then, Cause> {
    let told = wire::parse_handshake_response(reply).map_err(|_| BAD_REPLY)?;
    if told.error != error::NONE {
        let mechanism = chosen.map_or("unknown", Exchange::mechanism);
        let core = &connection.core;
        record::login_refused(core, connection, mechanism, "sasl_mechanism", None);
        return Ok(Then::End);
    }
    match chosen {
        Some(_) => Ok(Then::More),
        None => Err(MALFORMED), // the broker knows a mechanism whose name cannot be shown
    }
}

/// What the broker says to a step of the login. Refused, the client is told in its words.
async fn answered(
    connection: &Rc<Connection>,
    exchange: &mut Exchange,
    header: &RequestHeader,
    request: &[u8],
    auth: Range<usize>,
    reply: &[u8],
) -> Result<Then, Cause> {
    let told = wire::parse_authenticate_response(header.api_version, reply);
    let told = told.map_err(|_| BAD_REPLY)?;
    if told.error != error::NONE {
        refused(connection, exchange, "broker_refused");
        return Ok(Then::End);
    }
    let bytes = reply.get(told.auth).unwrap_or_default();
    match exchange.broker(bytes, told.session_lifetime_ms) {
        Progress::More => Ok(Then::More),
        Progress::Nameless(fault) => {
            refused(connection, exchange, fault.code());
            Err(Cause::LoginRefused)
        }
        Progress::Accepted(name) => {
            let vouched = match exchange.carries_token() {
                true => vouched(connection, &request[auth]).await,
                false => None,
            };
            let client_id = client_id(header, request);
            begin(connection, name, client_id, vouched, exchange.mechanism());
            Ok(Then::Requests)
        }
    }
}

/// Writes that the login came to nothing.
pub(super) fn refused(connection: &Connection, exchange: &Exchange, code: &'static str) {
    let claimed = exchange.claimed().map(str::to_owned);
    let mechanism = exchange.mechanism();
    record::login_refused(&connection.core, connection, mechanism, code, claimed);
}

/// The token, if an issuer of the configuration vouches for it as well: then its groups count.
async fn vouched(connection: &Connection, message: &[u8]) -> Option<Verified> {
    match vouched_now(connection, message)? {
        Err(TokenFault::UnknownKey { issuer, kid }) => {
            proof::wait_for_key(connection, issuer, &kid).await;
            vouched_now(connection, message)?.ok()
        }
        checked => checked.ok(),
    }
}

/// The same, without waiting for a key that may just have been published.
pub(super) fn vouched_now(
    connection: &Connection,
    message: &[u8],
) -> Option<Result<Verified, TokenFault>> {
    let shared = &connection.core.shared;
    if shared.issuers.is_empty() {
        return None;
    }
    let token = oauthbearer(message).ok()?.token;
    let keys = shared.keys.load();
    Some(tokens::verify(
        token,
        &shared.issuers,
        &keys,
        UnixMillis::now(),
    ))
}

/// Opens the session of whom the broker accepted.
pub(super) fn begin(
    connection: &Rc<Connection>,
    name: Arc<str>,
    client_id: Arc<str>,
    vouched: Option<Verified>,
    mechanism: &str,
) {
    let (groups, claims) = match vouched {
        Some(verified) => (verified.principal.groups, verified.principal.claims),
        None => (Arc::new([]) as Arc<[String]>, Claims::default()),
    };
    let principal = Principal {
        name,
        groups,
        issuer: format!("sasl:{}", connection.cluster.name).into(),
        claims,
    };
    open(connection, principal, client_id, None, mechanism);
}
