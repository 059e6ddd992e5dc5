//! A shape as one line of text.
//!
//! Owns: the notation. Refuses: to go on when the text is long enough. Stays true: at most
//! [`SHAPE_TEXT_BYTES_MAX`] bytes, and every bracket that opens closes.

use super::{Bounds, Node, Shape};
use crate::limits::{SHAPE_DEPTH_MAX, SHAPE_TEXT_BYTES_MAX};
use std::fmt;

/// Stands for what was left out.
const CUT: &str = "…";
/// Kept free for the brackets that must close: one, a cut and a count at each level.
const CLOSING_BYTES: usize = (SHAPE_DEPTH_MAX + 1) * 32;

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Text(String::new());
        self.write(&mut text, 0);
        f.write_str(&text.0)
    }
}

struct Text(String);

impl Text {
    /// Adds a piece if there is room for it.
    fn push(&mut self, piece: &str) -> bool {
        let room = self.0.len() + piece.len() + CLOSING_BYTES <= SHAPE_TEXT_BYTES_MAX;
        if room {
            self.0.push_str(piece);
        }
        room
    }

    /// Adds what must be there: few and short, out of what is kept free.
    fn must(&mut self, piece: &str) {
        self.0.push_str(piece);
    }
}

impl Shape {
    /// All classes of a node, joined.
    fn write(&self, text: &mut Text, at: usize) {
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        let start = text.0.len();
        for piece in node.pieces() {
            let joined = if text.0.len() > start { " | " } else { "" };
            if !text.push(&format!("{joined}{piece}")) {
                return text.must(CUT);
            }
        }
        let join = |text: &mut Text| match text.0.len() > start {
            true => text.push(" | "),
            false => text.push(""),
        };
        if node.object && join(text) {
            self.write_object(text, node);
        }
        if node.elements.is_some() && join(text) {
            self.write_array(text, node);
        }
        if text.0.len() == start {
            text.must(CUT);
        }
    }

    fn write_object(&self, text: &mut Text, node: &Node) {
        text.must("{");
        let mut cut = node.cut;
        for (i, (name, child)) in node.fields.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            if !text.push(&format!("{comma}{name}: ")) {
                cut = true;
                break;
            }
            self.write(text, *child);
        }
        if cut {
            text.must(if node.fields.is_empty() { CUT } else { ", …" });
        }
        text.must("}");
    }

    fn write_array(&self, text: &mut Text, node: &Node) {
        text.must("[");
        if let Some(element) = node.element {
            self.write(text, element);
        }
        match node.elements {
            Some((_, most)) if most > 0 => text.must(&format!(" × {most}]")),
            _ => text.must("]"),
        }
    }
}

impl Node {
    /// The classes that hold no others.
    fn pieces(&self) -> Vec<String> {
        let mut pieces: Vec<String> = self.whole.iter().map(|name| format!("<{name}>")).collect();
        pieces.extend(sized("string", self.text));
        pieces.extend(sized("bytes", self.bytes));
        pieces.extend(self.plain.iter().map(|word| (*word).to_owned()));
        if let (Some(last), false) = (pieces.last_mut(), self.inside.is_empty()) {
            let inside: Vec<String> = self.inside.iter().map(|n| format!("<{n}>")).collect();
            *last = format!("{last} with {}", inside.join(", "));
        }
        pieces
    }
}

fn sized(word: &str, bounds: Bounds) -> Option<String> {
    bounds.map(|(least, most)| match least == most {
        true => format!("{word}({least})"),
        false => format!("{word}({least}–{most})"),
    })
}
