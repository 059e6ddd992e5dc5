//! What strangers may send to log in, and what brokers answer to the gateway's own login.

use lockgate::identity::{oauthbearer, sasl};
use lockgate::kafka::frame;
use lockgate::kafka::sasl as wire;

/// SASL frames and the messages in them.
pub fn sasl(data: &[u8]) {
    let _ = sasl::plain(data);
    let _ = oauthbearer::oauthbearer(data);
    if let Ok(header) = frame::request_header(data) {
        let _ = wire::parse_handshake(&header, data);
        if let Ok(span) = wire::parse_authenticate(&header, data) {
            assert!(data.get(span).is_some());
        }
    }
    let _ = wire::parse_handshake_response(data);
    let _ = wire::parse_authenticate_response(1, data);
}

/// A broker's SCRAM messages: only the right proof is believed.
pub fn scram(data: &[u8]) {
    use lockgate::identity::credential::{Credential, Hash};
    use lockgate::kafka::upstream_login::{Step, UpstreamLogin};
    use std::sync::Arc;
    let Ok(credential) = Credential::new(Hash::Sha256, "u", "p") else {
        return;
    };
    let Ok(mut login) = UpstreamLogin::new(Arc::new(credential), "nonce", "fuzz", 0) else {
        return;
    };
    let mut step = login.next(None);
    for reply in data.split(|byte| *byte == 0xff) {
        match step {
            Ok(Step::Send(_)) => step = login.next(Some(reply)),
            _ => break,
        }
    }
    assert!(
        !matches!(step, Ok(Step::Done { .. })),
        "nobody guesses the proof"
    );
}
