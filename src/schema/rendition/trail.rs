//! The objects, arrays and names that are open in a record's text.
//!
//! Owns: which brackets, commas and names bring the text from one path to the next. Refuses: values.
//! Stays true: paths that share their front share its brackets; a path that comes a second time, as
//! Protobuf's fields may, becomes a second member of the same name.

use super::values;
use crate::schema::path::{Element, Name};
use std::ops::Range;

/// One level of the path at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    /// A name as it was written, without its quotes.
    Name(Range<u32>),
    Index(u32),
}

/// Where the text is.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    levels: Vec<Level>,
    /// What the path leads to has not been written.
    awaits: bool,
    /// Something was written.
    begun: bool,
}

impl Trail {
    /// Begins another record.
    pub(super) fn clear(&mut self) {
        self.levels.clear();
        (self.awaits, self.begun) = (true, false);
    }

    /// The value was written.
    pub(super) fn filled(&mut self) {
        (self.awaits, self.begun) = (false, true);
    }

    /// Goes to a path, and says where its last name was written, if it ends with one.
    pub(super) fn go<'e>(
        &mut self,
        elements: impl Iterator<Item = Element<'e>>,
        text: &mut Vec<u8>,
    ) -> Option<Range<u32>> {
        let (mut shared, mut last) = (0, None);
        let mut next = None;
        let mut elements = elements;
        for element in elements.by_ref() {
            let same = self.levels.get(shared);
            if !same.is_some_and(|level| is(level, &element, text)) {
                next = Some(element);
                break;
            }
            (shared, last) = (shared + 1, Some(element));
        }
        let leads_on = shared == self.levels.len() && self.awaits;
        if !leads_on {
            // Its place is taken: the last element is written once more.
            let taken = next.is_none() || shared == self.levels.len();
            if let Some(last) = last.filter(|_| taken) {
                self.beside(shared - 1, &last, text);
            } else if let Some(next) = next.take() {
                self.beside(shared, &next, text);
            } else if self.begun {
                text.push(b',');
            }
        }
        for element in next.into_iter().chain(elements) {
            text.push(if is_index(&element) { b'[' } else { b'{' });
            self.step(&element, text);
        }
        (self.awaits, self.begun) = (true, true);
        match self.levels.last() {
            Some(Level::Name(name)) => Some(name.clone()),
            _ => None,
        }
    }

    /// Closes all but the first `kept` levels, and goes on beside the one that came behind them.
    fn beside(&mut self, kept: usize, element: &Element<'_>, text: &mut Vec<u8>) {
        if std::mem::take(&mut self.awaits) {
            values::word(text);
        }
        while self.levels.len() > kept + 1 {
            self.close(text);
        }
        self.levels.pop();
        text.push(b',');
        self.step(element, text);
    }

    fn close(&mut self, text: &mut Vec<u8>) {
        match self.levels.pop() {
            Some(Level::Index(_)) => text.push(b']'),
            Some(Level::Name(_)) => text.push(b'}'),
            None => {}
        }
    }

    fn step(&mut self, element: &Element<'_>, text: &mut Vec<u8>) {
        if let Element::Index(index) = element {
            return self.levels.push(Level::Index(*index));
        }
        let start = text.len() + 1;
        match element {
            Element::Name(name) => values::string(text, name.raw()),
            Element::Number(number) => {
                text.push(b'"');
                values::integer(text, (*number).into());
                text.push(b'"');
            }
            Element::Cut | Element::Index(_) => values::string(text, CUT),
        }
        let end = text.len() - 1;
        self.levels.push(Level::Name(start as u32..end as u32));
        text.push(b':');
    }

    /// Ends the record.
    pub(super) fn end(&mut self, text: &mut Vec<u8>) {
        if std::mem::take(&mut self.awaits) {
            values::word(text);
        }
        while !self.levels.is_empty() {
            self.close(text);
        }
    }
}

/// Stands for levels that are too deep to be named.
const CUT: &[u8] = "…".as_bytes();

fn is_index(element: &Element<'_>) -> bool {
    matches!(element, Element::Index(_))
}

fn is(level: &Level, element: &Element<'_>, text: &[u8]) -> bool {
    match (level, element) {
        (Level::Index(one), Element::Index(other)) => one == other,
        (Level::Name(span), Element::Name(name)) => {
            let written = text.get(span.start as usize..span.end as usize);
            let written = written.unwrap_or_default();
            written == name.raw() && !values::needs_escape(written)
                || values::needs_escape(name.raw()) && is_escaped(written, name)
        }
        (Level::Name(span), Element::Number(number)) => {
            let written = text.get(span.start as usize..span.end as usize);
            let digits = written.and_then(|w| std::str::from_utf8(w).ok());
            digits.and_then(|digits| digits.parse().ok()) == Some(*number)
        }
        (Level::Name(span), Element::Cut) => {
            text.get(span.start as usize..span.end as usize) == Some(CUT)
        }
        _ => false,
    }
}

fn is_escaped(written: &[u8], name: &Name<'_>) -> bool {
    let mut anew = Vec::new(); // names with quotes in them are a curiosity
    values::string(&mut anew, name.raw());
    anew.get(1..anew.len() - 1) == Some(written)
}
