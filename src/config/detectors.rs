//! `detectors`: what users look for themselves.
//!
//! Owns: their checks, and the ids that rules know them by. Refuses: a name that a built-in detector has,
//! and more than one way to find. Stays true: ids follow those of the built-in table in the order of the
//! file, as `scan::Engine::with` has it.

use super::checker::{Checker, Section, cut};
use super::fault::Place;
use super::tree::{Key, Node, Value};
use crate::chunk::DetectorId;
use crate::limits::{CUSTOM_DETECTORS_MAX, CUSTOM_WORDS_MAX, NAME_BYTES_MAX};
use crate::scan::{self, Custom, CustomFault};
use std::sync::Arc;

const WAYS: [&str; 3] = ["pattern", "words", "fields"];
const EXPECTED: &str = "one of `pattern: TEXT`, `words: [...]` or `fields: [...]`";

/// The user's detectors. One with a fault is still a name that rules may use.
#[derive(Default)]
pub(super) struct Own<'n> {
    /// Their names in the order of the file.
    pub(super) keys: Vec<&'n Key>,
    /// Those without a fault; as long as `keys` if there was none.
    pub(super) all: Vec<Custom>,
}

impl Own<'_> {
    /// The id behind a name, built in or the user's own.
    pub(super) fn id(&self, name: &str) -> Option<DetectorId> {
        let own = || self.keys.iter().position(|key| key.text == name);
        let index = |at: usize| u8::try_from(scan::DETECTORS.len() + at).ok();
        scan::detector(name).or_else(|| own().and_then(index).map(DetectorId))
    }

    /// Every name that rules may use.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let built_in = scan::DETECTORS.iter().map(|detector| detector.name);
        built_in.chain(self.keys.iter().map(|key| key.text.as_str()))
    }
}

/// Reads `detectors`.
pub(super) fn detectors<'n>(c: &mut Checker<'_>, root: &Section<'n>) -> Own<'n> {
    let named = root
        .get("detectors")
        .and_then(|node| c.named(node.place, node));
    let entries = named.map(|section| section.entries()).unwrap_or_default();
    if let Some((key, _)) = entries.get(CUSTOM_DETECTORS_MAX) {
        let what = format!("more than {CUSTOM_DETECTORS_MAX} detectors");
        c.fault(key.place, what, "fewer; words of one kind can share one");
        return Own::default();
    }
    let mut own = Own::default();
    for (key, node) in entries {
        name(c, key);
        own.all.extend(detector(c, key, node));
        own.keys.push(key);
    }
    own
}

fn name(c: &mut Checker<'_>, key: &Key) {
    let text = key.text.as_str();
    let mut bytes = text.bytes();
    let snake_case = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if !snake_case || text.len() > NAME_BYTES_MAX {
        let expected = format!(
            "a name of at most {NAME_BYTES_MAX} small letters, digits and `_`, a letter first"
        );
        c.fault(key.place, format!("`{}`", cut(text)), expected);
    } else if scan::detector(text).is_some() {
        let what = format!("`{text}` is a built-in detector's name");
        c.fault(key.place, what, "another name");
    }
}

fn detector(c: &mut Checker<'_>, key: &Key, node: &Node) -> Option<Custom> {
    let section = c.section(
        node.place,
        node,
        &["pattern", "words", "fields", "keywords"],
        &[],
    )?;
    let given: Vec<(&str, &Node)> = WAYS
        .into_iter()
        .filter_map(|way| Some((way, section.get(way)?)))
        .collect();
    let &[(way, inner)] = given.as_slice() else {
        let what = match given.len() {
            0 => "nothing to look for".to_owned(),
            count => format!("{count} ways to look"),
        };
        c.fault(node.place, what, EXPECTED);
        return None;
    };
    let name: Arc<str> = key.text.as_str().into();
    let own = match way {
        "pattern" => pattern(c, name, inner),
        "words" => listed(c, inner, |words| Custom::words(Arc::clone(&name), words)),
        _ => listed(c, inner, |fields| Custom::fields(Arc::clone(&name), fields)),
    };
    let own = match section.get("keywords") {
        Some(node) if way != "pattern" => {
            c.fault(
                node.place,
                format!("`keywords` beside `{way}`"),
                "them beside `pattern` only",
            );
            None
        }
        Some(node) => listed(c, node, |words| match &own {
            Some(own) => own.clone().near(words).map(Some),
            None => Ok(None),
        })?,
        None => own,
    };
    if let Some(slow) = own.as_ref().and_then(Custom::slow) {
        c.warn(inner.place, format!("slow: {slow}"));
    }
    own
}

fn pattern(c: &mut Checker<'_>, name: Arc<str>, node: &Node) -> Option<Custom> {
    let expected = r"a regular expression, such as 'EMP-\d{6}'";
    let text = match &node.value {
        // `${` means an end of line and a brace here, not the environment.
        Value::Text(text) if !text.is_empty() => text.as_str(),
        _ => c.text(node, expected)?,
    };
    told(c, node.place, Custom::pattern(name, text))
}

/// A list of words or paths; the fault of one of them is told at its own place.
fn listed<T>(
    c: &mut Checker<'_>,
    node: &Node,
    make: impl FnOnce(&[String]) -> Result<T, CustomFault>,
) -> Option<T> {
    let before = c.faults.len();
    let texts = c.texts(node, "a list of texts, one at least")?;
    let owned: Vec<String> = texts.iter().map(|(_, text)| (*text).to_owned()).collect();
    let made = make(&owned);
    let place = match &made {
        Err(CustomFault::Word(bad)) => texts.iter().find(|(_, text)| text == bad),
        _ => None,
    };
    let place = place.map_or(node.place, |(place, _)| *place);
    // An empty text was told already.
    let made = told(c, place, made);
    (c.faults.len() == before).then_some(made).flatten()
}

fn told<T>(c: &mut Checker<'_>, place: Place, made: Result<T, CustomFault>) -> Option<T> {
    let (what, expected) = match made {
        Ok(made) => return Some(made),
        Err(CustomFault::Pattern(what)) => (
            format!("not a pattern: {}", cut(&what)),
            r"a regular expression in the syntax of Rust's regex crate, such as 'EMP-\d{6}'".into(),
        ),
        Err(CustomFault::Empty) => (
            "the pattern matches the empty text, so it would match everywhere".into(),
            "one that asks for at least one character".into(),
        ),
        Err(CustomFault::Count) => (
            "too many".into(),
            format!("from 1 to {CUSTOM_WORDS_MAX} of them"),
        ),
        Err(CustomFault::Word(word)) => (
            format!("`{}`", cut(&word)),
            "2 to 32 letters, digits, spaces or -_.#, a letter first; for anything else a pattern"
                .into(),
        ),
    };
    c.fault(place, what, expected);
    None
}
