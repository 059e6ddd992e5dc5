//! What each trigger of a place says, letter by letter.
//!
//! Owns: the plain reading of `detector::Trigger`, shared by the twin, which asks it everywhere, and by
//! `look`, which asks it where bits say so. Refuses: words and checksums. Stays true: a place is told by the
//! few bytes around it.

use super::cluster::is_separator;

/// A cluster of this length is looked at whatever is around it: the shortest card in groups.
pub(super) const LONG_BYTES_MIN: usize = 14;

/// Whether a cluster has a social security number's or a telephone number's groups.
pub(super) fn is_grouped(cluster: &[u8]) -> bool {
    let separator = |at: usize| cluster.get(at).is_some_and(|byte| is_separator(*byte));
    // Most clusters have no separator there and are done.
    (0..cluster.len()).any(|at| {
        separator(at + 3)
            && (has_at(cluster, at, "DDD-DD-DDDD") || has_at(cluster, at, "DDD-DDD-DDDD"))
    })
}

/// Whether a cluster of at most thirteen bytes is as long and begins as the shortest card.
pub(super) fn is_thirteen(cluster: &[u8]) -> bool {
    cluster
        .first()
        .is_some_and(|first| (b'2'..=b'6').contains(first))
        && has_at(cluster, 0, "DDDDDDDDDDDDD")
}

/// Whether the shape (`D` a digit, `L` a letter, `X` either, `-` a separator) stands at `at`.
pub(super) fn has_at(text: &[u8], at: usize, shape: &str) -> bool {
    let fits = |byte: &u8, kind: u8| match kind {
        b'D' => byte.is_ascii_digit(),
        b'L' => byte.is_ascii_alphabetic(),
        b'X' => byte.is_ascii_alphanumeric(),
        b'.' => *byte == b'.',
        _ => is_separator(*byte),
    };
    text.get(at..at + shape.len()).is_some_and(|bytes| {
        bytes
            .iter()
            .zip(shape.bytes())
            .all(|(byte, kind)| fits(byte, kind))
    })
}

pub(super) fn is_token_start(text: &[u8], at: usize) -> bool {
    text[at].is_ascii_alphanumeric() && (at == 0 || !text[at - 1].is_ascii_alphanumeric())
}

/// How codes begin.
const CODES: [&str; 4] = ["LLDD", "LL-DD", "DLXDL", "DLXD-L"];

pub(super) fn is_code(text: &[u8], at: usize) -> bool {
    is_token_start(text, at) && CODES.iter().any(|shape| has_at(text, at, shape))
}

pub(super) fn is_at(text: &[u8], at: usize) -> bool {
    let solid = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_whitespace());
    text[at] == b'@' && at > 0 && solid(text.get(at - 1)) && solid(text.get(at + 1))
}

#[cfg(test)]
pub(super) fn is_dot(text: &[u8], at: usize) -> bool {
    ["D.D.D", "D.DD.D", "D.DDD.D"].iter().any(|shape| {
        (at + 2)
            .checked_sub(shape.len())
            .is_some_and(|start| has_at(text, start, shape))
    })
}

pub(super) fn is_colon(text: &[u8], at: usize) -> bool {
    let colon = |at: usize| text.get(at) == Some(&b':');
    let before = |at: usize| {
        (2..=5)
            .filter_map(move |gap| at.checked_sub(gap))
            .filter(move |at| colon(*at))
    };
    colon(at)
        && ((at > 0 && colon(at - 1)) || before(at).any(|second| before(second).next().is_some()))
}

pub(super) fn is_open(text: &[u8], at: usize) -> bool {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    match text[at] {
        b'+' => digit(at + 1),
        b'(' => digit(at + 1) || (text.get(at + 1) == Some(&b'+') && digit(at + 2)),
        _ => false,
    }
}
