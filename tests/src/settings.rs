//! A gateway's configuration file, as the tests vary it.
//!
//! Owns: the one place that knows how the YAML is laid out. Rules are given as YAML, since they
//! are what the tests are about; the rest by method.

use crate::broker::{Broker, SCRAM_USER};
use crate::oidc::{AUDIENCE, Oidc};
use crate::{ports, tls};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Ports a test gateway has for brokers: node ids 0 to 5.
pub const BROKER_PORTS: u16 = 6;

/// Where a gateway finds its password for the broker; the configuration takes no secret itself.
pub const PASSWORD_FILE: &str = "broker-password";
/// Where it finds the key of its masks.
pub const MASKING_KEY_FILE: &str = "masking-key";
/// That key.
pub const MASKING_KEY: &str = "the masking key of all gateways in the tests";

/// Who may review in the tests.
pub const REVIEWERS: &str = "security";

/// The rules most tests use: topics named `mask…`, `hold…` and `block…` get what their name says.
pub const RULES: &str = r#"
  ssn-is-masked:
    owner: team-tests
    when: {operations: [produce], topics: ["mask*"]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: {keep_last: 4}}
  cards-need-review:
    owner: team-tests
    when: {operations: [produce], topics: ["hold*"]}
    if: {contains: {any: [payment_card], at_least: 1, in: [key, value, header]}}
    then: {hold: {ask: security, covers: records}}
  nothing-goes-here:
    owner: team-tests
    when: {operations: [produce], topics: ["block*"]}
    if: always
    then: {block: {reason: "ask team-tests; SEC-12"}}
  interns-read-nothing-secret:
    owner: team-tests
    when: {operations: [fetch], topics: ["secret*"], groups: [interns]}
    if: always
    then: {block: {reason: "not for interns; SEC-13"}}
  analysts-see-no-ssn:
    owner: team-tests
    when: {operations: [fetch], topics: ["plain*"], groups: [analysts]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: {keep_last: 4}}
"#;

/// What a gateway is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The brokers behind it.
    pub bootstrap: Vec<String>,
    /// `oidc`, `relay` or `none`.
    pub sasl: &'static str,
    /// Whether it logs in to the broker by SCRAM.
    pub scram: bool,
    /// The issuer of its identities.
    pub issuer: String,
    /// `auto`, `uring` or `epoll`.
    pub io: &'static str,
    /// The host that clients are told.
    pub advertise: &'static str,
    /// `enforce` or `observe`.
    pub mode: &'static str,
    /// How long a held reply is withheld, such as `1s`.
    pub wait: String,
    /// `retry` or `refuse`.
    pub then: &'static str,
    /// How long reviewers have, such as `10m`.
    pub within: String,
    /// The rules, indented by two.
    pub rules: String,
    /// Whether brokers are told apart by name ([`crate::tls::BROKER_NAMES`]) and not by port.
    pub by_name: bool,
    /// More words of the listener, such as `proxy_protocol: true`.
    pub listener: Vec<String>,
    /// More listeners of the cluster, a line each.
    pub more_listeners: Vec<String>,
    /// More clusters, a line each.
    pub more_clusters: Vec<String>,
    /// The words of its cluster's `registry`.
    pub registry: Option<String>,
    /// Whether it has [`MASKING_KEY`].
    pub masking: bool,
    /// The authority of the brokers' certificates, if they are reached through TLS.
    pub upstream_authority: Option<PathBuf>,
}

impl Settings {
    /// For the shared broker and issuer, with [`RULES`]: holds wait 1 s, then "try again".
    pub fn new() -> Result<Settings> {
        Ok(Settings::before(
            &Broker::shared()?.plain(),
            &Oidc::shared()?.issuer,
        ))
    }

    /// For a broker and an issuer of one's own.
    pub fn before(bootstrap: &str, issuer: &str) -> Settings {
        Settings::before_all(&[bootstrap.to_owned()], issuer)
    }

    /// For the brokers of a cluster.
    pub fn before_all(bootstrap: &[String], issuer: &str) -> Settings {
        Settings {
            bootstrap: bootstrap.to_vec(),
            sasl: "oidc",
            scram: false,
            issuer: issuer.to_owned(),
            io: "auto",
            advertise: "127.0.0.1",
            mode: "enforce",
            wait: "1s".to_owned(),
            then: "retry",
            within: "10m".to_owned(),
            rules: RULES.to_owned(),
            by_name: false,
            listener: Vec::new(),
            more_listeners: Vec::new(),
            more_clusters: Vec::new(),
            registry: None,
            masking: false,
            upstream_authority: None,
        }
    }

    /// More words of the listener.
    pub fn listener(mut self, words: &str) -> Settings {
        self.listener.push(words.to_owned());
        self
    }

    /// Another listener, as its line says.
    pub fn another_listener(mut self, line: String) -> Settings {
        self.more_listeners.push(line);
        self
    }

    /// Another cluster, as its line says.
    pub fn another_cluster(mut self, line: String) -> Settings {
        self.more_clusters.push(line);
        self
    }

    /// Brokers told apart by name.
    pub fn by_name(mut self) -> Settings {
        (self.by_name, self.advertise) = (true, tls::DOMAIN);
        self
    }

    /// Reaching the brokers through TLS.
    pub fn upstream_tls(mut self, authority: &Path) -> Settings {
        self.upstream_authority = Some(authority.to_owned());
        self
    }

    /// Another wait for held replies.
    pub fn wait(mut self, wait: &str) -> Settings {
        self.wait = wait.to_owned();
        self
    }

    /// What follows the wait.
    pub fn then(mut self, then: &'static str) -> Settings {
        self.then = then;
        self
    }

    /// Another deadline for reviews.
    pub fn within(mut self, within: &str) -> Settings {
        self.within = within.to_owned();
        self
    }

    /// Other rules.
    pub fn rules(mut self, rules: &str) -> Settings {
        self.rules = rules.to_owned();
        self
    }

    /// With a registry of schemas: the words of its section, without braces.
    pub fn registry(mut self, words: &str) -> Settings {
        self.registry = Some(words.to_owned());
        self
    }

    /// With a key for its masks.
    pub fn masking(mut self) -> Settings {
        self.masking = true;
        self
    }

    /// Another I/O driver.
    pub fn io(mut self, io: &'static str) -> Settings {
        self.io = io;
        self
    }

    /// Telling clients another host.
    pub fn advertise(mut self, host: &'static str) -> Settings {
        self.advertise = host;
        self
    }

    /// `observe` instead of `enforce`.
    pub fn mode(mut self, mode: &'static str) -> Settings {
        self.mode = mode;
        self
    }

    /// Clients log in to the shared broker, through the gateway; so does the gateway, by SCRAM.
    pub fn relay(self) -> Result<Settings> {
        let settings = self.by_scram()?;
        Ok(Settings {
            sasl: "relay",
            ..settings
        })
    }

    /// Without login on the client's side.
    pub fn open(mut self) -> Settings {
        self.sasl = "none";
        self
    }

    /// Logging in to the shared broker by SCRAM.
    pub fn by_scram(mut self) -> Result<Settings> {
        self.bootstrap = vec![Broker::shared()?.scram()];
        self.scram = true;
        Ok(self)
    }

    /// The file's text, for a gateway whose files lie in `dir`.
    pub fn yaml(&self, dir: &Path, ports: &Ports) -> String {
        let Ports {
            listener,
            page,
            admin,
            brokers,
            last_broker,
        } = ports;
        let Settings {
            bootstrap,
            sasl,
            issuer,
            io,
            advertise,
            mode,
            wait,
            then,
            within,
            rules,
            ..
        } = self;
        let user = SCRAM_USER.0;
        let credential = if self.scram {
            format!(
                "{{kind: scram, mechanism: scram-sha-256, username: {user}, \
                 password: \"file:{}\"}}",
                dir.join(PASSWORD_FILE).display()
            )
        } else {
            "{kind: none}".to_owned()
        };
        let upstream_tls = match &self.upstream_authority {
            Some(authority) => format!(", tls: {{ca: \"{}\"}}", authority.display()),
            None => String::new(),
        };
        let registry = match &self.registry {
            Some(words) => format!("    registry: {{{words}}}\n"),
            None => String::new(),
        };
        let masking = match self.masking {
            true => format!("masking: {{key: \"file:{MASKING_KEY_FILE}\"}}\n"),
            false => String::new(),
        };
        let mut words = vec![match self.by_name {
            true => format!("broker_names: \"{}\"", tls::BROKER_NAMES),
            false => format!("broker_ports: {brokers}-{last_broker}"),
        }];
        words.extend(self.listener.iter().cloned());
        let words = words.join(", ");
        let lines = |all: &[String], depth: usize| -> String {
            let indent = " ".repeat(depth);
            all.iter().map(|line| format!("{indent}{line}\n")).collect()
        };
        let (more_listeners, more_clusters) = (
            lines(&self.more_listeners, 6),
            lines(&self.more_clusters, 2),
        );
        let dir = dir.display();
        let bootstrap = bootstrap.join("\", \"");
        format!(
            "version: 1\n\
             io: {io}\n\
             clusters:\n  \
               main:\n    \
                 bootstrap: [\"{bootstrap}\"]\n    \
                 listeners:\n      \
                   default: {{address: \"127.0.0.1:{listener}\", advertise: {advertise}, \
                              {words}, sasl: {sasl}}}\n\
             {more_listeners}    \
                 upstream: {{credential: {credential}{upstream_tls}}}\n\
             {registry}{more_clusters}\
             identity:\n  \
               issuers: [{{issuer: \"{issuer}\", audience: {AUDIENCE}, groups_claim: groups}}]\n\
             defaults: {{mode: {mode}, unreadable: block, meanwhile: {{wait: {wait}, then: {then}}}}}\n\
             {masking}\
             rules:{rules}\n\
             approvals:\n  \
               security:\n    \
                 stages: [{{any_of: [{REVIEWERS}], people: 1, within: {within}, else: reject}}]\n    \
                 reason: {{approve: optional, reject: optional}}\n\
             audit: {{directory: \"{dir}/audit\"}}\n\
             holds: {{log: \"{dir}/holds/holds.db\"}}\n\
             http: {{operators: [platform], page: {{listen: \"127.0.0.1:{page}\"}}, admin: {{listen: \"127.0.0.1:{admin}\"}}}}\n"
        )
    }
}

/// The ports of one gateway, kept over its restarts.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Where clients bootstrap.
    pub listener: u16,
    /// Where people review.
    pub page: u16,
    /// Where machines ask how it is.
    pub admin: u16,
    /// First of the ports that stand for brokers.
    pub brokers: u16,
    /// Last of them.
    pub last_broker: u16,
}

impl Ports {
    /// Ports nobody else has.
    pub fn fresh() -> Result<Ports> {
        let first = ports::block(3 + BROKER_PORTS)?;
        Ok(Ports {
            listener: first,
            page: first + 1,
            admin: first + 2,
            brokers: first + 3,
            last_broker: first + 2 + BROKER_PORTS,
        })
    }

    /// Every port a client may be told.
    pub fn for_clients(&self) -> Vec<i32> {
        (self.brokers..=self.last_broker)
            .chain([self.listener])
            .map(i32::from)
            .collect()
    }
}
