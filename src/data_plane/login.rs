//! Who is it: the exchanges before a connection is open, and again when a token is renewed.
//!
//! Owns: ApiVersions, SaslHandshake and SaslAuthenticate towards clients. Refuses: every other
//! API before login (the connection is closed, as a broker does), SaslHandshake v0 (its next bytes
//! would be no frame), a change of principal when a token is renewed (KIP-368). Stays true: no
//! token is kept, logged or shown; a refusal is the standard SASL error and an audit entry.

use super::cluster::Login;
use super::connection::{Cause, Connection};
use super::inflow::Inflow;
use super::made::Made;
use super::proof::{Refused, check, wait_for_key};
use super::record;
use super::requests::Step;
use super::session::Session;
use crate::chunk::{Principal, UnixMillis};
use crate::identity::sasl::{self, Mechanism};
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::{api, api_versions, error, refusal, sasl as wire};
use std::rc::Rc;
use std::sync::Arc;

/// Logs a client in; returns when requests may follow.
pub async fn run(connection: &Rc<Connection>, inflow: &mut Inflow<'_>) -> Result<(), Cause> {
    if connection.listener().login == Login::None {
        let nobody = Principal {
            name: "anonymous".into(),
            groups: Arc::new([]),
            issuer: "".into(),
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
        inflow.keep(buffer);
        match done {
            Next::Reply(reply) => send(connection, reply).await?,
            Next::Refuse(reply) => {
                send(connection, reply).await?;
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

async fn send(connection: &Connection, reply: Vec<u8>) -> Result<(), Cause> {
    let sent = connection.client.write_all(Made::new(reply)).await;
    sent.map(|_| ())
        .map_err(|_| Cause::ClientFault("writing to the client failed"))
}

/// What follows a frame before login.
enum Next {
    Reply(Vec<u8>),
    Refuse(Vec<u8>),
    In(Vec<u8>),
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
        api::API_VERSIONS => {
            let cluster = connection.cluster.view.load();
            Next::Reply(api_versions::answer(
                header.api_version,
                header.correlation_id,
                &cluster.clamped,
            ))
        }
        api::SASL_HANDSHAKE => handshake(connection, &header, request, mechanism),
        _ => authenticate(connection, &header, request, *mechanism).await,
    }
}

fn handshake(
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

fn client_id(header: &RequestHeader, request: &[u8]) -> Arc<str> {
    let span = header.client_id.clone().unwrap_or(0..0);
    String::from_utf8_lossy(request.get(span).unwrap_or_default()).into()
}

fn open(
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
        expires,
    ));
    core.stats().logins.add(1);
    record::session_opened(core, connection, &session, mechanism);
    connection.set_session(session);
    connection.deadlines.logged_in(expires);
}

/// SaslHandshake and SaslAuthenticate on an open connection: the token is renewed (KIP-368).
pub fn again(connection: &Rc<Connection>, header: &RequestHeader, request: &[u8]) -> Step {
    let Some(session) = connection
        .session()
        .filter(|_| connection.listener().login == Login::Oidc)
    else {
        return super::requests::refuse(connection, header, request, error::ILLEGAL_SASL_STATE);
    };
    if header.api_key == api::SASL_HANDSHAKE {
        let mut mechanism = None;
        let next = handshake(connection, header, request, &mut mechanism);
        connection.renewing.set(mechanism);
        return answer(connection, next);
    }
    let RequestHeader {
        api_version,
        correlation_id,
        ..
    } = *header;
    let Some(mechanism) = connection.renewing.take() else {
        return super::requests::refuse(connection, header, request, error::ILLEGAL_SASL_STATE);
    };
    let Ok(span) = wire::parse_authenticate(header, request) else {
        return Step::Close(Cause::ClientFault(
            "the client sent a malformed SaslAuthenticate",
        ));
    };
    let next = match check(connection, mechanism, &request[span]) {
        Ok(new)
            if new.principal.name == session.principal.name
                && new.principal.issuer == session.principal.issuer =>
        {
            let lifetime = new.expires.0 - connection.core.now().0;
            record::session_closed(&connection.core, connection, &session, Cause::Renewed);
            open(
                connection,
                new.principal,
                session.client_id.clone(),
                Some(new.expires),
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
        Ok(new) => {
            let claimed = Some(new.principal.name.to_string());
            record::login_refused(
                &connection.core,
                connection,
                mechanism.name(),
                "principal_changed",
                claimed,
            );
            let why = "the principal must not change when a token is renewed";
            let code = error::SASL_AUTHENTICATION_FAILED;
            Next::Refuse(wire::authenticate_response(
                api_version,
                correlation_id,
                code,
                Some(why),
                &[],
                0,
            ))
        }
        Err(refused) => {
            if let Some((issuer, kid)) = &refused.unknown_key {
                (connection.core.shared.ask_for_key)(*issuer, kid); // in time for the next try
            }
            record::login_refused(
                &connection.core,
                connection,
                mechanism.name(),
                refused.code,
                refused.claimed,
            );
            let code = error::SASL_AUTHENTICATION_FAILED;
            Next::Refuse(wire::authenticate_response(
                api_version,
                correlation_id,
                code,
                Some(&refused.why),
                &[],
                0,
            ))
        }
    };
    answer(connection, next)
}

fn answer(connection: &Connection, next: Next) -> Step {
    match next {
        Next::Reply(reply) | Next::In(reply) => {
            connection.answer_now(reply);
            Step::Done
        }
        Next::Refuse(reply) => {
            connection.answer_now(reply);
            Step::Refused(Cause::LoginRefused)
        }
        Next::Close(cause) => Step::Close(cause),
    }
}
