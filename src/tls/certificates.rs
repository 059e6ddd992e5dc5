//! The certificate that a listener shows, and its change without a restart.
//!
//! Owns: reading the two PEM files, and reading them again. Refuses: a key that is not the
//! certificate's; an empty or oversized file. Stays true: a pair that cannot be used never replaces one
//! that can, so that files half written cost a line in the log and not a listener.

use crate::limits::PEM_BYTES_MAX;
use arc_swap::ArcSwap;
use aws_lc_rs::digest::{Context, SHA256};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a file of TLS cannot be used. The operator's to mend; the text names the file.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// It cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, io::Error),
    /// It is not what it should be.
    #[error("{0}: {1}")]
    Pem(PathBuf, pem::Error),
    /// It is PEM, and what is in it cannot be used.
    #[error("{0}: {1}")]
    Unusable(PathBuf, rustls::Error),
    /// It is not a host name.
    #[error("`{0}` cannot be the name of a server")]
    Name(String),
}

/// What of the two files is remembered, to see that they changed.
type Print = [u8; 32];

/// A certificate with its chain and key, replaced when their files change.
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<Print>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificates({})", self.certificate.display())
    }
}

impl Certificates {
    /// Reads a PEM file with the certificate and its chain, and one with the private key (PKCS #8,
    /// PKCS #1 or SEC 1, no passphrase).
    ///
    /// # Errors
    /// [`CertificateFault`]; nothing is usable then.
    pub fn load(certificate: &Path, key: &Path) -> Result<Certificates, CertificateFault> {
        let (print, pair) = read_pair(certificate, key)?;
        Ok(Certificates {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: ArcSwap::from_pointee(pair?),
            seen: Mutex::new(print),
        })
    }

    /// Reads the files again: `true` when there is another pair, which new handshakes use from now
    /// on. Blocks on the disk; not for a core.
    ///
    /// # Errors
    /// [`CertificateFault`], once for every change that cannot be used; the last good pair stays.
    pub fn reload(&self) -> Result<bool, CertificateFault> {
        let (print, pair) = read_pair(&self.certificate, &self.key)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == print {
            return Ok(false);
        }
        *seen = print;
        self.current.store(Arc::new(pair?));
        Ok(true)
    }

    /// The file of the certificate, to name it in a log.
    pub fn path(&self) -> &Path {
        &self.certificate
    }

    /// The pair in use.
    pub(super) fn current(&self) -> Arc<CertifiedKey> {
        self.current.load_full()
    }

    /// Whether a client that looks for this name would accept the certificate (RFC 6125 §6.4).
    pub(super) fn covers(&self, name: &str) -> bool {
        let pair = self.current.load();
        let Some(Ok(leaf)) = pair.cert.first().map(ParsedCertificate::try_from) else {
            return false;
        };
        ServerName::try_from(name).is_ok_and(|name| verify_server_name(&leaf, &name).is_ok())
    }
}

/// The pair, and the print of the files; their contents may be unusable, which is a change as well.
#[allow(clippy::type_complexity)]
fn read_pair(
    certificate: &Path,
    key: &Path,
) -> Result<(Print, Result<CertifiedKey, CertificateFault>), CertificateFault> {
    let (chain_bytes, key_bytes) = (read(certificate)?, read(key)?);
    let mut print = Context::new(&SHA256);
    print.update(&chain_bytes);
    print.update(&key_bytes);
    let mut seen = [0; 32];
    seen.copy_from_slice(print.finish().as_ref());
    let pair = (|| {
        let chain = certificates(certificate, &chain_bytes)?;
        let secret = PrivateKeyDer::from_pem_slice(&key_bytes)
            .map_err(|error| CertificateFault::Pem(key.to_owned(), error))?;
        CertifiedKey::from_der(chain, secret, &super::provider())
            .map_err(|error| CertificateFault::Unusable(key.to_owned(), error))
    })();
    Ok((seen, pair))
}

/// The certificates in a PEM file's bytes, one at least.
pub(super) fn certificates(
    path: &Path,
    bytes: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(CertificateFault::Pem(
            path.to_owned(),
            pem::Error::NoItemsFound,
        )),
        Err(error) => Err(CertificateFault::Pem(path.to_owned(), error)),
    }
}

/// A whole file of bounded size.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CertificateFault> {
    let unreadable = |error| CertificateFault::Unreadable(path.to_owned(), error);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut bounded = file.take(PEM_BYTES_MAX + 1);
    bounded.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > PEM_BYTES_MAX {
        let error = io::Error::other(format!("more than {PEM_BYTES_MAX} bytes"));
        return Err(unreadable(error));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tls::test_authority::Authority;

    #[test]
    fn a_new_pair_is_taken_and_a_broken_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new(dir.path());
        let files = authority.issue("one", &["gw.example", "*.gw.example"]);
        let certificates = Certificates::load(&files.certificate, &files.key).unwrap();
        assert!(certificates.covers("gw.example") && certificates.covers("b7.gw.example"));
        assert!(!certificates.covers("other.example") && !certificates.covers("not a name"));
        assert!(!certificates.reload().unwrap(), "nothing changed");

        let other = authority.issue("two", &["other.example"]);
        std::fs::copy(&other.certificate, &files.certificate).unwrap();
        certificates.reload().unwrap_err(); // the key is still the first one's
        assert!(!certificates.reload().unwrap(), "it is told once");
        assert!(certificates.covers("gw.example"), "the old pair stays");
        std::fs::copy(&other.key, &files.key).unwrap();
        assert!(certificates.reload().unwrap());
        assert!(certificates.covers("other.example") && !certificates.covers("gw.example"));

        std::fs::remove_file(&files.key).unwrap();
        certificates.reload().unwrap_err();
        assert!(certificates.covers("other.example"));
    }

    #[test]
    fn files_that_are_something_else_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let files = Authority::new(dir.path()).issue("one", &["gw.example"]);
        let swapped = Certificates::load(&files.key, &files.certificate).unwrap_err();
        assert!(swapped.to_string().contains("one.key"), "{swapped}");
        let large = dir.path().join("large");
        std::fs::write(&large, vec![b'\n'; PEM_BYTES_MAX as usize + 1]).unwrap();
        let large = Certificates::load(&large, &files.key).unwrap_err();
        assert!(large.to_string().contains("more than"), "{large}");
    }
}
