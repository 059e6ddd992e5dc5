//! Detectors that users define: words, named fields, patterns.
//!
//! Owns: what such a detector is, and whether it can be one. Refuses: a pattern that matches nothing at
//! all, or needs more memory than its share. Stays true: matching is linear in the text whatever the
//! pattern (finite automata, no backtracking); a pattern with a literal every match must
//! contain costs nothing where that literal is not.

use crate::limits::{CUSTOM_PATTERN_BYTES_MAX, CUSTOM_WORDS_MAX};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_syntax::hir::{Hir, HirKind};
use std::sync::Arc;

/// One detector of the user's.
#[derive(Clone, Debug)]
pub struct Custom {
    /// Its name, unique among all detectors.
    pub name: Arc<str>,
    /// How it finds.
    pub kind: Kind,
    /// Of a pattern: words of which one must stand near a match, or it is only possible. None: every
    /// match is likely.
    pub near: Vec<String>,
}

/// How a user's detector finds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Any of these words is a finding itself, in any case. A space matches a space, `_`, `-`, `.` or
    /// nothing.
    Words(Vec<String>),
    /// The value of a field with one of these names or paths (`customer.salary`) is.
    Fields(Vec<String>),
    /// What the pattern matches is.
    Pattern(Arc<Pattern>),
}

/// A regular expression, compiled.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    literal: Option<Box<[u8]>>,
}

/// Why a detector cannot be. The one who wrote the configuration mends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomFault {
    /// Not a regular expression, or too large a one.
    #[error("not a pattern: {0}")]
    Pattern(String),
    /// It would match everywhere.
    #[error(
        "the pattern matches the empty text, so it would match everywhere; ask for at least one character"
    )]
    Empty,
    /// Too many words, or none.
    #[error("between 1 and {CUSTOM_WORDS_MAX} are possible")]
    Count,
    /// A word that the scanner cannot look for.
    #[error(
        "`{0}` must begin with a letter a–z and have 2 to 32 letters, digits, spaces or -_.#; for anything else use a pattern"
    )]
    Word(String),
}

impl Custom {
    /// Words that are findings themselves.
    pub fn words(name: Arc<str>, words: &[String]) -> Result<Custom, CustomFault> {
        Ok(Custom {
            name,
            kind: Kind::Words(checked(words, word)?),
            near: Vec::new(),
        })
    }

    /// Fields by name, or by path with dots.
    pub fn fields(name: Arc<str>, names: &[String]) -> Result<Custom, CustomFault> {
        Ok(Custom {
            name,
            kind: Kind::Fields(checked(names, path)?),
            near: Vec::new(),
        })
    }

    /// A regular expression, in the syntax of Rust's `regex` crate, on bytes.
    pub fn pattern(name: Arc<str>, pattern: &str) -> Result<Custom, CustomFault> {
        Ok(Custom {
            name,
            kind: Kind::Pattern(Arc::new(Pattern::new(pattern)?)),
            near: Vec::new(),
        })
    }

    /// The same, likely only where one of these words stands near.
    pub fn near(self, words: &[String]) -> Result<Custom, CustomFault> {
        Ok(Custom {
            near: checked(words, word)?,
            ..self
        })
    }

    /// What was checked when it fired, for a reviewer.
    pub fn rule(&self) -> &'static str {
        match &self.kind {
            Kind::Words(_) => "a word of the configuration",
            Kind::Fields(_) => "a field that the configuration names",
            Kind::Pattern(_) if self.near.is_empty() => "a pattern of the configuration",
            Kind::Pattern(_) => "a pattern of the configuration, beside one of its keywords",
        }
    }

    /// What makes it slow, if something does: for a warning.
    pub fn slow(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Pattern(pattern) if pattern.literal.is_none() => Some(
                "no text of three letters or more is in every match, so it runs over every byte of every record",
            ),
            _ => None,
        }
    }

    /// The keywords it is found by: words, and the last names of paths.
    pub(super) fn keywords(&self) -> Vec<String> {
        match &self.kind {
            Kind::Words(words) => words.clone(),
            Kind::Fields(paths) => paths
                .iter()
                .map(|path| last_name(path).to_ascii_lowercase())
                .collect(),
            Kind::Pattern(_) => self.near.clone(),
        }
    }
}

/// The part after the last dot.
pub(super) fn last_name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn checked(all: &[String], check: fn(&str) -> bool) -> Result<Vec<String>, CustomFault> {
    if all.is_empty() || all.len() > CUSTOM_WORDS_MAX {
        return Err(CustomFault::Count);
    }
    match all.iter().find(|text| !check(text)) {
        Some(bad) => Err(CustomFault::Word(bad.clone())),
        None => Ok(all.iter().map(|text| text.to_ascii_lowercase()).collect()),
    }
}

fn word(text: &str) -> bool {
    let inner =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_' | b'.' | b'#');
    (2..=super::words::KEYWORD_BYTES_MAX).contains(&text.len())
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text.bytes().all(inner)
}

fn path(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(|name| !name.is_empty()) && word(last_name(text))
}

impl Pattern {
    fn new(text: &str) -> Result<Pattern, CustomFault> {
        let fault =
            |error: &dyn std::fmt::Display| CustomFault::Pattern(first_line(&error.to_string()));
        let hir = regex_syntax::ParserBuilder::new()
            .utf8(false)
            .build()
            .parse(text)
            .map_err(|e| fault(&e))?;
        if hir.properties().minimum_len().is_none_or(|len| len == 0) {
            return Err(CustomFault::Empty);
        }
        let config = Regex::config()
            .nfa_size_limit(Some(CUSTOM_PATTERN_BYTES_MAX))
            .hybrid_cache_capacity(CUSTOM_PATTERN_BYTES_MAX);
        let regex = Regex::builder()
            .configure(config)
            .syntax(syntax::Config::new().utf8(false))
            .build(text)
            .map_err(|e| fault(&e))?;
        Ok(Pattern {
            regex,
            literal: required(&hir).map(Into::into),
        })
    }

    /// Text that is in every match.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        self.literal.as_deref()
    }

    /// Every match, from left to right.
    pub(super) fn matches<'t>(
        &'t self,
        text: &'t [u8],
    ) -> impl Iterator<Item = std::ops::Range<usize>> + 't {
        self.regex.find_iter(text).map(|found| found.range())
    }
}

fn first_line(text: &str) -> String {
    text.lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}

/// Shortest literal worth looking for.
const LITERAL_BYTES_MIN: usize = 3;

/// The longest literal that every match contains.
fn required(hir: &Hir) -> Option<Vec<u8>> {
    let found = match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_vec()),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(required).max_by_key(Vec::len),
        _ => None,
    };
    found.filter(|literal| literal.len() >= LITERAL_BYTES_MIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn literal(pattern: &str) -> Option<String> {
        let pattern = Pattern::new(pattern).unwrap();
        pattern
            .literal()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    #[test]
    fn a_literal_is_one_that_every_match_has() {
        assert_eq!(literal(r"EMP-\d{6}").as_deref(), Some("EMP-"));
        assert_eq!(
            literal(r"\b(acct|x)_(?P<n>number)=\d+").as_deref(),
            Some("number")
        );
        assert_eq!(literal(r"(?:token:)+[a-z]+").as_deref(), Some("token:"));
        for none in [r"\d{3}-\d{4}", "foo|bar", "(secret)?[0-9]", "[a-z]bc"] {
            assert_eq!(literal(none), None, "{none}");
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let pattern = |text: &str| Custom::pattern("x".into(), text).err();
        assert_eq!(pattern("a*"), Some(CustomFault::Empty));
        assert!(matches!(pattern("(a"), Some(CustomFault::Pattern(_))));
        assert!(matches!(
            pattern(r"(?:\w{900}){900}"),
            Some(CustomFault::Pattern(_))
        ));
        let words = |words: &[&str]| {
            Custom::words(
                "x".into(),
                &words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>(),
            )
            .err()
        };
        assert_eq!(words(&[]), Some(CustomFault::Count));
        assert!(matches!(words(&["7up"]), Some(CustomFault::Word(_))));
        assert_eq!(words(&["Project Apollo"]), None);
        let fields = |names: &str| Custom::fields("x".into(), &[names.to_owned()]).err();
        assert!(fields("a..b").is_some() && fields("customer.salary").is_none());
    }
}
