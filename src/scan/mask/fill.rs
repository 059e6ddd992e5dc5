//! Styles that overwrite characters in text: full, the first kept, the last kept.
//!
//! Owns: which characters stay, and what stands for the others. Refuses: JSON numbers (`number`), and
//! anything that changes a length. Stays true: what is left of a finding fits no detector that fired;
//! where it would, less is left than was asked for.
//!
//! An `X` for a character joins what it touches: detectors take whole runs with nothing alphanumeric
//! beside them, so an `X` takes runs away and makes no new ones. Where runs of letters are values too, `*`
//! for all but the first keeps what is left apart from it. The first stays `X`, so that the word before it
//! still owns it (`context::owns_next`).

use super::fired::Fired;
use super::row::Row;
use super::style::MaskStyle;
use super::units::{MASKED, MASKED_APART, units};
use std::ops::Range;

/// Characters left at either end; one of the two is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keep {
    first: usize,
    last: usize,
}

impl Keep {
    /// What a style leaves of a finding of this row. What keeps nothing by count keeps nothing.
    pub(super) fn of(style: &MaskStyle, row: &Row<'_>) -> Keep {
        match style {
            MaskStyle::KeepLast(n) => Keep {
                first: 0,
                last: (*n).min(row.keep_last_max).into(),
            },
            MaskStyle::KeepFirst(n) => Keep {
                first: (*n).min(row.keep_first_max).into(),
                last: 0,
            },
            _ => Keep { first: 0, last: 0 },
        }
    }

    /// Indexes of the characters that go, out of `count`: always one at least.
    pub(super) fn masked(self, count: usize, row: &Row<'_>) -> Range<usize> {
        let most = row.kept_max(count);
        self.first.min(most)..count - self.last.min(most)
    }

    /// One character less, unless nothing is kept.
    fn less(self) -> Option<Keep> {
        match (self.first, self.last) {
            (0, 0) => None,
            (0, last) => Some(Keep {
                first: 0,
                last: last - 1,
            }),
            (first, last) => Some(Keep {
                first: first - 1,
                last,
            }),
        }
    }
}

/// Overwrites the characters of a finding. `in_string`: its backslashes begin escapes.
pub(super) fn fill(
    text: &mut [u8],
    style: &MaskStyle,
    row: &Row<'_>,
    fired: &Fired<'_>,
    in_string: bool,
) {
    let values = |text: &[u8]| {
        units(text, row.alphabet, in_string)
            .filter(|unit| unit.is_value)
            .count()
    };
    // Counted anew each time: what was an escape is as many characters once it is overwritten.
    let mut keep = Keep::of(style, row);
    let count = values(text);
    loop {
        for rest in [MASKED, MASKED_APART] {
            let masked = keep.masked(count, row);
            overwrite(text, masked, row, in_string, rest);
            if !fired.fits(text, row, in_string) {
                return;
            }
        }
        match keep.less() {
            Some(less) => keep = less,
            None => return overwrite(text, 0..count, row, in_string, MASKED),
        }
    }
}

/// The characters whose indexes are in `masked`: the first becomes `X`, the others `rest`.
fn overwrite(text: &mut [u8], masked: Range<usize>, row: &Row<'_>, in_string: bool, rest: u8) {
    let (mut at, mut index) = (0, 0);
    while let Some(tail) = text.get_mut(at..) {
        let Some(unit) = units(tail, row.alphabet, in_string).next() else {
            return;
        };
        if unit.is_value {
            if masked.contains(&index) {
                let with = if index == masked.start { MASKED } else { rest };
                tail[unit.span.clone()].fill(with);
            }
            index += 1;
        }
        at += unit.span.end;
    }
}
