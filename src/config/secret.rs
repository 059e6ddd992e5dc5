//! A secret, and where it may come from.
//!
//! Owns: `${NAME}` and `file:PATH`. Refuses: a secret written into the configuration itself,
//! because its text is kept with the audit. Stays true: no `Debug`, `Display`, fault or warning
//! shows one.

use crate::limits::SECRET_BYTES_MAX;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Fetches the secret that a text names; relative paths start at `base`.
///
/// # Errors
/// What is wrong, without the secret: not one of the two forms, unset, unreadable, empty.
pub(super) fn fetch(
    text: &str,
    base: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Secret, String> {
    let found = if let Some(name) = text.strip_prefix("${").and_then(|r| r.strip_suffix('}')) {
        env(name).ok_or_else(|| format!("the environment has no `{name}`"))?
    } else if let Some(path) = text.strip_prefix("file:") {
        read(&base.join(path)).map_err(|error| format!("`{text}` cannot be read: {error}"))?
    } else {
        return Err("a secret in plain text".to_owned());
    };
    match found.is_empty() {
        true => Err(format!("`{text}` is empty")),
        false => Ok(Secret(found)),
    }
}

/// A file's text without the line end that editors add.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(SECRET_BYTES_MAX)
        .read_to_string(&mut text)?;
    let ended = text.strip_suffix('\n');
    let bare = ended.map(|line| line.strip_suffix('\r').unwrap_or(line));
    Ok(bare.unwrap_or(&text).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn a_secret_comes_from_outside_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("pw"), "hunter2\n").unwrap();
        std::fs::write(dir.path().join("empty"), "\n").unwrap();
        let env = |name: &str| (name == "PW").then(|| "hunter3".to_owned());
        let fetch = |text| super::fetch(text, dir.path(), &env);
        assert_eq!(fetch("file:pw").unwrap().expose(), "hunter2");
        assert_eq!(fetch("${PW}").unwrap().expose(), "hunter3");
        assert_eq!(
            format!("{0:?} {0}", fetch("${PW}").unwrap()),
            "[secret] [secret]"
        );
        assert_eq!(fetch("hunter4").unwrap_err(), "a secret in plain text");
        assert_eq!(fetch("${NO}").unwrap_err(), "the environment has no `NO`");
        assert_eq!(fetch("file:empty").unwrap_err(), "`file:empty` is empty");
        assert!(
            fetch("file:gone")
                .unwrap_err()
                .starts_with("`file:gone` cannot be read: ")
        );
    }
}
