//! The configuration as the rest of the gateway sees it: checked, complete, immutable.
//!
//! Owns: the runtime types, with every default filled in. Refuses: nothing; the checkers of this
//! room did. Stays true: no secret is printable.

use super::fault::Warning;
use super::secret::Secret;
use super::values::HostPort;
use crate::policy::{Mode, Policy, Then};
use crate::scan::Custom;
use crate::scan::mask::MaskKeys;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything `lockgate run` needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Kafka clusters behind the gateway, in the order of the file; never empty, and no two
    /// listeners of any of them share a port.
    pub clusters: Vec<Cluster>,
    /// Who may vouch for principals and reviewers.
    pub identity: Vec<Issuer>,
    /// The rules and exceptions, compiled.
    pub policy: Policy,
    /// The text the policy's hash is of.
    pub policy_text: String,
    /// Its main file, if it came from one: then it can be read again.
    pub file: Option<PathBuf>,
    /// The files it was read from, and the directories in which more of them could turn up.
    pub watched: Vec<PathBuf>,
    /// Whom holds ask, by name.
    pub approvals: BTreeMap<String, ApprovalPolicy>,
    /// Where what happened is kept.
    pub audit: Audit,
    /// The file of the holds' log: `holds.log`, or `holds.db` beside the audit's directory.
    pub state: PathBuf,
    /// The addresses people and monitors use.
    pub http: Http,
    /// How the data plane talks to the kernel.
    pub io: Io,
    /// How many data-plane threads; one per CPU when it does not say.
    pub cores: Option<usize>,
    /// Bytes of frames in flight, over all cores.
    pub memory: usize,
    /// What rules do when they do not say.
    pub defaults: Defaults,
    /// For tokens and format-preserving masks; there when a rule needs it.
    pub mask_keys: Option<Arc<MaskKeys>>,
    /// The user's own detectors; their ids follow those of `scan::DETECTORS`.
    pub detectors: Arc<[Custom]>,
    /// What works and may surprise.
    pub warnings: Vec<Warning>,
}

/// A Kafka cluster and the addresses under which the gateway offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name, its own among the clusters.
    pub name: String,
    /// The brokers asked first.
    pub bootstrap: Vec<HostPort>,
    /// Where clients connect, in the order of the file; never empty.
    pub listeners: Vec<Listener>,
    /// How the gateway itself logs in: to look for brokers, and for clients whose own login ends
    /// at the gateway. A connection of [`Sasl::Relay`] never uses it.
    pub credential: Credential,
    /// Whether and how the brokers are reached through TLS.
    pub upstream_tls: Option<UpstreamTls>,
    /// What becomes of clients' telemetry.
    pub telemetry: Telemetry,
    /// Where the schemas of its records are, if they are anywhere.
    pub registry: Option<Registry>,
}

/// A Confluent-compatible registry of schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Its address, with the path in front of `/schemas` if it has one.
    pub url: String,
    /// How the gateway logs in to it.
    pub login: RegistryLogin,
    /// PEM of the authorities to trust beside the system's.
    pub ca: Option<PathBuf>,
    /// How long records may wait for a schema that nobody has asked for yet, in milliseconds.
    pub timeout_ms: u64,
    /// What records are whose schema cannot be had.
    pub unavailable: Unavailable,
}

/// What becomes of records whose schema cannot be had from the registry in time, where rules look into
/// them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unavailable {
    /// They are unreadable, for which there is a rule.
    #[default]
    Unreadable,
    /// They are read as if there were no registry.
    ScanByShape,
}

/// How the gateway logs in to a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryLogin {
    /// It does not.
    None,
    /// With a name and a password (RFC 7617).
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// With a token (RFC 6750).
    Bearer(Secret),
}

/// What becomes of clients' telemetry (KIP-714).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telemetry {
    /// Clients are not told that the brokers would take it.
    #[default]
    Withhold,
    /// It goes to the brokers.
    Pass,
}

/// Where clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, its own within the cluster.
    pub name: String,
    /// The bootstrap address, bound by every core; its port is not 0.
    pub address: SocketAddr,
    /// The host that clients are told: for the bootstrap address, and for brokers by port.
    pub advertise: String,
    /// How the brokers are told apart.
    pub brokers: Addressing,
    /// How clients log in.
    pub sasl: Sasl,
    /// The gateway's own certificate, if clients speak TLS here.
    pub tls: Option<ListenerTls>,
    /// Every connection opens with a header of the PROXY protocol, version 2.
    pub proxy_protocol: bool,
}

/// How a client says which broker it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// Broker n has the n-th port, counted from 0, of `listen` here and of `advertise` outside. Both
    /// are equally long; they differ where ports are translated on the way.
    Ports {
        /// Ports on the interface of [`Listener::address`], which is not among them.
        listen: RangeInclusive<u16>,
        /// What clients are told.
        advertise: RangeInclusive<u16>,
    },
    /// Broker n is `before{n}after` on the listener's own port, told apart by TLS's server name
    /// (RFC 6066 §3). Lower case: names of the DNS are the same in either case (RFC 4343). No
    /// server name means the bootstrap address, as does one that the certificate is for; any other is
    /// refused. Only with [`Listener::tls`].
    Sni {
        /// What stands before the node id.
        before: String,
        /// What stands behind it.
        after: String,
        /// The port that clients are told.
        port: u16,
    },
}

/// The gateway's own certificate on a listener. Both files were read and found to fit each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTls {
    /// PEM: the certificate, then its chain.
    pub certificate: PathBuf,
    /// PEM: its private key (PKCS #8, PKCS #1 or SEC 1), not encrypted.
    pub key: PathBuf,
}

/// TLS towards the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamTls {
    /// PEM: whom to trust. A checked file always names it: neither the system's roots nor any
    /// bundled ones are used.
    pub ca: Option<PathBuf>,
    /// The name that every broker's certificate must carry, if it is not the host the broker is
    /// reached by.
    pub server_name: Option<String>,
}

/// How clients log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sasl {
    /// With a token: SASL/OAUTHBEARER, or SASL/PLAIN with the token as password.
    Oidc,
    /// At the broker: their own exchange passes through, and the principal is whom it accepted.
    Relay,
    /// Not at all: every client is `anonymous`.
    None,
}

/// How the gateway logs in to the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Not at all.
    None,
    /// SASL/SCRAM (RFC 5802, RFC 7677).
    Scram {
        /// The hash.
        mechanism: Scram,
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// The hash of a SCRAM login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scram {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

/// An OIDC issuer whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// `iss`, exactly.
    pub issuer: String,
    /// Must be in `aud`.
    pub audience: String,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// The claim that names the principal.
    pub principal_claim: String,
    /// JOSE names of the signature algorithms accepted; asymmetric only.
    pub algorithms: Vec<String>,
    /// Where its keys are, if discovery is not to be asked.
    pub jwks_url: Option<String>,
    /// Accepted values of `typ` (RFC 9068 §2.1 says `at+jwt`; many issuers say `JWT`).
    pub token_types: Vec<String>,
}

/// Whom a hold asks, and on what terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Its name.
    pub name: String,
    /// Reviewers are members of one of these groups.
    pub any_of: Vec<String>,
    /// How many distinct people must approve.
    pub people: u32,
    /// How long they have, in milliseconds.
    pub within_ms: i64,
    /// Whether an approval needs a reason.
    pub reason_on_approve: Reason,
    /// Whether a rejection needs one.
    pub reason_on_reject: Reason,
    /// How long an approval can be redeemed, in milliseconds.
    pub redeem_within_ms: i64,
}

/// Whether a reviewer must say why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// May be empty.
    Optional,
    /// May not.
    Required,
}

/// Where what happened is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The directory of the segments.
    pub directory: PathBuf,
}

/// The addresses people and monitors use; absent ones are not opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// The reviewer's page and API.
    pub page: Option<SocketAddr>,
    /// Health and metrics.
    pub admin: Option<SocketAddr>,
    /// The page's address as people reach it, for links; without a slash at its end.
    pub public_url: Option<String>,
    /// Who may have the policy read again over HTTP: members of one of these groups.
    pub operators: Vec<String>,
}

/// How the data plane talks to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Io {
    /// io_uring, or loudly epoll.
    Auto,
    /// io_uring, or no start.
    Uring,
    /// epoll.
    Epoll,
}

/// What rules do when they do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Whether they act.
    pub mode: Mode,
    /// How long a held reply is withheld, in milliseconds.
    pub wait_ms: u64,
    /// What follows the wait.
    pub then: Then,
}
