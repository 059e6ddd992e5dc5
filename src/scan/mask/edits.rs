//! What is to change in a body: ranges, and the bytes that take their place.
//!
//! Owns: the list, and the two ways to carry it out: over the old bytes where no length changes, or
//! into a new body. Refuses: to know why. Stays true: edits ascend and never overlap; one that lies
//! within a later one has gone with it; nothing is allocated once the list has grown to its size.

use super::units::MASKED;
use std::ops::Range;

/// Edits of one body, in one piece of memory that is used again.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    list: Vec<Entry>,
    /// Replacements, one after the other.
    bytes: Vec<u8>,
}

/// A place in the list.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize, usize);

/// Spans are the body's; `with` is a range of `bytes`.
#[derive(Clone, Debug)]
struct Entry {
    span: Range<usize>,
    with: Range<usize>,
    looks_valid: bool,
}

/// One edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit<'e> {
    /// First byte that goes, in the body.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What comes in their place.
    pub with: &'e [u8],
    /// It looks like what it replaces, by purpose (FF1).
    pub looks_valid: bool,
}

impl Edit<'_> {
    /// Whether it can be made in place.
    pub fn keeps_length(&self) -> bool {
        self.end - self.start == self.with.len()
    }
}

impl Edits {
    /// None.
    pub fn new() -> Edits {
        Edits::default()
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.bytes.clear();
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The edits, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Edit<'_>> + Clone {
        self.list.iter().map(|entry| Edit {
            start: entry.span.start,
            end: entry.span.end,
            with: self.bytes.get(entry.with.clone()).unwrap_or_default(),
            looks_valid: entry.looks_valid,
        })
    }

    /// Whether every one of them can be made in place.
    pub fn keep_length(&self) -> bool {
        self.iter().all(|edit| edit.keeps_length())
    }

    /// Where the edits of a field begin that is looked at next; for [`Edits::forget_from`].
    pub(super) fn mark(&self) -> Mark {
        Mark(self.list.len(), self.bytes.len())
    }

    /// Drops all that came after the mark.
    pub(super) fn forget_from(&mut self, Mark(list, bytes): Mark) {
        self.list.truncate(list);
        self.bytes.truncate(bytes);
    }

    /// The edits that came after the mark.
    pub(super) fn since(&self, Mark(list, _): Mark) -> impl Iterator<Item = Edit<'_>> + Clone {
        self.iter().skip(list)
    }

    /// Adds one that begins where the last one ends or later; earlier ones that it covers go. One that
    /// reaches into the last one is a fault of the planner: both become one full mask, so that nothing
    /// stays that either was to hide.
    pub fn push(&mut self, span: Range<usize>, with: &[u8], looks_valid: bool) {
        while self
            .list
            .last()
            .is_some_and(|last| span.start <= last.span.start && last.span.end <= span.end)
        {
            self.list.pop();
        }
        let start = self.bytes.len();
        let span = match self.list.last_mut() {
            Some(last) if last.span.end > span.start => {
                debug_assert!(false, "edits that overlap");
                let union = last.span.start..last.span.end.max(span.end);
                self.list.pop();
                self.bytes.resize(start + union.len(), MASKED);
                union
            }
            _ => {
                self.bytes.extend_from_slice(with);
                span
            }
        };
        self.list.push(Entry {
            span,
            with: start..self.bytes.len(),
            looks_valid,
        });
    }
}

/// Makes edits in place. One that would change the length, or lies outside the body, is left out.
pub fn apply_in_place<'e>(body: &mut [u8], edits: impl IntoIterator<Item = Edit<'e>>) {
    for edit in edits {
        if let Some(old) = body.get_mut(edit.start..edit.end)
            && old.len() == edit.with.len()
        {
            old.copy_from_slice(edit.with);
        }
    }
}

/// Appends to `out` the bytes of `body` in `range`, edited. Edits ascend; those that do not lie in the
/// range are left out.
pub fn splice<'e>(
    body: &[u8],
    range: Range<usize>,
    edits: impl IntoIterator<Item = Edit<'e>>,
    out: &mut Vec<u8>,
) {
    let mut at = range.start;
    let inside = edits
        .into_iter()
        .skip_while(|edit| edit.start < range.start);
    for edit in inside.take_while(|edit| edit.end <= range.end) {
        out.extend_from_slice(body.get(at..edit.start).unwrap_or_default());
        out.extend_from_slice(edit.with);
        at = edit.end;
    }
    out.extend_from_slice(body.get(at..range.end).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_covers_others_takes_their_place() {
        let mut edits = Edits::new();
        edits.push(1..2, b"a", false);
        edits.push(3..4, b"b", false);
        edits.push(3..6, b"", false);
        edits.push(6..6, b"c", false);
        let spans: Vec<_> = edits.iter().map(|e| (e.start, e.end, e.with)).collect();
        assert_eq!(
            spans,
            [(1, 2, &b"a"[..]), (3, 6, &b""[..]), (6, 6, &b"c"[..])]
        );
        let mut out = Vec::new();
        splice(b"0123456789", 1..10, edits.iter(), &mut out);
        assert_eq!(out, b"a2c6789");
        assert!(!edits.keep_length());
    }

    proptest! {
        #[test]
        fn in_place_and_into_a_new_body_agree(
            body in proptest::collection::vec(any::<u8>(), 1..60),
            cuts in proptest::collection::vec((0..5usize, 0..5usize), 0..10),
        ) {
            let (mut edits, mut at) = (Edits::new(), 0);
            for (skip, len) in cuts {
                let span = at + skip..at + skip + len;
                if span.end > body.len() { break; }
                at = span.end;
                edits.push(span.clone(), &vec![b'X'; span.len()], false);
            }
            let (mut in_place, mut spliced) = (body.clone(), Vec::new());
            apply_in_place(&mut in_place, edits.iter());
            splice(&body, 0..body.len(), edits.iter(), &mut spliced);
            prop_assert_eq!(in_place, spliced);
        }
    }
}
