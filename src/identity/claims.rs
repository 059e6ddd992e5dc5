//! What is read from a token's claims, and in which forms.
//!
//! Owns: the forms of `aud`, dates, the principal and its groups. Refuses: guesses; a claim of
//! the wrong type is a fault, never an empty value, because some rules apply only to members of
//! a group and must not be evaded by an unreadable list. Stays true: names are bounded and hold
//! no control characters, so they are safe in a log line.

use super::tokens::TokenFault;
use crate::chunk::{Claims, UnixMillis};
use crate::limits::{GROUP_BYTES_MAX, GROUPS_PER_TOKEN_MAX, KEY_ID_BYTES_MAX, PRINCIPAL_BYTES_MAX};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The principal of a listener without login; no token may take it.
const RESERVED: &str = "anonymous";

/// The claim of this name or, failing that, at this path. The whole name comes first because
/// namespaced claims are URLs with dots in them.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(path) {
        return Some(claim);
    }
    let mut steps = path.split('.');
    let mut claim = claims.get(steps.next()?)?;
    for step in steps {
        claim = claim.as_object()?.get(step)?;
    }
    Some(claim)
}

fn is_plain(text: &str, bytes_max: usize) -> bool {
    !text.is_empty() && text.len() <= bytes_max && !text.chars().any(char::is_control)
}

/// Whether a principal may have this name: it is there, short, printable, and not the reserved one.
pub(super) fn is_name(name: &str) -> bool {
    is_plain(name, PRINCIPAL_BYTES_MAX) && name != RESERVED
}

/// Whether `aud`, one string or several (RFC 7519 §4.1.3), holds the wanted one.
pub(super) fn audience_contains(
    claims: &Map<String, Value>,
    wanted: &str,
) -> Result<bool, TokenFault> {
    match claims.get("aud") {
        None => Ok(false),
        Some(Value::String(one)) => Ok(one == wanted),
        Some(Value::Array(many)) if many.iter().all(Value::is_string) => {
            Ok(many.iter().any(|v| v.as_str() == Some(wanted)))
        }
        Some(_) => Err(TokenFault::Claim("aud")),
    }
}

/// A NumericDate: seconds since the epoch, fractions allowed (RFC 7519 §2).
pub(super) fn date(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<UnixMillis>, TokenFault> {
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    let millis = match (claim.as_i64(), claim.as_f64()) {
        (Some(seconds), _) => seconds.saturating_mul(1000),
        (None, Some(seconds)) => (seconds * 1000.0) as i64, // saturates
        (None, None) => return Err(TokenFault::Claim(name)),
    };
    Ok(Some(UnixMillis(millis)))
}

/// The principal's name: a string that may be one.
pub(super) fn principal(claims: &Map<String, Value>, path: &str) -> Result<Arc<str>, TokenFault> {
    match find(claims, path).and_then(Value::as_str) {
        Some(name) if is_name(name) => Ok(name.into()),
        _ => Err(TokenFault::Claim("principal")),
    }
}

/// The groups: a list of strings, or one string that is one group. Absent or null: none, unless
/// the token says that they are to be fetched elsewhere (OpenID Connect Core §5.6.2), as some
/// issuers do for members of many groups.
pub(super) fn groups(claims: &Map<String, Value>, path: &str) -> Result<Arc<[String]>, TokenFault> {
    let list = match find(claims, path) {
        None | Some(Value::Null) if is_elsewhere(claims, path) => {
            return Err(TokenFault::Claim("groups"));
        }
        None | Some(Value::Null) => return Ok(Arc::from([])),
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if list.len() > GROUPS_PER_TOKEN_MAX {
        return Err(TokenFault::Claim("groups"));
    }
    list.iter()
        .map(|group| match group.as_str() {
            Some(group) if is_plain(group, GROUP_BYTES_MAX) => Ok(group.to_owned()),
            _ => Err(TokenFault::Claim("groups")),
        })
        .collect()
}

/// The claims of these names: a text, a number or a truth value is one value, a list of them several; absent
/// or null is none. An object is no value, and a claim that is to be fetched elsewhere is refused.
pub(super) fn named(claims: &Map<String, Value>, names: &[Arc<str>]) -> Result<Claims, TokenFault> {
    let fault = || TokenFault::Claim("of a rule");
    let mut read = Vec::with_capacity(names.len());
    for name in names {
        let list = match find(claims, name) {
            None | Some(Value::Null) if is_elsewhere(claims, name) => return Err(fault()),
            None | Some(Value::Null) => &[],
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        if list.len() > GROUPS_PER_TOKEN_MAX {
            return Err(fault());
        }
        let values = list.iter().map(|value| match value {
            Value::String(text) if is_plain(text, GROUP_BYTES_MAX) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
            _ => Err(fault()),
        });
        read.push((Arc::clone(name), values.collect::<Result<_, _>>()?));
    }
    Ok(Claims::of_token(read))
}

fn is_elsewhere(claims: &Map<String, Value>, path: &str) -> bool {
    let first = path.split('.').next().unwrap_or(path);
    let names = claims.get("_claim_names").and_then(Value::as_object);
    names.is_some_and(|names| names.contains_key(path) || names.contains_key(first))
}

/// `jti`, if it is fit to be recorded.
pub(super) fn token_id(claims: &Map<String, Value>) -> Option<Arc<str>> {
    let id = claims.get("jti")?.as_str()?;
    is_plain(id, KEY_ID_BYTES_MAX).then(|| id.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn groups_in_every_form() {
        let many = json!({"groups": vec!["g"; GROUPS_PER_TOKEN_MAX + 1]});
        let long = json!({"groups": ["g".repeat(GROUP_BYTES_MAX + 1)]});
        let table: &[(Value, &str, Option<&[&str]>)] = &[
            (json!({"groups": ["a", "b"]}), "groups", Some(&["a", "b"])),
            (json!({"groups": []}), "groups", Some(&[])),
            (json!({"groups": "a b"}), "groups", Some(&["a b"])),
            (json!({"groups": null}), "groups", Some(&[])),
            (json!({}), "groups", Some(&[])),
            (
                json!({"realm_access": {"roles": ["x"]}}),
                "realm_access.roles",
                Some(&["x"]),
            ),
            (
                json!({"realm_access": ["roles"]}),
                "realm_access.roles",
                Some(&[]),
            ),
            (
                json!({"https://a.example/g": ["u"]}),
                "https://a.example/g",
                Some(&["u"]),
            ),
            (json!({"groups": 7}), "groups", None),
            (json!({"groups": {"a": 1}}), "groups", None),
            (json!({"groups": ["a", 7]}), "groups", None),
            (json!({"groups": [["a"]]}), "groups", None),
            (json!({"groups": ["a\nb"]}), "groups", None),
            (json!({"groups": [""]}), "groups", None),
            (json!({"_claim_names": {"groups": "src1"}}), "groups", None),
            (
                json!({"_claim_names": {"roles": "src1"}}),
                "groups",
                Some(&[]),
            ),
            (many, "groups", None),
            (long, "groups", None),
        ];
        for (claims, path, want) in table {
            let got = groups(&map(claims.clone()), path);
            match want {
                Some(want) => assert_eq!(got.unwrap().as_ref(), *want, "{claims}"),
                None => assert_eq!(got, Err(TokenFault::Claim("groups")), "{claims}"),
            }
        }
    }

    #[test]
    fn claims_are_read_where_the_policy_names_them() {
        let table: &[(Value, Option<&[&str]>)] = &[
            (json!({"dept": "hr"}), Some(&["hr"])),
            (json!({"dept": ["hr", 7, true]}), Some(&["hr", "7", "true"])),
            (json!({"dept": false}), Some(&["false"])),
            (json!({"dept": null}), Some(&[])),
            (json!({}), Some(&[])),
            (json!({"dept": {"a": 1}}), None),
            (json!({"dept": [["hr"]]}), None),
            (json!({"dept": "a\nb"}), None),
            (json!({"_claim_names": {"dept": "src1"}}), None),
        ];
        for (claims, want) in table {
            let got = named(&map(claims.clone()), &["dept".into()]).ok();
            let values = got.as_ref().and_then(|claims| claims.values("dept"));
            let want = want.map(|want| want.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
            assert_eq!(values.map(<[String]>::to_vec), want, "{claims}");
        }
        let token = named(&map(json!({"site": "x"})), &[]).unwrap();
        assert_eq!(token.values("site"), None, "nobody asked");
        assert_eq!(Claims::default().values("site"), Some(&[][..]));
    }

    #[test]
    fn principals_are_printable_and_never_anonymous() {
        let ok = |claims, path| principal(&map(claims), path).ok();
        assert_eq!(ok(json!({"sub": "svc-a"}), "sub").as_deref(), Some("svc-a"));
        assert_eq!(
            ok(json!({"act": {"sub": "b"}}), "act.sub").as_deref(),
            Some("b")
        );
        let long = "s".repeat(PRINCIPAL_BYTES_MAX + 1);
        for bad in [
            json!({}),
            json!({"sub": ""}),
            json!({"sub": 7}),
            json!({"sub": "a\nb"}),
            json!({"sub": "anonymous"}),
            json!({"sub": long}),
        ] {
            assert_eq!(ok(bad.clone(), "sub"), None, "{bad}");
        }
    }

    #[test]
    fn dates_saturate_and_text_is_refused() {
        let read = |v: Value| date(&map(json!({"exp": v})), "exp");
        assert_eq!(read(json!(5)), Ok(Some(UnixMillis(5000))));
        assert_eq!(read(json!(5.5)), Ok(Some(UnixMillis(5500))));
        assert_eq!(read(json!(1e300)), Ok(Some(UnixMillis(i64::MAX))));
        assert_eq!(read(json!(u64::MAX)), Ok(Some(UnixMillis(i64::MAX))));
        assert_eq!(read(json!(-1e300)), Ok(Some(UnixMillis(i64::MIN))));
        assert_eq!(read(json!("5")), Err(TokenFault::Claim("exp")));
        assert_eq!(read(json!(null)), Err(TokenFault::Claim("exp")));
        assert_eq!(date(&Map::new(), "exp"), Ok(None));
    }

    #[test]
    fn audiences_are_whole_strings() {
        let has = |v: Value| audience_contains(&map(json!({"aud": v})), "lockgate");
        assert_eq!(has(json!("lockgate")), Ok(true));
        assert_eq!(has(json!(["x", "lockgate"])), Ok(true));
        assert_eq!(has(json!("lockgate2")), Ok(false));
        assert_eq!(has(json!("x lockgate")), Ok(false));
        assert_eq!(has(json!([])), Ok(false));
        assert_eq!(has(json!(["lockgate", 7])), Err(TokenFault::Claim("aud")));
        assert_eq!(has(json!({"lockgate": 1})), Err(TokenFault::Claim("aud")));
        assert_eq!(audience_contains(&Map::new(), "lockgate"), Ok(false));
    }
}
