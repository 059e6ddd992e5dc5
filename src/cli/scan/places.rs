//! The path of a finding within its record.
//!
//! Owns: one walk for all findings of a field. Refuses: values. Stays true: findings come in the order of the
//! body, and each field is walked once; a text that is no JSON has no paths.

use super::examine::Seen;
use crate::chunk::Field;
use crate::walk::{Paths, Walker};

/// The paths of one portion.
pub struct Places<'p> {
    body: &'p [u8],
    walker: &'p Walker,
    at: Option<(Field, Paths<'p>)>,
}

impl<'p> Places<'p> {
    /// Those of what was scanned last.
    pub fn new(body: &'p [u8], walker: &'p Walker) -> Places<'p> {
        let at = None;
        Places { body, walker, at }
    }

    /// Where a finding is, as rules name places; empty where that is its whole field.
    pub fn path(&mut self, seen: &Seen) -> String {
        let (body, walker, field) = (self.body, self.walker, seen.field);
        let told = walker.told(&field);
        if self.at.as_ref().is_none_or(|(of, _)| *of != field) {
            let span = field.start as usize..field.end as usize;
            let paths = match told {
                Some(told) => Paths::of_text(walker, told),
                None => Paths::of_bytes(body.get(span).unwrap_or_default()),
            };
            self.at = Some((field, paths));
        }
        let at = match told {
            Some(told) => walker.text_of(told, seen.finding.start),
            None => Some((seen.finding.start - field.start) as usize),
        };
        let paths = self.at.as_mut().map(|(_, paths)| paths);
        at.zip(paths)
            .map_or_else(String::new, |(at, paths)| paths.at(at))
    }
}
