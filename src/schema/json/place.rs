//! What is known about one token: its names and indexes from the outside in, and its member.
//!
//! Owns: the reading of a stopped walk. Refuses: to look ahead unless asked. Stays true: a place is
//! good until the walk goes on.

use super::look::value_end;
use super::tokens::{Kind, Token, skip_space};
use super::walker::{DEEP, Level, NONE, Walker};
use crate::limits::JSON_NESTING_MAX;
use crate::schema::path::{self, Element, Name};
use std::ops::Range;

/// Where the walk stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'w> {
    walker: &'w Walker<'w>,
    token: Token,
}

/// A member of an object: what goes when it is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name, colon and value.
    pub span: Range<usize>,
    /// The value: a scalar, or an object or array to its end.
    pub value: Range<usize>,
    /// The comma before it; none when it is the first.
    pub comma_before: Option<usize>,
    /// The comma behind it; none when it is the last.
    pub comma_after: Option<usize>,
}

impl<'w> Place<'w> {
    pub(super) fn new(walker: &'w Walker<'_>, token: Token) -> Place<'w> {
        Place { walker, token }
    }

    /// The whole token: a string with its quotes, a number, a name with its quotes.
    pub fn token(&self) -> Token {
        self.token
    }

    /// What the token is.
    pub fn kind(&self) -> Kind {
        self.token.kind
    }

    /// The token without its quotes.
    pub fn content(&self) -> Range<usize> {
        self.token.content()
    }

    /// Objects and arrays around it, however many.
    pub fn depth(&self) -> usize {
        self.walker.depth
    }

    /// Names and indexes from the outside in. Of a name, that name is the last.
    pub fn elements(&self) -> impl Iterator<Item = Element<'w>> + use<'w> {
        let walker = self.walker;
        let kept = walker.open_levels().iter();
        let deep = walker.depth > JSON_NESTING_MAX;
        let cut = (walker.depth > DEEP).then_some(Element::Cut);
        let deepest = deep.then(|| &walker.levels[DEEP]);
        let element = move |level: &Level| element(walker.text, level);
        kept.filter_map(element)
            .chain(cut)
            .chain(deepest.into_iter().filter_map(element))
    }

    /// The path as text, safe to show; empty for a text that is one scalar.
    pub fn path(&self) -> String {
        path::shown(self.elements())
    }

    /// The nearest name around it, itself if it is one.
    pub fn name(&self) -> Option<Name<'w>> {
        self.name_span().map(|span| name(self.walker.text, span))
    }

    /// Where that name stands, quotes and all.
    pub fn name_span(&self) -> Option<Range<usize>> {
        let deepest = (self.walker.depth > JSON_NESTING_MAX).then(|| &self.walker.levels[DEEP]);
        let mut inside_out = deepest
            .into_iter()
            .chain(self.walker.open_levels().iter().rev());
        inside_out.find_map(name_span)
    }

    /// The member that this token is the name or the scalar value of. None in an array, outside all
    /// objects, and where the levels are too deep to be known. To find the end of a value that is an
    /// object or array, it is read to its end: whoever removes members one inside the other asks only
    /// for the outermost.
    pub fn member(&self) -> Option<Member> {
        let level = self.walker.level();
        let text = self.walker.text;
        let name = name_span(level).filter(|_| level.known && !level.array)?;
        let value = match self.token.kind {
            Kind::Name => value_after(text, self.token.end),
            kind if kind.is_scalar() => self.token.span(),
            _ => return None,
        };
        let after = skip_space(text, value.end);
        Some(Member {
            span: name.start..value.end,
            comma_before: (level.comma != NONE).then_some(level.comma as usize),
            comma_after: (text.get(after) == Some(&b',')).then_some(after),
            value,
        })
    }
}

/// The value that follows a name; empty where there is none.
fn value_after(text: &[u8], name_end: usize) -> Range<usize> {
    let colon = skip_space(text, name_end);
    let start = match text.get(colon) {
        Some(b':') => skip_space(text, colon + 1),
        _ => name_end,
    };
    start..value_end(text, start)
}

fn element<'t>(text: &'t [u8], level: &Level) -> Option<Element<'t>> {
    match level.array {
        true => Some(Element::Index(level.index)),
        false => name_span(level).map(|span| Element::Name(name(text, span))),
    }
}

fn name_span(level: &Level) -> Option<Range<usize>> {
    let (start, end) = level.name;
    (start != NONE).then_some(start as usize..end as usize)
}

/// The name that stands there. A colon follows it, so that its string was closed.
pub(super) fn name(text: &[u8], span: Range<usize>) -> Name<'_> {
    let whole = text.get(span.clone()).unwrap_or_default();
    match whole {
        [b'"' | b'\'', inner @ .., _] => Name::escaped(inner, span.start + 1),
        bare => Name::escaped(bare, span.start),
    }
}
