//! Is this login message good: the token in it, and the name beside it.
//!
//! Owns: the check of one message against the snapshots of rules and keys, and the short wait for a
//! key that its issuer has just published. Refuses: to answer the client (`login` does). Stays true:
//! a name that a message claims is believed only after its token was found good.

use super::connection::Connection;
use crate::chunk::UnixMillis;
use crate::identity::oauthbearer::oauthbearer;
use crate::identity::sasl::{self, Mechanism};
use crate::identity::tokens::{self, TokenFault, Verified};
use crate::limits::KEY_REFRESH_WAIT_MS_MAX;
use std::time::Duration;

/// Why a login was refused, in words for the client and a code for the audit.
pub struct Refused {
    /// For the audit.
    pub code: &'static str,
    /// For the client.
    pub why: String,
    /// Whom it claimed to be.
    pub claimed: Option<String>,
    /// Index of the issuer and id of a key that may just have been published.
    pub unknown_key: Option<(usize, String)>,
}

impl Refused {
    fn sasl(fault: sasl::SaslFault, claimed: Option<&str>) -> Refused {
        let claimed = claimed.map(str::to_owned);
        Refused {
            code: fault.code(),
            why: fault.to_string(),
            claimed,
            unknown_key: None,
        }
    }

    fn token(fault: TokenFault, claimed: Option<&str>) -> Refused {
        let (code, why) = (fault.code(), fault.to_string());
        let unknown_key = match fault {
            TokenFault::UnknownKey { issuer, kid } => Some((issuer, kid)),
            _ => None,
        };
        Refused {
            code,
            why,
            claimed: claimed.map(str::to_owned),
            unknown_key,
        }
    }
}

/// Checks a login message; what it claims is believed only after the token was found good.
pub fn check(
    connection: &Connection,
    mechanism: Mechanism,
    message: &[u8],
) -> Result<Verified, Refused> {
    let shared = &connection.core.shared;
    let verify = |token: &str, claimed: Option<&str>| {
        tokens::verify(
            token,
            &shared.issuers,
            &shared.keys.load(),
            UnixMillis::now(),
        )
        .map_err(|fault| Refused::token(fault, claimed))
    };
    match mechanism {
        Mechanism::OauthBearer => {
            let asked = oauthbearer(message).map_err(|fault| Refused::sasl(fault, None))?;
            let claimed = asked.authzid.as_deref();
            let verified = verify(asked.token, claimed)?;
            let may = asked.may_act_as(&verified.principal.name);
            may.map(|()| verified)
                .map_err(|fault| Refused::sasl(fault, claimed))
        }
        Mechanism::Plain => {
            let asked = sasl::plain(message).map_err(|fault| Refused::sasl(fault, None))?;
            let claimed = Some(asked.username);
            let verified = verify(asked.token, claimed)?;
            let may = asked.may_act_as(&verified.principal.name);
            may.map(|()| verified)
                .map_err(|fault| Refused::sasl(fault, claimed))
        }
    }
}

/// Asks the control thread for a key that the issuer may have just published, and waits a little.
pub async fn wait_for_key(connection: &Connection, issuer: usize, kid: &str) {
    const LOOK_MS: u64 = 50;
    let shared = &connection.core.shared;
    let before = shared.keys.load().version;
    if !(shared.ask_for_key)(issuer, kid) {
        return; // it was asked for a moment ago, or too many were
    }
    for _ in 0..KEY_REFRESH_WAIT_MS_MAX / LOOK_MS {
        monoio::time::sleep(Duration::from_millis(LOOK_MS)).await;
        if shared.keys.load().version != before {
            return;
        }
    }
}
