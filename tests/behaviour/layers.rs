//! The floors of the house: a file uses what is below it, never what is above or beside it.
//!
//! Reads every `use crate::…` and `crate::…` path in `src/` and holds it against the list that
//! `docs/ARCHITECTURE.md` draws.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Rooms by floor, top to bottom. Rooms on one floor do not use each other.
const FLOORS: &[&[&str]] = &[
    &["main", "lib"],
    &["cli"],
    &["gateway"],
    &["http"],
    &["control", "data_plane"],
    &["config"],
    &["walk"],
    &["hold", "kafka", "scan", "policy", "approvals", "audit"],
    &["schema", "identity", "tls"],
    &["chunk", "limits"],
];

/// What a room of the same floor may be used for all the same, and why.
const ALLOWED_BESIDE: &[(&str, &str, &str)] = &[
    (
        "policy",
        "scan",
        "a mask's style and a detector's name are words of the rules",
    ),
    ("chunk", "limits", "words name their bounds"),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("src")
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The room a file lives in: the first part of its path.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(source()).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|floor| floor.contains(&room))
        .unwrap_or_else(|| panic!("{room} is on no floor"))
}

/// The rooms that a line of code names, comments left out.
fn rooms_used(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or("");
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let paths = code.split("crate::").skip(1);
    paths.map(word).filter(|room| !room.is_empty()).collect()
}

/// Which rule a use breaks, if it does.
fn fault(from: &str, to: &str) -> Option<&'static str> {
    if from == to || ["main", "lib"].contains(&from) {
        return None;
    }
    let allowed = ALLOWED_BESIDE
        .iter()
        .any(|(a, b, _)| (*a, *b) == (from, to));
    match floor(to).cmp(&floor(from)) {
        std::cmp::Ordering::Less => Some("is above it"),
        std::cmp::Ordering::Equal if !allowed => Some("is beside it"),
        _ => None,
    }
}

#[test]
fn no_file_uses_what_is_above_or_beside_it() {
    let mut all = Vec::new();
    files(&source(), &mut all);
    let mut faults = Vec::new();
    let mut uses = 0;
    for path in &all {
        let from = room(path);
        let text = std::fs::read_to_string(path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for to in rooms_used(line) {
                uses += 1;
                if let Some(what) = fault(&from, &to) {
                    faults.push(format!(
                        "{}:{}: {to} {what}: {}",
                        path.display(),
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(
        uses > 100,
        "the reader of imports found only {uses}: it is broken"
    );
    assert!(
        faults.is_empty(),
        "{} uses against the floors:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn the_reader_of_imports_sees_a_break() {
    assert_eq!(fault("kafka", "data_plane"), Some("is above it"));
    assert_eq!(fault("kafka", "audit"), Some("is beside it"));
    assert_eq!(fault("data_plane", "kafka"), None);
    assert_eq!(
        rooms_used("use crate::kafka::frame; // crate::http"),
        ["kafka"]
    );
}
