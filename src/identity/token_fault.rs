//! Why a token was refused, in words for its bearer and in a code for the audit.
//!
//! Owns: the list of reasons. Stays true: nothing of the token is in the text; the key id, which
//! the token's bearer chose, is carried for the key refresh only.

use crate::limits::TOKEN_BYTES_MAX;

/// Why a token was refused. Never holds the token; the text may be shown to its bearer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than `TOKEN_BYTES_MAX`.
    #[error("the token is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not three base64url parts of which two are JSON objects.
    #[error("the token is not a signed JWT")]
    Malformed,
    /// `alg` is none, symmetric, unknown, or not on the issuer's list.
    #[error("the token's signature algorithm is not accepted")]
    Algorithm,
    /// `crit` is present: RFC 7515 §4.1.11 wants it refused unless understood, and none is.
    #[error("the token has critical header parameters, and none is understood here")]
    Critical,
    /// `typ` is not on the issuer's list, such as an ID token where access tokens are wanted.
    #[error("the token's type is not accepted; an access token is needed")]
    Type,
    /// `iss` is absent or no configured issuer's.
    #[error("the token's issuer is not trusted here")]
    Issuer,
    /// No key with this id. It may have been rotated in: ask for a refresh and try once more.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey {
        /// Index of the issuer's rules.
        issuer: usize,
        /// The id; empty when the token names none.
        kid: String,
    },
    /// The key is known and bound to another algorithm, or the token names no key and several
    /// would do.
    #[error("the token's key and algorithm do not belong together")]
    Key,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// `aud` does not contain the gateway's.
    #[error("the token is not meant for this gateway (audience)")]
    Audience,
    /// Past `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before `nbf`.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// A claim that is needed is absent, or one has a form it cannot have.
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
}

impl TokenFault {
    /// A fixed word for the audit and for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            TokenFault::TooLong => "token_too_long",
            TokenFault::Malformed => "token_malformed",
            TokenFault::Algorithm => "token_algorithm",
            TokenFault::Critical => "token_critical",
            TokenFault::Type => "token_type",
            TokenFault::Issuer => "token_issuer",
            TokenFault::UnknownKey { .. } => "token_key_unknown",
            TokenFault::Key => "token_key",
            TokenFault::Signature => "token_signature",
            TokenFault::Audience => "token_audience",
            TokenFault::Expired => "token_expired",
            TokenFault::NotYetValid => "token_not_yet_valid",
            TokenFault::Claim(_) => "token_claim",
        }
    }
}
