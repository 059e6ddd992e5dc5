//! Asking a registry for one schema and all it refers to.
//!
//! Owns: the requests, their bounds, and what is believed of the answers. Refuses: redirects to
//! another host, answers past a bound, references in a circle or without end. Stays true: a login is
//! sent to the registry's own host only, and is in no fault.

use super::answers::{ReferenceAnswer, SchemaAnswer, path};
use crate::control::issuer_http::{chain, is_loopback, same_host_only};
use crate::limits::{
    REGISTRY_ANSWER_BYTES_MAX, REGISTRY_REFERENCES_MAX, REGISTRY_REQUEST_MS_MAX, SCHEMA_BYTES_MAX,
};
use crate::schema::registered::{Reference, Registered};
use crate::schema::wire::SchemaId;
use reqwest::{Certificate, Client, StatusCode, Url};
use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

/// A registry, and how to log in to it.
#[derive(Clone, Debug)]
pub struct RegistrySource {
    /// Its address, with the path in front of `/schemas` if it has one.
    pub url: String,
    /// How to log in.
    pub login: Login,
    /// Authorities to trust beside the system's, PEM.
    pub roots_pem: Option<Vec<u8>>,
}

/// How the gateway logs in to a registry.
#[derive(Clone)]
pub enum Login {
    /// It does not.
    None,
    /// RFC 7617.
    Basic(String, String),
    /// RFC 6750.
    Bearer(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Login::None => "None",
            Login::Basic(..) => "Basic",
            Login::Bearer(_) => "Bearer",
        })
    }
}

/// Why a schema could not be fetched. It is the registry's fault, or that of the way to it, unless it
/// says so; the records that need the schema are unreadable until it is asked again.
#[derive(Debug, thiserror::Error)]
pub enum RegistryFault {
    /// The configured address is none.
    #[error("the registry's address is not a URL with a host and without a login")]
    NotAUrl,
    /// The configured authorities, or the system's, cannot be used.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
    /// No answer, or one that broke off.
    #[error("the registry does not answer: {0}")]
    Unreachable(String),
    /// An answer that is neither a schema nor the word that there is none.
    #[error("the registry answers {0}")]
    Status(u16),
    /// An answer past its bound.
    #[error("the registry's answer is longer than {REGISTRY_ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// An answer of another form.
    #[error("the registry's answer is not that of a Confluent-compatible registry")]
    NotUnderstood,
    /// A schema that refers to too much.
    #[error(
        "a schema refers to more than {REGISTRY_REFERENCES_MAX} others, or to more than {SCHEMA_BYTES_MAX} bytes, or to one that is not there"
    )]
    References,
    /// There is no room for more schemas.
    #[error("the registry has more schemas than are kept; further ones stay unknown")]
    Full,
}

/// Asks one registry.
#[derive(Debug)]
pub(super) struct RegistryClient {
    http: Client,
    base: Url,
    login: Login,
}

impl fmt::Display for RegistryClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}

impl RegistryFault {
    /// Whether it says nothing of other schemas.
    pub(super) fn is_of_one_schema(&self) -> bool {
        use RegistryFault::{NotUnderstood, References, TooLong};
        matches!(self, TooLong | NotUnderstood | References)
    }
}

impl RegistryClient {
    /// Prepares the client; asks nothing yet.
    pub fn new(source: RegistrySource) -> Result<RegistryClient, RegistryFault> {
        let base = Url::parse(&source.url).ok().filter(|url| {
            let login = !url.username().is_empty() || url.password().is_some();
            url.has_host() && !login && matches!(url.scheme(), "http" | "https")
        });
        let base = base.ok_or(RegistryFault::NotAUrl)?;
        let fault = |error: reqwest::Error| RegistryFault::Client(chain(&error));
        let mut builder = Client::builder()
            .timeout(Duration::from_millis(REGISTRY_REQUEST_MS_MAX))
            .redirect(reqwest::redirect::Policy::custom(same_host_only))
            .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &source.roots_pem {
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem).map_err(fault)?);
        }
        if base.scheme() == "http" {
            builder = builder.tls_certs_only([]); // a machine without root certificates will do
        }
        Ok(RegistryClient {
            http: builder.build().map_err(fault)?,
            base,
            login: source.login,
        })
    }

    /// The schema of an id, compiled; none when the registry has no such id.
    pub async fn schema(&self, id: &SchemaId) -> Result<Option<Registered>, RegistryFault> {
        let Some(answer) = self.get(&path(id)).await? else {
            return Ok(None);
        };
        let language = answer.language();
        let first = answer.references.unwrap_or_default();
        let references = self.references(first, answer.schema.len()).await?;
        // Compiling the largest schema takes longer than the desk should wait.
        let compiled = tokio::task::spawn_blocking(move || {
            Registered::compile(language, answer.schema.into(), references)
        });
        let compiled = compiled.await;
        compiled.map(Some).map_err(|_| RegistryFault::NotUnderstood)
    }

    /// All that is referred to, each behind what it refers to itself.
    async fn references(
        &self,
        first: Vec<ReferenceAnswer>,
        bytes: usize,
    ) -> Result<Vec<Reference>, RegistryFault> {
        let (mut found, mut seen, mut bytes) = (Vec::new(), HashSet::new(), bytes);
        let mut open: Vec<Result<Reference, ReferenceAnswer>> =
            first.into_iter().rev().map(Err).collect();
        while let Some(next) = open.pop() {
            let asked = match next {
                Ok(read) => {
                    found.push(read);
                    continue;
                }
                Err(asked) => asked,
            };
            if !seen.insert((asked.subject.clone(), asked.version)) {
                continue;
            }
            if seen.len() > REGISTRY_REFERENCES_MAX {
                return Err(RegistryFault::References);
            }
            let ReferenceAnswer {
                name,
                subject,
                version,
            } = asked;
            let path = [
                "subjects".to_owned(),
                subject,
                "versions".to_owned(),
                version.to_string(),
            ];
            let answer = self.get(&path).await?.ok_or(RegistryFault::References)?;
            bytes += answer.schema.len();
            if bytes > SCHEMA_BYTES_MAX {
                return Err(RegistryFault::References);
            }
            open.push(Ok(Reference {
                name: name.into(),
                text: answer.schema.into(),
            }));
            open.extend(
                answer
                    .references
                    .unwrap_or_default()
                    .into_iter()
                    .rev()
                    .map(Err),
            );
        }
        Ok(found)
    }

    /// What lies under the registry's address; none when nothing does.
    async fn get(&self, path: &[String]) -> Result<Option<SchemaAnswer>, RegistryFault> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.http.get(url);
        let request = match &self.login {
            Login::None => request,
            Login::Basic(user, password) => request.basic_auth(user, Some(password)),
            Login::Bearer(token) => request.bearer_auth(token),
        };
        let unreachable = |error: reqwest::Error| RegistryFault::Unreachable(chain(&error));
        let mut answer = request.send().await.map_err(unreachable)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            other => return Err(RegistryFault::Status(other.as_u16())),
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + part.len() > REGISTRY_ANSWER_BYTES_MAX {
                return Err(RegistryFault::TooLong);
            }
            body.extend_from_slice(&part);
        }
        let read = serde_json::from_slice(&body);
        read.map(Some).map_err(|_| RegistryFault::NotUnderstood)
    }
}
