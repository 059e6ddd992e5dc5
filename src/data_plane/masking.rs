//! The masks of a verdict, carried out on a batch.
//!
//! Owns: in place or rebuilt, and what a batch may grow by. Refuses: a frame past the largest that
//! brokers and clients take. Stays true: the checksum fits what is sent; where no length changes and
//! nothing is compressed, the bytes are edited where they lie and nothing is copied.

use super::inspect::{Rules, Unacceptable, Whole, is_compressed};
use super::scratch::ChunkScratch;
use crate::chunk::Finding;
use crate::kafka::batch::{self, Batch, Fields, RewriteFault};
use crate::kafka::error;
use crate::limits::INFLATED_BYTES_MAX;
use crate::policy::Verdict;
use crate::scan::mask::{self, Edit, Masker, Order};
use crate::walk::Plan;

/// What became of a batch's bytes.
pub enum Masked {
    /// Nothing is to be hidden.
    No,
    /// They were edited where they lie.
    InPlace,
    /// These take their place.
    Rebuilt(Vec<u8>),
}

/// Applies the masks of a verdict to one whole batch, whose body is in the scratch if it is compressed.
///
/// # Errors
/// What the sender is told when the masked batch would be too large.
pub fn edit(
    rules: &Rules,
    bytes: &mut [u8],
    batch: &Whole<'_>,
    scratch: &mut ChunkScratch,
    verdict: &Verdict,
) -> Result<Masked, Unacceptable> {
    if verdict.masks.is_empty() {
        return Ok(Masked::No);
    }
    let Whole { body, found, .. } = *batch;
    order(scratch, verdict);
    let compressed = is_compressed(found).unwrap_or(false);
    let plain = bytes.get(body.clone()).filter(|_| !compressed);
    plan(rules, plain, batch, scratch, verdict)?;
    if scratch.edits.is_empty() {
        return Ok(Masked::No);
    }
    let in_place = scratch.edits.keep_length();
    if in_place && !compressed {
        if let Some(plain) = bytes.get_mut(body.clone()) {
            mask::apply_in_place(plain, scratch.edits.iter());
        }
        batch::rewrite_crc(bytes);
        return Ok(Masked::InPlace);
    }
    if in_place {
        mask::apply_in_place(&mut scratch.body, scratch.edits.iter());
    } else {
        rewrite(plain, found, scratch)?;
    }
    rebuild(bytes, in_place, scratch)
}

/// What is to be hidden, and how.
fn order(scratch: &mut ChunkScratch, verdict: &Verdict) {
    let ChunkScratch {
        orders,
        findings,
        raw,
        ..
    } = scratch;
    orders.clear();
    // What was found in the text of a record is masked there.
    let lying = findings.iter().take(*raw).enumerate();
    orders.extend(lying.filter_map(|(at, finding)| {
        Some(Order {
            finding: *finding,
            mask: verdict.mask_of(at, finding)?,
        })
    }));
}

/// Plans the edits; `plain` is the body unless it is in the scratch.
fn plan(
    rules: &Rules,
    plain: Option<&[u8]>,
    batch: &Whole<'_>,
    scratch: &mut ChunkScratch,
    verdict: &Verdict,
) -> Result<(), Unacceptable> {
    let masker = Masker {
        engine: &rules.engine,
        keys: rules.mask_keys.as_deref(),
        upto: usize::MAX,
    };
    let ChunkScratch {
        orders,
        edits,
        body,
        scan,
        walker,
        raw,
        ..
    } = scratch;
    let plan = Plan {
        masker: &masker,
        lexicon: batch.lexicon,
        body: plain.unwrap_or(body),
    };
    let count = batch.found.header.records_count;
    let fields = Fields::new(plan.body, count).map_while(Result::ok);
    // Behind those that were found as they lie come those of the texts, in the walker's order.
    let mask = |at: usize, finding: &Finding| verdict.mask_of(*raw + at, finding);
    edits.clear();
    let planned = walker.plan(&plan, fields, orders, mask, scan, edits);
    planned.map_err(|fault| Unacceptable {
        code: error::POLICY_VIOLATION,
        why: fault.to_string(),
    })
}

/// Writes the body anew, lengths and all.
fn rewrite(
    plain: Option<&[u8]>,
    found: &Batch,
    scratch: &mut ChunkScratch,
) -> Result<(), Unacceptable> {
    let ChunkScratch {
        edits,
        body,
        rewritten,
        ..
    } = scratch;
    let span = |edit: &Edit<'_>| edit.start..edit.end;
    let changes = edits.iter().map(|edit| (span(&edit), edit.with));
    rewritten.clear();
    let (plain, count) = (plain.unwrap_or(body), found.header.records_count);
    batch::rewrite(plain, count, changes, INFLATED_BYTES_MAX, rewritten).map_err(|fault| {
        let code = match fault {
            RewriteFault::TooLarge { .. } => error::MESSAGE_TOO_LARGE,
            RewriteFault::Body(_) => error::INVALID_RECORD,
            RewriteFault::Stray { .. } => error::UNKNOWN_SERVER_ERROR,
        };
        let why = fault.to_string();
        Unacceptable { code, why }
    })
}

/// The batch around its new body.
fn rebuild(
    bytes: &[u8],
    in_place: bool,
    scratch: &mut ChunkScratch,
) -> Result<Masked, Unacceptable> {
    let mut rebuilt = Vec::with_capacity(bytes.len());
    let body = match in_place {
        true => &scratch.body,
        false => &scratch.rewritten,
    };
    let made = batch::rebuild(bytes, body, &mut scratch.deflater, &mut rebuilt);
    made.map_err(|fault| Unacceptable {
        code: error::INVALID_RECORD,
        why: fault.to_string(),
    })?;
    let more = rebuilt.len().saturating_sub(bytes.len());
    if !scratch.grow(more) {
        return Err(Unacceptable {
            code: error::MESSAGE_TOO_LARGE,
            why: format!("masked, the batch is {more} bytes longer and its frame too long"),
        });
    }
    Ok(Masked::Rebuilt(rebuilt))
}

#[cfg(test)]
mod tests;
