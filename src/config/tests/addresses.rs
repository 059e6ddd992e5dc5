//! Where clients connect: what each form means, and what is wrong with it.

use super::{SMALL, env, read, told};
use crate::config::{Addressing, Config, Credential, Sasl, Telemetry, Warning, parse};
use crate::limits::{CLUSTERS_MAX, LISTENERS_PER_CLUSTER_MAX};
use std::path::Path;

const TWO_CLUSTERS: &str = include_str!("../../../config/examples/two-clusters.yaml");
const MANUAL: &str = include_str!("../../../docs/configuration.md");
const TLS: &str =
    "tls: {certificate: tests/fixtures/tls/gateway.crt, key: tests/fixtures/tls/gateway.key}";

/// A file with these listeners, whose first line is line 5, and this `upstream`.
fn with(listeners: &str, upstream: &str) -> String {
    format!(
        "version: 1\nclusters:\n  main:\n    listeners:\n{listeners}    bootstrap: [k:9092]\n    \
         upstream: {{{upstream}}}\nidentity: {{issuers: [{{issuer: \"https://i\", audience: a}}]}}\n"
    )
}

fn warned(config: &Config) -> Vec<String> {
    config.warnings.iter().map(Warning::to_string).collect()
}

#[test]
fn each_form_of_a_listener() {
    let text = with(
        &format!(
            "      inside: {{address: 127.0.0.1:19092, broker_ports: 19100-19199}}\n      \
             outside: {{address: 0.0.0.0:29092, advertise: \"Kafka.example.com:9092\", \
             broker_names: \"B{{node}}.kafka.example.com\", {TLS}, proxy_protocol: true}}\n      \
             nat: {{address: 127.0.0.1:39092, advertise: \"kafka.example.com:49092\", \
             broker_ports: 39100-39199, advertised_ports: 49100-49199, sasl: none}}\n      \
             own: {{address: \"[::1]:443\", broker_names: \"b{{node}}.x\", {TLS}, sasl: relay}}\n"
        ),
        "tls: {ca: tests/fixtures/tls/authority.crt, server_name: kafka.internal}",
    );
    let config = read(&text).unwrap();
    let cluster = &config.clusters[0];
    let [inside, outside, nat, own] = &cluster.listeners[..] else {
        panic!("{:?}", cluster.listeners)
    };
    let ports = |listen, advertise| Addressing::Ports { listen, advertise };
    let names = |before: &str, after: &str, port| Addressing::Sni {
        before: before.to_owned(),
        after: after.to_owned(),
        port,
    };
    assert_eq!(inside.brokers, ports(19100..=19199, 19100..=19199));
    assert_eq!(outside.brokers, names("b", ".kafka.example.com", 9092));
    assert_eq!(nat.brokers, ports(39100..=39199, 49100..=49199));
    assert_eq!(own.brokers, names("b", ".x", 443));
    let told: Vec<_> = cluster
        .listeners
        .iter()
        .map(|l| l.advertise.as_str())
        .collect();
    assert_eq!(
        told,
        ["127.0.0.1", "Kafka.example.com", "kafka.example.com", "::1"]
    );
    let logins: Vec<_> = cluster.listeners.iter().map(|l| l.sasl).collect();
    assert_eq!(logins, [Sasl::Oidc, Sasl::Oidc, Sasl::None, Sasl::Relay]);
    assert_eq!(
        (inside.proxy_protocol, outside.proxy_protocol),
        (false, true)
    );
    let tls = outside.tls.as_ref().unwrap();
    assert_eq!(tls.certificate, Path::new("tests/fixtures/tls/gateway.crt"));
    assert_eq!(tls.key, Path::new("tests/fixtures/tls/gateway.key"));
    let upstream = cluster.upstream_tls.as_ref().unwrap();
    assert_eq!(upstream.server_name.as_deref(), Some("kafka.internal"));
    assert_eq!(
        upstream.ca.as_deref(),
        Some(Path::new("tests/fixtures/tls/authority.crt"))
    );
}

#[test]
fn the_example_of_two_clusters_is_a_good_file() {
    // The example names files of the machine it would run on.
    let here = TWO_CLUSTERS.replace("/etc/lockgate/", "tests/fixtures/tls/");
    let config = parse(&here, "lg.yaml", &env).unwrap();
    let names = config.clusters.iter().map(|cluster| {
        let listeners = cluster.listeners.iter().map(|l| (l.name.as_str(), l.sasl));
        (cluster.name.as_str(), listeners.collect::<Vec<_>>())
    });
    let names: Vec<_> = names.collect();
    let both = vec![("inside", Sasl::Oidc), ("outside", Sasl::Oidc)];
    assert_eq!(
        names,
        [
            ("orders", both),
            ("ledger", vec![("as-before", Sasl::Relay)])
        ]
    );
    assert_eq!(config.clusters[0].telemetry, Telemetry::Pass);
    assert!(config.clusters[0].upstream_tls.is_some());
    assert_eq!(warned(&config), [""; 0]);
}

/// An operator copies them.
#[test]
fn the_recipes_of_the_manual_are_good_files() {
    let (_, section) = MANUAL.split_once("\n## Where clients connect\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut recipes = 0;
    for block in section
        .split("\n\n")
        .filter(|block| block.starts_with("    "))
    {
        let indented = |by: &str| -> String {
            let line = |line: &str| format!("{by}{}\n", &line[4..]);
            block.lines().map(line).collect()
        };
        let text = match block.trim_start().split(':').next().unwrap() {
            "clusters" => indented(""),
            "listeners" => within_cluster(&indented("    ")),
            "outside" => within_cluster(&format!("    listeners:\n{}", indented("      "))),
            _ => continue, // what `check` prints, another program's configuration
        };
        let identity = "identity: {issuers: [{issuer: \"https://i\", audience: a}]}\n";
        let here = text.replace("/etc/lockgate/tls", "tests/fixtures/tls/gateway");
        if let Err(faults) = read(&format!("version: 1\n{identity}{here}")) {
            panic!("{faults}\n{here}");
        }
        recipes += 1;
    }
    assert_eq!(recipes, 7);
}

fn within_cluster(listeners: &str) -> String {
    format!("clusters:\n  main:\n    bootstrap: [k:9092]\n{listeners}")
}

#[test]
fn listeners_that_make_no_sense() {
    let listeners = format!(
        "      \
         both: {{address: 127.0.0.1:1000, broker_ports: 1001-1009, broker_names: \"b{{node}}.x\"}}\n      \
         neither: {{address: 127.0.0.1:0}}\n      \
         short: {{address: 127.0.0.1:1200, broker_ports: 1201-1209, advertised_ports: 1-8}}\n      \
         twice: {{address: 127.0.0.1:1300, advertise: \"gw:7\", broker_ports: 1301-1309, advertised_ports: 1-9}}\n      \
         clear: {{address: 127.0.0.1:1400, broker_names: \"b{{node}}.x\", advertised_ports: 1-9}}\n      \
         broker: {{address: 127.0.0.1:1500, advertise: B1.x, broker_names: \"b{{node}}.x\", {TLS}}}\n      \
         fixed: {{address: 127.0.0.1:1600, broker_names: b.x, proxy_protocol: v2, {TLS}}}\n"
    );
    assert_eq!(
        told(&with(&listeners, "")),
        "\
lg.yaml:5:78: `broker_names` beside `broker_ports`; expected one of them
lg.yaml:6:7: `broker_ports` is missing; expected a range of ports, such as 19100-19199, or `broker_names`
lg.yaml:6:26: `127.0.0.1:0`; expected an IP address and a port, such as 0.0.0.0:19092
lg.yaml:7:83: 8 ports for the 9 of `broker_ports`; expected 9 ports
lg.yaml:8:102: 1-9 holds the port of `advertise`; expected ports other than 7
lg.yaml:9:54: `broker_names` without `tls`; expected `tls`: its server name says which broker a client means
lg.yaml:9:85: `advertised_ports` beside `broker_names`; expected `advertise: host:port`: every broker is at that port
lg.yaml:10:52: `B1.x` is a broker's name too; expected a name that `broker_names` gives to no broker
lg.yaml:11:54: `b.x`; expected a host name with `{node}` in it once, such as \"b{node}.kafka.example.com\"
lg.yaml:11:75: `v2`; expected true or false"
    );
}

#[test]
fn no_two_sockets_are_the_same() {
    let text = "\
version: 1
clusters:
  a:
    bootstrap: [k:9092]
    listeners:
      x: {address: 10.0.0.1:19092, broker_ports: 19100-19109, sasl: none}
      y: {address: 10.0.0.2:19092, broker_ports: 19100-19109, sasl: none}
      z: {address: 0.0.0.0:19105, advertise: gw, broker_ports: 19110-19119, sasl: none}
  b:
    bootstrap: [k:9092]
    listeners:
      x: {address: \"[::]:18000\", advertise: gw, broker_ports: 19119-19120, sasl: none}
      y: {address: 127.0.0.1:18001, broker_ports: 18001-18002, sasl: none}
http:
  page: {listen: 127.0.0.1:18002}
  admin: {listen: 127.0.0.2:18002}
";
    let elsewhere = "; expected a port that nothing else listens on";
    let lines = [
        "lg.yaml:8:20: `address` of a/z: port 19105 belongs to `broker_ports` of a/x (line 6)",
        "lg.yaml:12:63: `broker_ports` of b/x: port 19119 belongs to `broker_ports` of a/z (line 8)",
        "lg.yaml:13:51: `broker_ports` of b/y: port 18001 belongs to `address` of b/y (line 13)",
        "lg.yaml:15:18: `http.page`: port 18002 belongs to `broker_ports` of b/y (line 13)",
    ];
    assert_eq!(
        told(text),
        lines.map(|line| format!("{line}{elsewhere}")).join("\n")
    );
}

#[test]
fn files_of_tls_are_read_when_they_are_checked() {
    let listener = |name: &str, port: u16, certificate: &str, key: &str| {
        format!(
            "      {name}: {{address: 127.0.0.1:{port}, broker_ports: {}-{}, \
             tls: {{certificate: tests/fixtures/tls/{certificate}, key: tests/fixtures/tls/{key}}}}}\n",
            port + 1,
            port + 9
        )
    };
    let listeners = [
        listener("gone", 1000, "gone.crt", "gateway.key"),
        listener("none", 1100, "gateway.key", "gateway.crt"),
        listener("other", 1200, "gateway.crt", "authority.key"),
        "      bare: {address: 127.0.0.1:1300, broker_ports: 1301-1309, tls: {}}\n".to_owned(),
    ];
    let upstream = "tls: {server_name: \"a b\"}";
    let path = "tests/fixtures/tls";
    assert_eq!(
        told(&with(&listeners.concat(), upstream)),
        format!(
            "\
lg.yaml:5:83: `{path}/gone.crt` cannot be read: No such file or directory (os error 2); expected a PEM file of certificates
lg.yaml:6:83: `{path}/gateway.key` has none; expected a PEM file of certificates
lg.yaml:6:120: `{path}/gateway.crt` has none; expected a PEM file with a private key that needs no passphrase
lg.yaml:7:121: the key of another certificate; expected the certificate's own private key
lg.yaml:8:69: `certificate` is missing
lg.yaml:8:69: `key` is missing
lg.yaml:10:21: `ca` is missing; expected a PEM file of the authorities to trust; the system's are not used
lg.yaml:10:35: `a b`; expected a host name"
        )
    );
}

#[test]
fn what_clients_would_not_accept_or_would_betray_is_warned_of() {
    let listeners = format!(
        "      clear: {{address: 10.0.0.1:1000, broker_ports: 1001-1009}}\n      \
         relayed: {{address: 10.0.0.1:1100, broker_ports: 1101-1109, sasl: relay}}\n      \
         open: {{address: 10.0.0.1:1200, broker_ports: 1201-1209, sasl: none}}\n      \
         near: {{address: \"[::ffff:127.0.0.1]:1300\", broker_ports: 1301-1309}}\n      \
         foreign: {{address: 10.0.0.1:1400, broker_names: \"b{{node}}.example.com\", {TLS}}}\n      \
         fits: {{address: 127.0.0.1:1500, broker_names: \"b{{node}}.kafka.example.com\", {TLS}}}\n"
    );
    let config = read(&with(&listeners, "")).unwrap();
    let clear = "no `tls`: clients' tokens and passwords cross the network in the clear";
    let place = listeners
        .lines()
        .nth(4)
        .unwrap()
        .find("{certificate")
        .unwrap()
        + 1;
    let at = format!("lg.yaml:9:{place}: warning: the certificate is");
    assert_eq!(
        warned(&config),
        [
            format!("lg.yaml:5:7: warning: {clear}"),
            format!("lg.yaml:6:7: warning: {clear}"),
            format!("{at} not for `10.0.0.1`, where clients begin"),
            format!("{at} for no broker's name, such as `b0.example.com`"),
        ]
    );
}

/// Brokers that demand a login demand it of the gateway too, when it looks for them.
#[test]
fn relayed_clients_do_not_rule_out_a_credential_of_the_gateways_own() {
    let credential = "credential: {kind: scram, username: u, password: \"${KAFKA_PASSWORD}\"}";
    let relay = "      old: {address: 127.0.0.1:1000, broker_ports: 1001-1009, sasl: relay}\n";
    for upstream in ["", credential] {
        let config = read(&with(relay, upstream)).unwrap();
        let none = config.clusters[0].credential == Credential::None;
        assert_eq!(none, upstream.is_empty());
    }
}

#[test]
fn a_login_needs_somebody_who_may_vouch() {
    let with = |sasl: &str, more: &str| format!("{}{more}", SMALL.replace("sasl: none", sasl));
    let vouch = "clients log in with tokens, and no issuer is trusted; expected an issuer in \
                 `identity`, or `sasl: relay` or `none`";
    assert_eq!(
        told(&with("sasl: oidc", "")),
        format!("lg.yaml:2:115: {vouch}")
    );
    assert!(told(&with("proxy_protocol: false", "")).ends_with(vouch));
    assert!(read(&with("sasl: relay", "")).is_ok());
    // An issuer with a fault is told of once.
    let broken = told(&with(
        "sasl: oidc",
        "identity: {issuers: [{issuer: i, audience: a}]}\n",
    ));
    assert_eq!(broken.lines().count(), 1, "{broken}");
}

#[test]
fn clusters_and_listeners_have_bounds() {
    let listeners = |n: usize| {
        let one = |i| format!("      l{i}: {{address: 127.0.0.{i}:1, broker_ports: 2-3}}\n");
        (0..n).map(one).collect::<String>()
    };
    assert!(read(&with(&listeners(LISTENERS_PER_CLUSTER_MAX), "")).is_ok());
    assert_eq!(
        told(&with(&listeners(LISTENERS_PER_CLUSTER_MAX + 2), "")),
        "lg.yaml:21:7: `l16`: 18 listeners; expected at most 16"
    );
    let clusters: String = (0..=CLUSTERS_MAX)
        .map(|i| format!("  c{i}: {{}}\n"))
        .collect();
    assert_eq!(
        told(&format!("version: 1\nclusters:\n{clusters}")),
        "lg.yaml:19:3: `c16`: 17 clusters; expected at most 16"
    );
    assert!(told("version: 1\nclusters: {}\n").contains("no cluster; expected one cluster"));
}

#[test]
fn telemetry_is_withheld_unless_the_file_says_otherwise() {
    let with = |word: &str| SMALL.replace("bootstrap:", &format!("telemetry: {word}, bootstrap:"));
    let telemetry = |text: &str| read(text).unwrap().clusters[0].telemetry;
    assert_eq!(telemetry(SMALL), Telemetry::Withhold);
    assert_eq!(telemetry(&with("withhold")), Telemetry::Withhold);
    assert_eq!(telemetry(&with("pass")), Telemetry::Pass);
    assert!(told(&with("allow")).contains("`allow`; expected withhold or pass"));
}
