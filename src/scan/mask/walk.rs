//! One field: its findings in groups that overlap, and the edits that hide them.
//!
//! Owns: which findings go together, and where an edit begins and ends. Refuses: to ask whether a change of
//! length is welcome (`plan`). Stays true: every byte of every finding lies in an edit; no two edits
//! overlap; time is linear in the field and in what its findings cover.

use super::super::Engine;
use super::edits::Edits;
use super::fill::fill;
use super::fired::Fired;
use super::group::Group;
use super::keys::MaskKeys;
use super::number::hide_digits;
use super::place::{Ground, Held, covers};
use super::plan::Order;
use super::style::{Mask, MaskStyle};
use super::units::whole_escapes;
use crate::schema::json::Kind;
use std::ops::Range;

/// A field, and what hiding needs.
#[derive(Clone, Copy)]
pub(super) struct FieldText<'a> {
    pub(super) text: &'a [u8],
    /// Where it starts in the body.
    pub(super) base: usize,
    pub(super) engine: &'a Engine,
    pub(super) fired: &'a Fired<'a>,
    pub(super) keys: Option<&'a MaskKeys>,
    /// Where in the text nothing is looked for again.
    pub(super) upto: usize,
}

impl FieldText<'_> {
    /// Appends the edits for these orders, which ascend; `made` is memory to work in. Whether the field's length may change.
    pub(super) fn edits(&self, orders: &[Order], made: &mut Vec<u8>, out: &mut Edits) -> bool {
        let mut ground = Ground::new(self.text);
        let (mut rest, mut done) = (orders, 0);
        while let Some(first) = rest.first() {
            let start = self.span(first).start;
            let held = ground.hold(&self.span(first));
            let (together, span) = self.gather(rest, &held);
            rest = rest.get(together.len().max(1)..).unwrap_or_default();
            let span = start.max(done)..span.end;
            if let Some(group) = self.group(together, span).filter(|g| !g.span.is_empty()) {
                done = match self.removed(&group, &held, &mut ground, out) {
                    Some(end) => end,
                    None => self.hidden(&group, &held, &mut ground, done, made, out),
                };
            }
        }
        ground.is_elastic()
    }

    /// A finding in the field; empty when it does not lie in it.
    fn span(&self, order: &Order) -> Range<usize> {
        let start = (order.finding.start as usize).saturating_sub(self.base);
        let end = (order.finding.end as usize).saturating_sub(self.base);
        match end <= self.text.len() {
            true => start..end.max(start),
            false => start..start,
        }
    }

    /// The first order, and those that overlap it or each other; what one number holds is together.
    fn gather<'o>(&self, orders: &'o [Order], held: &Held) -> (&'o [Order], Range<usize>) {
        let mut span = orders.first().map_or(0..0, |order| self.span(order));
        let number = match held {
            Held::Number { token, .. } => token.end,
            _ => 0,
        };
        let mut count = 0;
        for next in orders.iter().map(|order| self.span(order)) {
            if count > 0 && next.start >= span.end.max(number) {
                break;
            }
            span.end = span.end.max(next.end);
            count += 1;
        }
        (orders.get(..count).unwrap_or_default(), span)
    }

    fn group<'g>(&'g self, orders: &'g [Order], span: Range<usize>) -> Option<Group<'g>> {
        let len = |order: &&Order| {
            (
                order.finding.end - order.finding.start,
                order.finding.detector,
            )
        };
        let longest = orders.iter().max_by_key(len)?;
        Some(Group {
            orders,
            span,
            base: self.base,
            mask: Mask::strictest(orders.iter().map(|order| &order.mask))?,
            row: self.engine.mask_row(longest.finding.detector)?,
            engine: self.engine,
            fired: self.fired,
            keys: self.keys,
        })
    }

    /// Takes out the member or element that holds the group, if that is asked for and can be. One past
    /// what went.
    fn removed(
        &self,
        group: &Group<'_>,
        held: &Held,
        ground: &mut Ground<'_>,
        out: &mut Edits,
    ) -> Option<usize> {
        let whole = match held {
            Held::String { content, is_name } => !is_name && covers(content, &group.span),
            Held::Number { token, exact, .. } => *exact && covers(token, &group.span),
            Held::Text | Held::Across => false,
        };
        if group.mask.style != MaskStyle::Remove || !whole {
            return None;
        }
        let (span, with) = ground.remove(&group.span)?;
        let end = span.end;
        self.push(span, with, false, out);
        Some(end)
    }

    /// Hides the group where it stands. `done`: what lies before it has its edits. One past what has
    /// them now.
    fn hidden(
        &self,
        group: &Group<'_>,
        held: &Held,
        ground: &mut Ground<'_>,
        done: usize,
        made: &mut Vec<u8>,
        out: &mut Edits,
    ) -> usize {
        let mut copy = |span: &Range<usize>| {
            made.clear();
            made.extend_from_slice(self.text.get(span.clone()).unwrap_or_default());
        };
        let (span, looks_valid) = match held {
            Held::String { content, .. } if covers(content, &group.span) => {
                let span = match group.is_whole_text() {
                    true => whole_escapes(self.text, content, group.span.clone()),
                    false => group.span.clone(),
                };
                copy(&span);
                (span, group.text(made, true))
            }
            Held::Number {
                token,
                digits,
                exact,
            } if covers(token, &group.span) && token.start >= done => {
                copy(token);
                let digits = digits.start - token.start..digits.end - token.start;
                (token.clone(), group.number(made, digits, *exact))
            }
            Held::Text => {
                let span = match group.is_whole_text() {
                    true => self.with_backslashes(group.span.clone(), done),
                    false => group.span.clone(),
                };
                copy(&span);
                (span, group.text(made, false))
            }
            _ => return self.parts(group, ground, out),
        };
        let end = span.end;
        self.push(span, made, looks_valid, out);
        end
    }

    /// Hides what is spread over several tokens of JSON, each part where it stands.
    fn parts(&self, group: &Group<'_>, ground: &mut Ground<'_>, out: &mut Edits) -> usize {
        for (kind, part) in ground.parts(&group.span) {
            let mut made = self.text.get(part.clone()).unwrap_or_default().to_vec();
            match kind {
                Kind::Text | Kind::Name | Kind::Word => {
                    let style = MaskStyle::Full;
                    fill(
                        &mut made,
                        &style,
                        &group.row,
                        self.fired,
                        kind != Kind::Word,
                    );
                }
                Kind::Number => {
                    let before = part.start.checked_sub(1).and_then(|at| self.text.get(at));
                    let leads = !before.is_some_and(u8::is_ascii_digit);
                    hide_digits(&mut made, leads);
                }
                Kind::Open | Kind::Close | Kind::Mark => {}
            }
            self.push(part, &made, false, out);
        }
        group.span.end
    }

    /// In text that may be JSON after all, such as a line of a log, no backslash is left whose escape is
    /// overwritten in half.
    fn with_backslashes(&self, span: Range<usize>, done: usize) -> Range<usize> {
        let run = |end: usize| {
            let before = self.text.get(done..end).unwrap_or_default();
            before
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\')
                .count()
        };
        let start = span.start - run(span.start) % 2;
        let escapes = run(span.end) % 2 == 1 && span.end < self.text.len();
        start..span.end + usize::from(escapes)
    }

    fn push(&self, span: Range<usize>, with: &[u8], looks_valid: bool, out: &mut Edits) {
        out.push(
            span.start + self.base..span.end + self.base,
            with,
            looks_valid,
        );
    }
}
