//! The one table of what the gateway does with each API.
//!
//! Owns: per API key, the versions understood, where its messages turn flexible, and the
//! treatment. Refuses: whatever is not in it, by (key, version): a newer version may carry an
//! address or a topic id that nobody here judges. Stays true: ApiVersions never offers more than
//! this table; names and layouts are Kafka's own, from the generated table of messages.

mod keys;
mod table;

pub use keys::*;
pub use table::{REFUSED, TABLE};

use super::messages;

/// What is done with a request and its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Treatment {
    /// The request passes; its reply is walked, and loses what nobody here knows.
    Relay,
    /// The records in it are walked, scanned and judged.
    Inspect,
    /// As `Relay`, and addresses in its reply are replaced or withheld.
    Rewrite,
    /// The gateway answers by itself; the broker never sees it.
    Answer,
    /// An error of the right shape; the broker never sees it.
    Refuse,
}

/// When an API is passed at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Wherever the broker offers it.
    Always,
    /// Where the configuration says `telemetry: pass`. A client's metrics go to the broker's
    /// operator unseen, and clients push them without being told to (KIP-714).
    Telemetry,
    /// Where the broker knows the client by its own login (`sasl: relay` or `none`). A delegation
    /// token (KIP-48) logs in as whoever asked for it, which is the gateway itself otherwise.
    OwnLogin,
}

/// Which conditions are met on a listener. By default none is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// For `Condition::Telemetry`.
    pub telemetry: bool,
    /// For `Condition::OwnLogin`.
    pub own_login: bool,
}

impl Allowed {
    /// Whether a condition is met.
    pub fn meets(self, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Telemetry => self.telemetry,
            Condition::OwnLogin => self.own_login,
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// Number on the wire.
    pub key: i16,
    /// Kafka's name for it.
    pub name: &'static str,
    /// Oldest version understood.
    pub min: i16,
    /// Newest version understood.
    pub max: i16,
    /// Oldest version offered when the broker offers it too: below `min` only where clients read
    /// a meaning into it (older librdkafka turns compression off without Produce v0,
    /// KAFKA-18659). A request between the two is refused with UNSUPPORTED_VERSION.
    pub advertised_min: i16,
    /// First version with compact types and tagged fields (KIP-482).
    pub flexible: i16,
    /// What is done with it.
    pub treatment: Treatment,
    /// When it is passed.
    pub only: Condition,
    /// Whether it may be sent by a client that has not logged in.
    pub before_login: bool,
}

impl Api {
    /// Whether the gateway understands this version.
    pub fn understands(&self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    const fn only(mut self, condition: Condition) -> Api {
        self.only = condition;
        self
    }
}

/// What brokers offer and the gateway refuses on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Number on the wire.
    pub key: i16,
    /// First and last version.
    pub versions: (i16, i16),
    /// Why.
    pub reason: &'static str,
}

/// A line; its name and where it turns flexible come from Kafka's definitions.
const fn api(key: i16, (min, max): (i16, i16), treatment: Treatment) -> Api {
    let Some(layout) = messages::described(key) else {
        panic!("an API without a layout");
    };
    assert!(layout.has(min) && layout.has(max));
    Api {
        key,
        name: layout.name,
        min,
        max,
        advertised_min: if key == PRODUCE { 0 } else { min },
        flexible: layout.flexible,
        treatment,
        only: Condition::Always,
        before_login: matches!(key, SASL_HANDSHAKE | API_VERSIONS | SASL_AUTHENTICATE),
    }
}

/// The table's line for a key; `None` when the gateway does not know it.
pub fn lookup(key: i16) -> Option<&'static Api> {
    let at = TABLE.binary_search_by_key(&key, |api| api.key).ok()?;
    TABLE.get(at)
}

/// What is done with a request of this key and version: the table's word, and `Refuse` for
/// whatever the table does not understand.
pub fn treatment(key: i16, version: i16) -> Treatment {
    match lookup(key) {
        Some(api) if api.understands(version) => api.treatment,
        _ => Treatment::Refuse,
    }
}

#[cfg(test)]
mod tests;
