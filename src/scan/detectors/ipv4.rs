//! IPv4 address.
//!
//! Rule: four octets 0–255 without leading zeros, joined by dots. Source: RFC 791 §2.3 for the number,
//! RFC 6943 §3.1.1 for its strict textual form.
//!
//! Owns: that rule and what sets an address apart from a version. Refuses: parts of longer dotted
//! numbers (OIDs, `1.2.3.4.5`), shortened and octal forms. A port or prefix length is beside the span.
//! Stays true: a look is at most 15 bytes and a few around. Addresses that name nobody (loopback,
//! private, documentation) are reported like others: whether a network is somebody's is for a policy.
//!
//! Likely by form. Only possible, unless a word near or a port or prefix length speaks for it: after a word
//! for versions, after a product's name and a slash, ending in `.0.0.0`, and four single digits, which
//! are sections and versions more often than one of 10,000 in 4,294,967,296 addresses.

use crate::chunk::Likelihood;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink};
use std::ops::Range;

/// Words that say "IP address"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "ip",
    "ips",
    "ip addr",
    "ip address",
    "ip addresses",
    "ipv4",
    "remote addr",
    "remote address",
    "client ip",
    "source ip",
    "src ip",
    "dst ip",
    "host",
    "peer",
    "server",
    "gateway",
    "nameserver",
    "dns",
    "subnet",
    "cidr",
    "x forwarded for",
    "forwarded for",
    "network",
    "endpoint",
    "listening",
];

/// The table's row. The first two octets say which network, the last digits which of its machines.
pub(super) const DETECTOR: Detector = Detector {
    name: "ipv4",
    title: "IPv4 address",
    rule: "four octets in range, no part of a longer number",
    source: "RFC 791 §2.3, RFC 6943 §3.1.1",
    keywords: KEYWORDS,
    alphabet: Alphabet::Digits,
    keep_first_max: 2,
    keep_last_max: 2,
    triggers: &[Trigger::Dot(find)],
    fits: |_| false, // a mask that leaves a digit of an octet may leave an octet; dots tell, and they stay
};

/// Where the address that begins at `start` ends: four octets and three dots, whatever follows.
pub(super) fn address(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for octet in 0..4 {
        if octet > 0 {
            at += usize::from(text.get(at) == Some(&b'.'));
        }
        at += self::octet(text.get(at..)?)?;
        if octet < 3 && text.get(at) != Some(&b'.') {
            return None;
        }
    }
    Some(at)
}

/// Digits of the octet at the front.
fn octet(text: &[u8]) -> Option<usize> {
    let len = text
        .iter()
        .take(4)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let digits = text.get(..len)?;
    let value = digits
        .iter()
        .fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    let leading_zero = len > 1 && digits.first() == Some(&b'0');
    ((1..=3).contains(&len) && value <= 255 && !leading_zero).then_some(len)
}

/// `at` is a dot; the address is looked at from its second one only.
fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let text = scene.text;
    let digits = |end: usize| {
        let before = text.get(..end).unwrap_or_default().iter().rev();
        before
            .take(4)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let second = at - digits(at).min(at);
    let Some(first) = second
        .checked_sub(1)
        .filter(|dot| text.get(*dot) == Some(&b'.'))
    else {
        return;
    };
    let start = first - digits(first).min(first);
    let Some(end) = address(text, start) else {
        return;
    };
    if !clean(text, &(start..end)) {
        return;
    }
    let near = scene.near(&(start..end));
    let dubious = is_version(text, &(start..end)) || is_sparse(text, &(start..end));
    let likelihood = match (dubious, near) {
        (false, true) => Likelihood::Certain,
        (false, false) | (true, true) => Likelihood::Likely,
        (true, false) => Likelihood::Possible,
    };
    sink.report(start..end, likelihood);
}

/// Nothing makes it part of something longer. `10.0.0.1-10.0.0.9` are two addresses; `lib-1.2.3.4` and
/// `1.2.3.4-rc` are none.
fn clean(text: &[u8], span: &Range<usize>) -> bool {
    let front = match edges::before(text, span.start) {
        [.., before, b'-'] => !before.is_ascii_alphabetic() && *before != b'_',
        [.., last] => !last.is_ascii_alphanumeric() && !matches!(last, b'.' | b'_'),
        [] => true,
    };
    let back = match text.get(span.end..).unwrap_or_default() {
        [b'.', next, ..] => !next.is_ascii_alphanumeric(),
        [b'-', next, ..] => !next.is_ascii_alphabetic(),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
        [] => true,
    };
    front && back
}

/// A port or a prefix length follows.
fn has_tail(text: &[u8], end: usize) -> bool {
    matches!(text.get(end..), Some([b':' | b'/', digit, ..]) if digit.is_ascii_digit())
}

/// Ends in three zero octets, or has four of one digit each, or names an attribute of X.509 (`2.5.4.10`).
fn is_sparse(text: &[u8], span: &Range<usize>) -> bool {
    let address = text.get(span.clone()).unwrap_or_default();
    let object = address.starts_with(b"2.5.4.") || address.starts_with(b"2.5.29.");
    let dotted = object || address.len() == "1.2.3.4".len() || address.ends_with(b".0.0.0");
    dotted && !has_tail(text, span.end)
}

/// Bytes before an address in which a word for versions is looked for: `AssemblyFileVersion("`.
const BEFORE_BYTES_MAX: usize = 16;

fn is_version(text: &[u8], span: &Range<usize>) -> bool {
    let before = text
        .get(span.start.saturating_sub(BEFORE_BYTES_MAX)..span.start)
        .unwrap_or_default();
    let says = |word: &str| {
        let mut windows = before.windows(word.len());
        windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    };
    let product = match before {
        // `Chrome/120.0.0.0`, but `host/10.0.0.1` and `example.com/10.0.0.1`.
        [name @ .., b'/'] => {
            let letters = name
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count();
            let head = name.get(name.len() - letters..).unwrap_or_default();
            head.first().is_some_and(u8::is_ascii_uppercase) && !has_tail(text, span.end)
        }
        _ => false,
    };
    product || VERSION_WORDS.iter().any(|word| says(word))
}

/// Words after which four numbers are more often a version, a chapter or an object's name.
const VERSION_WORDS: &[&str] = &[
    "version", "release", " ver", "build", "firmware", "section", "oid", "chapter",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    fn one(text: &str, address: &str, likelihood: Likelihood) {
        assert_eq!(
            found("ipv4", text),
            [(address.to_owned(), likelihood)],
            "{text}"
        );
    }

    #[test]
    fn addresses_and_what_stands_around_them() {
        for address in [
            "192.168.10.1",
            "10.0.0.1",
            "255.255.255.255",
            "127.0.0.1",
            "203.0.113.77",
            "1.2.3.40",
            "100.64.0.0",
        ] {
            one(address, address, Likely);
            for (before, after) in [
                ("", ":8080"),
                ("http://", "/x"),
                ("(", ")"),
                ("\"", "\""),
                ("from ", "."),
                ("[", "]"),
                ("", "/24"),
                ("/", ":5432"),
                ("user@", " x"),
                ("=", ","),
                ("a, ", ", b"),
            ] {
                one(&format!("{before}{address}{after}"), address, Likely);
            }
            one(&format!("{{\"clientIp\":\"{address}\"}}"), address, Certain);
        }
        let both = found("ipv4", "10.0.0.1-10.0.0.9");
        assert_eq!(both.len(), 2);
    }

    #[test]
    fn not_addresses() {
        for text in [
            "256.1.1.1",
            "1.256.1.1",
            "1.1.1.256",
            "01.2.3.40",
            "1.2.03.40",
            "1.2.3",
            "10.0.19041.1",
            "1.3.6.1.4.1.311",
            "1.2.3.4.5",
            "v10.2.3.40",
            "lib-10.2.3.40",
            "10.2.3.40-rc1",
            "10.2.3.40.jar",
            "x10.2.3.40",
            "10.2.3.40x",
            "10..2.3",
            ".10.2.3.40",
            "10.2.3.4000",
            "1000.2.3.40",
            "10.2.3.40_1",
            "2024.01.02.03",
            "1. 2. 3. 4",
        ] {
            assert_eq!(found("ipv4", text), [], "{text}");
        }
    }

    #[test]
    fn versions_and_chapters_are_only_possible() {
        for text in [
            "Version=4.0.0.1, Culture=neutral",
            "AssemblyVersion(\"10.2.3.40\")",
            "<version>10.2.3.40</version>",
            "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
            "Section 4.1.2.3",
            "1.2.3.4",
            "2.5.29.30",
            "20.0.0.0",
            "Edg/119.0.10.22",
        ] {
            let found = found("ipv4", text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].1, Possible, "{text}");
        }
        one("dns 8.8.8.8", "8.8.8.8", Likely);
        one("8.8.8.8:53", "8.8.8.8", Likely);
        one("10.0.0.0/8", "10.0.0.0", Likely);
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(a in 0u16..300, b in 0u16..300, c in 0u16..300, d in 0u16..300) {
            let text = format!("at {a}.{b}.{c}.{d}, ok");
            let real = format!("{a}.{b}.{c}.{d}").parse::<std::net::Ipv4Addr>();
            prop_assert_eq!(found("ipv4", &text).len(), usize::from(real.is_ok()));
        }
    }
}
