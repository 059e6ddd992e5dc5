//! The small readers that every section is checked with.
//!
//! Owns: the list of faults, and reading a node as a section, a list or a scalar. Refuses: unknown
//! keys, with the nearest known one. Stays true: a reader that says `None` has pushed a fault, so
//! that callers go on and find the others.

use super::fault::{Fault, Faults, Place, Warning, did_you_mean};
use super::secret::{self, Secret};
use super::tree::{Key, Node, Value};
use super::values;
use crate::limits::NAME_BYTES_MAX;
use std::path::{Path, PathBuf};

/// What faults and secrets need to know of their surroundings.
pub(super) struct Checker<'c> {
    /// The names of the files, in the order they were read.
    pub(super) files: Vec<String>,
    pub(super) env: &'c dyn Fn(&str) -> Option<String>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
}

/// A map whose keys are known.
pub(super) struct Section<'n> {
    pub(super) place: Place,
    entries: &'n [(Key, Node)],
}

impl<'n> Section<'n> {
    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(k, _)| k.text == key)
            .map(|(_, node)| node)
    }

    /// Its keys and values.
    pub(super) fn entries(&self) -> &'n [(Key, Node)] {
        self.entries
    }
}

impl<'c> Checker<'c> {
    pub(super) fn new(file: &str, env: &'c dyn Fn(&str) -> Option<String>) -> Checker<'c> {
        Checker {
            files: vec![file.to_owned()],
            env,
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Everything found, in the order of the files; a fault met twice (through a list that two
    /// rules use) is told once.
    pub(super) fn finish(mut self) -> Faults {
        self.faults.sort_by_key(|fault| fault.place);
        self.faults.dedup();
        Faults(self.faults)
    }

    pub(super) fn fault(
        &mut self,
        place: Place,
        what: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let (file, what, expected) = (self.file(place), what.into(), expected.into());
        self.faults.push(Fault {
            file,
            place,
            what,
            expected,
        });
    }

    pub(super) fn warn(&mut self, place: Place, what: impl Into<String>) {
        self.warnings.push(Warning {
            file: self.file(place),
            place,
            what: what.into(),
        });
    }

    fn file(&self, place: Place) -> String {
        self.files.get(place.file).cloned().unwrap_or_default()
    }

    /// A place as faults show it.
    pub(super) fn shown(&self, place: Place) -> String {
        format!("{}:{}:{}", self.file(place), place.line, place.column)
    }

    /// The directory of the file that a place is in: where its relative paths start.
    pub(super) fn directory(&self, place: Place) -> PathBuf {
        let file = self.file(place);
        Path::new(&file)
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned()
    }

    /// A map with these keys; `later` are keys of the language that this version does not have.
    pub(super) fn section<'n>(
        &mut self,
        place: Place,
        node: &'n Node,
        known: &[&str],
        later: &[&str],
    ) -> Option<Section<'n>> {
        let section = self.named(place, node)?;
        for (key, _) in section.entries {
            self.key(key, known, later);
        }
        Some(section)
    }

    fn key(&mut self, key: &Key, known: &[&str], later: &[&str]) {
        let text = key.text.as_str();
        if later.contains(&text) {
            return self.later(key.place, text);
        }
        if !known.contains(&text) {
            let near = did_you_mean(text, known.iter().copied());
            let expected = format!("one of {}", known.join(", "));
            self.fault(key.place, format!("unknown key `{text}`{near}"), expected);
        }
    }

    /// A word of the language that this version refuses rather than ignores.
    pub(super) fn later(&mut self, place: Place, text: &str) {
        self.fault(place, format!("`{text}` comes in a later version"), "");
    }

    /// A map from names of the configuration's own choice.
    pub(super) fn named<'n>(&mut self, place: Place, node: &'n Node) -> Option<Section<'n>> {
        match &node.value {
            Value::Map(entries) => Some(Section { place, entries }),
            Value::Empty => Some(Section {
                place,
                entries: &[],
            }),
            other => {
                self.fault(node.place, described(other), "a map of names to values");
                None
            }
        }
    }

    /// Checks a name that the configuration chose.
    pub(super) fn name(&mut self, key: &Key) {
        if !values::is_name(&key.text) {
            let expected =
                format!("a name of at most {NAME_BYTES_MAX} letters, digits, `-`, `_` or `.`");
            self.fault(key.place, format!("`{}`", cut(&key.text)), expected);
        }
    }

    /// The value of a key that must be there.
    pub(super) fn require<'n>(&mut self, section: &Section<'n>, key: &str) -> Option<&'n Node> {
        let node = section.get(key);
        if node.is_none() {
            self.fault(section.place, format!("`{key}` is missing"), "");
        }
        node
    }

    /// A text, not empty. Secrets have a reader of their own.
    pub(super) fn text<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if text.contains("${") => {
                let what = format!("`{}`: the environment is read for secrets only", cut(text));
                self.fault(node.place, what, expected);
                None
            }
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            other => {
                self.fault(node.place, described(other), expected);
                None
            }
        }
    }

    /// A scalar that `parse` understands.
    pub(super) fn parsed<T>(
        &mut self,
        node: &Node,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(node, expected)?;
        let value = parse(text);
        if value.is_none() {
            self.fault(node.place, format!("`{}`", cut(text)), expected);
        }
        value
    }

    /// One of a few words; `later` are words that this version does not have.
    pub(super) fn choice<T: Copy>(
        &mut self,
        node: &Node,
        choices: &[(&str, T)],
        later: &[&str],
    ) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let expected = words.join(" or ");
        let text = self.text(node, &expected)?;
        if later.contains(&text) {
            self.later(node.place, text);
            return None;
        }
        let chosen = choices.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let near = did_you_mean(text, words.into_iter());
            self.fault(node.place, format!("`{}`{near}", cut(text)), expected);
        }
        chosen.map(|(_, value)| *value)
    }

    /// A duration in milliseconds, within bounds in milliseconds.
    pub(super) fn duration(&mut self, node: &Node, least: i64, most: i64) -> Option<i64> {
        let (from, to) = (values::shown_duration(least), values::shown_duration(most));
        let expected = format!("a duration from {from} to {to}, such as 500ms, 3s, 10m, 8h");
        let fits = |ms: &i64| (least..=most).contains(ms);
        self.parsed(node, &expected, |text| {
            values::duration_ms(text).filter(fits)
        })
    }

    /// A list with something in it.
    pub(super) fn list<'n>(&mut self, node: &'n Node, expected: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) if !items.is_empty() => Some(items),
            other => {
                self.fault(node.place, described(other), expected);
                None
            }
        }
    }

    /// A list of texts, each with its place; those that are none are left out.
    pub(super) fn texts<'n>(
        &mut self,
        node: &'n Node,
        expected: &str,
    ) -> Option<Vec<(Place, &'n str)>> {
        let items = self.list(node, expected)?;
        Some(
            items
                .iter()
                .filter_map(|item| Some((item.place, self.text(item, "a text")?)))
                .collect(),
        )
    }

    /// A secret named by `${NAME}` or `file:PATH`.
    pub(super) fn secret(&mut self, node: &Node) -> Option<Secret> {
        let expected = "`${NAME}` or `file:PATH`";
        let Value::Text(text) = &node.value else {
            self.fault(node.place, "no secret", expected);
            return None;
        };
        let base = self.directory(node.place);
        match secret::fetch(text, &base, self.env) {
            Ok(secret) => Some(secret),
            Err(what) => {
                self.fault(node.place, what, expected);
                None
            }
        }
    }

    /// A path; a relative one starts at the directory of the file that it stands in.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let base = self.directory(node.place);
        self.text(node, "a path").map(|text| base.join(text))
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Empty => "nothing".to_owned(),
        Value::Text(text) => format!("`{}`", cut(text)),
        Value::List(items) if items.is_empty() => "an empty list".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a map".to_owned(),
    }
}

/// Enough of a text to recognise it, on one line.
pub(super) fn cut(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c });
    let more = if text.chars().nth(SHOWN).is_some() {
        "…"
    } else {
        ""
    };
    shown.chain(more.chars()).collect()
}
