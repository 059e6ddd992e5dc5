//! `identity`: the OIDC issuers whose tokens are accepted.
//!
//! Owns: the check of that section. Refuses: symmetric algorithms and `none` (RFC 8725 §3.1): a
//! key that verifies must not be able to sign. Stays true: each issuer once.

use super::checker::{Checker, Section};
use super::fault::Place;
use super::model::Issuer;
use super::tree::Node;
use super::values;

/// Every asymmetric algorithm of RFC 7518 and RFC 8037 that the verifier has.
const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];
/// RFC 9068 §2.1, and what issuers send that do not know it.
const TOKEN_TYPES: [&str; 2] = ["at+jwt", "JWT"];

pub(super) fn identity(c: &mut Checker<'_>, root: &Section<'_>) -> Vec<Issuer> {
    let Some(node) = root.get("identity") else {
        return Vec::new();
    };
    let later = ["introspection", "backchannel_logout"];
    let Some(section) = c.section(node.place, node, &["issuers"], &later) else {
        return Vec::new();
    };
    let items = section
        .get("issuers")
        .and_then(|node| c.list(node, "a list of issuers"));
    let mut issuers: Vec<Issuer> = Vec::new();
    for item in items.unwrap_or_default() {
        let Some(issuer) = issuer(c, item) else {
            continue;
        };
        if issuers
            .iter()
            .any(|earlier| earlier.issuer == issuer.issuer)
        {
            c.fault(
                item.place,
                format!("`{}` a second time", issuer.issuer),
                "each issuer once",
            );
        }
        issuers.push(issuer);
    }
    issuers
}

fn issuer(c: &mut Checker<'_>, node: &Node) -> Option<Issuer> {
    let keys = [
        "issuer",
        "audience",
        "groups_claim",
        "principal_claim",
        "algorithms",
        "jwks_url",
        "token_types",
    ];
    let section = c.section(node.place, node, &keys, &[])?;
    let issuer = c.require(&section, "issuer").and_then(|node| web(c, node));
    let audience = c
        .require(&section, "audience")
        .and_then(|node| c.text(node, "an audience"));
    let groups_claim = claim(c, &section, "groups_claim", "groups");
    let principal_claim = claim(c, &section, "principal_claim", "sub");
    let algorithms = algorithms(c, &section);
    let jwks_url = section.get("jwks_url").map(|node| web(c, node));
    let token_types = words(c, &section, "token_types", &TOKEN_TYPES);
    Some(Issuer {
        issuer: issuer?,
        audience: audience?.to_owned(),
        groups_claim: groups_claim?,
        principal_claim: principal_claim?,
        algorithms: algorithms?,
        jwks_url: match jwks_url {
            None => None,
            Some(url) => Some(url?),
        },
        token_types: token_types?,
    })
}

/// A URL; in the clear only with a warning, because whoever sits in between could swap the keys.
fn web(c: &mut Checker<'_>, node: &Node) -> Option<String> {
    let url = c.parsed(node, "a URL, such as https://idp.example.com", values::url)?;
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    if url.starts_with("http://") && !local.iter().any(|host| url.starts_with(host)) {
        c.warn(
            node.place,
            format!("`{url}` is read in the clear: who controls the network controls the keys"),
        );
    }
    Some(url)
}

fn claim(c: &mut Checker<'_>, section: &Section<'_>, key: &str, default: &str) -> Option<String> {
    match section.get(key) {
        None => Some(default.to_owned()),
        Some(node) => c.text(node, "the name of a claim").map(str::to_owned),
    }
}

fn words(
    c: &mut Checker<'_>,
    section: &Section<'_>,
    key: &str,
    default: &[&str],
) -> Option<Vec<String>> {
    let Some(node) = section.get(key) else {
        return Some(default.iter().map(|word| (*word).to_owned()).collect());
    };
    let texts = c.texts(node, "a list of texts")?;
    Some(texts.into_iter().map(|(_, text)| text.to_owned()).collect())
}

fn algorithms(c: &mut Checker<'_>, section: &Section<'_>) -> Option<Vec<String>> {
    let Some(node) = section.get("algorithms") else {
        return words(c, section, "algorithms", &ALGORITHMS);
    };
    let texts = c.texts(node, "a list of algorithms, such as [RS256, ES256]")?;
    for (place, text) in &texts {
        known_algorithm(c, *place, text);
    }
    Some(texts.into_iter().map(|(_, text)| text.to_owned()).collect())
}

fn known_algorithm(c: &mut Checker<'_>, place: Place, text: &str) {
    if ALGORITHMS.contains(&text) {
        return;
    }
    let expected = format!("one of {}", ALGORITHMS.join(", "));
    let what = match text.starts_with("HS") || text == "none" {
        true => format!("`{text}`: whoever can verify such a token can make one"),
        false => format!("`{text}`"),
    };
    c.fault(place, what, expected);
}
