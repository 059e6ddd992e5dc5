//! Tagged fields (KIP-482) of messages that carry records: those that are known pass, others go.
//!
//! Owns: which sections of a message must be written anew, and the copy of a message around them.
//! Refuses: a known field of another layout than its own, tags out of order. Stays true: what leaves
//! holds known fields only, down to the sections inside their structs, and endpoints only mapped; a
//! message without anything unknown needs no copy, and reading it allocates nothing.
//!
//! A newer peer may add a field without a new version. Nobody here can judge it: from a broker it could
//! be an address, from a client a wish.

use super::addresses::Mapping;
use super::endpoints;
use super::reader::{Malformed, Reader};
use super::writer::Writer;
use std::ops::Range;

/// The layout of a known field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many bytes.
    Fixed(usize),
    /// A struct: so many bytes, then tagged fields of its own, none of which is known.
    Struct(usize),
    /// A nullable string.
    Text,
    /// `endpoints`.
    Endpoints,
}

/// A tagged field that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its tag.
    pub tag: u32,
    /// First version of the message that has it.
    pub since: i16,
    /// What it holds.
    pub shape: Shape,
}

/// One section, all the tagged fields of one struct, that must be written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    span: Range<usize>,
    known: &'static [Known],
}

/// The sections of one message that cannot go on as they came, in the order of the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    version: i16,
    flexible: bool,
    list: Vec<Section>,
}

impl Sections {
    /// Begins a message. In a classic version there are no tagged fields, and nothing is read.
    pub fn begin(&mut self, version: i16, flexible: bool) {
        self.list.clear();
        (self.version, self.flexible) = (version, flexible);
    }

    /// Whether the message may go on as it came.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Reads the section at the end of a struct.
    pub fn read(
        &mut self,
        reader: &mut Reader<'_>,
        known: &'static [Known],
    ) -> Result<(), Malformed> {
        self.read_with(reader, known, |_, _| Ok(()))
    }

    /// The same; calls `visit(tag, value)` for each known field.
    pub fn read_with<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        known: &'static [Known],
        mut visit: impl FnMut(u32, &'a [u8]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if !self.flexible {
            return Ok(());
        }
        let (start, bytes) = (reader.pos(), reader.bytes());
        let (mut anew, mut last) = (false, None);
        reader.each_tag(|tag, span| {
            if last.is_some_and(|last| last >= tag) {
                let (what, at) = ("tagged fields out of order", span.start);
                return Err(Malformed { what, at });
            }
            last = Some(tag);
            let Some(field) = find(known, tag, self.version) else {
                anew = true;
                return Ok(());
            };
            let value = bytes.get(span.clone()).unwrap_or_default();
            anew |= !field.shape.check(value).map_err(|fault| Malformed {
                at: span.start + fault.at,
                ..fault
            })?;
            visit(tag, value)
        })?;
        if anew {
            let span = start..reader.pos();
            self.list.push(Section { span, known });
        }
        Ok(())
    }
}

fn find(known: &'static [Known], tag: u32, version: i16) -> Option<&'static Known> {
    known
        .iter()
        .find(|field| field.tag == tag && field.since <= version)
}

impl Shape {
    /// Whether the value may pass as it is; a fault when it is laid out otherwise.
    fn check(self, value: &[u8]) -> Result<bool, Malformed> {
        let mut reader = Reader::new(value);
        let as_is = match self {
            Shape::Fixed(bytes) => reader.take(bytes, "tagged field too short").map(|_| true)?,
            Shape::Struct(bytes) => {
                reader.take(bytes, "tagged struct too short")?;
                let bare = reader.remaining() == 1;
                reader.skip_tags()?;
                bare
            }
            Shape::Text => reader.nullable_string(true).map(|_| true)?,
            Shape::Endpoints => {
                endpoints::read(value, &endpoints::Nobody)?;
                return Ok(false);
            }
        };
        reader.end()?;
        Ok(as_is)
    }

    /// Appends what may pass of a value that was checked.
    fn write(self, value: &[u8], mapping: &dyn Mapping, out: &mut Vec<u8>) {
        match self {
            Shape::Fixed(_) | Shape::Text => out.extend_from_slice(value),
            Shape::Struct(bytes) => {
                out.extend_from_slice(value.get(..bytes).unwrap_or_default());
                out.push(0); // no tagged fields
            }
            Shape::Endpoints => {
                let mapped = endpoints::read(value, mapping).unwrap_or_default();
                endpoints::write(&mut Writer::new(out), &mapped);
            }
        }
    }
}

/// A new frame on its way from an old one: copied up to a place, written where it differs, skipped
/// where it was replaced; the sections on the way are written anew.
pub struct Splice<'a> {
    frame: &'a [u8],
    version: i16,
    sections: std::iter::Peekable<std::slice::Iter<'a, Section>>,
    mapping: &'a dyn Mapping,
    out: Vec<u8>,
    copied: usize,
}

impl<'a> Splice<'a> {
    /// Nothing is copied yet. A message without endpoints may name `endpoints::Nobody`.
    pub fn new(frame: &'a [u8], sections: &'a Sections, mapping: &'a dyn Mapping) -> Splice<'a> {
        Splice {
            frame,
            version: sections.version,
            sections: sections.list.iter().peekable(),
            mapping,
            out: Vec::with_capacity(frame.len()),
            copied: 0,
        }
    }

    /// Copies what lies before `at`.
    pub fn copy_to(&mut self, at: usize) {
        while let Some(section) = self.sections.next_if(|section| section.span.start < at) {
            self.raw(section.span.start);
            write_section(
                self.frame,
                section,
                self.version,
                self.mapping,
                &mut self.out,
            );
            self.copied = section.span.end;
        }
        self.raw(at);
    }

    /// Leaves out what lies before `at`.
    pub fn skip_to(&mut self, at: usize) {
        while self.sections.next_if(|s| s.span.start < at).is_some() {}
        self.copied = at.max(self.copied);
    }

    /// For what stands in place of what is left out.
    pub fn writer(&mut self) -> Writer<'_> {
        Writer::new(&mut self.out)
    }

    /// Copies the rest; the frame's size is that of the new one.
    pub fn finish(mut self) -> Vec<u8> {
        self.copy_to(self.frame.len());
        Writer::new(&mut self.out).frame_end(0);
        self.out
    }

    fn raw(&mut self, end: usize) {
        let bytes = self.frame.get(self.copied..end).unwrap_or_default();
        self.out.extend_from_slice(bytes);
        self.copied = end.max(self.copied);
    }
}

/// Appends a section with its known fields only.
fn write_section(
    frame: &[u8],
    section: &Section,
    version: i16,
    mapping: &dyn Mapping,
    out: &mut Vec<u8>,
) {
    let (mut kept, mut fields) = (0, Vec::new());
    let bytes = frame.get(section.span.clone()).unwrap_or_default();
    let read = Reader::new(bytes).each_tag(|tag, span| {
        if let Some(field) = find(section.known, tag, version) {
            let mut value = Vec::new();
            let sent = bytes.get(span).unwrap_or_default();
            field.shape.write(sent, mapping, &mut value);
            let mut writer = Writer::new(&mut fields);
            writer.uvarint(tag);
            writer.uvarint(value.len() as u32);
            writer.raw(&value);
            kept += 1;
        }
        Ok(())
    });
    debug_assert!(read.is_ok(), "a section is read before it is written");
    let mut writer = Writer::new(out);
    writer.uvarint(kept);
    writer.raw(&fields);
}

/// Reads the section of a reply's header (v1), up to its body.
pub fn reply_header(sections: &mut Sections, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    reader.i32()?; // correlation id
    sections.read(reader, &[])
}

/// Reads the section of a request's header (v2), which must end where the body starts. Returns where
/// it begins.
pub fn request_header(
    sections: &mut Sections,
    frame: &[u8],
    body: usize,
) -> Result<usize, Malformed> {
    const CLIENT_ID_AT: usize = super::frame::SIZE_BYTES + 2 + 2 + 4;
    let mut reader = Reader::at(frame, CLIENT_ID_AT)?;
    reader.string_span(false)?; // classic in every header (KIP-482)
    let start = reader.pos();
    sections.read(&mut reader, &[])?;
    if reader.pos() != body {
        return Err(reader.malformed("a header that ends elsewhere"));
    }
    Ok(start)
}

#[cfg(test)]
mod tests;
