//! Certificates of a test's own: an authority, and what it issues.
//!
//! Stays true: nothing is kept from one run to the next, so no certificate ever expires in a test.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where gateways are known by name; nothing resolves it but what a test tells of it.
pub const DOMAIN: &str = "gw.test";
/// Broker n of a gateway, as its configuration says it.
pub const BROKER_NAMES: &str = "b{node}.gw.test";

/// The lines of a hosts file for those names; brokers with ids to 9.
pub fn hosts() -> String {
    let brokers = (0..10).map(|node| BROKER_NAMES.replace("{node}", &node.to_string()));
    let names = brokers.chain([DOMAIN.to_owned(), "localhost".to_owned()]);
    names.map(|name| format!("127.0.0.1 {name}\n")).collect()
}

/// Somebody to trust.
pub struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one.
    pub fn new() -> Result<Authority> {
        let dir = crate::toolbox::fresh_dir("tls")?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "tests");
        let key = KeyPair::generate()?;
        fs::write(dir.join("authority.pem"), params.self_signed(&key)?.pem())?;
        let issuer = Issuer::new(params, key);
        Ok(Authority { dir, issuer })
    }

    /// Whom to trust, as a PEM file.
    pub fn path(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    /// What a gateway needs to be found by its address and by every name here.
    pub fn for_gateway(&self) -> Result<Pair> {
        self.issue("gateway", &["127.0.0.1", DOMAIN, "*.gw.test"])
    }

    /// A certificate for these names and addresses.
    pub fn issue(&self, stem: &str, names: &[&str]) -> Result<Pair> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, stem);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let pair = Pair {
            certificate: self.dir.join(format!("{stem}.pem")),
            key: self.dir.join(format!("{stem}.key")),
        };
        fs::write(&pair.certificate, certificate.pem())?;
        fs::write(&pair.key, key.serialize_pem())?;
        Ok(pair)
    }
}

impl Pair {
    /// The words of a listener's `tls`.
    pub fn words(&self) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        format!("tls: {{certificate: \"{certificate}\", key: \"{key}\"}}")
    }
}

/// A stream through TLS, with the handshake still to come.
pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Speaks TLS on `stream`, trusting the authority in the file; `name` is a host name or an address.
pub fn client(stream: TcpStream, authority: &Path, name: &str) -> Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned())?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    Ok(StreamOwned::new(connection, stream))
}
