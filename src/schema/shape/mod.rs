//! The shape of a record, for people who must judge it and must not see it.
//!
//! ```text
//! {"name": string(3–8), "ssn": <us_ssn>, "age": number, "items": [{"sku": string(5)} × 3]}
//! ```
//!
//! Owns: the tree of names and classes, and its text. Refuses: values; a name that is a finding, or
//! that may be a value, is replaced as well. Stays true: no value's bytes are kept, memory and text
//! are bounded whatever goes in, and shapes of several records add up to one.

mod marks;
mod render;
#[cfg(test)]
mod tests;

pub use marks::Marks;

use crate::limits::{SHAPE_DEPTH_MAX, SHAPE_DETECTORS_MAX, SHAPE_NODES_MAX};
use crate::schema::edit::Malformed;
use crate::schema::json::{self, Kind, Walker};
use crate::schema::path::{self, Element, Name};
use crate::schema::{avro, protobuf};
use std::ops::Range;

/// What a value is, without what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Text of so many characters.
    Text(usize),
    /// So many bytes that are no text.
    Bytes(usize),
    /// A number of any kind.
    Number,
    /// True or false.
    Boolean,
    /// One of the names that a schema lists.
    Enum,
    /// Nothing.
    Null,
    /// Something that the format does not know.
    Other,
    /// An object without members.
    EmptyObject,
    /// An array without elements.
    EmptyArray,
}

/// The least and the most.
type Bounds = Option<(usize, usize)>;

/// All that was seen at one place. Several classes may share it.
#[derive(Clone, Debug, Default)]
struct Node {
    fields: Vec<(String, usize)>,
    object: bool,
    element: Option<usize>,
    elements: Bounds,
    text: Bounds,
    bytes: Bounds,
    /// Classes without a size, in the order of first sight.
    plain: Vec<&'static str>,
    /// Detectors that fired on a whole value.
    whole: Vec<String>,
    /// Detectors that fired on a part of one.
    inside: Vec<String>,
    /// Something is left out below.
    cut: bool,
}

/// A tree of names and classes. [`std::fmt::Display`] writes it on one line.
#[derive(Clone, Debug)]
pub struct Shape {
    nodes: Vec<Node>,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            nodes: vec![Node::default()],
        }
    }
}

impl Shape {
    /// The shape of one field of a record whose format is not known: JSON when it looks like it, else
    /// text when it is, else bytes.
    pub fn of(bytes: &[u8], marks: &Marks<'_>) -> Shape {
        let mut shape = Shape::default();
        match json::looks_like_json(bytes) {
            true => shape.add_json(bytes, marks),
            false => shape.add_plain(bytes, marks),
        }
        shape
    }

    /// Adds a JSON text.
    pub fn add_json(&mut self, text: &[u8], marks: &Marks<'_>) {
        let mut walker = Walker::new(text);
        let mut opened = None;
        while let Some(place) = walker.next_token() {
            let token = place.token();
            let content = place.content();
            let first = text.get(token.start).copied();
            let class = match place.kind() {
                Kind::Text => {
                    let raw = text.get(content.clone()).unwrap_or_default();
                    Some(Class::Text(Name::escaped(raw, 0).chars().count()))
                }
                Kind::Number => Some(Class::Number),
                Kind::Word => Some(word(text.get(token.span()).unwrap_or_default())),
                Kind::Close if opened == Some(b'{') => Some(Class::EmptyObject),
                Kind::Close if opened == Some(b'[') => Some(Class::EmptyArray),
                _ => None,
            };
            opened = first.filter(|_| place.kind() == Kind::Open);
            if let Some(class) = class {
                self.add(place.elements(), class, content, marks);
            }
        }
    }

    /// Adds a datum. What was read before a fault stays in the shape.
    pub fn add_avro(
        &mut self,
        walk: &mut avro::Walk<'_>,
        marks: &Marks<'_>,
    ) -> Result<(), Malformed> {
        use avro::Kind::*;
        while let Some(leaf) = walk.next_leaf()? {
            let class = match leaf.kind {
                Name => continue,
                Text => text_class(leaf.bytes()),
                Bytes | Fixed => Class::Bytes(leaf.bytes().len()),
                Int | Long | Float | Double => Class::Number,
                Boolean => Class::Boolean,
                Enum => Class::Enum,
                Null => Class::Null,
            };
            self.add(leaf.elements(), class, leaf.span(), marks);
        }
        Ok(())
    }

    /// Adds a Protobuf message. What was read before a fault stays in the shape.
    pub fn add_protobuf(
        &mut self,
        walk: &mut protobuf::Walk<'_>,
        marks: &Marks<'_>,
    ) -> Result<(), Malformed> {
        use protobuf::Kind::*;
        while let Some(leaf) = walk.next_leaf()? {
            let class = match leaf.kind {
                Name => continue,
                Text => text_class(leaf.bytes()),
                Bytes => Class::Bytes(leaf.bytes().len()),
                Integer | Fraction => Class::Number,
                Boolean => Class::Boolean,
                Enum => Class::Enum,
            };
            self.add(leaf.elements(), class, leaf.span(), marks);
        }
        Ok(())
    }

    /// Adds a text or bytes as a whole.
    pub fn add_plain(&mut self, bytes: &[u8], marks: &Marks<'_>) {
        let class = text_class(bytes);
        self.add(std::iter::empty(), class, 0..bytes.len(), marks);
    }

    /// Adds one value: the way to it, what it is, and its bytes' place in the record, where findings
    /// are looked up.
    pub fn add<'e>(
        &mut self,
        elements: impl Iterator<Item = Element<'e>>,
        class: Class,
        span: Range<usize>,
        marks: &Marks<'_>,
    ) {
        let mut at = 0;
        for (depth, element) in elements.enumerate() {
            match self
                .child(at, &element, marks)
                .filter(|_| depth < SHAPE_DEPTH_MAX)
            {
                Some(child) => at = child,
                None => {
                    if let Some(node) = self.nodes.get_mut(at) {
                        node.cut = true;
                    }
                    return;
                }
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.add(class, span, marks);
        }
    }

    /// The node behind one more element; none when there is no room for it.
    fn child(&mut self, at: usize, element: &Element<'_>, marks: &Marks<'_>) -> Option<usize> {
        let next = self.nodes.len();
        let node = self.nodes.get_mut(at)?;
        let room = next < SHAPE_NODES_MAX;
        let child = match element {
            Element::Cut => return None,
            Element::Index(index) => {
                widen(&mut node.elements, *index as usize + 1);
                match node.element {
                    None if room => node.element = Some(next),
                    _ => {}
                }
                node.element?
            }
            Element::Name(_) | Element::Number(_) => {
                let name = shown(element, marks);
                node.object = true;
                match node.fields.iter().find(|(known, _)| *known == name) {
                    Some((_, child)) => *child,
                    None if room => {
                        node.fields.push((name, next));
                        next
                    }
                    None => return None,
                }
            }
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        Some(child)
    }
}

impl Node {
    fn add(&mut self, class: Class, span: Range<usize>, marks: &Marks<'_>) {
        let (mut whole, mut inside) = (false, false);
        for (at, detector) in marks.overlapping(span.clone()) {
            let covers = at.start <= span.start && at.end >= span.end;
            (whole, inside) = (whole | covers, inside | !covers);
            let list = match covers {
                true => &mut self.whole,
                false => &mut self.inside,
            };
            if !list.iter().any(|known| known == detector) && list.len() < SHAPE_DETECTORS_MAX {
                list.push(path::shown_name(&Name::plain(detector.as_bytes())));
            }
        }
        match class {
            _ if whole && !inside => {}
            Class::Text(len) => widen(&mut self.text, len),
            Class::Bytes(len) => widen(&mut self.bytes, len),
            Class::EmptyObject => self.object = true,
            Class::EmptyArray => widen(&mut self.elements, 0),
            Class::Number => self.plain("number"),
            Class::Boolean => self.plain("boolean"),
            Class::Enum => self.plain("enum"),
            Class::Null => self.plain("null"),
            Class::Other => self.plain("unknown"),
        }
    }

    fn plain(&mut self, word: &'static str) {
        if !self.plain.contains(&word) {
            self.plain.push(word);
        }
    }
}

fn widen(bounds: &mut Bounds, size: usize) {
    let (least, most) = bounds.unwrap_or((size, size));
    *bounds = Some((least.min(size), most.max(size)));
}

fn text_class(bytes: &[u8]) -> Class {
    match std::str::from_utf8(bytes) {
        Ok(text) => Class::Text(text.chars().count()),
        Err(_) => Class::Bytes(bytes.len()),
    }
}

fn word(word: &[u8]) -> Class {
    match word {
        b"true" | b"false" => Class::Boolean,
        b"null" => Class::Null,
        _ => Class::Other,
    }
}

/// A field's name as the shape shows it, with its quotes if it has any.
fn shown(element: &Element<'_>, marks: &Marks<'_>) -> String {
    let name = match element {
        Element::Name(name) => name,
        Element::Number(number) => return number.to_string(),
        _ => return String::new(),
    };
    let found = name.span().and_then(|span| marks.overlapping(span).next());
    if let Some((_, detector)) = found {
        return format!("<{}>", path::shown_name(&Name::plain(detector.as_bytes())));
    }
    match path::shown_name(name) {
        hidden if hidden == path::hidden_name(name) => hidden,
        plain => format!("\"{plain}\""),
    }
}
