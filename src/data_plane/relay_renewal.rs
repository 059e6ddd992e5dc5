//! A login at the broker is renewed on an open connection, through the gateway (KIP-368).
//!
//! Owns: SaslHandshake and SaslAuthenticate after a relayed login: they go to the broker in their
//! turn among the other requests, and its replies come back in theirs. Refuses: a renewal for
//! somebody else, whatever the broker says to it (Kafka refuses it too). Stays true: until the
//! broker has answered the last step it is sent nothing of the gateway's own, which it would take
//! for a breach of the exchange.

use super::answers::Relay;
use super::connection::{Cause, Connection};
use super::record;
use super::relay_login::{BAD_REPLY, MALFORMED, begin, refused, vouched_now};
use super::requests::{self, Step};
use crate::identity::exchange::{Exchange, Progress};
use crate::identity::tokens::Verified;
use crate::kafka::frame::RequestHeader;
use crate::kafka::{api, error, sasl as wire};
use std::rc::Rc;

/// A login on an open connection, under way.
pub struct Renewal {
    exchange: Exchange,
    /// Whether the broker owes the answer to a step: the next must not come before it, or answer
    /// and exchange would no longer belong together.
    asked: bool,
    vouched: Option<Verified>,
}

/// SaslHandshake and SaslAuthenticate on an open connection: they go to the broker in their turn.
pub fn again(connection: &Rc<Connection>, header: &RequestHeader, request: &mut [u8]) -> Step {
    let illegal = error::ILLEGAL_SASL_STATE;
    let mut renewal = connection.relayed_renewal.borrow_mut();
    if renewal.as_ref().is_some_and(|renewal| renewal.asked) {
        return Step::Close(MALFORMED);
    }
    if header.api_key == api::SASL_HANDSHAKE {
        let chosen = wire::parse_handshake(header, request).map(Exchange::new);
        let (Ok(Some(exchange)), true) = (chosen, header.api_version > 0) else {
            return Step::Close(MALFORMED);
        };
        let vouched = None;
        *renewal = Some(Box::new(Renewal {
            exchange,
            asked: true,
            vouched,
        }));
        connection.upstream_session.set_shut(true);
        return requests::relay(connection, header, request);
    }
    let Some(renewal) = renewal.as_mut() else {
        return requests::refuse(connection, header, request, illegal);
    };
    let Ok(auth) = wire::parse_authenticate(header, request) else {
        return Step::Close(MALFORMED);
    };
    let message = &request[auth];
    renewal.asked = true;
    renewal.exchange.client(message);
    if renewal.exchange.carries_token() && renewal.vouched.is_none() {
        renewal.vouched = vouched_now(connection, message).and_then(Result::ok);
    }
    requests::relay(connection, header, request)
}

/// Takes the broker's reply to a login on an open connection, on its way to the client.
pub fn renewed(connection: &Rc<Connection>, relay: Relay, reply: &[u8]) -> Result<(), Cause> {
    let mut slot = connection.relayed_renewal.borrow_mut();
    let Some(renewal) = slot.as_mut() else {
        return Err(BAD_REPLY); // it has answered before, and not without error
    };
    renewal.asked = false;
    let exchange = &mut renewal.exchange;
    let (error, progress) = if relay.api_key == api::SASL_HANDSHAKE {
        let told = wire::parse_handshake_response(reply).map_err(|_| BAD_REPLY)?;
        (told.error, Progress::More)
    } else {
        let told = wire::parse_authenticate_response(relay.api_version, reply);
        let told = told.map_err(|_| BAD_REPLY)?;
        let bytes = reply.get(told.auth).unwrap_or_default();
        match told.error {
            error::NONE => (
                error::NONE,
                exchange.broker(bytes, told.session_lifetime_ms),
            ),
            error => (error, Progress::More),
        }
    };
    if error != error::NONE {
        refused(connection, exchange, "broker_refused");
        *slot = None;
        // the exchange is over; most brokers close now, and one that goes on may be written to
        connection.upstream_session.set_shut(false);
        connection.send_releases();
        return Ok(());
    }
    let name = match progress {
        Progress::More => return Ok(()),
        Progress::Nameless(fault) => {
            refused(connection, exchange, fault.code());
            return Err(Cause::LoginRefused);
        }
        Progress::Accepted(name) => name,
    };
    let session = connection.session().ok_or(Cause::OwnFault)?;
    if session.principal.name != name {
        refused(connection, exchange, "principal_changed");
        return Err(Cause::LoginRefused);
    }
    let Some(Renewal {
        exchange, vouched, ..
    }) = slot.take().map(|renewal| *renewal)
    else {
        return Err(Cause::OwnFault);
    };
    record::session_closed(&connection.core, connection, &session, Cause::Renewed);
    let client_id = session.client_id.clone();
    begin(connection, name, client_id, vouched, exchange.mechanism());
    connection.upstream_session.set_shut(false);
    connection.send_releases();
    Ok(())
}
