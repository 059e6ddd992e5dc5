//! How the story looks on a terminal.
//!
//! Owns: wrapping, indenting, colour. Refuses: colour where the output is no terminal or `NO_COLOR`
//! is set. Stays true: lines that are to be copied (`copy`) are never wrapped.

use std::io::IsTerminal;

/// Columns of a paragraph.
const WIDTH: usize = 92;

/// The voice of the demo.
#[derive(Clone, Copy)]
pub struct Teller {
    colour: bool,
}

impl Teller {
    /// For standard output.
    pub fn new() -> Teller {
        Teller {
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    fn painted(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// The heading of a step.
    pub fn step(self, title: &str) {
        println!("\n{}", self.painted("1", title));
    }

    /// A paragraph.
    pub fn say(self, text: &str) {
        for line in wrap(text, WIDTH - 2) {
            println!("  {line}");
        }
    }

    /// Something that went over the wire: `what` is at most eight letters long.
    pub fn wire(self, what: &str, text: &str) {
        println!("    {} {text}", self.painted("36", &format!("{what:<8}")));
    }

    /// Something that was tested just now and found true.
    pub fn checked(self, text: &str) {
        let mut lines = wrap(text, WIDTH - 6).into_iter();
        if let Some(first) = lines.next() {
            println!("    {} {first}", self.painted("32", "✓"));
        }
        lines.for_each(|line| println!("      {line}"));
    }

    /// A line to copy.
    pub fn copy(self, line: &str) {
        println!("      {}", self.painted("33", line));
    }

    /// The end of a story that did not go as told.
    pub fn failed(self, text: &str) {
        eprintln!("\n{} {text}", self.painted("31", "NOT AS TOLD:"));
    }
}

/// Breaks at blanks; a longer word has a line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_no_word_is_lost() {
        let text = "one two  three four\nfive averyveryverylongword six";
        let lines = wrap(text, 10);
        let long = |line: &&String| line.chars().count() > 10;
        assert_eq!(
            lines.iter().filter(long).collect::<Vec<_>>(),
            ["averyveryverylongword"]
        );
        assert_eq!(
            lines.join(" "),
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        );
    }
}
