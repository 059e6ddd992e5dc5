//! YAML text → a tree of texts, each with its place.
//!
//! Owns: the reading of YAML events, and what of YAML a configuration may use. Refuses: anchors,
//! aliases, tags, several documents, keys that are no text, a key twice, text past
//! `CONFIG_BYTES_MAX` and nesting past `CONFIG_DEPTH_MAX`. Without aliases a small text cannot
//! unfold into a large tree. Stays true: everything but broken YAML leaves a tree to check, so
//! that the other faults are found as well.

use super::fault::Place;
use crate::limits::{CONFIG_BYTES_MAX, CONFIG_DEPTH_MAX};
use serde_saphyr::granit_parser::options;
use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};
use std::collections::BTreeMap;

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Empty,
    /// Any scalar; its type is for the reader to ask.
    Text(String),
    List(Vec<Node>),
    /// In the order of the text, each key once.
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) text: String,
}

/// What is wrong with the text itself: where, what, expected.
pub(super) type Broken = (Place, String, &'static str);

/// Reads the text of a file, which places name by `file`. The tree is there unless the YAML is broken past
/// reading on.
pub(super) fn read(text: &str, file: usize) -> (Option<Node>, Vec<Broken>) {
    if text.len() > CONFIG_BYTES_MAX {
        let what = "a configuration of more than 960 KiB".to_owned();
        let expected = "at most 960 KiB in all files together";
        return (None, vec![(Place::start_of(file), what, expected)]);
    }
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: CONFIG_DEPTH_MAX,
        block_nesting_limit: CONFIG_DEPTH_MAX,
    };
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        file,
        broken: Vec::new(),
    };
    match reader.document() {
        Ok(node) => (Some(node), reader.broken),
        Err(stopped) => {
            reader.broken.push(stopped);
            (None, reader.broken)
        }
    }
}

const _: () = assert!(CONFIG_BYTES_MAX == 960 << 10, "the fault's text says so");

struct Reader<E> {
    events: E,
    file: usize,
    broken: Vec<Broken>,
}

impl<'t, E: Iterator<Item = Result<(Event<'t>, Span), ScanError>>> Reader<E> {
    fn document(&mut self) -> Result<Node, Broken> {
        let (event, span) = self.next()?;
        if event == Event::StreamEnd {
            return Ok(Node {
                place: Place::start_of(self.file),
                value: Value::Empty,
            });
        }
        let root = self.node(event, span)?;
        let (after, span) = self.next()?;
        if after != Event::StreamEnd {
            self.fault(self.place(span.start), "a second document", "one document");
        }
        Ok(root)
    }

    /// The next event that is part of the tree.
    fn next(&mut self) -> Result<(Event<'t>, Span), Broken> {
        loop {
            match self.events.next() {
                Some(Ok((
                    Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd,
                    _,
                ))) => {}
                Some(Ok(found)) => return Ok(found),
                Some(Err(error)) => {
                    let what = format!("not YAML: {}", error.info());
                    return Err((self.place(*error.marker()), what, ""));
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    /// A value, and all that is in it. Recursion is bounded by the parser's nesting limits.
    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Broken> {
        let at = self.place(span.start);
        let value = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_yaml(at, anchor, tag.is_some());
                let empty = matches!(text.as_ref(), "" | "~" | "null");
                match empty && style == ScalarStyle::Plain {
                    true => Value::Empty,
                    false => Value::Text(text.into_owned()),
                }
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.plain_yaml(at, anchor, tag.is_some());
                self.list()?
            }
            Event::MappingStart(_, anchor, tag) => {
                self.plain_yaml(at, anchor, tag.is_some());
                self.map()?
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.fault(
                    at,
                    "an alias",
                    "the value itself; what repeats belongs into `lists`",
                );
                Value::Empty
            }
            _ => return Err((at, "the text ends too early".to_owned(), "a value")),
        };
        Ok(Node { place: at, value })
    }

    fn list(&mut self) -> Result<Value, Broken> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self) -> Result<Value, Broken> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut first: BTreeMap<String, Place> = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Value::Map(entries));
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let Value::Text(text) = key.value else {
                self.fault(key.place, "a key that is no text", "a name");
                continue;
            };
            if let Some(earlier) = first.get(&text) {
                let what = format!("`{text}` a second time (first in line {})", earlier.line);
                self.fault(key.place, &what, "each name once");
                continue;
            }
            first.insert(text.clone(), key.place);
            entries.push((
                Key {
                    place: key.place,
                    text,
                },
                value,
            ));
        }
    }

    fn plain_yaml(&mut self, at: Place, anchor: usize, tagged: bool) {
        if anchor != 0 {
            self.fault(
                at,
                "an anchor",
                "no anchors; what repeats belongs into `lists`",
            );
        }
        if tagged {
            self.fault(at, "a tag", "no tags");
        }
    }

    fn place(&self, marker: Marker) -> Place {
        Place {
            file: self.file,
            line: marker.line().max(1),
            column: marker.col() + 1,
        }
    }

    fn fault(&mut self, at: Place, what: &str, expected: &'static str) {
        self.broken.push((at, what.to_owned(), expected));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn broken(text: &str) -> Vec<String> {
        let (_, broken) = read(text, 0);
        let line = |(at, what, _): &Broken| format!("{}:{} {what}", at.line, at.column);
        broken.iter().map(line).collect()
    }

    #[test]
    fn places_count_from_one_in_characters() {
        let (root, broken) = read("é: {ü: x}\nlist:\n  - one\n  - \"two\"\n", 7);
        assert_eq!(broken, []);
        let Value::Map(entries) = root.unwrap().value else {
            panic!()
        };
        let Value::Map(inner) = &entries[0].1.value else {
            panic!()
        };
        assert_eq!(
            inner[0].1,
            Node {
                place: Place {
                    file: 7,
                    line: 1,
                    column: 8
                },
                value: Value::Text("x".to_owned()),
            }
        );
        let Value::List(items) = &entries[1].1.value else {
            panic!()
        };
        let lines: Vec<_> = items
            .iter()
            .map(|i| (i.place.line, i.place.column))
            .collect();
        assert_eq!(lines, [(3, 5), (4, 5)]);
    }

    #[test]
    fn what_yaml_may_not_do_here() {
        let text = "a: &x 1\nb: *x\nc: *nowhere\na: 2\n[k]: 1\nd: !!int 3\n---\ne: 1\n";
        assert_eq!(
            broken(text),
            [
                "1:7 an anchor",
                "2:4 an alias",
                "3:4 an alias",
                "4:1 `a` a second time (first in line 1)",
                "5:1 a key that is no text",
                "6:10 a tag",
                "8:1 a second document",
            ]
        );
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(
            broken(&"[".repeat(100_000)),
            ["1:33 not YAML: recursion limit exceeded"]
        );
        assert_eq!(broken(&"[".repeat(CONFIG_BYTES_MAX + 1)).len(), 1);
        assert_eq!(broken("a: [1").len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c:{}\\[\\], \n\"'&*!|>#?%\\-]{0,40}") {
            let (root, broken) = read(&text, 0);
            prop_assert!(root.is_some() || !broken.is_empty());
        }
    }
}
