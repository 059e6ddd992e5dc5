//! A token is renewed on an open connection (KIP-368).
//!
//! Owns: SaslHandshake and SaslAuthenticate after login, where the gateway is whom the client logs
//! in to; where that is the broker, `relay_renewal` watches. Refuses: a change of principal. Stays
//! true: the answer is the next in the order of requests; a refusal ends the connection; nothing
//! waits for an unknown key, since the requests behind it would too.

use super::connection::{Cause, Connection};
use super::login::{Next, handshake, open};
use super::proof::check;
use super::requests::{self, Step};
use super::session::Session;
use super::{record, relay_renewal};
use crate::config::Sasl;
use crate::identity::tokens::Verified;
use crate::kafka::frame::RequestHeader;
use crate::kafka::{api, error, sasl as wire};
use std::rc::Rc;

/// SaslHandshake and SaslAuthenticate on an open connection.
pub fn again(connection: &Rc<Connection>, header: &RequestHeader, request: &mut [u8]) -> Step {
    let session = connection.session();
    match (connection.listener().login, session) {
        (Sasl::Oidc, Some(session)) => renew(connection, &session, header, request),
        (Sasl::Relay, Some(_)) => relay_renewal::again(connection, header, request),
        _ => requests::refuse(connection, header, request, error::ILLEGAL_SASL_STATE),
    }
}

fn renew(
    connection: &Rc<Connection>,
    session: &Session,
    header: &RequestHeader,
    request: &mut [u8],
) -> Step {
    if header.api_key == api::SASL_HANDSHAKE {
        let mut mechanism = None;
        let next = handshake(connection, header, request, &mut mechanism);
        connection.renewing.set(mechanism);
        return answer(connection, next);
    }
    let Some(mechanism) = connection.renewing.take() else {
        return requests::refuse(connection, header, request, error::ILLEGAL_SASL_STATE);
    };
    let Ok(span) = wire::parse_authenticate(header, request) else {
        return Step::Close(Cause::ClientFault(
            "the client sent a malformed SaslAuthenticate",
        ));
    };
    let checked = check(connection, mechanism, &request[span.clone()]);
    request[span].fill(0); // it goes nowhere else
    let outcome = checked
        .map_err(|refused| {
            if let Some((issuer, kid)) = &refused.unknown_key {
                (connection.core.shared.ask_for_key)(*issuer, kid); // in time for the next try
            }
            (refused.code, refused.why, refused.claimed)
        })
        .and_then(|new| same_principal(session, new));
    let core = &connection.core;
    let next = match outcome {
        Ok(new) => {
            let lifetime = new.expires.0 - core.now().0;
            record::session_closed(core, connection, session, Cause::Renewed);
            let client_id = session.client_id.clone();
            let (name, end) = (mechanism.name(), Some(new.expires));
            open(connection, new.principal, client_id, end, name);
            Next::In(reply(header, error::NONE, None, lifetime.max(1)))
        }
        Err((code, why, claimed)) => {
            record::login_refused(core, connection, mechanism.name(), code, claimed);
            let error = error::SASL_AUTHENTICATION_FAILED;
            Next::Refuse(reply(header, error, Some(&why), 0))
        }
    };
    answer(connection, next)
}

type Refusal = (&'static str, String, Option<String>);

fn same_principal(session: &Session, new: Verified) -> Result<Verified, Refusal> {
    let (old, new_one) = (&session.principal, &new.principal);
    if new_one.name == old.name && new_one.issuer == old.issuer {
        return Ok(new);
    }
    let why = "the principal must not change when a token is renewed";
    let claimed = Some(new_one.name.to_string());
    Err(("principal_changed", why.to_owned(), claimed))
}

fn reply(header: &RequestHeader, error: i16, why: Option<&str>, lifetime_ms: i64) -> Vec<u8> {
    let (version, id) = (header.api_version, header.correlation_id);
    wire::authenticate_response(version, id, error, why, &[], lifetime_ms)
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
