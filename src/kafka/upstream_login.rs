//! The gateway's own login to a broker, without a socket.
//!
//! Owns: the order of the frames: SaslHandshake v1, then SaslAuthenticate v1 twice with SCRAM
//! inside. Refuses: a broker that does not offer the mechanism, that answers out of turn, or that
//! cannot prove that it knows the password. Stays true: nothing is sent before the reply to what
//! was sent last, and `Done` means that both sides have proved themselves.
//!
//! ```text
//! next(None)   → Send(handshake)
//! next(reply)  → Send(client-first)   → Send(client-final)   → Done
//! ```
//! It serves a new connection and re-authentication on an old one (KIP-368) alike.

use super::error::{NONE, UNSUPPORTED_SASL_MECHANISM};
use super::frame::response_correlation_id;
use super::reader::Malformed;
use super::sasl::{
    authenticate_request, handshake_request, parse_authenticate_response, parse_handshake_response,
};
use crate::identity::scram::{ClientFinal, ClientFirst, Credential, ScramFault};
use std::sync::Arc;

/// Since version 1 the broker says how long the session lasts; version 2 only adds tags. Brokers
/// speak version 1 since Kafka 2.2.
const AUTHENTICATE_VERSION: i16 = 1;

/// What the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this whole frame, read one reply frame, and give it to `next`.
    Send(Vec<u8>),
    /// Logged in.
    Done {
        /// Milliseconds until the broker wants a new login (KIP-368); 0 for never.
        session_lifetime_ms: i64,
    },
}

/// Why the login to a broker failed. The connection is of no further use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginFault {
    /// The broker does not offer the configured mechanism.
    #[error("the broker does not offer {mechanism}, only: {offered}")]
    Mechanism {
        /// What is configured.
        mechanism: &'static str,
        /// What the broker lists.
        offered: String,
    },
    /// The broker answered with an error; 58 is a wrong name or password.
    #[error("the broker refused the login with error {error}: {message}")]
    Refused {
        /// Kafka's error code.
        error: i16,
        /// The broker's words, bounded.
        message: String,
    },
    /// The SCRAM exchange failed.
    #[error(transparent)]
    Scram(#[from] ScramFault),
    /// A reply that cannot be read.
    #[error("the broker's reply to the login: {0}")]
    Malformed(#[from] Malformed),
    /// A reply to another request, or a call out of turn.
    #[error("the broker's reply does not belong to the login")]
    OutOfTurn,
}

/// One login under way.
#[derive(Debug)]
pub struct UpstreamLogin {
    client_id: String,
    correlation_id: i32,
    state: State,
}

#[derive(Debug)]
enum State {
    Start(ClientFirst, Vec<u8>, &'static str),
    Handshake(ClientFirst, Vec<u8>, &'static str),
    First(ClientFirst),
    Final(ClientFinal),
    /// Done, or failed.
    Over,
}

impl UpstreamLogin {
    /// Prepares a login. `nonce` must be fresh and random for each (see [`ClientFirst::new`]);
    /// `correlation_id` is the first of the three that the login uses.
    ///
    /// # Errors
    /// `ScramFault::Nonce`.
    pub fn new(
        credential: Arc<Credential>,
        nonce: &str,
        client_id: &str,
        correlation_id: i32,
    ) -> Result<UpstreamLogin, LoginFault> {
        let mechanism = credential.mechanism();
        let (login, first) = ClientFirst::new(credential, nonce)?;
        Ok(UpstreamLogin {
            client_id: client_id.to_owned(),
            correlation_id,
            state: State::Start(login, first, mechanism),
        })
    }

    /// The next step, given the whole reply frame (size field included) to the last `Send`, or
    /// `None` to begin.
    ///
    /// # Errors
    /// See [`LoginFault`]; after one, every further call is `OutOfTurn`.
    pub fn next(&mut self, reply: Option<&[u8]>) -> Result<Step, LoginFault> {
        let state = std::mem::replace(&mut self.state, State::Over);
        let reply = match (&state, reply) {
            (State::Start(..), None) => &[],
            (State::Start(..), Some(_)) | (_, None) => return Err(LoginFault::OutOfTurn),
            (_, Some(reply)) => {
                self.check_turn(reply)?;
                reply
            }
        };
        match state {
            State::Start(login, first, mechanism) => {
                self.state = State::Handshake(login, first, mechanism);
                Ok(Step::Send(handshake_request(
                    self.correlation_id,
                    &self.client_id,
                    mechanism,
                )))
            }
            State::Handshake(login, first, mechanism) => {
                check_handshake(reply, mechanism)?;
                self.state = State::First(login);
                Ok(self.authenticate(&first))
            }
            State::First(login) => {
                let (auth, _) = accepted(reply)?;
                let (login, proof) = login.prove(auth)?;
                self.state = State::Final(login);
                Ok(self.authenticate(&proof))
            }
            State::Final(login) => {
                let (auth, session_lifetime_ms) = accepted(reply)?;
                login.verify(auth)?;
                Ok(Step::Done {
                    session_lifetime_ms,
                })
            }
            State::Over => Err(LoginFault::OutOfTurn),
        }
    }

    fn check_turn(&self, reply: &[u8]) -> Result<(), LoginFault> {
        if response_correlation_id(reply)? == self.correlation_id {
            Ok(())
        } else {
            Err(LoginFault::OutOfTurn)
        }
    }

    fn authenticate(&mut self, auth: &[u8]) -> Step {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        let (id, client) = (self.correlation_id, &self.client_id);
        Step::Send(authenticate_request(AUTHENTICATE_VERSION, id, client, auth))
    }
}

fn check_handshake(reply: &[u8], mechanism: &'static str) -> Result<(), LoginFault> {
    let reply = parse_handshake_response(reply)?;
    match reply.error {
        NONE if reply.mechanisms.contains(&mechanism) => Ok(()),
        NONE | UNSUPPORTED_SASL_MECHANISM => {
            let offered = bounded(&reply.mechanisms.join(", "));
            Err(LoginFault::Mechanism { mechanism, offered })
        }
        error => Err(LoginFault::Refused {
            error,
            message: "at the handshake".to_owned(),
        }),
    }
}

/// The mechanism's bytes and the session's lifetime, unless the broker refused.
fn accepted(frame: &[u8]) -> Result<(&[u8], i64), LoginFault> {
    let reply = parse_authenticate_response(AUTHENTICATE_VERSION, frame)?;
    if reply.error != NONE {
        let message = bounded(reply.message.unwrap_or_default());
        return Err(LoginFault::Refused {
            error: reply.error,
            message,
        });
    }
    let auth = frame.get(reply.auth).unwrap_or_default();
    Ok((auth, reply.session_lifetime_ms))
}

/// The broker's words as they may stand in a log line.
fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::scram::Hash;
    use crate::kafka::frame::request_header;
    use crate::kafka::sasl::{
        authenticate_response, handshake_response, parse_authenticate, parse_handshake,
    };
    use proptest::prelude::*;

    /// The example of RFC 7677 §3.
    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_FIRST: &[u8] = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                                  s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const SERVER_FINAL: &[u8] = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn login() -> UpstreamLogin {
        let credential = Credential::new(Hash::Sha256, "user", "pencil").unwrap();
        UpstreamLogin::new(Arc::new(credential), NONCE, "lockgate", 7).unwrap()
    }

    fn sent(step: Result<Step, LoginFault>) -> Vec<u8> {
        match step.unwrap() {
            Step::Send(frame) => frame,
            Step::Done { .. } => panic!("done too early"),
        }
    }

    fn greeted() -> UpstreamLogin {
        let mut login = login();
        let _ = sent(login.next(None));
        let _ = sent(login.next(Some(&handshake_response(1, 7, 0, &["SCRAM-SHA-256"]))));
        login
    }

    fn says(id: i32, auth: &[u8]) -> Vec<u8> {
        authenticate_response(1, id, 0, None, auth, 3_600_000)
    }

    #[test]
    fn a_whole_login() {
        let mut login = login();
        let frame = sent(login.next(None));
        let header = request_header(&frame).unwrap();
        assert_eq!(
            (header.api_key, header.api_version, header.correlation_id),
            (17, 1, 7)
        );
        assert_eq!(parse_handshake(&header, &frame), Ok("SCRAM-SHA-256"));
        let offer = handshake_response(1, 7, 0, &["PLAIN", "SCRAM-SHA-256"]);
        let frame = sent(login.next(Some(&offer)));
        let header = request_header(&frame).unwrap();
        assert_eq!(
            (header.api_key, header.api_version, header.correlation_id),
            (36, 1, 8)
        );
        let auth = parse_authenticate(&header, &frame).unwrap();
        assert_eq!(&frame[auth], format!("n,,n=user,r={NONCE}").as_bytes());
        let frame = sent(login.next(Some(&says(8, SERVER_FIRST))));
        assert_eq!(request_header(&frame).unwrap().correlation_id, 9);
        let done = login.next(Some(&says(9, SERVER_FINAL)));
        assert_eq!(
            done,
            Ok(Step::Done {
                session_lifetime_ms: 3_600_000
            })
        );
        assert_eq!(
            login.next(Some(&says(9, SERVER_FINAL))),
            Err(LoginFault::OutOfTurn)
        );
    }

    #[test]
    fn brokers_that_refuse_or_lie() {
        for (error, offered) in [(0, &["PLAIN"][..]), (33, &["PLAIN"]), (0, &[])] {
            let mut login = login();
            let _ = sent(login.next(None));
            let got = login.next(Some(&handshake_response(1, 7, error, offered)));
            let want = (Hash::Sha256.mechanism(), offered.join(", "));
            let want = LoginFault::Mechanism {
                mechanism: want.0,
                offered: want.1,
            };
            assert_eq!(got, Err(want));
        }
        let refusal = authenticate_response(1, 8, 58, Some("no\x1b such user"), b"", 0);
        let want = LoginFault::Refused {
            error: 58,
            message: "no such user".to_owned(),
        };
        assert_eq!(greeted().next(Some(&refusal)), Err(want));
        let mut login = greeted();
        let _ = sent(login.next(Some(&says(8, SERVER_FIRST))));
        let got = login.next(Some(&says(9, b"")));
        assert_eq!(
            got,
            Err(LoginFault::Scram(ScramFault::Malformed)),
            "no proof"
        );
    }

    #[test]
    fn only_the_expected_reply_counts() {
        assert_eq!(
            login().next(Some(&says(7, b""))),
            Err(LoginFault::OutOfTurn)
        );
        assert_eq!(
            greeted().next(Some(&says(9, SERVER_FIRST))),
            Err(LoginFault::OutOfTurn)
        );
        assert_eq!(greeted().next(None), Err(LoginFault::OutOfTurn));
        assert!(matches!(
            greeted().next(Some(b"")),
            Err(LoginFault::Malformed(_))
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_reply_is_a_step_or_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for id in [7, 8] {
                let mut reply = vec![0, 0, 0, 0, 0, 0, 0, id];
                reply.extend_from_slice(&bytes);
                let mut login = if id == 8 { greeted() } else { login() };
                if id == 7 {
                    let _ = login.next(None);
                }
                let step = login.next(Some(&reply));
                let done = matches!(step, Ok(Step::Done { .. }));
                prop_assert!(!done);
            }
        }
    }
}
