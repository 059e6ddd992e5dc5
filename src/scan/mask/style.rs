//! What a mask leaves of a finding, and which of several masks counts.
//!
//! Owns: the styles, and their order from the one that hides most to the one that hides least.
//! Refuses: bytes. Stays true: combining is commutative, associative and idempotent, and one mask more
//! never shows what was hidden.

use std::sync::Arc;

/// What a mask leaves. Counts are characters of the detector's alphabet; separators do not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaskStyle {
    /// Nothing, not even its field: a JSON member goes with its comma, an array's element becomes
    /// `null`. Where there is no such field, as [`MaskStyle::Full`].
    Remove,
    /// Nothing but its length.
    Full,
    /// This text in its place.
    Replace(Arc<str>),
    /// A keyed name for it: the same value has the same token wherever the key is the same.
    Token,
    /// The first characters, but no more than the detector's `keep_first_max`.
    KeepFirst(u8),
    /// The last characters, but no more than the detector's `keep_last_max`.
    KeepLast(u8),
    /// Another value of the same form, by format-preserving encryption (FF1).
    FormatPreserving,
}

impl MaskStyle {
    /// Whether it needs [`MaskKeys`](super::MaskKeys).
    pub fn is_keyed(&self) -> bool {
        matches!(self, MaskStyle::Token | MaskStyle::FormatPreserving)
    }

    /// Whether it is made in place of each character, so that several can be made one after the other.
    pub(super) fn is_fill(&self) -> bool {
        matches!(
            self,
            MaskStyle::Full | MaskStyle::KeepFirst(_) | MaskStyle::KeepLast(_)
        )
    }
}

/// What becomes of a JSON number that is masked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonNumber {
    /// It stays a number, of the same length.
    #[default]
    Number,
    /// It becomes a string with the masked text in it.
    String,
}

/// How a finding is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// What is left of it.
    pub style: MaskStyle,
    /// What it becomes where it is a JSON number.
    pub json_number: JsonNumber,
}

impl From<MaskStyle> for Mask {
    fn from(style: MaskStyle) -> Mask {
        Mask {
            style,
            json_number: JsonNumber::default(),
        }
    }
}

impl Mask {
    /// Everything hidden, nothing moved.
    pub const FULL: Mask = Mask {
        style: MaskStyle::Full,
        json_number: JsonNumber::Number,
    };

    /// Of several masks on one finding the one that keeps less: remove, then full and replace, then
    /// token, then what keeps the first or last characters, and format-preserving encryption last.
    /// One that keeps the beginning and one that keeps the end leave nothing, and so do two different
    /// texts to replace it by. None for no mask.
    pub fn strictest<'m>(masks: impl IntoIterator<Item = &'m Mask>) -> Option<Mask> {
        let mut masks = masks.into_iter();
        let first = masks.next()?;
        let Some(second) = masks.next() else {
            return Some(first.clone());
        };
        let mut all = Strictest::default();
        [first, second]
            .into_iter()
            .chain(masks)
            .for_each(|m| all.add(m));
        Some(all.mask())
    }
}

/// Everything that several masks ask for; what that comes to is told at the end, so that their order
/// means nothing.
#[derive(Default)]
struct Strictest<'m> {
    remove: bool,
    full: bool,
    token: bool,
    replace: Option<&'m Arc<str>>,
    first: Option<u8>,
    last: Option<u8>,
    json_number: JsonNumber,
}

impl<'m> Strictest<'m> {
    fn add(&mut self, mask: &'m Mask) {
        let least = |old: Option<u8>, new: u8| Some(old.map_or(new, |old| old.min(new)));
        self.json_number = self.json_number.max(mask.json_number);
        match &mask.style {
            MaskStyle::Remove => self.remove = true,
            MaskStyle::Full => self.full = true,
            MaskStyle::Token => self.token = true,
            MaskStyle::Replace(text) => match self.replace {
                Some(other) if other != text => self.full = true,
                _ => self.replace = Some(text),
            },
            MaskStyle::KeepFirst(n) => self.first = least(self.first, *n),
            MaskStyle::KeepLast(n) => self.last = least(self.last, *n),
            MaskStyle::FormatPreserving => {}
        }
    }

    fn mask(self) -> Mask {
        let style = match (self.replace, self.first, self.last) {
            _ if self.remove => MaskStyle::Remove,
            _ if self.full => MaskStyle::Full,
            (_, Some(_), Some(_)) => MaskStyle::Full,
            (Some(text), ..) => MaskStyle::Replace(Arc::clone(text)),
            _ if self.token => MaskStyle::Token,
            (_, Some(n), _) => MaskStyle::KeepFirst(n),
            (.., Some(n)) => MaskStyle::KeepLast(n),
            _ => MaskStyle::FormatPreserving,
        };
        Mask {
            style,
            json_number: self.json_number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MaskStyle::{FormatPreserving, Full, KeepFirst, KeepLast, Remove, Token};

    fn of(styles: &[MaskStyle]) -> MaskStyle {
        let masks: Vec<_> = styles.iter().cloned().map(Mask::from).collect();
        Mask::strictest(&masks).expect("one or more").style
    }

    #[test]
    fn the_one_that_keeps_less_counts() {
        let replace = |text: &str| MaskStyle::Replace(text.into());
        for (styles, left) in [
            (&[KeepLast(4), KeepLast(2)][..], KeepLast(2)),
            (&[KeepFirst(6), KeepFirst(9)], KeepFirst(6)),
            (&[KeepLast(4), KeepFirst(1)], Full),
            (&[Token, KeepLast(4)], Token),
            (&[Token, KeepLast(4), KeepFirst(4)], Full),
            (&[replace("gone"), Token], replace("gone")),
            (&[replace("gone"), replace("gone")], replace("gone")),
            (&[replace("gone"), replace("away")], Full),
            (&[replace("gone"), Full], Full),
            (&[replace("gone"), KeepLast(4), KeepFirst(4)], Full),
            (&[Remove, Full, replace("gone")], Remove),
            (&[FormatPreserving, KeepLast(8)], KeepLast(8)),
            (&[FormatPreserving, FormatPreserving], FormatPreserving),
        ] {
            assert_eq!(of(styles), left, "{styles:?}");
            let back: Vec<_> = styles.iter().rev().cloned().collect();
            assert_eq!(of(&back), left, "{back:?}");
        }
        assert_eq!(Mask::strictest(&[]), None);
    }

    #[test]
    fn a_string_for_a_number_counts() {
        let number = Mask::from(Token);
        let string = Mask {
            style: KeepLast(4),
            json_number: JsonNumber::String,
        };
        let both = Mask {
            style: Token,
            json_number: JsonNumber::String,
        };
        assert_eq!(Mask::strictest([&number, &string]), Some(both.clone()));
        assert_eq!(Mask::strictest([&string, &number]), Some(both));
    }
}
