//! The words of a `.proto` text.
//!
//! Owns: where a word ends; comments and white space between them. Refuses: grammar. Stays true: each
//! byte is passed once.

use super::draft::SchemaFault;

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'t> {
    /// A name, with dots in it and before it if it has them; a number; a keyword.
    Name(&'t str),
    /// A text between quotes.
    Quoted(&'t str),
    /// Any other character.
    Mark(char),
    /// There is no more.
    End,
}

/// Reads words one after the other.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    /// What is wrong here.
    pub fn fault(&self, what: &'static str) -> SchemaFault {
        let mut here = self.clone();
        here.skip_space();
        let before = self.text.as_bytes().get(..here.at).unwrap_or_default();
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        SchemaFault::Misformed {
            what,
            line: lines + 1,
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next word, which stays the next.
    pub fn peek(&self) -> Word<'t> {
        self.clone().next()
    }

    /// Takes the next word.
    pub fn next(&mut self) -> Word<'t> {
        self.skip_space();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Word::End;
        };
        let part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if part_of_name(first) {
            let len = rest.find(|c| !part_of_name(c)).unwrap_or(rest.len());
            self.at += len;
            return Word::Name(rest.get(..len).unwrap_or_default());
        }
        if first == '"' || first == '\'' {
            let len = quoted(rest, first as u8);
            self.at += len;
            let inner = rest.get(1..len.saturating_sub(1).max(1));
            return Word::Quoted(inner.unwrap_or_default());
        }
        self.at += first.len_utf8();
        Word::Mark(first)
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let comment = match trimmed.as_bytes() {
                [b'/', b'/', ..] => trimmed.find('\n'),
                [b'/', b'*', ..] => trimmed.get(2..).and_then(|t| t.find("*/")).map(|at| at + 4),
                _ => return,
            };
            self.at += comment.unwrap_or(trimmed.len());
        }
    }

    /// Takes this mark.
    pub fn mark(&mut self, mark: char) -> Result<(), SchemaFault> {
        match self.next() {
            Word::Mark(found) if found == mark => Ok(()),
            _ => Err(self.fault("a mark is missing")),
        }
    }

    /// Takes a name.
    pub fn name(&mut self) -> Result<&'t str, SchemaFault> {
        match self.next() {
            Word::Name(name) => Ok(name),
            _ => Err(self.fault("a name is missing")),
        }
    }

    /// Takes everything up to the end of a statement: a semicolon, or a block, outside all brackets.
    pub fn skip_statement(&mut self) -> Result<(), SchemaFault> {
        let mut depth = 0usize;
        loop {
            match self.next() {
                Word::Mark(';') if depth == 0 => return Ok(()),
                Word::Mark('{' | '[' | '(') => depth += 1,
                Word::Mark(closing @ ('}' | ']' | ')')) => {
                    depth = depth
                        .checked_sub(1)
                        .ok_or_else(|| self.fault("a bracket that nothing opened"))?;
                    if depth == 0 && closing == '}' && self.peek() != Word::Mark(';') {
                        return Ok(());
                    }
                }
                Word::End => return Err(self.fault("the end in the middle of a statement")),
                _ => {}
            }
        }
    }
}

/// Bytes of the text in quotes at the front, both quotes counted.
fn quoted(rest: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (i, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return i + 1,
            _ => {}
        }
    }
    rest.len()
}
