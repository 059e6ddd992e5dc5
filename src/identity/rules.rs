//! Which tokens an issuer's configuration accepts.
//!
//! Owns: one issuer's settings and their defaults. Refuses: symmetric algorithms by any name.
//! Stays true: a plain value, checked by nobody but `tokens` and `key_set`.

use std::sync::Arc;

pub use jsonwebtoken::Algorithm;

/// What a token must be to speak for somebody. One per issuer; issuers are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerRules {
    /// The exact value of `iss`; compared byte for byte (RFC 9068 §4).
    pub issuer: Arc<str>,
    /// Must be among the values of `aud`.
    pub audience: String,
    /// The claim that lists groups: a name, or a path with dots into nested objects.
    pub groups_claim: String,
    /// The claim that names the principal: a name, or a path with dots.
    pub principal_claim: String,
    /// The claims that the policy asks for: names, or paths with dots. No other is kept.
    pub claims: Vec<Arc<str>>,
    /// Signature algorithms accepted, in order of preference. Symmetric ones are refused even
    /// when listed. The first RSA algorithm is the one an RSA key without `alg` is bound to.
    pub algorithms: Vec<Algorithm>,
    /// Values of the header's `typ` accepted, without `application/`, in any letter case. A
    /// token without `typ` counts as `jwt`.
    pub token_types: Vec<String>,
}

impl IssuerRules {
    /// The rules that apply when the configuration gives no more than these two.
    pub fn new(issuer: &str, audience: &str) -> IssuerRules {
        use Algorithm::*;
        IssuerRules {
            issuer: issuer.into(),
            audience: audience.to_owned(),
            groups_claim: "groups".to_owned(),
            principal_claim: "sub".to_owned(),
            claims: Vec::new(),
            algorithms: vec![
                RS256, ES256, EdDSA, PS256, ES384, RS384, RS512, PS384, PS512,
            ],
            token_types: vec!["at+jwt".to_owned(), "jwt".to_owned()],
        }
    }

    pub(super) fn accepts_type(&self, typ: Option<&str>) -> bool {
        let typ = typ.unwrap_or("jwt").to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        self.token_types.iter().any(|t| t.eq_ignore_ascii_case(typ))
    }
}

/// The asymmetric algorithm of this name (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
pub fn algorithm(name: &str) -> Option<Algorithm> {
    let algorithm = match name {
        "Ed25519" => Algorithm::EdDSA,
        name => name.parse().ok()?,
    };
    is_asymmetric(algorithm).then_some(algorithm)
}

fn is_asymmetric(algorithm: Algorithm) -> bool {
    algorithm.family() != jsonwebtoken::AlgorithmFamily::Hmac
}
