//! The files of TLS: a listener's certificate and key, whom to trust upstream.
//!
//! Owns: reading them while the configuration is checked, so that a file that is missing, is no PEM
//! or does not fit shows up at its place in the text and not at the first handshake. Refuses: a key
//! of another certificate, a key that needs a passphrase. Stays true: nothing of a key is kept or
//! told; the files are read again by who uses them.

use super::checker::{Checker, Section, cut};
use super::model::{ListenerTls, UpstreamTls};
use super::tree::Node;
use super::values;
use crate::limits::PEM_BYTES_MAX;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a listener presents, and whom it was made out to.
pub(super) struct Presented {
    pub(super) tls: ListenerTls,
    leaf: CertificateDer<'static>,
}

impl Presented {
    /// Whether clients that look for this name accept the certificate (RFC 6125 §6.4). A name that
    /// can be in no certificate is not covered.
    pub(super) fn covers(&self, name: &str) -> bool {
        let Ok(parsed) = ParsedCertificate::try_from(&self.leaf) else {
            return false;
        };
        ServerName::try_from(name)
            .is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_ok())
    }
}

/// `tls` of a listener.
pub(super) fn presented(c: &mut Checker<'_>, node: &Node) -> Option<Presented> {
    let section = c.section(
        node.place,
        node,
        &["certificate", "key"],
        &["client_ca", "versions"],
    )?;
    let certificate_at = c.require(&section, "certificate");
    let certificate = certificate_at.and_then(|node| certificates(c, node));
    let key_at = c.require(&section, "key");
    let key = key_at.and_then(|node| private_key(c, node));
    let ((certificate, chain), (key, secret)) = (certificate?, key?);
    let leaf = chain.first()?.clone();
    let provider = aws_lc_rs::default_provider();
    if let Err(error) = CertifiedKey::from_der(chain, secret, &provider) {
        let what = match error {
            rustls::Error::InconsistentKeys(_) => "the key of another certificate".to_owned(),
            other => format!("cannot be used: {other}"),
        };
        c.fault(key_at?.place, what, "the certificate's own private key");
        return None;
    }
    let tls = ListenerTls { certificate, key };
    Some(Presented { tls, leaf })
}

/// `tls` towards the brokers.
pub(super) fn upstream(c: &mut Checker<'_>, node: &Node) -> Option<UpstreamTls> {
    let later = ["certificate", "key"];
    let section = c.section(node.place, node, &["ca", "server_name"], &later)?;
    let ca = authorities(c, &section);
    let server_name = match section.get("server_name") {
        None => Some(None),
        Some(node) => c.parsed(node, "a host name", values::host_name).map(Some),
    };
    Some(UpstreamTls {
        ca: Some(ca?),
        server_name: server_name?,
    })
}

fn authorities(c: &mut Checker<'_>, section: &Section<'_>) -> Option<PathBuf> {
    let Some(node) = section.get("ca") else {
        let expected = "a PEM file of the authorities to trust; the system's are not used";
        c.fault(section.place, "`ca` is missing", expected);
        return None;
    };
    authorities_in(c, node)
}

/// A file of authorities to trust.
pub(super) fn authorities_in(c: &mut Checker<'_>, node: &Node) -> Option<PathBuf> {
    let (path, found) = certificates(c, node)?;
    let mut roots = RootCertStore::empty();
    for certificate in found {
        if let Err(error) = roots.add(certificate) {
            let what = format!(
                "a certificate in `{}`: {error}",
                cut(&path.to_string_lossy())
            );
            c.fault(node.place, what, "certificates of authorities");
            return None;
        }
    }
    Some(path)
}

fn certificates(
    c: &mut Checker<'_>,
    node: &Node,
) -> Option<(PathBuf, Vec<CertificateDer<'static>>)> {
    file(c, node, "a PEM file of certificates", |text| {
        let found: Vec<_> = CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>()?;
        match found.is_empty() {
            true => Err(pem::Error::NoItemsFound),
            false => Ok(found),
        }
    })
}

fn private_key(c: &mut Checker<'_>, node: &Node) -> Option<(PathBuf, PrivateKeyDer<'static>)> {
    let expected = "a PEM file with a private key that needs no passphrase";
    file(c, node, expected, PrivateKeyDer::from_pem_slice)
}

/// Reads the file that `node` names. What is told of it is its name and the kind of fault.
fn file<T>(
    c: &mut Checker<'_>,
    node: &Node,
    expected: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, pem::Error>,
) -> Option<(PathBuf, T)> {
    let path = c.path(node)?;
    let shown = cut(&path.to_string_lossy());
    let found = match read(&path) {
        Err(error) => Err(format!("`{shown}` cannot be read: {error}")),
        Ok(bytes) => parse(&bytes).map_err(|error| match error {
            pem::Error::NoItemsFound => format!("`{shown}` has none"),
            _ => format!("`{shown}` is broken PEM"),
        }),
    };
    match found {
        Ok(found) => Some((path, found)),
        Err(what) => {
            c.fault(node.place, what, expected);
            None
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = std::fs::File::open(path)?.take(PEM_BYTES_MAX + 1);
    file.read_to_end(&mut bytes)?;
    match bytes.len() as u64 > PEM_BYTES_MAX {
        true => Err(std::io::Error::other(format!(
            "more than {PEM_BYTES_MAX} bytes"
        ))),
        false => Ok(bytes),
    }
}
