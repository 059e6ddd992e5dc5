//! Who is it: the exchanges before a connection is open.
//!
//! Owns: ApiVersions, SaslHandshake and SaslAuthenticate towards clients that log in with a token.
//! Refuses: every other API before login (the connection is closed, as a broker does), SaslHandshake
//! v0 (its next bytes would be no frame). Stays true: no token is kept, logged or shown; a refusal
//! is the standard SASL error and is in the audit; who is refused again and again waits for it.

use super::connection::{Cause, Connection};
use super::inflow::Inflow;
use super::made::Made;
use super::proof::{Refused, check, wait_for_key};
use super::record;
use super::session::Session;
use super::versions;
use crate::chunk::{Principal, UnixMillis};
use crate::config::Sasl;
use crate::identity::sasl::{self, Mechanism};
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::{api, error, refusal, sasl as wire};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Logs a client in; returns when requests may follow.
pub async fn run(connection: &Rc<Connection>, inflow: &mut Inflow<'_>) -> Result<(), Cause> {
    if connection.listener().login == Sasl::None {
        let nobody = Principal {
            name: "anonymous".into(),
            groups: Arc::new([]),
            issuer: "".into(),
            claims: Default::default(),
        };
        open(connection, nobody, "".into(), None, "none");
        return Ok(());
    }
    let mut mechanism = None;
    loop {
        match inflow.fill().await {
            Ok(true) => {}
            Ok(false) => return Err(Cause::ClientClosed),
            Err(_) => return Err(Cause::ClientFault("the client broke off before login")),
        }
        let Some(mut buffer) = inflow.take() else {
            return Err(Cause::OwnFault);
        };
        let size = inflow
            .frame_at(buffer.filled(), 0)
            .ok()
            .flatten()
            .ok_or(Cause::OwnFault)?;
        let done = step(connection, &buffer.filled()[..size], &mut mechanism).await;
        buffer.consume(size);
        if let Next::Refuse(_) = done {
            drop(buffer); // it may be a while until the client hears of it
        } else {
            inflow.keep(buffer);
        }
        match done {
            Next::Reply(reply) => send(connection, reply).await?,
            Next::Refuse(reply) => {
                refuse(connection, reply).await?;
                return Err(Cause::LoginRefused);
            }
            Next::In(reply) => {
                send(connection, reply).await?;
                return Ok(());
            }
            Next::Close(cause) => return Err(cause),
        }
    }
}

/// Sends a refusal, late to a source that has had many: it keeps its place meanwhile, so that it has
/// no more logins under way than `STRANGERS_PER_SOURCE_MAX`.
pub(super) async fn refuse(connection: &Connection, reply: Vec<u8>) -> Result<(), Cause> {
    let held_back = connection.core.crowd.refusals.delay_ms(connection.source());
    if held_back > 0 {
        monoio::time::sleep(Duration::from_millis(held_back)).await;
    }
    send(connection, reply).await
}

pub(super) async fn send(connection: &Connection, reply: Vec<u8>) -> Result<(), Cause> {
    let sent = connection.client.write_all(Made::new(reply)).await;
    sent.map(|_| ())
        .map_err(|_| Cause::ClientFault("writing to the client failed"))
}

/// What follows a frame of a login.
pub(super) enum Next {
    /// The client goes on.
    Reply(Vec<u8>),
    /// The client is told why not, and the connection closed.
    Refuse(Vec<u8>),
    /// The client has logged in.
    In(Vec<u8>),
    /// There is nothing to say.
    Close(Cause),
}

async fn step(
    connection: &Rc<Connection>,
    request: &[u8],
    mechanism: &mut Option<Mechanism>,
) -> Next {
    let Ok(header) = frame::request_header(request) else {
        return Next::Close(Cause::ClientFault(
            "the client sent a malformed request header",
        ));
    };
    let Some(api) = api::lookup(header.api_key).filter(|api| api.before_login) else {
        record::login_refused(&connection.core, connection, "none", "not_logged_in", None);
        return Next::Close(Cause::ClientFault(
            "the client sent a request before it logged in",
        ));
    };
    if !api.understands(header.api_version) && header.api_key != api::API_VERSIONS {
        return match refusal::refuse(
            &header,
            request,
            error::UNSUPPORTED_VERSION,
            "unsupported version",
        ) {
            Some(reply) => Next::Refuse(reply),
            None => Next::Close(Cause::ClientFault(
                "the client sent an unsupported version before login",
            )),
        };
    }
    match header.api_key {
        api::API_VERSIONS => Next::Reply(versions::answer(connection, &header, request)),
        api::SASL_HANDSHAKE => handshake(connection, &header, request, mechanism),
        _ => authenticate(connection, &header, request, *mechanism).await,
    }
}

/// The answer to a SaslHandshake, and the mechanism it chose.
pub(super) fn handshake(
    connection: &Connection,
    header: &RequestHeader,
    request: &[u8],
    mechanism: &mut Option<Mechanism>,
) -> Next {
    let RequestHeader {
        api_version,
        correlation_id,
        ..
    } = *header;
    let reply =
        |code| wire::handshake_response(api_version, correlation_id, code, sasl::mechanisms());
    let Ok(asked) = wire::parse_handshake(header, request) else {
        return Next::Close(Cause::ClientFault(
            "the client sent a malformed SaslHandshake",
        ));
    };
    *mechanism = Mechanism::named(asked);
    if api_version == 0 || mechanism.is_none() {
        record::login_refused(
            &connection.core,
            connection,
            "unknown",
            "sasl_mechanism",
            None,
        );
        let code = if api_version == 0 {
            error::UNSUPPORTED_VERSION
        } else {
            error::UNSUPPORTED_SASL_MECHANISM
        };
        return Next::Refuse(reply(code));
    }
    Next::Reply(reply(error::NONE))
}

async fn authenticate(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &[u8],
    mechanism: Option<Mechanism>,
) -> Next {
    let RequestHeader {
        api_version,
        correlation_id,
        ..
    } = *header;
    let refusal = |code, why: &str| {
        wire::authenticate_response(api_version, correlation_id, code, Some(why), &[], 0)
    };
    let Some(mechanism) = mechanism else {
        return Next::Refuse(refusal(
            error::ILLEGAL_SASL_STATE,
            "SaslHandshake must come first",
        ));
    };
    let Ok(span) = wire::parse_authenticate(header, request) else {
        return Next::Close(Cause::ClientFault(
            "the client sent a malformed SaslAuthenticate",
        ));
    };
    let message = &request[span];
    let mut checked = check(connection, mechanism, message);
    if let Err(Refused {
        unknown_key: Some((issuer, kid)),
        ..
    }) = &checked
    {
        wait_for_key(connection, *issuer, kid).await;
        checked = check(connection, mechanism, message);
    }
    match checked {
        Ok(verified) => {
            let client_id = client_id(header, request);
            let lifetime = verified.expires.0 - connection.core.now().0;
            open(
                connection,
                verified.principal,
                client_id,
                Some(verified.expires),
                mechanism.name(),
            );
            Next::In(wire::authenticate_response(
                api_version,
                correlation_id,
                error::NONE,
                None,
                &[],
                lifetime.max(1),
            ))
        }
        Err(refused) => {
            let name = mechanism.name();
            record::login_refused(
                &connection.core,
                connection,
                name,
                refused.code,
                refused.claimed,
            );
            Next::Refuse(refusal(error::SASL_AUTHENTICATION_FAILED, &refused.why))
        }
    }
}

/// The client's own name for itself.
pub(super) fn client_id(header: &RequestHeader, request: &[u8]) -> Arc<str> {
    let span = header.client_id.clone().unwrap_or(0..0);
    String::from_utf8_lossy(request.get(span).unwrap_or_default()).into()
}

/// Begins a session.
pub(super) fn open(
    connection: &Rc<Connection>,
    principal: Principal,
    client_id: Arc<str>,
    expires: Option<UnixMillis>,
    mechanism: &str,
) {
    let core = &connection.core;
    let session = Rc::new(Session::new(
        core.next_session_id(),
        principal,
        client_id,
        record::listener(connection).into(),
        expires,
    ));
    core.stats().logins.add(1);
    core.crowd.leave(connection.id);
    record::session_opened(core, connection, &session, mechanism);
    connection.set_session(session);
    connection.deadlines.logged_in(expires);
}
