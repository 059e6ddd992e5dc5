//! A telephone number as it is written: groups, what joins them, what stands around.
//!
//! Owns: where such a number begins and ends in a text. Refuses: to say whether it is one. Stays true: a
//! look is at most eighteen digits, eight groups and an extension long; a number that is joined to something
//! longer (`2024-01-02T…`, a UUID) is none.

use crate::scan::edges;
use std::ops::Range;

/// Most digits: fifteen of E.164 §6.2.1, an international prefix and a trunk zero.
const DIGITS_MAX: usize = 18;
/// Most groups: `+41 (0)44 668 18 00` has six.
const GROUPS_MAX: usize = 8;

/// Digits in groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// All of it, brackets, plus and extension included.
    pub(super) span: Range<usize>,
    /// Whether a plus stands in front.
    pub(super) plus: bool,
    digits: [u8; DIGITS_MAX],
    count: usize,
    groups: [Group; GROUPS_MAX],
    len: usize,
}

/// One run of digits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    /// Digits in it.
    pub(super) len: usize,
    /// What joins it to the one before: a separator or a bracket; 0 at the front.
    pub(super) join: u8,
    /// Whether brackets stand around it.
    pub(super) bracketed: bool,
    end: usize,
}

impl Written {
    /// Its digits.
    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    /// Its groups.
    pub(super) fn groups(&self) -> &[Group] {
        self.groups.get(..self.len).unwrap_or_default()
    }

    /// Its digits without a trunk zero that stands in brackets of its own: `+41 (0)44 …`.
    pub(super) fn without_trunk(&self, out: &mut [u8; DIGITS_MAX]) -> usize {
        let (mut at, mut len) = (0, 0);
        for group in self.groups() {
            let digits = self.digits.get(at..at + group.len).unwrap_or_default();
            at += group.len;
            if group.bracketed && digits == b"0" {
                continue;
            }
            for digit in digits {
                if let Some(place) = out.get_mut(len) {
                    *place = *digit;
                    len += 1;
                }
            }
        }
        len
    }

    /// Without the last group, if a space joins it: the next number in a row of them.
    pub(super) fn shorter(&self) -> Option<Written> {
        let (last, rest) = self.groups().split_last()?;
        let end = rest.last().filter(|_| last.join == b' ')?.end;
        Some(Written {
            span: self.span.start..end,
            count: self.count - last.len,
            len: rest.len(),
            ..self.clone()
        })
    }

    fn push(&mut self, digits: &[u8], join: u8, end: usize, bracketed: bool) -> Option<()> {
        self.digits
            .get_mut(self.count..self.count + digits.len())?
            .copy_from_slice(digits);
        *self.groups.get_mut(self.len)? = Group {
            len: digits.len(),
            join,
            bracketed,
            end,
        };
        self.count += digits.len();
        self.len += 1;
        Some(())
    }
}

/// Reads the number whose first digit is at `at`.
pub(super) fn read(text: &[u8], at: usize) -> Option<Written> {
    let (start, plus, mut open) = front(text, at);
    if digits_len(text, at) == 0 || is_tied_before(text, start) {
        return None;
    }
    let mut written = Written {
        plus,
        ..Written::default()
    };
    let (mut pos, mut join, mut tight) = (at, 0, false);
    loop {
        let len = digits_len(text, pos);
        let mut end = pos + len;
        let bracketed = open;
        if open {
            text.get(end).filter(|byte| **byte == b')')?;
            end += 1;
        }
        written.push(text.get(pos..pos + len)?, join, end, bracketed)?;
        let Some(next) = joint(text, end, bracketed) else {
            break;
        };
        // A space after hyphens or dots begins something else: `212-555-0123 2 times`.
        tight |= matches!(next.join, b'-' | b'.') && !plus;
        if next.join == b' ' && (tight || is_unclean(text, next.pos)) {
            break;
        }
        (pos, join, open) = (next.pos, next.join, next.open);
    }
    if let [.., before, last] = written.groups()
        && last.len == 1
        && last.join == b' '
        && before.len > 1
        && written.len > 2
        && !plus
    {
        written = written.shorter()?;
    }
    let end = written.groups().last()?.end;
    written.span = start..end;
    close(text, written)
}

/// Checks what follows, and takes an extension in.
fn close(text: &[u8], mut written: Written) -> Option<Written> {
    let end = written.span.end;
    if let Some(extended) = extension(text, end) {
        written.span.end = extended;
        return Some(written);
    }
    (!is_tied_after(text, end)).then_some(written)
}

/// Start of the whole with its plus and bracket, whether there is a plus, and whether a bracket is open.
fn front(text: &[u8], at: usize) -> (usize, bool, bool) {
    match text.get(..at).unwrap_or_default() {
        [.., b'(', b'+'] => (at - 2, true, false),
        [.., b'+', b'('] => (at - 2, true, true),
        [.., b'+'] => (at - 1, true, false),
        [.., b'('] => (at - 1, false, true),
        _ => (at, false, false),
    }
}

/// Digits in a row at `at`, as far as it matters.
pub(super) fn digits_len(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .take(DIGITS_MAX + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

struct Joint {
    pos: usize,
    join: u8,
    open: bool,
}

/// What joins the group that ends at `end` to the next one.
fn joint(text: &[u8], end: usize, closed: bool) -> Option<Joint> {
    let joined = |len: usize, join: u8, open: bool| {
        Some(Joint {
            pos: end + len,
            join,
            open,
        })
    };
    match text.get(end..)? {
        [digit, ..] if closed && digit.is_ascii_digit() => joined(0, b')', false),
        [b'(', digit, ..] if digit.is_ascii_digit() && !closed => joined(1, b'(', true),
        [b')', b' ', digit, ..] if digit.is_ascii_digit() => joined(2, b')', false), // `(+41) 44 …`
        [separator @ (b' ' | b'-' | b'.' | b'/'), digit, ..] if digit.is_ascii_digit() => {
            joined(1, *separator, false)
        }
        [separator @ (b' ' | b'-' | b'.'), b'(', digit, ..] if digit.is_ascii_digit() => {
            joined(2, *separator, true)
        }
        [b' ', separator @ (b'-' | b'/'), b' ', digit, ..] if digit.is_ascii_digit() => {
            joined(3, *separator, false)
        }
        _ => None,
    }
}

/// The group at `pos` is no number's: letters or a clock's colon follow (`5pm`, `10:30`).
fn is_unclean(text: &[u8], pos: usize) -> bool {
    let end = pos + digits_len(text, pos);
    extension(text, end).is_none()
        && match text.get(end..).unwrap_or_default() {
            [b':' | b'%', next, ..] => next.is_ascii_digit(),
            [next, ..] => next.is_ascii_alphanumeric() || *next == b'_',
            [] => false,
        }
}

/// Something is joined to the front: letters, money, a decimal point, a clock, a date.
pub(super) fn is_tied_before(text: &[u8], start: usize) -> bool {
    match edges::before(text, start) {
        [.., before, b'-' | b'.' | b'/' | b':'] => before.is_ascii_digit() || *before == b'X',
        [.., last] => {
            last.is_ascii_alphanumeric() || matches!(last, b'_' | b'$' | b'+' | b'^' | b'*')
        }
        [] => false,
    }
}

/// Something is joined to the back. A whole word after a hyphen is not: `555-0123-Office`.
pub(super) fn is_tied_after(text: &[u8], end: usize) -> bool {
    match text.get(end..).unwrap_or_default() {
        [b'-', rest @ ..] => {
            let letters = rest
                .iter()
                .take(16)
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count();
            let next = rest.get(letters);
            let goes_on = next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            goes_on || (1..3).contains(&letters)
        }
        [b'.' | b'/' | b':' | b'@', next, ..] => next.is_ascii_alphanumeric(),
        [next, ..] => next.is_ascii_alphanumeric() || matches!(next, b'_' | b'%'),
        [] => false,
    }
}

/// Most digits of an extension.
const EXTENSION_DIGITS_MAX: usize = 6;

/// Where the extension that follows the number ends: `x123`, ` ext. 123`, `#12`.
pub(super) fn extension(text: &[u8], end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let space = usize::from(rest.first() == Some(&b' '));
    let rest = rest.get(space..)?;
    let mark = ["extension", "ext.", "ext", "x", "#"]
        .into_iter()
        .find(|mark| {
            rest.get(..mark.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(mark.as_bytes()))
        })?;
    let at = end + space + mark.len();
    let at = at + usize::from(text.get(at) == Some(&b' '));
    let len = digits_len(text, at);
    let stop = at + len;
    let fits = (1..=EXTENSION_DIGITS_MAX).contains(&len) && !is_tied_after(text, stop);
    fits.then_some(stop)
}
