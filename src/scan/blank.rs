//! What a mask leaves of a value.
//!
//! Owns: how to tell a masked value from one. Refuses: to mask. Stays true: where a rule has no checksum to
//! fail, this is why a masked text has nothing to find.

/// What a mask makes of a JSON number: nine, zeros, and at most `kept` digits of the number. Where a
/// rule has no checksum, this must not count as one.
pub(super) fn is_masked_number(digits: &[u8], kept: usize) -> bool {
    match digits.split_first() {
        Some((b'9', rest)) => {
            let zeros = rest.len().saturating_sub(kept);
            zeros > 0 && rest.iter().take(zeros).all(|digit| *digit == b'0')
        }
        _ => false,
    }
}

/// Whether all but the first few letters and digits of a text were overwritten by a mask, or never
/// filled in.
pub(super) fn is_blanked(text: &[u8]) -> bool {
    let solid = text
        .iter()
        .rev()
        .filter(|byte| byte.is_ascii_alphanumeric());
    let blanks = solid.take_while(|byte| matches!(byte, b'X' | b'x')).count();
    blanks >= BLANKS_MIN
}

/// `X` in a row at the end of a secret that make it a placeholder: at random one in 62⁸.
const BLANKS_MIN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Finding;
    use crate::scan::engine::tests::{field, scan};
    use crate::scan::mask::{self, MaskStyle};
    use crate::scan::{Alphabet, Detector};

    #[test]
    fn what_masks_leave() {
        assert!(is_masked_number(b"900000", 0) && is_masked_number(b"9000123", 4));
        assert!(
            !is_masked_number(b"910000", 0)
                && !is_masked_number(b"9123", 4)
                && !is_masked_number(b"", 0)
        );
        assert!(is_blanked(b"AKIAXXXXXXXXXXXX") && !is_blanked(b"AKIAXXXXXXXXXXXA"));
    }

    /// One text with something in it for each detector that this file is for.
    const TEXTS: &[&str] = &[
        "AKIAIOSFODNN7EXAMPLE and ASIAY34FZKBOKMUTVV7A",
        "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
        "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",
        "hooks.slack.com/services/T01234567/B01234567/abcdefghijklmnopqrstuvwx",
        "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.c2ln",
        "mail jane.doe@example.com or a@b.co",
        "call 212-555-0123x456, (212) 555-0123, +44 20 7946 0018; phone 85 99 60 or 020 7946 0018 office",
        "{\"phone\":2125550123,\"fax\":[5551234,\"0171 5201763\"],\"mobile\":\"763 5734\"}",
        "10.0.0.1 and 192.168.100.200:80, 8.8.8.8:53",
        "2001:db8::8:800:200c:417a and [fe80::1]:80 and ::ffff:10.0.0.1",
        "admitted 12/03/2020, DOB 1980-03-12, born 12 March 1980; {\"dob\":19800312} {\"birthday\":12031980}",
        "passport C03005988 and {\"passport\":340020013} AB 1234567 is my passport",
        "acct 12-345678-90 {\"accountNumber\":12345678} {\"account_no\":123456} 1234 5678 9012 is my account number",
        "MRN H1234567 {\"mrn\":12345} {\"patient_id\":\"MR-123456\"} 7 00123456 is the chart number",
    ];

    /// Overwrites all of a finding but what its row lets a mask keep.
    fn mask(body: &mut [u8], findings: &[Finding], first: bool) {
        for f in findings {
            let row = Detector::of(f.detector).expect("a row");
            let solid = |byte: &u8| match row.alphabet {
                Alphabet::Digits => byte.is_ascii_digit(),
                Alphabet::Alphanumeric => byte.is_ascii_alphanumeric(),
                Alphabet::Text => true,
            };
            let span = &mut body[f.start as usize..f.end as usize];
            let places: Vec<usize> = (0..span.len()).filter(|at| solid(&span[*at])).collect();
            let kept = usize::from(if first {
                row.keep_first_max
            } else {
                row.keep_last_max
            });
            assert!(kept < places.len(), "{} keeps all", row.name);
            let masked = if first {
                &places[kept..]
            } else {
                &places[..places.len() - kept]
            };
            masked.iter().for_each(|at| span[*at] = b'X');
        }
    }

    #[test]
    fn nothing_is_found_again_whatever_a_mask_keeps() {
        for text in TEXTS {
            for first in [true, false] {
                let mut body = text.as_bytes().to_vec();
                let findings = scan(&body, &[field(0, body.len())]);
                assert!(!findings.is_empty(), "{text}");
                mask(&mut body, &findings, first);
                let again = scan(&body, &[field(0, body.len())]);
                assert!(
                    again.is_empty(),
                    "{text}: {}: {again:?}",
                    String::from_utf8_lossy(&body)
                );
            }
        }
    }
}
