//! One walk over a JSON text that stops where it is asked to.
//!
//! Owns: the nesting, with the name or index at each level. Refuses: to go back. Stays true: a byte
//! is passed once as part of a token and at most once more as white space behind a string.

use super::place::Place;
use super::tokens::{Kind, Token, skip_space, token};
use crate::limits::JSON_NESTING_MAX;
use crate::schema::path::Name;
use std::ops::Range;

/// No offset: texts are cut before it.
pub(super) const NONE: u32 = u32::MAX;
/// The level that all deeper ones share.
pub(super) const DEEP: usize = JSON_NESTING_MAX + 1;

/// One object or array that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// The name of the member at hand, quotes and all; `NONE` between members.
    pub name: (u32, u32),
    /// The element at hand.
    pub index: u32,
    /// The last comma; `NONE` before the first.
    pub comma: u32,
    pub array: bool,
    /// Whether all of it was seen, so that `comma` can be relied on.
    pub known: bool,
}

impl Level {
    const NEW: Level = Level {
        name: (NONE, NONE),
        index: 0,
        comma: NONE,
        array: false,
        known: true,
    };
}

/// Walks a text once, answering for ascending offsets where they lie.
#[derive(Clone, Debug)]
pub struct Walker<'t> {
    pub(super) text: &'t [u8],
    /// Where the next token is looked for.
    pos: usize,
    /// Levels open, however many.
    pub(super) depth: usize,
    /// `levels[0]` is outside everything; `levels[DEEP]` is the deepest open one past the bound.
    pub(super) levels: [Level; DEEP + 1],
    token: Option<Token>,
}

impl<'t> Walker<'t> {
    /// Starts before the first byte. Of a text beyond 4 GiB only so much is walked.
    pub fn new(text: &'t [u8]) -> Walker<'t> {
        let bom = text.starts_with(b"\xef\xbb\xbf");
        Walker {
            text: text.get(..NONE as usize).unwrap_or(text),
            pos: if bom { 3 } else { 0 },
            depth: 0,
            levels: [Level::NEW; DEEP + 1],
            token: None,
        }
    }

    /// The token that holds the byte at `offset`. None when the byte is white space, past the end, or
    /// before the token that the walk is at: offsets must not descend.
    pub fn seek(&mut self, offset: usize) -> Option<Place<'_>> {
        while self.token.is_none_or(|token| token.end <= offset) {
            self.advance()?;
        }
        let token = self.token.filter(|token| token.start <= offset)?;
        Some(Place::new(self, token))
    }

    /// The next string, number or word that is a value, from where the walk is.
    pub fn next_scalar(&mut self) -> Option<Place<'_>> {
        self.next_of(Kind::is_scalar)
    }

    /// The next token, whatever it is.
    pub fn next_token(&mut self) -> Option<Place<'_>> {
        self.next_of(|_| true)
    }

    fn next_of(&mut self, wanted: impl Fn(Kind) -> bool) -> Option<Place<'_>> {
        loop {
            let token = self.advance()?;
            if wanted(token.kind) {
                return Some(Place::new(self, token));
            }
        }
    }

    /// The levels that are open, as far as they are kept: all but the outermost, which is no level.
    pub(super) fn open_levels(&self) -> &[Level] {
        &self.levels[1..=self.depth.min(JSON_NESTING_MAX)]
    }

    /// The level at hand.
    pub(super) fn level(&self) -> &Level {
        &self.levels[self.depth.min(DEEP)]
    }

    fn level_mut(&mut self) -> &mut Level {
        &mut self.levels[self.depth.min(DEEP)]
    }

    /// Takes the next token, and notes what it does to the nesting.
    fn advance(&mut self) -> Option<Token> {
        let found = token(self.text, self.pos);
        self.pos = found.map_or(self.text.len(), |token| token.end);
        let mut token = found?;
        let first = self.text.get(token.start);
        match token.kind {
            Kind::Open => {
                self.depth += 1;
                *self.level_mut() = Level {
                    array: first == Some(&b'['),
                    ..Level::NEW
                };
            }
            Kind::Close => self.close(),
            Kind::Mark if first == Some(&b',') => {
                let level = self.level_mut();
                level.comma = token.start as u32;
                level.index = level.index.saturating_add(1);
                level.name = (NONE, NONE);
            }
            Kind::Mark => {}
            _ => self.name(&mut token),
        }
        self.token = Some(token);
        Some(token)
    }

    /// A string or a bare word is a name when a colon follows and this is no array.
    fn name(&mut self, token: &mut Token) {
        let after = skip_space(self.text, token.end);
        if self.text.get(after) == Some(&b':') && !self.level().array {
            token.kind = Kind::Name;
            self.level_mut().name = (token.start as u32, token.end as u32);
        }
    }

    fn close(&mut self) {
        let was = self.depth;
        self.depth = was.saturating_sub(1);
        if was > DEEP {
            self.levels[DEEP] = Level {
                known: false,
                ..Level::NEW
            };
        }
    }
}

/// A value that holds no others, and the name it stands under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedValue<'t> {
    /// The nearest name: of `"ssns": [1, 2]` it is that of both numbers. None outside all objects.
    pub name: Option<Name<'t>>,
    /// Where that name stands, quotes and all.
    pub name_span: Option<Range<usize>>,
    /// Where the value stands, quotes and all.
    pub value: Range<usize>,
    /// What the value is: text, number or word.
    pub kind: Kind,
}

/// Every scalar of a text with its name, in order.
#[derive(Clone, Debug)]
pub struct Names<'t>(Walker<'t>);

/// Every scalar of a text with its name, in order.
pub fn names(text: &[u8]) -> Names<'_> {
    Names(Walker::new(text))
}

impl<'t> Iterator for Names<'t> {
    type Item = NamedValue<'t>;

    fn next(&mut self) -> Option<NamedValue<'t>> {
        let text = self.0.text;
        let place = self.0.next_scalar()?;
        let name_span = place.name_span();
        let (value, kind) = (place.token().span(), place.token().kind);
        Some(NamedValue {
            name: name_span.clone().map(|span| super::place::name(text, span)),
            name_span,
            value,
            kind,
        })
    }
}
