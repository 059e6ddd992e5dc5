//! The tokens of a JSON text.
//!
//! Owns: where a token ends. Refuses: structure. Stays true: every token has at least one byte, and
//! finding its end reads no byte behind it.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of a member.
    Name,
    /// A string value.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null`, or whatever else stands bare where a value is expected.
    Word,
    /// `{` or `[`.
    Open,
    /// `}` or `]`.
    Close,
    /// `,` or `:`.
    Mark,
}

impl Kind {
    /// Whether it is a value that holds no others.
    pub fn is_scalar(self) -> bool {
        matches!(self, Kind::Text | Kind::Number | Kind::Word)
    }
}

/// The quotes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// It is no string.
    None,
    /// The text ends within the string.
    Opening,
    /// A whole string.
    Both,
}

/// One token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte; of a string its opening quote.
    pub start: usize,
    /// One past the last byte; of a string past its closing quote.
    pub end: usize,
    /// Which quotes it has.
    pub quotes: Quotes,
}

impl Token {
    /// All of it.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// A string without its quotes, anything else whole.
    pub fn content(&self) -> Range<usize> {
        match self.quotes {
            Quotes::None => self.span(),
            Quotes::Opening => self.start + 1..self.end,
            Quotes::Both => self.start + 1..self.end - 1,
        }
    }
}

/// The token that starts at or behind `at`, names not told from strings yet. None at the end.
pub(super) fn token(text: &[u8], at: usize) -> Option<Token> {
    let start = skip_space(text, at);
    let mut quotes = Quotes::None;
    let (kind, end) = match text.get(start)? {
        b'{' | b'[' => (Kind::Open, start + 1),
        b'}' | b']' => (Kind::Close, start + 1),
        b',' | b':' => (Kind::Mark, start + 1),
        b'"' | b'\'' => {
            let closed = string_end(text, start);
            quotes = closed.map_or(Quotes::Opening, |_| Quotes::Both);
            (Kind::Text, closed.unwrap_or(text.len()))
        }
        _ => bare(text, start),
    };
    count(end - at);
    Some(Token {
        kind,
        start,
        end,
        quotes,
    })
}

#[cfg(test)]
thread_local! {
    /// Bytes passed, to show that time is linear.
    pub(super) static PASSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[inline]
fn count(_bytes: usize) {
    #[cfg(test)]
    PASSED.set(PASSED.get() + _bytes);
}

/// The next byte that is no white space, from `at` on.
#[inline]
pub(super) fn skip_space(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let space = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    let next = at + space.count();
    count(next - at);
    next
}

/// One past the closing quote of the string that opens at `open`; none when it is never closed.
#[inline]
fn string_end(text: &[u8], open: usize) -> Option<usize> {
    let quote = *text.get(open)?;
    let mut at = open + 1;
    loop {
        let rest = text.get(at..)?;
        let found = memchr::memchr2(quote, b'\\', rest)?;
        if rest.get(found) == Some(&quote) {
            return Some(at + found + 1);
        }
        at += found + 2;
    }
}

/// A token without quotes: a number, a word, or what is no JSON.
fn bare(text: &[u8], start: usize) -> (Kind, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let ends = |byte: &u8| {
        matches!(
            byte,
            b' ' | b'\n' | b'\r' | b'\t' | b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"'
        )
    };
    let len = rest.iter().position(ends).unwrap_or(rest.len());
    let number = rest[..len]
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
        && rest[..len].iter().any(u8::is_ascii_digit);
    let kind = if number { Kind::Number } else { Kind::Word };
    (kind, start + len.max(1))
}
