//! One bearer token in, one principal out.
//!
//! Owns: the order and the rules of the checks (RFC 7519, RFC 8725, RFC 9068 §4). Refuses:
//! symmetric and absent algorithms whatever the configuration says, critical header
//! parameters, and every key that is not the issuer's own (`jku`, `jwk`, `x5u`, `x5c` in a
//! header are never looked at). Stays true: the issuer is chosen by the unverified `iss`,
//! which can only select keys of that very issuer; every other claim is read after the
//! signature was found good, so that a fault about a claim is about a genuine token.

use super::claims;
use super::jws::{Header, Parts, json};
use super::key_set::{KeySet, Lookup};
use crate::chunk::{Principal, UnixMillis};
use crate::limits::{KEY_ID_BYTES_MAX, TOKEN_BYTES_MAX, TOKEN_LEEWAY_S};
use serde_json::{Map, Value};
use std::sync::Arc;

pub use super::rules::{Algorithm, IssuerRules, algorithm};
pub use super::token_fault::TokenFault;

/// A token that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whom it speaks for.
    pub principal: Principal,
    /// The first instant at which this token would be refused: `exp` plus the leeway. Always
    /// after the `now` of the check, so a session that ends here has a positive length.
    pub expires: UnixMillis,
    /// `jti`, when the issuer gave one of at most `KEY_ID_BYTES_MAX` printable bytes.
    pub token_id: Option<Arc<str>>,
    /// Index of the issuer's rules.
    pub issuer: usize,
}

/// Checks a token against the issuers' rules and keys at one instant.
///
/// # Errors
/// The first rule it breaks; see [`TokenFault`].
pub fn verify(
    token: &str,
    rules: &[IssuerRules],
    keys: &KeySet,
    now: UnixMillis,
) -> Result<Verified, TokenFault> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenFault::TooLong);
    }
    let parts = Parts::of(token)?;
    let header: Header = json(parts.header)?;
    let claims: Map<String, Value> = json(parts.payload)?;
    let issued_by = claims
        .get("iss")
        .and_then(Value::as_str)
        .ok_or(TokenFault::Issuer)?;
    let known = rules
        .iter()
        .enumerate()
        .find(|(_, rules)| *rules.issuer == *issued_by);
    let (issuer, rules) = known.ok_or(TokenFault::Issuer)?;
    check_signature(&parts, &header, issuer, rules, keys)?;
    let expires = check_claims(&claims, rules, now)?;
    Ok(Verified {
        principal: Principal {
            name: claims::principal(&claims, &rules.principal_claim)?,
            groups: claims::groups(&claims, &rules.groups_claim)?,
            issuer: rules.issuer.clone(),
            claims: claims::named(&claims, &rules.claims)?,
        },
        expires,
        token_id: claims::token_id(&claims),
        issuer,
    })
}

fn check_signature(
    parts: &Parts<'_>,
    header: &Header,
    issuer: usize,
    rules: &IssuerRules,
    keys: &KeySet,
) -> Result<(), TokenFault> {
    if header.crit {
        return Err(TokenFault::Critical);
    }
    let algorithm = algorithm(&header.alg).ok_or(TokenFault::Algorithm)?;
    if !rules.algorithms.contains(&algorithm) {
        return Err(TokenFault::Algorithm);
    }
    if !rules.accepts_type(header.typ.as_deref()) {
        return Err(TokenFault::Type);
    }
    let kid = header.kid.as_deref();
    if kid.is_some_and(|k| k.len() > KEY_ID_BYTES_MAX) {
        return Err(TokenFault::Malformed);
    }
    let key = match keys.find(issuer, kid, algorithm) {
        Lookup::Found(key) => key,
        Lookup::Unknown => {
            let kid = kid.unwrap_or_default().to_owned();
            return Err(TokenFault::UnknownKey { issuer, kid });
        }
        Lookup::Mismatch => return Err(TokenFault::Key),
    };
    let message = parts.message.as_bytes();
    match jsonwebtoken::crypto::verify(parts.signature, message, key, algorithm) {
        Ok(true) => Ok(()),
        _ => Err(TokenFault::Signature),
    }
}

/// Audience and dates; gives the end of the token's acceptance.
fn check_claims(
    claims: &Map<String, Value>,
    rules: &IssuerRules,
    now: UnixMillis,
) -> Result<UnixMillis, TokenFault> {
    if !claims::audience_contains(claims, &rules.audience)? {
        return Err(TokenFault::Audience);
    }
    let leeway = TOKEN_LEEWAY_S as i64 * 1000;
    let expires = claims::date(claims, "exp")?.ok_or(TokenFault::Claim("exp"))?;
    let expires = UnixMillis(expires.0.saturating_add(leeway));
    if now >= expires {
        return Err(TokenFault::Expired);
    }
    match claims::date(claims, "nbf")? {
        Some(start) if start.0 > now.0.saturating_add(leeway) => Err(TokenFault::NotYetValid),
        _ => Ok(expires),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::test_issuer::{TestIssuer, TestKey, message};
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW_S: i64 = 1_800_000_000;
    const LEEWAY: i64 = TOKEN_LEEWAY_S as i64;

    fn check(token: &str) -> Result<Verified, TokenFault> {
        let issuer = TestIssuer::shared();
        let rules = std::slice::from_ref(&issuer.rules);
        verify(token, rules, &issuer.keys(), UnixMillis(NOW_S * 1000))
    }

    fn header() -> Value {
        json!({"alg": "RS256", "kid": "rsa-1", "typ": "at+jwt"})
    }

    fn claims() -> Value {
        json!({"iss": "https://idp.test", "aud": ["x", "lockgate"], "sub": "svc-a", "jti": "t-1",
               "exp": NOW_S + 300, "nbf": NOW_S, "groups": ["team-a", "ops"]})
    }

    /// Merges the edits in; null removes a member.
    fn with(mut base: Value, edits: Value) -> Value {
        for (name, value) in edits.as_object().unwrap() {
            match value {
                Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
                value => base[name] = value.clone(),
            }
        }
        base
    }

    #[test]
    fn a_good_token_gives_its_principal() {
        let issuer = TestIssuer::shared();
        let got = check(&issuer.rsa.token(&header(), &claims())).unwrap();
        assert_eq!(&*got.principal.name, "svc-a");
        assert_eq!(got.principal.groups.as_ref(), ["team-a", "ops"]);
        assert_eq!(&*got.principal.issuer, "https://idp.test");
        assert_eq!(got.expires, UnixMillis((NOW_S + 300 + LEEWAY) * 1000));
        assert_eq!((got.token_id.as_deref(), got.issuer), (Some("t-1"), 0));
    }

    #[test]
    fn each_key_type_and_type_spelling_is_accepted() {
        let issuer = TestIssuer::shared();
        let ec = issuer
            .ec
            .token(&json!({"alg": "ES256", "kid": "ec-1"}), &claims());
        let ed = issuer.ed.token(
            &json!({"alg": "EdDSA", "kid": "ed-1", "typ": "JWT"}),
            &claims(),
        );
        let named = issuer
            .ed
            .token(&json!({"alg": "Ed25519", "kid": "ed-1"}), &claims());
        let long = with(header(), json!({"typ": "application/AT+JWT"}));
        let unnamed = with(header(), json!({"kid": null})); // one RS256 key: no doubt which
        let rsa = |header: &Value| issuer.rsa.token(header, &claims());
        for token in [ec, ed, named, rsa(&long), rsa(&unnamed)] {
            check(&token).unwrap();
        }
    }

    #[test]
    fn hostile_headers_are_refused() {
        let issuer = TestIssuer::shared();
        let attacker = TestKey::ec("ec-1");
        let unknown = TokenFault::UnknownKey {
            issuer: 0,
            kid: "k9".to_owned(),
        };
        let table = [
            (json!({"alg": "none"}), TokenFault::Algorithm),
            (json!({"alg": "None"}), TokenFault::Algorithm),
            (json!({"alg": ""}), TokenFault::Algorithm),
            (json!({"alg": "HS256"}), TokenFault::Algorithm),
            (json!({"alg": "ES512"}), TokenFault::Algorithm),
            (json!({"alg": null}), TokenFault::Malformed),
            (json!({"alg": 7}), TokenFault::Malformed),
            (json!({"alg": "RS512"}), TokenFault::Key), // the key is bound to RS256
            (json!({"alg": "PS256"}), TokenFault::Key),
            (json!({"alg": "ES256"}), TokenFault::Key), // kid of the RSA key
            (json!({"kid": "ec-1"}), TokenFault::Key),  // kid of the EC key
            (
                json!({"kid": "ec-1", "alg": "ES256"}),
                TokenFault::Signature,
            ),
            (json!({"kid": "k9"}), unknown.clone()),
            (json!({"kid": "k9", "jwk": attacker.jwk}), unknown.clone()),
            (
                json!({"kid": "k9", "jku": "https://evil.test/jwks"}),
                unknown,
            ),
            (
                json!({"kid": "k".repeat(KEY_ID_BYTES_MAX + 1)}),
                TokenFault::Malformed,
            ),
            (json!({"crit": ["b64"], "b64": false}), TokenFault::Critical),
            (json!({"crit": []}), TokenFault::Critical),
            (json!({"typ": "id+jwt"}), TokenFault::Type),
            (json!({"typ": "logout+jwt"}), TokenFault::Type),
        ];
        for (edits, want) in table {
            let token = issuer.rsa.token(&with(header(), edits.clone()), &claims());
            assert_eq!(check(&token), Err(want), "{edits}");
        }
    }

    #[test]
    fn hostile_claims_are_refused() {
        let issuer = TestIssuer::shared();
        let table = [
            (json!({"iss": "https://idp.test/"}), TokenFault::Issuer),
            (json!({"iss": "https://other.test"}), TokenFault::Issuer),
            (json!({"iss": null}), TokenFault::Issuer),
            (json!({"aud": "other"}), TokenFault::Audience),
            (json!({"aud": null}), TokenFault::Audience),
            (json!({"exp": null}), TokenFault::Claim("exp")),
            (json!({"exp": "tomorrow"}), TokenFault::Claim("exp")),
            (json!({"exp": NOW_S - LEEWAY}), TokenFault::Expired),
            (json!({"exp": -1}), TokenFault::Expired),
            (json!({"nbf": NOW_S + LEEWAY + 1}), TokenFault::NotYetValid),
            (json!({"nbf": 1e300}), TokenFault::NotYetValid),
            (json!({"sub": null}), TokenFault::Claim("principal")),
            (json!({"sub": "anonymous"}), TokenFault::Claim("principal")),
            (json!({"groups": {"a": true}}), TokenFault::Claim("groups")),
        ];
        for (edits, want) in table {
            let token = issuer.rsa.token(&header(), &with(claims(), edits.clone()));
            assert_eq!(check(&token), Err(want), "{edits}");
        }
    }

    #[test]
    fn dates_have_the_leeway_and_no_more() {
        let issuer = TestIssuer::shared();
        let edits = json!({"exp": NOW_S - LEEWAY + 1, "nbf": NOW_S + LEEWAY});
        let got = check(&issuer.rsa.token(&header(), &with(claims(), edits))).unwrap();
        assert_eq!(got.expires, UnixMillis((NOW_S + 1) * 1000));
    }

    #[test]
    fn a_public_key_is_no_secret() {
        let issuer = TestIssuer::shared();
        let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &issuer.rsa_public);
        let header = with(header(), json!({"alg": "HS256"}));
        let message = message(&header, &claims());
        let tag = aws_lc_rs::hmac::sign(&secret, message.as_bytes());
        let token = format!("{message}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));
        let mut rules = issuer.rules.clone();
        rules.algorithms.push(Algorithm::HS256); // even then
        let got = verify(&token, &[rules], &issuer.keys(), UnixMillis(NOW_S * 1000));
        assert_eq!(got, Err(TokenFault::Algorithm));
    }

    #[test]
    fn one_issuers_keys_never_speak_for_another() {
        let issuer = TestIssuer::shared();
        let mut other = issuer.rules.clone();
        other.issuer = "https://other.test".into();
        let rules = [issuer.rules.clone(), other];
        let keys = KeySet::empty(2).with(0, Arc::new(keys_of(issuer)));
        let claims = with(claims(), json!({"iss": "https://other.test"}));
        let token = issuer.rsa.token(&header(), &claims);
        let want = TokenFault::UnknownKey {
            issuer: 1,
            kid: "rsa-1".to_owned(),
        };
        assert_eq!(
            verify(&token, &rules, &keys, UnixMillis(NOW_S * 1000)),
            Err(want)
        );
    }

    fn keys_of(issuer: &TestIssuer) -> crate::identity::key_set::IssuerKeys {
        let document = issuer.jwks().to_string();
        crate::identity::key_set::IssuerKeys::parse(document.as_bytes(), &issuer.rules).unwrap()
    }

    #[test]
    fn forms_that_are_no_signed_token() {
        let issuer = TestIssuer::shared();
        let good = issuer.rsa.token(&header(), &claims());
        let unsigned = format!("{}.", message(&json!({"alg": "none"}), &claims()));
        assert_eq!(check(&unsigned), Err(TokenFault::Algorithm));
        let stripped = format!("{}.", good.rsplit_once('.').unwrap().0);
        assert_eq!(check(&stripped), Err(TokenFault::Signature));
        let twice = "{\"alg\":\"RS256\",\"alg\":\"none\"}";
        let twice = BASE64URL_NOPAD.encode(twice.as_bytes());
        let twice = format!("{twice}.{}", good.split_once('.').unwrap().1);
        for bad in [
            "",
            ".",
            "..",
            "a.b",
            &format!("{good}.x"),
            &format!("{good}="),
            &twice,
        ] {
            let got = check(bad).unwrap_err();
            assert!(
                matches!(got, TokenFault::Malformed | TokenFault::Signature),
                "{bad}: {got:?}"
            );
        }
        assert_eq!(
            check(&"a".repeat(TOKEN_BYTES_MAX + 1)),
            Err(TokenFault::TooLong)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_text_is_refused(text in "[ -~]{0,200}", part in ".{0,60}") {
            prop_assert!(check(&text).is_err());
            prop_assert!(check(&[&*part, &*part, &*part].join(".")).is_err());
        }

        #[test]
        fn any_changed_byte_is_refused(at in 0usize..10_000, to in any::<prop::sample::Index>()) {
            let token = TestIssuer::shared().rsa.token(&header(), &claims());
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
            let mut bytes = token.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] = alphabet[to.index(alphabet.len())];
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(check(&changed).is_ok(), changed == token);
        }
    }
}
