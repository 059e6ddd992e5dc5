//! The first bytes of a text, where there may be fewer.
//!
//! Owns: that NULs stand for what is not there. Refuses: to tell how many those are. Stays true: never reads
//! beyond the text.

/// The first `N` bytes, with NULs behind a shorter text.
#[inline(always)]
pub(super) fn padded<const N: usize>(text: &[u8]) -> [u8; N] {
    match text.first_chunk() {
        Some(bytes) => *bytes,
        None => filled_up(text),
    }
}

#[cold]
fn filled_up<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes
        .iter_mut()
        .zip(text)
        .for_each(|(to, from)| *to = *from);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nuls_stand_for_what_is_not_there() {
        assert_eq!(padded::<4>(b"abcdef"), *b"abcd");
        assert_eq!(padded::<4>(b"ab"), *b"ab\0\0");
        assert_eq!(padded::<2>(b""), *b"\0\0");
    }
}
