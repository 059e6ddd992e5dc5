//! Messages made from the table, for the tests of every room that reads or writes some.
//!
//! Owns: choices by a seed: counts, lengths, what is null. Stays true: tagged fields never hold
//! their default, since encoders leave those out.

use super::layout::{Field, Kind, Message, plain, tagged};
use crate::kafka::writer::Writer;

/// A body of this version, without unknown tags.
pub(in crate::kafka) fn sample(message: &'static Message, version: i16, seed: u64) -> Vec<u8> {
    Sample::of(message, version, seed, false)
}

/// A request's body; `None` for a key or version that Kafka does not have.
pub(in crate::kafka) fn sample_request(key: i16, version: i16, seed: u64) -> Option<Vec<u8>> {
    Some(sample(super::request(key, version)?, version, seed))
}

/// What is being written.
#[derive(Clone, Copy)]
pub(in crate::kafka) struct Sample {
    version: i16,
    flexible: bool,
    seed: u64,
    /// Whether every struct gets a tag that nobody knows.
    unknown_tags: bool,
    /// Whether something must be there.
    inside_tag: bool,
}

/// Not in any message; an address, as a newer broker might send one.
pub(in crate::kafka) const UNKNOWN_TAG: &[u8] = b"real-broker:9092";

impl Sample {
    pub(in crate::kafka) fn of(
        message: &'static Message,
        version: i16,
        seed: u64,
        unknown_tags: bool,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let mut sample = Sample {
            version,
            flexible: message.is_flexible(version),
            seed,
            unknown_tags,
            inside_tag: false,
        };
        sample.fields(message.fields, &mut out);
        out
    }

    fn next(&mut self, below: u64) -> usize {
        let seed = self.seed.wrapping_mul(6_364_136_223_846_793_005);
        self.seed = seed.wrapping_add(1);
        ((self.seed >> 33) % below) as usize
    }

    fn fields(&mut self, fields: &'static [Field], out: &mut Vec<u8>) {
        for field in plain(fields, self.version) {
            self.field(field, out);
        }
        if self.flexible {
            self.tags(fields, out);
        }
    }

    fn tags(&mut self, fields: &'static [Field], out: &mut Vec<u8>) {
        let known: Vec<_> = tagged(fields, self.version).collect();
        let count = known.len() as u32 + u32::from(self.unknown_tags);
        Writer::new(out).uvarint(count);
        let outside = std::mem::replace(&mut self.inside_tag, true);
        for field in known {
            let mut content = Vec::new();
            self.field(field, &mut content);
            let mut writer = Writer::new(out);
            writer.uvarint(field.tag.unwrap_or(0));
            writer.uvarint(content.len() as u32);
            writer.raw(&content);
        }
        self.inside_tag = outside;
        if self.unknown_tags {
            let mut writer = Writer::new(out);
            writer.uvarint(99);
            writer.uvarint(UNKNOWN_TAG.len() as u32);
            writer.raw(UNKNOWN_TAG);
        }
    }

    fn field(&mut self, field: &'static Field, out: &mut Vec<u8>) {
        let nullable = field.is_nullable(self.version);
        let null = nullable && !self.inside_tag && self.next(3) == 0;
        let Kind::Array(element) = &field.kind else {
            return self.value(&field.kind, nullable, null, out);
        };
        let count = self.next(3) + usize::from(self.inside_tag);
        let count = (!null).then_some(count);
        Writer::new(out).array_len(self.flexible, count);
        for _ in 0..count.unwrap_or(0) {
            self.value(element, false, false, out);
        }
    }

    fn value(&mut self, kind: &'static Kind, nullable: bool, null: bool, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        match kind {
            // A boolean is encoded back as 0 or 1.
            Kind::Bool => writer.bool(true),
            Kind::Text => {
                let text = "x".repeat(self.next(140) + usize::from(self.inside_tag));
                writer.string(self.flexible, (!null).then_some(&text));
            }
            Kind::Bytes => writer.bytes(self.flexible, (!null).then_some(&[5; 9])),
            Kind::Struct(_) if null => writer.i8(-1),
            Kind::Struct(fields) => {
                if nullable {
                    writer.i8(1);
                }
                self.fields(fields, out);
            }
            Kind::Array(_) => {}
            fixed => {
                let byte = self.next(100) as u8 + 1;
                writer.raw(&vec![byte; fixed.fixed_bytes().unwrap_or(0)]);
            }
        }
    }
}
