//! Records whose format says where their values are, scanned and masked value by value.
//!
//! ```text
//! fields ─► take    by schema, or by their look: which are read, and as what
//!        ─► scan    the others as they lie; these as JSON text (schema::rendition)
//!        ─► plan    masks made in that text, written back by the format (schema::avro, protobuf)
//!        ─► paths   where a finding is, as people write it; locate: as rules compare it
//! ```
//!
//! Owns: which of a batch's fields are read by a format, and the way of findings and masks between their
//! bytes and their text. Refuses: batches, registries, verdicts. Stays true: a field is scanned as text, as
//! bytes, or as both, never as neither; a masked record is one of its schema; fields without a format
//! cost a look at their first bytes, and nothing is allocated for a record once the memory has its size.

mod change;
mod lexicon;
mod locate;
mod paths;
mod plan;
mod scan;
mod take;

#[cfg(test)]
mod tests;

pub use lexicon::Lexicon;
pub use locate::Located;
pub use paths::Paths;
pub use plan::{MaskFault, Plan};
pub use scan::Scanned;
pub use take::{Told, WalkFault};

use crate::chunk::{Field, Finding};
use crate::limits::{INFLATED_BYTES_KEPT, WALK_MISSING_MAX};
use crate::schema::rendition::Rendition;
use crate::schema::wire::SchemaId;

/// What a core knows of the batch in hand; used again for the next.
#[derive(Default)]
pub struct Walker {
    rendition: Rendition,
    /// Fields that have a text, ascending.
    told: Vec<Told>,
    /// What was found in the texts, as they count.
    found: Vec<Finding>,
    /// Schemas that records name and nobody knows yet.
    missing: Vec<SchemaId>,
    /// Schemas that the registry did not have when it was asked.
    absent: Vec<SchemaId>,
    fault: Option<WalkFault>,
}

impl Walker {
    /// Forgets the batch before.
    pub fn begin(&mut self) {
        self.rendition.clear(INFLATED_BYTES_KEPT);
        self.told.clear();
        self.found.clear();
        self.missing.clear();
        self.absent.clear();
        self.fault = None;
    }

    /// The texts of all fields that have one.
    pub fn text(&self) -> &[u8] {
        self.rendition.text()
    }

    /// What was found in the texts; spans are theirs. Ascending.
    pub fn found(&self) -> &[Finding] {
        &self.found
    }

    /// What a field was read as.
    pub fn told(&self, field: &Field) -> Option<&Told> {
        let at = self.told.partition_point(|t| t.field.start < field.start);
        self.told.get(at).filter(|told| told.field == *field)
    }

    /// Where in a field's text stands what begins at this byte of the body, counted from the text's start.
    pub fn text_of(&self, told: &Told, byte: u32) -> Option<usize> {
        let pieces = self.rendition.pieces_in(&(told.text.start..told.text.end));
        let at = pieces.partition_point(|piece| piece.bytes.end <= byte);
        let piece = pieces.get(at).filter(|piece| piece.bytes.start <= byte)?;
        Some((piece.text.start - told.text.start) as usize)
    }

    /// Schemas that records name and nobody has told yet: without them the records cannot be read whole.
    pub fn missing(&self) -> &[SchemaId] {
        &self.missing
    }

    /// Schemas that the registry did not have when it was asked; it may have them by now.
    pub fn absent(&self) -> &[SchemaId] {
        &self.absent
    }
}

/// Adds one that is not there, while there is room.
fn remember(ids: &mut Vec<SchemaId>, id: SchemaId) {
    if ids.len() < WALK_MISSING_MAX && !ids.contains(&id) {
        ids.push(id);
    }
}
