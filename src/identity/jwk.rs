//! One JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037), read with suspicion.
//!
//! Owns: which keys may verify tokens, and which one algorithm each is bound to (RFC 8725 §3.1).
//! Refuses: symmetric keys, encryption keys, RSA below 2048 bits, points of the wrong length.
//! Stays true: a key verifies exactly one algorithm, its own `alg` if it has one, else the one
//! its type implies, and that one is on the issuer's list:
//!
//! | key | algorithm without `alg` |
//! | --- | --- |
//! | RSA | the first RSA algorithm of the issuer's list |
//! | EC P-256, P-384 | ES256, ES384 |
//! | OKP Ed25519 | EdDSA |

use super::rules::{Algorithm, IssuerRules, algorithm};
use crate::limits::KEY_ID_BYTES_MAX;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Bytes of an RSA modulus: 2048 to 8192 bits, what the verifier accepts.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of an RSA exponent; a longer one only costs time.
const RSA_EXPONENT_BYTES: std::ops::RangeInclusive<usize> = 1..=4;

/// A public key and the one algorithm it verifies.
pub(super) struct Key {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// The public material, to tell a repeated key from a contradicting one.
    pub(super) material: Vec<u8>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// Reads one member of `keys`; `None` if it cannot verify a token of this issuer.
    pub(super) fn read(value: Value, rules: &IssuerRules) -> Option<Key> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let signs = jwk
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig")
            && jwk
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"))
            && jwk
                .kid
                .as_ref()
                .is_none_or(|kid| kid.len() <= KEY_ID_BYTES_MAX);
        if !signs {
            return None;
        }
        let (implied, key, material) = match jwk.kty.as_str() {
            "RSA" => jwk.rsa(rules)?,
            "EC" => jwk.elliptic()?,
            "OKP" => jwk.edwards()?,
            _ => return None, // `oct` above all: a published secret is none
        };
        let algorithm = match &jwk.alg {
            Some(name) => algorithm(name).filter(|named| fits(*named, implied))?,
            None => implied,
        };
        let listed = rules.algorithms.contains(&algorithm);
        listed.then_some(Key {
            kid: jwk.kid,
            algorithm,
            key,
            material,
        })
    }
}

/// Whether a key of the implied algorithm's type can verify the named one. Only RSA keys leave a
/// choice: a curve has one algorithm.
fn fits(named: Algorithm, implied: Algorithm) -> bool {
    let both_rsa = |family| family == AlgorithmFamily::Rsa;
    named == implied || (both_rsa(named.family()) && both_rsa(implied.family()))
}

type Material = (Algorithm, DecodingKey, Vec<u8>);

impl Jwk {
    fn rsa(&self, rules: &IssuerRules) -> Option<Material> {
        let n = number(self.n.as_deref()?)?;
        let e = number(self.e.as_deref()?)?;
        if !RSA_MODULUS_BYTES.contains(&n.len()) || !RSA_EXPONENT_BYTES.contains(&e.len()) {
            return None;
        }
        let is_rsa = |a: &&Algorithm| a.family() == AlgorithmFamily::Rsa;
        let implied = *rules.algorithms.iter().find(is_rsa)?;
        Some((
            implied,
            DecodingKey::from_rsa_raw_components(&n, &e),
            [n, e].concat(),
        ))
    }

    fn elliptic(&self) -> Option<Material> {
        let (implied, coordinate) = match self.crv.as_deref()? {
            "P-256" => (Algorithm::ES256, 32),
            "P-384" => (Algorithm::ES384, 48),
            _ => return None,
        };
        // An uncompressed point (SEC 1 §2.3.3): 4, x, y, each as wide as the field.
        let point = [
            vec![4],
            bytes(self.x.as_deref()?)?,
            bytes(self.y.as_deref()?)?,
        ]
        .concat();
        let whole = point.len() == 1 + 2 * coordinate;
        whole.then(|| (implied, DecodingKey::from_ec_der(&point), point))
    }

    fn edwards(&self) -> Option<Material> {
        let x = bytes(self.x.as_deref()?)?;
        let whole = self.crv.as_deref() == Some("Ed25519") && x.len() == 32;
        whole.then(|| (Algorithm::EdDSA, DecodingKey::from_ed_der(&x), x))
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// A big-endian number without the leading zeros that some issuers keep.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::test_issuer::TestIssuer;
    use serde_json::json;

    fn edited(jwk: &Value, edits: Value) -> Value {
        let mut jwk = jwk.clone();
        for (name, value) in edits.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    #[test]
    fn a_key_is_bound_to_one_algorithm() {
        let issuer = TestIssuer::shared();
        let table = [
            (issuer.rsa.jwk.clone(), Some(Algorithm::RS256)),
            (
                edited(&issuer.rsa.jwk, json!({"alg": "PS512"})),
                Some(Algorithm::PS512),
            ),
            (issuer.ec.jwk.clone(), Some(Algorithm::ES256)),
            (issuer.ed.jwk.clone(), Some(Algorithm::EdDSA)),
            (edited(&issuer.rsa.jwk, json!({"alg": "ES256"})), None),
            (edited(&issuer.ec.jwk, json!({"alg": "RS256"})), None),
            (edited(&issuer.ec.jwk, json!({"alg": "ES384"})), None),
            (edited(&issuer.ec.jwk, json!({"crv": "P-384"})), None),
            (edited(&issuer.rsa.jwk, json!({"alg": "HS256"})), None),
            (edited(&issuer.rsa.jwk, json!({"alg": "RSA-OAEP"})), None),
            (edited(&issuer.rsa.jwk, json!({"use": "enc"})), None),
            (
                edited(&issuer.rsa.jwk, json!({"key_ops": ["encrypt"]})),
                None,
            ),
            (
                edited(&issuer.rsa.jwk, json!({"key_ops": ["verify"]})),
                Some(Algorithm::RS256),
            ),
            (edited(&issuer.rsa.jwk, json!({"n": "AQAB"})), None),
            (edited(&issuer.rsa.jwk, json!({"e": "AQABAQABAQAB"})), None),
            (json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}), None),
            (json!("not a key"), None),
        ];
        for (jwk, want) in table {
            let got = Key::read(jwk.clone(), &issuer.rules);
            assert_eq!(got.map(|key| key.algorithm), want, "{jwk}");
        }
    }

    #[test]
    fn an_rsa_key_without_alg_follows_the_issuers_list() {
        let issuer = TestIssuer::shared();
        let mut rules = issuer.rules.clone();
        rules.algorithms = vec![Algorithm::ES256, Algorithm::PS384, Algorithm::RS256];
        let key = Key::read(issuer.rsa.jwk.clone(), &rules).unwrap();
        assert_eq!(key.algorithm, Algorithm::PS384);
        rules.algorithms = vec![Algorithm::ES256];
        assert!(Key::read(issuer.rsa.jwk.clone(), &rules).is_none());
    }
}
