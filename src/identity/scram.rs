//! The client side of SCRAM-SHA-256 and -512 (RFC 5802, RFC 7677): the gateway's own login to a
//! broker.
//!
//! Owns: the four messages and their proofs. Refuses: fewer iterations than RFC 7677 asks for,
//! more than a core can spend, a nonce that does not extend ours, and extensions
//! (`m=`). Stays true: the login has succeeded only when the broker has proved that it knows the
//! password too.

use crate::limits::{SCRAM_ITERATIONS_MAX, SCRAM_MESSAGE_BYTES_MAX};
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

pub use super::credential::{Credential, Hash};

/// RFC 7677 §4.
const ITERATIONS_MIN: u32 = 4096;
/// `n,,` in base64: the gs2 header of a client without channel binding.
const GS2_HEADER: &str = "n,,";

/// Why a login to a broker failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramFault {
    /// The configured name or password cannot be sent without SASLprep.
    #[error("the broker credential's {0} must be printable ASCII and not empty")]
    NotAscii(&'static str),
    /// The nonce given by the caller is empty or not printable.
    #[error("the SCRAM nonce is empty or not printable; this is a fault of the gateway")]
    Nonce,
    /// The broker's message is not of the form of RFC 5802 §7.
    #[error("the broker's SCRAM message is malformed")]
    Malformed,
    /// The broker's nonce does not start with ours: a replay, or another's reply.
    #[error("the broker's SCRAM nonce does not extend the gateway's")]
    OtherNonce,
    /// Outside 4096 to `SCRAM_ITERATIONS_MAX`.
    #[error(
        "the broker asks for {0} SCRAM iterations; 4096 to {SCRAM_ITERATIONS_MAX} are accepted"
    )]
    Iterations(u32),
    /// `e=` in the final message: a wrong name or password.
    #[error("the broker refused the credential: {0}")]
    Refused(String),
    /// The broker's signature is wrong: it does not know the password.
    #[error("the broker did not prove that it knows the password")]
    ServerSignature,
}

/// A login of which the first message is out.
#[derive(Debug)]
pub struct ClientFirst {
    credential: Arc<Credential>,
    nonce: String,
    /// client-first-message-bare, part of what both sides sign.
    bare: String,
}

/// A login of which the proof is out.
pub struct ClientFinal {
    hash: Hash,
    server_key: hmac::Tag,
    signed: String,
}

/// A nonce made of the caller's random bytes: fit for [`ClientFirst::new`].
pub fn nonce(random: [u8; 18]) -> String {
    BASE64.encode(&random) // 24 characters, no padding, no comma
}

impl ClientFirst {
    /// Starts a login; gives it and the client-first-message. `nonce` must be fresh, random and
    /// printable without a comma; [`nonce`] makes one.
    ///
    /// # Errors
    /// `ScramFault::Nonce`.
    pub fn new(
        credential: Arc<Credential>,
        nonce: &str,
    ) -> Result<(ClientFirst, Vec<u8>), ScramFault> {
        let printable = |b: u8| (b'!'..=b'~').contains(&b) && b != b',';
        if nonce.is_empty() || !nonce.bytes().all(printable) {
            return Err(ScramFault::Nonce);
        }
        let name = credential.username.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={name},r={nonce}");
        let message = format!("{GS2_HEADER}{bare}").into_bytes();
        Ok((
            ClientFirst {
                credential,
                nonce: nonce.to_owned(),
                bare,
            },
            message,
        ))
    }

    /// Answers the server-first-message with the client-final-message.
    ///
    /// # Errors
    /// The broker's message is malformed, not an answer to ours, or asks for too much.
    pub fn prove(self, server_first: &[u8]) -> Result<(ClientFinal, Vec<u8>), ScramFault> {
        let challenge = Challenge::parse(server_first)?;
        let own = challenge.nonce.strip_prefix(self.nonce.as_str());
        if own.is_none_or(str::is_empty) {
            return Err(ScramFault::OtherNonce);
        }
        let hash = self.credential.hash;
        let stretched = self
            .credential
            .stretched(&challenge.salt, challenge.iterations);
        let key = |purpose: &str| hash.mac(&stretched.salted_password, purpose.as_bytes());
        let (client_key, server_key) = (key("Client Key"), key("Server Key"));
        let unproved = format!(
            "c={},r={}",
            BASE64.encode(GS2_HEADER.as_bytes()),
            challenge.nonce
        );
        let signed = format!("{},{},{unproved}", self.bare, challenge.text);
        let stored_key = hash.digest(client_key.as_ref());
        let signature = hash.mac(stored_key.as_ref(), signed.as_bytes());
        let pairs = client_key.as_ref().iter().zip(signature.as_ref());
        let proof: Vec<u8> = pairs.map(|(key, signature)| key ^ signature).collect();
        let message = format!("{unproved},p={}", BASE64.encode(&proof)).into_bytes();
        Ok((
            ClientFinal {
                hash,
                server_key,
                signed,
            },
            message,
        ))
    }
}

impl ClientFinal {
    /// Checks the server-final-message: the broker proves that it knows the password as well.
    ///
    /// # Errors
    /// `Refused` when the broker says so, `ServerSignature` when it does not know the password.
    pub fn verify(self, server_final: &[u8]) -> Result<(), ScramFault> {
        let text = text(server_final)?;
        let mut attributes = text.split(',');
        match attributes.next().and_then(|first| first.split_once('=')) {
            Some(("v", signature)) => {
                let given = BASE64
                    .decode(signature.as_bytes())
                    .map_err(|_| ScramFault::Malformed)?;
                let own = self
                    .hash
                    .mac(self.server_key.as_ref(), self.signed.as_bytes());
                constant_time::verify_slices_are_equal(own.as_ref(), &given)
                    .map_err(|_| ScramFault::ServerSignature)
            }
            Some(("e", reason)) => Err(ScramFault::Refused(printable(reason))),
            _ => Err(ScramFault::Malformed),
        }
    }
}

impl fmt::Debug for ClientFinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFinal").finish_non_exhaustive() // the keys would do as a password
    }
}

/// The server-first-message: `r=NONCE,s=SALT,i=ITERATIONS`, then extensions that may be ignored.
struct Challenge<'a> {
    text: &'a str,
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

impl<'a> Challenge<'a> {
    fn parse(message: &'a [u8]) -> Result<Challenge<'a>, ScramFault> {
        let text = text(message)?;
        let mut attributes = text.split(',');
        let mut attribute = |name: &str| {
            let value = attributes.next().and_then(|a| a.strip_prefix(name));
            value
                .filter(|value| !value.is_empty())
                .ok_or(ScramFault::Malformed)
        };
        let nonce = attribute("r=")?;
        let salt = attribute("s=")?;
        let iterations: u32 = attribute("i=")?
            .parse()
            .map_err(|_| ScramFault::Malformed)?;
        let salt = BASE64
            .decode(salt.as_bytes())
            .map_err(|_| ScramFault::Malformed)?;
        if !(ITERATIONS_MIN..=SCRAM_ITERATIONS_MAX).contains(&iterations) {
            return Err(ScramFault::Iterations(iterations));
        }
        let iterations = NonZeroU32::new(iterations).ok_or(ScramFault::Iterations(0))?;
        Ok(Challenge {
            text,
            nonce,
            salt,
            iterations,
        })
    }
}

fn text(message: &[u8]) -> Result<&str, ScramFault> {
    if message.len() > SCRAM_MESSAGE_BYTES_MAX {
        return Err(ScramFault::Malformed);
    }
    std::str::from_utf8(message).map_err(|_| ScramFault::Malformed)
}

/// What the broker says goes into a log line: bounded, and no control characters.
fn printable(reason: &str) -> String {
    reason
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn credential(hash: Hash) -> Arc<Credential> {
        Arc::new(Credential::new(hash, "user", "pencil").unwrap())
    }

    /// RFC 7677 §3.
    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                                s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const CLIENT_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                                p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SERVER_FINAL: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn proved() -> (ClientFinal, Vec<u8>) {
        let (login, _) = ClientFirst::new(credential(Hash::Sha256), NONCE).unwrap();
        login.prove(SERVER_FIRST.as_bytes()).unwrap()
    }

    #[test]
    fn the_example_of_rfc_7677() {
        let (login, first) = ClientFirst::new(credential(Hash::Sha256), NONCE).unwrap();
        assert_eq!(first, format!("n,,n=user,r={NONCE}").as_bytes());
        let (login, last) = login.prove(SERVER_FIRST.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(last).unwrap(), CLIENT_FINAL);
        assert_eq!(login.verify(SERVER_FINAL.as_bytes()), Ok(()));
    }

    /// The server's side of RFC 5802 §3, written from the formulas.
    fn server_signature(hash: Hash, first: &[u8], challenge: &str, last: &[u8]) -> String {
        let (first, last) = (
            std::str::from_utf8(first).unwrap(),
            std::str::from_utf8(last).unwrap(),
        );
        let (unproved, proof) = last.rsplit_once(",p=").unwrap();
        let signed = format!(
            "{},{challenge},{unproved}",
            first.strip_prefix("n,,").unwrap()
        );
        let salted = hash.stretch("pencil", b"a salt", NonZeroU32::new(5000).unwrap());
        let client_key = hash.mac(&salted, b"Client Key");
        let stored = hash.digest(client_key.as_ref());
        let signature = hash.mac(stored.as_ref(), signed.as_bytes());
        let proof = BASE64.decode(proof.as_bytes()).unwrap();
        let key: Vec<u8> = proof
            .iter()
            .zip(signature.as_ref())
            .map(|(a, b)| a ^ b)
            .collect();
        assert_eq!(key, client_key.as_ref(), "the client proved the password");
        let server_key = hash.mac(&salted, b"Server Key");
        BASE64.encode(hash.mac(server_key.as_ref(), signed.as_bytes()).as_ref())
    }

    #[test]
    fn both_hashes_log_in_again_and_again() {
        for hash in [Hash::Sha256, Hash::Sha512] {
            let credential = credential(hash);
            for nonce in ["one", "two"] {
                let (login, first) = ClientFirst::new(credential.clone(), nonce).unwrap();
                let challenge = format!("r={nonce}+srv,s={},i=5000", BASE64.encode(b"a salt"));
                let (login, last) = login.prove(challenge.as_bytes()).unwrap();
                let signature = server_signature(hash, &first, &challenge, &last);
                assert_eq!(login.verify(format!("v={signature}").as_bytes()), Ok(()));
            }
        }
    }

    #[test]
    fn a_broker_that_does_not_know_the_password() {
        let wrong = "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        let table = [
            (wrong, ScramFault::ServerSignature),
            ("v=", ScramFault::ServerSignature),
            (
                "e=invalid\x1b-proof",
                ScramFault::Refused("invalid-proof".to_owned()),
            ),
            ("v=!", ScramFault::Malformed),
            ("", ScramFault::Malformed),
            ("x=1", ScramFault::Malformed),
        ];
        for (message, want) in table {
            assert_eq!(
                proved().0.verify(message.as_bytes()),
                Err(want),
                "{message:?}"
            );
        }
    }

    #[test]
    fn challenges_that_are_refused() {
        let long = format!(
            "r={NONCE}x,s=AA==,i=4096,{}",
            "x".repeat(SCRAM_MESSAGE_BYTES_MAX)
        );
        let own = |rest: &str| format!("r={NONCE}{rest}");
        let table = [
            (String::new(), ScramFault::Malformed),
            (own("x,s=AA=="), ScramFault::Malformed),
            (own("x,s=,i=4096"), ScramFault::Malformed),
            (own("x,s=*,i=4096"), ScramFault::Malformed),
            (own("x,s=AA==,i=-1"), ScramFault::Malformed),
            (own("x,s=AA==,i=99999999999"), ScramFault::Malformed),
            (own("x,s=AA==,i=4095"), ScramFault::Iterations(4095)),
            (own("x,s=AA==,i=100001"), ScramFault::Iterations(100_001)),
            (own(",s=AA==,i=4096"), ScramFault::OtherNonce),
            ("r=other,s=AA==,i=4096".to_owned(), ScramFault::OtherNonce),
            (
                format!("m=ext,{}", own("x,s=AA==,i=4096")),
                ScramFault::Malformed,
            ),
            (long, ScramFault::Malformed),
        ];
        for (challenge, want) in table {
            let (login, _) = ClientFirst::new(credential(Hash::Sha256), NONCE).unwrap();
            let got = login.prove(challenge.as_bytes()).map(|_| ());
            assert_eq!(got, Err(want), "{challenge:?}");
        }
    }

    #[test]
    fn names_are_escaped_and_nonces_checked() {
        let credential = Credential::new(Hash::Sha512, "a=b,c", "pass word").unwrap();
        let (_, first) = ClientFirst::new(Arc::new(credential), "n0nce").unwrap();
        assert_eq!(first, b"n,,n=a=3Db=2Cc,r=n0nce");
        for nonce in ["", "a,b", "a b"] {
            let got = ClientFirst::new(self::credential(Hash::Sha256), nonce).map(|_| ());
            assert_eq!(got, Err(ScramFault::Nonce), "{nonce:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_messages_never_log_in(
            noise in prop::collection::vec(any::<u8>(), 0..60),
            near in "(r=rOprNGfwEbeRWgbNEkqO[a-z]{0,3},)?(s=[A-Za-z=]{0,8},)?i=[0-9]{0,4}",
        ) {
            for message in [&noise[..], near.as_bytes()] {
                let (login, _) = ClientFirst::new(credential(Hash::Sha256), NONCE).unwrap();
                let _ = login.prove(message);
                prop_assert!(proved().0.verify(message).is_err());
            }
        }
    }
}
