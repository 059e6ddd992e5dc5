//! Fetching one issuer's keys: OpenID Connect discovery, then its JWK Set.
//!
//! Owns: the two requests and what is believed of the answers. Refuses: plain http except to
//! this machine, redirects to another host, bodies past `JWKS_BYTES_MAX`, and a discovery
//! document that speaks for another issuer (OpenID Connect Discovery §4.3). Stays true: keys
//! decide who may log in, so they travel over TLS. A loopback address is the exception because
//! such traffic never leaves the machine, and whoever can meddle with it there can read the
//! gateway's memory as well; a loopback issuer is also never asked through a proxy.

use crate::identity::key_set::{IssuerKeys, KeySetFault};
use crate::identity::rules::IssuerRules;
use crate::limits::{ISSUER_REDIRECTS_MAX, ISSUER_REQUEST_MS_MAX, JWKS_BYTES_MAX};
use reqwest::{Certificate, Client, Url, redirect};
use serde::Deserialize;
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// An issuer to be trusted, and where its keys are.
#[derive(Clone, Debug)]
pub struct IssuerSource {
    /// What its tokens must be.
    pub rules: IssuerRules,
    /// Its JWK Set, for an issuer without a discovery document.
    pub jwks_url: Option<String>,
}

/// Why an issuer's keys could not be fetched. The text names the issuer's part in it.
#[derive(Debug, thiserror::Error)]
pub enum IssuerFault {
    /// The configured or discovered address is none.
    #[error("`{0}` is not a URL with a host")]
    NotAUrl(String),
    /// Plain http to another machine.
    #[error("`{0}` must be https: only an issuer on a loopback address may use http")]
    PlainHttp(String),
    /// The configured extra root certificates, or the system's, cannot be used.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
    /// No answer, or one that broke off.
    #[error("the issuer does not answer: {0}")]
    Unreachable(String),
    /// An answer other than 200.
    #[error("the issuer answers {status} for {url}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What was asked for.
        url: String,
    },
    /// The body is longer than `JWKS_BYTES_MAX`.
    #[error("the issuer's answer is longer than {JWKS_BYTES_MAX} bytes: {0}")]
    TooLong(String),
    /// The discovery document lacks `issuer` or `jwks_uri`.
    #[error("{0} is not an OpenID Connect discovery document")]
    NotDiscovery(String),
    /// `issuer` in the document is not byte for byte the configured one.
    #[error("the discovery document speaks for `{0}`, not for the configured issuer")]
    OtherIssuer(String),
    /// The key set is no use.
    #[error(transparent)]
    KeySet(#[from] KeySetFault),
}

impl IssuerFault {
    /// Whether the issuer itself says that no key of its is to be used any more.
    pub(super) fn withdraws_all_keys(&self) -> bool {
        matches!(self, IssuerFault::KeySet(KeySetFault::NoneUsable))
    }
}

/// Asks one issuer for its keys.
pub(super) struct IssuerClient {
    http: Client,
    /// Whether the issuer is a loopback one, and so may use http for all of it.
    loopback: bool,
    rules: IssuerRules,
    /// The key set itself when configured, else the discovery document.
    start: Url,
    discovers: bool,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl IssuerClient {
    /// Prepares the client; asks nothing yet. `roots_pem`: certificates trusted beside the
    /// system's, each PEM text possibly a bundle.
    pub(super) fn new(
        source: &IssuerSource,
        roots_pem: &[Vec<u8>],
    ) -> Result<IssuerClient, IssuerFault> {
        let discovers = source.jwks_url.is_none();
        let start = match &source.jwks_url {
            Some(url) => url.clone(),
            // A trailing slash of the issuer is dropped first (OpenID Connect Discovery §4).
            None => {
                let issuer = source.rules.issuer.trim_end_matches('/');
                format!("{issuer}/.well-known/openid-configuration")
            }
        };
        let parsed = Url::parse(&start).map_err(|_| IssuerFault::NotAUrl(start.clone()))?;
        let loopback = is_loopback(&parsed);
        let start = checked(&start, loopback)?;
        let http = client(&start, loopback, roots_pem)?;
        Ok(IssuerClient {
            http,
            loopback,
            rules: source.rules.clone(),
            start,
            discovers,
        })
    }

    /// The issuer's keys as of now.
    pub(super) async fn fetch(&self) -> Result<IssuerKeys, IssuerFault> {
        let url = if self.discovers {
            self.discover().await?
        } else {
            self.start.clone()
        };
        let document = self.get(url).await?;
        Ok(IssuerKeys::parse(&document, &self.rules)?)
    }

    async fn discover(&self) -> Result<Url, IssuerFault> {
        let document = self.get(self.start.clone()).await?;
        let found: Discovery = serde_json::from_slice(&document)
            .map_err(|_| IssuerFault::NotDiscovery(self.start.to_string()))?;
        if *found.issuer != *self.rules.issuer {
            return Err(IssuerFault::OtherIssuer(
                found.issuer.chars().take(200).collect(),
            ));
        }
        checked(&found.jwks_uri, self.loopback)
    }

    async fn get(&self, url: Url) -> Result<Vec<u8>, IssuerFault> {
        let unreachable = |error: reqwest::Error| IssuerFault::Unreachable(chain(&error));
        let mut answer = self
            .http
            .get(url.clone())
            .send()
            .await
            .map_err(unreachable)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(IssuerFault::Status {
                status,
                url: url.into(),
            });
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + part.len() > JWKS_BYTES_MAX {
                return Err(IssuerFault::TooLong(url.into()));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

fn client(start: &Url, loopback: bool, roots_pem: &[Vec<u8>]) -> Result<Client, IssuerFault> {
    let fault = |error: reqwest::Error| IssuerFault::Client(chain(&error));
    let mut builder = Client::builder()
        .timeout(Duration::from_millis(ISSUER_REQUEST_MS_MAX))
        .redirect(redirect::Policy::custom(same_host_only))
        .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")));
    if loopback {
        builder = builder.no_proxy();
    }
    for pem in roots_pem {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem).map_err(fault)?);
    }
    if start.scheme() == "http" {
        builder = builder.tls_certs_only([]); // a machine without root certificates will do
    }
    builder.build().map_err(fault)
}

/// Follows a few redirects to the same scheme, host and port.
pub(super) fn same_host_only(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let place = |url: &Url| {
        let host = url.host_str().map(str::to_owned);
        (url.scheme().to_owned(), host, url.port_or_known_default())
    };
    let same = attempt
        .previous()
        .iter()
        .all(|url| place(url) == place(attempt.url()));
    if same && attempt.previous().len() <= ISSUER_REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.error("a redirect to another host, or too many of them")
    }
}

/// An https URL, or an http one to this machine if the issuer is on it too.
fn checked(text: &str, issuer_is_loopback: bool) -> Result<Url, IssuerFault> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    let url = url.ok_or_else(|| IssuerFault::NotAUrl(text.to_owned()))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if issuer_is_loopback && is_loopback(&url) => Ok(url),
        _ => Err(IssuerFault::PlainHttp(text.to_owned())),
    }
}

/// Whether it is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An error with its causes: reqwest's own text leaves the interesting part to them.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let ok = |url: &str, loopback| checked(url, loopback).is_ok();
        assert!(ok("https://idp.example.com/jwks", false));
        for url in [
            "http://127.0.0.1:9/j",
            "http://[::1]/j",
            "http://localhost:80/j",
        ] {
            assert!(ok(url, true), "{url}");
            assert!(
                !ok(url, false),
                "{url}: a public issuer pointing at this machine"
            );
        }
        for url in [
            "http://idp.example.com/jwks",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!ok(url, true), "{url}");
        }
    }
}
