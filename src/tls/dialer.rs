//! What the gateway is to brokers.
//!
//! Owns: whom to believe, and the name that a broker's certificate must carry. Refuses: a broker that no
//! configured authority speaks for; there is no way to switch that off. Stays true: neither the
//! system's authorities nor any that came with a library are trusted.

use super::certificates::{CertificateFault, certificates, read};
use super::provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// Dials brokers of one cluster; shared by all cores and the control thread.
#[derive(Clone, Debug)]
pub struct Dialer {
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

impl Dialer {
    /// Trusts the authorities in a PEM file. Brokers are who `name` says, or, without it, the host
    /// that they are reached by.
    ///
    /// # Errors
    /// [`CertificateFault`]: the file or the name cannot be used.
    pub fn new(authorities: &Path, name: Option<&str>) -> Result<Dialer, CertificateFault> {
        let unusable = |error| CertificateFault::Unusable(authorities.to_owned(), error);
        let mut roots = RootCertStore::empty();
        for certificate in certificates(authorities, &read(authorities)?)? {
            roots.add(certificate).map_err(unusable)?;
        }
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Dialer {
            config: Arc::new(config),
            name: name.map(server_name).transpose()?,
        })
    }

    /// What rustls must know to dial.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// Who is expected at `host`, a name or an address.
    ///
    /// # Errors
    /// `host` can be in no certificate.
    pub fn expects(&self, host: &str) -> Result<ServerName<'static>, CertificateFault> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => server_name(host),
        }
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, CertificateFault> {
    // as configurations write IPv6, and with the dot that ends a complete name
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name)
        .trim_end_matches('.');
    ServerName::try_from(bare.to_owned()).map_err(|_| CertificateFault::Name(name.to_owned()))
}
