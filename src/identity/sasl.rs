//! The server side of a client's SASL login: what its messages say.
//!
//! Owns: the mechanisms on offer, PLAIN's message (RFC 4616; OAUTHBEARER's is next door), and
//! whom a login may claim to be. Refuses: channel binding, a second `auth`, and any claimed name that
//! is not the token's own. Stays true: both mechanisms are one message long, carry the same
//! token, and their values borrow from the frame and never print it.
//!
//! A refusal is sent at once as error 58 (SASL_AUTHENTICATION_FAILED) with its text in
//! `error_message` and [`REFUSAL`] as `auth_bytes`; then the connection is closed. Kafka's own
//! broker takes a detour instead: error 0 with the JSON as a challenge, to which the client
//! answers with one byte 0x01, and only then error 58. The Java client and librdkafka report
//! error 58 in the first reply just as well, with our text in place of raw JSON. kafkajs
//! ignores challenges: after the detour it believes it is logged in and dies on a closed
//! connection. PLAIN has no challenge in either.

use crate::limits::PRINCIPAL_BYTES_MAX;
use std::fmt;

pub use super::oauthbearer::{OauthRequest, oauthbearer};

/// `auth_bytes` of a refused login (RFC 7628 §3.2.2). The same for every reason.
pub const REFUSAL: &[u8] = br#"{"status":"invalid_token"}"#;

/// A login that clients may use. Both carry a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The token as a bearer credential.
    OauthBearer,
    /// The token as a password, for clients without OAUTHBEARER.
    Plain,
}

/// The names to offer in a SaslHandshake reply, best first.
pub fn mechanisms() -> &'static [&'static str] {
    &["OAUTHBEARER", "PLAIN"]
}

impl Mechanism {
    /// The mechanism a SaslHandshake asks for; `None` is error 33 (UNSUPPORTED_SASL_MECHANISM).
    pub fn named(name: &str) -> Option<Mechanism> {
        match name {
            "OAUTHBEARER" => Some(Mechanism::OauthBearer),
            "PLAIN" => Some(Mechanism::Plain),
            _ => None,
        }
    }

    /// Its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::OauthBearer => "OAUTHBEARER",
            Mechanism::Plain => "PLAIN",
        }
    }
}

/// Why a login message was refused. The client's fault; the text may be sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslFault {
    /// Not of the mechanism's form.
    #[error("the login message is not of the form its mechanism has")]
    Malformed,
    /// A gs2 header that asks for channel binding.
    #[error("channel binding is not supported")]
    ChannelBinding,
    /// No `auth=Bearer TOKEN`, or two.
    #[error("the login message has no bearer token")]
    NoToken,
    /// The name it claims is not the token's.
    #[error("the user name is not the token's own; use the token's subject, or `token`")]
    OtherName,
}

impl SaslFault {
    /// A fixed word for the audit and for metrics.
    pub fn code(self) -> &'static str {
        match self {
            SaslFault::Malformed => "sasl_malformed",
            SaslFault::ChannelBinding => "sasl_channel_binding",
            SaslFault::NoToken => "sasl_no_token",
            SaslFault::OtherName => "sasl_other_name",
        }
    }
}

/// A name that was claimed and not proved, as the audit may keep it: bounded, and without the token
/// that a client with user name and password exchanged has put there.
pub fn claimed_name(name: &str) -> String {
    const TOKEN: &str = "(a token)";
    let word = name.split_whitespace().next_back().unwrap_or_default();
    if super::jws::looks_like_token(word) {
        return TOKEN.to_owned();
    }
    name[..name.floor_char_boundary(PRINCIPAL_BYTES_MAX)].to_owned()
}

/// What a PLAIN client sent.
#[derive(PartialEq, Eq)]
pub struct PlainRequest<'a> {
    /// Whom the client wants to act as; empty for the user itself.
    pub authzid: &'a str,
    /// The user name.
    pub username: &'a str,
    /// The password, which is the token.
    pub token: &'a str,
}

/// The user name for those who do not know their token's subject.
pub const ANY_USER: &str = "token";

impl PlainRequest<'_> {
    /// The user name grants nothing, yet a wrong one is refused: it shows up in the client's
    /// logs and would say there that somebody else acted. It must be the token's principal, or
    /// `token`. Whom to act as is the principal too, or the user name again, as aiokafka sends it.
    ///
    /// # Errors
    /// `SaslFault::OtherName`.
    pub fn may_act_as(&self, principal: &str) -> Result<(), SaslFault> {
        let user = self.username == principal || self.username == ANY_USER;
        let acts_as = ["", principal, self.username].contains(&self.authzid);
        if user && acts_as {
            Ok(())
        } else {
            Err(SaslFault::OtherName)
        }
    }
}

impl fmt::Debug for PlainRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("PlainRequest");
        out.field("authzid", &self.authzid)
            .field("username", &self.username);
        out.finish_non_exhaustive()
    }
}

/// Reads `[authzid] NUL username NUL password`.
///
/// # Errors
/// `Malformed` when it has another form, `NoToken` when the password is empty.
pub fn plain(message: &[u8]) -> Result<PlainRequest<'_>, SaslFault> {
    let message = std::str::from_utf8(message).map_err(|_| SaslFault::Malformed)?;
    let mut parts = message.split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(_), Some(""), None) => Err(SaslFault::NoToken),
        (Some(authzid), Some(username), Some(token), None) if !username.is_empty() => {
            Ok(PlainRequest {
                authzid,
                username,
                token,
            })
        }
        _ => Err(SaslFault::Malformed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_claimed_name_is_never_a_token_and_never_long() {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";
        for swapped in [
            token.to_owned(),
            format!("Bearer {token}"),
            format!("{token}.x.y"),
        ] {
            assert_eq!(claimed_name(&swapped), "(a token)");
        }
        for name in ["ann", "svc.payments.prod", "", "ann@example.com", "a b"] {
            assert_eq!(claimed_name(name), name);
        }
        assert!(claimed_name(&"é".repeat(9_999)).len() <= PRINCIPAL_BYTES_MAX);
    }

    #[test]
    fn plain_forms() {
        let want = PlainRequest {
            authzid: "",
            username: "ann",
            token: "t",
        };
        assert_eq!(plain(b"\0ann\0t"), Ok(want));
        let want = PlainRequest {
            authzid: "bob",
            username: "ann",
            token: "t",
        };
        assert_eq!(plain(b"bob\0ann\0t"), Ok(want));
        for bad in [
            &b""[..],
            b"ann",
            b"\0ann",
            b"\0\0t",
            b"\0ann\0t\0",
            b"\0a\xff\0t",
        ] {
            assert_eq!(plain(bad), Err(SaslFault::Malformed), "{bad:?}");
        }
        assert_eq!(plain(b"\0ann\0"), Err(SaslFault::NoToken));
    }

    #[test]
    fn nobody_claims_another_name() {
        let plain = |authzid, username| PlainRequest {
            authzid,
            username,
            token: "t",
        };
        for (authzid, username) in [
            ("", "ann"),
            ("", ANY_USER),
            ("ann", "ann"),
            ("ann", ANY_USER),
            (ANY_USER, ANY_USER),
        ] {
            assert_eq!(plain(authzid, username).may_act_as("ann"), Ok(()));
        }
        for (authzid, username) in [
            ("", "bob"),
            ("bob", "ann"),
            ("bob", ANY_USER),
            ("bob", "bob"),
            (ANY_USER, "bob"),
        ] {
            assert_eq!(
                plain(authzid, username).may_act_as("ann"),
                Err(SaslFault::OtherName)
            );
        }
    }

    #[test]
    fn tokens_are_not_printed() {
        let plain = plain(b"\0ann\0secret").unwrap();
        assert!(!format!("{plain:?}").contains("secret"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_bytes_never_panic(
            noise in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let _ = plain(&noise);
        }
    }
}
