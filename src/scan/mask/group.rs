//! Findings that touch each other, and the one edit that hides them.
//!
//! Owns: what a mask makes of a span that one thing holds. Refuses: to find out what that is (`place`).
//! Stays true: the edit covers every finding of the group; none of them shows more than its own mask
//! would leave.

use super::super::Engine;
use super::super::detector::Alphabet;
use super::fill::{Keep, fill};
use super::fired::Fired;
use super::foreign;
use super::keys::MaskKeys;
use super::number::{fill_number, hide_digits};
use super::place::is_number;
use super::plan::Order;
use super::preserve::{encrypt_number, encrypt_text};
use super::row::Row;
use super::style::{JsonNumber, Mask, MaskStyle};
use super::token::{number_token, text_token};
use crate::chunk::Form;
use std::ops::Range;

/// One or more findings that overlap, of one field.
pub(super) struct Group<'a> {
    pub(super) orders: &'a [Order],
    /// All of them together, in the field.
    pub(super) span: Range<usize>,
    /// What the field's first byte is in the body.
    pub(super) base: usize,
    /// The strictest of their masks.
    pub(super) mask: Mask,
    /// The detector of the longest.
    pub(super) row: Row<'a>,
    pub(super) engine: &'a Engine,
    pub(super) fired: &'a Fired<'a>,
    pub(super) keys: Option<&'a MaskKeys>,
}

impl Group<'_> {
    /// Replaces the text of `span` (a part of the field), which `made` is a copy of. True: what stands
    /// there now looks valid by purpose.
    pub(super) fn text(&self, made: &mut Vec<u8>, in_string: bool) -> bool {
        if let Some(form) = self.form() {
            match &self.mask.style {
                MaskStyle::Replace(text) => replace(made, text.as_bytes()),
                _ => foreign::overwrite(made, form),
            }
            return false;
        }
        let (row, fired) = (&self.row, self.fired);
        match (&self.mask.style, self.keys) {
            (MaskStyle::Replace(text), _) => replace(made, text.as_bytes()),
            (MaskStyle::Token, Some(keys)) => match text_token(keys, made, row, fired, in_string) {
                Some(token) => replace(made, &token),
                None => fill(made, &MaskStyle::Full, row, fired, in_string),
            },
            (MaskStyle::FormatPreserving, Some(keys)) => {
                if encrypt_text(keys, made, row, in_string) {
                    return true;
                }
                fill(made, &MaskStyle::Full, row, fired, in_string);
            }
            _ => self.fill_each(made, in_string),
        }
        false
    }

    /// Overwrites one finding after the other; together they leave what all of them leave.
    fn fill_each(&self, made: &mut [u8], in_string: bool) {
        let (row, fired) = (&self.row, self.fired);
        let fills = self.orders.iter().all(|order| order.mask.style.is_fill());
        if self.orders.len() < 2 || !fills {
            return fill(made, &self.mask.style, row, fired, in_string);
        }
        for order in self.orders {
            let start = (order.finding.start as usize).saturating_sub(self.base + self.span.start);
            let end = (order.finding.end as usize).saturating_sub(self.base + self.span.start);
            let row = self
                .engine
                .mask_row(order.finding.detector)
                .unwrap_or(self.row);
            let end = end.min(made.len());
            if let Some(text) = made.get_mut(start..end) {
                fill(text, &order.mask.style, &row, fired, in_string);
            }
        }
    }

    /// Replaces a JSON number, which `made` is a copy of; `digits` is its integer part in `made`, or all but
    /// its sign where more than that was found. True as above.
    pub(super) fn number(&self, made: &mut Vec<u8>, digits: Range<usize>, exact: bool) -> bool {
        if exact && self.mask.json_number == JsonNumber::String {
            return self.quoted(made, digits);
        }
        let (row, fired) = (&self.row, self.fired);
        match (&self.mask.style, self.keys) {
            (MaskStyle::Replace(text), _) if exact && is_number(text) => {
                replace(made, text.as_bytes());
                return false;
            }
            (MaskStyle::Token, Some(keys))
                if number_token(keys, &mut made[digits.clone()], row, fired) =>
            {
                return false;
            }
            (MaskStyle::FormatPreserving, Some(keys))
                if encrypt_number(keys, &mut made[digits.clone()], row) =>
            {
                return true;
            }
            _ => {}
        }
        match made.get_mut(digits.clone()) {
            Some(part) if !part.iter().all(u8::is_ascii_digit) => hide_digits(part, true),
            _ => fill_number(made, digits, Keep::of(&self.mask.style, row), row, fired),
        }
        false
    }

    /// The number as a string, sign and fraction as they were.
    fn quoted(&self, made: &mut Vec<u8>, digits: Range<usize>) -> bool {
        let mut inner = made[digits.clone()].to_vec();
        let looks_valid = self.text(&mut inner, true);
        let tail = made[digits.end..].to_vec();
        made.truncate(digits.start);
        made.insert(0, b'"');
        made.extend_from_slice(&inner);
        made.extend_from_slice(&tail);
        made.push(b'"');
        looks_valid
    }

    /// How it is written, if it is not written as it is.
    fn form(&self) -> Option<Form> {
        let forms = self.orders.iter().map(|order| order.finding.form);
        forms.max().filter(|form| *form != Form::Plain)
    }

    /// Whether every character counts, so that the span may begin or end in an escape.
    pub(super) fn is_whole_text(&self) -> bool {
        self.row.alphabet == Alphabet::Text || self.form().is_some()
    }
}

fn replace(made: &mut Vec<u8>, with: &[u8]) {
    made.clear();
    made.extend_from_slice(with);
}
