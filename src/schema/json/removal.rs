//! Taking fields out of a JSON text so that what is left is JSON.
//!
//! Owns: which bytes go with a field. Refuses: to change an array's length, since the places in it
//! may have meanings: an element becomes `null`, as does a text that is one scalar and what lies too
//! deep to be known. Stays true: edits ascend and do not overlap, and applied all together they leave
//! a valid text valid.
//!
//! ```text
//! { "a": 1 , "b": 2 , "c": 3 }
//!   ^^^^^^^^                    a member before which none is kept goes with the comma behind it
//!          ^^^^^^^^^^           any other goes with the comma before it
//! ```

use super::place::Place;
use std::ops::Range;

/// A range of the text and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Range<usize>,
    /// What comes.
    pub with: &'static [u8],
}

/// Removes fields one after the other, as the walk goes on.
#[derive(Clone, Debug, Default)]
pub struct Removals {
    /// One past the last byte that goes.
    end: usize,
    /// One past the comma that went with a member before which none is kept.
    leading: Option<usize>,
}

impl Removals {
    /// The edit that takes out the field that this place is the name or value of. None when it is gone
    /// already, with a field around it, or when the place is neither.
    pub fn remove(&mut self, place: &Place<'_>) -> Option<Edit> {
        let token = place.token();
        if token.start < self.end {
            return None;
        }
        let edit = match place.member() {
            Some(member) => {
                let before = member.comma_before;
                let leads = before.is_none_or(|comma| self.leading == Some(comma + 1));
                let start = before.filter(|_| !leads).unwrap_or(member.span.start);
                let after = member.comma_after.filter(|_| leads);
                let end = after.map_or(member.span.end, |comma| comma + 1);
                self.leading = after.map(|comma| comma + 1);
                Edit {
                    // in a broken text a name may have several values
                    span: start.max(self.end)..end,
                    with: b"",
                }
            }
            None if token.kind.is_scalar() => Edit {
                span: token.span(),
                with: b"null",
            },
            None => return None,
        };
        self.end = edit.span.end;
        Some(edit)
    }
}
