//! Which findings of a batch lie in the fields that rules name.
//!
//! Owns: the one extra way through a batch that such rules cost. Refuses: to take it for anybody else. Stays true:
//! where no rule that applies names fields, or nothing of what it looks for was found, nothing is done.

use super::scratch::ChunkScratch;
use crate::kafka::batch::{Batch, Fields};
use crate::policy::{Places, Scope};
use crate::walk::Located;

/// Notes the places; `plain` is the body unless that is in the scratch. None if no rule asks.
pub fn places<'s>(
    scope: &Scope,
    plain: Option<&[u8]>,
    found: &Batch,
    scratch: &'s mut ChunkScratch,
) -> Option<&'s Places> {
    let wanted = scope.located();
    if wanted.is_empty() {
        return None;
    }
    let ChunkScratch {
        findings,
        walker,
        body,
        raw,
        places,
        ..
    } = scratch;
    places.begin();
    let located = Located {
        body: plain.unwrap_or(body),
        findings,
        raw: *raw,
        wanted,
    };
    let fields = Fields::new(located.body, found.header.records_count).map_while(Result::ok);
    walker.locate(&located, fields, &mut |at, path| {
        if let Some(finding) = findings.get(at) {
            places.note(scope, at, finding, path);
        }
    });
    places.finish();
    Some(places)
}
