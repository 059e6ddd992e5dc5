//! `if: unreadable`: records, or values in them, that cannot be looked into, and why.
//!
//! Owns: the causes and sets of them. Refuses: to find out which it is (the data plane does). Stays true:
//! every cause has a word of its own in the configuration; a rule that names none means all.

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its bytes contradict themselves: a wrong checksum, a stream that breaks off.
    Damaged,
    /// It is compressed in a way that nothing here reads.
    UnknownCodec,
    /// It inflates to more than may be spent on it.
    TooLarge,
    /// It is packed more often than is taken off.
    TooDeep,
    /// It is not what its schema says, or its schema could not be had.
    Schema,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 5] = [
        Cause::Damaged,
        Cause::UnknownCodec,
        Cause::TooLarge,
        Cause::TooDeep,
        Cause::Schema,
    ];

    /// Its word in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Damaged => "damaged",
            Cause::UnknownCodec => "unknown_codec",
            Cause::TooLarge => "too_large",
            Cause::TooDeep => "too_deep",
            Cause::Schema => "schema",
        }
    }
}

/// A set of causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Causes(u8);

impl Causes {
    /// Whatever the cause.
    pub const ALL: Causes = Causes((1 << Cause::ALL.len()) - 1);

    /// Whether it is in the set.
    pub fn contains(self, cause: Cause) -> bool {
        self.0 & (1 << cause as u8) != 0
    }

    /// Whether all of `other` are in it.
    pub fn contains_all(self, other: Causes) -> bool {
        other.0 & !self.0 == 0
    }

    /// Them, in the order of [`Cause::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::ALL
            .into_iter()
            .filter(move |cause| self.contains(*cause))
    }
}

impl FromIterator<Cause> for Causes {
    fn from_iter<I: IntoIterator<Item = Cause>>(them: I) -> Causes {
        Causes(
            them.into_iter()
                .fold(0, |set, cause| set | 1 << cause as u8),
        )
    }
}

/// What could not be read, as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable<'a> {
    /// For rules.
    pub cause: Cause,
    /// For the client's error text and the audit; nothing of the record is in it.
    pub why: &'a str,
}
