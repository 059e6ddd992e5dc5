//! ASCII text with NULs in it: 16-bit and 32-bit text of either byte order, and digits set apart by NULs.
//!
//! Owns: how far such text goes. Refuses: characters beyond ASCII in it: a stretch ends there. Stays true: a
//! stretch is of one width throughout, so an offset within it is found by arithmetic.

/// A stretch of characters that take more than a byte each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// First byte of it.
    pub(super) start: usize,
    /// Bytes of each character: one of them is the character, at `place`, and the others are NUL.
    pub(super) width: usize,
    /// Where in those bytes.
    pub(super) place: usize,
    /// Characters.
    pub(super) count: usize,
}

/// Fewest characters that show a width.
const CHARACTERS_MIN: usize = 2;

/// The stretch that the NUL at `at` is the first of; it begins no earlier than `free`.
pub(super) fn stretch(text: &[u8], at: usize, free: usize) -> Option<Stretch> {
    let before = at.checked_sub(1).filter(|before| *before >= free);
    let low_first = before.filter(|before| text.get(*before).is_some_and(is_visible));
    let (start, first) = match low_first {
        Some(before) => (before, 0),
        None => (at, usize::MAX),
    };
    [2, 4].into_iter().find_map(|width| {
        let place = first.min(width - 1);
        let characters = text.get(start..)?.chunks_exact(width);
        let fits = |chunk: &&[u8]| {
            let mut bytes = chunk.iter().enumerate();
            bytes.all(|(i, byte)| {
                if i == place {
                    is_visible(byte)
                } else {
                    *byte == 0
                }
            })
        };
        let count = characters.take_while(fits).count();
        (count >= CHARACTERS_MIN).then_some(Stretch {
            start,
            width,
            place,
            count,
        })
    })
}

fn is_visible(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_orders() {
        for (text, at, want) in [
            (&b"1\x002\x003\0"[..], 1, Some((0, 2, 0, 3))),
            (b"\x001\x002\x003", 0, Some((0, 2, 1, 3))),
            (b"1\0\0\x002\0\0\0", 1, Some((0, 4, 0, 2))),
            (b"\0\0\x001\0\0\x002x", 0, Some((0, 4, 3, 2))),
            (b"a\x001\x002", 1, Some((0, 2, 0, 2))),
            (b"1\x0023", 1, None),
            (b"\0\0\0\0\0\0", 0, None),
        ] {
            let found = stretch(text, at, 0).map(|s| (s.start, s.width, s.place, s.count));
            assert_eq!(found, want, "{text:?}");
        }
        let taken = stretch(b"1\x002\x003\x00", 1, 1).map(|s| (s.start, s.place, s.count));
        assert_eq!(taken, Some((1, 1, 2)));
    }
}
