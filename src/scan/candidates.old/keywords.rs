//! Could a word that says what a number is be near?
//!
//! Owns: a quick answer for every long number, nearly all of which have no such word near. Refuses:
//! to be exact: `context` is, for the few that are left. Stays true: never no where `context` with a
//! nine-digit detector's keywords would say yes; a test holds the two together.
//!
//! The words it must let through begin with `ssn`, `ss` and something that is no letter, or `soc`.

use super::Kernel;
use std::ops::Range;

/// Bytes looked at on either side: one block.
pub(in crate::scan) const WINDOW_BYTES: usize = 64;

/// A bit for each byte of a window, of what it is when bit 5 is set (which folds case).
#[derive(Clone, Copy)]
pub(super) struct Letters {
    /// `s`
    pub(super) s: u64,
    /// `o`
    pub(super) o: u64,
    /// `c`
    pub(super) c: u64,
    /// `n`, or no letter at all
    pub(super) n_or_none: u64,
}

impl Letters {
    /// Whether one of the words may begin here.
    #[inline(always)]
    pub(super) fn any(self) -> bool {
        let ss = (self.s >> 1) & (self.n_or_none >> 2);
        let soc = (self.o >> 1) & (self.c >> 2);
        self.s & (ss | soc) != 0
    }
}

/// Whether a keyword may stand within a window's reach of `span`, on either side.
pub(in crate::scan) fn around(kernel: Kernel, body: &[u8], span: Range<usize>) -> bool {
    let (before, after) = (body.get(..span.start), body.get(span.end..));
    before.is_some_and(|text| match text.last_chunk() {
        Some(window) => kernel.has_keyword(window),
        None => kernel.has_keyword(&padded(text)),
    }) || after.is_some_and(|text| match text.first_chunk() {
        Some(window) => kernel.has_keyword(window),
        None => kernel.has_keyword(&padded(text)),
    })
}

/// A short window, at the edge of the body. Filled up with spaces: what is cut off is no letter.
#[cold]
fn padded(text: &[u8]) -> [u8; WINDOW_BYTES] {
    let mut window = [b' '; WINDOW_BYTES];
    for (to, from) in window.iter_mut().zip(text) {
        *to = *from;
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_be_near(text: &str) -> Vec<bool> {
        let start = text.find("123456789").expect("the text has the number");
        Kernel::available()
            .map(|kernel| around(kernel, text.as_bytes(), start..start + 9))
            .collect()
    }

    #[test]
    fn beginnings_of_the_words() {
        for (text, want) in [
            ("ssn 123456789", true),
            ("123456789 SSN", true),
            ("123456789 ss", true),
            ("SS# 123456789", true),
            (
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx Social 123456789",
                true,
            ),
            ("sent session_id 123456789 was", false),
            ("reason 123456789 assessed", false),
            ("", false),
        ] {
            let text = if text.is_empty() { "123456789" } else { text };
            assert!(may_be_near(text).iter().all(|may| *may == want), "{text}");
        }
    }

    #[test]
    fn the_window_is_one_block() {
        for (gap, want) in [(40, true), (61, true), (62, false), (500, false)] {
            assert!(
                may_be_near(&format!(
                    "{}ssn{}123456789",
                    "x".repeat(70),
                    ".".repeat(gap)
                ))
                .contains(&want),
                "{gap}"
            );
            assert!(
                may_be_near(&format!(
                    "123456789{}ssn{}",
                    ".".repeat(gap),
                    "x".repeat(70)
                ))
                .contains(&want),
                "{gap}"
            );
        }
    }
}
