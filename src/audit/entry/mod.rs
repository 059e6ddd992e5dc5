//! What an entry says: one root type per kind and version, laid out by rkyv.
//!
//! Owns: the kinds, their numbers and names, the way to bytes and back. Refuses: bytes that
//! bytecheck does not accept, kinds and versions it does not know. Stays true: pure (no clock,
//! file, socket or thread); a number, once released, keeps its meaning and its layout, so a
//! changed type gets a new version beside the old one; no type has a place for a raw record value.

mod gateway;
mod grant;
mod hold;
mod json;
mod operation;
mod session;
mod traffic;
mod verdict;

pub use gateway::{Opened, Oversized, PolicyLoaded, Recovered, Started, Stopped};
pub use grant::{GrantRevoked, Granted};
pub use hold::{
    ContentDigest, Decided, Decision, HoldOpened, Landed, Outcome, Release, Review, Vote,
};
pub use operation::{Asked, Course};
pub use session::{LoginRefused, LoginsRefused, Refusals, SessionClosed, SessionOpened};
pub use traffic::{Traffic, TrafficChunkView};
pub use verdict::{Action, Count, Op, Verdict};

use crate::chunk::UnixMillis;
use rkyv::rancor;
use rkyv::util::AlignedVec;

/// A SHA-256.
pub type Hash = [u8; 32];

/// One thing that happened. The writer adds the sequence number and the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When, by the gateway's clock.
    pub at: UnixMillis,
    /// What.
    pub body: Body,
}

impl Entry {
    /// Any of the kinds, stamped.
    pub fn new(at: UnixMillis, body: impl Into<Body>) -> Entry {
        Entry {
            at,
            body: body.into(),
        }
    }
}

/// How far an entry must have got before its effect may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Written within the flush interval: clean traffic, sessions.
    Interval,
    /// Handed to the kernel before the effect (survives the process), synced as soon as the disk
    /// is free: mask, block, hold.
    Kernel,
    /// Synced before the effect: what weakens (review, decision, release, policy).
    Durable,
}

/// Kind and version of a stored payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// Number of the kind.
    pub kind: u16,
    /// Version of its layout, from 1.
    pub version: u16,
}

/// A stored payload that this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Written by a newer gateway, or not by one.
    #[error("kind {} version {} is not known here; a newer lockgate may read it", .0.kind, .0.version)]
    UnknownForm(Form),
    /// The bytes are not a value of their kind.
    #[error("not a valid {kind}: {reason}")]
    Invalid {
        /// The kind's name.
        kind: &'static str,
        /// bytecheck's reason.
        reason: String,
    },
}

/// A type that may be the root of a payload.
pub trait Root {
    /// Its number and version.
    fn form(&self) -> Form;
    /// Its name, as `audit query --kind` takes it.
    fn name(&self) -> &'static str;
    /// Lays it out into `out`, which must be empty; the storage comes back for re-use, also
    /// when it grew.
    fn encode(&self, out: AlignedVec) -> Result<AlignedVec, rancor::Error>;
}

macro_rules! kinds {
    ($( $(#[$doc:meta])* $number:literal v $version:literal $name:literal $type:ident ),* $(,)?) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        pub enum Body {
            $( $(#[$doc])* $type($type), )*
        }

        /// The names of all kinds, in the order of their numbers.
        pub const KIND_NAMES: &[&str] = &[$($name),*];

        impl Body {
            /// The value inside, as something that can be written.
            pub fn root(&self) -> &dyn Root {
                match self { $( Body::$type(root) => root, )* }
            }
        }

        /// Reads a payload back. `bytes` must be 16-aligned, as an `AlignedVec` is.
        pub fn decode(form: Form, bytes: &[u8]) -> Result<Body, Unreadable> {
            match (form.kind, form.version) {
                $( ($number, $version) => rkyv::from_bytes::<$type, rancor::Error>(bytes)
                    .map(Body::$type)
                    .map_err(|e| Unreadable::Invalid { kind: $name, reason: e.to_string() }), )*
                _ => Err(Unreadable::UnknownForm(form)),
            }
        }

        /// Whether a payload is a valid value of its kind, without building it. `bytes` must be
        /// 16-aligned.
        pub fn check(form: Form, bytes: &[u8]) -> Result<(), Unreadable> {
            match (form.kind, form.version) {
                $( ($number, $version) => rkyv::access::<rkyv::Archived<$type>, rancor::Error>(bytes)
                    .map(|_| ())
                    .map_err(|e| Unreadable::Invalid { kind: $name, reason: e.to_string() }), )*
                _ => Err(Unreadable::UnknownForm(form)),
            }
        }

        $(
            impl Root for $type {
                fn form(&self) -> Form {
                    Form { kind: $number, version: $version }
                }
                fn name(&self) -> &'static str {
                    $name
                }
                fn encode(&self, out: AlignedVec) -> Result<AlignedVec, rancor::Error> {
                    rkyv::api::high::to_bytes_in::<_, rancor::Error>(self, out)
                }
            }

            impl From<$type> for Body {
                fn from(root: $type) -> Body {
                    Body::$type(root)
                }
            }
        )*
    };
}

// 32 is kept for signed checkpoints.
kinds! {
    /// The gateway is up, and these are the chains it writes.
    1 v 1 "started" Started,
    /// A chain was closed in good order.
    2 v 1 "stopped" Stopped,
    /// The run before did not end in good order.
    3 v 1 "recovered" Recovered,
    /// A policy is in force from here on.
    4 v 1 "policy_loaded" PolicyLoaded,
    /// Something was too large to be kept whole.
    5 v 1 "oversized" Oversized,
    /// Somebody logged in.
    8 v 1 "session_opened" SessionOpened,
    /// Somebody was not let in.
    9 v 1 "login_refused" LoginRefused,
    /// A connection ended.
    10 v 1 "session_closed" SessionClosed,
    /// Clean chunks of one request.
    11 v 1 "traffic" Traffic,
    /// A rule matched a chunk.
    12 v 1 "verdict" Verdict,
    /// Somebody asked for something that is not records.
    13 v 1 "operation" Asked,
    /// More were not let in than are told one by one.
    14 v 1 "logins_refused" LoginsRefused,
    /// People are asked.
    16 v 1 "hold_opened" HoldOpened,
    /// A person answered.
    17 v 1 "review" Review,
    /// What the reviews amount to.
    18 v 1 "decision" Decision,
    /// A chunk may be written.
    19 v 1 "release" Release,
    /// What became of a released chunk.
    20 v 1 "outcome" Outcome,
    /// An approval goes on.
    21 v 1 "granted" Granted,
    /// A grant ended before its time.
    22 v 1 "grant_revoked" GrantRevoked,
}

impl Body {
    /// How far this must have got before its effect.
    pub fn tier(&self) -> Tier {
        match self {
            Body::Started(_) | Body::Recovered(_) | Body::PolicyLoaded(_) => Tier::Durable,
            Body::Review(_) | Body::Decision(_) | Body::Release(_) => Tier::Durable,
            Body::Granted(_) | Body::GrantRevoked(_) => Tier::Durable,
            Body::Verdict(_) | Body::Asked(_) => Tier::Kernel,
            Body::HoldOpened(_) | Body::Outcome(_) => Tier::Kernel,
            Body::Oversized(_) | Body::Stopped(_) => Tier::Kernel,
            Body::SessionOpened(_) | Body::LoginRefused(_) | Body::SessionClosed(_) => {
                Tier::Interval
            }
            Body::Traffic(_) | Body::LoginsRefused(_) => Tier::Interval,
        }
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::samples::{arbitrary_body, one_of_each};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds_have_numbers_and_names_of_their_own() {
        let mut forms: Vec<_> = one_of_each()
            .iter()
            .map(|e| e.body.root().form().kind)
            .collect();
        let names: Vec<_> = one_of_each().iter().map(|e| e.body.root().name()).collect();
        assert_eq!(names, KIND_NAMES);
        forms.dedup();
        assert_eq!(forms.len(), KIND_NAMES.len());
    }

    #[test]
    fn an_unknown_form_is_named() {
        let form = Form {
            kind: 999,
            version: 1,
        };
        assert!(matches!(decode(form, &[]), Err(Unreadable::UnknownForm(f)) if f == form));
        assert!(matches!(check(form, &[]), Err(Unreadable::UnknownForm(f)) if f == form));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_encoded_reads_back(body in arbitrary_body()) {
            let bytes = body.root().encode(AlignedVec::new()).unwrap();
            prop_assert_eq!(decode(body.root().form(), &bytes).unwrap(), body.clone());
            check(body.root().form(), &bytes).unwrap();
        }

        /// Hostile payloads give an error or a value, never a panic; and what is accepted can be
        /// told in words and JSON.
        #[test]
        fn any_bytes_are_refused_or_read(
            body in arbitrary_body(),
            at in any::<prop::sample::Index>(),
            with in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = body.root().encode(AlignedVec::new()).unwrap();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= with;
            }
            if with % 4 == 0 {
                bytes.resize(cut.index(bytes.len() + 1), 0);
            }
            if let Ok(read) = decode(body.root().form(), &bytes) {
                serde_json::to_string(&read).unwrap();
                crate::audit::describe::describe(&read);
            }
        }
    }
}
