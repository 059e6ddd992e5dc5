//! Who came, who was refused, who left.
//!
//! Owns: the entries of a connection's life. Refuses: tokens and passwords; a refused login is
//! told by its reason alone, and past a rate by its reason's count. Stays true: a session's number is unique within its chain and run.

use rkyv::{Archive, Deserialize, Serialize};

/// Somebody logged in (or came to a listener without login).
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct SessionOpened {
    /// Number of the session in this chain and run.
    pub session: u64,
    /// The principal's name.
    pub principal: String,
    /// Issuer that vouched for it; empty without login.
    pub issuer: String,
    /// Its groups.
    pub groups: Vec<String>,
    /// The client's own name for itself, as far as known.
    pub client_id: String,
    /// The peer's address and port.
    pub peer: String,
    /// The listener's name.
    pub listener: String,
    /// SASL mechanism, or `none`.
    pub mechanism: String,
}

/// Somebody was not let in.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct LoginRefused {
    /// The peer's address and port.
    pub peer: String,
    /// The listener's name.
    pub listener: String,
    /// SASL mechanism that was tried; empty if it never came to that.
    pub mechanism: String,
    /// A short, stable word for the reason (`expired`, `bad_signature`).
    pub code: String,
    /// The reason for people; never any part of the token.
    pub reason: String,
    /// Whom the peer claimed to be, unproven.
    pub claimed: Option<String>,
}

/// More were not let in than are told one by one.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct LoginsRefused {
    /// How many, by reason; each reason once.
    pub causes: Vec<Refusals>,
    /// Milliseconds from the first of them to this entry.
    pub over_ms: u64,
    /// The address and port of the last of them.
    pub last_peer: String,
}

/// Refusals for one reason.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct Refusals {
    /// The word that `LoginRefused` has for it.
    pub code: String,
    /// How many.
    pub count: u64,
}

/// A connection ended.
#[derive(Archive, Serialize, Deserialize, serde::Serialize, Clone, Debug, Default, PartialEq)]
pub struct SessionClosed {
    /// Number of the session.
    pub session: u64,
    /// Why, and who ended it.
    pub cause: String,
    /// Bytes that came from the client.
    pub bytes_in: u64,
    /// Bytes that went to the client.
    pub bytes_out: u64,
}
