//! A cluster that is named on the command line.
//!
//! Owns: its arguments, and the words of the configuration that say the same. Refuses: to check them: that
//! is the configuration's work, which has one way to read an address, a secret or a certificate. Stays
//! true: a password is never an argument, only where it is to be found.

use std::fmt::Write;
use std::path::PathBuf;

/// How to reach a cluster.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Target {
    /// The brokers to ask first: host:port, with commas between.
    #[arg(long, value_name = "BROKERS", value_delimiter = ',')]
    pub bootstrap: Vec<String>,
    /// Speak TLS to the brokers, and trust the authorities in this PEM file.
    #[arg(long, value_name = "FILE", requires = "bootstrap")]
    pub ca: Option<PathBuf>,
    /// The name in the brokers' certificates, where it is not the host they are reached by.
    #[arg(long, value_name = "NAME", requires = "ca")]
    pub server_name: Option<String>,
    /// Log in to the brokers with SASL/SCRAM as this user.
    #[arg(long, value_name = "NAME", requires_all = ["bootstrap", "password"])]
    pub username: Option<String>,
    /// Where the password is: file:PATH, or '${NAME}' for a variable of the environment.
    #[arg(long, value_name = "WHERE", requires = "username")]
    pub password: Option<String>,
    /// The hash of SCRAM.
    #[arg(long, value_name = "NAME", requires = "username", default_value = "scram-sha-512",
          value_parser = ["scram-sha-256", "scram-sha-512"])]
    pub mechanism: String,
    /// A Confluent-compatible registry of the schemas that records name.
    #[arg(long, value_name = "URL", requires = "bootstrap")]
    pub registry: Option<String>,
}

impl Target {
    /// The keys of a cluster but its listeners, four spaces in. Paths are made absolute, so that the text may
    /// lie anywhere.
    pub fn words(&self) -> String {
        let brokers: Vec<String> = self.bootstrap.iter().map(|b| quoted(b)).collect();
        let mut words = format!("    bootstrap: [{}]\n", brokers.join(", "));
        let mut upstream = Vec::new();
        if let (Some(user), Some(password)) = (&self.username, &self.password) {
            upstream.push(format!(
                "credential: {{kind: scram, mechanism: {}, username: {}, password: {}}}",
                self.mechanism,
                quoted(user),
                quoted(&found_from_anywhere(password))
            ));
        }
        if let Some(ca) = &self.ca {
            let ca = std::path::absolute(ca).unwrap_or_else(|_| ca.clone());
            let name = self.server_name.as_deref().map(quoted);
            let name = name.map_or_else(String::new, |name| format!(", server_name: {name}"));
            let ca = quoted(&ca.display().to_string());
            upstream.push(format!("tls: {{ca: {ca}{name}}}"));
        }
        // Writing to a string does not fail.
        if !upstream.is_empty() {
            let _ = writeln!(words, "    upstream: {{{}}}", upstream.join(", "));
        }
        if let Some(url) = &self.registry {
            let _ = writeln!(words, "    registry: {{url: {}}}", quoted(url));
        }
        words
    }
}

/// The same secret, wherever the text that names it lies.
fn found_from_anywhere(secret: &str) -> String {
    let absolute = |path: &str| std::path::absolute(path).ok();
    match secret.strip_prefix("file:").and_then(absolute) {
        Some(path) => format!("file:{}", path.display()),
        None => secret.to_owned(),
    }
}

/// A text as YAML takes it, whatever is in it: JSON's strings are YAML's.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_told_in_the_configurations_own_words() {
        let target = Target {
            bootstrap: vec!["a:1".into(), "b\":2".into()],
            ca: Some("/ca.pem".into()),
            server_name: Some("kafka".into()),
            username: Some("ann".into()),
            password: Some("file:/secret".into()),
            mechanism: "scram-sha-256".into(),
            registry: Some("http://r".into()),
        };
        assert_eq!(
            target.words(),
            "    bootstrap: [\"a:1\", \"b\\\":2\"]\n    upstream: {credential: {kind: scram, \
             mechanism: scram-sha-256, username: \"ann\", password: \"file:/secret\"}, \
             tls: {ca: \"/ca.pem\", server_name: \"kafka\"}}\n    registry: {url: \"http://r\"}\n"
        );
    }
}
