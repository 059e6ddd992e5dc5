//! Stands before kafka-protocol: a message is walked by a table first, and decoded only when every
//! count and length in it fits the bytes that are there.
//!
//! Owns: the tables of field layouts, per message and version, and the walk. Refuses: a message
//! without a table, bytes left over, more elements than `limits::REFUSED_ELEMENTS_MAX`. Stays
//! true: kafka-protocol 0.18 reserves memory for the count an array claims, before it has seen one
//! element (a body of 12 bytes can ask for 400 GB and abort the process); no such count reaches
//! it. It also ignores the claimed size of a tagged field it knows, so the tables name those tags
//! and their content must fill that size exactly; otherwise decoder and guard would go on reading
//! at different places.
//!
//! A test holds every table against kafka-protocol itself, for every version.

mod admin;
mod client;

use super::reader::{Malformed, Reader};
use crate::limits::REFUSED_ELEMENTS_MAX;
use bytes::Bytes;
use kafka_protocol::protocol::{Decodable, Request};

/// Layout of one request in all its versions.
struct Message {
    /// API key.
    key: i16,
    /// First and last version that the table describes.
    versions: (i16, i16),
    /// First flexible version.
    flexible: i16,
    fields: &'static [Field],
}

/// One field of a struct, in the order of the wire.
struct Field {
    name: &'static str,
    /// First and last version that have it.
    versions: (i16, i16),
    /// `Some` when it is a tagged field.
    tag: Option<u32>,
    kind: Kind,
}

/// How a field looks on the wire.
enum Kind {
    /// So many bytes: a number, a boolean, a UUID.
    Fixed(usize),
    /// A string, which may be null as far as the guard is concerned.
    String,
    /// An array of strings.
    Strings,
    /// An array of fixed-size elements.
    Numbers(usize),
    /// An array of structs.
    Structs(&'static [Field]),
    /// A struct in place.
    Struct(&'static [Field]),
    /// A byte that is 1 when a struct follows.
    Optional(&'static [Field]),
    /// Bytes, which may be null.
    Bytes,
}

const NEWEST: i16 = i16::MAX;

const fn message(
    key: i16,
    first: i16,
    last: i16,
    flexible: i16,
    fields: &'static [Field],
) -> Message {
    Message {
        key,
        versions: (first, last),
        flexible,
        fields,
    }
}

const fn all(name: &'static str, kind: Kind) -> Field {
    between(0, NEWEST, name, kind)
}

const fn since(first: i16, name: &'static str, kind: Kind) -> Field {
    between(first, NEWEST, name, kind)
}

const fn until(last: i16, name: &'static str, kind: Kind) -> Field {
    between(0, last, name, kind)
}

const fn between(first: i16, last: i16, name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        versions: (first, last),
        tag: None,
        kind,
    }
}

const fn tagged(tag: u32, first: i16, name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        versions: (first, NEWEST),
        tag: Some(tag),
        kind,
    }
}

/// Checks a request's body and decodes it. What comes back was bounded by the body's size.
pub fn decode<M: Request + Decodable>(version: i16, body: &[u8]) -> Result<M, Malformed> {
    check(M::KEY, version, body)?;
    let mut bytes = Bytes::copy_from_slice(body);
    let message = M::decode(&mut bytes, version);
    let at = body.len() - bytes.len();
    message.map_err(|_| Malformed {
        what: "request that does not decode",
        at,
    })
}

/// Walks a request's body by its table: every count and length must fit, and nothing be left.
pub fn check(api_key: i16, version: i16, body: &[u8]) -> Result<(), Malformed> {
    let reader = Reader::new(body);
    let Some(message) = find(api_key, version) else {
        return Err(reader.malformed("request without a table"));
    };
    let flexible = version >= message.flexible;
    let mut walk = Walk {
        reader,
        version,
        flexible,
        elements: 0,
    };
    walk.fields(message.fields)?;
    walk.reader.end()
}

fn find(api_key: i16, version: i16) -> Option<&'static Message> {
    let known = client::REQUESTS.iter().chain(admin::REQUESTS);
    let mut fitting = known.filter(|message| {
        message.key == api_key && (message.versions.0..=message.versions.1).contains(&version)
    });
    fitting.next()
}

struct Walk<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
    /// Array elements and tags so far.
    elements: usize,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &'static [Field]) -> Result<(), Malformed> {
        for field in present(fields, self.version).filter(|field| field.tag.is_none()) {
            self.kind(field.name, &field.kind)?;
        }
        if self.flexible {
            self.tags(fields)
        } else {
            Ok(())
        }
    }

    fn tags(&mut self, fields: &'static [Field]) -> Result<(), Malformed> {
        let mut tags = self.reader.clone();
        tags.each_tag(|tag, span| {
            self.count(1)?;
            let mut known = present(fields, self.version).filter(|field| field.tag == Some(tag));
            let Some(field) = known.next() else {
                return Ok(());
            };
            let mut inside = Walk {
                reader: Reader::new(self.reader.slice(span)),
                ..*self
            };
            inside.kind(field.name, &field.kind)?;
            inside.reader.end()?;
            self.elements = inside.elements;
            Ok(())
        })?;
        self.reader = tags;
        Ok(())
    }

    fn kind(&mut self, name: &'static str, kind: &'static Kind) -> Result<(), Malformed> {
        match kind {
            Kind::Fixed(bytes) => {
                self.reader.take(*bytes, name)?;
            }
            Kind::String => {
                self.reader.string_span(self.flexible)?;
            }
            Kind::Bytes => {
                self.reader.nullable_bytes(self.flexible)?;
            }
            Kind::Numbers(bytes) => {
                let count = self.array(*bytes)?;
                self.reader.take(count * bytes, name)?;
            }
            Kind::Strings => {
                for _ in 0..self.array(if self.flexible { 1 } else { 2 })? {
                    self.reader.string_span(self.flexible)?;
                }
            }
            Kind::Structs(fields) => {
                for _ in 0..self.array(min_struct_bytes(fields, self.version, self.flexible))? {
                    self.fields(fields)?;
                }
            }
            Kind::Struct(fields) => self.fields(fields)?,
            Kind::Optional(fields) => {
                if self.reader.i8()? == 1 {
                    self.fields(fields)?;
                }
            }
        }
        Ok(())
    }

    /// An array's count, 0 when null; within the bytes and within the bound for the message.
    fn array(&mut self, min_element_bytes: usize) -> Result<usize, Malformed> {
        let count = self
            .reader
            .array_len(self.flexible, min_element_bytes)?
            .unwrap_or(0);
        self.count(count)?;
        Ok(count)
    }

    fn count(&mut self, elements: usize) -> Result<(), Malformed> {
        self.elements += elements;
        if self.elements > REFUSED_ELEMENTS_MAX {
            return Err(self.reader.malformed("too many elements"));
        }
        Ok(())
    }
}

fn present(fields: &'static [Field], version: i16) -> impl Iterator<Item = &'static Field> {
    let has = move |field: &&Field| (field.versions.0..=field.versions.1).contains(&version);
    fields.iter().filter(has)
}

/// The least that a value of this kind takes.
fn min_bytes(kind: &'static Kind, version: i16, flexible: bool) -> usize {
    match kind {
        Kind::Fixed(bytes) => *bytes,
        Kind::Optional(_) => 1,
        Kind::Struct(fields) => min_struct_bytes(fields, version, flexible),
        _ if flexible => 1,
        Kind::String => 2,
        Kind::Bytes | Kind::Strings | Kind::Numbers(_) | Kind::Structs(_) => 4,
    }
}

fn min_struct_bytes(fields: &'static [Field], version: i16, flexible: bool) -> usize {
    let plain = present(fields, version).filter(|field| field.tag.is_none());
    let bytes: usize = plain
        .map(|field| min_bytes(&field.kind, version, flexible))
        .sum();
    bytes + usize::from(flexible)
}

#[cfg(test)]
pub(super) mod tests;
