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
}
