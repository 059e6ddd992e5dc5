//! Keeps the issuers' keys fresh, as one snapshot for all cores.
//!
//! Owns: when keys are fetched, and how long they are served while their issuer is away.
//! Refuses: to stop the gateway because an issuer is down; its logins fail, and its health says
//! why. Stays true: keys older than `KEYS_STALE_S_MAX` are dropped, so that an issuer which
//! withdrew a key and then went silent is not trusted for ever; an issuer that answers with a set
//! of no usable key has withdrawn them all, and is taken at its word at once.

use super::issuer_http::IssuerClient;
use super::key_state::Shared;
use crate::identity::key_set::KeySet;
use crate::limits::{KEYS_REFRESH_S, KEYS_RETRY_S, KEYS_STALE_S_MAX};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

pub use super::issuer_http::{IssuerFault, IssuerSource};
pub use super::key_state::{IssuerHealth, KeyRefresh};

/// Installs aws-lc-rs as the process's TLS provider. Call it first in `main`: reqwest is built
/// without one, and a second provider beside it would double the cryptography to be trusted.
/// Calling it again does nothing.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// How issuers are asked. The defaults are the named limits.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Root certificates trusted beside the system's, PEM.
    pub roots_pem: Vec<Vec<u8>>,
    /// Time between two fetches.
    pub refresh: Duration,
    /// How long keys are served after the last good fetch.
    pub stale_max: Duration,
    /// Pause after a failed fetch; doubles from the first to the second.
    pub retry: (Duration, Duration),
}

impl Default for HttpOptions {
    fn default() -> HttpOptions {
        let seconds = Duration::from_secs;
        HttpOptions {
            roots_pem: Vec::new(),
            refresh: seconds(KEYS_REFRESH_S),
            stale_max: seconds(KEYS_STALE_S_MAX),
            retry: (seconds(KEYS_RETRY_S.0), seconds(KEYS_RETRY_S.1)),
        }
    }
}

/// The keeper of the keys; `run` is its life.
pub struct Keys {
    clients: Vec<IssuerClient>,
    options: HttpOptions,
    shared: Arc<Shared>,
}

impl Keys {
    /// Prepares to keep the keys of these issuers, and gives the snapshot, empty until `run` has
    /// fetched some.
    ///
    /// # Errors
    /// An address that cannot be used, or root certificates that cannot be read: the
    /// configuration must change. An issuer that is merely down is no error.
    pub fn new(
        sources: &[IssuerSource],
        options: HttpOptions,
    ) -> Result<(Keys, Arc<ArcSwap<KeySet>>), IssuerFault> {
        let clients = sources
            .iter()
            .map(|source| IssuerClient::new(source, &options.roots_pem));
        let clients = clients.collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared::new(sources));
        let set = shared.set.clone();
        Ok((
            Keys {
                clients,
                options,
                shared,
            },
            set,
        ))
    }

    /// A handle for the cores.
    pub fn refresh(&self) -> KeyRefresh {
        KeyRefresh::new(self.shared.clone())
    }

    /// How it stands with each issuer, in the order given.
    pub fn health(&self) -> Arc<ArcSwap<Vec<IssuerHealth>>> {
        self.shared.health.clone()
    }

    /// Fetches and refreshes until dropped; ends at once when there is no issuer.
    pub async fn run(self) {
        let mut tasks = JoinSet::new();
        for (issuer, client) in self.clients.into_iter().enumerate() {
            let (shared, options) = (self.shared.clone(), self.options.clone());
            tasks.spawn(keep(issuer, client, options, shared));
        }
        while let Some(ended) = tasks.join_next().await {
            tracing::error!("an issuer's keys are no longer refreshed: {ended:?}");
        }
    }
}

/// One issuer's loop.
async fn keep(issuer: usize, client: IssuerClient, options: HttpOptions, shared: Arc<Shared>) {
    let mut fetched: Option<Instant> = None;
    let mut retry = options.retry.0;
    loop {
        let pause = match client.fetch().await {
            Ok(keys) => {
                fetched = Some(Instant::now());
                retry = options.retry.0;
                shared.publish(issuer, keys);
                options.refresh
            }
            Err(fault) => {
                let too_old = |at: Instant| at.elapsed() >= options.stale_max;
                if fetched.is_some_and(|at| too_old(at) || fault.withdraws_all_keys()) {
                    fetched = None;
                    shared.drop_keys(issuer);
                }
                shared.fail(issuer, &fault);
                let pause = retry;
                retry = (retry * 2).min(options.retry.1);
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.wake_of(issuer) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::test_issuer::TestIssuer;
    use axum::http::{StatusCode, header};
    use axum::response::IntoResponse;
    use axum::{Router, routing::get};
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// An issuer whose documents a test can change.
    #[derive(Clone)]
    struct Idp {
        url: String,
        discovery: Arc<ArcSwap<Value>>,
        jwks: Arc<ArcSwap<String>>,
        asked: Arc<AtomicUsize>,
        down: Arc<ArcSwap<bool>>,
    }

    impl Idp {
        async fn start() -> Idp {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/jwks")});
            let idp = Idp {
                url,
                discovery: Arc::new(ArcSwap::from_pointee(discovery)),
                jwks: Arc::new(ArcSwap::from_pointee(
                    TestIssuer::shared().jwks().to_string(),
                )),
                asked: Arc::default(),
                down: Arc::default(),
            };
            let (documents, keys) = (idp.clone(), idp.clone());
            let away = [(header::LOCATION, "http://localhost:9/jwks")];
            let near = [(header::LOCATION, "/jwks")];
            let app = Router::new()
                .route(
                    "/.well-known/openid-configuration",
                    get(move || async move { documents.discovery.load().to_string() }),
                )
                .route("/jwks", get(move || async move { keys.answer() }))
                .route(
                    "/away",
                    get(move || async move { (StatusCode::FOUND, away) }),
                )
                .route(
                    "/near",
                    get(move || async move { (StatusCode::FOUND, near) }),
                );
            tokio::spawn(async move { axum::serve(listener, app).await });
            idp
        }

        fn answer(&self) -> axum::response::Response {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if **self.down.load() {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            self.jwks.load().to_string().into_response()
        }

        fn source(&self) -> IssuerSource {
            let mut rules = TestIssuer::shared().rules.clone();
            rules.issuer = self.url.as_str().into();
            IssuerSource {
                rules,
                jwks_url: None,
            }
        }
    }

    /// The keeper at work.
    struct Running {
        set: Arc<ArcSwap<KeySet>>,
        health: Arc<ArcSwap<Vec<IssuerHealth>>>,
        refresh: KeyRefresh,
        _tasks: JoinSet<()>,
    }

    fn start(sources: &[IssuerSource], options: HttpOptions) -> Running {
        install_crypto_provider();
        let (keys, set) = Keys::new(sources, options).unwrap();
        let (health, refresh) = (keys.health(), keys.refresh());
        let mut tasks = JoinSet::new();
        tasks.spawn(keys.run());
        Running {
            set,
            health,
            refresh,
            _tasks: tasks,
        }
    }

    async fn until(what: &str, check: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(5);
        while !check() {
            assert!(Instant::now() < end, "never happened: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    impl Running {
        async fn fault(&self) -> String {
            until("a fault", || self.health.load()[0].fault.is_some()).await;
            self.health.load()[0].fault.clone().unwrap()
        }
    }

    #[tokio::test]
    async fn keys_are_discovered_and_an_unknown_id_refreshes_them() {
        let idp = Idp::start().await;
        let running = start(&[idp.source()], HttpOptions::default());
        until("first fetch", || running.set.load().keys_of(0) == 3).await;
        assert_eq!(running.health.load()[0].fault, None);
        let rotated = TestIssuer::shared()
            .jwks()
            .to_string()
            .replace("ec-1", "ec-2");
        idp.jwks.store(Arc::new(rotated));
        assert!(running.refresh.ask(0, "ec-2"));
        until("the new key", || running.set.load().knows(0, "ec-2")).await;
        assert!(running.refresh.ask(0, "ec-2"), "it is there");
        assert!(!running.refresh.ask(7, "ec-2"), "no such issuer");
        let before = idp.asked.load(Ordering::Relaxed);
        let asked = (0..1000)
            .filter(|i| running.refresh.ask(0, &format!("made-up-{i}")))
            .count();
        assert!(asked <= crate::limits::KEY_REFRESH_BURST as usize);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let caused = idp.asked.load(Ordering::Relaxed) - before;
        assert!((1..=asked).contains(&caused), "{caused}");
    }

    #[tokio::test]
    async fn stale_keys_are_served_for_a_while_and_then_dropped() {
        let idp = Idp::start().await;
        let options = HttpOptions {
            refresh: Duration::from_millis(20),
            stale_max: Duration::from_millis(300),
            retry: (Duration::from_millis(10), Duration::from_millis(20)),
            ..HttpOptions::default()
        };
        let running = start(&[idp.source()], options);
        until("first fetch", || running.set.load().keys_of(0) == 3).await;
        idp.down.store(Arc::new(true));
        assert!(running.fault().await.contains("503"));
        assert_eq!(running.set.load().keys_of(0), 3, "still served");
        until("dropped", || running.set.load().keys_of(0) == 0).await;
        assert_eq!(running.health.load()[0].keys, 0);
        idp.down.store(Arc::new(false));
        until("back", || running.set.load().keys_of(0) == 3).await;
        assert_eq!(running.health.load()[0].fault, None);
    }

    #[tokio::test]
    async fn an_empty_key_set_withdraws_the_keys_at_once() {
        let idp = Idp::start().await;
        let running = start(&[idp.source()], HttpOptions::default());
        until("first fetch", || running.set.load().keys_of(0) == 3).await;
        idp.jwks.store(Arc::new("{}".to_owned()));
        assert!(running.refresh.ask(0, "a"));
        assert!(running.fault().await.contains("not a JWK Set"));
        assert_eq!(running.set.load().keys_of(0), 3, "an accident, not a word");
        idp.jwks.store(Arc::new(json!({"keys": []}).to_string()));
        assert!(running.refresh.ask(0, "b"));
        until("dropped", || running.set.load().keys_of(0) == 0).await;
    }

    #[tokio::test]
    async fn hostile_issuers_give_no_keys() {
        let idp = Idp::start().await;
        let own = |path: &str| format!("{}{path}", idp.url);
        let issuer = idp.url.clone();
        let long = "x".repeat(crate::limits::JWKS_BYTES_MAX + 1);
        let table = [
            (
                json!({"issuer": own("/"), "jwks_uri": own("/jwks")}),
                "speaks for",
            ),
            (json!({"issuer": issuer}), "not an OpenID"),
            (
                json!({"issuer": issuer, "jwks_uri": "http://idp.example.com/jwks"}),
                "https",
            ),
            (
                json!({"issuer": issuer, "jwks_uri": "file:///etc/passwd"}),
                "file:",
            ),
            (
                json!({"issuer": issuer, "jwks_uri": own("/away")}),
                "redirect",
            ),
            (
                json!({"issuer": issuer, "jwks_uri": own("/nowhere")}),
                "404",
            ),
            (
                json!({"issuer": issuer, "jwks_uri": own("/.well-known/openid-configuration")}),
                "JWK",
            ),
            (
                json!({"issuer": issuer, "jwks_uri": own("/jwks"), "pad": long}),
                "longer than",
            ),
        ];
        for (discovery, want) in table {
            idp.discovery.store(Arc::new(discovery));
            let running = start(&[idp.source()], HttpOptions::default());
            let fault = running.fault().await;
            assert!(fault.contains(want), "{fault}");
            assert_eq!(running.set.load().keys_of(0), 0);
        }
    }

    #[tokio::test]
    async fn one_issuer_down_does_not_hurt_another() {
        let idp = Idp::start().await;
        let mut down = idp.source();
        down.rules.issuer = "http://127.0.0.1:1".into();
        let mut direct = idp.source();
        direct.jwks_url = Some(format!("{}/near", idp.url)); // a redirect within the host
        let running = start(&[down, direct], HttpOptions::default());
        until("the other's keys", || running.set.load().keys_of(1) == 3).await;
        assert!(running.fault().await.contains("does not answer"));
        assert_eq!(running.set.load().keys_of(0), 0);
    }

    #[test]
    fn addresses_are_checked_at_start() {
        install_crypto_provider();
        let refused = |issuer: &str| {
            let rules = crate::identity::rules::IssuerRules::new(issuer, "lockgate");
            let source = IssuerSource {
                rules,
                jwks_url: None,
            };
            Keys::new(&[source], HttpOptions::default()).is_err()
        };
        for issuer in ["", "idp", "http://idp.example.com", "ftp://127.0.0.1"] {
            assert!(refused(issuer), "{issuer}");
        }
        assert!(!refused("http://127.0.0.1:8080/realms/x"));
        assert!(!refused("https://idp.example.com/realms/x/"));
    }
}
