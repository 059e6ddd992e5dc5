//! A login that passes through the gateway to the broker: whom did the broker accept?
//!
//! Owns: what may be learnt from a SASL exchange by watching it: the name, and when it is over.
//! Refuses: to judge a credential (the broker does), to keep one, and to name anybody before the
//! broker accepted them. Stays true: a name is taken from the very message that the broker took it
//! from, read as Apache Kafka reads it; where two readings are possible there is no name at all,
//! and a login without a name does not get in: else a client could choose which rules apply to it.
//!
//! | mechanism | the name | over when |
//! | --- | --- | --- |
//! | PLAIN (RFC 4616) | the authentication identity | the broker's first reply |
//! | SCRAM-SHA-256, -512 (RFC 5802) | `n=` of the client's first message | the broker's `v=` |
//! | the same with `tokenauth=true` (KIP-48) | `delegation token (ID)`; its owner is not sent | the same |
//! | OAUTHBEARER (RFC 7628) | the token's `sub`; `unknown (OAUTHBEARER)` without one | an empty reply |
//! | GSSAPI and all others | `unknown (MECHANISM)` | the broker names a lifetime, or another request |
//!
//! An authorization identity other than the name is what Kafka refuses; a broker that accepts it
//! leaves open who was accepted, and so there is no name.

use super::oauthbearer::{gs2_header, oauthbearer, unescape};
use super::sasl::SaslFault;
use super::{claims, jws};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Longest name of a mechanism (RFC 4422 §3.1).
const MECHANISM_BYTES_MAX: usize = 20;

/// One exchange under way. Fed with both sides' messages in the order they were sent.
#[derive(Debug)]
pub struct Exchange {
    mechanism: String,
    kind: Kind,
    /// The name that the client's first message claims; `None` before it.
    name: Option<Result<Arc<str>, SaslFault>>,
    /// Messages of the client that the broker answered without error.
    accepted: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Scram,
    OauthBearer,
    Other,
}

/// Where an exchange stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The broker wants more, or nobody but the broker knows (see [`Exchange::may_be_over`]).
    More,
    /// The broker accepted the client under this name.
    Accepted(Arc<str>),
    /// The broker accepted the client, and there is no telling under which name.
    Nameless(SaslFault),
}

impl Exchange {
    /// An exchange in a mechanism that the broker agreed to. `None` when that is not a name of a
    /// mechanism (RFC 4422 §3.1): the audit will show it.
    pub fn new(mechanism: &str) -> Option<Exchange> {
        let is_letter = |b: u8| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
        let good = (1..=MECHANISM_BYTES_MAX).contains(&mechanism.len());
        if !good || !mechanism.bytes().all(is_letter) {
            return None;
        }
        let kind = match mechanism {
            "PLAIN" => Kind::Plain,
            "SCRAM-SHA-256" | "SCRAM-SHA-512" => Kind::Scram,
            "OAUTHBEARER" => Kind::OauthBearer,
            _ => Kind::Other,
        };
        Some(Exchange {
            mechanism: mechanism.to_owned(),
            kind,
            name: None,
            accepted: 0,
        })
    }

    /// The mechanism's name.
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// Takes a message of the client's on its way to the broker. Of all but the name nothing is
    /// kept.
    pub fn client(&mut self, message: &[u8]) {
        if self.name.is_none() {
            self.name = Some(match self.kind {
                Kind::Plain => plain_name(message),
                Kind::Scram => scram_name(message),
                Kind::OauthBearer => bearer_name(message),
                Kind::Other => Ok(self.unknown()),
            });
        }
    }

    /// Takes the broker's reply to it, which is no error: the mechanism's bytes, and the session's
    /// lifetime in milliseconds (KIP-368), which a broker names with its last reply only.
    pub fn broker(&mut self, message: &[u8], session_lifetime_ms: i64) -> Progress {
        self.accepted += 1;
        let over = match self.kind {
            Kind::Plain => true,
            Kind::Scram => self.accepted >= 2 && message.starts_with(b"v="),
            Kind::OauthBearer => message.is_empty(), // else it is a refusal, to be acknowledged
            Kind::Other => session_lifetime_ms > 0,
        };
        // Kafka lets a client whose token it refused try another in the same exchange: the name kept
        // is the first one's
        let another = self.kind == Kind::OauthBearer && self.accepted > 1;
        match &self.name {
            _ if !over => Progress::More,
            _ if another => Progress::Nameless(SaslFault::OtherName),
            Some(Ok(name)) => Progress::Accepted(Arc::clone(name)),
            Some(Err(fault)) => Progress::Nameless(*fault),
            None => Progress::Nameless(SaslFault::Malformed),
        }
    }

    /// The name, if the exchange is over should the client send anything but a login now: of a
    /// mechanism that is not read here only the broker knows, and it closes the connection when
    /// something else comes too early.
    pub fn may_be_over(&self) -> Option<Arc<str>> {
        (self.kind == Kind::Other && self.accepted > 0).then(|| self.unknown())
    }

    /// Whether the client's messages carry a token that an issuer may vouch for.
    pub fn carries_token(&self) -> bool {
        self.kind == Kind::OauthBearer
    }

    /// The name that the client claims, for the audit of a refusal.
    pub fn claimed(&self) -> Option<&str> {
        self.name.as_ref()?.as_deref().ok()
    }

    fn unknown(&self) -> Arc<str> {
        format!("unknown ({})", self.mechanism).into()
    }
}

/// `[authzid] NUL authcid NUL passwd`.
fn plain_name(message: &[u8]) -> Result<Arc<str>, SaslFault> {
    let message = std::str::from_utf8(message).map_err(|_| SaslFault::Malformed)?;
    let mut parts = message.split('\0');
    let (Some(authzid), Some(name), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SaslFault::Malformed);
    };
    if authzid.is_empty() || authzid == name {
        named(name)
    } else {
        Err(SaslFault::OtherName)
    }
}

/// `gs2-header [m=…,] n=NAME,r=NONCE [,name=value]…` (RFC 5802 §7). Kafka's names are ASCII; others
/// would need SASLprep, after which they may be somebody else's.
fn scram_name(message: &[u8]) -> Result<Arc<str>, SaslFault> {
    let message = std::str::from_utf8(message).map_err(|_| SaslFault::Malformed)?;
    let bare = message.match_indices(',').nth(1);
    let (gs2, bare) = message.split_at(bare.ok_or(SaslFault::Malformed)?.0 + 1);
    let authzid = gs2_header(gs2)?;
    let mut fields = bare.split(',').map(|field| field.split_once('='));
    let mut next = || fields.next().flatten().ok_or(SaslFault::Malformed);
    let mut field = next()?;
    if field.0 == "m" {
        field = next()?;
    }
    let ("n", name) = field else {
        return Err(SaslFault::Malformed);
    };
    let ("r", _) = next()? else {
        return Err(SaslFault::Malformed);
    };
    let token = tokenauth(fields)?;
    let name = unescape(name).ok_or(SaslFault::Malformed)?;
    if !name.is_ascii() {
        return Err(SaslFault::Malformed);
    }
    if authzid.is_some_and(|acts_as| acts_as != name) {
        return Err(SaslFault::OtherName);
    }
    if token {
        return named(&name).map(|id| format!("delegation token ({id})").into());
    }
    named(&name)
}

/// Whether the name is a delegation token's id. Said twice, readings differ.
fn tokenauth<'a>(
    extensions: impl Iterator<Item = Option<(&'a str, &'a str)>>,
) -> Result<bool, SaslFault> {
    let mut said = None;
    for extension in extensions {
        let (name, value) = extension.ok_or(SaslFault::Malformed)?;
        if name == "tokenauth" && said.replace(value.eq_ignore_ascii_case("true")).is_some() {
            return Err(SaslFault::Malformed);
        }
    }
    Ok(said.unwrap_or(false))
}

/// The token's `sub`. Nothing of the token is verified here: the broker does that.
fn bearer_name(message: &[u8]) -> Result<Arc<str>, SaslFault> {
    let asked = oauthbearer(message)?;
    let name = jws::Parts::of(asked.token)
        .and_then(|parts| jws::json::<Map<String, Value>>(parts.payload))
        .and_then(|claims| claims::principal(&claims, "sub"));
    let name = name.unwrap_or_else(|_| "unknown (OAUTHBEARER)".into());
    asked.may_act_as(&name).map(|()| name)
}

/// A name that rules, log and audit can bear.
fn named(name: &str) -> Result<Arc<str>, SaslFault> {
    if claims::is_name(name) {
        Ok(name.into())
    } else {
        Err(SaslFault::Malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    /// An exchange after these pairs of client's and broker's messages.
    fn after(mechanism: &str, messages: &[(&[u8], &[u8])]) -> Progress {
        let mut exchange = Exchange::new(mechanism).unwrap();
        let mut progress = Progress::More;
        for (client, broker) in messages {
            assert_eq!(progress, Progress::More, "more came after the end");
            exchange.client(client);
            progress = exchange.broker(broker, 0);
        }
        progress
    }

    #[test]
    fn a_second_token_in_one_exchange_is_nobodys() {
        let (alice, bob) = (
            bearer(r#"{"sub":"alice"}"#, ""),
            bearer(r#"{"sub":"bob"}"#, ""),
        );
        let refusal = br#"{"status":"invalid_token"}"#.as_slice();
        let messages = [
            (alice.as_slice(), refusal),
            (bob.as_slice(), b"".as_slice()),
        ];
        let nobody = Progress::Nameless(SaslFault::OtherName);
        assert_eq!(after("OAUTHBEARER", &messages), nobody);
        assert_eq!(after("OAUTHBEARER", &messages[1..]), is("bob"));
    }

    fn is(name: &str) -> Progress {
        Progress::Accepted(name.into())
    }

    fn scram(first: &str) -> Progress {
        let first = first.as_bytes();
        after(
            "SCRAM-SHA-512",
            &[
                (first, b"r=ab12,s=AAAA,i=4096"),
                (b"c=biws,r=ab12,p=AAAA", b"v=AAAA"),
            ],
        )
    }

    fn bearer(payload: &str, authzid: &str) -> Vec<u8> {
        let token = format!(
            "{}.{}.c2ln",
            BASE64URL_NOPAD.encode(br#"{"alg":"RS256"}"#),
            BASE64URL_NOPAD.encode(payload.as_bytes())
        );
        format!("n,{authzid},\x01auth=Bearer {token}\x01\x01").into_bytes()
    }

    #[test]
    fn plain_names_its_user() {
        let plain = |message: &str| after("PLAIN", &[(message.as_bytes(), b"")]);
        assert_eq!(plain("\0alice\0secret"), is("alice"));
        assert_eq!(plain("alice\0alice\0secret"), is("alice"));
        let other = Progress::Nameless(SaslFault::OtherName);
        assert_eq!(plain("bob\0alice\0secret"), other);
        for bad in ["", "alice", "\0alice\0a\0b", "\0\0x", "\0a\u{7}\0x"] {
            assert_eq!(plain(bad), Progress::Nameless(SaslFault::Malformed));
        }
    }

    #[test]
    fn scram_names_the_user_of_its_first_message() {
        assert_eq!(scram("n,,n=alice,r=ab"), is("alice"));
        assert_eq!(scram("y,,n=alice,r=ab,x=y"), is("alice"));
        assert_eq!(scram("n,a=alice,n=alice,r=ab"), is("alice"));
        assert_eq!(scram("n,,m=x,n=alice,r=ab"), is("alice"));
        assert_eq!(scram("n,,n=a=2Cb=3Dc,r=ab"), is("a,b=c"));
        assert_eq!(
            scram("n,,n=tokenid,r=ab,tokenauth=true"),
            is("delegation token (tokenid)")
        );
        assert_eq!(scram("n,,n=alice,r=ab,tokenauth=false"), is("alice"));
        let other = Progress::Nameless(SaslFault::OtherName);
        assert_eq!(scram("n,a=bob,n=alice,r=ab"), other);
    }

    /// Each of these could mean two people to two readers.
    #[test]
    fn what_can_be_read_in_two_ways_has_no_name() {
        for first in [
            "",
            "n,",
            "n,,",
            "n,,r=ab,n=alice",
            "n,,n=alice",
            "n,,n=,r=ab",
            "n,,n=al=2cice,r=ab",
            "n,,n=alice,r=ab,tokenauth=true,tokenauth=false",
            "n,,n=alice,r=ab,tokenauth",
            "n,,n=\u{ff41}lice,r=ab", // a full-width a: SASLprep makes it `alice`
            "n,b=alice,n=alice,r=ab",
        ] {
            assert_eq!(
                scram(first),
                Progress::Nameless(SaslFault::Malformed),
                "{first:?}"
            );
        }
    }

    #[test]
    fn scram_is_not_over_before_the_broker_has_proved_itself() {
        let mut exchange = Exchange::new("SCRAM-SHA-256").unwrap();
        exchange.client(b"n,,n=alice,r=ab");
        assert_eq!(exchange.broker(b"v=AAAA", 9), Progress::More, "too early");
        exchange.client(b"n,,n=bob,r=ab");
        assert_eq!(exchange.broker(b"e=other-error", 9), Progress::More);
        assert_eq!(
            exchange.broker(b"v=AAAA", 9),
            is("alice"),
            "the first message counts"
        );
        assert_eq!(exchange.may_be_over(), None);
    }

    #[test]
    fn a_bearer_is_named_by_its_token() {
        let one = |message: &[u8]| after("OAUTHBEARER", &[(message, b"")]);
        assert_eq!(one(&bearer(r#"{"sub":"alice"}"#, "")), is("alice"));
        assert_eq!(one(&bearer(r#"{"sub":"alice"}"#, "a=alice")), is("alice"));
        assert_eq!(
            one(&bearer(r#"{"sub":"alice"}"#, "a=bob")),
            Progress::Nameless(SaslFault::OtherName)
        );
        assert_eq!(
            one(&bearer(r#"{"azp":"x"}"#, "")),
            is("unknown (OAUTHBEARER)")
        );
        assert_eq!(
            one(b"n,,\x01auth=Bearer opaque\x01\x01"),
            is("unknown (OAUTHBEARER)")
        );
        let refused = [
            (
                &bearer(r#"{"sub":"a"}"#, "")[..],
                &b"{\"status\":\"x\"}"[..],
            ),
            (b"\x01", b"{}"),
        ];
        assert_eq!(after("OAUTHBEARER", &refused), Progress::More);
    }

    #[test]
    fn other_mechanisms_pass_under_a_name_of_their_own() {
        let mut exchange = Exchange::new("GSSAPI").unwrap();
        exchange.client(b"\x60\x82");
        assert_eq!(exchange.may_be_over(), None, "the broker has said nothing");
        assert_eq!(exchange.broker(b"\x60", 0), Progress::More);
        assert_eq!(exchange.may_be_over().as_deref(), Some("unknown (GSSAPI)"));
        assert_eq!(exchange.broker(b"", 3_600_000), is("unknown (GSSAPI)"));
        for no in ["", "plain", "A B", "X\n", &"A".repeat(21)] {
            assert!(Exchange::new(no).is_none(), "{no:?}");
        }
    }

    #[test]
    fn nothing_secret_is_kept() {
        let mut exchange = Exchange::new("PLAIN").unwrap();
        exchange.client(b"\0alice\0hunter2");
        assert!(!format!("{exchange:?}").contains("hunter2"));
        assert_eq!(exchange.claimed(), Some("alice"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Whatever passes, names are what rules and log can bear, and SCRAM's survive escaping.
        #[test]
        fn any_messages_give_a_sound_name_or_none(
            mechanism in prop::sample::select(&["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "X"][..]),
            noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..4),
            name in "[ -~]{1,20}",
        ) {
            let mut exchange = Exchange::new(mechanism).unwrap();
            for message in &noise {
                exchange.client(message);
                if let Progress::Accepted(name) = exchange.broker(b"", 0) {
                    prop_assert!(claims::is_name(&name));
                }
            }
            let escaped = name.replace('=', "=3D").replace(',', "=2C");
            prop_assert_eq!(scram(&format!("n,,n={escaped},r=ab")), is(&name));
        }
    }
}
