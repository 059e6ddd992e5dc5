//! DescribeConfigs, versions 1 to 4.
//!
//! ```text
//! throttle ms i32 | [result] | tags (v4)
//! result   error i16, message string?, type i8, name string, [config], tags
//! config   name string, value string?, read only bool, source i8, sensitive bool, [synonym],
//!          type i8 (v3), documentation string? (v3), tags
//! synonym  name string, value string?, source i8, tags
//! ```
//! A setting that tells where brokers, controllers or ZooKeeper listen keeps its name and loses its
//! value, as Kafka itself does with passwords: null, and marked sensitive.

use super::Copy;
use crate::kafka::reader::Malformed;

/// `ConfigResource.Type.BROKER`.
const BROKER: i8 = 4;
/// Settings whose value is an address, in Kafka 2.8 to 4.4.
const ADDRESSES: &[&str] = &[
    "advertised.host.name",
    "advertised.listeners",
    "advertised.port",
    "controller.quorum.voters",
    "host.name",
    "listeners",
    "port",
    "zookeeper.connect",
];
/// How the names of others end: `controller.quorum.bootstrap.servers`, and those of clients that
/// a broker runs itself.
const ADDRESSES_END: &str = "bootstrap.servers";

/// Smallest result: error, null message, type, empty name, no configs.
const RESULT_BYTES_MIN: usize = 2 + 1 + 1 + 1 + 1;
/// Smallest config: empty name, null value, two booleans, a source, no synonyms.
const CONFIG_BYTES_MIN: usize = 1 + 1 + 1 + 1 + 1 + 1;
/// Smallest synonym: empty name, null value, source.
const SYNONYM_BYTES_MIN: usize = 1 + 1 + 1;

impl<'a> Copy<'a> {
    pub(super) fn configs(&mut self) -> Result<(), Malformed> {
        self.fixed(4, "throttle time")?;
        for _ in 0..self.count(RESULT_BYTES_MIN)? {
            self.resource()?;
        }
        self.end_struct()
    }

    fn resource(&mut self) -> Result<(), Malformed> {
        self.fixed(2, "error code")?;
        self.string()?; // message
        let kind = self.reader.i8()?;
        self.writer.i8(kind);
        self.string()?; // name
        for _ in 0..self.count(CONFIG_BYTES_MIN)? {
            self.config(kind)?;
        }
        self.end_struct()
    }

    fn config(&mut self, kind: i8) -> Result<(), Malformed> {
        let withheld = self.setting(kind, false)?;
        self.fixed(1 + 1, "config")?; // read only, source
        let sensitive = self.reader.bool()?;
        self.writer.bool(sensitive || withheld);
        for _ in 0..self.count(SYNONYM_BYTES_MIN)? {
            self.setting(kind, withheld)?;
            self.fixed(1, "source")?;
            self.end_struct()?;
        }
        if self.version >= 3 {
            self.fixed(1, "config type")?;
            self.string()?; // documentation
        }
        self.end_struct()
    }

    /// A name and its value, which is withheld when it is an address or `withhold` says so. Returns
    /// whether it was.
    fn setting(&mut self, kind: i8, withhold: bool) -> Result<bool, Malformed> {
        let name = self.reader.nullable_string(self.flexible)?;
        self.writer.string(self.flexible, name);
        let value = self.reader.nullable_string(self.flexible)?;
        let told = value.unwrap_or_default();
        let address =
            tells_address(name.unwrap_or_default()) || kind == BROKER && has_address(told);
        let withheld = withhold || address;
        let value = value.filter(|_| !withheld);
        self.writer.string(self.flexible, value);
        Ok(withheld)
    }
}

fn tells_address(name: &str) -> bool {
    ADDRESSES.contains(&name) || name.ends_with(ADDRESSES_END)
}

/// Whether a value is, or lists, `host:port` with or without a scheme: what a broker's plug-in calls
/// by a name of its own. Quotas per address (`max.connections.per.ip.overrides`) look the same.
fn has_address(value: &str) -> bool {
    value.split([',', ';', ' ']).any(|part| {
        let named = part.rsplit_once(':');
        named.is_some_and(|(host, port)| {
            let host = host.rsplit('/').next().unwrap_or_default();
            let number = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
            number && !host.is_empty()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_by_name_and_by_form() {
        for name in ["listeners", "port", "controller.quorum.bootstrap.servers"] {
            assert!(tells_address(name), "{name}");
        }
        for name in ["controller.listener.names", "broker.rack", "import.port"] {
            assert!(!tells_address(name), "{name}");
        }
        for value in [
            "a:1",
            "SASL://a.example:9092,B://c:1",
            "1@[::1]:9093",
            "x, a:9",
        ] {
            assert!(has_address(value), "{value}");
        }
        for value in [
            "",
            "PLAINTEXT:SSL",
            "9092",
            "PLAINTEXT://:9092",
            "a:b:c",
            "a:999999",
        ] {
            assert!(!has_address(value), "{value}");
        }
    }
}
