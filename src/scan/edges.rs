//! What stands right before a value, where a value is part of a string that was escaped.
//!
//! Owns: that the letter of `\n`, `\t`, `\r`, `\b` and `\f` is white space and joins nothing: in JSON the line
//! before `536-90-4399` ends in an `n`. Refuses: other escapes; what they hide is decoded elsewhere. Stays
//! true: only one or two bytes before the place decide.

/// The text before `at`; a line end if an escape for white space stands there.
pub(super) fn before(text: &[u8], at: usize) -> &[u8] {
    if is_escape(text, at) {
        b"\n"
    } else {
        text.get(..at).unwrap_or_default()
    }
}

/// Whether an escape for white space ends at `at`.
pub(super) fn is_escape(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    matches!(before, [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_of_an_escape_is_white_space() {
        assert_eq!(before(b"x\\n1", 3), b"\n");
        assert_eq!(before(b"xn1", 2), b"xn");
        assert_eq!(before(b"\\x1", 2), b"\\x");
        assert_eq!(before(b"1", 0), b"");
        assert_eq!(before(b"1", 9), b"");
    }
}
