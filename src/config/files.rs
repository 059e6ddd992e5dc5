//! `include`: one configuration from several files.
//!
//! Owns: finding the files, reading each once, and putting their sections together. Refuses: a file that
//! includes itself, patterns that no file matches (a missing file could be the rules that somebody relies
//! on), a name defined twice, whatever belongs into the main file. Stays true: files are taken in the
//! order of `include` and of their names; the text that the policy's hash is of holds all of them.

use super::checker::{Checker, cut};
use super::fault::Place;
use super::tree::{self, Key, Node, Value};
use crate::limits::{CONFIG_BYTES_MAX, INCLUDE_DEPTH_MAX, INCLUDED_FILES_MAX};
use crate::policy::Pattern;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What an included file may hold: what teams write, not where the gateway listens and whom it trusts.
pub(super) const SHARED: [&str; 5] = ["detectors", "lists", "rules", "exceptions", "approvals"];
const SHARED_LATER: [&str; 1] = ["accounts"];
/// The key itself.
pub(super) const INCLUDE: &str = "include";

/// A configuration as its files have it.
pub(super) struct Together {
    /// The sections together.
    pub(super) root: Node,
    /// All texts together.
    pub(super) text: String,
    /// The files, and the directories that patterns looked into.
    pub(super) watched: Vec<PathBuf>,
}

/// Reads the main file's text and what it includes.
pub(super) fn read(c: &mut Checker<'_>, text: &str) -> Option<Together> {
    let mut root = tree(c, text, 0)?;
    let mut reading = Reading::new(c, text);
    if let Value::Map(entries) = &mut root.value {
        reading.note(c, entries);
        let include = entries.iter().find(|(key, _)| key.text == INCLUDE);
        if let Some((_, node)) = include.cloned() {
            reading.include(c, &node, 0);
        }
        reading.append_to(entries);
    }
    let files = reading.files.into_iter().map(|(file, _)| file);
    let watched = files.chain(reading.searched).collect();
    Some(Together {
        root,
        text: reading.text,
        watched,
    })
}

fn tree(c: &mut Checker<'_>, text: &str, file: usize) -> Option<Node> {
    let (root, broken) = tree::read(text, file);
    for (place, what, expected) in broken {
        c.fault(place, what, expected);
    }
    root
}

/// The entries of a section, by name.
type Named = Vec<(Key, Node)>;

/// What was read so far.
struct Reading {
    /// Of each file: its canonical path, and the file that included it.
    files: Vec<(PathBuf, Option<usize>)>,
    /// Every name of every section, and where it stands.
    names: BTreeMap<(&'static str, String), Place>,
    /// The sections of included files.
    sections: Vec<(&'static str, Key, Named)>,
    text: String,
    directory: PathBuf,
    /// Directories that patterns looked into.
    searched: Vec<PathBuf>,
}

impl Reading {
    fn new(c: &Checker<'_>, text: &str) -> Reading {
        let main = c.files.first().map(Path::new).unwrap_or(Path::new(""));
        let canonical = main.canonicalize().unwrap_or(main.to_owned());
        Reading {
            files: vec![(canonical, None)],
            names: BTreeMap::new(),
            sections: Vec::new(),
            text: text.to_owned(),
            directory: c.directory(Place::start_of(0)),
            searched: Vec::new(),
        }
    }

    /// Remembers the names of a file's sections; those that another file has as well are faults.
    fn note(&mut self, c: &mut Checker<'_>, entries: &[(Key, Node)]) {
        for (section, named) in shared(entries) {
            for (key, _) in named {
                let name = (section, key.text.clone());
                if let Some(first) = self.names.get(&name) {
                    let first = c.shown(*first);
                    let what = format!("`{}` a second time (first in {first})", cut(&key.text));
                    c.fault(key.place, what, "each name once, over all files");
                } else {
                    self.names.insert(name, key.place);
                }
            }
        }
    }

    /// Reads what the value of `include` names.
    fn include(&mut self, c: &mut Checker<'_>, node: &Node, depth: usize) {
        let expected = "a list of files, such as [rules.d/*.yaml]";
        let patterns = c.texts(node, expected).unwrap_or_default();
        for (place, pattern) in patterns {
            match expand(&c.directory(place), pattern, &mut self.searched) {
                Ok(found) if found.is_empty() => {
                    let what = format!("no file matches `{}`", cut(pattern));
                    c.fault(place, what, "one file at least");
                }
                Ok(found) => found
                    .iter()
                    .for_each(|path| self.file(c, place, path, depth)),
                Err(error) => {
                    let what = format!("`{}` cannot be read: {error}", cut(pattern));
                    c.fault(place, what, expected);
                }
            }
        }
    }

    /// Reads one file, unless another inclusion did.
    fn file(&mut self, c: &mut Checker<'_>, place: Place, path: &Path, depth: usize) {
        let shown = path.display().to_string();
        let canonical = path.canonicalize().unwrap_or(path.to_owned());
        let known = self.files.iter().position(|(file, _)| *file == canonical);
        if let Some(known) = known {
            if self.leads_to(place.file, known) {
                let what = format!("`{}` includes itself", cut(&shown));
                c.fault(place, what, "other files");
            }
            return;
        }
        if depth == INCLUDE_DEPTH_MAX || self.files.len() > INCLUDED_FILES_MAX {
            let what = format!("`{}`: too many files", cut(&shown));
            let expected =
                format!("at most {INCLUDED_FILES_MAX}, and {INCLUDE_DEPTH_MAX} one in another");
            return c.fault(place, what, expected);
        }
        let room = CONFIG_BYTES_MAX.saturating_sub(self.text.len());
        let text = match text_of(path, room) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("`{}` cannot be read: {error}", cut(&shown));
                return c.fault(place, what, "a file of rules");
            }
        };
        let index = self.files.len();
        self.files.push((canonical, Some(place.file)));
        c.files.push(shown);
        self.keep(path, &text);
        let Some(root) = tree(c, &text, index) else {
            return;
        };
        self.sections_of(c, root, depth);
    }

    fn sections_of(&mut self, c: &mut Checker<'_>, root: Node, depth: usize) {
        let known = [&SHARED[..], &[INCLUDE]].concat();
        let Some(section) = c.section(root.place, &root, &known, &SHARED_LATER) else {
            return;
        };
        let include = section.get(INCLUDE).cloned();
        for key in SHARED {
            if let Some(node) = section.get(key) {
                c.named(node.place, node); // told here if it is no map
            }
        }
        if let Value::Map(entries) = root.value {
            self.note(c, &entries);
            for (key, node) in entries {
                let section = SHARED.into_iter().find(|section| *section == key.text);
                if let (Some(section), Value::Map(named)) = (section, node.value) {
                    self.sections.push((section, key, named));
                }
            }
        }
        if let Some(node) = include {
            self.include(c, &node, depth + 1);
        }
    }

    /// Whether `file` is `ancestor`, or was included by it, however far away.
    fn leads_to(&self, file: usize, ancestor: usize) -> bool {
        let parent = |file: &usize| self.files.get(*file).and_then(|(_, parent)| *parent);
        std::iter::successors(Some(file), parent).any(|file| file == ancestor)
    }

    /// Adds a file's text. With its length in front, no other files have the same text together.
    fn keep(&mut self, path: &Path, text: &str) {
        let name = path.strip_prefix(&self.directory).unwrap_or(path);
        let bytes = text.len();
        let line = format!("\n# included: {}, {bytes} bytes\n", name.display());
        self.text.push_str(&line);
        self.text.push_str(text);
    }

    /// Puts what included files hold behind what the main file does.
    fn append_to(&mut self, entries: &mut Vec<(Key, Node)>) {
        for (section, key, named) in std::mem::take(&mut self.sections) {
            let mine = entries.iter_mut().find(|(key, _)| key.text == section);
            match mine.map(|(_, node)| &mut node.value) {
                Some(Value::Map(mine)) => {
                    // A name twice was told; what it means is what it meant first.
                    let new = named.into_iter().filter(|(key, _)| {
                        let first = self.names.get(&(section, key.text.clone()));
                        first == Some(&key.place)
                    });
                    mine.extend(new);
                }
                Some(value @ Value::Empty) => *value = Value::Map(named),
                Some(_) => {} // told where the section is read
                None => {
                    let (place, value) = (key.place, Value::Map(named));
                    entries.push((key, Node { place, value }));
                }
            }
        }
    }
}

fn shared(entries: &[(Key, Node)]) -> impl Iterator<Item = (&'static str, &[(Key, Node)])> {
    entries.iter().filter_map(|(key, node)| {
        let section = SHARED.into_iter().find(|section| *section == key.text)?;
        match &node.value {
            Value::Map(named) => Some((section, named.as_slice())),
            _ => None,
        }
    })
}

/// The files that a pattern names, by name. `*` stands for any run of characters but `/`; what begins with
/// a dot is seen only by a pattern that does. Without `*` it is the file itself, there or not.
fn expand(
    directory: &Path,
    pattern: &str,
    searched: &mut Vec<PathBuf>,
) -> std::io::Result<Vec<PathBuf>> {
    let start = match pattern.starts_with('/') {
        true => PathBuf::from("/"),
        false => directory.to_owned(),
    };
    let mut found = vec![start];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        if !part.contains('*') {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        }
        let mut next = Vec::new();
        for path in found
            .iter()
            .filter(|path| path.is_dir() || found.len() == 1)
        {
            next.extend(matching(path, part)?);
            searched.push(path.clone());
        }
        next.sort();
        found = next;
    }
    if pattern.contains('*') {
        found.retain(|path| path.is_file());
    }
    Ok(found)
}

fn matching(directory: &Path, part: &str) -> std::io::Result<Vec<PathBuf>> {
    let here = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    let pattern = Pattern::new(part);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(here)? {
        let name = entry?.file_name();
        let matches =
            |name: &str| pattern.matches(name) && (part.starts_with('.') || !name.starts_with('.'));
        if name.to_str().is_some_and(matches) {
            found.push(directory.join(name));
        }
        if found.len() > INCLUDED_FILES_MAX {
            break; // told when they are read
        }
    }
    Ok(found)
}

/// Reads a file, one byte past the bound at most: that is enough for whoever holds it against the bound.
pub(super) fn bounded(path: &Path, bytes_max: usize) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(bytes_max as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a file of at most this many bytes.
fn text_of(path: &Path, bytes_max: usize) -> std::io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let text = bounded(path, bytes_max)?;
    match text.len() > bytes_max {
        true => Err(std::io::Error::other(format!(
            "the configuration would have more than {} KiB",
            CONFIG_BYTES_MAX >> 10
        ))),
        false => Ok(text),
    }
}
