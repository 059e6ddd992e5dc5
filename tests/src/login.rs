//! Logging in by hand: SASL/PLAIN and SASL/OAUTHBEARER as stock clients send them.
//!
//! OAUTHBEARER is RFC 7628 §3.1: `n,,` ^A `auth=Bearer TOKEN` ^A ^A. A refused token is answered
//! with a JSON challenge that the client acknowledges with one ^A, or with the error at once.

use crate::target::{Login, Target};
use crate::wire::Wire;
use anyhow::{Result, bail};
use bytes::Bytes;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
};
use kafka_protocol::protocol::StrBytes;

const HANDSHAKE_VERSION: i16 = 1;
const AUTHENTICATE_VERSION: i16 = 2;

/// A refused login, in the broker's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Kafka's error code; 58 is SASL_AUTHENTICATION_FAILED, 33 UNSUPPORTED_SASL_MECHANISM.
    pub code: i16,
    /// The message that came with it.
    pub message: String,
}

/// A connection to the target that has logged in.
pub fn connect(target: &Target) -> Result<Wire> {
    connect_as(target, "lockgate-test")
}

/// The same, under a client id of one's own.
pub fn connect_as(target: &Target, client_id: &str) -> Result<Wire> {
    let mut wire = match &target.authority {
        None => Wire::connect_as(&target.bootstrap, client_id)?,
        Some(authority) => {
            let (host, _) = target.bootstrap.rsplit_once(':').unwrap_or_default();
            Wire::connect_tls(&target.bootstrap, client_id, authority, host)?
        }
    };
    match login(&mut wire, &target.login)? {
        Ok(_) => Ok(wire),
        Err(refused) => bail!("the login was refused: {refused:?}"),
    }
}

/// Logs in; the session's lifetime in milliseconds (0: none told), or how it was refused.
pub fn login(wire: &mut Wire, login: &Login) -> Result<Result<i64, Refused>> {
    match login {
        Login::None => Ok(Ok(0)),
        Login::Plain { token } => exchange(wire, "PLAIN", format!("\0token\0{token}").into_bytes()),
        Login::User {
            mechanism: "PLAIN",
            name,
            password,
        } => exchange(wire, "PLAIN", format!("\0{name}\0{password}").into_bytes()),
        Login::User { mechanism, .. } => bail!("{mechanism} by hand: use a stock client"),
        Login::Bearer { token } => exchange(
            wire,
            "OAUTHBEARER",
            format!("n,,\x01auth=Bearer {token}\x01\x01").into_bytes(),
        ),
    }
}

/// Handshake for `mechanism`, then its first message.
pub fn exchange(wire: &mut Wire, mechanism: &str, first: Vec<u8>) -> Result<Result<i64, Refused>> {
    let asked =
        SaslHandshakeRequest::default().with_mechanism(StrBytes::from_string(mechanism.to_owned()));
    let shaken = wire.call(&asked, HANDSHAKE_VERSION)?;
    if shaken.error_code != 0 {
        let message = format!("offered: {:?}", shaken.mechanisms);
        return Ok(Err(Refused {
            code: shaken.error_code,
            message,
        }));
    }
    let reply = authenticate(wire, first)?;
    let challenged =
        reply.error_code == 0 && mechanism == "OAUTHBEARER" && !reply.auth_bytes.is_empty();
    let last = if challenged {
        authenticate(wire, vec![1])?
    } else {
        reply
    };
    if last.error_code == 0 {
        return Ok(Ok(last.session_lifetime_ms));
    }
    let message = last
        .error_message
        .map(|m| m.to_string())
        .unwrap_or_default();
    Ok(Err(Refused {
        code: last.error_code,
        message,
    }))
}

fn authenticate(wire: &mut Wire, bytes: Vec<u8>) -> Result<SaslAuthenticateResponse> {
    let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from(bytes));
    wire.call(&request, AUTHENTICATE_VERSION)
}
