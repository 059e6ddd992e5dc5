//! The gateway's own name and password at a cluster's brokers.
//!
//! Owns: the hash functions of SCRAM (RFC 7677) and the stretched password. Refuses: names and
//! passwords outside printable ASCII, for which SASLprep (RFC 4013) would be needed. Stays true:
//! neither the password nor anything made from it is printed.

use super::scram::ScramFault;
use arc_swap::ArcSwapOption;
use aws_lc_rs::{digest, hmac, pbkdf2};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

impl Hash {
    /// The mechanism's registered name.
    pub fn mechanism(self) -> &'static str {
        match self {
            Hash::Sha256 => "SCRAM-SHA-256",
            Hash::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// The hash of a mechanism's name.
    pub fn of_mechanism(name: &str) -> Option<Hash> {
        [Hash::Sha256, Hash::Sha512]
            .into_iter()
            .find(|hash| hash.mechanism() == name)
    }

    pub(super) fn mac(self, key: &[u8], message: &[u8]) -> hmac::Tag {
        let algorithm = match self {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message)
    }

    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        match self {
            Hash::Sha256 => digest::digest(&digest::SHA256, bytes),
            Hash::Sha512 => digest::digest(&digest::SHA512, bytes),
        }
    }

    pub(super) fn stretch(self, password: &str, salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
        let (algorithm, bytes) = match self {
            Hash::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, digest::SHA256_OUTPUT_LEN),
            Hash::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, digest::SHA512_OUTPUT_LEN),
        };
        let mut salted = vec![0; bytes];
        pbkdf2::derive(
            algorithm,
            iterations,
            salt,
            password.as_bytes(),
            &mut salted,
        );
        salted
    }
}

/// A name and a password for a cluster's brokers. Shared by all connections to them.
pub struct Credential {
    pub(super) hash: Hash,
    pub(super) username: String,
    password: String,
    /// The last stretched password. A cluster has one salt per user, so that after the first
    /// login every other one spares some milliseconds of PBKDF2. No lock: the last writer wins,
    /// and all of them write the same.
    stretched: ArcSwapOption<Stretched>,
}

pub(super) struct Stretched {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    pub(super) salted_password: Vec<u8>,
}

impl Credential {
    /// Checks that both can be sent as they are: SASLprep maps printable ASCII to itself.
    ///
    /// # Errors
    /// `ScramFault::NotAscii`: the configuration must change.
    pub fn new(hash: Hash, username: &str, password: &str) -> Result<Credential, ScramFault> {
        for (what, text) in [("user name", username), ("password", password)] {
            if text.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
                return Err(ScramFault::NotAscii(what));
            }
        }
        let (username, password) = (username.to_owned(), password.to_owned());
        Ok(Credential {
            hash,
            username,
            password,
            stretched: ArcSwapOption::empty(),
        })
    }

    /// The mechanism's registered name.
    pub fn mechanism(&self) -> &'static str {
        self.hash.mechanism()
    }

    pub(super) fn stretched(&self, salt: &[u8], iterations: NonZeroU32) -> Arc<Stretched> {
        let known = self.stretched.load_full();
        if let Some(known) = known.filter(|k| k.salt == salt && k.iterations == iterations) {
            return known;
        }
        let salted_password = self.hash.stretch(&self.password, salt, iterations);
        let fresh = Arc::new(Stretched {
            salt: salt.to_vec(),
            iterations,
            salted_password,
        });
        self.stretched.store(Some(fresh.clone()));
        fresh
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Credential");
        out.field("hash", &self.hash)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_stretched_password_is_reused_for_the_same_salt_only() {
        let credential = Credential::new(Hash::Sha256, "user", "pencil").unwrap();
        let [few, more] = [4096, 4097].map(|i| NonZeroU32::new(i).unwrap());
        let first = credential.stretched(b"salt", few);
        assert!(Arc::ptr_eq(&first, &credential.stretched(b"salt", few)));
        let others = [
            credential.stretched(b"salt", more),
            credential.stretched(b"tlas", few),
        ];
        for other in others {
            assert_ne!(other.salted_password, first.salted_password);
        }
    }

    #[test]
    fn only_printable_ascii_and_never_printed() {
        let fault = |user: &str, password: &str| {
            Credential::new(Hash::Sha256, user, password)
                .map(|_| ())
                .unwrap_err()
        };
        assert_eq!(fault("ü", "x"), ScramFault::NotAscii("user name"));
        assert_eq!(
            fault("u", "pass\u{a0}word"),
            ScramFault::NotAscii("password")
        );
        assert_eq!(fault("u", "tab\t"), ScramFault::NotAscii("password"));
        assert_eq!(fault("u", ""), ScramFault::NotAscii("password"));
        let credential = Credential::new(Hash::Sha512, "user", "pencil").unwrap();
        assert!(!format!("{credential:?}").contains("pencil"));
        assert_eq!(
            Hash::of_mechanism(credential.mechanism()),
            Some(Hash::Sha512)
        );
        assert_eq!(Hash::of_mechanism("SCRAM-SHA-1"), None);
    }
}
