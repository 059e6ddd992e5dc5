//! What strangers may send to log in, and what brokers answer to the gateway's own login.

use lockgate::identity::credential::{Credential, Hash};
use lockgate::identity::exchange::{Exchange, Progress};
use lockgate::identity::oauthbearer::OauthRequest;
use lockgate::identity::{oauthbearer, sasl};
use lockgate::kafka::frame;
use lockgate::kafka::sasl as wire;
use lockgate::kafka::upstream_login::{Step, UpstreamLogin};
use std::sync::{Arc, OnceLock};

/// What lies between two messages: no text has it.
const NEXT: u8 = 0xff;

/// SASL frames and the messages in them.
pub fn sasl(data: &[u8]) {
    let _ = sasl::plain(data);
    if let Ok(request) = oauthbearer::oauthbearer(data) {
        assert!(!request.token.is_empty());
        // A client may well send its token as a name too: what counts is that the field is not shown.
        let other = OauthRequest {
            token: "another",
            authzid: request.authzid.clone(),
            extensions: request.extensions.clone(),
        };
        assert_eq!(
            format!("{request:?}"),
            format!("{other:?}"),
            "a token is printed"
        );
    }
    if let Ok(header) = frame::request_header(data) {
        let _ = wire::parse_handshake(&header, data);
        if let Ok(span) = wire::parse_authenticate(&header, data) {
            assert!(data.get(span).is_some());
        }
    }
    let _ = wire::parse_handshake_response(data);
    let _ = wire::parse_authenticate_response(1, data);
}

/// A login that passes through: the mechanism, then both sides' messages in turn. A name is the one
/// that was claimed, and no password is kept.
pub fn exchange(data: &[u8]) {
    let mut messages = data.split(|byte| *byte == NEXT);
    let mechanism = messages.next().unwrap_or_default();
    let mechanism = std::str::from_utf8(mechanism).unwrap_or_default();
    let Some(mut exchange) = Exchange::new(mechanism) else {
        return;
    };
    let (mut first, mut last) = (None, None);
    while let Some(message) = messages.next() {
        exchange.client(message);
        first = first.or(Some(message));
        let Some(reply) = messages.next() else { break };
        let lifetime = reply.len() as i64 % 2;
        last = Some(exchange.broker(reply, lifetime));
        if last != Some(Progress::More) {
            break;
        }
    }
    if let Some(Progress::Accepted(name)) = &last {
        assert!(!name.is_empty());
        assert_eq!(exchange.claimed(), Some(&**name));
    }
    if mechanism == "PLAIN" {
        plain(&exchange, first.unwrap_or_default());
    }
}

/// Kafka reads `[authzid] NUL authcid NUL passwd` and nothing else.
fn plain(exchange: &Exchange, message: &[u8]) {
    let message = std::str::from_utf8(message).unwrap_or_default();
    let parts: Vec<&str> = message.split('\0').collect();
    let [authzid, name, password] = parts[..] else {
        return assert_eq!(exchange.claimed(), None);
    };
    if let Some(claimed) = exchange.claimed() {
        assert_eq!(claimed, name);
        assert!(authzid.is_empty() || authzid == name);
        let long = password.len() > 12 && !name.contains(password);
        let shown = format!("{exchange:?}");
        assert!(!(long && shown.contains(password)), "a password is kept");
    }
}

/// A broker's SCRAM messages, or any frames in their place: only the right proof is believed.
pub fn scram(data: &[u8]) {
    static CREDENTIAL: OnceLock<Option<Arc<Credential>>> = OnceLock::new();
    let make = || Credential::new(Hash::Sha256, "sample", "sample-password").ok();
    let Some(credential) = CREDENTIAL.get_or_init(|| make().map(Arc::new)) else {
        panic!("no credential")
    };
    let Ok(mut login) = UpstreamLogin::new(credential.clone(), "fuzz", "fuzz", 0) else {
        panic!("no login")
    };
    let mut step = login.next(None);
    let framed = data.first() != Some(&NEXT);
    if framed {
        step = login.next(Some(&handshake()));
    }
    for (index, message) in data.split(|byte| *byte == NEXT).enumerate() {
        let reply = match framed {
            true => authenticated(1 + index as i32, message),
            false => message.to_vec(),
        };
        match step {
            Ok(Step::Send(_)) => step = login.next(Some(&reply)),
            _ => break,
        }
    }
    let done = matches!(step, Ok(Step::Done { .. }));
    assert!(!done, "nobody guesses the proof");
}

/// The broker offers the mechanism.
fn handshake() -> Vec<u8> {
    let mechanism = b"SCRAM-SHA-256";
    let mut body = vec![0, 0, 0, 0, 0, 1, 0, mechanism.len() as u8];
    body.extend_from_slice(mechanism);
    reply(0, &body)
}

/// No error, no text, the message, a lifetime of 0.
fn authenticated(correlation_id: i32, message: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 0xff, 0xff];
    body.extend_from_slice(&(message.len() as i32).to_be_bytes());
    body.extend_from_slice(message);
    body.extend_from_slice(&[0; 8]);
    reply(correlation_id, &body)
}

fn reply(correlation_id: i32, body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32 + 4).to_be_bytes().to_vec();
    frame.extend_from_slice(&correlation_id.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}
