//! Where a client goes and how it logs in: the gateway, or the broker itself.

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
}

impl Target {
    /// Without login.
    pub fn open(bootstrap: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::None,
        }
    }

    /// With the token as the password of SASL/PLAIN.
    pub fn plain(bootstrap: &str, token: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::Plain {
                token: token.to_owned(),
            },
        }
    }

    /// With SASL/OAUTHBEARER.
    pub fn bearer(bootstrap: &str, token: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: Login::Bearer {
                token: token.to_owned(),
            },
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
        }
    }

    /// The same login at another address.
    pub fn at(&self, bootstrap: &str) -> Target {
        Target {
            bootstrap: bootstrap.to_owned(),
            login: self.login.clone(),
        }
    }
}
