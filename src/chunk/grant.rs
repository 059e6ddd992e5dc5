//! The words for an approval that goes on: what a grant is about, and how it is recognised.
//!
//! Owns: what an approval may cover, a grant's key and its safe texts. Refuses: who may approve and for how long
//! (`approvals`), and which grants there are (`policy::Grants`). Stays true: two questions have one key
//! exactly when one answer serves both; no text here carries a value of a record.

use aws_lc_rs::digest::{Context, SHA256};
use std::fmt;
use std::sync::Arc;

/// What an approval lets through.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// The records that were shown, once.
    #[default]
    Records,
    /// Records of one schema on one topic, whoever writes or reads them.
    Schema,
    /// One principal's higher rate.
    Rate,
    /// One principal's use of a topic.
    Access,
}

impl Covers {
    /// All of them.
    pub const ALL: [Covers; 4] = [
        Covers::Records,
        Covers::Schema,
        Covers::Rate,
        Covers::Access,
    ];

    /// The name used in rules, the API and the audit.
    pub const fn name(self) -> &'static str {
        match self {
            Covers::Records => "records",
            Covers::Schema => "schema",
            Covers::Rate => "rate",
            Covers::Access => "access",
        }
    }

    /// Whether it goes on after the records that were asked about.
    pub const fn is_grant(self) -> bool {
        !matches!(self, Covers::Records)
    }
}

/// Names what a grant is about: SHA-256 over what it covers, rule, cluster and fields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantKey(pub [u8; 32]);

impl GrantKey {
    /// The key of these fields, in this order. Each is hashed behind its length, so that no two lists of fields
    /// run into one another. `schema`: topic, the schema's identity. `rate`, `access`: issuer,
    /// principal, operation, topic.
    pub fn of(covers: Covers, rule: &str, cluster: &str, fields: &[&[u8]]) -> GrantKey {
        let mut context = Context::new(&SHA256);
        let head = [
            covers.name().as_bytes(),
            rule.as_bytes(),
            cluster.as_bytes(),
        ];
        for field in head.iter().chain(fields) {
            context.update(&(field.len() as u64).to_le_bytes());
            context.update(field);
        }
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        GrantKey(key)
    }
}

impl fmt::Debug for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantKey({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// What people are asked to grant. Both texts were made from names, counts and shapes, never from values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantSubject {
    /// What an approval will be recognised by.
    pub key: GrantKey,
    /// What it covers; never `Records`.
    pub covers: Covers,
    /// One line for reviewers: `first use of hr.people by bob (produce)`. At most
    /// `limits::GRANT_ABOUT_BYTES_MAX`; the desk cuts what is longer.
    pub about: Arc<str>,
    /// Several lines where there is more to show, such as a schema's diff. At most
    /// `limits::GRANT_DETAIL_BYTES_MAX`; the desk cuts what is longer.
    pub detail: Option<Arc<str>>,
}

/// What an approval of one hold rule will grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantOffer {
    /// About what.
    pub subject: GrantSubject,
    /// How long it lasts from the approval, in milliseconds; `None`: until it is revoked.
    pub for_ms: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_one_another() {
        let key = |fields: &[&[u8]]| GrantKey::of(Covers::Access, "r", "main", fields);
        assert_eq!(key(&[b"a", b"bc"]), key(&[b"a", b"bc"]));
        assert_ne!(key(&[b"a", b"bc"]), key(&[b"ab", b"c"]));
        assert_ne!(key(&[b"a", b""]), key(&[b"a"]));
        let rate = GrantKey::of(Covers::Rate, "r", "main", &[b"a"]);
        assert_ne!(key(&[b"a"]), rate);
    }
}
