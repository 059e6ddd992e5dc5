//! Which fields are read by a format, and as what.
//!
//! ```text
//! names a schema that is known    by it; what does not fit is a fault, and is scanned as it lies
//! names one that is not           noted as missing; as below
//! JSON                            as it lies: JSON says itself what it is
//! looks like Protobuf             by its look, and as it lies as well
//! anything else                   as it lies
//! ```
//!
//! Owns: that order. Refuses: headers, which are text. Stays true: what was guessed is never all that
//! is looked at, for whoever writes records could make a text look like something else.

use super::lexicon::{By, Format, Lexicon};
use super::{Walker, remember};
use crate::chunk::{Field, Part};
use crate::limits::WALK_PAYLOAD_BYTES_MIN;
use crate::schema::json::looks_like_json;
use crate::schema::payload::Payload;
use crate::schema::protobuf::looks_like_protobuf;
use crate::schema::rendition::RenditionFault;
use crate::schema::wire::{SchemaId, message_indexes};

/// A field that has a text.
#[derive(Clone, Debug)]
pub struct Told {
    /// The field, in the body.
    pub field: Field,
    /// Its text, in [`Walker::text`].
    pub text: Field,
    /// Whether it is scanned as it lies, too.
    pub also_raw: bool,
    /// Where in the body the datum or message starts.
    pub(super) payload: u32,
    pub(super) by: By,
    /// Its values that are no text, among those of the rendition.
    pub(super) opaque: std::ops::Range<usize>,
}

/// Why a record cannot be read by the schema that it names. Its text goes to clients and into the audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkFault {
    /// It is not what its schema says, or its text would be too long.
    #[error("the schema {id} and {part} {record} of the batch do not go together: {fault}")]
    Unfit {
        /// The schema.
        id: String,
        /// `key` or `value`.
        part: &'static str,
        /// Index of the record.
        record: u32,
        /// What is wrong.
        fault: RenditionFault,
    },
    /// The schema cannot be used.
    #[error("{part} {record} of the batch names the schema {id}, which cannot be read")]
    Schema {
        /// The schema.
        id: String,
        /// `key` or `value`.
        part: &'static str,
        /// Index of the record.
        record: u32,
    },
}

/// A schema as people name it.
pub(super) fn shown(id: &SchemaId) -> String {
    match id {
        SchemaId::Number(number) => number.to_string(),
        SchemaId::Guid(guid) => guid.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

impl Walker {
    /// Writes a field's text, if it has a format; `header`: what its header says of its schema. What it is
    /// then; none where it is to be scanned as it lies.
    pub(super) fn take(
        &mut self,
        body: &[u8],
        field: Field,
        header: Option<&[u8]>,
        lexicon: &Lexicon<'_>,
    ) -> Option<&Told> {
        let bytes = body.get(field.start as usize..field.end as usize)?;
        if field.part == Part::Header || bytes.len() < WALK_PAYLOAD_BYTES_MIN {
            return None;
        }
        let (id, at, known) = match lexicon.payload(bytes, header) {
            Payload::Plain => return self.unnamed(field, bytes, 0, lexicon),
            Payload::Json(_) => return None,
            Payload::Avro(id, at) => (id, at, By::Id(id, None)),
            Payload::Protobuf(id, message, at) => (id, at, By::Id(id, Some(message))),
            Payload::Unknown(id, at) => {
                return self.unknown(field, bytes, id, at, lexicon);
            }
            Payload::Absent(id, at) => {
                if lexicon.asks {
                    remember(&mut self.absent, id);
                }
                return self.unnamed(field, bytes, at, lexicon);
            }
            Payload::Unreadable(id, at) => {
                if !is_json(bytes, at) && may_hide(bytes, at) {
                    self.note(WalkFault::Schema {
                        id: shown(&id),
                        part: field.part.name(),
                        record: field.record,
                    });
                }
                return self.unnamed(field, bytes, at, lexicon);
            }
        };
        match self.tell(field, bytes, at, known, lexicon) {
            Ok(()) => self.told.last(),
            Err(fault) => {
                if may_hide(bytes, at) {
                    self.note(WalkFault::Unfit {
                        id: shown(&id),
                        part: field.part.name(),
                        record: field.record,
                        fault,
                    });
                }
                self.unnamed(field, bytes, at, lexicon)
            }
        }
    }

    /// One that names a schema which nobody has told yet.
    fn unknown(
        &mut self,
        field: Field,
        bytes: &[u8],
        id: SchemaId,
        at: usize,
        lexicon: &Lexicon<'_>,
    ) -> Option<&Told> {
        if is_json(bytes, at) {
            return None;
        }
        if lexicon.asks && may_hide(bytes, at) {
            remember(&mut self.missing, id);
        }
        self.unnamed(field, bytes, at, lexicon)
    }

    /// One without a schema of its own; `at`: what comes before names one all the same.
    fn unnamed(
        &mut self,
        field: Field,
        bytes: &[u8],
        at: usize,
        lexicon: &Lexicon<'_>,
    ) -> Option<&Told> {
        let rest = bytes.get(at..)?;
        if let Some((by, skipped)) = lexicon.any(rest, at > 0)
            && self.tell(field, bytes, at + skipped, by, lexicon).is_ok()
        {
            return self.told.last();
        }
        let skipped = match at > 0 {
            true => message_indexes(rest).map_or(0, |(_, skipped)| skipped),
            false => 0,
        };
        let looks = looks_like_protobuf(rest.get(skipped..)?);
        let told = looks
            && self
                .tell(field, bytes, at + skipped, By::Look, lexicon)
                .is_ok();
        self.told.last().filter(|_| told)
    }

    /// Writes the text.
    fn tell(
        &mut self,
        field: Field,
        bytes: &[u8],
        at: usize,
        by: By,
        lexicon: &Lexicon<'_>,
    ) -> Result<(), RenditionFault> {
        let payload = bytes.get(at..).unwrap_or_default();
        let base = field.start as usize + at;
        let opaque = self.rendition.opaque().len();
        let (text, guessed) = match lexicon.format(by) {
            Some(Format::Avro(schema)) => (self.rendition.avro(schema, payload, base)?, false),
            Some(Format::Protobuf(schema)) => self.rendition.protobuf(schema, payload, base)?,
            None => (self.rendition.protobuf(None, payload, base)?.0, true),
        };
        self.told.push(Told {
            field,
            text: Field {
                start: text.start,
                end: text.end,
                ..field
            },
            also_raw: guessed,
            payload: base as u32,
            by,
            opaque: opaque..self.rendition.opaque().len(),
        });
        Ok(())
    }

    fn note(&mut self, fault: WalkFault) {
        self.fault.get_or_insert(fault);
    }
}

fn is_json(bytes: &[u8], at: usize) -> bool {
    looks_like_json(bytes.get(at..).unwrap_or_default())
}

/// Whether there are enough bytes behind the name of a schema to hide something that is not seen in the
/// bytes: a big-endian number of eight bytes looks framed, and has three.
fn may_hide(bytes: &[u8], at: usize) -> bool {
    bytes.len() - at.min(bytes.len()) >= WALK_PAYLOAD_BYTES_MIN
}
