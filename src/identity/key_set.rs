//! The issuers' public keys, as an immutable snapshot.
//!
//! Owns: the keys of each issuer, read from its JWK Set (RFC 7517), and which of them a token is
//! checked with. Refuses: two different keys under one name. Stays true: an issuer's tokens are
//! checked with its own keys only, and never with one that is bound to another algorithm.

use super::jwk::Key;
use super::rules::{Algorithm, IssuerRules};
use crate::limits::JWKS_KEYS_MAX;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// The keys of all issuers at one moment.
#[derive(Clone, Debug)]
pub struct KeySet {
    /// Grows by one with every change, so that a waiter can tell a new snapshot.
    pub version: u64,
    /// One per issuer, in the order of the rules.
    issuers: Vec<Arc<IssuerKeys>>,
}

impl KeySet {
    /// No key at all for this many issuers: every token is refused.
    pub fn empty(issuers: usize) -> KeySet {
        KeySet {
            version: 0,
            issuers: vec![Arc::default(); issuers],
        }
    }

    /// The next snapshot, with one issuer's keys replaced.
    pub fn with(&self, issuer: usize, keys: Arc<IssuerKeys>) -> KeySet {
        let mut next = KeySet {
            version: self.version + 1,
            issuers: self.issuers.clone(),
        };
        if let Some(place) = next.issuers.get_mut(issuer) {
            *place = keys;
        }
        next
    }

    /// How many keys an issuer has; none means that nobody of that issuer can log in.
    pub fn keys_of(&self, issuer: usize) -> usize {
        self.issuers.get(issuer).map_or(0, |keys| keys.keys.len())
    }

    /// Whether a key with this id is there, whatever its algorithm.
    pub fn knows(&self, issuer: usize, kid: &str) -> bool {
        let keys = self
            .issuers
            .get(issuer)
            .map(|k| k.keys.as_slice())
            .unwrap_or_default();
        keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// The one key a token of this issuer may be verified with.
    pub(super) fn find(&self, issuer: usize, kid: Option<&str>, wanted: Algorithm) -> Lookup<'_> {
        let keys = self
            .issuers
            .get(issuer)
            .map(|k| k.keys.as_slice())
            .unwrap_or_default();
        let mut named = keys
            .iter()
            .filter(|k| kid.is_none() || k.kid.as_deref() == kid)
            .peekable();
        if named.peek().is_none() {
            return Lookup::Unknown;
        }
        let mut fitting = named.filter(|key| key.algorithm == wanted);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Lookup::Found(&key.key),
            _ => Lookup::Mismatch,
        }
    }
}

/// What `KeySet::find` found.
pub(super) enum Lookup<'a> {
    Found(&'a DecodingKey),
    /// Nothing of that name.
    Unknown,
    /// The name is bound to another algorithm, or no name was given and several keys would do.
    Mismatch,
}

/// One issuer's keys.
#[derive(Default)]
pub struct IssuerKeys {
    keys: Vec<Key>,
    /// Keys of the document that were left out.
    pub ignored: usize,
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.keys.iter().map(|key| (&key.kid, key.algorithm));
        f.debug_list().entries(names).finish()
    }
}

/// Why a document gave no keys. The issuer's fault: its last keys stay in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetFault {
    /// Not a JSON object with an array `keys`.
    #[error("the issuer's key set is not a JWK Set")]
    Malformed,
    /// More than `JWKS_KEYS_MAX` keys.
    #[error("the issuer's key set has more than {JWKS_KEYS_MAX} keys")]
    TooMany,
    /// Nothing in it can verify a token under this issuer's rules.
    #[error("the issuer's key set has no key for any accepted algorithm")]
    NoneUsable,
}

impl IssuerKeys {
    /// Reads a JWK Set under an issuer's rules. Keys that cannot be used are left out and
    /// counted (RFC 7517 §5); a set without any usable key is a fault.
    ///
    /// # Errors
    /// See [`KeySetFault`].
    pub fn parse(document: &[u8], rules: &IssuerRules) -> Result<IssuerKeys, KeySetFault> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document =
            serde_json::from_slice(document).map_err(|_| KeySetFault::Malformed)?;
        if document.keys.len() > JWKS_KEYS_MAX {
            return Err(KeySetFault::TooMany);
        }
        let total = document.keys.len();
        let read = document
            .keys
            .into_iter()
            .filter_map(|key| Key::read(key, rules));
        let keys = without_contradictions(read.collect());
        if keys.is_empty() {
            return Err(KeySetFault::NoneUsable);
        }
        Ok(IssuerKeys {
            ignored: total - keys.len(),
            keys,
        })
    }
}

/// Keeps one of equal keys and none of different keys under the same name and algorithm: which
/// of them the issuer means cannot be known.
fn without_contradictions(read: Vec<Key>) -> Vec<Key> {
    let same_name =
        |a: &Key, b: &Key| a.kid.is_some() && a.kid == b.kid && a.algorithm == b.algorithm;
    let contradicted: Vec<bool> = read
        .iter()
        .map(|a| {
            read.iter()
                .any(|b| same_name(a, b) && a.material != b.material)
        })
        .collect();
    let mut kept: Vec<Key> = Vec::new();
    for (key, contradicted) in read.into_iter().zip(contradicted) {
        let repeated = kept
            .iter()
            .any(|k| k.kid == key.kid && k.material == key.material);
        if !contradicted && !repeated {
            kept.push(key);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::test_issuer::TestIssuer;
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::json;

    fn parse(keys: Vec<Value>, rules: &IssuerRules) -> Result<IssuerKeys, KeySetFault> {
        IssuerKeys::parse(json!({ "keys": keys }).to_string().as_bytes(), rules)
    }

    fn edited(jwk: &Value, edits: Value) -> Value {
        let mut jwk = jwk.clone();
        for (name, value) in edits.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    #[test]
    fn equal_names_are_kept_once_or_not_at_all() {
        let issuer = TestIssuer::shared();
        let rsa = edited(&issuer.rsa.jwk, json!({"kid": "k"}));
        let other = edited(&rsa, json!({"n": edited_modulus(&rsa)}));
        let ec = edited(&issuer.ec.jwk, json!({"kid": "k"}));
        let names = |keys: Vec<Value>| -> Vec<Algorithm> {
            let keys = parse(keys, &issuer.rules).unwrap();
            keys.keys.iter().map(|k| k.algorithm).collect()
        };
        assert_eq!(names(vec![rsa.clone(), rsa.clone()]), [Algorithm::RS256]);
        assert_eq!(
            names(vec![rsa.clone(), ec.clone()]),
            [Algorithm::RS256, Algorithm::ES256]
        );
        assert_eq!(
            names(vec![rsa.clone(), other.clone(), ec]),
            [Algorithm::ES256]
        );
        assert!(parse(vec![rsa, other], &issuer.rules).is_err());
    }

    fn edited_modulus(jwk: &Value) -> String {
        let mut n = BASE64URL_NOPAD
            .decode(jwk["n"].as_str().unwrap().as_bytes())
            .unwrap();
        *n.last_mut().unwrap() ^= 2;
        BASE64URL_NOPAD.encode(&n)
    }

    #[test]
    fn documents_are_bounded_and_faults_named() {
        let rules = &TestIssuer::shared().rules;
        let fault = |text: &str| IssuerKeys::parse(text.as_bytes(), rules).unwrap_err();
        assert_eq!(fault("<html>"), KeySetFault::Malformed);
        assert_eq!(fault("{}"), KeySetFault::Malformed);
        assert_eq!(fault(r#"{"keys":[]}"#), KeySetFault::NoneUsable);
        let many = vec![json!({}); JWKS_KEYS_MAX + 1];
        assert_eq!(parse(many, rules).unwrap_err(), KeySetFault::TooMany);
    }
}
