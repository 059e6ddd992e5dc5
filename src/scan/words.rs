//! Words that say what a value is.
//!
//! Owns: what counts as the same word, and which detectors a word speaks for. Refuses: where words
//! may stand relative to a value (`context`). Stays true: a keyword is a whole word or a whole part
//! of a camelCase one, in one case or with a capital first (`ssn`, `SSN`, `Ssn`; `sSN` is `s` and `SN`);
//! looking a word up costs the same however many keywords there are.
//!
//! A space in a keyword matches a space, `_`, `-`, `.` or nothing, so `social security` also matches
//! `social_security` and `socialSecurity`.

use super::padded::padded;
use crate::chunk::{DetectorId, DetectorSet};

/// What a space in a keyword stands for, or nothing.
pub(super) const SEPARATORS: &[u8] = b" _-.";
/// Longest keyword, with its optional separators written out.
pub(super) const KEYWORD_BYTES_MAX: usize = 32;

/// Every keyword of some detectors.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// By the first two letters, folded: indexes into `all`.
    heads: Vec<Vec<u16>>,
    all: Vec<(Box<[u8]>, DetectorSet)>,
    /// Of each, how it must begin.
    begins: Vec<Begin>,
}

/// The first bytes of a word, at most four, up to its first space: most words that share two letters with
/// a keyword end here.
#[derive(Clone, Copy, Debug)]
struct Begin {
    bytes: u32,
    mask: u32,
}

impl Begin {
    fn of(word: &[u8]) -> Begin {
        let fixed = word
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_alphabetic());
        let bits = 8 * fixed.count() as u32;
        let mask = u32::MAX.checked_shr(32 - bits).unwrap_or(0);
        Begin {
            bytes: Begin::load(word) & mask,
            mask,
        }
    }

    /// Four bytes, small letters for capitals, the first lowest.
    fn load(text: &[u8]) -> u32 {
        u32::from_le_bytes(padded(text)) | 0x2020_2020
    }

    fn fits(self, four: u32) -> bool {
        four & self.mask == self.bytes
    }
}

const LETTERS: usize = 26;

impl Words {
    /// None.
    pub(super) fn new() -> Words {
        Words {
            heads: vec![Vec::new(); LETTERS * (LETTERS + 1)],
            all: Vec::new(),
            begins: Vec::new(),
        }
    }

    /// Adds a keyword, lower case, beginning with a letter. False: it cannot be one.
    pub(super) fn insert(&mut self, keyword: &str, detector: DetectorId) -> bool {
        let text = keyword.as_bytes();
        let fits =
            text.len() <= KEYWORD_BYTES_MAX && text.first().is_some_and(u8::is_ascii_lowercase);
        let known = self.all.iter_mut().find(|(word, _)| **word == *text);
        match (fits, known) {
            (false, _) => return false,
            (true, Some((_, detectors))) => detectors.insert(detector),
            (true, None) => {
                let detectors = std::iter::once(detector).collect();
                let index = self.all.len() as u16;
                self.all.push((text.into(), detectors));
                self.begins.push(Begin::of(text));
                for head in heads_of(text) {
                    if let Some(list) = self.heads.get_mut(head) {
                        list.push(index);
                    }
                }
            }
        }
        true
    }

    /// The keywords of one detector that begin at `at`.
    pub(super) fn spoken(
        &self,
        text: &[u8],
        at: usize,
        detector: DetectorId,
    ) -> impl Iterator<Item = &str> {
        let known = self.at(text, at).is_some();
        let mine = self
            .all
            .iter()
            .filter(move |(_, detectors)| known && detectors.contains(detector));
        let here = mine.filter(move |(word, _)| matches(text, at, word).is_some());
        here.filter_map(|(word, _)| std::str::from_utf8(word).ok())
    }

    /// Every keyword, and whom it speaks for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], DetectorSet)> + Clone {
        self.all
            .iter()
            .map(|(word, detectors)| (&**word, *detectors))
    }

    /// The keywords that begin at `at`: where the longest ends, and whom they speak for together.
    pub(super) fn at(&self, text: &[u8], at: usize) -> Option<(usize, DetectorSet)> {
        let first = *text.get(at)?;
        if !first.is_ascii_alphabetic() || (at > 0 && same_word(text[at - 1], first)) {
            return None;
        }
        let head = head(first, text.get(at + 1).copied());
        let (mut end, mut detectors) = (0, DetectorSet::default());
        let four = Begin::load(text.get(at..).unwrap_or_default());
        for index in self.heads.get(head)? {
            let index = usize::from(*index);
            if !self.begins.get(index)?.fits(four) {
                continue;
            }
            let (word, speaks_for) = self.all.get(index)?;
            if let Some(stop) = matches(text, at, word) {
                end = end.max(stop);
                detectors = detectors.union(*speaks_for);
            }
        }
        (end > 0).then_some((end, detectors))
    }
}

/// The list for a word that begins with these two bytes.
fn head(first: u8, second: Option<u8>) -> usize {
    let letter = |byte: u8| usize::from((byte | 0x20).wrapping_sub(b'a'));
    let second = second.map_or(LETTERS, letter).min(LETTERS);
    letter(first) * (LETTERS + 1) + second
}

/// The lists a keyword belongs to: `s s n` may go on with a letter or with none.
fn heads_of(word: &[u8]) -> impl Iterator<Item = usize> {
    let (first, second, third) = (word[0], word.get(1).copied(), word.get(2).copied());
    let or_without = (second == Some(b' ')).then(|| head(first, third));
    [Some(head(first, second)), or_without]
        .into_iter()
        .flatten()
}

fn matches(text: &[u8], start: usize, keyword: &[u8]) -> Option<usize> {
    let (mut at, mut new_part) = (start, true);
    for want in keyword {
        let byte = text.get(at).copied();
        if *want == b' ' {
            at += usize::from(byte.is_some_and(|b| SEPARATORS.contains(&b)));
            new_part = true;
            continue;
        }
        let byte = byte?;
        let edge = at > start && text[at - 1].is_ascii_lowercase() && byte.is_ascii_uppercase();
        if !byte.eq_ignore_ascii_case(want) || (edge && !new_part) {
            return None;
        }
        (at, new_part) = (at + 1, false);
    }
    let goes_on = text
        .get(at)
        .is_some_and(|next| same_word(text[at - 1], *next));
    (!goes_on).then_some(at)
}

/// The runs of letters that a text may begin with where the keyword begins: up to its first space or
/// other byte that is no letter, and, spaces being optional, over each of them.
pub(super) fn first_parts(keyword: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let ends = (1..=keyword.len()).filter(|end| {
        let letters = keyword[..*end]
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte == b' ');
        let stops = keyword
            .get(*end)
            .is_none_or(|byte| !byte.is_ascii_alphabetic());
        letters && stops && keyword[end - 1] != b' '
    });
    ends.map(|end| {
        keyword[..end]
            .iter()
            .copied()
            .filter(|byte| *byte != b' ')
            .collect()
    })
}

/// Whether two neighbouring letters belong to one word: `sN` in `customerSsnNumber` does not.
fn same_word(left: u8, right: u8) -> bool {
    left.is_ascii_alphabetic()
        && right.is_ascii_alphabetic()
        && !(left.is_ascii_lowercase() && right.is_ascii_uppercase())
}
