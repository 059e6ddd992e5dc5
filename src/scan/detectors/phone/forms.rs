//! Forms that speak for themselves: a plus and a country code, the North American 3-3-4.
//!
//! Owns: those two, and which form a number beside a word has. Refuses: other national forms (`national`).
//! Stays true: an area code and an exchange begin 2–9; the joints between 3, 3 and 4 are the same.

use super::codes;
use super::national::plausible;
use super::written::{self, Written};
use std::ops::Range;

/// `NXX-NXX-XXXX` with the area code at `area`, a trunk 1 and an extension included. The same
/// hyphen, dot or space twice; after a bracket the first may be a space or missing.
pub(super) fn grouped(text: &[u8], area: usize) -> Option<Range<usize>> {
    let is_group = |at: usize, len: usize| {
        let first = text.get(at).copied().unwrap_or_default();
        written::digits_len(text, at) == len && (len == 4 || (b'2'..=b'9').contains(&first))
    };
    let bracket = area
        .checked_sub(1)
        .filter(|at| text.get(*at) == Some(&b'('));
    let mut at = area + 3;
    let first = if bracket.is_some() {
        text.get(at).filter(|byte| **byte == b')')?;
        at += 1;
        text.get(at)
            .filter(|byte| matches!(byte, b' ' | b'-' | b'.'))
    } else {
        Some(text.get(at)?)
    };
    at += usize::from(first.is_some());
    let second = text
        .get(at + 3)
        .filter(|byte| matches!(byte, b' ' | b'-' | b'.'))?;
    let joined = bracket.is_some() || first == Some(second);
    if !joined || !is_group(area, 3) || !is_group(at, 3) || !is_group(at + 4, 4) {
        return None;
    }
    let end = at + 8;
    let start = trunk(text, bracket.unwrap_or(area));
    Some(start..written::extension(text, end).unwrap_or(end))
}

/// Whether area code and exchange are such as the plan assigns: neither is a service code (N11), and the
/// area code is none that is kept for the plan's growth (N9X, 37X, 96X). `area` begins a form that
/// [`grouped`] knows.
pub(super) fn is_assignable(text: &[u8], area: usize) -> bool {
    let service = |code: &[u8]| matches!(code, [_, b'1', b'1']);
    let code = text.get(area..area + 3).unwrap_or_default();
    let rest = text.get(area + 3..).unwrap_or_default();
    let joints = rest
        .iter()
        .take_while(|byte| !byte.is_ascii_digit())
        .count();
    let exchange = rest.get(joints..joints + 3).unwrap_or_default();
    let kept = matches!(code, [_, b'9', _] | [b'3', b'7', _] | [b'9', b'6', _]);
    !service(code) && !service(exchange) && !kept
}

/// Where the number begins if a `1` or `001` stands before its area code.
fn trunk(text: &[u8], start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    let head = before
        .strip_suffix(b"-")
        .or(before.strip_suffix(b" "))
        .or(before.strip_suffix(b"."));
    let head = head.unwrap_or(before);
    let free = |at: &usize| !written::is_tied_before(text, *at);
    let at = |prefix: &str| {
        let rest = head.strip_suffix(prefix.as_bytes())?;
        Some(rest.len()).filter(free)
    };
    let joined = head.len() < start || text.get(start) == Some(&b'(');
    let plus = at("+1").or_else(|| at("001")).or_else(|| at("1"));
    plus.filter(|_| joined).unwrap_or(start)
}

/// The number behind a plus, without what a space joined to it beyond its country's length.
pub(super) fn international(mut written: Written) -> Option<Range<usize>> {
    loop {
        let mut digits = [0; 18];
        let len = written.without_trunk(&mut digits);
        if codes::fits(digits.get(..len)?) {
            return Some(written.span);
        }
        written = written.shorter()?;
    }
}

/// The number that begins with the token at `at`, beside a word. `named`: the word leaves no doubt.
pub(super) fn parse(text: &[u8], at: usize, named: bool) -> Option<Range<usize>> {
    if !text.get(at)?.is_ascii_digit() {
        return None;
    }
    let bracketless = grouped(text, at).filter(|span| {
        !written::is_tied_before(text, span.start) && !written::is_tied_after(text, span.end)
    });
    if let Some(span) = bracketless {
        return Some(span);
    }
    // The rest of `(086) 163-2728`, which as a whole is none.
    let before = text.get(..at).unwrap_or_default();
    if let [.., code, b')'] | [.., code, b')', b' '] = before
        && code.is_ascii_digit()
    {
        return None;
    }
    let written = written::read(text, at)?;
    if written.plus {
        return international(written);
    }
    if let Some(area) = trunk_then_area(&written)
        && let Some(span) = grouped(text, area)
    {
        return Some(span);
    }
    plausible(&written, named).then_some(written.span)
}

/// Where the area code stands if the first group is a trunk prefix.
fn trunk_then_area(written: &Written) -> Option<usize> {
    let [first, second, ..] = written.groups() else {
        return None;
    };
    let prefix = written.digits().get(..first.len)?;
    let bracket = usize::from(second.bracketed);
    let joined = usize::from(second.join != b'(');
    (matches!(prefix, b"1" | b"001") && second.len == 3)
        .then_some(written.span.start + first.len + joined + bracket)
}
