//! What a detector is: a row that names an identifier, and functions that know it when they see it.
//!
//! Owns: the shape of a row, and the list of things in a text that can call on one. Refuses: to know
//! any identifier; each has a file of its own in `detectors/`. Stays true: a row never makes another
//! pass over a text; it is called where the one pass saw its trigger.

use super::cluster::Cluster;
use super::scene::{Scene, Sink, Word};

/// The characters of a finding that carry its value; the others (separators, brackets) are form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// ASCII digits.
    Digits,
    /// ASCII letters and digits.
    Alphanumeric,
    /// Every character.
    Text,
}

/// One identifier: its name, its rule, and what a mask may leave of it.
pub struct Detector {
    /// snake_case, as rules, summaries and `lockgate scan` write it.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What was checked when it fired, for a reviewer: "Luhn check digit and issuer prefix".
    pub rule: &'static str,
    /// Who says that this is the rule.
    pub source: &'static str,
    /// Words that say "this is one" when they stand near it or name the field; spelling as in
    /// `words`. They are looked for in the one pass.
    pub keywords: &'static [&'static str],
    /// What carries the value.
    pub alphabet: Alphabet,
    /// Most leading characters of the alphabet that `keep_first` may leave.
    pub keep_first_max: u8,
    /// Most trailing ones that `keep_last` may leave.
    pub keep_last_max: u8,
    /// What calls on it.
    pub(super) triggers: &'static [Trigger],
    /// Whether this text (digits without separators, where the alphabet is digits) could be one,
    /// context aside: what a mask must not leave behind.
    pub(super) fits: fn(text: &[u8]) -> bool,
}

/// A place in a text, byte offset within the field.
type AtPlace = fn(scene: &Scene<'_>, at: usize, sink: &mut Sink<'_>);

/// What the pass sees that may be worth a detector's look.
#[derive(Clone, Copy)]
pub(super) enum Trigger {
    /// A cluster of digits joined by single spaces or hyphens, as wide as it goes, that
    /// is 14 bytes or longer, or holds thirteen digits in a row of which the first is 2–6, or
    /// `DDD-DD-DDDD` or `DDD-DDD-DDDD`, or is nine bytes or longer and has a keyword of some detector
    /// with this trigger near.
    Number(fn(scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>)),
    /// An alphanumeric token begins here (nothing alphanumeric before it), and begins `LLDD`, or
    /// `LL`, space or hyphen, `DD`, or `DLXD` and a letter, which a space or hyphen may
    /// precede (`L` letter, `D` digit, `X` either).
    Code(AtPlace),
    /// An `@` between two characters that are no white space.
    At(AtPlace),
    /// The second dot of `D.D.D`, `D.DD.D` or `D.DDD.D` (`D` a digit).
    Dot(AtPlace),
    /// The second colon of `::`, or the third of three with one to four bytes between neighbours.
    Colon(AtPlace),
    /// `+` or `(` right before a digit, or `(+` before one.
    Open(AtPlace),
    /// One of these texts, letter for letter, where an alphanumeric token begins.
    Literal(&'static [&'static str], AtPlace),
    /// One of the detector's keywords.
    Keyword(fn(scene: &Scene<'_>, word: &Word, sink: &mut Sink<'_>)),
}
