//! Where schemas are fetched: what each form means, and what is wrong with it.

use super::{env, told};
use crate::config::{Config, Registry, RegistryLogin, Unavailable, parse};

/// A file with this `registry`, which stands in line 2 from column 108 on.
fn with(registry: &str) -> String {
    let listeners = "{a: {address: 127.0.0.1:19092, broker_ports: 19100-19199, sasl: none}}";
    format!(
        "version: 1\nclusters: {{main: {{bootstrap: [k:9092], listeners: {listeners}, registry: {registry}}}}}\n"
    )
}

fn config(registry: &str) -> Config {
    parse(&with(registry), "lg.yaml", &env).unwrap()
}

fn read(registry: &str) -> Registry {
    config(registry).clusters[0].registry.clone().unwrap()
}

#[test]
fn each_form_of_a_registry() {
    let plain = read("{url: \"http://localhost:8081\"}");
    assert_eq!(plain.url, "http://localhost:8081");
    assert!(matches!(plain.login, RegistryLogin::None) && plain.ca.is_none());
    let ca = "ca: tests/fixtures/tls/authority.crt";
    let full = read(&format!(
        "{{url: \"https://r/apis/ccompat/v7\", username: lockgate, password: \"${{KAFKA_PASSWORD}}\", {ca}}}"
    ));
    let RegistryLogin::Basic { username, password } = full.login else {
        panic!("{:?}", full.login)
    };
    assert_eq!(
        (username.as_str(), password.expose()),
        ("lockgate", "hunter2")
    );
    assert!(full.ca.is_some());
    let (timeout, unavailable) = (plain.timeout_ms, plain.unavailable);
    assert_eq!((timeout, unavailable), (3_000, Unavailable::Unreadable));
    let lenient = read("{url: \"https://r\", timeout: 500ms, unavailable: scan_by_shape}");
    let (timeout, unavailable) = (lenient.timeout_ms, lenient.unavailable);
    assert_eq!((timeout, unavailable), (500, Unavailable::ScanByShape));
    let token = read("{url: \"https://r\", token: \"${KAFKA_PASSWORD}\"}").login;
    assert!(matches!(token, RegistryLogin::Bearer(token) if token.expose() == "hunter2"));
}

#[test]
fn what_is_wrong_with_a_registry_is_told() {
    let cases = [
        ("{}", "`url` is missing"),
        (
            "{url: registry}",
            "`registry`; expected a URL, such as https://registry.example.com:8081",
        ),
        (
            "{url: \"https://u:p@r\"}",
            "a login within the address; expected `username` and `password` beside it",
        ),
        ("{url: \"https://r\", username: u}", "half a login, or two"),
        (
            "{url: \"https://r\", username: u, password: p}",
            "a secret in plain text",
        ),
        (
            "{url: \"https://r\", ca: no-such-file}",
            "`no-such-file` cannot be read",
        ),
        ("{url: \"https://r\", user: u}", "unknown key `user`"),
    ];
    for (registry, what) in cases {
        let told = told(&with(registry));
        assert!(told.contains(what), "{registry}: {told}");
    }
}

#[test]
fn what_crosses_the_network_in_the_clear_is_warned_of() {
    let warned = |registry: &str| {
        let warnings = config(registry).warnings;
        warnings
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(warned("{url: \"http://r:8081\"}").contains("schemas can be changed on the way"));
    let login = "{url: \"http://localhost.example.com\", token: \"${KAFKA_PASSWORD}\"}";
    assert!(warned(login).contains("the login crosses the network in the clear"));
    for fine in [
        "http://127.0.0.1:8081",
        "http://[::1]:8081/api",
        "https://r",
    ] {
        assert_eq!(warned(&format!("{{url: \"{fine}\"}}")), "");
    }
}
