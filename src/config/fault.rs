//! What is wrong with a configuration, and where.
//!
//! Owns: a place in a file, faults, warnings, and how they read. Refuses: to repeat a secret.
//! Stays true: one line each, `file:line:column: what; expected …`, in the order of the files and of
//! their lines.

use std::fmt;

/// A place in one of the files; lines and columns count from 1, columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// Which file, in the order they were read; the main one is 0. What is told has its name beside it.
    #[serde(skip)]
    pub(super) file: usize,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// Where a file begins.
    pub(super) fn start_of(file: usize) -> Place {
        Place {
            file,
            line: 1,
            column: 1,
        }
    }
}

/// Something that keeps the configuration from being used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// Where in it.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong, with the offending text.
    pub what: String,
    /// What would be right; empty where `what` says it all.
    pub expected: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        write!(f, "{}:{line}:{column}: {}", self.file, self.what)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        Ok(())
    }
}

/// Everything that is wrong, in the order of the files. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// Something that works and may surprise.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// The file, as it was named.
    pub file: String,
    /// Where in it.
    #[serde(flatten)]
    pub place: Place,
    /// What will happen.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        write!(f, "{}:{line}:{column}: warning: {}", self.file, self.what)
    }
}

/// The candidate nearest to a word that is none of them, as ` (did you mean …?)`, or nothing.
pub(super) fn did_you_mean<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    let near = candidates
        .map(|candidate| (far(word, candidate), candidate))
        .min();
    match near {
        // A slip or two, or a word cut short, in a word long enough to be recognised.
        Some((far, candidate)) if far <= 2 && word.len() > 2 => {
            format!(" (did you mean `{candidate}`?)")
        }
        _ => String::new(),
    }
}

fn far(word: &str, candidate: &str) -> usize {
    match candidate.starts_with(word) || word.starts_with(candidate) {
        true => 1,
        false => distance(word, candidate),
    }
}

/// Levenshtein's distance; words longer than any name of ours are simply far.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_offered_and_far_ones_are_not() {
        let keys = || ["topics", "operations", "groups"].into_iter();
        assert_eq!(did_you_mean("topic", keys()), " (did you mean `topics`?)");
        assert_eq!(
            did_you_mean("opperation", keys()),
            " (did you mean `operations`?)"
        );
        assert_eq!(did_you_mean("op", keys()), "");
        assert_eq!(
            did_you_mean("oper", keys()),
            " (did you mean `operations`?)"
        );
        assert_eq!(did_you_mean("schema", keys()), "");
        assert_eq!(did_you_mean(&"x".repeat(1_000_000), keys()), "");
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
