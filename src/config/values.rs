//! The words a scalar may be: durations, sizes, addresses, dates.
//!
//! Owns: their grammar. Refuses: to guess: a number without its unit is no duration. Stays true:
//! every reader takes any text and says `None` where it does not fit.

use crate::chunk::UnixMillis;
use crate::limits::NAME_BYTES_MAX;
use std::fmt;
use std::ops::RangeInclusive;

/// A host and a port, as a client would be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// A DNS name or an address, without brackets.
    pub host: String,
    /// The port, not 0.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

const DURATIONS: [(&str, i64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// `500ms`, `3s`, `10m`, `8h`, `7d` → milliseconds.
pub(super) fn duration_ms(text: &str) -> Option<i64> {
    with_unit(text, &DURATIONS)
}

/// Milliseconds → the shortest text that says the same.
pub(super) fn shown_duration(ms: i64) -> String {
    let whole = DURATIONS
        .iter()
        .rev()
        .find(|(_, factor)| ms != 0 && ms % factor == 0);
    let (unit, factor) = whole.unwrap_or(&("s", 1));
    format!("{}{unit}", ms / factor)
}

/// `512MiB`, `64KiB`, `1GiB`, `1048576` → bytes.
pub(super) fn bytes(text: &str) -> Option<usize> {
    let units = [
        ("", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    with_unit(text, &units).and_then(|bytes| usize::try_from(bytes).ok())
}

fn with_unit(text: &str, units: &[(&str, i64)]) -> Option<i64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*factor)
}

/// `broker-1.example.com:9092`, `127.0.0.1:9092`, `[::1]:9092`.
pub(super) fn host_port(text: &str) -> Option<HostPort> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let host = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
        None => host_name(host)?,
    };
    Some(HostPort { host, port })
}

/// A DNS name or an IPv4 address (RFC 1123 §2.1, with the underscore that container networks use).
pub(super) fn host_name(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fine = (1..=253).contains(&text.len()) && text.chars().all(fits);
    fine.then(|| text.to_owned())
}

/// `19100-19199`.
pub(super) fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first != 0 && first <= last).then_some(first..=last)
}

/// A name of ours: letters, digits, `-`, `_`, `.`.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(fits)
}

/// An absolute URL of the web: `https://…` or `http://…`, with a host and no space in it.
pub(super) fn url(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let fine = !host.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    fine.then(|| text.to_owned())
}

/// `2027-01-31` → the end of that day in UTC, which is the first moment of the next.
pub(super) fn end_of_day(text: &str) -> Option<UnixMillis> {
    let date: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == 10)?;
    let next = date
        .tomorrow()
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(UnixMillis(next.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        assert_eq!(duration_ms("3s"), Some(3_000));
        assert_eq!(duration_ms("10m"), Some(600_000));
        for bad in [
            "3",
            "s",
            "",
            "-1s",
            "1.5s",
            "3 s",
            "3S",
            "99999999999999999d",
        ] {
            assert_eq!(duration_ms(bad), None, "{bad}");
        }
        for text in ["500ms", "90s", "3s", "10m", "36h", "30d", "0s"] {
            assert_eq!(duration_ms(text).map(shown_duration).as_deref(), Some(text));
        }
        assert_eq!(bytes("512MiB"), Some(512 << 20));
        assert_eq!(bytes("1048576"), Some(1 << 20));
        assert_eq!(bytes("1MB"), None);
    }

    #[test]
    fn addresses() {
        let shown = |text| host_port(text).map(|address| address.to_string());
        for good in ["kafka_1:9092", "127.0.0.1:1", "[::1]:9092"] {
            assert_eq!(shown(good).as_deref(), Some(good));
        }
        for bad in [
            "kafka", "kafka:", ":9092", "kafka:0", "::1:9092", "a b:1", "k:65536", "${K}:1",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
        assert_eq!(ports("19100-19199"), Some(19100..=19199));
        assert_eq!((ports("2-1"), ports("0-1"), ports("7")), (None, None, None));
        assert!(url("https://idp.example.com/x").is_some());
        assert_eq!(
            (url("idp.example.com"), url("https:///x"), url("http://a b")),
            (None, None, None)
        );
    }

    #[test]
    fn a_day_ends_when_the_next_begins() {
        assert_eq!(end_of_day("1970-01-01"), Some(UnixMillis(86_400_000)));
        assert_eq!(
            end_of_day("2027-01-31"),
            Some(UnixMillis(1_801_440_000_000))
        );
        for bad in [
            "2027-02-30",
            "31.1.2027",
            "2027-01-31T00:00:00",
            "soon",
            "20270131",
        ] {
            assert_eq!(end_of_day(bad), None, "{bad}");
        }
    }
}
