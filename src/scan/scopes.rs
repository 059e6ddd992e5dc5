//! The objects and arrays named by a word that are open where the pass or its twin stands.
//!
//! Owns: which of them are worth remembering. Refuses: to find where they end; `scope` does. Stays true: no
//! more than a set number are open at a time, so that time stays linear however deep they nest.

use super::context::{Hit, Scope};
use super::scope::named_container;
use crate::limits::SCAN_SCOPES_OPEN_MAX;

/// Remembers the object or array that a word names, unless one around it speaks for the same, or as
/// many as may be are open.
pub(super) fn note_scope(
    scopes: &mut Vec<Scope>,
    text: &[u8],
    base: usize,
    hit: &Hit,
) -> Option<Scope> {
    let open = scopes.iter().filter(|scope| scope.end > hit.end);
    let (count, covered) = open.fold((0, false), |(count, covered), scope| {
        (
            count + 1,
            covered || scope.detectors.contains_all(hit.detectors),
        )
    });
    if covered || count >= SCAN_SCOPES_OPEN_MAX {
        return None;
    }
    let inner = named_container(text, hit.end - base)?;
    let scope = Scope {
        start: base + inner.start,
        end: base + inner.end,
        named_at: hit.end,
        detectors: hit.detectors,
    };
    scopes.push(scope);
    Some(scope)
}
