//! The table: what is refused how, API by API.
//!
//! Owns: the rows. Refuses: APIs between brokers, which no client may send, and the login's, which
//! no rule may forbid. Stays true: one row a key; a test finds every field in the table of messages,
//! and every topic that a request can name in its row.
//!
//! # Codes
//!
//! A library has to report the code as final and in words that lead to the rule:
//!
//! - where the reply has a message for each thing changed, it is POLICY_VIOLATION with the rule and
//!   its reason: admin clients show that message (`PolicyViolationException: blocked by rule …`);
//! - everything else gets what a broker's own authorizer would say, *_AUTHORIZATION_FAILED of what
//!   was denied: consumers, producers and admin clients treat those as final, name the topic, group
//!   or transaction in the exception, and do so in every version and without a message.

mod admin;
mod cluster;
mod groups;
mod records;

use super::row::Row;

/// The row of an API.
pub fn row(key: i16) -> Option<&'static Row> {
    all().find(|row| row.key == key)
}

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Row> {
    let parts: [&'static [Row]; 4] = [records::ROWS, groups::ROWS, admin::ROWS, cluster::ROWS];
    parts.into_iter().flatten()
}
