//! Where a client goes and how it logs in: the gateway, or the broker itself.

use std::path::{Path, PathBuf};

/// How a client logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// Not at all.
    None,
    /// SASL/PLAIN, the token as the password.
    Plain {
        /// A JWT.
        token: String,
    },
    /// SASL/OAUTHBEARER.
    Bearer {
        /// A JWT.
        token: String,
    },
    /// A user of the broker's, whose login the gateway lets pass.
    User {
        /// `PLAIN` or `SCRAM-SHA-256`.
        mechanism: &'static str,
        /// Its name.
        name: String,
        /// Its password.
        password: String,
    },
}

/// An address and a login.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port`.
    pub bootstrap: String,
    /// How to log in there.
    pub login: Login,
    /// The authority to trust, as a PEM file, if it is to be reached through TLS.
    pub authority: Option<PathBuf>,
}

impl Target {
    /// Without login.
    pub fn open(bootstrap: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::None,
            authority: None,
        }
    }

    /// With the token as the password of SASL/PLAIN.
    pub fn plain(bootstrap: &str, token: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::Plain {
                token: token.to_owned(),
            },
            authority: None,
        }
    }

    /// With SASL/OAUTHBEARER.
    pub fn bearer(bootstrap: &str, token: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::Bearer {
                token: token.to_owned(),
            },
            authority: None,
        }
    }

    /// As a user of the broker's.
    pub fn user(
        bootstrap: &str,
        mechanism: &'static str,
        (name, password): (&str, &str),
    ) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::User {
                mechanism,
                name: name.to_owned(),
                password: password.to_owned(),
            },
            authority: None,
        }
    }

    /// The same login at another address.
    pub fn at(&self, bootstrap: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: self.login.clone(),
            authority: self.authority.clone(),
        }
    }

    /// The same, through TLS.
    pub fn trusting(mut self, authority: &Path) -> Target {
        self.authority = Some(authority.to_owned());
        self
    }

    /// Kafka's word for login and TLS together (`security.protocol`).
    pub fn protocol(&self) -> &'static str {
        match (&self.login, &self.authority) {
            (Login::None, None) => "PLAINTEXT",
            (Login::None, Some(_)) => "SSL",
            (_, None) => "SASL_PLAINTEXT",
            (_, Some(_)) => "SASL_SSL",
        }
    }
}
