//! IPv6 address.
//!
//! Rule: eight groups of one to four hexadecimal digits joined by colons; one run of zero groups may be
//! written `::`; the last two groups may be an IPv4 address. Source: RFC 4291 §2.2.
//!
//! Owns: that rule and what sets an address apart from code and hardware addresses. Refuses: parts of
//! longer runs of hexadecimal and colons (fingerprints), and `::`, which is nobody's. A zone (`%eth0`), a prefix length and brackets are
//! beside the span. Stays true: a look is at most 45 bytes either way.
//!
//! Likely: eight groups of which one has three digits or more (eight of two are an EUI-64 or a world
//! wide name), or a shortened form with a digit in it and three groups, or a first group of four. The
//! rest (`::1`, `a::b`, which is also Rust, C++ and Perl) is possible, likely with a word near, brackets, zone
//! or prefix length.

use super::ipv4;
use crate::chunk::Likelihood;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink};
use std::ops::Range;

/// Words that say "IPv6 address"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "ip",
    "ips",
    "ip addr",
    "ip address",
    "ip addresses",
    "ipv6",
    "inet6",
    "remote addr",
    "remote address",
    "client ip",
    "source ip",
    "src ip",
    "dst ip",
    "peer",
    "gateway",
    "nameserver",
    "x forwarded for",
];

/// The table's row. The first group says which registry; the last ones are the machine's.
pub(super) const DETECTOR: Detector = Detector {
    name: "ipv6",
    title: "IPv6 address",
    rule: "eight groups, or fewer around one ::",
    source: "RFC 4291 §2.2",
    keywords: KEYWORDS,
    alphabet: Alphabet::Alphanumeric,
    keep_first_max: 4,
    keep_last_max: 2,
    triggers: &[Trigger::Colon(find)],
    fits: |text| parse(text).is_some_and(|form| form.len == text.len()),
};

/// Longest text: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`.
const ADDRESS_BYTES_MAX: usize = 45;

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let text = scene.text;
    if is_known(text, at) {
        return;
    }
    let Some(start) = start(text, at) else { return };
    let Some(form) = text.get(start..).and_then(parse) else {
        return;
    };
    let span = start..start + form.len;
    if form.groups == 0 || span.end <= at || !clean_back(text, span.end) {
        return;
    }
    let beside = is_framed(text, &span);
    let likelihood = match (form.is_telling(), beside || scene.near(&span)) {
        (true, true) => Likelihood::Certain,
        (true, false) | (false, true) => Likelihood::Likely,
        (false, false) => Likelihood::Possible,
    };
    sink.report(span, likelihood);
}

/// Whether a colon right before, of the same run, has called already: what begins where this one's run does
/// was found then or never will be. A text of nothing but groups costs a few bytes a colon.
fn is_known(text: &[u8], at: usize) -> bool {
    let whole = |colon: usize| {
        let before = colon_before(text, colon)?;
        (colon - before >= 2).then_some(before)
    };
    // As `Trigger::Colon` says, of groups; what it says besides is rarer.
    let last = colon_before(text, at);
    last.and_then(whole).and_then(whole).is_some()
}

/// The colon before `end`, with at most a group between.
fn colon_before(text: &[u8], end: usize) -> Option<usize> {
    let mut at = end;
    while at > 0 && end - at < 5 {
        at -= 1;
        match text.get(at)? {
            b':' => return Some(at),
            byte if byte.is_ascii_hexdigit() => {}
            _ => return None,
        }
    }
    None
}

/// Where the run of groups around the colon begins, if nothing is joined to its front. A name and its
/// colon (`addr:2001:…`) are no part of it.
fn start(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    if before.ends_with(b"::") {
        return None;
    }
    let in_run = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == b':';
    let len = before
        .iter()
        .rev()
        .take(ADDRESS_BYTES_MAX)
        .take_while(in_run)
        .count();
    let (head, run) = before.split_at(at - len);
    let joined = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if len == ADDRESS_BYTES_MAX {
        return None;
    }
    if !edges::before(text, head.len()).last().is_some_and(joined) {
        return Some(head.len());
    }
    let name = run.iter().position(|byte| *byte == b':')?;
    let letters = run.get(..name)?.iter().all(u8::is_ascii_alphabetic);
    (letters && run.get(name + 1) != Some(&b':')).then_some(head.len() + name + 1)
}

fn clean_back(text: &[u8], end: usize) -> bool {
    match text.get(end..).unwrap_or_default() {
        [b':', ..] if text.get(end - 1) == Some(&b':') => false,
        [b':', next, ..] => !(next.is_ascii_alphanumeric() || *next == b':'),
        [b'.', next, ..] => !next.is_ascii_alphanumeric(),
        [next, ..] => !(next.is_ascii_alphanumeric() || *next == b'_'),
        [] => true,
    }
}

/// Brackets, a zone or a prefix length: `[::1]`, `fe80::1%eth0`, `2000::/3`.
fn is_framed(text: &[u8], span: &Range<usize>) -> bool {
    let open = span.start > 0 && text.get(span.start - 1) == Some(&b'[');
    match text.get(span.end..).unwrap_or_default() {
        [b']', b':' | b'/', ..] => open,
        [b'%', next, ..] => next.is_ascii_lowercase(),
        [b'/', next, ..] => next.is_ascii_digit(),
        _ => false,
    }
}

/// An address at the front of a text.
#[derive(Default)]
struct Form {
    len: usize,
    groups: usize,
    first: usize,
    longest: usize,
    shortened: bool,
    has_digit: bool,
    has_upper: bool,
    has_lower: bool,
    has_ipv4: bool,
}

impl Form {
    fn is_telling(&self) -> bool {
        let enough = self.groups >= 3 || (self.groups == 2 && self.first == 4);
        let one_case = !(self.has_upper && self.has_lower); // `Fe32::F` is code
        self.has_ipv4
            || (self.has_digit
                && one_case
                && if self.shortened {
                    enough
                } else {
                    self.longest >= 3
                })
    }
}

/// The longest address at the front; what follows is for the caller to judge.
fn parse(text: &[u8]) -> Option<Form> {
    let (mut form, mut at) = (Form::default(), 0);
    if text.starts_with(b"::") {
        form.shortened = true;
        at = 2;
    }
    loop {
        let rest = text.get(at..)?;
        let digits = rest
            .iter()
            .take(5)
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        if rest.get(digits) == Some(&b'.')
            && form.groups <= 6
            && (form.shortened || form.groups == 6)
            && let Some(len) = ipv4::address(rest, 0)
        {
            form.has_ipv4 = true;
            form.groups += 2;
            at += len;
            break;
        }
        if digits == 0 {
            break;
        }
        if digits > 4 {
            return None;
        }
        let group = rest.get(..digits)?;
        form.has_upper |= group.iter().any(u8::is_ascii_uppercase);
        form.has_lower |= group.iter().any(u8::is_ascii_lowercase);
        form.has_digit |= group.iter().any(u8::is_ascii_digit);
        form.first = if form.groups == 0 { digits } else { form.first };
        form.longest = form.longest.max(digits);
        form.groups += 1;
        at += digits;
        match text.get(at..)? {
            _ if form.groups == 8 => break,
            [b':', b':', ..] if !form.shortened => {
                form.shortened = true;
                at += 2;
            }
            [b':', next, ..] if next.is_ascii_hexdigit() => at += 1,
            _ => break,
        }
    }
    form.len = at;
    let complete = if form.shortened {
        form.groups <= 7
    } else {
        form.groups == 8
    };
    complete.then_some(form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    fn one(text: &str, address: &str, likelihood: Likelihood) {
        assert_eq!(
            found("ipv6", text),
            [(address.to_owned(), likelihood)],
            "{text}"
        );
    }

    #[test]
    fn forms_of_the_standard() {
        for address in [
            "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789",
            "2001:DB8:0:0:8:800:200C:417A",
            "2001:db8::8:800:200c:417a",
            "ff01::101",
            "fe80::1",
            "0:0:0:0:0:0:13.1.68.3",
            "0:0:0:0:0:FFFF:129.144.52.38",
            "::ffff:129.144.52.38",
            "64:ff9b::192.0.2.33",
            "2001:db8:1:2:3:4:5::",
            "2001:db8::",
            "2a02:8071:b6a1:1400::2",
        ] {
            assert!((DETECTOR.fits)(address.as_bytes()), "{address}");
            one(address, address, Likely);
            for (before, after) in [
                ("from ", "."),
                ("\"", "\""),
                ("(", ")"),
                ("a, ", ", b"),
                ("=", ";"),
                ("addr:", " "),
            ] {
                one(&format!("{before}{address}{after}"), address, Likely);
            }
            one(&format!("http://[{address}]:80/"), address, Certain);
            one(&format!("{address}%eth0 "), address, Certain);
            one(&format!("{{\"ip\":\"{address}\"}}"), address, Certain);
        }
    }

    #[test]
    fn short_ones_need_something_beside() {
        for address in ["::1", "a::b", "::a", "cafe::bad", "1::", "Fe32::F"] {
            one(&format!("x = {address} ;"), address, Possible);
        }
        one("[::1]:9092", "::1", Likely);
        one("ip ::1", "::1", Likely);
    }

    #[test]
    fn not_addresses() {
        for text in [
            "std::vector",
            "a::before",
            "abc::xyz",
            "Foo::Bar",
            "1::2::3",
            "::",
            "::/0",
            "ip [::]:9092",
            ":::",
            "a:::b",
            "12345::1",
            "1::12345",
            "00:1a:2b:3c:4d:5e",
            "12:34:56:78",
            "2024-01-02T10:11:12",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:8::",
            "x2001:db8::1",
            "2001:db8::1x",
            "_2001:db8::1",
            "::1.2.3.256",
            "g::1:2:3",
            "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
            "1:2:3:4:5:6:7:1.2.3.4",
            "2001:db8::1.5",
        ] {
            assert_eq!(found("ipv6", text), [], "{text}");
        }
        one(
            "50:06:01:60:3b:20:19:d5",
            "50:06:01:60:3b:20:19:d5",
            Possible,
        );
    }

    proptest! {
        #[test]
        fn the_standard_librarys_own_spelling_is_found(bits in any::<u128>(), zeros in any::<u128>(), more in any::<u128>()) {
            let address = std::net::Ipv6Addr::from(bits & zeros & more);
            let text = address.to_string();
            prop_assert!((DETECTOR.fits)(text.as_bytes()));
            let found = found("ipv6", &format!("[{text}]:1"));
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(&found[0].0, &text);
        }

        #[test]
        fn whatever_parses_is_an_address(text in "[0-9a-f:.]{2,24}") {
            let ours = (DETECTOR.fits)(text.as_bytes());
            prop_assert_eq!(ours, text.parse::<std::net::Ipv6Addr>().is_ok());
        }
    }
}
