//! An issuer for tests: one RSA, one EC and one Ed25519 key, and tokens signed with them.

#![allow(clippy::unwrap_used)]

use super::key_set::{IssuerKeys, KeySet};
use super::tokens::IssuerRules;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// A private key and what is published of it.
pub(crate) struct TestKey {
    pub(crate) jwk: Value,
    sign: Sign,
}

/// Keys, and the rules under which they are trusted.
pub(crate) struct TestIssuer {
    pub(crate) rules: IssuerRules,
    pub(crate) rsa: TestKey,
    pub(crate) ec: TestKey,
    pub(crate) ed: TestKey,
    /// The RSA public key as DER, for those who would use it as a secret.
    pub(crate) rsa_public: Vec<u8>,
}

static SHARED: LazyLock<TestIssuer> = LazyLock::new(TestIssuer::generate);

impl TestIssuer {
    /// One for all tests: an RSA key takes a while to find.
    pub(crate) fn shared() -> &'static TestIssuer {
        &SHARED
    }

    fn generate() -> TestIssuer {
        let (rsa, rsa_public) = TestKey::rsa("rsa-1");
        TestIssuer {
            rules: IssuerRules::new("https://idp.test", "lockgate"),
            rsa,
            ec: TestKey::ec("ec-1"),
            ed: TestKey::ed("ed-1"),
            rsa_public,
        }
    }

    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [self.rsa.jwk, self.ec.jwk, self.ed.jwk]})
    }

    pub(crate) fn keys(&self) -> KeySet {
        let keys = IssuerKeys::parse(self.jwks().to_string().as_bytes(), &self.rules).unwrap();
        KeySet::empty(1).with(0, Arc::new(keys))
    }
}

impl TestKey {
    pub(crate) fn rsa(kid: &str) -> (TestKey, Vec<u8>) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let encode = |n: aws_lc_rs::rsa::PublicKey| {
            let parts = aws_lc_rs::signature::RsaPublicKeyComponents::<Vec<u8>>::from(&n);
            (
                BASE64URL_NOPAD.encode(&parts.n),
                BASE64URL_NOPAD.encode(&parts.e),
            )
        };
        let (n, e) = encode(public.clone());
        let der = AsDer::as_der(public).unwrap().as_ref().to_vec();
        let jwk = json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e});
        let sign = move |message: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = aws_lc_rs::rand::SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                .unwrap();
            signature
        };
        (
            TestKey {
                jwk,
                sign: Box::new(sign),
            },
            der,
        )
    }

    pub(crate) fn ec(kid: &str) -> TestKey {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        let (x, y) = (
            BASE64URL_NOPAD.encode(&point[1..33]),
            BASE64URL_NOPAD.encode(&point[33..]),
        );
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y});
        let random = aws_lc_rs::rand::SystemRandom::new();
        let sign = move |message: &[u8]| pair.sign(&random, message).unwrap().as_ref().to_vec();
        TestKey {
            jwk,
            sign: Box::new(sign),
        }
    }

    pub(crate) fn ed(kid: &str) -> TestKey {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = BASE64URL_NOPAD.encode(pair.public_key().as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x});
        let sign = move |message: &[u8]| pair.sign(message).as_ref().to_vec();
        TestKey {
            jwk,
            sign: Box::new(sign),
        }
    }

    /// A token with exactly this header and these claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = (self.sign)(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

/// Header and claims, encoded: what is signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
    format!("{}.{}", encode(header), encode(claims))
}
