//! The lines of a block of text.
//!
//! Owns: where a line begins and ends. Refuses: a view on what is in it. Stays true: line ends, `\n` or
//! `\r\n`, belong to no line; lines come in order, with their number from 0; nothing is allocated.

use crate::chunk::{Field, Part};

/// Iterates over the lines of a text that have something in them, each as the value of a record. A
/// last line needs no end.
#[derive(Clone, Debug)]
pub struct Lines<'t> {
    text: &'t [u8],
    ends: memchr::Memchr<'t>,
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    /// The lines of a text of at most 4 GiB.
    pub fn new(text: &'t [u8]) -> Lines<'t> {
        Lines {
            text,
            ends: memchr::memchr_iter(b'\n', text),
            at: 0,
            line: 0,
        }
    }

    /// How many lines there are, those with nothing in them among them.
    pub fn count(text: &[u8]) -> u64 {
        let unended = !text.is_empty() && !text.ends_with(b"\n");
        memchr::memchr_iter(b'\n', text).count() as u64 + u64::from(unended)
    }
}

impl Iterator for Lines<'_> {
    type Item = Field;

    fn next(&mut self) -> Option<Field> {
        while self.at < self.text.len() {
            let (start, record) = (self.at, self.line);
            let newline = self.ends.next();
            let mut end = newline.unwrap_or(self.text.len());
            self.at = newline.map_or(self.text.len(), |newline| newline + 1);
            self.line += 1;
            if newline.is_some() && end > start && self.text.get(end - 1) == Some(&b'\r') {
                end -= 1;
            }
            if end > start {
                return Some(Field {
                    record,
                    part: Part::Value,
                    start: start as u32,
                    end: end as u32,
                });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8]) -> Vec<(u32, &[u8])> {
        let cut = |f: Field| (f.record, &text[f.start as usize..f.end as usize]);
        Lines::new(text).map(cut).collect()
    }

    #[test]
    fn ends_of_either_kind_are_no_part_of_a_line() {
        assert_eq!(
            lines(b"a\nbc\r\n\n\r\nd\re\r\n\r"),
            [(0, &b"a"[..]), (1, b"bc"), (4, b"d\re"), (5, b"\r")]
        );
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), []);
    }

    proptest! {
        #[test]
        fn they_are_what_splitting_gives(text in "[ab\r\n]{0,40}") {
            let mut slow: Vec<&str> = text.split('\n').collect();
            let last = slow.pop().unwrap_or_default();
            let mut slow: Vec<&str> = slow.into_iter().map(|l| l.strip_suffix('\r').unwrap_or(l)).collect();
            if !last.is_empty() {
                slow.push(last);
            }
            prop_assert_eq!(Lines::count(text.as_bytes()), slow.len() as u64);
            let full = slow.iter().zip(0..).filter(|(line, _)| !line.is_empty());
            let full: Vec<_> = full.map(|(line, n)| (n, line.as_bytes())).collect();
            prop_assert_eq!(lines(text.as_bytes()), full);
        }
    }
}
