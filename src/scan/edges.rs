//! What stands right before and right behind a value.
//!
//! Owns: that the letter of `\n`, `\t`, `\r`, `\b` and `\f` is white space and joins nothing: in JSON the line
//! before `536-90-4399` ends in an `n`; and what lets a number end. Refuses: other escapes; what they hide is decoded elsewhere. Stays
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

/// Nothing goes on: no letter, digit or underscore, and no joiner with one behind it.
pub(super) fn ends(text: &[u8], end: usize) -> bool {
    match text.get(end..).unwrap_or_default() {
        [b'-' | b'.' | b'/' | b':', next, ..] => !next.is_ascii_alphanumeric(),
        [next, ..] => !(next.is_ascii_alphanumeric() || *next == b'_'),
        [] => true,
    }
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
