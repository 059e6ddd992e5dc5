//! Bytes with some ranges replaced.
//!
//! Owns: the copying. Refuses: formats. Stays true: what is not named is copied as it is.

use std::ops::Range;

/// The bytes with these ranges replaced. Ranges ascend and do not overlap; one that does not fit is
/// left out.
pub fn splice<'e>(
    bytes: &[u8],
    edits: impl IntoIterator<Item = (Range<usize>, &'e [u8])>,
) -> Vec<u8> {
    let mut made = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for (span, with) in edits {
        let fits = span.start <= span.end && span.end <= bytes.len();
        if let Some(kept) = bytes.get(at..span.start).filter(|_| fits) {
            made.extend_from_slice(kept);
            made.extend_from_slice(with);
            at = span.end;
        }
    }
    made.extend_from_slice(bytes.get(at..).unwrap_or_default());
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out() {
        let edits: [(Range<usize>, &[u8]); 4] =
            [(1..2, b"XY"), (1..3, b"no"), (4..4, b"+"), (9..12, b"no")];
        assert_eq!(splice(b"abcdefg", edits), b"aXYcd+efg");
    }
}
