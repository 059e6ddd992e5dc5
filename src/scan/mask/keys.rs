//! The keys behind tokens and format-preserving encryption, derived from one secret.
//!
//! Owns: the derivation, and the two primitives under it. Refuses: a secret under
//! [`MASK_SECRET_BYTES_MIN`]. Stays true: equal secrets make equal keys on every gateway; neither the
//! secret nor a key can be printed; the two keys are independent, so that an oracle for one style
//! says nothing of the other.
//!
//! Construction: HKDF-SHA-256 (RFC 5869) with the salt `lockgate/masking/1` over the secret's bytes;
//! its output for the info `token` is the key of HMAC-SHA-256, that for `format_preserving` the key of
//! AES-256 within FF1 (NIST SP 800-38G).

use crate::limits::{FF1_CHARACTERS_MAX, FF1_DOMAIN_MIN, MASK_SECRET_BYTES_MIN};
use aes::Aes256;
use aws_lc_rs::{hkdf, hmac};
use fpe::ff1::{FF1, FlexibleNumeralString};
use std::fmt;

const SALT: &[u8] = b"lockgate/masking/1";
const KEY_BYTES: usize = 32;
const _: () = assert!(MASK_SECRET_BYTES_MIN >= KEY_BYTES);

/// What keyed masks need. One for all cores.
pub struct MaskKeys {
    token: hmac::Key,
    digits: FF1<Aes256>,
    alphanumeric: FF1<Aes256>,
}

impl fmt::Debug for MaskKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[keys]")
    }
}

/// Characters that format-preserving encryption maps onto each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Radix {
    /// `0`–`9`.
    Digits,
    /// `0`–`9`, then letters, in either case.
    Alphanumeric,
}

impl Radix {
    fn base(self) -> u32 {
        match self {
            Radix::Digits => 10,
            Radix::Alphanumeric => 36,
        }
    }

    /// Fewest characters with a domain that is large enough.
    pub(super) fn least(self) -> usize {
        let fits = |len: &usize| u64::from(self.base()).pow(*len as u32) >= FF1_DOMAIN_MIN;
        (1..FF1_CHARACTERS_MAX)
            .find(fits)
            .unwrap_or(FF1_CHARACTERS_MAX)
    }
}

impl MaskKeys {
    /// The keys of a secret; none when it is shorter than `limits::MASK_SECRET_BYTES_MIN`.
    pub fn derive(secret: &[u8]) -> Option<MaskKeys> {
        if secret.len() < MASK_SECRET_BYTES_MIN {
            return None;
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let key = |purpose: &[u8]| -> Option<[u8; KEY_BYTES]> {
            let mut key = [0; KEY_BYTES];
            let info = [purpose];
            let made = root.expand(&info, hkdf::HKDF_SHA256).ok()?;
            made.fill(&mut key).ok()?;
            Some(key)
        };
        let (token, preserving) = (key(b"token")?, key(b"format_preserving")?);
        Some(MaskKeys {
            token: hmac::Key::new(hmac::HMAC_SHA256, &token),
            digits: FF1::new(&preserving, Radix::Digits.base()).ok()?,
            alphanumeric: FF1::new(&preserving, Radix::Alphanumeric.base()).ok()?,
        })
    }

    /// HMAC-SHA-256 over a purpose, a counter, the detector's name and the value, which comes in
    /// pieces.
    pub(super) fn hmac<'v>(
        &self,
        purpose: u8,
        counter: u8,
        detector: &str,
        value: impl Iterator<Item = &'v [u8]>,
    ) -> [u8; 32] {
        let mut mac = hmac::Context::with_key(&self.token);
        mac.update(&[purpose, counter, detector.len() as u8]);
        mac.update(detector.as_bytes());
        value.for_each(|piece| mac.update(piece));
        let mut tag = [0; 32];
        tag.copy_from_slice(mac.sign().as_ref());
        tag
    }

    /// FF1 over numerals below the radix, with the detector's name as the tweak. None when they are too
    /// few for a domain of `limits::FF1_DOMAIN_MIN`, or more than `limits::FF1_CHARACTERS_MAX`.
    pub(super) fn encrypt(
        &self,
        radix: Radix,
        detector: &str,
        numerals: Vec<u16>,
    ) -> Option<Vec<u16>> {
        if !(radix.least()..=FF1_CHARACTERS_MAX).contains(&numerals.len()) {
            return None;
        }
        let ff1 = match radix {
            Radix::Digits => &self.digits,
            Radix::Alphanumeric => &self.alphanumeric,
        };
        let made = ff1.encrypt(detector.as_bytes(), &FlexibleNumeralString::from(numerals));
        made.ok().map(Vec::from)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(in crate::scan::mask) fn keys() -> MaskKeys {
        MaskKeys::derive(b"a secret of at least thirty-two bytes").unwrap()
    }

    fn numerals(text: &str) -> Vec<u16> {
        let value = |c: char| c.to_digit(36).unwrap() as u16;
        text.chars().map(value).collect()
    }

    #[test]
    fn equal_secrets_make_equal_keys_and_nothing_shows_them() {
        let [one, same] = [keys(), keys()];
        let other = MaskKeys::derive(&[7; 32]).unwrap();
        let tag = |keys: &MaskKeys| keys.hmac(0, 0, "us_ssn", [&b"536904399"[..]].into_iter());
        assert_eq!(tag(&one), tag(&same));
        assert_ne!(tag(&one), tag(&other));
        assert_eq!(format!("{one:?}"), "[keys]");
        assert!(MaskKeys::derive(&[7; 31]).is_none());
    }

    #[test]
    fn pieces_of_a_value_do_not_matter_and_names_do() {
        let keys = keys();
        let tag = |name: &str, value: &[&[u8]]| keys.hmac(1, 0, name, value.iter().copied());
        assert_eq!(tag("a", &[b"bc"]), tag("a", &[b"b", b"c"]));
        assert_ne!(tag("a", &[b"bc"]), tag("ab", &[b"c"]));
    }

    /// NIST's own samples for FF1 with AES-256: numbers 7 (radix 10, no tweak) and 9 (radix 36).
    #[test]
    fn ff1_is_nists() {
        let key: [u8; 32] = [
            0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf,
            0x4f, 0x3c, 0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f,
            0x04, 0xfc, 0x6a, 0x94,
        ];
        let keys = MaskKeys {
            token: hmac::Key::new(hmac::HMAC_SHA256, &key),
            digits: FF1::new(&key, 10).unwrap(),
            alphanumeric: FF1::new(&key, 36).unwrap(),
        };
        let digits = keys.encrypt(Radix::Digits, "", numerals("0123456789"));
        assert_eq!(digits, Some(numerals("6657667009")));
        let tweak = "7777pqrs777";
        let letters = keys.encrypt(Radix::Alphanumeric, tweak, numerals("0123456789abcdefghi"));
        assert_eq!(letters, Some(numerals("xs8a0azh2avyalyzuwd")));
    }

    #[test]
    fn small_domains_are_refused() {
        assert_eq!((Radix::Digits.least(), Radix::Alphanumeric.least()), (6, 4));
        let keys = keys();
        assert_eq!(keys.encrypt(Radix::Digits, "x", numerals("12345")), None);
        assert!(
            keys.encrypt(Radix::Digits, "x", numerals("123456"))
                .is_some()
        );
        assert_eq!(
            keys.encrypt(Radix::Alphanumeric, "x", numerals("a1b")),
            None
        );
        assert_eq!(keys.encrypt(Radix::Digits, "x", vec![1; 1_000]), None);
    }
}
