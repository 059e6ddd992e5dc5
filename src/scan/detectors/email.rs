//! E-mail address.
//!
//! Rule: RFC 5321 §4.1.2 and RFC 5322 §3.4.1, the part of them that is in use: a dot-atom of at most 64 bytes
//! out of letters, digits and `. _ + - '`, an `@`, a domain of at most 253 bytes whose labels are letters,
//! digits and inner hyphens, the last one a top-level domain of the IANA root zone or set aside for
//! use inside.
//!
//! Owns: that rule and where an address ends in a sentence. Refuses: quoted local parts, address literals
//! (`user@[192.0.2.1]`), other atom characters (`! # $ % & * / = ? ^ { | } ~`: they join addresses to their
//! neighbours in URLs and code more often than they stand in one), and scripts other than Latin on
//! either side (RFC 6531). Stays true: looks stop at an `@`, so all of them together read a text twice.
//!
//! The form is strict enough to be likely by itself. What stands where a URL has its user, and `git@`, is a
//! login at a machine: only possible.

use crate::chunk::Likelihood;
use crate::scan::detector::{Alphabet, Detector, Trigger};
use crate::scan::edges;
use crate::scan::scene::{Scene, Sink};
use crate::scan::tlds::is_tld;
use std::ops::Range;

/// Words that say "e-mail address"; spelling as in `words`.
const KEYWORDS: &[&str] = &[
    "email",
    "emails",
    "e mail",
    "e mails",
    "mail",
    "mailto",
    "mail address",
    "email address",
    "contact",
    "recipient",
    "recipients",
    "sender",
    "reply to",
    "from",
    "cc",
    "bcc",
    "correo",
    "courriel",
];

/// The table's row.
pub(super) const DETECTOR: Detector = Detector {
    name: "email",
    title: "e-mail address",
    rule: "local part, domain and top-level domain in use",
    source: "RFC 5321 §4.1.2, RFC 5322 §3.4.1; IANA Root Zone Database",
    keywords: KEYWORDS,
    alphabet: Alphabet::Text,
    keep_first_max: 2,
    keep_last_max: 4,
    triggers: &[Trigger::At(find)],
    fits,
};

/// Longest local part: RFC 5321 §4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;
/// Longest domain as text: RFC 1035 §2.3.4 without the root's length byte and dot.
const DOMAIN_BYTES_MAX: usize = 253;
/// Longest label: RFC 1035 §2.3.4.
const LABEL_BYTES_MAX: usize = 63;

fn fits(text: &[u8]) -> bool {
    let at = text.iter().position(|byte| *byte == b'@');
    at.and_then(|at| address(text, at)) == Some(0..text.len())
}

fn find(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>) {
    let Some(span) = address(scene.text, at) else {
        return;
    };
    let likelihood = if is_login(scene.text, &span, at) {
        Likelihood::Possible
    } else {
        scene.likely(&span)
    };
    sink.report(span, likelihood);
}

fn address(text: &[u8], at: usize) -> Option<Range<usize>> {
    // The neighbours decide most: a domain begins with a letter or digit, and no local part ends in an `@`.
    let (last, first) = (*text.get(at.checked_sub(1)?)?, *text.get(at + 1)?);
    if last == b'@' || !first.is_ascii_alphanumeric() {
        return None;
    }
    let end = domain(text, at + 1)?;
    let start = local(text, at)?;
    Some(start..end)
}

/// Where the local part begins.
fn local(text: &[u8], at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let atom = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'\'')
    };
    let len = before
        .iter()
        .rev()
        .take(LOCAL_BYTES_MAX + 8)
        .take_while(atom)
        .count();
    // Dots, quotes and joiners at the front belong to the text around: `'a@b.com'`, `...a@b.com`, `--to=`.
    let mut part = before.get(at - len..)?;
    if let Some(quote) = part.iter().rposition(|byte| *byte == b'\'') {
        let inner = quote > 0
            && part.get(quote - 1).is_some_and(u8::is_ascii_alphabetic)
            && part.get(quote + 1).is_some_and(u8::is_ascii_alphabetic);
        part = if inner { part } else { part.get(quote + 1..)? };
    }
    let front = part
        .iter()
        .take_while(|byte| !byte.is_ascii_alphanumeric() && **byte != b'_')
        .count();
    let escape = usize::from(edges::is_escape(text, at - part.len() + front + 1)); // `\\njane@…`
    let part = part.get(front + escape..)?;
    let fits = (1..=LOCAL_BYTES_MAX).contains(&part.len())
        && part.last() != Some(&b'.')
        && part.iter().any(u8::is_ascii_alphanumeric)
        && !part.windows(2).any(|pair| pair == b"..");
    fits.then_some(at - part.len())
}

/// Where the domain that begins at `start` ends.
fn domain(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let ldh = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let len = rest
        .iter()
        .take(DOMAIN_BYTES_MAX + 2)
        .take_while(ldh)
        .count();
    let mut all = rest.get(..len)?;
    while let [head @ .., b'.' | b'-'] = all {
        all = head;
    }
    let whole = shortened(all)?;
    let mut labels = whole.split(|byte| *byte == b'.');
    let (first, second) = (labels.next()?, labels.next()?);
    let numeric = |label: &[u8]| label.iter().all(u8::is_ascii_digit);
    let fits = whole.len() <= DOMAIN_BYTES_MAX
        && whole.split(|byte| *byte == b'.').all(is_label)
        && !(numeric(first) && second.first().is_some_and(u8::is_ascii_digit)) // `pkg@1.2.0-beta.dev`
        && !is_scale(first);
    let end = start + whole.len();
    let called = text.get(end) == Some(&b'('); // `Handler@3243afb0.run()`
    (fits && !called).then_some(end)
}

/// The domain without what a sentence or a joiner put after it: `b.com.Please`, `b.com-home`.
fn shortened(all: &[u8]) -> Option<&[u8]> {
    let dot = all.iter().rposition(|byte| *byte == b'.')?;
    let last = all.get(dot + 1..)?;
    if is_tld(last) {
        return Some(all);
    }
    if let Some(hyphen) = last.iter().position(|byte| *byte == b'-')
        && is_tld(last.get(..hyphen)?)
    {
        return all.get(..dot + 1 + hyphen);
    }
    let sentence =
        last.first().is_some_and(u8::is_ascii_uppercase) && last.iter().any(u8::is_ascii_lowercase);
    let head = all.get(..dot)?;
    let before = head.iter().rposition(|byte| *byte == b'.')?;
    (sentence && is_tld(head.get(before + 1..)?)).then_some(head)
}

fn is_label(label: &[u8]) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
}

/// `2x` of `icon@2x.png`, whatever the extension.
fn is_scale(label: &[u8]) -> bool {
    matches!(label, [digit, b'x'] if digit.is_ascii_digit())
}

/// The user of a URL, its password, or git's own account.
fn is_login(text: &[u8], span: &Range<usize>, at: usize) -> bool {
    if text.get(span.start..at) == Some(b"git") {
        return true;
    }
    let before = text.get(..span.start).unwrap_or_default();
    let before = before
        .get(before.len().saturating_sub(LOCAL_BYTES_MAX)..)
        .unwrap_or_default();
    let mut userinfo = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_graphic() && **byte != b'/');
    let len = userinfo.by_ref().count();
    let colon_or_start = len == 0 || before.ends_with(b":");
    let authority = before.get(..before.len() - len).unwrap_or_default();
    colon_or_start && authority.ends_with(b"//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::engine::tests::found;
    use Likelihood::{Certain, Likely, Possible};
    use proptest::prelude::*;

    fn one(text: &str, address: &str, likelihood: Likelihood) {
        assert_eq!(
            found("email", text),
            [(address.to_owned(), likelihood)],
            "{text}"
        );
    }

    fn none(text: &str) {
        assert_eq!(found("email", text), [], "{text}");
    }

    #[test]
    fn addresses_in_use() {
        for address in [
            "a@b.co",
            "jane.doe@example.com",
            "jane_doe+tag@mail.example.co.uk",
            "x-1@sub-domain.example.museum",
            "o'brien@example.ie",
            "1234@163.com",
            "j@xn--mnchen-3ya.de",
            "j@example.xn--p1ai",
            "JANE@EXAMPLE.COM",
            "_root@example.org",
            "ops@corp.internal",
        ] {
            assert!(fits(address.as_bytes()), "{address}");
            one(address, address, Likely);
            for (before, after) in [
                ("<", ">"),
                ("'", "'"),
                ("\"", "\""),
                ("x=", "&y"),
                ("(", ")."),
                ("see ", ", or"),
                ("[", "]"),
            ] {
                one(&format!("{before}{address}{after}"), address, Likely);
            }
        }
    }

    #[test]
    fn a_word_makes_it_certain() {
        for text in [
            "email: a@b.com",
            "mailto:a@b.com",
            "{\"userEmail\":\"a@b.com\"}",
            "<Email>a@b.com</Email>",
        ] {
            one(text, "a@b.com", Certain);
        }
    }

    #[test]
    fn where_it_ends() {
        one("write to a@b.com.", "a@b.com", Likely);
        one("write to a@b.com.Please", "a@b.com", Likely);
        one("a@b.com-home", "a@b.com", Likely);
        one("a@b.com_old", "a@b.com", Likely);
        one("...a@b.com...", "a@b.com", Likely);
        one("a@b.com:secret", "a@b.com", Likely);
        one("user/a@b.com", "a@b.com", Likely);
    }

    #[test]
    fn lengths() {
        let (local, label) = ("l".repeat(64), "d".repeat(63));
        one(&format!("{local}@b.com"), &format!("{local}@b.com"), Likely);
        none(&format!("l{local}@b.com"));
        one(&format!("a@{label}.com"), &format!("a@{label}.com"), Likely);
        none(&format!("a@d{label}.com"));
        let domain = format!("{label}.{label}.{label}.{}.com", "d".repeat(57)); // 3 × 64 + 58 + 3 = 253
        one(&format!("a@{domain}"), &format!("a@{domain}"), Likely);
        none(&format!("a@d.{domain}"));
    }

    #[test]
    fn not_addresses() {
        for text in [
            "user@host",
            "@scope/pkg@1.2.3",
            "lodash@4.17.21",
            "pkg@1.2.0-beta.dev",
            "icon@2x.png",
            "icon@2x.md",
            "getty@tty1.service",
            "Handler@3243afb0.run()",
            "@app.route",
            "q@k.mean",
            "a@b.T",
            "a..b@c.com",
            "a.@c.com",
            "a@.com",
            "a@-b.com",
            "a@b-.com",
            "a@b..com",
            "a @b.com",
            "a@ b.com",
            "${user}@example.com",
            "\"jane doe\"@example.com",
            "user@[192.0.2.1]",
            "user@192.0.2.1",
            "@@@@",
            "-@b.com",
        ] {
            none(text);
        }
    }

    #[test]
    fn logins_are_only_possible() {
        one("git@github.com:org/repo.git", "git@github.com", Possible);
        one(
            "ssh://deploy@build.example.com/x",
            "deploy@build.example.com",
            Possible,
        );
        one(
            "postgres://user:pass@db.example.com:5432/x",
            "pass@db.example.com",
            Possible,
        );
        one("https://x.org/a?to=a@b.com", "a@b.com", Likely);
    }

    proptest! {
        #[test]
        fn generated_addresses_are_found_wherever_they_stand(
            local in "[a-z0-9]{1,8}([._+-][a-z0-9]{1,8}){0,3}",
            domain in "([a-z]([a-z0-9-]{0,8}[a-z0-9])?\\.){1,3}(com|org|de|io|museum)",
            place in 0usize..6,
        ) {
            let address = format!("{local}@{domain}");
            prop_assume!(local != "git");
            let text = match place {
                0 => format!("Please write to {address}."),
                1 => format!("{{\"a\":1,\"to\":\"{address}\",\"b\":[]}}"),
                2 => format!("<to>{address}</to>"),
                3 => format!("7,{address},x"),
                4 => format!("a\t{address}\tb"),
                _ => address.clone(),
            };
            let found = found("email", &text);
            prop_assert_eq!(found.len(), 1);
            prop_assert!(found[0].0 == address && found[0].1 >= Likely);
        }
    }
}
