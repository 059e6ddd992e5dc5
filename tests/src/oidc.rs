//! The OIDC issuer of the run, and the tokens it mints.
//!
//! Owns: `oidc/server.mjs`, started once. The issuer is real where the gateway looks (discovery,
//! JWKS, RS256); only minting goes through a side door.

use crate::{http, node, process::Process, toolbox};
use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::sync::OnceLock;

/// The audience that the tests' gateways expect.
pub const AUDIENCE: &str = "lockgate";

/// A running issuer.
#[derive(Debug)]
pub struct Oidc {
    /// Its `iss`.
    pub issuer: String,
    mint: String,
    _process: Process,
}

impl Oidc {
    /// The issuer that all tests share.
    pub fn shared() -> Result<&'static Oidc> {
        static SHARED: OnceLock<Result<Oidc, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Oidc::start().map_err(|e| format!("{e:#}")));
        started
            .as_ref()
            .map_err(|e| anyhow::anyhow!("the OIDC issuer did not start: {e}"))
    }

    /// An issuer of one's own, to rotate its keys or to stop it.
    pub fn start() -> Result<Oidc> {
        let log = toolbox::fresh_dir("oidc")?.join("log");
        let mut process = Process::start(
            "OIDC issuer",
            node::script("oidc", "server.mjs")?,
            &log,
            true,
        )?;
        let mut line = String::new();
        BufReader::new(process.take_stdout()?).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line).with_context(|| process.tail(30))?;
        let text = |name: &str| {
            told[name]
                .as_str()
                .map(str::to_owned)
                .context("the issuer said no address")
        };
        let mint = text("mint")?.trim_start_matches("http://").to_owned();
        Ok(Oidc {
            issuer: text("issuer")?,
            mint,
            _process: process,
        })
    }

    /// A token as the tests' gateways accept it, good for an hour.
    pub fn token(&self, subject: &str, groups: &[&str]) -> Result<String> {
        self.mint(
            &json!({"sub": subject, "groups": groups, "aud": AUDIENCE}),
            3600,
        )
    }

    /// A token with these claims (null leaves one out), its `exp` `ttl` seconds from now.
    pub fn mint(&self, claims: &Value, ttl: i64) -> Result<String> {
        let answer = http::post(
            &self.mint,
            "/mint",
            &[],
            &json!({"claims": claims, "ttl": ttl}),
        )?
        .json()?;
        answer["token"]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("no token: {answer}"))
    }

    /// From now on tokens are signed by a new key.
    pub fn rotate(&self) -> Result<()> {
        http::post(&self.mint, "/rotate", &[], &json!({}))?
            .json()
            .map(drop)
    }
}

/// The same token with another subject, and so with a signature that does not fit.
pub fn forged(token: &str, subject: &str) -> Result<String> {
    let mut parts = token.split('.');
    let (head, claims, signature) = (parts.next(), parts.next(), parts.next());
    let claims = BASE64URL_NOPAD.decode(claims.context("no claims")?.as_bytes())?;
    let mut claims: Value = serde_json::from_slice(&claims)?;
    claims["sub"] = json!(subject);
    let claims = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    Ok(format!(
        "{}.{claims}.{}",
        head.context("no header")?,
        signature.context("no signature")?
    ))
}

/// The same claims with `"alg": "none"` and no signature (RFC 8725 §2.1).
pub fn unsigned(token: &str) -> Result<String> {
    let claims = token.split('.').nth(1).context("no claims")?;
    let head = BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    Ok(format!("{head}.{claims}."))
}
