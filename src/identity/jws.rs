//! The outside of a token: three encoded parts and a header (RFC 7515).
//!
//! Owns: the compact form. Refuses: encrypted tokens (five parts), padding, repeated members.
//! Stays true: nothing here was verified yet.

use super::token_fault::TokenFault;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};

/// What is read of a JOSE header; every other member is ignored, and a repeated one refused.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) typ: Option<String>,
    pub(super) kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) crit: bool,
}

/// Whatever the member holds, even null, it is there.
fn present<'de, D: Deserializer<'de>>(member: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(member).map(|_| true)
}

/// The parts of a compact JWS (RFC 7515 §7.1), still encoded.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
    /// What is signed: header, dot, payload.
    pub(super) message: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a token apart.
    pub(super) fn of(token: &'a str) -> Result<Parts<'a>, TokenFault> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
        if payload.contains('.') {
            return Err(TokenFault::Malformed); // five parts: an encrypted token
        }
        Ok(Parts {
            header,
            payload,
            signature,
            message,
        })
    }
}

/// Whether a text begins like a token, signed or encrypted: an encoded JSON object, then a dot.
pub(super) fn looks_like_token(text: &str) -> bool {
    let header = text.split_once('.').map(|(header, _)| header);
    header.is_some_and(|h| json::<serde_json::Map<String, serde_json::Value>>(h).is_ok())
}

/// Decodes one part.
pub(super) fn json<T: DeserializeOwned>(part: &str) -> Result<T, TokenFault> {
    let bytes = BASE64URL_NOPAD
        .decode(part.as_bytes())
        .map_err(|_| TokenFault::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenFault::Malformed)
}
