//! What a listener is to clients.
//!
//! Owns: the choice of the certificate and the verdict on the server name that a client asks for (RFC
//! 6066 §3). Refuses: a name that is neither a broker's, nor the listener's, nor in the certificate,
//! where the name decides what the connection stands for. Stays true: a client that sends no name is
//! served: one that connects to an address has none to send.

use super::certificates::Certificates;
use super::provider;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::{Arc, OnceLock};

/// Says of a name whether the listener goes by it.
type Known = dyn Fn(&str) -> bool + Send + Sync;

/// Opens sessions for one listener; shared by all cores.
#[derive(Clone)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
    known: Option<Arc<Known>>,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Acceptor({:?})", self.certificates)
    }
}

impl Acceptor {
    /// Takes every server name, since none means anything here.
    ///
    /// # Errors
    /// The cryptographic library has no random numbers, or no version of TLS.
    pub fn of_any_name(certificates: Arc<Certificates>) -> Result<Acceptor, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::new(Asked::of(&certificates, None)));
        // resumption by tickets: a client's tenth connection of the day costs no signature, and the
        // gateway remembers nothing; a cache would be one lock for all cores
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new()?;
        config.send_tls13_tickets = 1;
        Ok(Acceptor {
            config: Arc::new(config),
            certificates,
            known: None,
        })
    }

    /// Takes a name if `known` says so or the certificate is made out to it.
    ///
    /// # Errors
    /// As [`Acceptor::of_any_name`].
    pub fn of_names(
        certificates: Arc<Certificates>,
        known: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Acceptor, rustls::Error> {
        let any = Acceptor::of_any_name(certificates)?;
        Ok(Acceptor {
            known: Some(Arc::new(known)),
            ..any
        })
    }

    /// What it shows, to be reloaded.
    pub fn certificates(&self) -> &Arc<Certificates> {
        &self.certificates
    }

    /// What rustls must know to accept without saying for whom.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// A configuration for one handshake, and where the name will be found that it asks for: rustls
    /// tells the name to nobody but its resolver.
    pub(super) fn open(&self) -> (Arc<ServerConfig>, Arc<Asked>) {
        let asked = Arc::new(Asked::of(&self.certificates, self.known.clone()));
        let mut config = ServerConfig::clone(&self.config);
        config.cert_resolver = Arc::clone(&asked) as _;
        (Arc::new(config), asked)
    }
}

/// What one handshake asked for.
pub(super) struct Asked {
    certificates: Arc<Certificates>,
    known: Option<Arc<Known>>,
    name: OnceLock<Option<String>>,
    refused: OnceLock<()>,
}

impl Asked {
    fn of(certificates: &Arc<Certificates>, known: Option<Arc<Known>>) -> Asked {
        Asked {
            certificates: Arc::clone(certificates),
            known,
            name: OnceLock::new(),
            refused: OnceLock::new(),
        }
    }

    /// The name, in lower case, if there was one.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.get()?.as_deref()
    }

    /// Whether the listener does not go by it.
    pub(super) fn refused(&self) -> bool {
        self.refused.get().is_some()
    }

    fn takes(&self, name: &str) -> bool {
        let Some(known) = &self.known else {
            return true;
        };
        known(name) || self.certificates.covers(name)
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({:?})", self.name())
    }
}

impl ResolvesServerCert for Asked {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        let name = self.name.get_or_init(|| name).as_deref();
        if name.is_some_and(|name| !self.takes(name)) {
            let _ = self.refused.set(());
            return None;
        }
        Some(self.certificates.current())
    }
}
