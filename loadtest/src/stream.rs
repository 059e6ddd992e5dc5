//! A client's stream, in the clear or through TLS.
//!
//! Owns: both ends of the choice, so that the rest need not know. Refuses: to read and write through
//! TLS from two threads, which is what an open loop does: a read keeps the session to itself. Stays
//! true: the gateway's certificate is checked, as stock clients do.

use anyhow::Context;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A stream; copies of it are the same connection.
#[derive(Clone)]
pub enum Stream {
    /// As it is.
    Plain(Arc<TcpStream>),
    /// Through TLS.
    Tls(Arc<Mutex<StreamOwned<ClientConnection, TcpStream>>>),
}

impl Stream {
    /// Speaks TLS where there is a configuration for it.
    ///
    /// # Errors
    /// rustls does not accept its configuration.
    pub fn over(stream: TcpStream, tls: Option<&Arc<ClientConfig>>) -> anyhow::Result<Stream> {
        let Some(config) = tls else {
            return Ok(Stream::Plain(Arc::new(stream)));
        };
        let name = ServerName::try_from("127.0.0.1")?;
        let session = ClientConnection::new(Arc::clone(config), name)?;
        let stream = StreamOwned::new(session, stream);
        Ok(Stream::Tls(Arc::new(Mutex::new(stream))))
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.as_ref().read(into),
            Stream::Tls(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                stream.read(into)
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.as_ref().write(bytes),
            Stream::Tls(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                stream.write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.as_ref().flush(),
            Stream::Tls(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                stream.flush()
            }
        }
    }
}

/// A certificate of the run's own, with its key: both files in `dir`.
///
/// # Errors
/// The files cannot be written.
pub fn certificate(dir: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let (certificate, key) = (dir.join("gateway.pem"), dir.join("gateway.key"));
    std::fs::write(&certificate, made.cert.pem())?;
    std::fs::write(&key, made.signing_key.serialize_pem())?;
    Ok((certificate, key))
}

/// A client that trusts this certificate alone.
///
/// # Errors
/// The file has none.
pub fn trusting(certificate: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).context("the certificate")?)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
