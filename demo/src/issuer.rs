//! An OIDC issuer that lives as long as the demo.
//!
//! Owns: an EC key made at the start, the discovery document, the key set, and the tokens. Refuses: to
//! be more than that: there is no login, tokens are minted in this process. Stays true: it listens on
//! loopback only, and its key is never written anywhere.

use anyhow::{Context, anyhow};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::{Json, Router, routing::get};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lockgate::chunk::UnixMillis;
use serde_json::{Value, json};

/// What tokens are for; the gateway accepts no other audience.
pub const AUDIENCE: &str = "lockgate-demo";
const KEY_ID: &str = "demo-1";
/// Long enough for a day with `--stay`.
const TOKEN_LIFE_S: i64 = 12 * 60 * 60;

/// The issuer.
pub struct Issuer {
    /// Its name, which is its address: `http://127.0.0.1:PORT`.
    pub url: String,
    key: EncodingKey,
}

impl Issuer {
    /// Makes a key and publishes it on a free loopback port, from a task of its own.
    pub async fn start() -> anyhow::Result<Issuer> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| anyhow!("no EC key can be made"))?;
        let pkcs8 = pair
            .to_pkcs8v1()
            .map_err(|_| anyhow!("the EC key cannot be encoded"))?;
        let jwk =
            public_jwk(pair.public_key().as_ref()).context("the public key is no P-256 point")?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, routes(&url, jwk)).into_future());
        Ok(Issuer {
            url,
            key: EncodingKey::from_ec_der(pkcs8.as_ref()),
        })
    }

    /// A token for this principal, good for twelve hours.
    pub fn token(&self, principal: &str, groups: &[&str]) -> anyhow::Result<String> {
        let now = UnixMillis::now().0 / 1000;
        let claims = json!({
            "iss": self.url, "aud": AUDIENCE, "sub": principal, "groups": groups,
            "iat": now, "exp": now + TOKEN_LIFE_S,
        });
        let header = Header {
            kid: Some(KEY_ID.into()),
            typ: Some("at+jwt".into()),
            ..Header::new(Algorithm::ES256)
        };
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

/// An uncompressed P-256 point (SEC 1 §2.3.3: 4, x, y) as a JWK (RFC 7518 §6.2).
fn public_jwk(point: &[u8]) -> Option<Value> {
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
    let [x, y] = [x, y].map(|part| BASE64URL_NOPAD.encode(part));
    Some(
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID, "x": x, "y": y}),
    )
}

/// OpenID Connect Discovery 1.0 §4, and the key set it points to.
fn routes(url: &str, jwk: Value) -> Router {
    let discovery = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    });
    let keys = json!({"keys": [jwk]});
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(move || async { Json(discovery) }),
        )
        .route("/jwks", get(move || async { Json(keys) }))
}
