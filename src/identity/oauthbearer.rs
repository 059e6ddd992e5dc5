//! The one message of SASL/OAUTHBEARER (RFC 7628 §3.1) that a client sends.
//!
//! Owns: its form. Refuses: channel binding, a second `auth`, pairs past the bound. Stays true:
//! what is returned borrows from the frame, and the token is never printed.

use super::sasl::SaslFault;
use crate::limits::SASL_EXTENSIONS_MAX;
use std::borrow::Cow;
use std::fmt;

/// What an OAUTHBEARER client sent.
#[derive(PartialEq, Eq)]
pub struct OauthRequest<'a> {
    /// The token; of a form that fits a header (RFC 6750 §2.1), otherwise unchecked.
    pub token: &'a str,
    /// Whom the client wants to act as, unescaped.
    pub authzid: Option<Cow<'a, str>>,
    /// The other name=value pairs, in order. Nothing is decided by them.
    pub extensions: Vec<(&'a str, &'a str)>,
}

impl OauthRequest<'_> {
    /// A client may name whom it acts as only if that is the token's principal (Kafka's rule).
    ///
    /// # Errors
    /// `SaslFault::OtherName`.
    pub fn may_act_as(&self, principal: &str) -> Result<(), SaslFault> {
        match self.authzid.as_deref() {
            Some(name) if name != principal => Err(SaslFault::OtherName),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for OauthRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthRequest")
            .field("authzid", &self.authzid)
            .finish_non_exhaustive()
    }
}

/// Reads `n,[a=NAME],^A auth=Bearer TOKEN ^A [name=value ^A]… ^A`, without the spaces.
///
/// # Errors
/// The first part that is not as it must be.
pub fn oauthbearer(message: &[u8]) -> Result<OauthRequest<'_>, SaslFault> {
    let message = std::str::from_utf8(message).map_err(|_| SaslFault::Malformed)?;
    let (gs2, pairs) = message.split_once('\x01').ok_or(SaslFault::Malformed)?;
    let authzid = gs2_header(gs2)?;
    // Each pair ends with ^A and the list with one more.
    let pairs = pairs.strip_suffix("\x01\x01").ok_or(match pairs {
        "\x01" => SaslFault::NoToken,
        _ => SaslFault::Malformed,
    })?;
    let (mut token, mut extensions) = (None, Vec::new());
    for pair in pairs.split('\x01') {
        let (name, value) = pair.split_once('=').ok_or(SaslFault::Malformed)?;
        match name {
            "auth" if token.is_some() => return Err(SaslFault::NoToken),
            "auth" => token = Some(bearer(value)?),
            _ if !is_extension(name, value) || extensions.len() == SASL_EXTENSIONS_MAX => {
                return Err(SaslFault::Malformed);
            }
            _ => extensions.push((name, value)),
        }
    }
    let token = token.ok_or(SaslFault::NoToken)?;
    Ok(OauthRequest {
        token,
        authzid,
        extensions,
    })
}

/// `n,,` or `n,a=NAME,` (RFC 5801 §4). `y` (the client could bind, but believes we cannot) is as
/// good as `n`.
pub(super) fn gs2_header(header: &str) -> Result<Option<Cow<'_, str>>, SaslFault> {
    let mut parts = header.split(',');
    match parts.next() {
        Some("n" | "y") => {}
        Some(flag) if flag.starts_with("p=") => return Err(SaslFault::ChannelBinding),
        _ => return Err(SaslFault::Malformed),
    }
    match (parts.next(), parts.next(), parts.next()) {
        (Some(""), Some(""), None) => Ok(None),
        (Some(name), Some(""), None) => {
            let name = name.strip_prefix("a=").ok_or(SaslFault::Malformed)?;
            unescape(name)
                .filter(|name| !name.is_empty())
                .map(Some)
                .ok_or(SaslFault::Malformed)
        }
        _ => Err(SaslFault::Malformed),
    }
}

/// A saslname: `=2C` is a comma, `=3D` an equals sign, no other `=` may be there (RFC 5801 §4).
pub(super) fn unescape(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains('=') {
        return Some(Cow::Borrowed(name));
    }
    let mut parts = name.split('=');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        plain.push(match code {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        plain.push_str(rest);
    }
    Some(Cow::Owned(plain))
}

/// `Bearer TOKEN`: the scheme in any letter case, the token in the letters of RFC 6750 §2.1.
fn bearer(value: &str) -> Result<&str, SaslFault> {
    let (scheme, token) = value.split_once(' ').ok_or(SaslFault::NoToken)?;
    let token = token.trim_start_matches(' ');
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    let good = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    if good && token.bytes().all(is_token_byte) {
        Ok(token)
    } else {
        Err(SaslFault::NoToken)
    }
}

fn is_extension(name: &str, value: &str) -> bool {
    let is_value_byte = |b: u8| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphabetic())
        && value.bytes().all(is_value_byte)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn oauth(text: &str) -> Result<(String, Option<String>, usize), SaslFault> {
        let got = oauthbearer(text.as_bytes())?;
        let authzid = got.authzid.map(Cow::into_owned);
        Ok((got.token.to_owned(), authzid, got.extensions.len()))
    }

    #[test]
    fn forms_that_clients_send() {
        let ok = |token: &str, authzid: Option<&str>, extensions| {
            Ok((token.to_owned(), authzid.map(str::to_owned), extensions))
        };
        assert_eq!(
            oauth("n,,\x01auth=Bearer a.b-c_d\x01\x01"),
            ok("a.b-c_d", None, 0)
        );
        assert_eq!(oauth("y,,\x01auth=bearer  t==\x01\x01"), ok("t==", None, 0));
        assert_eq!(
            oauth("n,a=ann,\x01auth=Bearer t\x01\x01"),
            ok("t", Some("ann"), 0)
        );
        let escaped = "n,a=a=2Cb=3D,\x01auth=Bearer t\x01\x01";
        assert_eq!(oauth(escaped), ok("t", Some("a,b="), 0));
        // The example of RFC 7628 §4.1, and an extension before the token.
        let rfc = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
                   auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        let token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
        assert_eq!(oauth(rfc), ok(token, Some("user@example.com"), 2));
    }

    #[test]
    fn forms_that_are_refused() {
        let many = "\x01k=v".repeat(SASL_EXTENSIONS_MAX + 1);
        let many = format!("n,,{many}\x01auth=Bearer t\x01\x01");
        let table = [
            ("", SaslFault::Malformed),
            ("\x01", SaslFault::Malformed),
            ("n,,", SaslFault::Malformed),
            ("n,,\x01", SaslFault::Malformed),
            ("n,,\x01\x01", SaslFault::NoToken),
            ("n,,\x01\x01\x01", SaslFault::Malformed),
            (
                "p=tls-unique,,\x01auth=Bearer t\x01\x01",
                SaslFault::ChannelBinding,
            ),
            ("x,,\x01auth=Bearer t\x01\x01", SaslFault::Malformed),
            ("n,ann,\x01auth=Bearer t\x01\x01", SaslFault::Malformed),
            ("n,a=,\x01auth=Bearer t\x01\x01", SaslFault::Malformed),
            ("n,a=x=2,\x01auth=Bearer t\x01\x01", SaslFault::Malformed),
            ("n,a=x=2c,\x01auth=Bearer t\x01\x01", SaslFault::Malformed),
            ("n,,,\x01auth=Bearer t\x01\x01", SaslFault::Malformed),
            ("n,,\x01auth=Bearer t\x01", SaslFault::Malformed),
            ("n,,\x01auth=Bearer \x01\x01", SaslFault::NoToken),
            ("n,,\x01auth=Basic dTpw\x01\x01", SaslFault::NoToken),
            ("n,,\x01auth=Bearer t u\x01\x01", SaslFault::NoToken),
            (
                "n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01",
                SaslFault::NoToken,
            ),
            ("n,,\x01host=h\x01\x01", SaslFault::NoToken),
            (
                "n,,\x01auth=Bearer t\x01h0st=x\x01\x01",
                SaslFault::Malformed,
            ),
            (&many, SaslFault::Malformed),
        ];
        for (text, want) in table {
            assert_eq!(oauth(text), Err(want), "{text:?}");
        }
        assert_eq!(
            oauthbearer(b"n,,\x01auth=Bearer \xff\x01\x01"),
            Err(SaslFault::Malformed)
        );
    }

    #[test]
    fn nobody_claims_another_name_and_no_token_is_printed() {
        let read = |text: &'static str| oauthbearer(text.as_bytes()).unwrap();
        let named = read("n,a=ann,\x01auth=Bearer secret\x01\x01");
        assert_eq!(named.may_act_as("ann"), Ok(()));
        assert_eq!(named.may_act_as("bob"), Err(SaslFault::OtherName));
        assert_eq!(
            read("n,,\x01auth=Bearer secret\x01\x01").may_act_as("ann"),
            Ok(())
        );
        assert!(!format!("{named:?}").contains("secret"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_bytes_never_panic(
            noise in prop::collection::vec(any::<u8>(), 0..80),
            near in "[npy],(a=)?[a=2C3D,é]{0,6},\x01(auth=Bearer )?[a-z=\x01 ]{0,12}\x01\x01",
        ) {
            let _ = oauthbearer(&noise);
            if let Ok(got) = oauthbearer(near.as_bytes()) {
                prop_assert!(!got.token.is_empty());
            }
        }
    }
}
